"""Test `dependency list|build|update`, `package` and `repo index`.

The tests check the written files, the requests, and that the results are those of helm.
"""

import io
import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests import chart_servers
from tests.chart_fixtures import (
    NEEDS_HELM,
    NEEDS_REGISTRY,
    Outcome,
    add_known_repositories,
    problem,
    run_helm,
)
from tests.chart_servers import LOGIN, package, publish

pytestmark = pytest.mark.usefixtures("isolated_home")

TIMES = re.compile(r'"20\d\d-[^"]*"')
HEAD = "apiVersion: v2\nname: app\nversion: 0.1.0\n"


def chart(directory: str, *dependencies: str, head: str = HEAD, **files: str) -> Path:
    """Write a chart with these dependencies into a directory and return the directory."""
    directory_path = Path(directory)
    directory_path.mkdir(parents=True, exist_ok=True)
    listing = "".join(f"- {{{dependency}}}\n" for dependency in dependencies)
    (directory_path / "Chart.yaml").write_text(
        head + (f"dependencies:\n{listing}" if dependencies else ""), encoding="utf-8"
    )
    for name, text in files.items():
        path = directory_path / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory_path


def file_names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def archive_contents(content: bytes) -> dict[str, bytes]:
    """Return the files in an archive."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive}
        return {name: file.read() for name, file in files.items() if file}


def file_contents(directory: Path) -> dict[str, object]:
    """Return the contents of the files in a directory, without times. Archives are unpacked."""
    contents: dict[str, object] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            name = str(path.relative_to(directory))
            contents[name] = (
                archive_contents(content)
                if path.suffix == ".tgz"
                else TIMES.sub("T", content.decode())
            )
    return contents


# Written files


def test_update_fills_and_locks(server, run):
    directory = chart("app", f"name: c, version: '>=1.0', repository: {server.url}")
    assert run("dependency", "update", "app").code == 0
    assert file_names(directory / "charts") == ["c-2.0.0.tgz"]
    assert (directory / "charts/c-2.0.0.tgz").read_bytes() == package("c", "2.0.0")
    assert file_names(directory) == ["Chart.lock", "Chart.yaml", "charts"]
    assert server.take_requests() == ["/index.yaml", "/c-2.0.0.tgz"]
    assert run("template", "app").output.count("name: 'c-2.0.0'") == 1


def test_the_second_time_sends_no_request_and_keeps_the_lock(server, run):
    directory = chart("app", f"name: c, version: 1.x, repository: {server.url}")
    run("dependency", "update", "app")
    lock = (directory / "Chart.lock").read_bytes()
    server.take_requests()
    shutil.rmtree(directory / "charts")
    assert run("dependency", "build", "app").code == 0
    assert run("dependency", "update", "app").code == 0
    assert server.take_requests() == []
    assert (directory / "Chart.lock").read_bytes() == lock
    assert run("dependency", "build", "app", "--refresh").code == 0
    assert server.take_requests() == ["/index.yaml"]


def test_unneeded_packages_are_removed(server, run):
    directory = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    run("dependency", "update", "app")
    chart("app", f"name: c, version: 1.1.0, repository: {server.url}")
    assert "out of sync" in problem(run("dependency", "build", "app"))
    assert run("dependency", "update", "app").code == 0
    assert file_names(directory / "charts") == ["c-1.1.0.tgz"]


def test_nothing_changes_after_a_failure(server, run):
    directory = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    run("dependency", "update", "app")
    before = file_contents(directory)
    chart("app", *(f"name: {name}, version: '*', repository: {server.url}" for name in "cd"))
    yaml = (directory / "Chart.yaml").read_text(encoding="utf-8")
    for package_bytes in (b"no chart", package("d", "0.1.0")[:-9]):
        server.answers["/d-0.1.0.tgz"] = lambda handler, body=package_bytes: handler.answer(body)
        assert run("dependency", "update", "app").code == 1
    assert file_contents(directory) == {**before, "Chart.yaml": yaml}


def test_an_invalid_package_is_not_saved(server, run, tmp_path):
    publish(tmp_path / "served", ("c", "1.0.0"), digests=False)
    (tmp_path / "served/c-1.0.0.tgz").write_bytes(b"no chart")
    directory = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    outcome = run("dependency", "update", "app")
    assert outcome.code == 1
    assert "c-1.0.0.tgz is not a chart" in outcome.errors
    assert file_names(directory) == ["Chart.yaml"]


@pytest.mark.parametrize("name", ["Chart.lock", "charts"])
def test_links_are_refused(server, run, name):
    directory = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    outside = Path("outside")
    outside.mkdir()
    (directory / name).symlink_to("../outside" if name == "charts" else "../missing")
    outcome = run("dependency", "update", "app")
    assert outcome.code == 1
    assert file_names(outside) == []
    assert file_names(Path()) == ["app", "outside"]
    assert server.take_requests() == []


# Local charts


def test_local_charts(run):
    chart("part", head="apiVersion: v2\nname: part\nversion: 0.2.0\n", templates__a="x: 1")
    directory = chart("app", "name: part, version: '*', repository: 'file://../part'")
    assert run("dependency", "update", "app").code == 0
    packed = archive_contents((directory / "charts/part-0.2.0.tgz").read_bytes())
    assert sorted(packed) == ["part/Chart.yaml", "part/templates/a"]


def test_local_charts_outside_the_project(run, tmp_path):
    chart(str(tmp_path / "part"), head="apiVersion: v2\nname: part\nversion: 0.2.0\n")
    for repository in (f"file://{tmp_path}/part", "file://../../part"):
        directory = chart("app", f"name: part, version: '*', repository: '{repository}'")
        assert "is outside the project" in problem(run("dependency", "update", "app"))
        assert run("dependency", "update", "app", "--allow-local", str(tmp_path)).code == 0
        shutil.rmtree(directory)


# Registries and logins


@NEEDS_REGISTRY
def test_a_registry(registry, run):
    directory = chart("app", f"name: c, version: ^1.0, repository: 'oci://{registry.host}/charts'")
    assert run("dependency", "update", "app").code == 0
    assert file_names(directory / "charts") == ["c-1.5.0+b1.tgz"]
    requests_before = registry.count_requests()
    assert run("dependency", "build", "app").code == 0
    assert run("dependency", "update", "app").code == 0
    assert registry.count_requests() == requests_before


def test_a_login_goes_to_one_server(private_server, server, run):
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    one = f"name: c, version: 1.0.0, repository: {private_server.url}"
    chart("app", one)
    assert run("dependency", "update", "app", *login).code == 0
    other = server.url.replace("127.0.0.1", "localhost")
    chart("app", one, f"name: d, version: 0.1.0, repository: {other}")
    assert "are for one server" in problem(run("dependency", "update", "app", *login))
    assert server.requests == []


def test_offline(server, run):
    chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    assert run("dependency", "update", "app", "--offline").code == 1
    assert run("dependency", "update", "app").code == 0
    server.close()
    assert run("dependency", "build", "app", "--offline").code == 0


# Comparison with helm

CASES = {
    "unmanaged": (
        "name: c, version: 1.x, repository: URL",
        "name: d, version: '*', repository: 'URL/'",
    ),
    "several": (
        "name: c, version: ~1.0, repository: URL",
        "name: c, alias: e, version: '>=1.1.0-0 <2', repository: URL, tags: ['<a>'], condition: a.b",
        "name: part, version: '*', repository: 'file://./part'",
    ),
    "missing": ("name: c, version: '7', repository: URL", "name: d, version: '8', repository: URL"),
    "no such chart": ("name: e, version: '7', repository: URL",),
    "no repository": ("name: c, version: '*', repository: stable",),
    "no alias": ("name: c, version: '*', repository: '@stable'",),
    "no directory": ("name: c, version: '*', repository: 'file://gone'",),
    "bad range": ("name: c, version: 'a b', repository: URL",),
    "held": ("name: held, version: 0.x", "name: c, version: 2, repository: URL"),
    "held wrong": ("name: held, version: 1.x",),
    "none": (),
    "registry": (
        "name: c, version: ^1.0, repository: 'OCI'",
        "name: d, version: 0.1.0, repository: 'OCI'",
    ),
    "registry without": ("name: e, version: ^1.0, repository: 'OCI'",),
}


@NEEDS_HELM
@NEEDS_REGISTRY
@pytest.mark.parametrize("case", CASES)
def test_same_as_helm(server, registry, run, case, monkeypatch):
    dependencies = [
        dependency.replace("URL", server.url).replace("OCI", f"oci://{registry.host}/charts")
        for dependency in CASES[case]
    ]
    for directory in ("actual", "expected"):
        chart(f"{directory}/app", *dependencies)
        chart(
            f"{directory}/app/part",
            head="apiVersion: v2\nname: part\nversion: 0.2.0\ndescription: 'a: b'\n",
        )
        chart(f"{directory}/app/charts/held", head="apiVersion: v2\nname: held\nversion: 0.2.0\n")
        (Path(directory) / "app/charts/c-0.1.0.tgz").write_bytes(package("c", "0.1.0"))
    for verb in ("list", "update", "list", "update"):
        plain = ["--plain-http"] if verb != "list" else []
        monkeypatch.chdir("expected")
        expected = run_helm("dependency", verb, "app", *plain)
        monkeypatch.chdir("../actual")
        actual = run("dependency", verb, "app", *plain)
        monkeypatch.chdir("..")
        assert actual.code == expected.code
        assert _comparable_lines(actual.output) == _comparable_lines(expected.output)
        assert file_contents(Path("actual")) == file_contents(Path("expected"))


def _comparable_lines(output: str) -> list[str]:
    """Return the lines of stdout, sorted and without the reasons of failed downloads.

    helm sends requests to several servers at once, so the order of its lines varies.
    """
    lines = output.split("\n")
    return sorted(line.split(": ")[0] if "error occurred" in line else line for line in lines)


@NEEDS_HELM
def test_known_repositories_and_old_charts_as_helm(server, run, tmp_path, monkeypatch):
    add_known_repositories(tmp_path, f"{{name: here, url: {server.url}}}")
    head = "apiVersion: v1\nname: app\nversion: 0.1.0\n"
    dependencies = "dependencies:\n- {name: c, version: 1.x, repository: '@here'}\n- {name: d, version: 0.1.0, repository: 'alias:here'}\n"
    for directory in ("actual", "expected"):
        chart(f"{directory}/app", head=head, **{"requirements.yaml": dependencies})
    for verb in ("update", "build", "list"):
        monkeypatch.chdir("expected")
        expected = run_helm("dependency", verb, "app")
        monkeypatch.chdir("../actual")
        assert run("dependency", verb, "app")[:2] == expected[:2]
        monkeypatch.chdir("..")
        assert file_contents(Path("actual")) == file_contents(Path("expected"))


# package and repo index


def test_package(run):
    chart(
        "app", templates__a="x: {{ 1 }}", **{"values.yaml": "a:  1 # one\n", "README.md": "hello"}
    )
    assert run("package", "app", "-d", "out") == Outcome(
        0, "Successfully packaged chart and saved it to: out/app-0.1.0.tgz\n", ""
    )
    packed = archive_contents(Path("out/app-0.1.0.tgz").read_bytes())
    assert packed["app/values.yaml"] == b"a:  1 # one\n"
    assert run("template", "out/app-0.1.0.tgz") == run("template", "app")


@NEEDS_HELM
def test_package_as_helm(server, run):
    chart(
        "app",
        f"name: c, version: 1.0.0, repository: {server.url}",
        **{"values.schema.json": "{}", ".helmignore": "x*\n", "xfile": "1"},
    )
    assert problem(run("package", "app")) == run_helm("package", "app").errors.strip()
    for flags in (("-u",), ("--version", "3.0.0", "--app-version", "9")):
        assert run_helm("package", "app", "-d", "expected", *flags).code == 0
        assert run("package", "app", "-d", "actual", *flags).code == 0
    assert file_contents(Path("actual")) == file_contents(Path("expected"))


@NEEDS_HELM
@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--url", "http://h/a%20b/"),
        ("--url", "x", "--json"),
        ("--merge", "old.yaml"),
        ("--merge", "new.yaml"),
    ],
    ids=" ".join,
)
def test_index_as_helm(run, flags):
    entry = {
        "name": "c",
        "version": "0.1.0",
        "urls": ["a"],
        "created": "2020-01-01T00:00:00.10+00:00",
        "digest": "abc",
    }
    same_version = {"name": "c", "version": "1.0.0", "urls": ["b"]}
    Path("old.yaml").write_bytes(
        chart_servers.index(entry, same_version, {"name": "z", "version": "0.1.0", "engine": "e"})
    )
    for directory in ("actual", "expected"):
        publish(Path(directory), ("c", "1.0.0"), ("c", "1.10.0"), ("c", "1.9.0"), ("d", "0.1.0"))
        publish(Path(directory) / "sub", ("c", "1.2.0+x"))
        (Path(directory) / "bad.tgz").write_bytes(b"no chart")
        chart_yaml = "apiVersion: v1\nname: old\nversion: 1.0.0\nkeywords: [b, a]\nannotations: {k10: a, k2: '1'}\nmaintainers: [{name: n}]\n"
        (Path(directory) / "old-1.0.0.tgz").write_bytes(
            package("old", "1.0.0", {"Chart.yaml": chart_yaml})
        )
    assert run_helm("repo", "index", "expected", *flags).code == 0
    merged = Path("new.yaml").read_text(encoding="utf-8") if "new.yaml" in flags else ""
    Path("new.yaml").unlink(missing_ok=True)
    assert run("repo", "index", "actual", *flags) == Outcome(0, "", "")
    for text, path in (
        (merged, "new.yaml"),
        (Path("expected/index.yaml").read_text(encoding="utf-8"), "actual/index.yaml"),
    ):
        if Path(path).exists():
            assert TIMES.sub("T", Path(path).read_text(encoding="utf-8")) == TIMES.sub("T", text)


def test_the_written_index_can_be_used(run, server, tmp_path):
    (tmp_path / "served/index.yaml").unlink()
    assert run("repo", "index", str(tmp_path / "served"), "--json").code == 0
    assert json.loads((tmp_path / "served/index.yaml").read_bytes())["apiVersion"] == "v1"
    assert "c-2.0.0" in run("template", "c", "--repo", server.url).output


def test_other_verbs_of_repo_are_refused(run):
    assert "keeps no list of repositories" in problem(run("repo", "add", "x", "http://h"))
