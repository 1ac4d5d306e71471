"""Rules for roles and their bindings."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "a:b"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"rules.0.verbs": []},
            ["rules.0.verbs: Required value: verbs must contain at least one value"],
        ),
        (
            {"rules.0.apiGroups": []},
            [
                "rules.0.apiGroups: Required value: resource rules must supply at least one api group"
            ],
        ),
        (
            {"rules.0.resources": ABSENT},
            ["rules.0.resources: Required value: resource rules must supply at least one resource"],
        ),
        (
            {"rules.0": {"nonResourceURLs": ["/a"], "verbs": ["get"]}},
            [
                'rules.0.nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs'
            ],
        ),
        (
            {"rules.1": None},
            [
                "rules.1.verbs: Required value: verbs must contain at least one value",
                "rules.1.apiGroups: Required value: resource rules must supply at least one api group",
                "rules.1.resources: Required value: resource rules must supply at least one resource",
            ],
        ),
    ],
)
def test_role(edits, expected):
    assert_faults_after(ROLE, edits, expected)


CLUSTER_ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "a"},
    "rules": [{"nonResourceURLs": ["/a"], "verbs": ["get"]}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"rules.0.resources": ["pods"]},
            [
                'rules.0.nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-reso'
            ],
        ),
        (
            {"aggregationRule": {}},
            [
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggreg"
            ],
        ),
        ({"rules": []}, []),
    ],
)
def test_cluster_role(edits, expected):
    assert_faults_after(CLUSTER_ROLE, edits, expected)


ROLE_BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "a"},
    "roleRef": {"kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "ServiceAccount", "name": "web"}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"roleRef.name": ""}, ["roleRef.name: Required value"]),
        ({"roleRef.name": "a/b"}, ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"]),
        (
            {"roleRef.kind": "User"},
            ['roleRef.kind: Unsupported value: "User": supported values: "Role", "ClusterRole"'],
        ),
        (
            {"roleRef.apiGroup": "other"},
            [
                'roleRef.apiGroup: Unsupported value: "other": supported values: "rbac.authorization.k8s.io"'
            ],
        ),
        (
            {"subjects.0.apiGroup": "v1"},
            ['subjects.0.apiGroup: Unsupported value: "v1": supported values: ""'],
        ),
        (
            {"subjects.0.name": "Web"},
            ['subjects.0.name: Invalid value: "Web": a lowercase RFC 1123 subdomain'],
        ),
        ({"subjects.0": {"kind": "User", "name": "Jane Doe"}}, []),
        (
            {"subjects.0": {"kind": "Group", "name": "", "apiGroup": "v1"}},
            [
                "subjects.0.name: Required value",
                'subjects.0.apiGroup: Unsupported value: "v1": supported values: "rbac.authorization.k8s.io"',
            ],
        ),
        (
            {"subjects.0": {"kind": "Robot", "name": "a"}},
            [
                'subjects.0.kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'
            ],
        ),
    ],
)
def test_role_binding(edits, expected):
    assert_faults_after(ROLE_BINDING, edits, expected)


CLUSTER_ROLE_BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "a"},
    "roleRef": {"kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "a"}],
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"roleRef.kind": "Role"},
            ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
        ),
        ({"subjects.0.namespace": ""}, ["subjects.0.namespace: Required value"]),
    ],
)
def test_cluster_role_binding(edits, expected):
    assert_faults_after(CLUSTER_ROLE_BINDING, edits, expected)
