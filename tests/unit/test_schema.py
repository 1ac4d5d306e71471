"""The built-in schema and custom schemas."""

import gzip
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kmanifest.model.errors import SourceError
from kmanifest.schema import BUILTIN, Schema, TypeSchema

SCHEMAS = Path(__file__).parents[2] / "schemas"


def at(schema: TypeSchema | None, *path: str) -> TypeSchema:
    for step in path:
        assert schema is not None, path
        schema = schema.elements() if step == "[]" else schema.field(step)
    assert schema is not None, path
    return schema


POD = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("kind", "path", "strategy", "keys"),
    [
        ("Deployment", (*POD, "containers"), "merge", ("name",)),
        ("Deployment", (*POD, "volumes"), "merge,retainKeys", ("name",)),
        ("Deployment", (*POD, "containers", "[]", "ports"), "merge", ("containerPort", "protocol")),
        ("Deployment", (*POD, "tolerations"), "", ()),
        ("Deployment", ("metadata", "finalizers"), "merge", ()),
        ("Deployment", ("spec", "strategy"), "", ()),  # a strategy next to a $ref is ignored
        ("Deployment", ("metadata", "labels", "any"), "", ()),
        (
            "StatefulSet",
            ("spec", "volumeClaimTemplates", "[]", "metadata", "ownerReferences"),
            "merge",
            ("uid",),
        ),
    ],
)
def test_fields(kind: str, path: tuple[str, ...], strategy: str, keys: tuple[str, ...]) -> None:
    field = at(BUILTIN.for_type("apps/v1", kind), *path)
    assert (field.strategy, field.merge_keys) == (strategy, keys)
    assert field.merges is ("merge" in strategy)


def test_unknown_types_and_fields() -> None:
    deployment = BUILTIN.for_type("apps/v1", "Deployment")
    assert deployment is not None
    assert deployment.field("nothing") is None
    assert deployment.elements() is None
    assert BUILTIN.for_type("example.com/v1", "Deployment") is None


def test_a_schema_may_contain_itself() -> None:
    definition = BUILTIN.for_type("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    props = ("properties", "a") * 50
    schema = at(
        definition, "spec", "versions", "[]", "schema", "openAPIV3Schema", *props, "required"
    )
    assert schema.strategy == ""


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("v1", "Namespace", True),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", True),
        ("apps/v1", "Deployment", False),
        ("example.com/v1", "ClusterThing", False),
    ],
)
def test_scope(api_version: str, kind: str, expected: bool) -> None:
    assert BUILTIN.is_cluster_scoped(api_version, kind) is expected


def gvk(group: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": kind}


DOCUMENT: dict[str, Any] = {
    "definitions": {
        "a/b": {
            "x-kubernetes-group-version-kind": [gvk("e.com", "v1", "Foo")],
            "properties": {
                "list": {
                    "type": ["array"],
                    "items": {"$ref": "#/definitions/Item"},
                    "x-kubernetes-patch-strategy": "merge",
                    "x-kubernetes-patch-merge-key": "id",
                },
                "round": {"$ref": "#/definitions/Round"},
                "part": {"$ref": "#/definitions/a~1b/properties/list"},
            },
            "additionalProperties": {"$ref": "#/definitions/Item"},
        },
        "Item": {"properties": {"x": {"type": "string"}}, "additionalProperties": False},
        "Round": {"$ref": "#/definitions/Round"},
        "Pod": {"x-kubernetes-group-version-kind": [gvk("", "v1", "Pod")]},
    },
    "paths": {
        "/apis/e.com/v1/foos": {
            "get": {"x-kubernetes-group-version-kind": gvk("e.com", "v1", "Foo")}
        },
        "/apis/e.com/v1/namespaces/{namespace}/bars": {
            "get": {"x-kubernetes-group-version-kind": gvk("e.com", "v1", "Bar")}
        },
        "/apis/e.com/v1/bars": {
            "get": {"x-kubernetes-group-version-kind": gvk("e.com", "v1", "Bar")}
        },
        "/api/v1/pods": {"get": {"x-kubernetes-group-version-kind": gvk("", "v1", "Pod")}},
        "/api": {"post": {}},
    },
}


def test_custom_schema() -> None:
    schema = Schema.from_document(DOCUMENT)
    foo = schema.for_type("e.com/v1", "Foo")
    assert at(foo, "list").merge_keys == ("id",)
    assert at(foo, "part").merge_keys == ("id",)
    assert at(foo, "list", "[]", "x").strategy == ""
    assert at(foo, "list", "[]").field("y") is None
    assert at(foo, "anything", "x").strategy == ""
    assert foo is not None
    assert foo.field("round") is None
    assert schema.for_type("apps/v1", "Deployment") is None
    assert schema.for_type("kustomize.config.k8s.io/v1beta1", "Kustomization") is not None
    assert Schema.from_document(DOCUMENT, BUILTIN).for_type("apps/v1", "Deployment") is not None


def test_scope_by_the_paths_of_a_custom_schema() -> None:
    schema = Schema.from_document(DOCUMENT)
    assert schema.is_cluster_scoped("e.com/v1", "Foo")
    assert not schema.is_cluster_scoped("e.com/v1", "Bar")
    assert not schema.is_cluster_scoped("v1", "Pod")  # the built-in table comes first
    assert schema.is_cluster_scoped("v1", "Node")


@pytest.mark.parametrize(
    "document",
    [
        {"definitions": []},
        {"definitions": {"a": 1}},
        {"paths": []},
        {"definitions": {"a": {"x-kubernetes-group-version-kind": [{"kind": 1}]}}},
    ],
)
def test_invalid_documents(document: dict[str, Any]) -> None:
    with pytest.raises(SourceError):
        Schema.from_document(document)


def test_schemas_are_picklable() -> None:
    for schema in (BUILTIN, Schema.from_document(DOCUMENT)):
        schema.for_type("v1", "Pod")
        copy = pickle.loads(pickle.dumps(schema))  # noqa: S301 - built in this test
        assert copy.for_type("v1", "Pod") is not None


def test_built_in_table_equals_upstream() -> None:
    upstream = Schema.from_document(
        json.loads(gzip.decompress((SCHEMAS / "kubernetes-openapi-v1.21.2.json.gz").read_bytes()))
    )
    for key in upstream._types:
        api_version, kind = key.split(" ")
        pending = [(upstream.for_type(api_version, kind), BUILTIN.for_type(api_version, kind), 0)]
        while pending:
            upstream_type, builtin_type, depth = pending.pop()
            assert (upstream_type is None) is (builtin_type is None), key
            if upstream_type is None or builtin_type is None or depth > 8:
                continue
            assert (upstream_type.strategy, upstream_type.merge_keys) == (
                builtin_type.strategy,
                builtin_type.merge_keys,
            ), key
            names = [*upstream_type._node.get("properties", {}), "no such field"]
            pending += [
                (upstream_type.field(name), builtin_type.field(name), depth + 1) for name in names
            ]
            pending.append((upstream_type.elements(), builtin_type.elements(), depth + 1))


def test_generated_modules_are_up_to_date() -> None:
    command = [sys.executable, str(SCHEMAS / "generate.py"), "--check"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
