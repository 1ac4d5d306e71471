"""The structure of objects: types, unknown fields, required fields and enums, as an API server decodes them."""

from functools import cache
from typing import Any

import pytest

from kmanifest.model.errors import FieldPath, LimitError, SourceError
from kmanifest.validation.objects import Validator, read_documents
from kmanifest.validation.packing import pack_versions
from kmanifest.validation.places import Fault, Place, Report
from kmanifest.validation.scalars import (
    find_base64_fault,
    find_quantity_fault,
    find_time_fault,
)
from kmanifest.validation.versions import LATEST, load_definitions, parse_version


@cache
def validator(version: tuple[int, int] = (1, 36)) -> Validator:
    """A validator without semantic rules."""
    return Validator(version, {})


def faults(text: str, version: tuple[int, int] = (1, 36)) -> list[tuple[str, FieldPath]]:
    return [(fault.kind, fault.path) for fault in validator(version).check_text(text.encode())]


def fault(text: str) -> Fault:
    (found,) = validator().check_text(text.encode())
    return found


def config_map(rest: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{rest}\n"


def pod(spec: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n"


def test_a_good_object_has_no_faults():
    assert faults(config_map("data: {a: b}")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("just text", ("parse", ())),
        ("a: [", ("parse", ())),
        ("{kind: Pod}", ("discovery", ("apiVersion",))),
        ("{apiVersion: v1}", ("discovery", ("kind",))),
        ("{apiVersion: v1, kind: Deployment}", ("discovery", ("kind",))),
        ("{apiVersion: v1, kind: PodList}", ("discovery", ("kind",))),
        ("{apiVersion: apps/v2, kind: Deployment}", ("discovery", ("apiVersion",))),
        ("{apiVersion: example.com/v1, kind: Widget}", ("no-schema", ("apiVersion",))),
        (config_map("dta: {}"), ("unknown-field", ("dta",))),
        (config_map("data: {a: b}\ndata: {}"), ("duplicate-field", ("data",))),
        (config_map("data: &a {a: b}\nbinaryData: {<<: *a, a: QQ==}"), ("duplicate-field", ("binaryData", "a"))),
        (config_map("data: {a: 1}"), ("type", ("data", "a"))),
        (config_map("data: {a: yes}"), ("type", ("data", "a"))),
        (config_map("data: []"), ("type", ("data",))),
        (config_map("binaryData: {a: A}"), ("type", ("binaryData", "a"))),
        (config_map("immutable: 1"), ("type", ("immutable",))),
        (pod("{}"), ("required", ("spec", "containers"))),
        (pod("{containers: [{image: a}]}"), ("required", ("spec", "containers", 0, "name"))),
        (pod("{containers: [null]}"), ("required", ("spec", "containers", 0, "name"))),
        (pod("{containers: [{name: a}], priority: 1.5}"), ("type", ("spec", "priority"))),
        (pod("{containers: [{name: a}], priority: 2147483648}"), ("type", ("spec", "priority"))),
        (pod("{containers: [{name: a}], restartPolicy: Sometimes}"), ("enum", ("spec", "restartPolicy"))),
        (pod("{containers: [{name: a}], preemptionPolicy: ''}"), ("enum", ("spec", "preemptionPolicy"))),
    ],
)  # fmt: skip
def test_faults(text: str, expected: tuple[str, FieldPath]):
    assert faults(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        config_map("data: null"),
        config_map("data: {a: null}"),
        config_map("data: {1: a, true: b, 1.5: c}"),
        config_map('data: {1: a, "1": b}'),
        config_map('binaryData: {a: "QUJD\\nREVG"}'),
        pod("{containers: [{name: a, ports: [{containerPort: 80.0}, {containerPort: 8e2}, {containerPort: 0x51}]}]}"),
        pod("{containers: [{name: a, resources: {requests: {cpu: 0.1, memory: 1E3, b: +128Mi, c: .5Gi, d: null}}}]}"),
        pod("{containers: [{name: a}], restartPolicy: ''}"),
        pod("{containers: [{name: a}], restartPolicy: null, securityContext: null, volumes: null}"),
        pod("{containers: [{name: a, livenessProbe: {httpGet: {port: http}}, readinessProbe: {httpGet: {port: 80}}}]}"),
    ],
)  # fmt: skip
def test_what_the_server_takes(text: str):
    assert faults(text) == []


