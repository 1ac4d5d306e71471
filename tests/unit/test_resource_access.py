"""What programs do with a result: iterate, find one resource, copy, change and print objects."""

import json
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
import yaml as pyyaml

from kmanifest import (
    KmanifestError,
    LimitError,
    Limits,
    MissingError,
    RenderError,
    SourceError,
    build,
)
from kmanifest.helm import render_chart
from kmanifest.model.changes import plain_copy
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.resource import Resource
from kmanifest.model.trace import Change
from kmanifest.pipeline.dumping import dump
from tests.builds import Job, fixture_jobs, plain, replay

FILES = {
    "kustomization.yaml": "resources: [all.yaml]\n",
    "all.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: one}
data: {mode: 0x1F, ratio: 1.50, day: 2001-01-01, empty: }
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: two}
---
apiVersion: v1
kind: Secret
metadata: {name: api}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
---
apiVersion: example.com/v1
kind: Ingress
metadata: {name: web}
""",
}
RENDERED = build(tree=FILES)
DEPLOYMENT = Resource(
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}},
        },
    }
)


def test_a_result_is_iterated_as_its_resources():
    assert list(RENDERED) == list(RENDERED.resources)
    assert len(RENDERED) == 5
    assert RENDERED.resources[0] in RENDERED


def test_a_chart_is_iterated_too():
    files = {
        "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
        "templates/a.yaml": "{kind: Job, metadata: {name: a}}",
    }
    rendered = render_chart("", tree=files)
    assert [resource.name for resource in rendered] == ["a"]
    assert rendered.find("Job", "a") is rendered.resources[0]
    assert rendered.to_dicts() == [{"kind": "Job", "metadata": {"name": "a"}}]


# find


@pytest.mark.parametrize(
    ("arguments", "index"),
    [
        (("ConfigMap", "web", "one"), 0),
        (("ConfigMap", "web", "two"), 1),
        (("Secret", "api"), 2),
        (("Secret", "api", ""), 2),
    ],
)
def test_find_returns_the_one_resource(arguments: tuple[str, ...], index: int):
    assert RENDERED.find(*arguments) is RENDERED.resources[index]
    assert RENDERED.resources.find(*arguments) is RENDERED.resources[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ConfigMap", "wbe"), "no resource matches ConfigMap/wbe (did you mean ConfigMap/web?)"),
        (("Configmap", "web"), "no resource matches Configmap/web (did you mean ConfigMap/web?)"),
        (("ConfigMap", "web", ""), "no resource matches ConfigMap/web (did you mean ConfigMap/web in namespace two or ConfigMap/web in namespace one?)"),
        (("ConfigMap", "web", "tow"), "no resource matches ConfigMap/web in namespace tow (did you mean ConfigMap/web in namespace two or ConfigMap/web in namespace one?)"),
        (("Gateway", "g"), "no resource matches Gateway/g"),
    ],
)  # fmt: skip
def test_find_suggests_near_names(arguments: tuple[str, ...], message: str):
    with pytest.raises(MissingError) as caught:
        RENDERED.find(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ConfigMap", "web"), "several resources match ConfigMap/web: v1 ConfigMap/web in namespace one, v1 ConfigMap/web in namespace two"),
        (("Ingress", "web", ""), "several resources match Ingress/web: example.com/v1 Ingress/web, networking.k8s.io/v1 Ingress/web"),
    ],
)  # fmt: skip
def test_find_lists_several_matches(arguments: tuple[str, ...], message: str):
    with pytest.raises(RenderError) as caught:
        RENDERED.find(*arguments)
    assert str(caught.value) == message


def test_find_refuses_other_types():
    with pytest.raises(TypeError, match="name must be a str, not int"):
        RENDERED.find("ConfigMap", 3)  # type: ignore[arg-type]


# to_dicts


def test_dicts_are_plain_and_independent():
    dicts = RENDERED.to_dicts()
    expected = {"mode": 31, "ratio": 1.5, "day": "2001-01-01T00:00:00Z", "empty": ""}
    assert dicts[0]["data"] == expected
    assert {type(value) for value in dicts[0]["data"].values()} == {int, float, str}
    assert {type(key) for key in dicts[0]["data"]} == {str}
    assert pyyaml.safe_load(pyyaml.safe_dump(dicts)) == json.loads(json.dumps(dicts)) == dicts
    dicts[0]["data"]["mode"] = dicts[0]["metadata"]["namespace"] = "changed"
    assert RENDERED.resources[0].body["data"]["mode"] == 31
    assert RENDERED.to_dicts()[0]["metadata"]["namespace"] == "one"


@pytest.mark.parametrize("job", fixture_jobs("kustomize/*"), ids=lambda job: job.name)
def test_dicts_are_printed_as_the_resources(job: Job):
    try:
        rendered = job.build()
        text = rendered.text()
    except KmanifestError:
        return
    assert dump(rendered.to_dicts()) == dump(rendered) == text


def test_plain_copy_of_unusual_containers():
    value = {"a": (1, {"b": MappingProxyType({"c": True})}), "d": date(2001, 1, 1)}
    assert plain(plain_copy(value)) == plain({"a": [1, {"b": {"c": True}}], "d": date(2001, 1, 1)})
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert len(plain_copy(deep)) == 1


# with_changes


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ({("metadata", "labels", "app.kubernetes.io/name"): "a"}, ("metadata",), {"name": "web", "labels": {"app.kubernetes.io/name": "a"}}),
        ({("spec", "replicas"): 3}, ("spec", "replicas"), 3),
        ({("spec", "replicas"): None}, ("spec", "replicas"), None),
        ({("spec", "replicas"): MISSING}, ("spec", "replicas"), MISSING),
        ({("spec", "nothing", "there"): MISSING}, ("spec", "nothing"), MISSING),
        ({("spec", "template", "spec", "containers", 1, "image"): "x"}, ("spec", "template", "spec", "containers"), [{"name": "a"}, {"name": "b", "image": "x"}]),
        ({("spec", "template", "spec", "containers", -1, "image"): "x"}, ("spec", "template", "spec", "containers", 1), {"name": "b", "image": "x"}),
        ({("spec", "template", "spec", "containers", 0): MISSING}, ("spec", "template", "spec", "containers"), [{"name": "b"}]),
        ({("spec", "template", "spec", "containers", 7): MISSING}, ("spec", "template", "spec", "containers"), [{"name": "a"}, {"name": "b"}]),
        ({(): {"kind": "Job"}}, (), {"kind": "Job"}),
        ({("metadata",): {"name": "x"}, ("metadata", "namespace"): "n"}, ("metadata",), {"name": "x", "namespace": "n"}),
        ({}, ("kind",), "Deployment"),
    ],
)  # fmt: skip
def test_changes(changes: dict[Any, Any], path: tuple[str, ...], expected: Any):
    before = json.dumps(DEPLOYMENT.body)
    changed = DEPLOYMENT.with_changes(changes)
    found = changed.body if not path else changed.get(*path)
    assert found == (None if expected is MISSING else expected)
    assert json.dumps(DEPLOYMENT.body) == before
    assert changed.lineage is DEPLOYMENT.lineage


def test_a_change_of_nothing_returns_the_resource_itself():
    assert DEPLOYMENT.with_changes({}) is DEPLOYMENT
    assert DEPLOYMENT.with_changes({("spec", "replicas"): 1, ("spec", "x"): MISSING}) is DEPLOYMENT
    assert DEPLOYMENT.with_changes({("spec", "replicas"): True}).body["spec"]["replicas"] is True


def test_the_id_follows_a_change_of_the_name():
    changed = DEPLOYMENT.with_changes({("metadata", "name"): "api", ("metadata", "namespace"): "n"})
    assert str(changed.id) == "Deployment/api in namespace n"


def test_values_are_copied():
    labels = {"a": "1"}
    changed = DEPLOYMENT.with_changes({("metadata", "labels"): labels})
    labels["a"] = "2"
    assert changed.labels == {"a": "1"}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({("kind", "x"): 1}, SourceError, "kind.x: expected a mapping, got string"),
        ({("spec", "template", "spec", "containers", 2, "x"): 1}, SourceError, "spec.template.spec.containers.2: a list of 2 has no element 2"),
        ({("spec", "other", 0, "image"): 2}, SourceError, "spec.other: there is no list with an element 0"),
        ({(0,): 2}, SourceError, "there is no list with an element 0"),
        ({(): 3}, SourceError, "expected a mapping, got integer"),
        ({(): MISSING}, SourceError, "the body of a resource can't be removed"),
        ({"metadata.name": "x"}, TypeError, "a field path must be a tuple of keys and list indexes, such as ('metadata', 'name'), not str"),
        ({(1.5,): "x"}, TypeError, "a field path must be a tuple of keys and list indexes, such as ('metadata', 'name'), not tuple"),
        ([("a", "b")], TypeError, "changes must be a mapping of field paths to values, not list"),
    ],
)  # fmt: skip
def test_wrong_changes(changes: Any, error: type[Exception], message: str):
    with pytest.raises(error) as caught:
        DEPLOYMENT.with_changes(changes)
    assert str(caught.value) == message


def test_the_changes_of_a_build_can_be_applied_again():
    changes: list[Change] = []
    tree = {
        **FILES,
        "kustomization.yaml": "resources: [all.yaml]\nlabels: [{pairs: {a: b}}]\nnamePrefix: p-\n",
    }
    rendered = build(tree=tree, on_change=changes.append)
    bodies = replay(changes)
    loaded = {change.lineage: Resource(change.new) for change in changes if not change.field}
    for change in changes:
        if change.field:
            resource = loaded[change.lineage]
            loaded[change.lineage] = resource.with_changes({change.field: change.new})
    assert [loaded[lineage].body for lineage in bodies] == list(bodies.values())
    assert {resource.lineage for resource in rendered} == set(bodies)


# dump


def test_changed_resources_are_printed():
    changed = [
        resource.with_changes({("metadata", "labels", "team"): "shop"}) for resource in RENDERED
    ]
    files = {
        **FILES,
        "kustomization.yaml": "resources: [all.yaml]\nlabels: [{pairs: {team: shop}}]\n",
    }
    assert dump(changed) == build(tree=files).text()
    assert dump(RENDERED.resources) == RENDERED.text()


def test_single_objects_and_nothing():
    assert dump({"b": 1, "a": [True, None]}) == "a:\n- true\n- null\nb: 1\n"
    assert dump(Resource({"kind": "Job"})) == "kind: Job\n"
    assert dump(MappingProxyType({"kind": "Job"})) == "kind: Job\n"
    assert dump([]) == ""
    mixed: list[Resource | dict[str, int]] = [{"a": 1}, Resource({"a": 2})]
    assert dump(iter(mixed)) == "a: 1\n---\na: 2\n"


def test_an_error_names_the_object_and_the_field():
    with pytest.raises(SourceError) as caught:
        dump([{"a": 1}, {"data": {"d": [1, date(2001, 1, 1)]}}])
    assert caught.value.location.field == (1, "data", "d", 1)
    assert str(caught.value) == "1.data.d.1: a value of the type date can't be written as YAML"


def test_the_output_has_a_limit():
    with pytest.raises(LimitError, match="max_output"):
        dump([{"a": "x" * 40}] * 3, limits=Limits(max_output=100))


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (3, "resources must be an iterable of Resource objects or mappings, not int"),
        ("kind: Job", "resources must be an iterable of Resource objects or mappings, not str"),
        ([3], "an object in resources must be a Resource or a mapping, not int"),
    ],
)
def test_only_objects_are_printed(resources: Any, message: str):
    with pytest.raises(TypeError) as caught:
        dump(resources)
    assert str(caught.value) == message
