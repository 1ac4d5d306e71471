"""Rules for APIServices and CertificateSigningRequests."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

API_SERVICE = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1.a.example.com"},
    "spec": {
        "group": "a.example.com",
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 10,
        "service": {"name": "a", "namespace": "b"},
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"metadata.name": "other"},
            [
                'metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.a.example.com"'
            ],
        ),
        ({"spec.group": "", "metadata.name": "v1."}, []),
        (
            {"spec.group": "", "spec.version": "v2", "metadata.name": "v2."},
            [
                "spec.group: Required value: only v1 may have an empty group and it better be legacy kube"
            ],
        ),
        (
            {"spec.version": "V1", "metadata.name": "V1.a.example.com"},
            ['spec.version: Invalid value: "V1": a DNS-1035 label'],
        ),
        (
            {"spec.groupPriorityMinimum": 0},
            ["spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"],
        ),
        (
            {"spec.versionPriority": 1001},
            ["spec.versionPriority: Invalid value: 1001: must be positive and less than 1000"],
        ),
        ({"spec.service.name": ABSENT}, ["spec.service.name: Required value"]),
        (
            {"spec.service.port": 0},
            [
                "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive"
            ],
        ),
        (
            {"spec.service": ABSENT, "spec.insecureSkipTLSVerify": True},
            [
                "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"
            ],
        ),
        (
            {"spec.insecureSkipTLSVerify": True, "spec.caBundle": "YQ=="},
            [
                "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"
            ],
        ),
    ],
)
def test_api_service(edits, expected):
    assert_faults_after(API_SERVICE, edits, expected)


CERTIFICATE_REQUEST = {
    "apiVersion": "certificates.k8s.io/v1",
    "kind": "CertificateSigningRequest",
    "metadata": {"name": "a"},
    "spec": {
        "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KWVdKagotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K",
        "signerName": "example.com/a",
        "usages": ["client auth"],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.request": "YWJj"},
            ['spec.request: Invalid value: "...": PEM block type must be CERTIFICATE REQUEST'],
        ),
        ({"spec.usages": []}, ["spec.usages: Required value"]),
        (
            {"spec.usages": ["client auth", "fly", "client auth"]},
            [
                'spec.usages.1: Unsupported value: "fly": supported values: "any", "cert sign", "client auth", "code signi',
                'spec.usages.2: Duplicate value: "client auth"',
            ],
        ),
        ({"spec.signerName": ""}, ["spec.signerName: Required value"]),
        (
            {"spec.signerName": "a"},
            [
                'spec.signerName: Invalid value: "a": must be a fully qualified domain and path of the form \'example.com/s'
            ],
        ),
        (
            {"spec.signerName": "example/A"},
            [
                'spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dot',
                'spec.signerName: Invalid value: "A": validating label "A": a lowercase RFC 1123 subdomain',
            ],
        ),
        (
            {"spec.signerName": "Bad.com/x"},
            [
                'spec.signerName: Invalid value: "Bad.com": validating label "Bad": a lowercase RFC 1123 label'
            ],
        ),
        (
            {"spec.signerName": "kubernetes.io/legacy-unknown"},
            [
                'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via '
            ],
        ),
        (
            {"spec.expirationSeconds": 599},
            [
                "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"
            ],
        ),
    ],
)
def test_certificate_request(edits, expected):
    assert_faults_after(CERTIFICATE_REQUEST, edits, expected)
