"""Every run of a verb: the same bytes as its peer on stdout and in the file it makes, or an error in one line."""

import sys

import pytest

from tests.verbs import Run, differences, find_runs, golden, peer_missing, perform

RUNS = find_runs()


def name_of(run: Run) -> str:
    return run.name


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_same_bytes_as_the_peer(run: Run):
    outcome = perform(run, [sys.executable, "-m", "kmanifest"])
    if run.error:
        assert outcome.code in (1, 2)
        assert outcome.out == b""
        assert outcome.errors.count("\n") == 1
        assert run.error in outcome.errors
        kept = run.case / "input" / run.makes
        assert outcome.file == (golden(kept) if kept.is_file() else None)
    else:
        assert (outcome.code, outcome.errors) == (0, "")
        assert (outcome.out or None) == golden(run.out)
        assert outcome.file == golden(run.file)


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_goldens_are_the_peers(run: Run):
    if reason := peer_missing(run):
        pytest.skip(reason)
    assert differences(run) == {}


def test_every_golden_belongs_to_a_run():
    known = {path for run in RUNS for path in (run.out, run.file)}
    assert {path for run in RUNS for path in run.case.glob("expected/*")} <= known
