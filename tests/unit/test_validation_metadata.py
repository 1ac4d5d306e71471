from collections.abc import Mapping
from typing import Any

import pytest

from tests.rule_cases import Found, assert_faults, faults_of

SUBDOMAIN = "a lowercase RFC 1123 subdomain"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}
KINDS = {
    "ConfigMap": "v1", "Namespace": "v1", "Role": "rbac.authorization.k8s.io/v1", "Lease": "coordination.k8s.io/v1",
    "Service": "v1", "LimitRange": "v1", "Event": "v1", "PodDisruptionBudget": "policy/v1",
}  # fmt: skip


def meta_faults(kind: str, meta: Mapping[str, Any]) -> Found:
    body: dict[str, Any] = {"apiVersion": KINDS[kind], "kind": kind, "metadata": meta}
    if kind == "Service":
        body["spec"] = {"ports": [{"port": 80}]}
    found = faults_of(body)
    return [fault for fault in found if fault[0].startswith("metadata")]


@pytest.mark.parametrize(
    ("kind", "name", "messages"),
    [
        ("ConfigMap", "a.b", []),
        ("ConfigMap", "Web", [f'Invalid value: "Web": {SUBDOMAIN}']),
        ("Namespace", "a.b", ['Invalid value: "a.b": must not contain dots']),
        ("Role", "system:Web admin", []),
        ("Role", "a/b", ["Invalid value: \"a/b\": may not contain '/'"]),
        ("Service", "1web", []),
        ("Service", "a.b", ['Invalid value: "a.b": must not contain dots']),
        ("Event", "a..b", []),
        ("PodDisruptionBudget", "Web_1", []),
        ("ConfigMap", "", ["Required value: name or generateName is required"]),
        ("LimitRange", "", []),
    ],
)
def test_names_by_kind(kind, name, messages):
    assert_faults(
        meta_faults(kind, {"name": name}), *(("metadata.name", message) for message in messages)
    )


def test_older_servers_want_services_to_start_with_a_letter():
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "1web"},
        "spec": {"ports": [{"port": 80}]},
    }
    found = [fault for fault in faults_of(body, (1, 35)) if fault[0].startswith("metadata")]
    assert_faults(found, ("metadata.name", 'Invalid value: "1web": a DNS-1035 label'))


@pytest.mark.parametrize("meta", [None, {}, {"name": None}])
def test_a_name_is_required_once(meta):
    assert_faults(
        faults_of({**CONFIG_MAP, "metadata": meta}),
        ("metadata.name", "Required value: name or generateName is required"),
    )


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"generateName": "web-"}, []),
        (
            {"generateName": "Bad_"},
            [("metadata.generateName", f'Invalid value: "Bad_": {SUBDOMAIN}')],
        ),
        ({"name": "a", "labels": {"app": "web", "example.com/b": None}}, []),
        (
            {"name": "a", "labels": {"bad key": "-x"}},
            [
                ("metadata.labels.bad key", 'Invalid value: "bad key": name part must consist'),
                ("metadata.labels.bad key", 'Invalid value: "-x": a valid label must be'),
            ],
        ),
        ({"name": "a", "annotations": {"Example.com/B": "any \n text"}}, []),
        (
            {"name": "a", "annotations": {"a/b/c": "x"}},
            [("metadata.annotations.a/b/c", 'Invalid value: "a/b/c": a valid label key')],
        ),
        (
            {"name": "a", "annotations": {"a": "x" * 262144}},
            [("metadata.annotations", "Too long: may not be more than 262144 bytes")],
        ),
        (
            {"name": "a", "finalizers": ["bad", "example.com/f", "orphan"]},
            [
                (
                    "metadata.finalizers.0",
                    'Invalid value: "bad": name is neither a standard finalizer',
                )
            ],
        ),
        (
            {"name": "a", "finalizers": ["foregroundDeletion", "orphan"]},
            [
                (
                    "metadata.finalizers",
                    'Invalid value: ["foregroundDeletion","orphan"]: finalizer orphan and',
                )
            ],
        ),
        (
            {
                "name": "a",
                "ownerReferences": [{"apiVersion": "", "kind": "", "name": "", "uid": ""}],
            },
            [
                (
                    "metadata.ownerReferences.0.apiVersion",
                    'Invalid value: "": version must not be empty',
                ),
                ("metadata.ownerReferences.0.kind", 'Invalid value: "": must not be empty'),
                ("metadata.ownerReferences.0.name", 'Invalid value: "": must not be empty'),
                ("metadata.ownerReferences.0.uid", 'Invalid value: "": must not be empty'),
            ],
        ),
        (
            {
                "name": "a",
                "ownerReferences": [
                    {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "name": "a",
                        "uid": "u",
                        "controller": True,
                    },
                    {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "name": "b",
                        "uid": "v",
                        "controller": True,
                    },
                ],
            },
            [("metadata.ownerReferences", "Invalid value: [")],
        ),
        (
            {"name": "a", "generation": -1},
            [("metadata.generation", "Invalid value: -1: must be greater than or equal to 0")],
        ),
        (
            {"name": "a", "uid": "u", "managedFields": [], "resourceVersion": "x"},
            [
                ("metadata.managedFields", "server-side apply will refuse it"),
                ("metadata.uid", "server-side apply will refuse it"),
                ("metadata.resourceVersion", "server-side apply will refuse it"),
            ],
        ),
    ],
)
def test_metadata(meta, expected):
    assert_faults(meta_faults("ConfigMap", meta), *expected)


