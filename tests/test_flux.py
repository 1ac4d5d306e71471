"""Whole Flux objects. Each case of `fixtures/flux.jsonl` has the rule that it shows.

The expected text was printed by Flux' own modules: fluxcd/pkg kustomize v1.44.0 (GenerateManifest, SecureBuild and
SubstituteVariables) with envsubst v1.9.0 and a client with the ConfigMaps and Secrets of the case. Common metadata was
set as ssa.SetCommonMetadata does.
"""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from kmanifest import (
    FluxOptions,
    KmanifestError,
    LimitError,
    Limits,
    MissingError,
    Options,
    SourceError,
    build,
)
from tests.cases import FIXTURES

CASES = [
    json.loads(line) for line in (FIXTURES / "flux.jsonl").read_text(encoding="utf-8").splitlines()
]
OUTPUTS = [case for case in CASES if "output" in case]
ERRORS = [case for case in CASES if "error" in case]


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def render(case: dict[str, Any]) -> str:
    options = Options(engines=(FluxOptions(strict=case.get("strict", False)),))
    return build("clusters/flux.yaml", tree=case["files"], options=options).text()


@pytest.mark.parametrize("case", OUTPUTS, ids=name_of)
def test_same_bytes_as_flux(case: dict[str, Any]):
    assert render(case) == case["output"], case["rule"]


@pytest.mark.parametrize("case", ERRORS, ids=name_of)
def test_refused_as_by_flux(case: dict[str, Any]):
    with pytest.raises(KmanifestError) as caught:
        render(case)
    assert caught.value.location.file
    assert "\n" not in str(caught.value)


MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {a: '${a}', run.sh: 'echo ${f} $${g} ${h:-x}'}}"
APP = {"app/kustomization.yaml": "resources: [map.yaml]", "app/map.yaml": MAP}
OBJECT = "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: %s}, spec: {path: %s, namePrefix: %s-}}"


def test_what_becomes_empty_or_changes_its_type_is_reported():
    options = Options(engines=(FluxOptions(variables=(("a", "42"),)),))
    found = build("app", tree=APP, options=options).findings
    assert [(each.code, each.location.file, each.location.line) for each in found] == [
        ("changed-type", "app/map.yaml", 1),
        ("empty-substitution", "app/map.yaml", 1),
    ]
    assert "data.a must be a string, and after the substitution its type is integer" in str(found)
    assert "the variable f is not set, so ${f} becomes empty: write $${f}" in found[1].message


def test_a_substitution_follows_any_build():
    chart = {
        "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
        "templates/a.yaml": "{kind: Job, metadata: {name: '${a}'}}",
    }
    manifests = (
        b"{kind: ConfigMap, metadata: {name: m}, data: {a: from-map}}\n---\n"
        b"{kind: Secret, metadata: {name: s}, data: {a: c2VjcmV0}}",
    )
    for variables, expected in (((), "secret"), ((("a", "given"),), "given")):
        options = Options(engines=(FluxOptions(variables, manifests),))
        assert [each.name for each in build(tree=chart, options=options)] == [expected]


def test_a_strict_substitution_names_the_field():
    options = Options(engines=(FluxOptions(strict=True),))
    with pytest.raises(KmanifestError, match=r'app/map\.yaml:1:.*data\.a: .*variable not set.*"a"'):
        build("app", tree=APP, options=options)


def test_a_file_may_have_several_objects():
    two = f"{OBJECT % ('one', './app', 'one')}\n---\n{OBJECT % ('two', './app', 'two')}\n"
    rendered = build("flux.yaml", tree={**APP, "flux.yaml": two})
    assert [each.name for each in rendered] == ["one-app", "two-app"]
    twice = two.replace("namePrefix: two", "namePrefix: one")
    with pytest.raises(KmanifestError, match=r"flux\.yaml.*two Kustomizations of this file"):
        build("flux.yaml", tree={**APP, "flux.yaml": twice})


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(MissingError, match="only a file with a Kustomization of Flux"):
        build("app/map.yaml", tree=APP)


def test_the_source_is_the_repository_and_nothing_above_it():
    files = {
        "repo/.git/HEAD": "",
        "repo/clusters/flux.yaml": OBJECT % ("a", "apps", "p"),
        "repo/apps/kustomization.yaml": "resources: [../../outside.yaml]",
        "outside.yaml": MAP,
    }
    with pytest.raises(KmanifestError, match="not in the source of the Flux Kustomization"):
        build("repo/clusters/flux.yaml", tree=files)


SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: leak}}"
LEAK = "resources: [../secret.yaml]"
ABOVE = {
    "path-above": ("other", {}),
    "component-above": ("app", {"components": ["../../other"]}),
    "resource-above": ("app", {"app/kustomization.yaml": "resources: [../../secret.yaml]"}),
    "base-above": ("app", {"app/kustomization.yaml": "resources: [../../other]"}),
    "generator-above": (
        "app",
        {"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [../../secret.yaml]}]"},
    ),
    "linked-path": ("linked", {}),
    "linked-component": ("app", {"components": ["../linked"]}),
}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("with_git", [False, True])
@pytest.mark.parametrize("case", ABOVE.values(), ids=ABOVE)
def test_local_files_above_the_source_are_not_read(
    tmp_path: Path, case: tuple[str, dict[str, Any]], *, with_git: bool
):
    path, files = case
    files = dict(files)
    spec = {"path": path, "components": files.pop("components", [])}
    kustomization = {"kind": "Kustomization", "metadata": {"name": "a"}, "spec": spec}
    target = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", **kustomization}
    write(tmp_path, {"secret.yaml": SECRET, "other/kustomization.yaml": LEAK})
    write(tmp_path / "repo", {**APP, "flux.yaml": json.dumps(target), **files})
    (tmp_path / "repo/linked").symlink_to(tmp_path / "other")
    if with_git:
        (tmp_path / "repo/.git").mkdir()
    with pytest.raises(KmanifestError) as caught:
        build(str(tmp_path / "repo/flux.yaml"))
    assert "leak" not in str(caught.value)


