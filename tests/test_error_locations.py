"""Errors have the right location: in the error cases of the conformance suite 90 % the right file, 80 % the right line.

`error_locations.toml` has the right locations. `python -m tests.test_error_locations` prints the errors with other
locations.
"""

import base64
import functools
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kmanifest.model.errors import KmanifestError
from tests.conformance import kustomize

PROJECT = Path(__file__).resolve().parents[1]
SUITE = PROJECT.parent / "shared" / "conformance" / "kustomize" / "public.jsonl"
LOCATIONS = PROJECT / "tests" / "error_locations.toml"
ROOT_MARK = "@@ROOT@@"

needs_suite = pytest.mark.skipif(
    not SUITE.exists(), reason="the suite (../shared/conformance) is not here"
)


class Outcome(NamedTuple):
    """The error of a case, and whether its location agrees with the table."""

    case: str
    right_file: bool
    right_line: bool
    reported: str
    expected: str


@needs_suite
def test_table_has_each_error_case() -> None:
    assert set(expected_locations()) == {case["id"] for case in error_cases()}


@needs_suite
def test_right_file() -> None:
    all_outcomes = outcomes()
    wrong = [outcome for outcome in all_outcomes if not outcome.right_file]
    assert len(wrong) <= 0.10 * len(all_outcomes), format_outcomes(wrong)


@needs_suite
def test_right_line() -> None:
    all_outcomes = outcomes()
    wrong = [outcome for outcome in all_outcomes if not outcome.right_line]
    assert len(wrong) <= 0.20 * len(all_outcomes), format_outcomes(wrong)


@functools.cache
def expected_locations() -> dict[str, Any]:
    """Return the right locations by case."""
    return tomllib.loads(LOCATIONS.read_text("utf-8"))


def error_cases() -> list[dict[str, Any]]:
    """Return the cases in which kustomize fails and that need no other executable."""
    cases = [json.loads(line) for line in SUITE.read_bytes().splitlines()]
    return [case for case in cases if case["error"] is not None and not case["needs"]]


@functools.cache
def outcomes() -> list[Outcome]:
    """Build each error case and compare the location of its error."""
    return [_outcome(case) for case in error_cases()]


def format_outcomes(selected: list[Outcome]) -> str:
    """Return outcomes as text: the case, the reported error, and the right locations."""
    return "".join(
        f"\n{outcome.case}\n  reported {outcome.reported}\n  expected {outcome.expected}"
        for outcome in selected
    )


def _outcome(case: Mapping[str, Any]) -> Outcome:
    entry = expected_locations()[case["id"]]
    expected = [entry, *entry.get("also", ())]
    with tempfile.TemporaryDirectory(prefix="kmanifest-locations-") as directory:
        root = os.path.realpath(directory)
        _write(case, root)
        target = os.path.normpath(os.path.join(root, case["target"]))
        try:
            kustomize(target, case["options"])
        except KmanifestError as error:
            location = error.location
            reported = str(error).replace(root.removeprefix("/") + "/", "").replace(root, ".")
        else:
            return Outcome(case["id"], False, False, "(no error)", _format_locations(expected))
    in_file = [
        candidate
        for candidate in expected
        if _same_file(
            location.file, target if candidate["file"] == "." else f"{root}/{candidate['file']}"
        )
    ]
    in_line = [
        candidate
        for candidate in in_file
        if location.line in candidate.get("lines", (location.line,))
    ]
    return Outcome(case["id"], bool(in_file), bool(in_line), reported, _format_locations(expected))


def _same_file(reported: str, expected: str) -> bool:
    """Whether two paths are the same file. Paths of a tree have no leading slash."""
    return bool(reported) and f"/{reported.removeprefix('/')}" == expected


def _format_locations(expected: list[dict[str, Any]]) -> str:
    return " or ".join(
        ":".join(
            [
                location["file"],
                *(["/".join(map(str, location["lines"]))] if "lines" in location else []),
            ]
        )
        for location in expected
    )


def _write(case: Mapping[str, Any], root: str) -> None:
    (Path(root) / case["target"]).parent.mkdir(parents=True, exist_ok=True)
    for name, content in case["files"].items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.write_bytes(base64.b64decode(content["b64"]))
        else:
            path.write_bytes(content.replace(ROOT_MARK, root).encode())
    for name, points_to in (case.get("links") or {}).items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(points_to.replace(ROOT_MARK, root))


if __name__ == "__main__":
    all_outcomes = outcomes()
    files, lines = (
        sum(outcome.right_file for outcome in all_outcomes),
        sum(outcome.right_line for outcome in all_outcomes),
    )
    misses = format_outcomes([outcome for outcome in all_outcomes if not outcome.right_line])
    sys.stdout.write(
        f"right file {files} of {len(all_outcomes)}, right line {lines} of {len(all_outcomes)}{misses}\n"
    )
