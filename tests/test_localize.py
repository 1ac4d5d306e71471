"""`localize` beyond kustomize's output: executables, patterns, verification, limits and cleanup after errors."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kmanifest import KmanifestError, MemoryTree, Options, Registry, build
from kmanifest.cli import localize as command
from kmanifest.cli.output import OutputError, write_new_directory
from kmanifest.engines.krm.function import executable_path
from kmanifest.engines.kustomize.localize import File, LocalizedFiles, LocalizeRequest, localize
from kmanifest.engines.kustomize.localize.destinations import (
    default_name,
    file_destination,
    relative,
    root_destination,
)
from kmanifest.io.remote.urls import Repository, parse_repository
from kmanifest.io.tree import PrefixedTree, Tree
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.findings import Finding
from kmanifest.pipeline.context import Context
from tests.servers import git_missing, publish, serving

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n"
FUNCTION = """\
apiVersion: example.org/v1
kind: Anything
metadata:
  name: anything
  annotations:
    config.kubernetes.io/function: |
      exec: {path: %s}
"""
EXECUTABLE = f"""\
#!{sys.executable}
print('''{MAP}''')
"""


def run(arguments: list[str]) -> int:
    """Run the command with the arguments."""
    return command.localize(command.COMMAND.read(arguments))


def localize_tree(
    files: dict[str, str],
    directory: str = "",
    scope: str = "",
    findings: list[Finding] | None = None,
) -> LocalizedFiles:
    findings = [] if findings is None else findings
    ctx = Context(MemoryTree(files), Registry(), on_finding=findings.append)
    return localize(ctx, LocalizeRequest(directory, scope, executable_path=executable_path))


def text_of(copy: LocalizedFiles, path: str) -> str:
    return copy.files[path].content.decode()


def write_files(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return directory


def names(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


# Executables and patterns, which kustomize does not copy


@pytest.fixture
def with_function(tmp_path: Path) -> Path:
    target = write_files(
        tmp_path / "target",
        {
            "kustomization.yaml": "generators: [function.yaml]\n",
            "function.yaml": FUNCTION % "./bin/made",
            "bin/made": EXECUTABLE,
        },
    )
    (target / "bin/made").chmod(0o755)
    return target


def test_a_function_executable_is_copied_with_its_mode(with_function: Path):
    copy = with_function.parent / "copy"
    assert run(["--no-verify", str(with_function), str(copy)]) == 0
    assert (copy / "bin/made").read_text(encoding="utf-8") == EXECUTABLE
    assert (copy / "bin/made").stat().st_mode & stat.S_IXUSR
    assert not (copy / "function.yaml").stat().st_mode & stat.S_IXUSR
    options = Options(enable_plugins=True, allow_exec=True)
    assert build(str(copy), options=options).text() == MAP


def test_a_file_that_is_not_executable_stays_so(with_function: Path):
    (with_function / "bin/made").chmod(0o644)
    copy = with_function.parent / "copy"
    assert run(["--no-verify", str(with_function), str(copy)]) == 0
    assert not (copy / "bin/made").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("form", ["configFn", "config.k8s.io/function"])
def test_older_forms_of_functions(form: str):
    metadata = (
        "{name: a, configFn: {exec: {path: ./run}}}"
        if form == "configFn"
        else f'{{name: a, annotations: {{{form}: "exec: {{path: ./run}}"}}}}'
    )
    config = f"apiVersion: a/v1\nkind: A\nmetadata: {metadata}\n"
    copy = localize_tree(
        {"kustomization.yaml": "transformers: [f.yaml]", "f.yaml": config, "run": "#!"}
    )
    assert copy.files["run"] == File(b"#!", executable=False)


@pytest.mark.parametrize("path", ["/bin/sh", "../run", "./nowhere"])
def test_an_executable_outside_of_the_root_is_reported_and_not_copied(path: str):
    findings: list[Finding] = []
    files = {"a/kustomization.yaml": "validators: [f.yaml]", "a/f.yaml": FUNCTION % path, "run": ""}
    copy = localize_tree(files, "a", "a", findings)
    assert set(copy.files) == {"kustomization.yaml", "f.yaml"}
    assert [path in finding.message for finding in findings] == [True]


def test_an_executable_on_path_is_not_copied():
    findings: list[Finding] = []
    files = {"kustomization.yaml": "validators: [f.yaml]", "f.yaml": FUNCTION % "run", "run": ""}
    copy = localize_tree(files, findings=findings)
    assert (set(copy.files), findings) == ({"kustomization.yaml", "f.yaml"}, [])


def test_a_container_has_no_executable():
    config = "apiVersion: a/v1\nkind: A\nmetadata: {name: a, annotations: {config.kubernetes.io/container: i}}"
    findings: list[Finding] = []
    localize_tree(
        {"kustomization.yaml": "validators: [f.yaml]", "f.yaml": config}, findings=findings
    )
    assert findings == []


def test_the_files_of_patterns_are_copied(tmp_path: Path):
    patterns = "apiVersion: kmanifest.dev/v1alpha1\nkind: ResourcesGenerator\nmetadata: {name: r}\n"
    target = write_files(
        tmp_path / "target",
        {
            "kustomization.yaml": "generators: [all.yaml]\n",
            "all.yaml": patterns + 'resources: ["m/**/*.yaml", "!m/out.yaml"]\n',
            "m/a/map.yaml": MAP,
            "m/out.yaml": MAP,
            "m/other.txt": "",
        },
    )
    copy = tmp_path / "copy"
    assert run([str(target), str(copy)]) == 0
    assert names(copy) == names(target) - {"m/other.txt"}


def test_the_files_of_templates_are_copied(tmp_path: Path):
    config = "apiVersion: kmanifest.dev/v1alpha1\nkind: JinjaGenerator\nmetadata: {name: r}\n"
    target = write_files(
        tmp_path / "target",
        {
            "kustomization.yaml": "generators: [t.yaml]\n",
            "t.yaml": config + "templates: [t/map.yaml.j2]\nvaluesFiles: [v.yaml]\n",
            "t/map.yaml.j2": "{% include 'lib/map.j2' %}",
            "lib/map.j2": MAP.replace("map", "{{ values.name }}"),
            "v.yaml": "name: map",
            "other.txt": "",
        },
    )
    copy = tmp_path / "copy"
    assert run([str(target), str(copy)]) == 0
    assert names(copy) == names(target) - {"other.txt"}


CHART_GENERATOR = "apiVersion: kmanifest.dev/v1alpha1\nkind: ChartGenerator\nmetadata: {name: g}\n"
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "templates/map.yaml": MAP.replace("map", "{{ .Values.name }}"),
    "charts/d/Chart.yaml": "{apiVersion: v2, name: d, version: 1.0.0}",
}


def test_the_chart_of_a_generator_is_copied(tmp_path: Path):
    scope = write_files(
        tmp_path / "scope",
        {
            "k/kustomization.yaml": "generators: [g.yaml]\n",
            "k/g.yaml": CHART_GENERATOR + "chart: ../charts/c\nvaluesFiles: [v/v.yaml]\n",
            "k/v/v.yaml": "name: map",
            "k/other.txt": "",
            "charts/other/Chart.yaml": "",
            **{f"charts/c/{name}": text for name, text in CHART.items()},
        },
    )
    copy = tmp_path / "copy"
    assert run([str(scope / "k"), str(copy), "--scope", str(scope)]) == 0
    assert names(copy) == names(scope) - {
        "k/other.txt",
        "charts/other",
        "charts/other/Chart.yaml",
    }


def test_a_chart_outside_of_the_scope_is_not_copied(tmp_path: Path):
    directory = write_files(
        tmp_path,
        {
            "k/kustomization.yaml": "generators: [g.yaml]\n",
            "k/g.yaml": CHART_GENERATOR + "chart: ../c\nvalues: {name: map}\n",
            **{f"c/{name}": text for name, text in CHART.items()},
        },
    )
    with pytest.raises(SourceError, match=r"chart '\.\./c' is outside of the localize scope"):
        run([str(directory / "k"), str(tmp_path / "copy")])


# Verification and cleanup


def test_the_key_of_a_link_is_kept(tmp_path: Path):
    files = {
        "kustomization.yaml": "configMapGenerator: [{name: a, files: [key]}]\n",
        "real": "text",
    }
    target = write_files(tmp_path / "target", files)
    (target / "key").symlink_to("real")
    assert run([str(target), str(tmp_path / "copy")]) == 0
    assert "- key=real\n" in (tmp_path / "copy/kustomization.yaml").read_text(encoding="utf-8")


def test_a_copy_with_a_different_build_is_not_kept(tmp_path: Path, monkeypatch):
    target = write_files(
        tmp_path / "target", {"kustomization.yaml": "resources: [m.yaml]", "m.yaml": MAP}
    )
    other = LocalizedFiles(
        {"kustomization.yaml": File(b"resources: [m.yaml]"), "m.yaml": File(b"{}")}, (), ""
    )
    monkeypatch.setattr("kmanifest.engines.kustomize.localize.localize", lambda *_: other)
    with pytest.raises(KmanifestError, match=r"^VERIFICATION FAILED: "):
        run([str(target), str(tmp_path / "copy")])
    assert os.listdir(tmp_path) == ["target"]


def test_a_target_that_needs_flags_is_reported(with_function: Path, capsys):
    with pytest.raises(KmanifestError):
        run([str(with_function), str(with_function.parent / "copy")])
    assert "--no-verify" in capsys.readouterr().err
    assert os.listdir(with_function.parent) == ["target"]


def test_the_right_directory_is_verified(tmp_path: Path):
    write_files(tmp_path, {"a/b/c/kustomization.yaml": "resources: [m.yaml]", "a/b/c/m.yaml": MAP})
    assert run([str(tmp_path / "a/b/c"), str(tmp_path / "copy"), "--scope", str(tmp_path)]) == 0
    assert names(tmp_path / "copy/a/b/c") == {"kustomization.yaml", "m.yaml"}


@pytest.mark.parametrize("failing", ["mkdir", "replace"])
def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch, failing: str):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_new_directory(str(tmp_path / "copy"), {"a": File(b"")})
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


def test_a_file_that_can_not_be_written_leaves_nothing(tmp_path: Path):
    with pytest.raises(OutputError, match="No such file or directory"):
        write_new_directory(str(tmp_path / "copy"), {"a": File(b""), "b/c": File(b"")})
    assert os.listdir(tmp_path) == []


def test_a_directory_created_meanwhile_is_not_changed(tmp_path: Path, monkeypatch):
    real_mkdir = os.mkdir

    def mkdir(path: str, *mode: int, dir_fd: int | None = None) -> None:
        real_mkdir(path, *mode, dir_fd=dir_fd)
        if path.endswith("copy"):
            real_mkdir(path, *mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(OutputError, match="exists"):
        write_new_directory(str(tmp_path / "copy"), {"a": File(b"")})
    monkeypatch.undo()
    assert names(tmp_path) == {"copy"}


def test_references_into_the_destination_are_refused(tmp_path: Path):
    files = {"kustomization.yaml": "helmGlobals: {chartHome: copy/x}\n"}
    target = write_files(tmp_path / "target", files)
    with pytest.raises(KmanifestError):
        run(["--no-verify", str(target), str(target / "copy")])
    assert names(target) == set(files)


def test_a_copy_inside_of_charts_does_not_contain_itself(tmp_path: Path):
    target = write_files(
        tmp_path, {"kustomization.yaml": "helmCharts: [{name: c}]", "charts/c/a": ""}
    )
    (target / "charts/empty").mkdir()
    assert run(["--no-verify", str(target), str(target / "charts/copy")]) == 0
    copy = target / "charts/copy"
    assert names(copy) == {"kustomization.yaml", "charts", "charts/c", "charts/c/a", "charts/empty"}


# Limits


def test_roots_that_are_reached_many_times():
    files = {"0/kustomization.yaml": "resources: [m.yaml]", "0/m.yaml": MAP}
    for number in range(1, 60):
        below = f"../{number - 1}"
        files[f"{number}/kustomization.yaml"] = f"resources: [{below}, {below}]"
    assert len(localize_tree(files, "59").files) == 61


def test_nested_roots_are_bounded():
    def chain(length: int) -> LocalizedFiles:
        files = {
            f"{number}/kustomization.yaml": f"resources: [../{number + 1}]"
            for number in range(length)
        }
        files[f"{length}/kustomization.yaml"] = "resources: []"
        return localize_tree(files, "0")

    assert len(chain(190).files) == 191
    with pytest.raises(LimitError):
        chain(210)


def test_a_cycle_through_a_finished_root_is_found():
    files = {
        "a/kustomization.yaml": "resources: [../b, ../c]",
        "b/kustomization.yaml": "resources: [../d]",
        "c/kustomization.yaml": "resources: [../d]",
        "d/kustomization.yaml": "resources: [../c]",
    }
    with pytest.raises(SourceError, match="cycle detected"):
        localize_tree(files, "a")


def test_one_path_can_not_be_a_file_and_a_directory():
    files = {"kustomization.yaml": "resources: [a]", "a/kustomization.yaml": "crds: [b]", "a/b": ""}
    assert set(localize_tree(files).files) == {"kustomization.yaml", "a/kustomization.yaml", "a/b"}


# Destinations of remote files and roots


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org/a/b.yaml", "example.org/a/b.yaml"),
        ("https://user:word@example.org:8080/a/../b.yaml?x=y#z", "example.org/b.yaml"),
        ("http://[::1]:80/a", "::1/a"),
        ("https://example.org/a%2Fb/%7Ec", "example.org/a%2Fb/%7Ec"),
        ("https://example.org/a b/ü", "example.org/a%20b/%C3%BC"),
        ("https://example.org/../../a", "example.org/a"),
    ],
)
def test_file_destinations(url: str, path: str):
    assert file_destination(url) == f"localized-files/{path}"


def test_an_invalid_url():
    with pytest.raises(SourceError):
        file_destination("https://example.org/%zz ")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://github.com/org/repo//dir?ref=v1", "github.com/org/repo/v1/dir"),
        ("git@github.com:org/repo.git?ref=a/b", "github.com/org/repo/a/b/dir"),
        ("ssh://git@host:22/org/repo.git//x?ref=1", "host/org/repo/1/dir"),
        ("user@host:/org/repo.git?ref=1", "host/org/repo/1/dir"),
        ("file:///srv/repo.git//x?ref=1", "file-schemed/srv/repo/1/dir"),
        ("https://host/a/_git/repo/dir?ref=1", "host/a/_git/repo/1/dir"),
    ],
)
def test_root_destinations(url: str, path: str):
    repository = parse_repository(url)
    assert repository is not None
    assert root_destination(repository, "dir") == f"localized-files/{path}"


@pytest.mark.parametrize(
    ("path", "start", "seen"),
    [("a/b", "a", "b"), ("a", "a/b", ".."), ("a/c", "a/b", "../c"), ("a", "", "a"), ("", "", ".")],
)
def test_relative(path: str, start: str, seen: str):
    assert relative(path, start) == seen


def test_default_names():
    repository = parse_repository("https://host/org/repo.git?ref=a/b")
    assert default_name("", None) == "localized"
    assert default_name("a/b", None) == "localized-b"
    assert default_name("", repository) == "localized-repo.git-a-b"
    assert default_name("x/y", repository) == "localized-y-a-b"


# Remote files and roots


class FakeRemote:
    """A remote with one repository, and the same content at every file URL."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def file(self, url: str) -> str:
        return url

    def repository(self, repository: Repository) -> str:
        return repository.name

    def tree_of(self, path: str) -> Tree | None:
        if "://" not in path:
            return None
        if path.startswith("https://files/"):
            return PrefixedTree(MemoryTree({"": MAP}), path)
        return PrefixedTree(ForgedTree(self._files), "https://host/a/b@1")


