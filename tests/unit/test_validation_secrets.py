"""Rules for Secrets and ConfigMaps."""

import pytest

from tests.rule_edits import assert_faults_after

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"data": {"a b": "eA=="}}, ['data.a b: Invalid value: "a b": a valid config key']),
        ({"stringData": {"..": "x"}}, ["stringData...: Invalid value: \"..\": must not be '..'"]),
        ({"data": {"a": None}, "type": "Opaque"}, []),
        (
            {"type": "kubernetes.io/tls"},
            ["data.tls.crt: Required value", "data.tls.key: Required value"],
        ),
        ({"type": "kubernetes.io/TLS"}, []),
        ({"type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": None}}, []),
        ({"type": "kubernetes.io/dockerconfigjson"}, ["data..dockerconfigjson: Required value"]),
        ({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"}}, []),
        (
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "null"}},
            [],
        ),
        (
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "[1]"}},
            [
                'data..dockerconfigjson: Invalid value: "<secret contents redacted>": it is JSON, but not an object'
            ],
        ),
        (
            {
                "type": "kubernetes.io/dockerconfigjson",
                "stringData": {".dockerconfigjson": '{"password": NaN}'},
            },
            [
                'data..dockerconfigjson: Invalid value: "<secret contents redacted>": it is not valid JSON'
            ],
        ),
        (
            {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": ""}},
            [
                'data..dockercfg: Invalid value: "<secret contents redacted>": unexpected end of JSON input'
            ],
        ),
        (
            {"type": "kubernetes.io/basic-auth"},
            ["data.username: Required value", "data.password: Required value"],
        ),
        ({"type": "kubernetes.io/basic-auth", "stringData": {"password": ""}}, []),
        (
            {
                "type": "kubernetes.io/ssh-auth",
                "data": {"ssh-privatekey": "eA=="},
                "stringData": {"ssh-privatekey": ""},
            },
            ["data.ssh-privatekey: Required value"],
        ),
        (
            {"type": "kubernetes.io/service-account-token"},
            ["metadata.annotations.kubernetes.io/service-account.name: Required value"],
        ),
        (
            {
                "type": "kubernetes.io/service-account-token",
                "metadata.annotations": {"kubernetes.io/service-account.name": "a"},
            },
            [],
        ),
    ],
)
def test_secret(edits, expected):
    assert_faults_after(SECRET, edits, expected)


CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"data": {"a": None, ".": "x", "a/b": "y"}},
            [
                "data..: Invalid value: \".\": must not be '.'",
                'data.a/b: Invalid value: "a/b": a valid config key',
            ],
        ),
        (
            {"data": {"a": "x"}, "binaryData": {"a": "eA=="}},
            ['data.a: Invalid value: "a": duplicate of key present in binaryData'],
        ),
        ({"binaryData": {"": "eA=="}}, ['binaryData.: Invalid value: "": a valid config key']),
    ],
)
def test_config_map(edits, expected):
    assert_faults_after(CONFIG_MAP, edits, expected)
