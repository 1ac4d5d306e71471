"""The messages for random pods and workloads are those of the API server's own code.

`tests/fixtures/validation/pods.jsonl` has an object a line, with the messages of `server/main.go` next to it. The cases
were chosen so that each shows a message for a field that no other one has.
"""

import json
from pathlib import Path

import pytest

from tests.rule_cases import validator

CASES = Path(__file__).parent / "fixtures" / "validation" / "pods.jsonl"


@pytest.mark.parametrize("line", CASES.read_text("utf-8").splitlines())
def test_messages_are_those_of_the_server(line: str):
    case = json.loads(line)
    found = {
        fault.message for fault in validator().check_object(case["body"]) if fault.kind != "warning"
    }
    assert sorted(found) == case["messages"]
