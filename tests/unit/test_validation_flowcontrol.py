"""Rules for FlowSchemas and PriorityLevelConfigurations."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

FLOW_SCHEMA = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "FlowSchema",
    "metadata": {"name": "a"},
    "spec": {
        "priorityLevelConfiguration": {"name": "p"},
        "rules": [
            {
                "subjects": [{"kind": "User", "user": {"name": "*"}}],
                "resourceRules": [
                    {
                        "verbs": ["get"],
                        "apiGroups": [""],
                        "resources": ["pods"],
                        "namespaces": ["*"],
                    }
                ],
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.priorityLevelConfiguration.name": ""},
            [
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level"
            ],
        ),
        (
            {"spec.matchingPrecedence": 1},
            [
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"
            ],
        ),
        ({"spec.matchingPrecedence": 1, "metadata.name": "exempt"}, []),
        (
            {"spec.matchingPrecedence": 10001},
            ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"],
        ),
        (
            {"spec.matchingPrecedence": -1},
            ["spec.matchingPrecedence: Invalid value: -1: must be a positive value"],
        ),
        ({"spec.matchingPrecedence": 0}, []),
        (
            {"spec.distinguisherMethod": {"type": "ByIP"}},
            [
                'spec.distinguisherMethod.type: Unsupported value: "ByIP": supported values: "ByNamespace", "ByUser"'
            ],
        ),
        (
            {"spec.rules.0.subjects": []},
            ["spec.rules.0.subjects: Required value: subjects must contain at least one value"],
        ),
        (
            {"spec.rules.0.resourceRules": []},
            [
                "spec.rules.0: Required value: at least one of resourceRules and nonResourceRules has to be non-empty"
            ],
        ),
        (
            {"spec.rules.0.subjects.0": {"kind": "Robot"}},
            [
                'spec.rules.0.subjects.0.kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "U'
            ],
        ),
        (
            {"spec.rules.0.subjects.0": {"kind": "User", "group": {"name": "x"}}},
            [
                "spec.rules.0.subjects.0.group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules.0.subjects.0.user: Required value: user is required when subject kind is 'User'",
            ],
        ),
        (
            {
                "spec.rules.0.subjects.0": {
                    "kind": "ServiceAccount",
                    "serviceAccount": {"name": "A", "namespace": ""},
                }
            },
            [
                'spec.rules.0.subjects.0.serviceAccount.name: Invalid value: "A": a lowercase RFC 1123 subdomain',
                "spec.rules.0.subjects.0.serviceAccount.namespace: Required value: must specify namespace for service acco",
            ],
        ),
        (
            {
                "spec.rules.0.subjects.0": {
                    "kind": "ServiceAccount",
                    "serviceAccount": {"name": "*", "namespace": "a"},
                }
            },
            [],
        ),
        (
            {"spec.rules.0.subjects.0": {"kind": "Group", "group": {"name": ""}}},
            ["spec.rules.0.subjects.0.group.name: Required value"],
        ),
        (
            {
                "spec.rules.0.resourceRules.0": {
                    "verbs": ["fly"],
                    "apiGroups": ["*", "a"],
                    "resources": [],
                    "clusterScope": True,
                }
            },
            [
                'spec.rules.0.resourceRules.0.verbs: Unsupported value: ["fly"]: supported values: "create", "delete", "de',
                'spec.rules.0.resourceRules.0.apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify oth',
                "spec.rules.0.resourceRules.0.resources: Required value: resource rules must supply at least one resource",
            ],
        ),
        (
            {"spec.rules.0.resourceRules.0.verbs": ["*", "get"]},
            [
                'spec.rules.0.resourceRules.0.verbs: Invalid value: ["*","get"]: if \'*\' is present, must not specify other'
            ],
        ),
        (
            {"spec.rules.0.resourceRules.0.verbs": []},
            [
                "spec.rules.0.resourceRules.0.verbs: Required value: verbs must contain at least one value"
            ],
        ),
        (
            {"spec.rules.0.resourceRules.0.namespaces": []},
            [
                "spec.rules.0.resourceRules.0.namespaces: Required value: resource rules that are not cluster scoped must "
            ],
        ),
        (
            {"spec.rules.0.resourceRules.0.namespaces": ["*", "a"]},
            [
                'spec.rules.0.resourceRules.0.namespaces: Invalid value: ["*","a"]: if \'*\' is present, must not specify ot'
            ],
        ),
        (
            {"spec.rules.0.resourceRules.0.namespaces": ["A"]},
            [
                "spec.rules.0.resourceRules.0.namespaces.0: Invalid value: \"A\": each member of this list must be '*' or a "
            ],
        ),
        (
            {
                "spec.rules.0.nonResourceRules": [
                    {
                        "verbs": ["*"],
                        "nonResourceURLs": ["/", "a", "/a b", "/a//b", "/a*", "/a/*", ""],
                    }
                ]
            },
            [
                'spec.rules.0.nonResourceRules.0.nonResourceURLs.1: Invalid value: "a": must start with slash',
                'spec.rules.0.nonResourceRules.0.nonResourceURLs.2: Invalid value: "/a b": must not contain white-space',
                'spec.rules.0.nonResourceRules.0.nonResourceURLs.3: Invalid value: "/a//b": must not contain double slash',
                'spec.rules.0.nonResourceRules.0.nonResourceURLs.4: Invalid value: "/a*": wildcard can only do suffix matc',
                'spec.rules.0.nonResourceRules.0.nonResourceURLs.6: Invalid value: "": must not be empty',
            ],
        ),
        (
            {"spec.rules.0.nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": []}]},
            [
                "spec.rules.0.nonResourceRules.0.nonResourceURLs: Required value: nonResourceURLs must contain at least on"
            ],
        ),
        (
            {"spec.rules.0.nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*", "/a"]}]},
            [
                'spec.rules.0.nonResourceRules.0.nonResourceURLs: Invalid value: ["*","/a"]: if \'*\' is present, must not s'
            ],
        ),
    ],
)
def test_flow_schema(edits, expected):
    assert_faults_after(FLOW_SCHEMA, edits, expected)


PRIORITY_LEVEL = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "PriorityLevelConfiguration",
    "metadata": {"name": "a"},
    "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.type": "Exempt"},
            [
                "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
                "spec.limited: Forbidden: must be nil if the type is not Limited",
            ],
        ),
        (
            {"metadata.name": "exempt"},
            [
                "spec.type: Invalid value: \"Limited\": must be 'Exempt' if and only if `name` is 'exempt'"
            ],
        ),
        (
            {"spec.type": "Unlimited"},
            ['spec.type: Unsupported value: "Unlimited": supported values: "Exempt", "Limited"'],
        ),
        (
            {"spec.limited": ABSENT},
            ["spec.limited: Required value: must not be empty when type is Limited"],
        ),
        ({"spec.exempt": {}}, ["spec.exempt: Forbidden: must be nil if the type is Limited"]),
        (
            {"spec.limited.lendablePercent": 101},
            [
                "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"
            ],
        ),
        (
            {"spec.limited.borrowingLimitPercent": -1},
            [
                "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer"
            ],
        ),
        (
            {"spec.limited.nominalConcurrencyShares": -1},
            [
                "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer"
            ],
        ),
        (
            {"spec.limited.limitResponse.type": "Wait"},
            [
                'spec.limited.limitResponse.type: Unsupported value: "Wait": supported values: "Queue", "Reject"'
            ],
        ),
        (
            {"spec.limited.limitResponse.type": ""},
            ["spec.limited.limitResponse.type: Required value"],
        ),
        (
            {"spec.limited.limitResponse.type": "Reject"},
            [
                "spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited"
            ],
        ),
        (
            {"spec.limited.limitResponse.queuing": ABSENT},
            [
                "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Li"
            ],
        ),
        (
            {"spec.limited.limitResponse.queuing": {"queues": 4}},
            [
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)"
            ],
        ),
        (
            {"spec.limited.limitResponse.queuing": {"handSize": 17, "queues": 64}},
            [
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 17: required entropy bits of deckSize 64 and "
            ],
        ),
        (
            {
                "spec.limited.limitResponse.queuing": {
                    "queues": 10000001,
                    "queueLengthLimit": -1,
                    "handSize": 1,
                }
            },
            [
                "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive",
                "spec.limited.limitResponse.queuing.queues: Invalid value: 10000001: must not be greater than 10000000",
            ],
        ),
    ],
)
def test_priority_level(edits, expected):
    assert_faults_after(PRIORITY_LEVEL, edits, expected)
