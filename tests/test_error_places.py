"""Errors name the right place: of the conformance suite's error cases 90 % the right file, 80 % the right line.

`error_places.toml` says which places are right. `python -m tests.test_error_places` prints what we print for the others.
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
PLACES = PROJECT / "tests" / "error_places.toml"
ROOT_MARK = "@@ROOT@@"

needs_suite = pytest.mark.skipif(
    not SUITE.exists(), reason="the suite (../shared/conformance) is not here"
)


class Outcome(NamedTuple):
    """What a case's error says, and how that compares with the table."""

    case: str
    right_file: bool
    right_line: bool
    said: str
    wanted: str


@needs_suite
def test_table_has_each_error_case() -> None:
    assert set(places()) == {case["id"] for case in error_cases()}


@needs_suite
def test_right_file() -> None:
    found = outcomes()
    wrong = [each for each in found if not each.right_file]
    assert len(wrong) <= 0.10 * len(found), table(wrong)


@needs_suite
def test_right_line() -> None:
    found = outcomes()
    wrong = [each for each in found if not each.right_line]
    assert len(wrong) <= 0.20 * len(found), table(wrong)


@functools.cache
def places() -> dict[str, Any]:
    """The right places by case."""
    return tomllib.loads(PLACES.read_text("utf-8"))


def error_cases() -> list[dict[str, Any]]:
    """The cases that the reference refuses and that need no other program."""
    cases = [json.loads(line) for line in SUITE.read_bytes().splitlines()]
    return [case for case in cases if case["error"] is not None and not case["needs"]]


@functools.cache
def outcomes() -> list[Outcome]:
    """Each error case, built and judged."""
    return [_outcome(case) for case in error_cases()]


def table(found: list[Outcome]) -> str:
    """Outcomes in lines: the case, what we say, and what would be right."""
    return "".join(f"\n{each.case}\n  said   {each.said}\n  wanted {each.wanted}" for each in found)


def _outcome(case: Mapping[str, Any]) -> Outcome:
    right = places()[case["id"]]
    wanted = [right, *right.get("also", ())]
    with tempfile.TemporaryDirectory(prefix="kmanifest-places-") as directory:
        root = os.path.realpath(directory)
        _write(case, root)
        target = os.path.normpath(os.path.join(root, case["target"]))
        try:
            kustomize(target, case["options"])
        except KmanifestError as error:
            location = error.location
            said = str(error).replace(root.removeprefix("/") + "/", "").replace(root, ".")
        else:
            return Outcome(case["id"], False, False, "(no error)", _text(wanted))
    in_file = [
        place
        for place in wanted
        if _same_file(location.file, target if place["file"] == "." else f"{root}/{place['file']}")
    ]
    in_line = [place for place in in_file if location.line in place.get("lines", (location.line,))]
    return Outcome(case["id"], bool(in_file), bool(in_line), said, _text(wanted))


def _same_file(found: str, wanted: str) -> bool:
    """True for one file; a tree's paths have no `/` in front."""
    return bool(found) and f"/{found.removeprefix('/')}" == wanted


def _text(wanted: list[dict[str, Any]]) -> str:
    return " or ".join(
        ":".join([each["file"], *(["/".join(map(str, each["lines"]))] if "lines" in each else [])])
        for each in wanted
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
    every = outcomes()
    files, lines = sum(each.right_file for each in every), sum(each.right_line for each in every)
    misses = table([each for each in every if not each.right_line])
    sys.stdout.write(
        f"right file {files} of {len(every)}, right line {lines} of {len(every)}{misses}\n"
    )
