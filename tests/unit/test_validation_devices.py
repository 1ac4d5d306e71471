"""Rules for claims, classes and slices of devices."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

CLAIM = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "a"},
    "spec": {
        "devices": {"requests": [{"name": "g", "exactly": {"deviceClassName": "gpu.example.com"}}]}
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.devices.requests.0.name": "A"},
            ['spec.devices.requests.0.name: Invalid value: "A": a lowercase RFC 1123 label'],
        ),
        (
            {"spec.devices.requests.1": {"name": "g", "exactly": {"deviceClassName": "a"}}},
            ['spec.devices.requests.1: Duplicate value: "g"'],
        ),
        (
            {"spec.devices.requests.0": {"name": "g"}},
            [
                "spec.devices.requests.0: Required value: exactly one of `exactly` or `firstAvailable` is required"
            ],
        ),
        (
            {"spec.devices.requests.0.firstAvailable": [{"name": "s", "deviceClassName": "a"}]},
            [
                "spec.devices.requests.0: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, b"
            ],
        ),
        (
            {
                "spec.devices.requests.0": {
                    "name": "g",
                    "firstAvailable": [
                        {"name": "s", "deviceClassName": "a"},
                        {"name": "s", "deviceClassName": ""},
                    ],
                }
            },
            [
                "spec.devices.requests.0.firstAvailable.1.deviceClassName: Required value",
                'spec.devices.requests.0.firstAvailable.1: Duplicate value: "s"',
            ],
        ),
        (
            {"spec.devices.requests.0.exactly.deviceClassName": ""},
            ["spec.devices.requests.0.exactly.deviceClassName: Required value"],
        ),
        (
            {"spec.devices.requests.0.exactly.allocationMode": "Some"},
            [
                'spec.devices.requests.0.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "Exac'
            ],
        ),
        (
            {
                "spec.devices.requests.0.exactly.allocationMode": "All",
                "spec.devices.requests.0.exactly.count": 2,
            },
            [
                "spec.devices.requests.0.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'Al"
            ],
        ),
        (
            {"spec.devices.requests.0.exactly.count": -1},
            ["spec.devices.requests.0.exactly.count: Invalid value: -1: must be greater than zero"],
        ),
        (
            {"spec.devices.requests.0.exactly.selectors": [{}]},
            ["spec.devices.requests.0.exactly.selectors.0.cel: Required value"],
        ),
        (
            {
                "spec.devices.requests.0.exactly.tolerations": [
                    {"operator": "Exists", "value": "a"},
                    {"key": "a b", "value": "c d", "effect": "Bad"},
                ]
            },
            [
                'spec.devices.requests.0.exactly.tolerations.0.value: Invalid value: "a": must be empty for operator `Exis',
                'spec.devices.requests.0.exactly.tolerations.1.key: Invalid value: "a b": name part',
                'spec.devices.requests.0.exactly.tolerations.1.value: Invalid value: "c d": a valid label must be an empty',
                'spec.devices.requests.0.exactly.tolerations.1.effect: Unsupported value: "Bad": supported values: "NoExec',
            ],
        ),
        (
            {
                "spec.devices.constraints": [
                    {"requests": ["g", "nope", "g", "A/b/c"], "matchAttribute": "numa"}
                ]
            },
            [
                'spec.devices.constraints.0.requests.1: Invalid value: "nope": must be the name of a request in the claim ',
                'spec.devices.constraints.0.requests.3: Invalid value: "A/b/c": must be the name of a request in the claim',
                'spec.devices.constraints.0.requests.2: Duplicate value: "g"',
                'spec.devices.constraints.0.matchAttribute: Invalid value: "numa": a fully qualified name must be a domain',
            ],
        ),
        (
            {"spec.devices.constraints": [{}]},
            ["spec.devices.constraints.0.matchAttribute: Required value"],
        ),
        ({"spec.devices.constraints": [{"matchAttribute": "a.com/b"}]}, []),
        (
            {"spec.devices.constraints": [{"distinctAttribute": "/"}]},
            [
                'spec.devices.constraints.0.distinctAttribute: Invalid value: "": the domain must not be empty',
                'spec.devices.constraints.0.distinctAttribute: Invalid value: "": the name must not be empty',
            ],
        ),
        (
            {
                "spec.devices.config": [
                    {"requests": ["g"], "opaque": {"driver": "A_b", "parameters": [1]}}
                ]
            },
            [
                'spec.devices.config.0.opaque.driver: Invalid value: "A_b": a lowercase RFC 1123 subdomain',
                'spec.devices.config.0.opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
            ],
        ),
        ({"spec.devices.config": [{}]}, ["spec.devices.config.0.opaque: Required value"]),
        (
            {"spec.devices.config": [{"opaque": {"driver": "a.com"}}]},
            ["spec.devices.config.0.opaque.parameters: Required value"],
        ),
        (
            {
                "spec.devices.requests": [
                    {"name": f"g{i}", "exactly": {"deviceClassName": "a"}} for i in range(33)
                ]
            },
            ["spec.devices.requests: Too many: 33: must have at most 32 items"],
        ),
    ],
)
def test_claim(edits, expected):
    assert_faults_after(CLAIM, edits, expected)


CLAIM_TEMPLATE = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": "a"},
    "spec": {
        "spec": {
            "devices": {
                "requests": [{"name": "g", "exactly": {"deviceClassName": "gpu.example.com"}}]
            }
        }
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.spec.devices.requests.0.name": ""},
            ['spec.spec.devices.requests.0.name: Invalid value: "": a lowercase RFC 1123 label'],
        ),
    ],
)
def test_claim_template(edits, expected):
    assert_faults_after(CLAIM_TEMPLATE, edits, expected)


DEVICE_CLASS = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "a"},
    "spec": {"selectors": [{"cel": {"expression": "true"}}]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.selectors.0": {}}, ["spec.selectors.0.cel: Required value"]),
        (
            {"spec.selectors.0.cel.expression": "a" * 10241},
            ["spec.selectors.0.cel.expression: Too long: may not be more than 10240 bytes"],
        ),
        (
            {"spec.extendedResourceName": "cpu"},
            [
                'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'
            ],
        ),
        ({"spec.config": [{"opaque": {"driver": "a.com", "parameters": {}}}]}, []),
    ],
)
def test_device_class(edits, expected):
    assert_faults_after(DEVICE_CLASS, edits, expected)


RESOURCE_SLICE = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "a"},
    "spec": {
        "driver": "gpu.example.com",
        "nodeName": "n1",
        "pool": {"name": "n1", "resourceSliceCount": 1},
        "devices": [{"name": "g0", "attributes": {"model": {"string": "a"}}}],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.driver": "A_b"},
            ['spec.driver: Invalid value: "A_b": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.pool": {"name": "", "generation": -1}},
            [
                "spec.pool.name: Required value",
                "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
                "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
            ],
        ),
        (
            {"spec.pool.name": "a/B"},
            ['spec.pool.name: Invalid value: "B": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.nodeName": ABSENT},
            [
                "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is "
            ],
        ),
        (
            {"spec.allNodes": True},
            [
                'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `'
            ],
        ),
        (
            {"spec.allNodes": False},
            ["spec.allNodes: Invalid value: false: must be either unset or set to true"],
        ),
        (
            {"spec.nodeName": ""},
            [
                'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
                "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is ",
            ],
        ),
        (
            {"spec.nodeName": ABSENT, "spec.nodeSelector": {"nodeSelectorTerms": []}},
            [
                "spec.nodeSelector.nodeSelectorTerms: Invalid value: []: must have exactly one node selector term",
                "spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term",
            ],
        ),
        (
            {"spec.sharedCounters": []},
            ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
        ),
        (
            {"spec.devices": ABSENT, "spec.sharedCounters": [{"name": "A", "counters": {}}]},
            [
                'spec.sharedCounters.0.name: Invalid value: "A": a lowercase RFC 1123 label',
                "spec.sharedCounters.0.counters: Required value",
            ],
        ),
        (
            {
                "spec.devices": ABSENT,
                "spec.sharedCounters": [{"name": "a", "counters": {"B": {"value": "1"}}}],
            },
            ['spec.sharedCounters.0.counters: Invalid value: "B": a lowercase RFC 1123 label'],
        ),
        (
            {"spec.devices.0.name": "A"},
            ['spec.devices.0.name: Invalid value: "A": a lowercase RFC 1123 label'],
        ),
        ({"spec.devices.1": {"name": "g0"}}, ['spec.devices.1: Duplicate value: "g0"']),
        (
            {"spec.devices.0.attributes": {"a b": {"string": "x"}}},
            [
                'spec.devices.0.attributes: Invalid value: "a b": a valid C identifier must start with alphabetic characte'
            ],
        ),
        (
            {"spec.devices.0.attributes": {"m": {}}},
            ['spec.devices.0.attributes.m: Invalid value: "": exactly one value must be specified'],
        ),
        (
            {"spec.devices.0.attributes": {"m": {"string": "a" * 65, "int": 1}}},
            [
                "spec.devices.0.attributes.m.string: Too long: may not be more than 64 bytes",
                'spec.devices.0.attributes.m: Invalid value: {"string":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
            ],
        ),
        (
            {"spec.devices.0.attributes": {"m": {"version": "1.2"}, "n": {"version": "1.2.3-a+b"}}},
            [
                'spec.devices.0.attributes.m.version: Invalid value: "1.2": must be a string compatible with semver.org sp'
            ],
        ),
        (
            {"spec.devices.0.attributes": {f"a{i}": {"int": 1} for i in range(33)}},
            [
                "spec.devices.0: Invalid value: 33: the total number of attributes and capacities must not exceed 32"
            ],
        ),
        (
            {"spec.devices.0.taints": [{"key": "a", "value": "b c"}]},
            [
                'spec.devices.0.taints.0.value: Invalid value: "b c": a valid label must be an empty string or consist of ',
                "spec.devices.0.taints.0.effect: Required value",
            ],
        ),
        (
            {"spec.devices.0.nodeName": "n1"},
            [
                "spec.devices.0: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDev"
            ],
        ),
        (
            {"spec.nodeName": ABSENT, "spec.perDeviceNodeSelection": True},
            [
                "spec.devices.0: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when"
            ],
        ),
        (
            {
                "spec.nodeName": ABSENT,
                "spec.perDeviceNodeSelection": True,
                "spec.devices.0.nodeName": "n1",
            },
            [],
        ),
        (
            {"spec.devices.0.bindingConditions": ["a"]},
            [
                "spec.devices.0.bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use "
            ],
        ),
        (
            {
                "spec.devices.0.bindingConditions": ["a"],
                "spec.devices.0.bindingFailureConditions": ["a", "a"],
            },
            [
                'spec.devices.0.bindingFailureConditions.1: Duplicate value: "a"',
                'spec.devices.0.bindingFailureConditions.0: Invalid value: "a": bindingFailureConditions must not overlap ',
                'spec.devices.0.bindingFailureConditions.1: Invalid value: "a": bindingFailureConditions must not overlap ',
            ],
        ),
        (
            {"spec.devices.0.consumesCounters": [{"counterSet": ""}]},
            [
                "spec.devices.0.consumesCounters.0.counterSet: Required value",
                "spec.devices.0.consumesCounters.0.counters: Required value",
            ],
        ),
        (
            {
                "spec.devices.0.capacity": {
                    "m": {"value": "10", "requestPolicy": {"default": "1", "validValues": ["1"]}}
                }
            },
            [
                "spec.devices.0.capacity.m.requestPolicy: Forbidden: allowMultipleAllocations must be true"
            ],
        ),
        (
            {
                "spec.devices.0.allowMultipleAllocations": True,
                "spec.devices.0.capacity": {
                    "m": {
                        "value": "10",
                        "requestPolicy": {"default": "3", "validValues": ["2", "1", "11"]},
                    }
                },
            },
            [
                'spec.devices.0.capacity.m.requestPolicy.validValues: Invalid value: ["2","1","11"]: values must be sorted',
                'spec.devices.0.capacity.m.requestPolicy.validValues: Invalid value: ["2","1","11"]: option is larger than',
                'spec.devices.0.capacity.m.requestPolicy.validValues: Invalid value: "3": default value is not valid accor',
            ],
        ),
        (
            {
                "spec.devices.0.allowMultipleAllocations": True,
                "spec.devices.0.capacity": {
                    "m": {
                        "value": "10",
                        "requestPolicy": {
                            "default": "3",
                            "validRange": {"min": "2", "max": "8", "step": "2"},
                        },
                    }
                },
            },
            [
                'spec.devices.0.capacity.m.requestPolicy.validRange.step: Invalid value: "2": value is not a multiple of a'
            ],
        ),
        (
            {
                "spec.devices.0.allowMultipleAllocations": True,
                "spec.devices.0.capacity": {
                    "m": {"value": "10", "requestPolicy": {"validRange": {}}}
                },
            },
            [
                "spec.devices.0.capacity.m.requestPolicy.validRange.min: Required value",
                "spec.devices.0.capacity.m.requestPolicy.default: Required value: required when validRange is defined",
            ],
        ),
    ],
)
def test_resource_slice(edits, expected):
    assert_faults_after(RESOURCE_SLICE, edits, expected)
