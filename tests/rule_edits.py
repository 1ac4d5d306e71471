"""Right objects with edits, for tables of faults by kind."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from tests.rule_cases import validator

ABSENT: Final = object()
"""The value of an edit that removes a field."""

Edits = Mapping[str, Any]
"""New values by path with dots; a number is an index, and a slash stands for a dot in a key."""


def edited(body: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Return a copy of an object with edits. The mappings on the way to a field are made."""
    changed: dict[str, Any] = deepcopy(dict(body))
    for path, value in edits.items():
        *steps, last = (step.replace("/", ".") for step in path.split("."))
        inner: Any = changed
        for step in steps:
            inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
        if value is ABSENT:
            del inner[last]
        elif isinstance(inner, list) and int(last) == len(inner):
            inner.append(value)
        elif isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value
    return changed


def faults_after(
    body: Mapping[str, Any], edits: Edits, version: tuple[int, int] = (1, 36)
) -> list[str]:
    """Return the faults of an object with edits, each as its path, a colon and the message."""
    faults = validator(version).check_object(edited(body, edits))
    return [f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in faults]


def assert_faults_after(body: Mapping[str, Any], edits: Edits, expected: Sequence[str]) -> None:
    """Compare the faults of an object with edits by their beginnings."""
    found = faults_after(body, edits)
    assert len(found) == len(expected), found
    for fault, beginning in zip(found, expected, strict=True):
        assert fault.startswith(beginning), fault
