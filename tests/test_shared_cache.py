"""A cache that builds share: nothing that a caller or a plug-in changes in place reaches another build, and results that
depend on more than files and options are not shared.
"""

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from kmanifest import (
    ExecPluginOptions,
    KustomizeOptions,
    MemoryCache,
    MemoryTree,
    Options,
    Plugin,
    Registry,
    Rendered,
    Reproducible,
    Resource,
    ResourceMap,
    build,
    default_registry,
)
from kmanifest.engines.builtin import PLUGINS
from kmanifest.model.trace import Change

BASE = {
    "app/kustomization.yaml": "resources: [base]\n",
    "app/base/kustomization.yaml": "resources: [map.yaml]\nlabels: [{pairs: {team: a}}]\n",
    "app/base/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: b}\n",
}
HELM = Options(engines=(KustomizeOptions(enable_helm=True),))


def text_of(cache: MemoryCache, files: dict[str, str] = BASE, **settings: Any) -> str:
    return build("app", tree=MemoryTree(files), cache=cache, **settings).text()


def with_step(role: str, files: dict[str, str] = BASE, directory: str = "app") -> dict[str, str]:
    """The files with a plug-in of the kind Step in one of the kustomizations."""
    path = f"{directory}/kustomization.yaml"
    config = "apiVersion: example.com/v1\nkind: Step\nmetadata: {name: step}\nspec: {size: 1}\n"
    return {
        **files,
        path: files[path] + f"{role}s: [step.yaml]\n",
        f"{directory}/step.yaml": config,
    }


def registry_with(role: Any, call: Any) -> Registry:
    return default_registry().with_plugins([Plugin(role, "example.com/v1/Step", call)])


# --- callers that change what they got


def adopt(bodies: Iterable[dict[str, Any]], owner: dict[str, Any]) -> None:
    """What kopf.adopt does: it changes the objects in place."""
    reference = {
        "controller": True,
        "blockOwnerDeletion": True,
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    for body in bodies:
        references = body.setdefault("metadata", {}).setdefault("ownerReferences", [])
        references.append(dict(reference))
        body.setdefault("metadata", {}).setdefault("namespace", owner["metadata"]["namespace"])
        labels = body.setdefault("metadata", {}).setdefault("labels", {})
        labels.update(owner["metadata"].get("labels", {}))


def change_data(rendered: Rendered) -> None:
    body: Any = rendered.resources[0].body
    body["data"]["a"] = "changed"


def adopt_all(rendered: Rendered) -> None:
    owner = {"apiVersion": "e/v1", "kind": "App", "metadata": {"name": "t", "uid": "u", "namespace": "n", "labels": {"x": "y"}}}  # fmt: skip
    bodies: Any = [resource.body for resource in rendered.resources]
    adopt(bodies, owner)
    assert rendered.resources[0].body["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert rendered.resources[0].body["metadata"]["namespace"] == "n"


def replace_body(rendered: Rendered) -> None:
    rendered.resources[0].body = {}
    rendered.resources[0].needs_hash = True


@pytest.mark.parametrize("change", [change_data, adopt_all, replace_body])
@pytest.mark.parametrize("files", [BASE, {**BASE, "app/kustomization.yaml": "resources: [base/map.yaml]\n"}])  # fmt: skip
def test_changes_of_a_caller_reach_no_other_build(change: Any, files: dict[str, str]):
    options = Options(load_restrictor="none")
    fresh, cache = text_of(MemoryCache(), files, options=options), MemoryCache()
    for _ in range(3):
        rendered = build("app", tree=MemoryTree(files), cache=cache, options=options)
        assert rendered.text() == fresh
        change(rendered)
    assert text_of(cache, files, options=options) == fresh


def test_bodies_are_plain_and_share_nothing():
    files = {
        "kustomization.yaml": "resources: [a, b]\n",
        "a/kustomization.yaml": "namePrefix: a-\nresources: [../base]\n",
        "b/kustomization.yaml": "namePrefix: b-\nresources: [../base]\n",
        "base/kustomization.yaml": "resources: [map.yaml]\ncommonLabels: {tier: web}\n",
        "base/map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: m, annotations: &a {k: v}}, data: *a}",
    }
    rendered = build(tree=MemoryTree(files))
    seen: set[int] = set()
    pending: list[Any] = [resource.body for resource in rendered.resources]
    while pending:
        value = pending.pop()
        if isinstance(value, dict | list):
            assert type(value) in (dict, list)
            assert id(value) not in seen
            seen.add(id(value))
            pending += value.values() if isinstance(value, dict) else value
    assert json.dumps(rendered.resources[0].body)
    assert rendered.resources is rendered.resources


def test_values_of_changes_belong_to_the_caller():
    cache, fresh = MemoryCache(), text_of(MemoryCache())

    def spoil(change: Change) -> None:
        if isinstance(change.new, dict):
            change.new.clear()

    assert text_of(cache, on_change=spoil) == fresh
    assert text_of(cache) == fresh


# --- plug-ins that change what they got


def write_label(resources: Iterable[Resource]) -> None:
    for resource in resources:
        body: Any = resource.body
        body["metadata"].setdefault("labels", {})["step"] = "was-here"


def spoil_config(config: Resource) -> None:
    body: Any = config.body
    assert body["spec"] == {"size": 1}
    body["spec"]["size"] = 2


def generate(_: Any, config: Resource) -> list[Resource]:
    spoil_config(config)
    return [Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}})]