def test_without_a_repository_the_source_is_the_directory_of_the_file_or_the_root(tmp_path: Path):
    write(tmp_path, {**APP, "flux.yaml": OBJECT % ("a", "app", "p")})
    write(tmp_path, {"clusters/flux.yaml": OBJECT % ("a", "app", "p")})
    assert [each.name for each in build(str(tmp_path / "flux.yaml"))] == ["p-app"]
    with pytest.raises(MissingError, match="no directory 'app'"):
        build(str(tmp_path / "clusters/flux.yaml"))
    clusters = str(tmp_path / "clusters/flux.yaml")
    assert [each.name for each in build(clusters, root=tmp_path)] == ["p-app"]
    (tmp_path / ".git").mkdir()
    assert [each.name for each in build(clusters)] == ["p-app"]


PATTERNS = {
    "prefix": "${v#*" + "?" * 400 + "b}",
    "longest-prefix": "${v##*" + "?" * 400 + "b}",
    "suffix": "${v%b" + "?" * 400 + "*}",
    "classes": "${v#*" + "[b-za]" * 100 + "b}",
    "many": "${v#?b}" * 50_000,
    "many-parsed": "${v^}" * 1_000_000,
}


@pytest.mark.parametrize("text", PATTERNS.values(), ids=PATTERNS)
def test_the_deadline_holds_for_substitutions(text: str):
    limits = Limits(deadline=0.3)
    options = Options(engines=(FluxOptions((("v", "a" * 900),)),), limits=limits)
    body = json.dumps({"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": text}})
    tree = {"kustomization.yaml": "resources: [a.yaml]", "a.yaml": body}
    start = time.process_time()
    with pytest.raises(LimitError):
        build(tree=tree, options=options)
    assert time.process_time() - start < 5


ODD = [5, True, "x", [5], [[1]], {"a": 5}]
ADDED = {
    "patches": [{"patch": "{}"}],
    "components": ["c"],
    "patchesStrategicMerge": [{}],
    "patchesJson6902": [{"patch": [], "target": {}}],
    "images": [{"name": "x", "newName": "y"}],
}


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", ADDED)
def test_a_list_of_another_type_is_refused(field: str, value: Any):
    spec = {"path": "app", field: ADDED[field]}
    body = {"kind": "Kustomization", "metadata": {"name": "a"}, "spec": spec}
    target = json.dumps({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", **body})
    files = {"flux.yaml": target, "app/kustomization.yaml": json.dumps({field: value})}
    with pytest.raises(KmanifestError) as caught:
        build("flux.yaml", tree=files)
    if not isinstance(value, list):
        assert caught.value.location.file == "app/kustomization.yaml"


@pytest.mark.parametrize("value", ODD[:-1], ids=repr)
def test_labels_of_another_type_are_refused(value: Any):
    common = json.dumps({"labels": {"a": "b"}})
    target = (OBJECT % ("a", "app", "p")).replace("path:", f"commonMetadata: {common}, path:")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": value}}
    with pytest.raises(SourceError, match=r"app/map\.yaml.*labels: expected a mapping"):
        build("flux.yaml", tree={**APP, "flux.yaml": target, "app/map.yaml": json.dumps(body)})


def test_a_missing_source_of_variables_has_near_names():
    body = OBJECT % ("a", "app", "p")
    body = body.replace(
        "path:", "postBuild: {substituteFrom: [{kind: ConfigMap, name: var}]}, path:"
    )
    vars_map = "{kind: ConfigMap, metadata: {name: vars}, data: {a: x}}"
    with pytest.raises(MissingError) as caught:
        build("flux.yaml", tree={**APP, "flux.yaml": body, "vars.yaml": vars_map})
    assert caught.value.near == ("vars",)
    assert caught.value.location.line == 1


@pytest.mark.parametrize("value", ["hunter2: [", "*hunter2", "%hunter2", "{a: 1, a: hunter2"])
@pytest.mark.parametrize("text", ["${a}", "x\n${a}", '"${a}'])
def test_secret_values_are_in_no_message(value: str, text: str):
    options = Options(engines=(FluxOptions((("a", value),)),))
    assert "hunter2" not in repr(options)
    body = {"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": text, "b": "${a}"}}
    with pytest.raises(KmanifestError, match=r"ConfigMap/m: .*after the substitution") as caught:
        build(
            tree={"kustomization.yaml": "resources: [a.yaml]", "a.yaml": json.dumps(body)},
            options=options,
        )
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__ or error.__context__


def test_the_name_that_a_substitution_makes_is_in_no_message():
    options = Options(engines=(FluxOptions((("a", "hunter2"),)),))
    bodies = [{"kind": "ConfigMap", "metadata": {"name": name}} for name in ("${a}", "${a:-b}")]
    tree = {
        "kustomization.yaml": "resources: [a.yaml]",
        "a.yaml": "\n---\n".join(map(json.dumps, bodies)),
    }
    with pytest.raises(KmanifestError, match="the name of another resource") as caught:
        build(tree=tree, options=options)
    assert "hunter2" not in str(caught.value)