class ForgedTree(MemoryTree):
    """Files whose directories also list `.` and `..`."""

    def list(self, path: str) -> list[str]:
        return [".", "..", *super().list(path)]


def localize_remote(entry: str, files: dict[str, str], field: str = "resources") -> LocalizedFiles:
    tree = MemoryTree({"kustomization.yaml": f"{field}: ['{entry}']"})
    ctx = Context(tree, Registry(), options=Options(allow_remote=True), remote=FakeRemote(files))
    return localize(ctx, LocalizeRequest("", ""))


@pytest.mark.parametrize("name", [".git", ".GIT", ".git.", "git~1"])
def test_remote_files_create_no_repository(name: str):
    files = {"kustomization.yaml": f"crds: ['{name}/config']", f"{name}/config": "[core]"}
    with pytest.raises(SourceError, match="security"):
        localize_remote("https://host/a/b?ref=1", files)
    with pytest.raises(SourceError, match="security"):
        localize_remote(f"https://files/{name}/config", {}, "crds")


def test_a_forged_directory_of_charts():
    files = {"kustomization.yaml": "helmCharts: [{name: c}]", "charts/c/a": "", "other": ""}
    path = "localized-files/host/a/b/1"
    copy = localize_remote("https://host/a/b?ref=1", files)
    assert set(copy.files) == {
        "kustomization.yaml",
        f"{path}/kustomization.yaml",
        f"{path}/charts/c/a",
    }


