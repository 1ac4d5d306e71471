"""Links: followed inside of the project as the peers follow them, and refused outside of it by every reader."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kmanifest import HelmOptions, KustomizeOptions, MemoryCache, Options, build
from kmanifest.helm import ValueSources, find_origins, load_archive, render_chart
from kmanifest.io.local_tree import find_repository_top
from kmanifest.model.errors import KmanifestError, MissingError, SourceError
from tests import links

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")

SECRET = "outside-4f1c9e7a"
CHART = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
CONFIG_MAP = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: leak\ndata:\n  k: {SECRET}\n"
TEMPLATE = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata: {t: {{ .Files.Get "f" | quote }}, v: "{{ .Values.leak }}"}\n'


def run(*arguments: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kmanifest", *arguments],
        cwd=directory,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- inside of the project: the bytes of the peers ------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return links.copy_repository(tmp_path)


@pytest.mark.parametrize("name", links.RUNS)
def test_links_inside_are_followed_as_the_peers_do(repository: Path, name: str):
    peer, *arguments = links.RUNS[name]
    verb = ("helm",) if peer == "helm" else ()
    result = run(*verb, *arguments, directory=repository)
    assert result.stdout.encode() == links.golden(name).read_bytes(), result.stderr


def test_a_build_of_a_chart_has_the_same_bytes(repository: Path):
    arguments = ("build", "--release-name", "shop", "charts/web", *links.CHART)
    assert run(*arguments, directory=repository).stdout.encode() == links.golden("web").read_bytes()
    assert (
        run("build", "--release-name", "shop", "charts/api", directory=repository).stdout.encode()
        == links.golden("api").read_bytes()
    )


def test_the_library_has_the_same_bytes(repository: Path):
    options = Options(engines=(KustomizeOptions(enable_helm=True),))
    assert build(repository, options=options).text().encode() == links.golden("charts").read_bytes()
    options = options._replace(load_restrictor="none")
    overlay = build(repository / "overlays/prod", options=options)
    assert overlay.text().encode() == links.golden("overlay").read_bytes()
    options = Options(engines=(HelmOptions(release="shop"),))
    api = links.golden("api").read_bytes()
    assert build(repository / "charts/api", options=options).text().encode() == api
    from kmanifest.helm import Release

    assert render_chart(repository / "charts/api", release=Release("shop")).text().encode() == api


def test_the_links_are_reported_as_helm_does(repository: Path):
    errors = run("helm", "template", "charts/api", directory=repository).stderr
    path, real = f"{repository}/charts/api/charts/common", f"{repository}/common"
    message = f"found symbolic link in path: {path} resolves to {real}. Contents of linked file included and used"
    assert message in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("helm", "template", "charts/web"),
        ("helm", "lint", "charts/web"),
        ("helm", "package", "charts/web"),
        ("helm", "show", "all", "charts/web"),
        ("helm", "dependency", "list", "charts/web"),
        ("build", "charts/web"),
        ("build", "--enable-helm", "--load-restrictor", "LoadRestrictionsNone", "overlays/prod"),
    ],
)
def test_without_a_repository_the_boundary_is_the_directory_that_was_given(
    tmp_path: Path, arguments: tuple[str, ...]
):
    repository = links.copy_repository(tmp_path, is_repository=False)
    result = run(*arguments, directory=repository)
    text = result.stdout + result.stderr
    assert result.returncode == 1
    assert "leads out of" in text
    assert "--root DIR" in text
    for widened in (("--root", "."), ("--root", str(repository)), ("--follow-links",)):
        result = run(*arguments, *widened, directory=repository)
        assert "leads out of" not in result.stdout + result.stderr


# --- outside: every reader -------------------------------------------------------------------------------------------

KUSTOMIZATION: dict[str, tuple[str, dict[str, str]]] = {
    # name: (kustomization.yaml, links to what is outside)
    "kustomization": ("", {"kustomization.yaml": "kustomization.yaml"}),
    "resource": ("resources: [l]", {"l": "map.yaml"}),
    "resource-in-a-directory": ("resources: [d/map.yaml]", {"d": "."}),
    "base": ("resources: [d]", {"d": "base"}),
    "base-file": ("resources: [b]", {"b/kustomization.yaml": "kustomization.yaml"}),
    "component": ("components: [d]", {"d": "component"}),
    "patch": ("patches: [{path: l}]", {"l": "patch.yaml"}),
    "patch-strategic": ("patchesStrategicMerge: [l]", {"l": "patch.yaml"}),
    "patch-json": (
        "patchesJson6902: [{target: {version: v1, kind: ConfigMap, name: a}, path: l}]",
        {"l": "patch.json"},
    ),
    "config-map-file": ("configMapGenerator: [{name: x, files: [l]}]", {"l": "secret.txt"}),
    "config-map-env": ("configMapGenerator: [{name: x, envs: [l]}]", {"l": "secret.env"}),
    "secret-file": ("secretGenerator: [{name: x, files: [k=l]}]", {"l": "secret.txt"}),
    "crds": ("crds: [l]", {"l": "schema.json"}),
    "openapi": ("openapi: {path: l}", {"l": "schema.json"}),
    "configurations": ("configurations: [l]", {"l": "patch.yaml"}),
    "replacement": ("replacements: [{path: l}]", {"l": "patch.yaml"}),
    "generator": ("generators: [l]", {"l": "map.yaml"}),
    "transformer": ("transformers: [l]", {"l": "map.yaml"}),
    "validator": ("validators: [l]", {"l": "map.yaml"}),
    "pattern": ("generators: [files.yaml]", {"m/l.yaml": "map.yaml"}),
    "chart-home": ("helmGlobals: {chartHome: h}\nhelmCharts: [{name: c}]", {"h": "charts"}),
    "chart": ("helmCharts: [{name: c}]", {"charts/c": "charts/c"}),
    "chart-values": ("helmCharts: [{name: d, valuesFile: l}]", {"l": "values.yaml"}),
    "chart-more-values": (
        "helmCharts: [{name: d, additionalValuesFiles: [l]}]",
        {"l": "values.yaml"},
    ),
    "chart-file": ("helmCharts: [{name: d}]", {"charts/d/f": "secret.txt"}),
    "chart-own-values": ("helmCharts: [{name: d}]", {"charts/d/values.yaml": "values.yaml"}),
    "chart-subchart": ("helmCharts: [{name: d}]", {"charts/d/charts/c": "charts/c"}),
}
CHARTS: dict[str, dict[str, str]] = {
    "Chart.yaml": {"Chart.yaml": "charts/c/Chart.yaml"},
    "values": {"values.yaml": "values.yaml"},
    "schema": {"values.schema.json": "schema.json"},
    "helmignore": {".helmignore": "secret.txt"},
    "template": {"templates/l.yaml": "map.yaml"},
    "templates": {"templates/d": "base"},
    "helper": {"templates/_l.tpl": "secret.txt"},
    "notes": {"templates/NOTES.txt": "secret.txt"},
    "file": {"f": "secret.txt"},
    "files": {"d": "."},
    "crds": {"crds": "base"},
    "crd": {"crds/l.yaml": "map.yaml"},
    "subchart": {"charts/c": "charts/c"},
    "subcharts": {"charts": "charts"},
    "lock": {"Chart.lock": "secret.txt"},
    "requirements": {"requirements.yaml": "values.yaml"},
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    files = {
        "kustomization.yaml": "resources: [map.yaml]\n",
        "base/kustomization.yaml": "resources: [map.yaml]\n",
        "component/kustomization.yaml": "kind: Component\nresources: [map.yaml]\n",
        "map.yaml": CONFIG_MAP,
        "base/map.yaml": CONFIG_MAP,
        "component/map.yaml": CONFIG_MAP,
        "patch.yaml": CONFIG_MAP.replace("name: leak", "name: a"),
        "patch.json": f'[{{"op": "add", "path": "/data/k", "value": "{SECRET}"}}]',
        "schema.json": f'{{"type": "object", "title": "{SECRET}", "properties": {{"leak": {{"const": "{SECRET}"}}}}}}',
        "secret.txt": SECRET,
        "secret.env": f"K={SECRET}\n",
        "values.yaml": f"leak: {SECRET}\n",
        "charts/c/Chart.yaml": CHART,
        "charts/c/templates/a.yaml": CONFIG_MAP,
    }
    return _write(tmp_path / "outside", files)


def _write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def _link(directory: Path, outside: Path, targets: dict[str, str]) -> None:
    for name, target in targets.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.unlink()
        path.symlink_to(os.path.relpath(outside / target, path.parent))


def _readers(project: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the ways to render the directory `app` of a project, each with whether its error names the boundary."""
    app = project / "app"
    options = Options(
        enable_plugins=True, load_restrictor="none", engines=(KustomizeOptions(enable_helm=True),)
    )
    yield "/repo", lambda: build(app, options=options).text()
    yield "/repo", lambda: build(app, options=options, root=project).text()
    yield "/repo/app", lambda: build(app, options=options, root=app).text()
    if (app / "Chart.yaml").exists():
        yield "/repo", lambda: render_chart(app).text()
        yield "/repo/app", lambda: render_chart(app, root=app).text()


