"""Results were printed by kustomize v5.8.2."""

from typing import Any

import pytest

from kmanifest.engines.kustomize.path_matcher import split_steps
from kmanifest.engines.kustomize.replacements import replace
from kmanifest.engines.kustomize.scalar_nodes import resolved
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Registry

SOURCE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "source", "annotations": {"tier": "web"}},
    "data": {"port": "8080", "image": "nginx:1.7"},
}
TARGET: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "target", "labels": {"app": "a"}},
    "spec": {
        "replicas": 1,
        "list": [{"name": "one", "v": "a"}, {"name": "two", "v": "b"}],
        "empty": [],
    },
}
PORT = {"source": {"kind": "ConfigMap", "fieldPath": "data.port"}}


def run(
    replacements: list[dict[str, Any]], *bodies: dict[str, Any], files: dict[str, str] | None = None
) -> ResourceMap:
    ctx = Context(tree=MemoryTree(files or {}), registry=Registry())
    resources = ResourceMap(
        Resource(body, cluster_scoped=False) for body in bodies or (SOURCE, TARGET)
    )
    # Values as they are printed: a field that is made holds a node until then.
    return replace(ctx, Resource({"replacements": replacements}), resources).map(resolved)


def to(*paths: str, **options: Any) -> dict[str, Any]:
    return {"select": {"kind": "Deployment"}, "fieldPaths": list(paths), "options": options}


@pytest.mark.parametrize(
    ("source", "target", "path", "expected"),
    [
        (PORT, to("spec.replicas"), ("replicas",), 8080),
        (PORT, to("spec.new", create=True), ("new",), 8080),
        (PORT, to("spec.new.deep.0.x", create=True), ("new",), {"deep": [{"x": 8080}]}),
        (PORT, to("spec.list.*.v"), ("list", 1, "v"), "8080"),
        (PORT, to("spec.list.[name=o].v"), ("list", 1, "v"), "8080"),
        (PORT, to("spec.list.[name=^one$].v"), ("list", 1, "v"), "b"),
        (PORT, to("spec.list.2.v", create=True), ("list", 2), {"v": 8080}),
        (
            PORT,
            to("spec.list.[name=three].v", create=True),
            ("list", 2),
            {"name": "three", "v": 8080},
        ),
        (PORT, to("spec.empty.[=x]", create=True), ("empty",), [8080]),
        (
            {"source": {"kind": "ConfigMap", "fieldPath": "metadata.annotations"}},
            to("spec.list.0"),
            ("list", 0),
            {"tier": "web"},
        ),
        ({"sourceValue": "x"}, to("spec.list"), ("list",), "x"),
        ({"sourceValue": "true"}, to("spec.list"), ("list",), True),
        ({"sourceValue": ""}, to("spec.list.0.v"), ("list", 0, "v"), ""),
    ],
)
def test_value(source, target, path, expected):
    assert run([{**source, "targets": [target]}])[1].get("spec", *path) == expected


@pytest.mark.parametrize(("index", "expected"), [(-1, "1.7-a"), (0, "1.7"), (7, "a-1.7")])
def test_parts(index, expected):
    source = {
        "kind": "ConfigMap",
        "fieldPath": "data.image",
        "options": {"delimiter": ":", "index": 1},
    }
    result = run([{"source": source, "targets": [to("spec.list.0.v", delimiter="-", index=index)]}])
    assert result[1].get("spec", "list", 0, "v") == expected


def test_input_is_not_changed_and_branches_are_shared():
    result = run([{**PORT, "targets": [to("spec.replicas")]}])
    assert TARGET["spec"]["replicas"] == 1
    assert result[1].get("spec", "list") is TARGET["spec"]["list"]


def test_the_source_may_be_in_its_target():
    body = {**TARGET, "spec": {"a": "x-y", "b": "-"}}
    source = {"kind": "Deployment", "fieldPath": "spec.a"}
    result = run(
        [{"source": source, "targets": [to("spec.a", "spec.b", delimiter="-", index=1)]}], body
    )
    assert result[0].body["spec"] == {"a": "x-x-y", "b": "-x-x-y"}


