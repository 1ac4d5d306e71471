"""Every run on a chart: the bytes of its peer on stdout and stderr, its exit code, and the files that it makes."""

import pytest

from tests.charts import ChartRun, find_runs, ours, perform, read_golden

RUNS = find_runs()


def name_of(run: ChartRun) -> str:
    return run.name


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_same_as_the_peer(run: ChartRun):
    outcome = perform(run, ours(run))
    assert (outcome.out or None) == read_golden(run.golden("out"))
    assert (outcome.err or None) == read_golden(run.golden("err"))
    assert (outcome.made or None) == read_golden(run.golden("made"))
    assert outcome.code == run.code


def test_every_golden_belongs_to_a_run():
    known = {run.golden(kind) for run in RUNS for kind in ("out", "err", "made")}
    assert {path for run in RUNS for path in run.case.glob("expected/*")} <= known