def transform(_: Any, config: Resource, resources: ResourceMap) -> ResourceMap:
    spoil_config(config)
    write_label(resources)
    return resources


def validate(_: Any, config: Resource, resources: ResourceMap) -> list[Any]:
    spoil_config(config)
    write_label(resources)
    return []


ROLES = [("generator", generate), ("transformer", transform), ("validator", validate)]


@pytest.mark.parametrize(("role", "call"), ROLES, ids=lambda each: each if isinstance(each, str) else "")  # fmt: skip
@pytest.mark.parametrize("directory", ["app", "app/base"])
def test_changes_of_a_plugin_are_of_its_own_build(role: str, call: Any, directory: str):
    cache, fresh = MemoryCache(), text_of(MemoryCache())
    files = with_step(role, directory=directory)
    registry = registry_with(role, call)
    first = text_of(cache, files, registry=registry)
    assert text_of(cache, files, registry=registry) == first
    assert ("was-here" in first) == (role == "transformer")
    assert text_of(cache) == fresh


def test_a_change_in_place_is_seen_as_any_other():
    changes: list[Change] = []
    registry, files = registry_with("transformer", transform), with_step("transformer")
    text = text_of(MemoryCache(), files, registry=registry, on_change=changes.append)
    assert "step: was-here" in text
    steps = [(change.field, change.new) for change in changes if change.step == "example.com/v1/Step"]  # fmt: skip
    assert steps == [(("metadata", "labels", "step"), "was-here")]


def test_a_renamed_object_is_renamed_in_references():
    def rename(_: Any, __: Resource, resources: ResourceMap) -> ResourceMap:
        for resource in resources:
            body: Any = resource.body
            if resource.kind == "ConfigMap":
                body["metadata"]["name"] = "renamed"
        return resources

    files = with_step("transformer")
    (resource,) = build("app", tree=MemoryTree(files), registry=registry_with("transformer", rename)).resources  # fmt: skip
    assert (resource.name, resource.id.name) == ("renamed", "renamed")


def test_true_and_one_are_a_change():
    def number(_: Any, __: Resource, resources: ResourceMap) -> ResourceMap:
        for resource in resources:
            body: Any = resource.body
            body["spec"]["flag"] = 1
        return resources

    files = with_step("transformer", {**BASE, "app/base/map.yaml": "{apiVersion: e/v1, kind: A, metadata: {name: a}, spec: {flag: true}}"})  # fmt: skip
    assert "flag: 1" in text_of(MemoryCache(), files, registry=registry_with("transformer", number))


