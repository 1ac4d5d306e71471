"""Rules for budgets, quotas, limits, nodes, namespaces and events."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "a"},
    "spec": {},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.minAvailable": -1},
            ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"spec.minAvailable": "5"},
            [
                'spec.minAvailable: Invalid value: "5": a valid percent string must be a numeric string followed by an end'
            ],
        ),
        (
            {"spec.minAvailable": "101%"},
            ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        ({"spec.minAvailable": "100%"}, []),
        ({"spec.maxUnavailable": "0000100%"}, []),
        (
            {"spec.minAvailable": 1, "spec.maxUnavailable": 1},
            [
                'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be bot'
            ],
        ),
        (
            {"spec.unhealthyPodEvictionPolicy": "Never"},
            [
                'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyB'
            ],
        ),
        (
            {"spec.selector": {"matchLabels": {"a b": "c"}}},
            ['spec.selector.matchLabels.a b: Invalid value: "a b": name part'],
        ),
    ],
)
def test_budget(edits, expected):
    assert_faults_after(BUDGET, edits, expected)


PRIORITY_CLASS = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "high"},
    "value": 1000000000,
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"value": 1000000001},
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        ),
        ({"value": -1}, []),
        (
            {"metadata.name": "system-mine"},
            [
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. er"
            ],
        ),
        (
            {"metadata.name": "system-node-critical"},
            [
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. er"
            ],
        ),
        ({"metadata.name": "system-node-critical", "value": 2000001000}, []),
        (
            {"metadata.name": "system-node-critical", "value": 2000001000, "globalDefault": True},
            [
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. er"
            ],
        ),
        (
            {"preemptionPolicy": "Maybe"},
            [
                'preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"'
            ],
        ),
    ],
)
def test_priority_class(edits, expected):
    assert_faults_after(PRIORITY_CLASS, edits, expected)


QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "q"},
    "spec": {"hard": {"pods": "10"}},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.hard": {"bogus": "1"}},
            [
                'spec.hard.bogus: Invalid value: "bogus": must be a standard resource type or fully qualified',
                'spec.hard.bogus: Invalid value: "bogus": must be a standard resource for quota',
            ],
        ),
        (
            {"spec.hard": {"pods": "1.5"}},
            ['spec.hard.pods: Invalid value: "1500m": must be an integer'],
        ),
        ({"spec.hard": {"count/jobs.batch": "5", "requests.nvidia.com/gpu": "1"}}, []),
        (
            {"spec.hard": {"cpu": "-1"}},
            ['spec.hard.cpu: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        (
            {"spec.hard": {"storage": "1"}},
            ['spec.hard.storage: Invalid value: "storage": must be a standard resource for quota'],
        ),
        (
            {"spec.scopes": ["Terminating", "NotTerminating"]},
            ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
        ),
        (
            {"spec.scopes": ["Other"]},
            [
                'spec.scopes.0: Unsupported value: "Other": supported values: "BestEffort", "CrossNamespacePodAffinity", "'
            ],
        ),
        (
            {"spec.hard.services": "1", "spec.scopes": ["BestEffort"]},
            ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
        ),
        (
            {
                "spec.scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
                    ]
                }
            },
            [],
        ),
        (
            {
                "spec.scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]
                }
            },
            [
                "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is"
            ],
        ),
        (
            {
                "spec.scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "BestEffort", "operator": "In", "values": ["a"]},
                        {"scopeName": "Bad", "operator": "Is"},
                    ]
                }
            },
            [
                'spec.scopeSelector.matchExpressions.1.scopeName: Unsupported value: "Bad": supported values: "BestEffort"',
                'spec.scopeSelector.matchExpressions.1.operator: Unsupported value: "Is": supported values: "DoesNotExist"',
                "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' when scope is any of ",
            ],
        ),
        (
            {
                "spec.scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "BestEffort", "operator": "Exists", "values": ["a"]}
                    ]
                }
            },
            [
                'spec.scopeSelector.matchExpressions.values: Invalid value: ["a"]: must be no value when `operator` is \'Ex'
            ],
        ),
    ],
)
def test_quota(edits, expected):
    assert_faults_after(QUOTA, edits, expected)


LIMITS = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "l"},
    "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "100m"}}]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.limits.0.type": "container"},
            [
                'spec.limits.0.type: Invalid value: "container": must be a standard limit type or fully qualified'
            ],
        ),
        ({"spec.limits.0.type": "a b"}, ['spec.limits.0.type: Invalid value: "a b": name part']),
        ({"spec.limits.0.type": "example.com/Disk"}, []),
        (
            {"spec.limits.0.min.cpu": "3"},
            [
                'spec.limits.0.min.cpu: Invalid value: "3": min value 3 is greater than max value 2',
                'spec.limits.0.defaultRequest.cpu: Invalid value: "2": min value 3 is greater than default request value 2',
                'spec.limits.0.default.cpu: Invalid value: "2": min value 3 is greater than default value 2',
            ],
        ),
        (
            {"spec.limits.0.default": {"cpu": "3"}},
            [
                'spec.limits.0.defaultRequest.cpu: Invalid value: "3": default request value 3 is greater than max value 2',
                'spec.limits.0.default.cpu: Invalid value: "3": default value 3 is greater than max value 2',
            ],
        ),
        (
            {"spec.limits.0.defaultRequest": {"cpu": "50m"}},
            [
                'spec.limits.0.defaultRequest.cpu: Invalid value: "50m": min value 100m is greater than default request va'
            ],
        ),
        (
            {
                "spec.limits.0.defaultRequest": {"cpu": "1"},
                "spec.limits.0.default": {"cpu": "500m"},
            },
            [
                'spec.limits.0.defaultRequest.cpu: Invalid value: "1": default request value 1 is greater than default lim'
            ],
        ),
        (
            {"spec.limits.0.maxLimitRequestRatio": {"cpu": "21"}},
            [
                'spec.limits.0.maxLimitRequestRatio.cpu: Invalid value: "21": ratio 21 is greater than max/min = 20.000000'
            ],
        ),
        (
            {"spec.limits.0.maxLimitRequestRatio": {"cpu": "0.5"}},
            [
                'spec.limits.0.maxLimitRequestRatio.cpu: Invalid value: "500m": ratio 500m is less than 1'
            ],
        ),
        (
            {"spec.limits.1": {"type": "Container"}},
            ['spec.limits.1.type: Duplicate value: "Container"'],
        ),
        (
            {"spec.limits.0": {"type": "PersistentVolumeClaim"}},
            [
                "spec.limits.0.limits: Required value: either minimum or maximum storage value is required, but neither wa"
            ],
        ),
        (
            {"spec.limits.0": {"type": "Pod", "default": {"cpu": "1"}, "max": {"storage": "1"}}},
            [
                'spec.limits.0.max.storage: Invalid value: "storage": must be a standard resource for containers',
                "spec.limits.0.default: Forbidden: may not be specified when `type` is 'Pod'",
            ],
        ),
        (
            {
                "spec.limits.0": {
                    "type": "Container",
                    "default": {"hugepages-2Mi": "4Mi"},
                    "defaultRequest": {"hugepages-2Mi": "2Mi"},
                }
            },
            [
                'spec.limits.0.defaultRequest.hugepages-2Mi: Invalid value: "2Mi": default value 4Mi must equal to default'
            ],
        ),
        (
            {"spec.limits.0": {"type": "Container", "max": {"gpu": "1"}}},
            [
                'spec.limits.0.max.gpu: Invalid value: "gpu": must be a standard resource type or fully qualified',
                'spec.limits.0.max.gpu: Invalid value: "gpu": must be a standard resource for containers',
                'spec.limits.0.default.gpu: Invalid value: "gpu": must be a standard resource type or fully qualified',
                'spec.limits.0.default.gpu: Invalid value: "gpu": must be a standard resource for containers',
                'spec.limits.0.defaultRequest.gpu: Invalid value: "gpu": must be a standard resource type or fully qualifi',
                'spec.limits.0.defaultRequest.gpu: Invalid value: "gpu": must be a standard resource for containers',
            ],
        ),
    ],
)
def test_limits(edits, expected):
    assert_faults_after(LIMITS, edits, expected)


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec": {"finalizers": ["kubernetes", "example.com/x"]}}, []),
        (
            {"spec": {"finalizers": ["nope"]}},
            [
                'spec.finalizers: Invalid value: "nope": name is neither a standard finalizer name nor is it fully qualifi'
            ],
        ),
        (
            {
                "metadata.labels": {
                    "pod-security.kubernetes.io/enforce": "baseline",
                    "pod-security.kubernetes.io/enforce-version": "v1.30",
                    "pod-security.kubernetes.io/warn-version": "latest",
                }
            },
            [],
        ),
        (
            {
                "metadata.labels": {
                    "pod-security.kubernetes.io/enforce": "Baseline",
                    "pod-security.kubernetes.io/audit-version": "1.30",
                    "pod-security.kubernetes.io/warn-version": "v1.01",
                }
            },
            [
                'metadata.labels.pod-security.kubernetes.io/enforce: Invalid value: "Baseline": must be one of privileged,',
                'metadata.labels.pod-security.kubernetes.io/audit-version: Invalid value: "1.30": must be "latest" or "v1.',
                'metadata.labels.pod-security.kubernetes.io/warn-version: Invalid value: "v1.01": must be "latest" or "v1.',
            ],
        ),
    ],
)
def test_namespace(edits, expected):
    assert_faults_after(NAMESPACE, edits, expected)


NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "a"},
    "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.taints.0.effect": ABSENT}, ["spec.taints.0.effect: Required value"]),
        (
            {"spec.taints.0.effect": "No"},
            [
                'spec.taints.0.effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExe'
            ],
        ),
        (
            {"spec.taints.0.value": "a b"},
            [
                'spec.taints.0.value: Invalid value: "a b": a valid label must be an empty string or consist of alphanumer'
            ],
        ),
        (
            {"spec.taints.1": {"key": "a", "value": "b", "effect": "NoSchedule"}},
            ['spec.taints.1: Duplicate value: {"key":"a","value":"b","effect":"NoSchedule"}'],
        ),
        ({"spec.podCIDRs": ["10.0.0.0/24", "2001:db8::/64"]}, []),
        (
            {"spec.podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]},
            [
                'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each I'
            ],
        ),
        (
            {"spec.podCIDR": "x"},
            ['spec.podCIDRs.0: Invalid value: "x": must be a valid CIDR value,'],
        ),
    ],
)
def test_node(edits, expected):
    assert_faults_after(NODE, edits, expected)


RUNTIME_CLASS = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "a"},
    "handler": "runsc",
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"handler": ""}, ["handler: Required value"]),
        ({"handler": "A"}, ['handler: Invalid value: "A": a lowercase RFC 1123 label']),
        (
            {"overhead": {"podFixed": {"cpu": "-1", "gpu": "1"}}},
            [
                'overhead.limits.cpu: Invalid value: "-1": must be greater than or equal to 0',
                'overhead.limits.gpu: Invalid value: "gpu": must be a standard resource type or fully qualified',
                'overhead.limits.gpu: Invalid value: "gpu": must be a standard resource for containers',
            ],
        ),
        (
            {
                "scheduling": {
                    "nodeSelector": {"a b": "c"},
                    "tolerations": [
                        {"key": "a", "operator": "Exists"},
                        {"key": "a", "operator": "Exists"},
                    ],
                }
            },
            [
                'scheduling.nodeSelector.a b: Invalid value: "a b": name part',
                'scheduling.tolerations.1: Duplicate value: {"key":"a","operator":"Exists"}',
            ],
        ),
    ],
)
def test_runtime_class(edits, expected):
    assert_faults_after(RUNTIME_CLASS, edits, expected)


LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "a"},
    "spec": {},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.leaseDurationSeconds": 0},
            ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
        ),
        (
            {"spec.leaseTransitions": -1},
            ["spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"],
        ),
        ({"spec.strategy": "X"}, []),
    ],
)
def test_lease(edits, expected):
    assert_faults_after(LEASE, edits, expected)


REVISION = {
    "apiVersion": "apps/v1",
    "kind": "ControllerRevision",
    "metadata": {"name": "a"},
    "revision": 1,
    "data": {},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"revision": -1}, ["revision: Invalid value: -1: must be greater than or equal to 0"]),
        ({"data": ABSENT}, ["data: Required value: data is mandatory"]),
        ({"data": "x"}, ['data: Invalid value: "x": error parsing data as JSON object']),
    ],
)
def test_revision(edits, expected):
    assert_faults_after(REVISION, edits, expected)


EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "a", "namespace": "b"},
    "involvedObject": {"namespace": "b"},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"involvedObject.namespace": "c"},
            ['involvedObject.namespace: Invalid value: "c": does not match event.namespace'],
        ),
        (
            {"involvedObject.namespace": ""},
            ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
        ),
        ({"metadata.namespace": ABSENT, "involvedObject": {}}, []),
        (
            {"eventTime": "2026-01-01T00:00:00.000000Z"},
            [
                "reportingComponent: Required value",
                'reportingComponent: Invalid value: "": name part must be non-empty',
                'reportingComponent: Invalid value: "": name part',
                "reportingInstance: Required value",
                "action: Required value",
                "reason: Required value",
            ],
        ),
    ],
)
def test_event(edits, expected):
    assert_faults_after(EVENT, edits, expected)


NEW_EVENT = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "a", "namespace": "b"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "regarding": {"namespace": "b"},
    "reportingController": "example.com/a",
    "reportingInstance": "a",
    "action": "Do",
    "reason": "Why",
    "type": "Normal",
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"type": "Bad"}, ['type: Invalid value: "": has invalid value: Bad']),
        ({"action": ""}, ["action: Required value"]),
        ({"reason": "a" * 129}, ['reason: Invalid value: "": can have at most 128 characters']),
        ({"note": "a" * 1025}, ['message: Invalid value: "": can have at most 1024 characters']),
        ({"reportingController": "a b"}, ['reportingController: Invalid value: "a b": name part']),
        ({"eventTime": ABSENT}, ["eventTime: Required value"]),
        (
            {"series": {"count": 1}},
            [
                'series.count: Invalid value: "": should be at least 2',
                "series.lastObservedTime: Required value",
            ],
        ),
        (
            {
                "deprecatedCount": 1,
                "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
                "deprecatedSource": {"host": "a"},
            },
            [
                'firstTimestamp: Invalid value: "": needs to be unset',
                'count: Invalid value: "": needs to be unset',
                'source: Invalid value: "": needs to be unset',
            ],
        ),
    ],
)
def test_new_event(edits, expected):
    assert_faults_after(NEW_EVENT, edits, expected)
