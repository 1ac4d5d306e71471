"""Every run of a verb: the same bytes as its peer on stdout and in the file it makes, or an error in one line."""

import sys

import pytest

from tests import remotes
from tests.verbs import (
    Run,
    content_of,
    find_runs,
    golden,
    perform,
    server_missing,
)

RUNS = find_runs()


@pytest.fixture(scope="module")
def world():
    with remotes.serve_fixtures() as here:
        yield here


@pytest.fixture
def here(request):
    """What serves a run that wants something served."""
    run = request.getfixturevalue("run")
    if reason := server_missing(run):
        pytest.skip(reason)
    return request.getfixturevalue("world") if run.served else None


def name_of(run: Run) -> str:
    return run.name


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_same_bytes_as_the_peer(run: Run, here):
    outcome = perform(run, [sys.executable, "-m", "kmanifest"], here, more=run.kmanifest_args)
    if run.error:
        assert outcome.code in (1, 2)
        assert outcome.out == b""
        assert outcome.errors.count("\n") == 1
        assert run.error in outcome.errors
        kept = run.case / "input" / run.output
        assert outcome.file == (content_of(kept) if run.output and kept.exists() else None)
        assert outcome.new_names == []
    else:
        assert (outcome.code, run.stderr in outcome.errors) == (0, True)
        assert outcome.errors == "" or run.stderr
        assert (outcome.out or None) == golden(run.out)
        assert outcome.file == golden(run.file)


def test_every_golden_belongs_to_a_run():
    known = {path for run in RUNS for path in (run.out, run.file)}
    assert {path for run in RUNS for path in run.case.glob("expected/*")} <= known