def test_a_plugin_that_changes_nothing_returns_the_same_resources():
    seen: list[Change] = []
    registry = registry_with("transformer", lambda _, __, resources: ResourceMap(resources))
    text_of(MemoryCache(), with_step("transformer"), registry=registry, on_change=seen.append)
    assert [change for change in seen if change.step == "example.com/v1/Step"] == []


def test_a_base_that_is_used_twice_in_one_build():
    files = {
        "app/kustomization.yaml": "resources: [one, two]\n",
        "app/one/kustomization.yaml": "namePrefix: one-\nresources: [../base]\n",
        "app/two/kustomization.yaml": "namePrefix: two-\nresources: [../base]\n",
        **{path: text for path, text in BASE.items() if "/base/" in path},
    }
    text = text_of(MemoryCache(), with_step("transformer", files, "app/one"), registry=registry_with("transformer", transform))  # fmt: skip
    assert text.count("was-here") == 1


# --- the registry is part of the key


def labeller(name: str) -> Any:
    def label(_: Any, __: Resource, resources: ResourceMap) -> ResourceMap:
        return resources.map(lambda resource: resource.put(("metadata", "labels", "by"), name))

    return label


def test_two_tenants_with_different_plugins_of_one_name():
    cache, files = MemoryCache(), with_step("transformer", directory="app/base")
    for _ in range(2):
        for tenant in ("one", "two"):
            registry = registry_with("transformer", labeller(tenant))
            assert f"by: {tenant}" in text_of(cache, files, registry=registry)


def test_two_tenants_with_different_installed_plugins():
    cache, files = MemoryCache(), with_step("transformer", directory="app/base")
    for _ in range(2):
        for tenant in ("one", "two"):
            plugin = Plugin("transformer", "example.com/v1/Step", labeller(tenant))
            registry = Registry(PLUGINS, more=lambda plugin=plugin: [plugin])  # type: ignore[misc]
            assert f"by: {tenant}" in text_of(cache, files, registry=registry)


def test_a_tenant_that_replaces_a_builtin_plugin():
    cache, fresh = MemoryCache(), text_of(MemoryCache())
    for _ in range(2):
        for tenant in ("one", "two"):
            plugin = Plugin("transformer", "builtin/LabelTransformer", labeller(tenant))
            registry = default_registry().with_plugins([plugin])
            assert f"by: {tenant}" in text_of(cache, registry=registry)
        assert text_of(cache) == fresh


def test_registries_with_the_same_plugins_are_equal_keys():
    def more() -> list[Plugin]:
        return [Plugin("transformer", "a/B", len)]

    assert default_registry().identity == default_registry().identity
    first, second = Registry(PLUGINS, more=more), Registry(PLUGINS, more=more)
    first.all()
    assert first.identity == second.identity
    assert hash(first.identity) == hash(second.identity)
    assert first.identity != default_registry().identity
    assert default_registry().with_plugins(more()).identity != default_registry().identity
    assert default_registry().identity != 0


# --- results that are never shared


def with_chart(template: str) -> dict[str, str]:
    chart = "app/base/charts/c"
    return {
        "app/kustomization.yaml": "resources: [base]\n",
        "app/base/kustomization.yaml": "helmCharts: [{name: c, releaseName: r}]\n",
        f"{chart}/Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
        f"{chart}/values.yaml": "",
        f"{chart}/templates/a.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{p: '{template}'}}\n",
    }


IMPURE = [
    "{{ randAlphaNum 20 }}",
    '{{ tpl "{{ randAlphaNum 20 }}" . }}',
    "{{ uuidv4 }}",
    '{{ htpasswd "a" "b" }}',
    '{{ genPrivateKey "ed25519" | b64enc }}',
    "{{ now }}",
    '{{ now | date "05.000000" }}',
]