def test_some_kinds_take_any_finalizer():
    assert meta_faults("Lease", {"name": "a", "finalizers": ["bad"]}) == []


def test_fields_of_server_side_apply_are_warnings():
    found = meta_faults("ConfigMap", {"name": "a", "managedFields": []})
    assert [kind for _, kind, _ in found] == ["warning"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"matchLabels": {"app": "web"}}, []),
        ({"matchLabels": {"a b": "web"}}, [("matchLabels.a b", 'Invalid value: "a b": name part')]),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, []),
        (
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            [
                (
                    "matchExpressions.0.values",
                    "Required value: must be specified when `operator` is 'In'",
                )
            ],
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            [("matchExpressions.0.values", "Forbidden: may not be specified when `operator`")],
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "in", "values": ["-"]}]},
            [
                (
                    "matchExpressions.0.operator",
                    'Invalid value: "in": not a valid selector operator',
                ),
                ("matchExpressions.0.values.0", 'Invalid value: "-": a valid label'),
            ],
        ),
    ],
)
def test_label_selectors(selector, expected):
    found = faults_of(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "a"},
            "spec": {"podSelector": selector},
        }
    )
    assert_faults(found, *((f"spec.podSelector.{path}", message) for path, message in expected))


def test_the_server_does_not_check_selectors_of_metrics():
    metric = {
        "type": "Pods",
        "pods": {
            "metric": {"name": "m", "selector": {"matchLabels": {"a b": "c"}}},
            "target": {"type": "AverageValue", "averageValue": "1"},
        },
    }
    found = faults_of(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "a"},
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"kind": "Deployment", "name": "a"},
                "metrics": [metric],
            },
        }
    )
    assert [path for path, _, _ in found if "selector" in path] == []


@pytest.mark.parametrize("field", ["name", "generateName"])
def test_an_api_service_is_named_after_its_version_and_group(field: str):
    body = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {field: "Bad"},
        "spec": {"version": "v1", "group": "a.b", "groupPriorityMinimum": 1, "versionPriority": 1},
    }
    found = [fault for fault in faults_of(body) if fault[0].startswith("metadata")]
    assert_faults(
        found,
        (
            f"metadata.{field}",
            'Invalid value: "Bad": must be `spec.version+"."+spec.group`: "v1.a.b"',
        ),
    )
