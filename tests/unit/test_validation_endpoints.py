"""Rules for Endpoints and EndpointSlices."""

import pytest

from tests.rule_edits import assert_faults_after

ENDPOINTS = {
    "apiVersion": "v1",
    "kind": "Endpoints",
    "metadata": {"name": "web"},
    "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"subsets.0.addresses": []},
            ["subsets.0: Required value: must specify `addresses` or `notReadyAddresses`"],
        ),
        (
            {"subsets.0.addresses.0.ip": "::"},
            ['subsets.0.addresses.0.ip: Invalid value: "::": may not be unspecified (::)'],
        ),
        (
            {"subsets.0.addresses.0.ip": "169.254.0.1"},
            [
                'subsets.0.addresses.0.ip: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/1'
            ],
        ),
        (
            {"subsets.0.addresses.0.ip": "224.0.0.5"},
            [
                'subsets.0.addresses.0.ip: Invalid value: "224.0.0.5": may not be in the link-local multicast range (224.0'
            ],
        ),
        (
            {"subsets.0.addresses.0.ip": "ff02::1"},
            [
                'subsets.0.addresses.0.ip: Invalid value: "ff02::1": may not be in the link-local multicast range (224.0.0'
            ],
        ),
        (
            {"subsets.0.addresses.0.ip": "x"},
            [
                'subsets.0.addresses.0.ip: Invalid value: "x": must be a valid IP address,',
                'subsets.0.addresses.0.ip: Invalid value: "x": must be a valid IP address',
            ],
        ),
        (
            {"subsets.0.addresses.0.hostname": "A.b"},
            ['subsets.0.addresses.0.hostname: Invalid value: "A.b": a lowercase RFC 1123 label'],
        ),
        (
            {"subsets.0.addresses.0.nodeName": "A"},
            ['subsets.0.addresses.0.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"subsets.0.ports.1": {"port": 0, "appProtocol": "a b"}},
            [
                "subsets.0.ports.0.name: Required value",
                "subsets.0.ports.1.name: Required value",
                "subsets.0.ports.1.port: Invalid value: 0: must be between 1 and 65535, inclusive",
                'subsets.0.ports.1.appProtocol: Invalid value: "a b": name part',
            ],
        ),
        (
            {"subsets.0.ports.0.protocol": "ICMP"},
            [
                'subsets.0.ports.0.protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'
            ],
        ),
    ],
)
def test_endpoints(edits, expected):
    assert_faults_after(ENDPOINTS, edits, expected)


SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "web"},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.1"]}],
    "ports": [{"port": 80}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"addressType": ""}, ["addressType: Required value"]),
        ({"addressType": "FQDN"}, []),
        ({"addressType": "FQDN", "endpoints.0.addresses": ["a.example.com."]}, []),
        (
            {"addressType": "FQDN", "endpoints.0.addresses": ["localhost"]},
            [
                'endpoints.0.addresses.0: Invalid value: "localhost": should be a domain with at least two segments separa'
            ],
        ),
        (
            {"addressType": "IPv6"},
            ['endpoints.0.addresses.0: Invalid value: "10.0.0.1": must be an IPv6 address'],
        ),
        (
            {"addressType": "IPv6", "endpoints.0.addresses": ["2001:DB8::1"]},
            [
                'endpoints.0.addresses.0: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'
            ],
        ),
        (
            {"endpoints.0.addresses": []},
            ["endpoints.0.addresses: Required value: must contain at least 1 address"],
        ),
        (
            {"endpoints.0.addresses": ["::1"]},
            [
                'endpoints.0.addresses.0: Invalid value: "::1": must be an IPv4 address',
                'endpoints.0.addresses.0: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            ],
        ),
        (
            {"endpoints.0.hostname": ""},
            ['endpoints.0.hostname: Invalid value: "": a lowercase RFC 1123 label'],
        ),
        (
            {"endpoints.0.nodeName": "A"},
            ['endpoints.0.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"endpoints.0.deprecatedTopology": {"a b": "c"}},
            ['endpoints.0.deprecatedTopology.a b: Invalid value: "a b": name part'],
        ),
        ({"ports.1": {"port": 81}}, ['ports.1.name: Duplicate value: ""']),
        (
            {"ports.0.name": "A b"},
            ['ports.0.name: Invalid value: "A b": a lowercase RFC 1123 label'],
        ),
        (
            {"ports.0.protocol": ""},
            ['ports.0.protocol: Unsupported value: "": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            {
                "endpoints.0.hints": {
                    "forZones": [{"name": "a"}, {"name": "a"}],
                    "forNodes": [{"name": "A"}],
                }
            },
            [
                'endpoints.0.hints.forZones.1.name: Duplicate value: "a"',
                'endpoints.0.hints.forNodes.0.name: Invalid value: "A": a lowercase RFC 1123 subdomain',
            ],
        ),
    ],
)
def test_slice(edits, expected):
    assert_faults_after(SLICE, edits, expected)
