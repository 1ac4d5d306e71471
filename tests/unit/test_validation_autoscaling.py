"""Rules for HorizontalPodAutoscalers."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.maxReplicas": 0},
            [
                "spec.maxReplicas: Required value: must be set and greater than 0",
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
            ],
        ),
        (
            {"spec.minReplicas": 4},
            ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"],
        ),
        (
            {"spec.minReplicas": 0},
            [
                "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
                "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero r",
            ],
        ),
        ({"spec.scaleTargetRef.kind": ""}, ["spec.scaleTargetRef.kind: Required value"]),
        (
            {"spec.scaleTargetRef.name": "a/b"},
            ["spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'"],
        ),
        (
            {"spec.scaleTargetRef.apiVersion": "a/b/c"},
            [
                'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'
            ],
        ),
        (
            {"spec.scaleTargetRef.apiVersion": "v1"},
            [
                'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'
            ],
        ),
        (
            {
                "spec.scaleTargetRef": {
                    "apiVersion": "v1",
                    "kind": "ReplicationController",
                    "name": "web",
                }
            },
            [],
        ),
        (
            {"spec.scaleTargetRef.apiVersion": ABSENT},
            [
                'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 500},
                        },
                    }
                ]
            },
            [],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "AverageValue", "averageUtilization": 0},
                        },
                    }
                ]
            },
            [
                "spec.metrics.0.resource.target.averageUtilization: Invalid value: 0: must be greater than 0"
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Value", "value": "5"}},
                    }
                ]
            },
            [
                "spec.metrics.0.resource.target.averageUtilization: Required value: must set either a target raw value or "
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {
                                "type": "Value",
                                "averageValue": "-5",
                                "averageUtilization": 1,
                            },
                        },
                    }
                ]
            },
            [
                'spec.metrics.0.resource.target.averageValue: Invalid value: "-5": must be positive',
                "spec.metrics.0.resource.target.averageValue: Forbidden: may not set both a target raw value and a target ",
            ],
        ),
        (
            {"spec.metrics": [{"type": "Pods"}]},
            [
                "spec.metrics.0.pods: Required value: must populate information for the given metric source"
            ],
        ),
        (
            {"spec.metrics": [{"type": ""}]},
            [
                "spec.metrics.0.type: Required value: must specify a metric source type",
                'spec.metrics.0.type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", ',
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 1},
                        },
                        "pods": {"metric": {"name": "a"}, "target": {"type": "Value"}},
                    }
                ]
            },
            [
                "spec.metrics.0.pods.target.averageValue: Required value: must specify a positive target averageValue",
                "spec.metrics.0.pods: Forbidden: must populate the given metric source only",
            ],
        ),
        (
            {
                "spec.metrics": [
                    {"type": "Pods", "pods": {"metric": {"name": "a/b"}, "target": {"type": "Bad"}}}
                ]
            },
            [
                "spec.metrics.0.pods.metric.name: Invalid value: \"a/b\": may not contain '/'",
                'spec.metrics.0.pods.target.type: Invalid value: "Bad": must be either Utilization, Value, or AverageValue',
                "spec.metrics.0.pods.target.averageValue: Required value: must specify a positive target averageValue",
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "Object",
                        "object": {
                            "describedObject": {"kind": "Ingress", "name": "x"},
                            "metric": {"name": "a", "selector": {"matchLabels": {"a b": "c"}}},
                            "target": {"type": "Value"},
                        },
                    }
                ]
            },
            [
                "spec.metrics.0.object.target.averageValue: Required value: must set either a target value or averageValue"
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "External",
                        "external": {
                            "metric": {"name": "a"},
                            "target": {"type": "Value", "value": "1", "averageValue": "1"},
                        },
                    }
                ]
            },
            [
                "spec.metrics.0.external.target.value: Forbidden: may not set both a target value for metric and a per-pod"
            ],
        ),
        (
            {
                "spec.metrics": [
                    {
                        "type": "ContainerResource",
                        "containerResource": {
                            "name": "gpu",
                            "container": "A",
                            "target": {"type": "Utilization", "averageUtilization": 1},
                        },
                    }
                ]
            },
            [
                'spec.metrics.0.containerResource.name: Invalid value: "gpu": must be a standard resource type or fully qu',
                'spec.metrics.0.containerResource.name: Invalid value: "gpu": must be a standard resource for containers',
                'spec.metrics.0.containerResource.container: Invalid value: "A": a lowercase RFC 1123 label',
            ],
        ),
        (
            {"spec.behavior": {"scaleUp": {"policies": []}}},
            ["spec.behavior.scaleUp.policies: Required value: must specify at least one Policy"],
        ),
        (
            {"spec.behavior": {"scaleUp": {"policies": None, "stabilizationWindowSeconds": 3601}}},
            [
                "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600"
            ],
        ),
        (
            {
                "spec.behavior": {
                    "scaleDown": {
                        "selectPolicy": "min",
                        "policies": [{"type": "Pods", "value": 0, "periodSeconds": 1801}],
                        "tolerance": "-1",
                    }
                }
            },
            [
                'spec.behavior.scaleDown.selectPolicy: Unsupported value: "min": supported values: "Disabled", "Max", "Min',
                "spec.behavior.scaleDown.policies.0.value: Invalid value: 0: must be greater than zero",
                "spec.behavior.scaleDown.policies.0.periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
                'spec.behavior.scaleDown.tolerance: Invalid value: "-1": must be greater than or equal to 0',
            ],
        ),
    ],
)
def test_hpa(edits, expected):
    assert_faults_after(HPA, edits, expected)


HPA_V1 = {
    "apiVersion": "autoscaling/v1",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.targetCPUUtilizationPercentage": 0},
            [
                "spec.metrics.0.resource.target.averageUtilization: Invalid value: 0: must be greater than 0 (it is target"
            ],
        ),
        ({"spec.targetCPUUtilizationPercentage": None}, []),
    ],
)
def test_hpa_v1(edits, expected):
    assert_faults_after(HPA_V1, edits, expected)