def test_two_urls_with_one_destination_are_reported():
    findings: list[Finding] = []

    class Changing(FakeRemote):
        def tree_of(self, path: str) -> Tree | None:
            return PrefixedTree(MemoryTree({"": path}), path) if "://" in path else None

    entries = "['https://files/a?1', 'https://files/a?2', 'https://files/a?2']"
    tree = MemoryTree({"kustomization.yaml": f"crds: {entries}"})
    options = Options(allow_remote=True)
    remote = Changing({})
    ctx = Context(tree, Registry(), options, remote=remote, on_finding=findings.append)
    localize(ctx, LocalizeRequest("", ""))
    (finding,) = findings
    assert "localized-files/files/a" in finding.message


@pytest.mark.skipif(bool(git_missing()), reason=git_missing())
def test_a_remote_target_with_an_executable_is_verified_and_builds_offline(tmp_path: Path, capsys):
    source = write_files(
        tmp_path / "source",
        {
            "top/kustomization.yaml": "resources: [../map, ../map/../more]\n",
            "map/kustomization.yaml": "resources: [m.yaml]\n",
            "map/m.yaml": MAP,
            "more/kustomization.yaml": "generators: [f.yaml]\n",
            "more/f.yaml": FUNCTION % "./run",
            "more/run": EXECUTABLE.replace("name: map", "name: made"),
        },
    )
    (source / "more/run").chmod(0o755)
    (tmp_path / "root").mkdir()
    publish(source, tmp_path / "root/repo.git")
    fetch = ["--allow-protocol", "http", "--cache-dir", str(tmp_path / "cache")]
    copy = tmp_path / "copy"
    with serving(tmp_path / "root") as server:
        url = f"http://{server.address}/repo.git//%s?ref=main"
        assert run([url % "map", str(tmp_path / "plain"), *fetch]) == 0
        assert run([url % "top", str(copy), "--no-verify", *fetch]) == 0
    assert names(tmp_path / "plain") == {"map", "map/kustomization.yaml", "map/m.yaml"}
    assert "read it before you let it run" in capsys.readouterr().err
    options = Options(enable_plugins=True, allow_exec=True)
    assert "name: made" in build(str(copy / "top"), options=options).text()


def test_offline_refuses_downloads(tmp_path: Path):
    files = {"kustomization.yaml": "resources: ['https://127.0.0.1:1/a/b.yaml']"}
    target = write_files(tmp_path / "target", files)
    fetch = ["--offline", "--cache-dir", str(tmp_path / "cache")]
    with pytest.raises(KmanifestError, match="offline"):
        run([str(target), str(tmp_path / "copy"), *fetch])


def test_stdout_is_empty(tmp_path: Path):
    write_files(tmp_path, {"a/kustomization.yaml": "resources: [m.yaml]", "a/m.yaml": MAP})
    command = [sys.executable, "-m", "kmanifest", "localize", "a"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "VERIFICATION SUCCESS: `kustomize build` for a and "
        f"{tmp_path / 'localized-a'} are the same after localization.",
        f'SUCCESS: localized "a" to directory {tmp_path / "localized-a"}',
    ]