def test_reject_by_label_counts_by_itself():
    target = {**to("spec.replicas"), "reject": [{"kind": "Other", "labelSelector": "app=a"}]}
    assert run([{**PORT, "targets": [target]}])[1].get("spec", "replicas") == 1


def test_from_file():
    files = {
        "r.yaml": "- sourceValue: '7'\n  targets: [{select: {name: target}, fieldPaths: [spec.replicas]}]\n"
    }
    assert run([{"path": "r.yaml"}], files=files)[1].get("spec", "replicas") == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"z": "<", "a": {"b": 1.50}}', '{"a":{"b":9},"z":"\\u003c"}'),
        ('{\n  "z": [],\n  "a": {"b": "x"}\n}\n', '{\n  "a": {\n    "b": "9"\n  },\n  "z": []\n}'),
        (
            '# about\na:\n    # this\n    b: "x" # end\n    c:\n      - 1\n',
            '# about\na:\n  # this\n  b: "9" # end\n  c:\n  - 1',
        ),
        ("a:\n  b: [1]\n", "a:\n  b: 9"),
        ("a:\n  b: true", "a:\n  b: !!bool 9"),
    ],
)
def test_inside_of_a_string(text, expected):
    body = {**SOURCE, "data": {"file": text}}
    target = {"select": {"kind": "ConfigMap"}, "fieldPaths": ["data.file.a.b"]}
    assert run([{"sourceValue": "9", "targets": [target]}], body)[0].get("data", "file") == expected


def test_a_string_that_cannot_be_json_is_unchanged():
    body = {**SOURCE, "data": {"file": '{"a": {"b": true}}'}}
    target = {"select": {"kind": "ConfigMap"}, "fieldPaths": ["data.file.a.b"]}
    assert run([{"sourceValue": "9", "targets": [target]}], body)[0].body == body


@pytest.mark.parametrize(
    ("replacement", "field"),
    [
        ({**PORT}, ()),
        ({"targets": [to("spec.replicas")]}, ()),
        ({**PORT, "sourceValue": "x", "targets": [to("spec.replicas")]}, ()),
        ({"source": {"kind": "Nothing"}, "targets": [to("x")]}, ("source",)),
        (
            {"source": {"kind": "ConfigMap", "fieldPath": "data.prot"}, "targets": [to("x")]},
            ("source", "fieldPath"),
        ),
        ({**PORT, "targets": [to("spec.replicsa")]}, ("targets", 0, "fieldPaths", 0)),
        ({**PORT, "targets": [to("spec.list.5.v", create=True)]}, ("targets", 0, "fieldPaths", 0)),
        ({**PORT, "targets": [to("spec.list.-")]}, ("targets", 0, "fieldPaths", 0)),
        ({**PORT, "targets": [{"fieldPaths": ["x"]}]}, ("targets", 0, "select")),
        ({**PORT, "targets": [{"select": {"name": "("}}]}, ("targets", 0, "select", "name")),
        ({"sourceValue": "abc", "targets": [to("spec.replicas")]}, ("targets", 0, "fieldPaths", 0)),
    ],
)
def test_error_names_the_field(replacement, field):
    with pytest.raises(KmanifestError) as caught:
        run([replacement])
    assert caught.value.location.field == ("replacements", 0, *field)
    assert "\n" not in str(caught.value)


def test_near_names():
    with pytest.raises(KmanifestError) as caught:
        run([{**PORT, "targets": [to("spec.replicsa")]}])
    assert caught.value.near == ("replicas",)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b", ["a", "b"]),
        (r"a.b\.c", ["a", "b.c"]),
        ("a.[b.c].d", ["a", "b.c", "d"]),
        ("a.[n=b.c].d", ["a", "[n=b.c]", "d"]),
        (".a", ["a"]),
        ("a.[b.c", ["a", "b.c"]),
    ],
)
def test_split_steps(path, steps):
    assert split_steps(path) == steps
