"""Rules for webhooks and admission policies."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

WEBHOOK = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "a"},
    "webhooks": [
        {
            "name": "a.b.c",
            "clientConfig": {"service": {"name": "a", "namespace": "b"}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [
                {
                    "operations": ["CREATE"],
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "resources": ["pods"],
                }
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"webhooks.0.name": "a"},
            [
                'webhooks.0.name: Invalid value: "a": should be a domain with at least three segments separated by dots'
            ],
        ),
        ({"webhooks.0.name": ""}, ["webhooks.0.name: Required value"]),
        (
            {"webhooks.0.name": "A.b.c"},
            ['webhooks.0.name: Invalid value: "A.b.c": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"webhooks.0.sideEffects": ABSENT},
            ["webhooks.0.sideEffects: Required value: must specify one of None, NoneOnDryRun"],
        ),
        (
            {"webhooks.0.sideEffects": "Some"},
            [
                'webhooks.0.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'
            ],
        ),
        (
            {"webhooks.0.timeoutSeconds": 0},
            [
                "webhooks.0.timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds"
            ],
        ),
        (
            {"webhooks.0.timeoutSeconds": 31},
            [
                "webhooks.0.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"
            ],
        ),
        (
            {"webhooks.0.admissionReviewVersions": []},
            ["webhooks.0.admissionReviewVersions: Required value: must specify one of v1, v1beta1"],
        ),
        (
            {"webhooks.0.admissionReviewVersions": ["v2", "v2"]},
            [
                'webhooks.0.admissionReviewVersions.1: Invalid value: "v2": duplicate version',
                'webhooks.0.admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
            ],
        ),
        (
            {"webhooks.0.failurePolicy": "Maybe"},
            [
                'webhooks.0.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'
            ],
        ),
        (
            {"webhooks.0.clientConfig": {}},
            ["webhooks.0.clientConfig: Required value: exactly one of url or service is required"],
        ),
        (
            {"webhooks.0.clientConfig": {"url": "http://a"}},
            [
                "webhooks.0.clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired forma"
            ],
        ),
        (
            {"webhooks.0.clientConfig": {"url": "https://"}},
            [
                'webhooks.0.clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/pat'
            ],
        ),
        (
            {"webhooks.0.clientConfig": {"url": "https://u@a/x?y#z"}},
            [
                'webhooks.0.clientConfig.url: Invalid value: "...": user information is not permitted in the URL',
                'webhooks.0.clientConfig.url: Invalid value: "z": fragments are not permitted in the URL',
                'webhooks.0.clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL',
            ],
        ),
        (
            {"webhooks.0.clientConfig": {"url": "https://a b"}},
            [
                "webhooks.0.clientConfig.url: Required value: url must be a valid URL: it has blanks; desired format: http"
            ],
        ),
        (
            {"webhooks.0.clientConfig": {"url": "https://a:x/"}},
            [
                "webhooks.0.clientConfig.url: Required value: url must be a valid URL: Port could not be cast to integer v"
            ],
        ),
        ({"webhooks.0.clientConfig": {"url": "https://a/x"}}, []),
        (
            {"webhooks.0.clientConfig.service.name": ""},
            ["webhooks.0.clientConfig.service.namespace: Required value"],
        ),
        (
            {"webhooks.0.clientConfig.service.port": 0},
            [
                "webhooks.0.clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, i"
            ],
        ),
        (
            {"webhooks.0.clientConfig.service.path": "a"},
            [
                "webhooks.0.clientConfig.service.path: Invalid value: \"a\": must start with a '/'",
                'webhooks.0.clientConfig.service.path: Invalid value: "a": segment[0] may not be empty',
            ],
        ),
        (
            {"webhooks.0.clientConfig.service.path": "/a//B/"},
            [
                'webhooks.0.clientConfig.service.path: Invalid value: "/a//B/": segment[1] may not be empty',
                'webhooks.0.clientConfig.service.path: Invalid value: "/a//B/": segment[2]: a lowercase RFC 1123 subdomain',
            ],
        ),
        (
            {"webhooks.0.clientConfig.service.path": "//"},
            [
                'webhooks.0.clientConfig.service.path: Invalid value: "//": segment[0] may not be empty'
            ],
        ),
        ({"webhooks.0.rules.0.operations": []}, ["webhooks.0.rules.0.operations: Required value"]),
        (
            {"webhooks.0.rules.0.operations": ["*", "CREATE"]},
            [
                'webhooks.0.rules.0.operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other o'
            ],
        ),
        (
            {"webhooks.0.rules.0.operations": ["READ"]},
            [
                'webhooks.0.rules.0.operations.0: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "'
            ],
        ),
        (
            {"webhooks.0.rules.0.apiVersions": [""]},
            ["webhooks.0.rules.0.apiVersions.0: Required value"],
        ),
        (
            {"webhooks.0.rules.0.resources": ["pods/*", "pods/status"]},
            [
                "webhooks.0.rules.0.resources.1: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify po"
            ],
        ),
        (
            {"webhooks.0.rules.0.resources": ["*/status", "pods/status"]},
            [
                "webhooks.0.rules.0.resources.1: Invalid value: \"pods/status\": if '*/status' is present, must not specify "
            ],
        ),
        (
            {"webhooks.0.rules.0.resources": ["*/*", "pods"]},
            [
                'webhooks.0.rules.0.resources: Invalid value: ["*/*","pods"]: if \'*/*\' is present, must not specify other '
            ],
        ),
        (
            {"webhooks.0.rules.0.resources": ["*", "pods"]},
            [
                'webhooks.0.rules.0.resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other reso'
            ],
        ),
        (
            {"webhooks.0.rules.0.resources": [None]},
            ["webhooks.0.rules.0.resources.0: Required value"],
        ),
        ({"webhooks.0.rules.0.resources": []}, ["webhooks.0.rules.0.resources: Required value"]),
        (
            {"webhooks.0.rules.0.scope": "All"},
            [
                'webhooks.0.rules.0.scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"'
            ],
        ),
        (
            {"webhooks.0.rules.0": None},
            [
                "webhooks.0.rules.0.operations: Required value",
                "webhooks.0.rules.0.apiGroups: Required value",
                "webhooks.0.rules.0.apiVersions: Required value",
                "webhooks.0.rules.0.resources: Required value",
            ],
        ),
        (
            {
                "webhooks.0.matchConditions": [
                    {"name": "a", "expression": " "},
                    {"name": "a", "expression": "true"},
                    {"name": "a b", "expression": "true"},
                ]
            },
            [
                'webhooks.0.matchConditions.1: server-side apply will refuse it: duplicate entries for key [name="a"]',
                "webhooks.0.matchConditions.0.expression: Required value",
                'webhooks.0.matchConditions.1.name: Duplicate value: "a"',
                'webhooks.0.matchConditions.2.name: Invalid value: "a b": name part',
            ],
        ),
        (
            {
                "webhooks.1": {
                    "name": "a.b.c",
                    "clientConfig": {"url": "https://a"},
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
            },
            [
                'webhooks.1: server-side apply will refuse it: duplicate entries for key [name="a.b.c"]',
                'webhooks.1.name: Duplicate value: "a.b.c"',
            ],
        ),
    ],
)
def test_webhook(edits, expected):
    assert_faults_after(WEBHOOK, edits, expected)


POLICY = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "a"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {
                    "operations": ["CREATE"],
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "resources": ["pods"],
                }
            ]
        },
        "validations": [{"expression": "true"}],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec": ABSENT},
            [
                "spec.matchConstraints: Required value",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ],
        ),
        ({"spec.matchConstraints": {}}, ["spec.matchConstraints.resourceRules: Required value"]),
        (
            {"spec.matchConstraints.resourceRules.0.resourceNames": ["a", "a", "a/b"]},
            [
                'spec.matchConstraints.resourceRules.0.resourceNames.1: Duplicate value: "a"',
                "spec.matchConstraints.resourceRules.0.resourceNames.2: Invalid value: \"a/b\": may not contain '/'",
            ],
        ),
        (
            {"spec.validations": []},
            [
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ],
        ),
        (
            {
                "spec.validations.0": {
                    "expression": "",
                    "message": " ",
                    "messageExpression": " ",
                    "reason": "Bad",
                }
            },
            [
                "spec.validations.0.expression: Required value: expression is not specified",
                'spec.validations.0.messageExpression: Invalid value: " ": must be non-empty if specified',
                'spec.validations.0.message: Invalid value: " ": must be non-empty if specified',
                'spec.validations.0.reason: Unsupported value: "Bad": supported values: "Forbidden", "Invalid", "RequestEn',
            ],
        ),
        (
            {"spec.validations.0.message": "a\nb"},
            ['spec.validations.0.message: Invalid value: "a\\nb": must not contain line breaks'],
        ),
        ({"spec.validations.0.message": " a\n"}, []),
        ({"spec.paramKind": {"kind": "ConfigMap"}}, ["spec.paramKind.apiVersion: Required value"]),
        (
            {"spec.paramKind": {"apiVersion": "a/b/c", "kind": "X_y"}},
            [
                'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
                'spec.paramKind.kind: Invalid value: "X_y": may have mixed case, but should otherwise match: a DNS-1035 la',
            ],
        ),
        (
            {"spec.paramKind": {"apiVersion": "A/V1", "kind": "ConfigMap"}},
            [
                'spec.paramKind.apiVersion: Invalid value: "A": a lowercase RFC 1123 subdomain',
                'spec.paramKind.apiVersion: Invalid value: "V1": a DNS-1035 label',
            ],
        ),
        (
            {"spec.variables": [{"name": "in", "expression": "1"}, {"name": "", "expression": ""}]},
            [
                'spec.variables.0.name: Invalid value: "in": must be a valid CEL identifier',
                "spec.variables.1.name: Required value: name is not specified",
                "spec.variables.1.expression: Required value: expression is not specified",
            ],
        ),
        (
            {
                "spec.auditAnnotations": [
                    {"key": "a b", "valueExpression": ""},
                    {"key": "c", "valueExpression": "'x'"},
                    {"key": "c", "valueExpression": "'x'"},
                ]
            },
            [
                'spec.auditAnnotations.0.key: Invalid value: "a/a b": name part',
                "spec.auditAnnotations.0.valueExpression: Required value: valueExpression is not specified",
                'spec.auditAnnotations.2.key: Duplicate value: "c"',
            ],
        ),
        (
            {"spec.failurePolicy": ""},
            ['spec.failurePolicy: Unsupported value: "": supported values: "Fail", "Ignore"'],
        ),
    ],
)
def test_policy(edits, expected):
    assert_faults_after(POLICY, edits, expected)


MUTATING_POLICY = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {"name": "a"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {
                    "operations": ["CREATE"],
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "resources": ["pods"],
                }
            ]
        },
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.mutations": []},
            ["spec.mutations: Required value: mutations must contain at least one item"],
        ),
        ({"spec.reinvocationPolicy": ABSENT}, ["spec.reinvocationPolicy: Required value"]),
        (
            {"spec.matchConstraints.resourceRules.0.operations": ["DELETE"]},
            [
                'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONN'
            ],
        ),
        ({"spec.mutations.0": {}}, ["spec.mutations.0.patchType: Required value"]),
        (
            {"spec.mutations.0.patchType": "Merge"},
            [
                'spec.mutations.0.patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatc'
            ],
        ),
        (
            {"spec.mutations.0.patchType": "ApplyConfiguration"},
            [
                'spec.mutations.0.jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyCo',
                "spec.mutations.0.applyConfiguration: Required value: must be specified when patchType is ApplyConfigurati",
            ],
        ),
        (
            {"spec.mutations.0.jsonPatch": {}},
            ["spec.mutations.0.jsonPatch.expression: Required value"],
        ),
    ],
)
def test_mutating_policy(edits, expected):
    assert_faults_after(MUTATING_POLICY, edits, expected)


BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "a"},
    "spec": {"policyName": "a", "validationActions": ["Deny"]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.policyName": ""}, ["spec.policyName: Required value"]),
        (
            {"spec.policyName": "A"},
            ['spec.policyName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.validationActions": []},
            ["spec.validationActions: Required value: at least one validation action is required"],
        ),
        (
            {"spec.validationActions": ["Deny", "Warn", "Deny", "Log"]},
            [
                'spec.validationActions.2: server-side apply will refuse it: duplicate entries for key [="Deny"]',
                'spec.validationActions.2: Duplicate value: "Deny"',
                'spec.validationActions.3: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
                'spec.validationActions: Invalid value: ["Deny","Warn","Deny","Log"]: must not contain both Deny and Warn ',
            ],
        ),
        (
            {"spec.paramRef": {}},
            [
                "spec.paramRef: Required value: one of name or selector must be specified",
                "spec.paramRef.parameterNotFoundAction: Required value",
            ],
        ),
        (
            {"spec.paramRef": {"name": "a/b", "selector": {}, "parameterNotFoundAction": "Ignore"}},
            [
                "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
                "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
                'spec.paramRef.parameterNotFoundAction: Unsupported value: "Ignore": supported values: "Deny", "Allow"',
            ],
        ),
        (
            {"spec.matchResources": {"resourceRules": [{}]}},
            [
                "spec.matchResources.resourceRules.0.operations: Required value",
                "spec.matchResources.resourceRules.0.apiGroups: Required value",
                "spec.matchResources.resourceRules.0.apiVersions: Required value",
                "spec.matchResources.resourceRules.0.resources: Required value",
            ],
        ),
    ],
)
def test_binding(edits, expected):
    assert_faults_after(BINDING, edits, expected)


MUTATING_BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicyBinding",
    "metadata": {"name": "a"},
    "spec": {"policyName": "a"},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {
                "spec.matchResources": {
                    "resourceRules": [
                        {
                            "operations": ["DELETE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                        }
                    ]
                }
            },
            [
                'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNEC'
            ],
        ),
    ],
)
def test_mutating_binding(edits, expected):
    assert_faults_after(MUTATING_BINDING, edits, expected)