def test_messages_are_those_of_the_server():
    unknown = fault(pod("{containers: [{name: a, imag: b}]}"))
    assert unknown.message == 'unknown field "spec.containers[0].imag"'
    assert unknown.near == ("image",)
    number = fault(pod("{containers: [{name: a}], priority: 2147483648}"))
    assert number.message == (
        "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32"
    )
    enum = fault(pod("{containers: [{name: a}], restartPolicy: No}"))
    assert enum.kind == "type"
    removed = fault("{apiVersion: extensions/v1beta1, kind: Ingress}")
    assert removed.message == (
        'no matches for kind "Ingress" in version "extensions/v1beta1" '
        "(removed in Kubernetes 1.22; use networking.k8s.io/v1 Ingress)"
    )


def test_a_misspelled_required_field_is_one_fault():
    assert fault(pod("{containers: [{nam: a}]}")).near == ("name",)


def test_kinds_are_found_in_any_case():
    assert fault("{apiVersion: apps/v1, kind: deployment}").near == ("Deployment",)
    assert fault("{apiVersion: batch/v1beta1, kind: CronJob}").kind == "discovery"


def test_beta_versions_are_not_served():
    text = "{apiVersion: resource.k8s.io/v1beta1, kind: ResourceClaim, spec: {}}"
    assert faults(text) == [("discovery", ("apiVersion",))]


def test_versions_differ():
    text = "{apiVersion: autoscaling/v2beta2, kind: HorizontalPodAutoscaler, metadata: {name: a}}"
    assert ("discovery", ("apiVersion",)) not in faults(text, (1, 25))
    assert ("warning", ("apiVersion",)) in faults(text, (1, 25))
    assert faults(text, (1, 26)) == [("discovery", ("apiVersion",))]
    host_users = pod("{containers: [{name: a}], hostnameOverride: b}")
    assert faults(host_users, (1, 30)) == [("unknown-field", ("spec", "hostnameOverride"))]
    assert faults(host_users, (1, 36)) == []


def test_values_that_are_no_pointers_are_checked_when_absent():
    job = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {}}"
    assert faults(job) == [("required", ("spec", "template", "spec", "containers"))]
    assert faults("{apiVersion: batch/v1, kind: Job, metadata: {name: a}}") == faults(job)


def test_status_is_decoded_and_then_dropped():
    base = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\n"
    assert faults(f"{base}status: {{phase: Nonsense}}") == []
    assert faults(f"{base}status: {{phas: Bound}}") == [("unknown-field", ("status", "phas"))]


def test_schemas_in_a_schema_are_not_strict():
    crd = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a}
spec:
  group: a.b
  scope: Cluster
  names: {kind: A, plural: as}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {a: {additionalProperties: {typo: 1}, items: 7}}, nope: 1}}
