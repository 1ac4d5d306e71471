"""Results were printed by kustomize v5.8.2."""

from typing import Any

import pytest

from kmanifest.engines.kustomize.vars import join_vars, merge_vars, resolve_vars
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.findings import Finding
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Registry

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "svc"},
    "spec": {"ports": [{"port": 80}], "share": 1234567.5, "on": True},
}
SPECS = [
    ("spec/args", "", "", "", False),
    ("spec/env/value", "", "", "", False),
    ("metadata/annotations", "", "", "", False),
]


def var(var_name: str, path: str = "", **ref: str) -> dict[str, Any]:
    objref = {"apiVersion": "v1", "kind": "Service", "name": "svc", **ref}
    return {"name": var_name, "objref": objref, "fieldref": {"fieldPath": path}}


def expand(text: str, *rows: dict[str, Any], findings: list[Finding] | None = None) -> Any:
    reported: list[Finding] = [] if findings is None else findings
    ctx = Context(tree=MemoryTree({}), registry=Registry(), on_finding=reported.append)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"args": [text]}}
    resources = ResourceMap(Resource(body, cluster_scoped=False) for body in (SERVICE, pod))
    rows = rows or (
        var("NAME"),
        var("PORT", "spec.ports[0].port"),
        var("SHARE", "spec.share"),
        var("ON", "spec.on"),
    )
    vars_, resources = merge_vars((), rows, resources)
    return resolve_vars(ctx, vars_, SPECS, resources)[1].get("spec", "args", 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(NAME)", "svc"),
        ("$(PORT)", 80),
        ("$(ON)", True),
        ("$(SHARE)", 1234567.5),
        ("a $(PORT)/$(ON)", "a 80/true"),
        ("$(SHARE)!", "1.2345675e+06!"),
        ("$$(NAME) $$$(NAME)", "$(NAME) $svc"),
        ("$(OTHER) $(NAME", "$(OTHER) $(NAME"),
        ("$NAME$", "$NAME$"),
        ("$é", "JMODqQ=="),
    ],
)
def test_expanded(text, expected):
    assert expand(text) == expected


def test_unused_vars_are_reported():
    findings: list[Finding] = []
    expand("$(NAME)", var("NAME"), var("B"), var("A"), findings=findings)
    assert [finding.message for finding in findings] == [
        "well-defined vars that were never replaced: A,B"
    ]


def test_a_mapping_is_not_put_into_a_text():
    findings: list[Finding] = []
    assert expand("$(SPEC)", var("SPEC", "spec"), findings=findings) == "$(SPEC)"
    assert len(findings) == 2


@pytest.mark.parametrize(
    "row", [var("X", "spec.none"), var("X", name="none"), var("X", "spec.ports[4].port")]
)
def test_no_value(row):
    with pytest.raises(KmanifestError):
        expand("x", row)


def test_a_name_is_declared_once():
    with pytest.raises(SourceError) as caught:
        expand("x", var("A"), var("A"))
    assert caught.value.location.field == (1, "name")
    vars_, _ = merge_vars((), [var("A")], ResourceMap())
    with pytest.raises(SourceError):
        join_vars(vars_, vars_)


def test_several_resources():
    other = {**SERVICE, "metadata": {"name": "svc", "namespace": "n"}}
    resources = ResourceMap(Resource(body, cluster_scoped=False) for body in (SERVICE, other))
    with pytest.raises(KmanifestError):
        merge_vars((), [var("A")], resources)
    _, marked = merge_vars((), [var("A", namespace="n")], resources)
    assert [resource.var_names for resource in marked] == [(), ("A",)]
