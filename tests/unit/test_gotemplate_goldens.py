"""Go's output for some hundred templates.

`python -m tests.property.templates ORACLE --write` records it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gotemplates import run_case
from tests.property.template_facts import DATA

FIXTURE = Path(__file__).parents[1] / "fixtures" / "gotemplate.jsonl"
CASES = [json.loads(line) for line in FIXTURE.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["template"][:60])
def test_golden(case: dict[str, Any]):
    assert run_case({**case, "data": DATA}) == expected_answer(case)


def expected_answer(case: dict[str, Any]) -> tuple[str, bytes]:
    for kind in ("o", "e"):
        if kind in case:
            return kind, case[kind].encode()
        if f"{kind}_latin1" in case:
            return kind, case[f"{kind}_latin1"].encode("latin-1")
    raise AssertionError(case)