"""
    path = ("spec", "versions", 0, "schema", "openAPIV3Schema", "nope")
    assert faults(crd) == [("unknown-field", path)]


def test_rules_are_called_by_type_in_order():
    called: list[tuple[str, FieldPath]] = []

    def note(place: Place, report: Report) -> None:
        called.append((place.type, place.path()))
        if place.type == "Quantity":
            report(place, (), "invalid", "no")

    rules = dict.fromkeys(
        ("Pod", "PodSpec", "Container", "Quantity", "ResourceRequirements"), (note,)
    )
    text = pod("{containers: [{name: a, resources: {limits: {cpu: 1}}}, {name: b}]}")
    found = Validator((1, 36), rules).check_text(text.encode())
    assert [(each.kind, each.path) for each in found] == [
        ("invalid", ("spec", "containers", 0, "resources", "limits", "cpu"))
    ]
    assert called == [
        ("Pod", ()),
        ("PodSpec", ("spec",)),
        ("Container", ("spec", "containers", 0)),
        ("ResourceRequirements", ("spec", "containers", 0, "resources")),
        ("Quantity", ("spec", "containers", 0, "resources", "limits", "cpu")),
        ("Container", ("spec", "containers", 1)),
        ("ResourceRequirements", ("spec", "containers", 1, "resources")),
    ]


def test_rules_are_not_called_when_something_does_not_decode():
    def fail(_place: Place, _report: Report) -> None:
        raise AssertionError

    text = pod("{containers: [{name: 1}]}")
    assert Validator((1, 36), {"Pod": (fail,)}).check_text(text.encode())


def test_a_rule_replaces_the_fault_of_the_schema():
    def require(place: Place, report: Report) -> None:
        report(place, ("containers",), "required", "in the words of the server")

    found = Validator((1, 36), {"PodSpec": (require,)}).check_text(pod("{}").encode())
    assert [each.message for each in found] == ["in the words of the server"]


def test_equal_keys_of_a_list_are_a_warning():
    text = pod("{containers: [{name: a, env: [{name: A}, {name: A}]}]}")
    assert faults(text) == [("warning", ("spec", "containers", 0, "env", 1))]
    ports = pod("{containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 80.0}]}]}")
    assert faults(ports) == [("warning", ("spec", "containers", 0, "ports", 1))]


def test_deep_objects_are_one_error():
    schema: dict[str, Any] = {}
    for _ in range(20_000):
        schema = {"properties": {"a": schema}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]},
    }
    with pytest.raises(LimitError, match="nested too deeply"):
        validator().check_object(crd)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("plain text", 5), ("s3cr3t", 4), ("czNjcjN0Cg", 8), ("AAE", 0), ("_-8=", 0), ("abc-_w==", 3),
        (" czNjcjN0", 0), ("A===", 1), ("AA=", 3), ("QUJD=", 4), ("QQ==QQ==", 4),
    ],
)  # fmt: skip
def test_base64_faults(text: str, position: int):
    assert find_base64_fault(text) == f"illegal base64 data at input byte {position}"


@pytest.mark.parametrize("text", ["", "QUJD", "QQ==", "QUI=", "QU\nJD", "QQ=\n=\n", "QUJD\r\n"])
def test_base64(text: str):
    assert find_base64_fault(text) is None


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        ("1", True), ("0.0001", True), ("+128Mi", True), (".5Gi", True), ("1.", True), ("1E3", True), ("1e-3", True),
        ("5E", True), (" 1 ", True), (1, True), (1.5, True), ("-1", True),
        ("", False), (".", True), ("128MB", False), ("128mi", False), ("1.5.2", False), ("1 Mi", False), ("e3", True),
        (True, False), ([], False), ({}, False), ("1e", False), ("1m5", False),
    ],
)  # fmt: skip
def test_quantities(value: Any, is_valid: bool):
    assert (find_quantity_fault(value) is None) is is_valid


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("2024-02-29T12:00:00Z", True), ("2024-01-01T00:00:00.5+02:00", True),
        ("2023-02-29T12:00:00Z", False), ("2024-01-01", False), ("yesterday", False), ("2024-01-01T24:00:00Z", False),
        ("", False), ("2024-01-01T00:00:00", False),
    ],
)  # fmt: skip
def test_times(text: str, is_valid: bool):
    assert (find_time_fault(text) is None) is is_valid


def test_micro_times_have_six_digits():
    assert find_time_fault("2024-01-01T00:00:00.123456Z", micro=True) is None
    assert find_time_fault("2024-01-01T00:00:00Z", micro=True) is not None


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.36", (1, 36)), ("v1.30.2", (1, 30)), ("1.29.0-eks-1", (1, 29)), ("master", LATEST)],
)
def test_versions_are_parsed(text: str, version: tuple[int, int]):
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["", "1", "x", "1.36.1.2", "1.36\n"])
def test_wrong_versions_are_refused(text: str):
    with pytest.raises(SourceError, match="no version of Kubernetes"):
        parse_version(text)


@pytest.mark.parametrize("version", [(1, 24), (1, 99), (2, 0)])
def test_unknown_versions_are_refused(version: tuple[int, int]):
    with pytest.raises(SourceError, match=r"known: 1\.25 to 1\.37"):
        load_definitions(version)


@pytest.mark.parametrize("minor", range(25, 38))
def test_each_version_is_complete(minor: int):
    definitions = load_definitions((1, minor))
    for index in definitions.indexes():
        for field in definitions.definition(index).fields.values():
            _, at, reference = field.type.partition("@")
            assert not at or int(reference) in set(definitions.indexes())
    assert definitions.find("v1", "Pod") is not None


def test_packing_keeps_what_differs_between_versions():
    first = {"a.b.v1.A": {"properties": {"x": {"type": ["string", "null"]}}}}
    second = {
        "a.b.v1.A": {"properties": {"x": {"type": "integer", "format": "int32"}}, "required": ["x"]}
    }
    text = pack_versions({(1, 1): first, (1, 2): second, (1, 3): {}}, {})
    assert text == "a.b.v1.A\n\nx=s\nx!i\n\n1.1 0:0\n1.2 0:1\n1.3 0:\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", True), ("a: 'yes'", "yes"), ("a: off # x", False), ("[no]", [False]), ("{a: y}", {"a": True}),
        ("on: 1", {"true": 1}), ("a: 2001-01-01", "2001-01-01"), ("a: yesterday", "yesterday"),
    ],
)  # fmt: skip
def test_words_are_read_as_the_server_reads_them(text: str, value: Any):
    (document,) = read_documents(text.encode())
    read = document.value
    assert (read["a"] if text.startswith("a:") else read) == value
