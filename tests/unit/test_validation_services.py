"""Rules for Services."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {
        "type": "NodePort",
        "selector": {"app": "web"},
        "ports": [
            {"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080},
            {"name": "dns", "port": 53, "protocol": "UDP"},
        ],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.ports": []}, ["spec.ports: Required value"]),
        (
            {"spec.type": "ClusterIP"},
            ["spec.ports.0.nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        ({"spec.ports.1.name": "http"}, ['spec.ports.1.name: Duplicate value: "http"']),
        ({"spec.ports.1.name": ABSENT}, ["spec.ports.1.name: Required value"]),
        (
            {"spec.ports.0.port": 0},
            ["spec.ports.0.port: Invalid value: 0: must be between 1 and 65535, inclusive"],
        ),
        (
            {"spec.ports.0.targetPort": "8080"},
            [
                'spec.ports.0.targetPort: Invalid value: "8080": must contain at least one letter (a-z)'
            ],
        ),
        ({"spec.ports.0.targetPort": 0}, []),
        ({"spec.ports.0.targetPort": ""}, []),
        ({"spec.ports.0.port": 80.0}, []),
        (
            {"spec.ports.1": {"name": "h2", "port": 80, "nodePort": 30080}},
            [
                'spec.ports.1: server-side apply will refuse it: duplicate entries for key [port=80,protocol="TCP"]',
                "spec.ports.1.nodePort: Duplicate value: 30080",
                'spec.ports.1: Duplicate value: {"protocol":"TCP","port":80}',
            ],
        ),
        (
            {"spec.ports.1.nodePort": 30080},
            ["spec.ports.1.nodePort: Invalid value: 30080: provided port is already allocated"],
        ),
        ({"spec.ports.1": {"name": "tcp", "port": 80, "protocol": "UDP", "nodePort": 30080}}, []),
        (
            {"spec.ports.0.appProtocol": "bad proto"},
            ['spec.ports.0.appProtocol: Invalid value: "bad proto": name part'],
        ),
        (
            {"spec.ports.1": None},
            [
                "spec.ports.1.name: Required value",
                "spec.ports.1.port: Invalid value: 0: must be between 1 and 65535, inclusive",
            ],
        ),
        ({"spec.selector": {"a b": "c"}}, ['spec.selector.a b: Invalid value: "a b": name part']),
        ({"spec.sessionAffinity": "ClientIP"}, []),
        ({"spec.sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}, []),
        (
            {
                "spec.sessionAffinity": "ClientIP",
                "spec.sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
            },
            [
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less"
            ],
        ),
        (
            {"spec.clusterIP": "None"},
            [
                "spec.clusterIPs.0: Invalid value: \"None\": may not be set to 'None' for NodePort services"
            ],
        ),
        (
            {"spec.clusterIP": "bad"},
            ['spec.clusterIPs.0: Invalid value: "bad": must be a valid IP address,'],
        ),
        (
            {"spec.clusterIPs": ["10.0.0.1"]},
            [
                'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified'
            ],
        ),
        (
            {"spec.clusterIP": "10.0.0.1", "spec.clusterIPs": ["10.0.0.2"]},
            ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'],
        ),
        (
            {
                "spec.clusterIP": "10.0.0.1",
                "spec.clusterIPs": ["10.0.0.1", "10.0.0.2"],
                "spec.ipFamilyPolicy": "PreferDualStack",
            },
            [
                'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP fami'
            ],
        ),
        (
            {"spec.clusterIP": "10.0.0.1", "spec.ipFamilies": ["IPv6"]},
            [
                'spec.clusterIPs.0: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
                "spec.ipFamilies.0: a cluster whose Services have IPv4 only, as by default, will refuse IPv6",
            ],
        ),
        (
            {"spec.ipFamilies": ["IPv4", "IPv4"]},
            [
                'spec.ipFamilies.1: Duplicate value: "IPv4"',
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when m",
            ],
        ),
        (
            {"spec.ipFamilyPolicy": "RequireDualStack"},
            [
                "spec.ipFamilyPolicy: a cluster whose Services have IPv4 only, as by default, will refuse RequireDualStack"
            ],
        ),
        ({"spec.ipFamilyPolicy": "PreferDualStack"}, []),
        (
            {"spec.externalIPs": ["127.0.0.1", "bad", "1.2.3.4"]},
            [
                'spec.externalIPs.0: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
                'spec.externalIPs.1: Invalid value: "bad": must be a valid IP address,',
            ],
        ),
        ({"spec.externalTrafficPolicy": "Local"}, []),
        (
            {
                "spec.type": "ClusterIP",
                "spec.ports.0.nodePort": ABSENT,
                "spec.externalTrafficPolicy": "Local",
            },
            [
                'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
            ],
        ),
        (
            {"spec.healthCheckNodePort": 31000},
            [
                "spec.healthCheckNodePort: Invalid value: 31000: may only be set when `type` is 'LoadBalancer' and `extern"
            ],
        ),
        (
            {
                "spec.type": "LoadBalancer",
                "spec.externalTrafficPolicy": "Local",
                "spec.healthCheckNodePort": 70000,
            },
            [
                "spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive"
            ],
        ),
        (
            {"spec.trafficDistribution": "Near"},
            [
                'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "'
            ],
        ),
        (
            {"spec.loadBalancerSourceRanges": ["10.0.0.1/8"]},
            [
                "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                'spec.LoadBalancerSourceRanges.0: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix le',
            ],
        ),
        (
            {
                "spec.type": "LoadBalancer",
                "spec.loadBalancerSourceRanges": [" 10.0.0.0/8 "],
                "spec.loadBalancerClass": "bad class",
            },
            ['spec.loadBalancerClass: Invalid value: "bad class": name part'],
        ),
        (
            {"spec.allocateLoadBalancerNodePorts": False},
            [
                "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"
            ],
        ),
        (
            {
                "metadata.annotations": {
                    "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"
                }
            },
            [
                "metadata.annotations.service.beta.kubernetes.io/load-balancer-source-ranges: Forbidden: may only be used "
            ],
        ),
        (
            {
                "spec.type": "LoadBalancer",
                "metadata.annotations": {
                    "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8, bad"
                },
            },
            [
                'metadata.annotations.service.beta.kubernetes.io/load-balancer-source-ranges: Invalid value: "bad": must b'
            ],
        ),
        (
            {
                "metadata.annotations": {
                    "service.kubernetes.io/topology-mode": "Auto",
                    "service.kubernetes.io/topology-aware-hints": "Disabled",
                }
            },
            [
                'metadata.annotations.service.kubernetes.io/topology-mode: Invalid value: "Auto": must match annotations[s'
            ],
        ),
    ],
)
def test_service(edits, expected):
    assert_faults_after(SERVICE, edits, expected)


EXTERNAL = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"type": "ExternalName", "externalName": "db.example.com."},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.externalName": ""}, ["spec.externalName: Required value"]),
        ({"spec.externalName": "1.2.3.4"}, []),
        (
            {"spec.externalName": "a_b"},
            ['spec.externalName: Invalid value: "a_b": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.clusterIP": "None"},
            ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
        ),
        (
            {"spec.ipFamilies": ["IPv4"], "spec.ipFamilyPolicy": "SingleStack"},
            [
                "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
                "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
            ],
        ),
    ],
)
def test_external(edits, expected):
    assert_faults_after(EXTERNAL, edits, expected)


HEADLESS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"clusterIP": "None"},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.ipFamilyPolicy": "RequireDualStack"}, []),
        (
            {"spec.selector": {"a": "b"}, "spec.ipFamilyPolicy": "RequireDualStack"},
            [
                "spec.ipFamilyPolicy: a cluster whose Services have IPv4 only, as by default, will refuse RequireDualStack"
            ],
        ),
    ],
)
def test_headless(edits, expected):
    assert_faults_after(HEADLESS, edits, expected)
