"""The cases of the chart suite as helm v4.3.1 answers them, against `--helm-version 4`.

    python -m tests.helm4 ../shared/conformance/helm/suites/chart.public.jsonl

A case names what v4 gives where it differs from v3: its output, its exit code and its stderr. A case passes as it does with the
suite's own runner: the same output and exit code, and an error that holds the expected one. Prints each case that does not,
and how many there are whose stderr is the same to the last byte. Exit 1 where a case fails.
"""

import json
import re
import sys
import tempfile
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.cases import CLOCK
from tests.conformance import helm

ADVICE = "\n\nUse --debug flag"
WIDTH = 600


class Expected(NamedTuple):
    """What helm v4.3.1 gives; `stderr` is empty where the suite doesn't tell."""

    code: int
    output: str
    error: str
    stderr: str


def expected_of(case: Mapping[str, Any]) -> Expected:
    """What v4 gives for a case: what the case tells of v4, else what it tells of v3."""
    there = case.get("helm4")
    if there is None:
        error, stderr = case.get("error_contains", ""), case.get("error", "")
        return Expected(case["exit_code"], case["expected"], error, stderr)
    error = re.sub(r"\A(?:level=.*\n)*", "", there["stderr"]).partition(ADVICE)[0].strip()
    if case.get("error_unstable"):
        error = case["error_contains"]
    return Expected(there["exit_code"], there["stdout"], error, there["stderr"])


def perform(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """What kmanifest gives for a case."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()
        for name, content in case["chart_files"].items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            is_text = isinstance(content, str)
            path.write_bytes(content.encode() if is_text else b64decode(content["b64"]))
        result = helm(
            "chart",
            {
                "cwd": str(place),
                "args": [*case["args"], "--helm-version", "4"],
                "stdin": case.get("stdin", ""),
                "env": case.get("env", {}),
            },
        )
    texts = {name: _normal(result[name], str(place)) for name in ("stdout", "stderr")}
    return {**result, **texts}


def _normal(text: str, directory: str) -> str:
    lines = text.replace(directory, "{DIR}").splitlines(keepends=True)
    return "".join(CLOCK.sub("", line) for line in lines)


def problem(case: Mapping[str, Any], expected: Expected, result: Mapping[str, Any]) -> str:
    """Why a case fails; empty where it passes."""
    if result["exit_code"] != expected.code:
        return f"exit code {result['exit_code']}, not {expected.code}: {result['stderr']}"
    if expected.code and case["args"][0] != "lint":
        is_told = expected.error in result["stderr"]
        return "" if is_told else _difference("stderr", result["stderr"], expected.error)
    if result["stdout"] != expected.output:
        return _difference("stdout", result["stdout"], expected.output)
    return ""


def _difference(name: str, ours: str, theirs: str) -> str:
    return f"{name} {ours!r:.{WIDTH}}\n    not {theirs!r:.{WIDTH}}"


def main(arguments: list[str]) -> int:
    """Run the cases of the suites that are named."""
    count = passed = told = same = 0
    for suite in arguments:
        for line in Path(suite).read_bytes().splitlines():
            case = json.loads(line)
            expected, result = expected_of(case), perform(case)
            found = problem(case, expected, result)
            count += 1
            passed += not found
            told += bool(expected.stderr)
            same += bool(expected.stderr) and result["stderr"] == expected.stderr
            if found:
                print(f"FAIL {case['id']} {case['group']} {' '.join(case['args'])}\n    {found}")
    print(f"{same} of {told} have the same stderr")
    print(f"{passed} of {count} pass ({100 * passed / max(1, count):.1f} %)")
    return 0 if passed == count else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
