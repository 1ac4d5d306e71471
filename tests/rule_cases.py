"""Objects with one change, for the tests of the rules of validation."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from kmanifest.validation.objects import Validator

Found = list[tuple[str, str, str]]
"""Faults: the path with dots, the kind and the message."""

DUPLICATE_ENTRY = "server-side apply will refuse it: duplicate entries"
POD: Mapping[str, Any] = {
    "containers": [
        {"name": "app", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080}]}
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
TEMPLATE: Mapping[str, Any] = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
SELECTOR: Mapping[str, Any] = {"matchLabels": {"app": "web"}}


@cache
def validator(version: tuple[int, int] = (1, 36)) -> Validator:
    """Return a validator with all rules."""
    return Validator(version)


def faults_of(body: Mapping[str, Any], version: tuple[int, int] = (1, 36)) -> Found:
    """Return the faults of an object, without warnings of entries that occur twice, which no rule reports."""
    return [
        (".".join(map(str, fault.path)), fault.kind, fault.message)
        for fault in validator(version).check_object(body)
        if not fault.message.startswith(DUPLICATE_ENTRY)
    ]


def pod_faults(change: Mapping[str, Any], version: tuple[int, int] = (1, 36)) -> Found:
    """Return the faults of a Pod with some fields of its spec changed, with paths from there."""
    return within(
        "spec",
        faults_of(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web"},
                "spec": {**POD, **change},
            },
            version,
        ),
    )


def template_faults(change: Mapping[str, Any]) -> Found:
    """Return the faults of a Deployment with some fields of its pods changed, with paths from there."""
    template = {**TEMPLATE, "spec": {**POD, **change}}
    return within("spec.template.spec", workload_faults("Deployment", {"template": template}))


def container_faults(change: Mapping[str, Any]) -> Found:
    """Return the faults of a Pod with some fields of its container changed, with paths from there."""
    container = {**POD["containers"][0], **change}
    return within("containers.0", pod_faults({"containers": [container]}))


def workload_faults(kind: str, change: Mapping[str, Any]) -> Found:
    """Return the faults of a workload with some fields of its spec changed."""
    spec: Mapping[str, Any] = {"template": TEMPLATE, "selector": SELECTOR}
    api_version = "apps/v1"
    if kind == "ReplicationController":
        spec, api_version = {"template": TEMPLATE}, "v1"
    if kind == "StatefulSet":
        spec = {**spec, "serviceName": "web"}
    return faults_of(
        {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": "web"},
            "spec": {**spec, **change},
        }
    )


def within(prefix: str, found: Found) -> Found:
    """Return faults with paths from a field on."""
    return [
        (path[len(prefix) + 1 :] if path.startswith(prefix + ".") else f"/{path}", kind, message)
        for path, kind, message in found
    ]


def assert_faults(found: Found, *expected: tuple[str, str]) -> None:
    """Compare faults by path and by the beginning of the message."""
    assert len(found) == len(expected), found
    for (path, _, message), (expected_path, beginning) in zip(found, expected, strict=True):
        assert path == expected_path
        assert message.startswith(beginning), message