@pytest.mark.parametrize("template", IMPURE)
def test_randomness_and_time_are_not_shared(template: str, monkeypatch: pytest.MonkeyPatch):
    ticks = iter(range(10**18, 10**18 + 10**9, 7_654_321))
    monkeypatch.setattr("kmanifest.io.system.system_clock", lambda: next(ticks))
    cache, files = MemoryCache(), with_chart(template)
    assert len({text_of(cache, files, options=HELM) for _ in range(3)}) == 3


def test_a_random_release_name_is_not_shared():
    files = with_chart("{{ .Release.Name }}")
    files["app/base/kustomization.yaml"] = (
        "helmCharts: [{name: c, nameTemplate: '{{ randAlpha 20 | lower }}'}]\n"
    )
    cache = MemoryCache()
    assert len({text_of(cache, files, options=HELM) for _ in range(3)}) == 3


def test_a_chart_with_randomness_is_rendered_for_each_overlay_as_kustomize_does():
    files = with_chart("{{ randAlphaNum 20 }}")
    files["app/kustomization.yaml"] = "resources: [one, two]\n"
    for name in ("one", "two"):
        files[f"app/{name}/kustomization.yaml"] = f"namePrefix: {name}-\nresources: [../base]\n"
    for cache in (None, MemoryCache()):
        rendered = build("app", tree=MemoryTree(files), options=HELM, cache=cache)
        one, two = (resource.body["stringData"]["p"] for resource in rendered.resources)
        assert one != two


@pytest.mark.parametrize("template", ["{{ .Release.Name }}", '{{ lookup "v1" "Secret" "a" "b" }}'])
def test_a_chart_without_randomness_is_shared(template: str):
    assert_shared(with_chart(template), HELM)


def test_a_chart_with_a_seed_and_a_time_is_shared():
    files = with_chart("{{ now }} {{ randAlphaNum 20 }}")
    assert_shared(files, HELM._replace(reproducible=Reproducible(seed="s", now=0)))


def test_a_base_without_plugins_is_shared_where_plugins_may_run():
    assert_shared(BASE, Options(enable_plugins=True, allow_exec=True))


def assert_shared(files: dict[str, str], options: Options) -> None:
    cache = MemoryCache()
    first = text_of(cache, files, options=options)
    registry = default_registry()
    keys = [key for key in held(cache) if key[1:] == (options, registry.identity)]
    assert len(keys) == 1
    assert text_of(cache, files, options=options) == first


def held(cache: MemoryCache) -> list[Any]:
    return list(cache._entries)


@pytest.mark.skipif(os.name == "nt", reason="the executables are shell scripts")
def test_results_of_executables_are_not_shared(tmp_path: Path):
    files = {
        "app/kustomization.yaml": "resources: [base]\n",
        "app/base/kustomization.yaml": "generators: [g.yaml]\n",
        "app/base/g.yaml": "apiVersion: example.com/v1\nkind: Count\nmetadata: {name: g}\n",
        "home/example.com/v1/count/Count": f"#!/bin/sh\necho x >> {tmp_path}/count\nprintf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {{name: made}}\\ndata: {{count: \"%s\"}}\\n' $(wc -l < {tmp_path}/count)\n",
    }
    for path, text in files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(file.stat().st_mode | (stat.S_IXUSR if text.startswith("#!") else 0))
    options = Options(
        enable_plugins=True, exec_plugins=ExecPluginOptions(home=str(tmp_path / "home"))
    )
    cache = MemoryCache()
    texts = [
        build(str(tmp_path / "app"), options=options, cache=cache).text().split("count:")[1][:3]
        for _ in range(3)
    ]
    assert texts == [' "1', ' "2', ' "3']
    # What executables print may be secret, so it is not kept.
    assert not any(
        b"made" in part for key in held(cache) for part in key if isinstance(part, bytes)
    )