def _assert_refused(reader: Callable[[], str], boundary: str) -> None:
    with pytest.raises(SourceError) as caught:
        reader()
    message = str(caught.value)
    assert SECRET not in message
    assert "\n" not in message
    assert "leads out of" in message
    assert f"{boundary}; --root DIR" in message


@pytest.mark.parametrize("name", KUSTOMIZATION)
def test_no_field_of_a_kustomization_leads_out(tmp_path: Path, outside: Path, name: str):
    text, targets = KUSTOMIZATION[name]
    files = {
        ".git/HEAD": "",
        "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "app/files.yaml": "apiVersion: kmanifest.dev/v1alpha1\nkind: ResourcesGenerator\nmetadata: {name: f}\nresources: [m/*.yaml]\n",
        "app/charts/d/Chart.yaml": CHART.replace("name: c", "name: d"),
        "app/charts/d/values.yaml": "",
        "app/charts/d/templates/a.yaml": TEMPLATE,
    }
    if "resources:" not in text:
        text += "\nresources: [a.yaml]"
    project = _write(tmp_path / "repo", {**files, "app/kustomization.yaml": text})
    _link(project / "app", outside, targets)
    for boundary, reader in _readers(project):
        _assert_refused(reader, boundary)
    # With kustomize's own restriction, files have its message.
    options = Options(enable_plugins=True, engines=(KustomizeOptions(enable_helm=True),))
    refused = r"leads out of|security; file|no kustomization file here"
    with pytest.raises(KmanifestError, match=refused) as caught:
        build(project / "app", options=options)
    assert SECRET not in str(caught.value)
    arguments = ("build", "app", "--enable-helm", "--enable-alpha-plugins")
    none = ("--load-restrictor", "LoadRestrictionsNone")
    result = run(*arguments, *none, directory=project)
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", CHARTS)
def test_no_file_of_a_chart_leads_out(tmp_path: Path, outside: Path, name: str):
    files = {"Chart.yaml": CHART, "values.yaml": "", "templates/a.yaml": TEMPLATE}
    project = _write(tmp_path / "repo", {".git/HEAD": ""})
    _write(project / "app", files)
    _link(project / "app", outside, CHARTS[name])
    for boundary, reader in _readers(project):
        _assert_refused(reader, boundary)
    verbs = (
        ("helm", "template", "r", "app"),
        ("helm", "template", "r", "app", "--helm-version", "4"),
        ("helm", "show", "all", "app"),
        ("helm", "package", "app"),
        ("helm", "dependency", "list", "app"),
        ("helm", "dependency", "update", "app"),
        ("helm", "lint", "app"),
        ("build", "app"),
    )
    # The verbs share the reader of charts, so one file each is enough for most of them.
    for verb in verbs if name in ("helmignore", "file", "subchart") else verbs[:1]:
        result = run(*verb, directory=project)
        assert result.returncode == 1, verb
        assert SECRET not in result.stdout + result.stderr
        assert "--root DIR" in result.stdout + result.stderr or "symlink" in result.stderr, verb
    assert not list(project.glob("*.tgz"))


def test_the_boundary_is_lifted_by_the_command_only(tmp_path: Path, outside: Path):
    project = _write(tmp_path / "repo", {".git/HEAD": "", "app/Chart.yaml": CHART})
    _write(project, {"app/templates/a.yaml": TEMPLATE})
    _link(project / "app", outside, {"f": "secret.txt"})
    for verb in (("helm", "template", "r"), ("build",)):
        assert SECRET in run(*verb, "app", "--follow-links", directory=project).stdout
        assert SECRET in run(*verb, "app", "--root", "..", directory=project).stdout
        assert run(*verb, "app", directory=project, KMANIFEST_ROOT="..").returncode == 0
        result = run(*verb, "app", "--root", "nowhere", directory=project)
        assert "no such directory: 'nowhere'" in result.stderr
    assert SECRET in build(project / "app", root=tmp_path).text()
    assert SECRET in render_chart(project / "app", root=tmp_path).text()


def test_paths_stay_in_the_repository_and_in_the_root(tmp_path: Path, outside: Path):
    project = _write(
        tmp_path / "repo", {"app/kustomization.yaml": "resources: [../../outside/base]"}
    )
    app = project / "app"
    assert SECRET in build(app).text()  # as kustomize does, without a repository
    for root in (project, app, ""):
        with pytest.raises(SourceError, match=r"leads out of .*; --root DIR"):
            build(app, root=root)
    (project / ".git").mkdir()
    with pytest.raises(SourceError, match=r"leads out of .*/repo; --root DIR"):
        build(app)
    assert SECRET in build(app, root=tmp_path).text()
    charts = "helmGlobals: {chartHome: ../../outside/charts}\nhelmCharts: [{name: c}]"
    (app / "kustomization.yaml").write_text(charts)
    with pytest.raises(SourceError, match=r"leads out of .*/repo; --root DIR"):
        build(app, options=Options(engines=(KustomizeOptions(enable_helm=True),)))


def test_what_is_outside_is_not_reported(tmp_path: Path, outside: Path):
    project = _write(tmp_path / "repo", {".git/HEAD": "", "app/kustomization.yaml": ""})
    messages = set()
    for name in ("base", "missing"):
        (project / "app/kustomization.yaml").write_text(f"resources: [../../outside/{name}]")
        with pytest.raises(SourceError) as caught:
            build(project / "app")
        messages.add(str(caught.value).replace(name, "NAME"))
    assert len(messages) == 1


def test_links_in_bases_outside_of_the_target(tmp_path: Path, outside: Path):
    """Without a repository, a base that a path names may have links to its own files, as with kustomize."""
    work = _write(tmp_path / "w", {"prod/kustomization.yaml": "resources: [../base]"})
    _write(
        work, {"base/kustomization.yaml": "resources: [d/l.yaml]", "base/real/map.yaml": CONFIG_MAP}
    )
    (work / "base/d").mkdir()
    (work / "base/d/l.yaml").symlink_to("../real/map.yaml")
    assert SECRET in build(work / "prod").text()
    with pytest.raises(SourceError, match="leads out of"):
        build(work / "prod", root="")
    (work / "base/d/l.yaml").unlink()
    (work / "base/d/l.yaml").symlink_to(outside / "map.yaml")
    with pytest.raises(SourceError, match="leads out of"):
        build(work / "prod", options=Options(load_restrictor="none"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("cfg", "cat", "app"),
        ("cfg", "count", "app"),
        ("cfg", "grep", "kind=ConfigMap", "app"),
        ("cfg", "tree", "app"),
        ("localize", "app", "copy", "--no-verify"),
        ("helm", "repo", "index", "app"),
        ("helm", "lint", "--with-subcharts", "chart"),
        ("helm", "template", "r", "chart", "--post-renderer", "component"),
    ],
)
def test_other_verbs_do_not_lead_out(tmp_path: Path, outside: Path, arguments: tuple[str, ...]):
    project = _write(tmp_path / "repo", {"app/kustomization.yaml": "resources: [l.yaml]\n"})
    _write(project, {"chart/Chart.yaml": CHART, "chart/templates/a.yaml": TEMPLATE})
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [l.yaml]\n"
    )
    _write(project, {"component/kustomization.yaml": component})
    _link(project, outside, {"component/l.yaml": "map.yaml"})
    (outside / "p.tgz").write_bytes(_packed())
    _link(project, outside, {"app/l.yaml": "map.yaml", "app/p.tgz": "p.tgz"})
    if "--with-subcharts" in arguments:
        _link(project, outside, {"chart/charts/p.tgz": "p.tgz"})
    for is_repository in (False, True):
        if is_repository:
            (project / ".git").mkdir()
        result = run(*arguments, directory=project)
        text = result.stdout + result.stderr
        assert result.returncode == 1, text
        assert "--root DIR" in text or "security; file" in text
        assert SECRET not in text
    assert not (project / "copy").exists()
    assert not (project / "app/index.yaml").exists()


def test_create_does_not_read_outside(tmp_path: Path, outside: Path):
    project = _write(tmp_path / "repo", {".git/HEAD": ""})
    _link(project, outside, {"l.yaml": "map.yaml"})
    result = run("create", "--autodetect", directory=project)
    assert (result.returncode, "--root DIR" in result.stderr) == (1, True)
    assert run("create", "--autodetect", "--follow-links", directory=project).returncode == 0


def test_a_shared_cache_keeps_the_boundary_of_each_build(tmp_path: Path, outside: Path):
    work = _write(tmp_path / "w", {"top/kustomization.yaml": "resources: [app, base]"})
    _write(
        work / "top",
        {"app/kustomization.yaml": "resources: [../base]", "common/map.yaml": CONFIG_MAP},
    )
    _write(work / "top", {"base/kustomization.yaml": "resources: [l.yaml]\nnamePrefix: p-"})
    (work / "top/base/l.yaml").symlink_to("../common/map.yaml")
    _write(work / "top", {"kustomization.yaml": "resources: [app]"})
    cache, options = MemoryCache(), Options(load_restrictor="none")
    for _ in range(2):
        assert SECRET in build(work / "top", cache=cache, options=options).text()
        for target in ("top/app", "top/base"):
            with pytest.raises(SourceError, match="leads out of"):
                build(work / target, cache=cache, options=options)


# --- what the user names ---------------------------------------------------------------------------------------------


def test_files_that_the_user_names(tmp_path: Path, outside: Path):
    project = _write(tmp_path / "repo", {".git/HEAD": ""})
    _write(
        project, {"app/Chart.yaml": CHART, "app/templates/a.yaml": TEMPLATE, "v.yaml": "leak: mine"}
    )
    _link(project, outside, {"l.yaml": "values.yaml", "d": "."})
    (tmp_path / "link").symlink_to("repo")
    for verb in (("helm", "template", "r", "app"), ("build", "app"), ("helm", "lint", "app")):
        for name in ("v.yaml", "../outside/values.yaml"):
            assert run(*verb, "-f", name, directory=project).returncode == 0
        for name in ("l.yaml", "d/values.yaml", "../link/l.yaml"):
            for flag in (("-f", name), ("--set-file", f"leak={name}")):
                result = run(*verb, *flag, directory=project)
                assert result.returncode == 1
                assert "--root DIR" in result.stderr
                assert SECRET not in result.stdout + result.stderr
        assert run(*verb, "-f", "l.yaml", "--follow-links", directory=project).returncode == 0
    files = ValueSources(files=(str(project / "l.yaml"),))
    with pytest.raises(SourceError, match="leads out of"):
        render_chart(project / "app", sources=files)
    with pytest.raises(SourceError, match="leads out of"):
        find_origins(load_archive(_packed()), sources=files, root=project)
    assert SECRET in render_chart(project / "app", sources=files, root=tmp_path).text()
    named = ValueSources(files=(str(outside / "values.yaml"),))
    assert SECRET in render_chart(project / "app", sources=named).text()


def _packed() -> bytes:
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("c/Chart.yaml")
        member.size = len(CHART)
        archive.addfile(member, io.BytesIO(CHART.encode()))
    return buffer.getvalue()


def test_the_target_is_the_word_of_the_user(tmp_path: Path, outside: Path):
    project = _write(tmp_path / "repo", {".git/HEAD": ""})
    _link(project, outside, {"base": "base", "c": "charts/c"})
    assert SECRET in build(project / "base").text()
    assert SECRET in run("helm", "template", "r", "c", directory=project).stdout
    with pytest.raises(SourceError, match="leads out of"):
        build(project / "base", root=project)
    with pytest.raises(SourceError, match="leads out of"):
        render_chart(project / "c", root=project)


def test_a_root_reached_by_a_link(tmp_path: Path):
    project = links.copy_repository(tmp_path)
    (tmp_path / "link").symlink_to("repository")
    options = Options(engines=(HelmOptions(release="shop"),))
    for root in (tmp_path / "link", project):
        for target in (tmp_path / "link", project):
            text = build(target / "charts/api", options=options, root=root).text()
            assert text.encode() == links.golden("api").read_bytes()


def test_a_root_is_not_given_with_a_tree():
    arguments: Any
    for arguments in ({"root": "."}, {"options": Options(root="/x")}):
        with pytest.raises(TypeError, match="root"):
            build(tree={"kustomization.yaml": ""}, **arguments)
    with pytest.raises(TypeError, match="root"):
        render_chart("", tree={"Chart.yaml": CHART}, root=".")
    with pytest.raises(MissingError, match="no such directory"):
        build(".", root="/nowhere/at/all")
    with pytest.raises(KmanifestError, match="NUL"):
        build("a\0b")


# --- the repository ---------------------------------------------------------------------------------------------------


def test_the_nearest_repository_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    inner = tmp_path / "outer/inner/app"
    inner.mkdir(parents=True)
    assert find_repository_top(str(inner)) == ""
    (tmp_path / "outer/.git").mkdir()
    assert find_repository_top(str(inner)) == str(tmp_path / "outer")
    (tmp_path / "outer/inner/.git").write_text("gitdir: ../.git/modules/inner\n")
    assert find_repository_top(str(inner)) == str(tmp_path / "outer/inner")
    # A repository of the whole home directory has files of everything in it (audit, L12).
    monkeypatch.setenv("HOME", str(tmp_path / "outer/inner"))
    assert find_repository_top(str(inner)) == str(tmp_path / "outer")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_repository_of_another_user_does_not_count(tmp_path: Path):
    (tmp_path / "shared/app").mkdir(parents=True)
    (tmp_path / "shared/.git").mkdir()
    os.chown(tmp_path / "shared/.git", 65534, 65534)
    assert find_repository_top(str(tmp_path / "shared/app")) == ""
    os.chown(tmp_path / "shared/app", 65534, 65534)
    assert find_repository_top(str(tmp_path / "shared/app")) == str(tmp_path / "shared")


def test_a_link_into_the_git_directory_is_refused(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text(SECRET)
    (tmp_path / "chart/templates").mkdir(parents=True)
    (tmp_path / "chart/Chart.yaml").write_text(CHART)
    (tmp_path / "chart/templates/a.yaml").write_text(TEMPLATE)
    (tmp_path / "chart/f").symlink_to("../.git/config")
    with pytest.raises(SourceError, match=r"/chart/f' is a link into \.git"):
        build(tmp_path / "chart")
    (tmp_path / "chart/f").unlink()
    (tmp_path / "chart/f").symlink_to("../.git", target_is_directory=True)
    with pytest.raises(SourceError, match=r"/chart/f' is a link into \.git"):
        build(tmp_path / "chart")
