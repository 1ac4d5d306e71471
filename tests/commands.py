"""Run the command in this process, for tests that need no process of its own."""

from typing import NamedTuple

import pytest

from kmanifest.cli.main import main


class Outcome(NamedTuple):
    """The exit code of a run, and what it printed."""

    code: int
    out: str
    err: str


class Runner:
    """Runs the command and returns its outcome."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> Outcome:
        self._capture.readouterr()
        code = main(arguments)
        return Outcome(code, *self._capture.readouterr())
