"""Run the cases of the chart suite with the answers of helm v4.3.1 against `--helm-version 4`.

    python -m tests.helm4 ../shared/conformance/helm/suites/chart.public.jsonl

A case contains Helm 4's output, exit code and stderr if they differ from those of Helm 3. The rules are those of the
suite's runner: the same output and exit code, and an error that contains the expected one. Prints each failing case,
and the number of cases whose stderr is identical. The exit code is 1 if a case fails.
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
    """The result of helm v4.3.1. `stderr` is empty if the suite does not have it."""

    code: int
    output: str
    error: str
    stderr: str


def expected_of(case: Mapping[str, Any]) -> Expected:
    """Return Helm 4's result for a case. It is that of Helm 3 unless the case has another."""
    helm4_result = case.get("helm4")
    if helm4_result is None:
        error, stderr = case.get("error_contains", ""), case.get("error", "")
        return Expected(case["exit_code"], case["expected"], error, stderr)
    error = re.sub(r"\A(?:level=.*\n)*", "", helm4_result["stderr"]).partition(ADVICE)[0].strip()
    if case.get("error_unstable"):
        error = case["error_contains"]
    return Expected(
        helm4_result["exit_code"], helm4_result["stdout"], error, helm4_result["stderr"]
    )


def perform(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return kmanifest's result for a case."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        for name, content in case["chart_files"].items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            is_text = isinstance(content, str)
            path.write_bytes(content.encode() if is_text else b64decode(content["b64"]))
        result = helm(
            "chart",
            {
                "cwd": str(root),
                "args": [*case["args"], "--helm-version", "4"],
                "stdin": case.get("stdin", ""),
                "env": case.get("env", {}),
            },
        )
    outputs = {name: _normal(result[name], str(root)) for name in ("stdout", "stderr")}
    return {**result, **outputs}


def _normal(text: str, directory: str) -> str:
    lines = text.replace(directory, "{DIR}").splitlines(keepends=True)
    return "".join(CLOCK.sub("", line) for line in lines)


def problem(case: Mapping[str, Any], expected: Expected, result: Mapping[str, Any]) -> str:
    """Return why a case fails; empty if it passes."""
    if result["exit_code"] != expected.code:
        return f"exit code {result['exit_code']}, not {expected.code}: {result['stderr']}"
    if expected.code and case["args"][0] != "lint":
        contains_error = expected.error in result["stderr"]
        return "" if contains_error else _difference("stderr", result["stderr"], expected.error)
    if result["stdout"] != expected.output:
        return _difference("stdout", result["stdout"], expected.output)
    return ""


def _difference(name: str, actual: str, expected: str) -> str:
    return f"{name} {actual!r:.{WIDTH}}\n    not {expected!r:.{WIDTH}}"


def main(arguments: list[str]) -> int:
    """Run the cases of the given suites."""
    count = passed = with_stderr = same = 0
    for suite in arguments:
        for line in Path(suite).read_bytes().splitlines():
            case = json.loads(line)
            expected, result = expected_of(case), perform(case)
            failure = problem(case, expected, result)
            count += 1
            passed += not failure
            with_stderr += bool(expected.stderr)
            same += bool(expected.stderr) and result["stderr"] == expected.stderr
            if failure:
                print(f"FAIL {case['id']} {case['group']} {' '.join(case['args'])}\n    {failure}")
    print(f"{same} of {with_stderr} have the same stderr")
    print(f"{passed} of {count} pass ({100 * passed / max(1, count):.1f} %)")
    return 0 if passed == count else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
