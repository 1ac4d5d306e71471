"""Rules for Ingresses, NetworkPolicies and their relatives."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web"},
    "spec": {
        "rules": [
            {
                "host": "a.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec": ABSENT},
            ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"],
        ),
        (
            {"spec.rules": []},
            ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"],
        ),
        (
            {
                "spec.rules": [],
                "spec.defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}},
            },
            [],
        ),
        ({"spec.rules.0.http": ABSENT}, []),
        ({"spec.rules.0.http.paths": []}, ["spec.rules.0.http.paths: Required value"]),
        (
            {"spec.rules.0.host": "1.2.3.4"},
            ['spec.rules.0.host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
        ),
        ({"spec.rules.0.host": "*.com"}, []),
        (
            {"spec.rules.0.host": "a.*.com"},
            [
                "spec.rules.0.host: Invalid value: \"a.*.com\": a wildcard DNS-1123 subdomain must start with '*.', followed"
            ],
        ),
        (
            {"spec.rules.0.host": "A.com"},
            ['spec.rules.0.host: Invalid value: "A.com": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.rules.0.http.paths.0.pathType": ABSENT},
            ["spec.rules.0.http.paths.0.pathType: Required value: pathType must be specified"],
        ),
        (
            {"spec.rules.0.http.paths.0.pathType": "Regex"},
            [
                'spec.rules.0.http.paths.0.pathType: Unsupported value: "Regex": supported values: "Exact", "Implementatio'
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.path": ""},
            ['spec.rules.0.http.paths.0.path: Invalid value: "": must be an absolute path'],
        ),
        (
            {"spec.rules.0.http.paths.0.path": "/a//b/.."},
            [
                "spec.rules.0.http.paths.0.path: Invalid value: \"/a//b/..\": must not contain '//'",
                "spec.rules.0.http.paths.0.path: Invalid value: \"/a//b/..\": cannot end with '/..'",
            ],
        ),
        (
            {
                "spec.rules.0.http.paths.0.path": "x",
                "spec.rules.0.http.paths.0.pathType": "ImplementationSpecific",
            },
            ['spec.rules.0.http.paths.0.path: Invalid value: "x": must be an absolute path'],
        ),
        (
            {
                "spec.rules.0.http.paths.0.path": "",
                "spec.rules.0.http.paths.0.pathType": "ImplementationSpecific",
            },
            [],
        ),
        (
            {"spec.rules.0.http.paths.0.backend": {}},
            [
                'spec.rules.0.http.paths.0.backend: Invalid value: "": resource or service backend is required'
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.service.port": {"name": "http", "number": 80}},
            [
                'spec.rules.0.http.paths.0.backend: Invalid value: "": cannot set both port name & port number'
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.service.port": {}},
            ["spec.rules.0.http.paths.0.backend: Required value: port name or number is required"],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.service.port": {"number": 70000}},
            [
                "spec.rules.0.http.paths.0.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535,"
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.service.port": {"name": "80"}},
            [
                'spec.rules.0.http.paths.0.backend.service.port.name: Invalid value: "80": must contain at least one lette'
            ],
        ),
        ({"spec.rules.0.http.paths.0.backend.service.name": "1web"}, []),
        (
            {"spec.rules.0.http.paths.0.backend.service.name": "Web"},
            [
                'spec.rules.0.http.paths.0.backend.service.name: Invalid value: "Web": a lowercase RFC 1123 label'
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.resource": {"kind": "A", "name": "b"}},
            [
                'spec.rules.0.http.paths.0.backend: Invalid value: "": cannot set both resource and service backends'
            ],
        ),
        (
            {
                "spec.rules.0.http.paths.0.backend": {
                    "resource": {"apiGroup": "A", "kind": "", "name": "a/b"}
                }
            },
            [
                'spec.rules.0.http.paths.0.backend.resource.apiGroup: Invalid value: "A": a lowercase RFC 1123 subdomain',
                "spec.rules.0.http.paths.0.backend.resource.kind: Required value",
                "spec.rules.0.http.paths.0.backend.resource.name: Invalid value: \"a/b\": may not contain '/'",
            ],
        ),
        ({"spec.tls": [{}]}, []),
        (
            {"spec.tls": [{"hosts": ["*.a.com", "b_c"], "secretName": "Bad"}]},
            [
                'spec.tls.0.hosts.1: Invalid value: "b_c": a lowercase RFC 1123 subdomain',
                'spec.tls.0.secretName: Invalid value: "Bad": a lowercase RFC 1123 subdomain',
            ],
        ),
        (
            {"spec.ingressClassName": "Bad"},
            ['spec.ingressClassName: Invalid value: "Bad": a lowercase RFC 1123 subdomain'],
        ),
        (
            {
                "metadata.annotations": {"kubernetes.io/ingress.class": "nginx"},
                "spec.ingressClassName": "other",
            },
            [
                'annotations.kubernetes.io/ingress.class: Invalid value: "nginx": must match `ingressClassName` when both '
            ],
        ),
        (
            {
                "metadata.annotations": {"kubernetes.io/ingress.class": "nginx"},
                "spec.ingressClassName": "nginx",
            },
            [],
        ),
    ],
)
def test_ingress(edits, expected):
    assert_faults_after(INGRESS, edits, expected)


INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx", "parameters": {"kind": "Params", "name": "p"}},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.controller": "nginx"},
            [
                'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'
            ],
        ),
        ({"spec.controller": ""}, ["spec.controller: Required value"]),
        (
            {"spec.controller": "Bad/a b"},
            [
                'spec.controller: Invalid value: "Bad": a lowercase RFC 1123 subdomain',
                "spec.controller: Invalid value: \"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'(",
            ],
        ),
        (
            {
                "spec.controller": "example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            },
            ["spec.controller: Too long: may not be more than 250 bytes"],
        ),
        (
            {"spec.parameters.scope": "Namespace"},
            ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
        ),
        (
            {"spec.parameters.namespace": "a"},
            ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
        ),
        (
            {"spec.parameters.scope": "Namespace", "spec.parameters.namespace": "A"},
            ['spec.parameters.namespace: Invalid value: "A": a lowercase RFC 1123 label'],
        ),
        (
            {"spec.parameters.scope": "Other"},
            [
                'spec.parameters.scope: Unsupported value: "Other": supported values: "Cluster", "Namespace"'
            ],
        ),
        ({"spec.parameters.name": ""}, ["spec.parameters.name: Required value"]),
    ],
)
def test_ingress_class(edits, expected):
    assert_faults_after(INGRESS_CLASS, edits, expected)


NETWORK_POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web"},
    "spec": {
        "podSelector": {},
        "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.policyTypes": ["Ingress", "Egress", "Ingress"]},
            [
                'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyType'
            ],
        ),
        (
            {"spec.policyTypes": ["Both"]},
            [
                'spec.policyTypes.0: Unsupported value: "Both": supported values: "Ingress", "Egress"'
            ],
        ),
        (
            {"spec.ingress.0.from.0": {}},
            ["spec.ingress.0.from.0: Required value: must specify a peer"],
        ),
        (
            {"spec.ingress.0.from.0": {"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}},
            ["spec.ingress.0.from.0: Forbidden: may not specify both ipBlock and another peer"],
        ),
        (
            {
                "spec.ingress.0.from.0": {
                    "ipBlock": {
                        "cidr": "10.0.0.1/8",
                        "except": ["10.1.0.0/16", "11.0.0.0/16", "10.0.0.0/8", "x"],
                    }
                }
            },
            [
                'spec.ingress.0.from.0.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix',
                'spec.ingress.0.from.0.ipBlock.except.1: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
                'spec.ingress.0.from.0.ipBlock.except.2: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
                'spec.ingress.0.from.0.ipBlock.except.3: Invalid value: "x": must be a valid CIDR value,',
            ],
        ),
        (
            {"spec.ingress.0.from.0": {"ipBlock": {"cidr": ""}}},
            ["spec.ingress.0.from.0.ipBlock.cidr: Required value"],
        ),
        (
            {"spec.ingress.0.ports.0": {"port": "http", "endPort": 90}},
            [
                "spec.ingress.0.ports.0.endPort: Invalid value: 90: may not be specified when `port` is non-numeric"
            ],
        ),
        (
            {"spec.ingress.0.ports.0": {"port": 80, "endPort": 70}},
            [
                "spec.ingress.0.ports.0.endPort: Invalid value: 80: must be greater than or equal to `port`"
            ],
        ),
        (
            {"spec.ingress.0.ports.0": {"endPort": 70}},
            [
                "spec.ingress.0.ports.0.endPort: Invalid value: 70: may not be specified when `port` is not specified"
            ],
        ),
        (
            {"spec.ingress.0.ports.0": {"port": 0}},
            [
                "spec.ingress.0.ports.0.port: Invalid value: 0: must be between 1 and 65535, inclusive"
            ],
        ),
        (
            {"spec.ingress.0.ports.0": {"protocol": "ICMP"}},
            [
                'spec.ingress.0.ports.0.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"'
            ],
        ),
        ({"spec.podSelector": None}, []),
    ],
)
def test_network_policy(edits, expected):
    assert_faults_after(NETWORK_POLICY, edits, expected)


IP_ADDRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IPAddress",
    "metadata": {"name": "10.0.0.1"},
    "spec": {"parentRef": {"resource": "services", "name": "web", "namespace": "a"}},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec": {}}, ["spec.parentRef: Required value"]),
        (
            {"spec.parentRef": {"group": "A", "resource": "", "name": "a/b", "namespace": "."}},
            [
                'spec.parentRef.group: Invalid value: "A": a lowercase RFC 1123 subdomain',
                "spec.parentRef.resource: Required value",
                "spec.parentRef.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.parentRef.namespace: Invalid value: \".\": may not be '.'",
            ],
        ),
    ],
)
def test_ip_address(edits, expected):
    assert_faults_after(IP_ADDRESS, edits, expected)


SERVICE_CIDR = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "ServiceCIDR",
    "metadata": {"name": "a"},
    "spec": {"cidrs": ["10.0.0.0/24"]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.cidrs": []}, ["spec.cidrs: Required value: at least one CIDR required"]),
        (
            {"spec.cidrs": ["10.0.0.0/24", "10.1.0.0/24"]},
            [
                'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP fam'
            ],
        ),
        ({"spec.cidrs": ["10.0.0.0/24", "2001:db8::/64"]}, []),
        (
            {"spec.cidrs": ["a", "b", "c"]},
            ['spec.cidrs: Invalid value: ["a","b","c"]: may only hold up to 2 values'],
        ),
        (
            {"spec.cidrs": ["2001:DB8::/64"]},
            [
                'spec.cidrs.0: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")'
            ],
        ),
    ],
)
def test_service_cidr(edits, expected):
    assert_faults_after(SERVICE_CIDR, edits, expected)
