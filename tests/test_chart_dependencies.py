"""`dependency list|build|update`, `package` and `repo index`: what is written, what is asked for, and what the reference does."""

import io
import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests import chartservers
from tests.chartfixtures import NEEDS_HELM, NEEDS_REGISTRY, Outcome, known, problem, reference
from tests.chartservers import LOGIN, package, publish

pytestmark = pytest.mark.usefixtures("own_home")

TIMES = re.compile(r'"20\d\d-[^"]*"')
HEAD = "apiVersion: v2\nname: app\nversion: 0.1.0\n"


def chart(directory: str, *needs: str, head: str = HEAD, **files: str) -> Path:
    """A chart in a directory, with these dependencies."""
    made = Path(directory)
    made.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"- {{{need}}}\n" for need in needs)
    (made / "Chart.yaml").write_text(
        head + (f"dependencies:\n{listed}" if needs else ""), encoding="utf-8"
    )
    for name, text in files.items():
        path = made / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return made


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def archived(content: bytes) -> dict[str, bytes]:
    """The files in an archive."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = {entry.name: archive.extractfile(entry) for entry in archive}
        return {name: file.read() for name, file in found.items() if file}


def written(directory: Path) -> dict[str, object]:
    """The files of a directory, without times, archives by what is in them."""
    found: dict[str, object] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            place = str(path.relative_to(directory))
            found[place] = (
                archived(content) if path.suffix == ".tgz" else TIMES.sub("T", content.decode())
            )
    return found


# What is written


def test_update_fills_and_locks(server, run):
    made = chart("app", f"name: c, version: '>=1.0', repository: {server.url}")
    assert run("dependency", "update", "app").code == 0
    assert names(made / "charts") == ["c-2.0.0.tgz"]
    assert (made / "charts/c-2.0.0.tgz").read_bytes() == package("c", "2.0.0")
    assert names(made) == ["Chart.lock", "Chart.yaml", "charts"]
    assert server.asked() == ["/index.yaml", "/c-2.0.0.tgz"]
    assert run("template", "app").output.count("name: 'c-2.0.0'") == 1


def test_the_second_time_asks_nobody_and_keeps_the_lock(server, run):
    made = chart("app", f"name: c, version: 1.x, repository: {server.url}")
    run("dependency", "update", "app")
    lock = (made / "Chart.lock").read_bytes()
    server.asked()
    shutil.rmtree(made / "charts")
    assert run("dependency", "build", "app").code == 0
    assert run("dependency", "update", "app").code == 0
    assert server.asked() == []
    assert (made / "Chart.lock").read_bytes() == lock
    assert run("dependency", "build", "app", "--refresh").code == 0
    assert server.asked() == ["/index.yaml"]


def test_what_is_needed_no_more_is_removed(server, run):
    made = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    run("dependency", "update", "app")
    chart("app", f"name: c, version: 1.1.0, repository: {server.url}")
    assert "out of sync" in problem(run("dependency", "build", "app"))
    assert run("dependency", "update", "app").code == 0
    assert names(made / "charts") == ["c-1.1.0.tgz"]


def test_nothing_changes_where_something_fails(server, run):
    made = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    run("dependency", "update", "app")
    before = written(made)
    chart("app", *(f"name: {name}, version: '*', repository: {server.url}" for name in "cd"))
    yaml = (made / "Chart.yaml").read_text(encoding="utf-8")
    for wrong in (b"no chart", package("d", "0.1.0")[:-9]):
        server.answers["/d-0.1.0.tgz"] = lambda handler, body=wrong: handler.answer(body)
        assert run("dependency", "update", "app").code == 1
    assert written(made) == {**before, "Chart.yaml": yaml}


def test_what_is_no_chart_is_not_moved_in(server, run, tmp_path):
    publish(tmp_path / "served", ("c", "1.0.0"), digests=False)
    (tmp_path / "served/c-1.0.0.tgz").write_bytes(b"no chart")
    made = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    outcome = run("dependency", "update", "app")
    assert outcome.code == 1
    assert "c-1.0.0.tgz is not a chart" in outcome.errors
    assert names(made) == ["Chart.yaml"]


@pytest.mark.parametrize("name", ["Chart.lock", "charts"])
def test_links_are_refused(server, run, name):
    made = chart("app", f"name: c, version: 1.0.0, repository: {server.url}")
    outside = Path("outside")
    outside.mkdir()
    (made / name).symlink_to("../outside" if name == "charts" else "../missing")
    outcome = run("dependency", "update", "app")
    assert outcome.code == 1
    assert names(outside) == []
    assert names(Path()) == ["app", "outside"]
    assert server.asked() == []


# Charts of this machine


def test_local_charts(run):
    chart("part", head="apiVersion: v2\nname: part\nversion: 0.2.0\n", templates__a="x: 1")
    made = chart("app", "name: part, version: '*', repository: 'file://../part'")
    assert run("dependency", "update", "app").code == 0
    packed = archived((made / "charts/part-0.2.0.tgz").read_bytes())
    assert sorted(packed) == ["part/Chart.yaml", "part/templates/a"]


def test_local_charts_of_elsewhere(run, tmp_path):
    chart(str(tmp_path / "part"), head="apiVersion: v2\nname: part\nversion: 0.2.0\n")
    for repository in (f"file://{tmp_path}/part", "file://../../part"):
        made = chart("app", f"name: part, version: '*', repository: '{repository}'")
        assert "is outside the project" in problem(run("dependency", "update", "app"))
        assert run("dependency", "update", "app", "--allow-local", str(tmp_path)).code == 0
        shutil.rmtree(made)


# Registries and logins


@NEEDS_REGISTRY
def test_a_registry(registry, run):
    made = chart("app", f"name: c, version: ^1.0, repository: 'oci://{registry.host}/charts'")
    assert run("dependency", "update", "app").code == 0
    assert names(made / "charts") == ["c-1.5.0+b1.tgz"]
    before = registry.asked()
    assert run("dependency", "build", "app").code == 0
    assert run("dependency", "update", "app").code == 0
    assert registry.asked() == before


def test_a_login_goes_to_one_server(private, server, run):
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    one = f"name: c, version: 1.0.0, repository: {private.url}"
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


# The reference

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
def test_same_as_the_reference(server, registry, run, case, monkeypatch):
    needs = [
        each.replace("URL", server.url).replace("OCI", f"oci://{registry.host}/charts")
        for each in CASES[case]
    ]
    for place in ("ours", "theirs"):
        chart(f"{place}/app", *needs)
        chart(
            f"{place}/app/part",
            head="apiVersion: v2\nname: part\nversion: 0.2.0\ndescription: 'a: b'\n",
        )
        chart(f"{place}/app/charts/held", head="apiVersion: v2\nname: held\nversion: 0.2.0\n")
        (Path(place) / "app/charts/c-0.1.0.tgz").write_bytes(package("c", "0.1.0"))
    for verb in ("list", "update", "list", "update"):
        plain = ["--plain-http"] if verb != "list" else []
        monkeypatch.chdir("theirs")
        theirs = reference("dependency", verb, "app", *plain)
        monkeypatch.chdir("../ours")
        ours = run("dependency", verb, "app", *plain)
        monkeypatch.chdir("..")
        assert ours.code == theirs.code
        assert _told(ours.output) == _told(theirs.output)
        assert written(Path("ours")) == written(Path("theirs"))


def _told(output: str) -> list[str]:
    """The lines of stdout, but for the reason why something could not be had; helm asks several servers at once."""
    lines = output.split("\n")
    return sorted(line.split(": ")[0] if "error occurred" in line else line for line in lines)


@NEEDS_HELM
def test_known_repositories_and_old_charts_as_the_reference(server, run, tmp_path, monkeypatch):
    known(tmp_path, f"{{name: here, url: {server.url}}}")
    head = "apiVersion: v1\nname: app\nversion: 0.1.0\n"
    needs = "dependencies:\n- {name: c, version: 1.x, repository: '@here'}\n- {name: d, version: 0.1.0, repository: 'alias:here'}\n"
    for place in ("ours", "theirs"):
        chart(f"{place}/app", head=head, **{"requirements.yaml": needs})
    for verb in ("update", "build", "list"):
        monkeypatch.chdir("theirs")
        theirs = reference("dependency", verb, "app")
        monkeypatch.chdir("../ours")
        assert run("dependency", verb, "app")[:2] == theirs[:2]
        monkeypatch.chdir("..")
        assert written(Path("ours")) == written(Path("theirs"))


# package and repo index


def test_package(run):
    chart(
        "app", templates__a="x: {{ 1 }}", **{"values.yaml": "a:  1 # one\n", "README.md": "hello"}
    )
    assert run("package", "app", "-d", "out") == Outcome(
        0, "Successfully packaged chart and saved it to: out/app-0.1.0.tgz\n", ""
    )
    packed = archived(Path("out/app-0.1.0.tgz").read_bytes())
    assert packed["app/values.yaml"] == b"a:  1 # one\n"
    assert run("template", "out/app-0.1.0.tgz") == run("template", "app")


@NEEDS_HELM
def test_package_as_the_reference(server, run):
    chart(
        "app",
        f"name: c, version: 1.0.0, repository: {server.url}",
        **{"values.schema.json": "{}", ".helmignore": "x*\n", "xfile": "1"},
    )
    assert problem(run("package", "app")) == reference("package", "app").errors.strip()
    for flags in (("-u",), ("--version", "3.0.0", "--app-version", "9")):
        assert reference("package", "app", "-d", "theirs", *flags).code == 0
        assert run("package", "app", "-d", "ours", *flags).code == 0
    assert written(Path("ours")) == written(Path("theirs"))


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
def test_index_as_the_reference(run, flags):
    entry = {
        "name": "c",
        "version": "0.1.0",
        "urls": ["a"],
        "created": "2020-01-01T00:00:00.10+00:00",
        "digest": "abc",
    }
    same = {"name": "c", "version": "1.0.0", "urls": ["b"]}
    Path("old.yaml").write_bytes(
        chartservers.index(entry, same, {"name": "z", "version": "0.1.0", "engine": "e"})
    )
    for place in ("ours", "theirs"):
        publish(Path(place), ("c", "1.0.0"), ("c", "1.10.0"), ("c", "1.9.0"), ("d", "0.1.0"))
        publish(Path(place) / "sub", ("c", "1.2.0+x"))
        (Path(place) / "bad.tgz").write_bytes(b"no chart")
        facts = "apiVersion: v1\nname: old\nversion: 1.0.0\nkeywords: [b, a]\nannotations: {k10: a, k2: '1'}\nmaintainers: [{name: n}]\n"
        (Path(place) / "old-1.0.0.tgz").write_bytes(package("old", "1.0.0", {"Chart.yaml": facts}))
    assert reference("repo", "index", "theirs", *flags).code == 0
    theirs = Path("new.yaml").read_text(encoding="utf-8") if "new.yaml" in flags else ""
    Path("new.yaml").unlink(missing_ok=True)
    assert run("repo", "index", "ours", *flags) == Outcome(0, "", "")
    for text, path in (
        (theirs, "new.yaml"),
        (Path("theirs/index.yaml").read_text(encoding="utf-8"), "ours/index.yaml"),
    ):
        if Path(path).exists():
            assert TIMES.sub("T", Path(path).read_text(encoding="utf-8")) == TIMES.sub("T", text)


def test_an_index_of_ours_is_served(run, server, tmp_path):
    (tmp_path / "served/index.yaml").unlink()
    assert run("repo", "index", str(tmp_path / "served"), "--json").code == 0
    assert json.loads((tmp_path / "served/index.yaml").read_bytes())["apiVersion"] == "v1"
    assert "c-2.0.0" in run("template", "c", "--repo", server.url).output


def test_other_verbs_of_repo_are_refused(run):
    assert "keeps no list of repositories" in problem(run("repo", "add", "x", "http://h"))
