"""Every run on a chart: same stdout, stderr, exit code and files as the reference program."""

import pytest

from tests.charts import ChartRun, find_runs, kmanifest_command, perform, read_golden

RUNS = find_runs()


def run_name(run: ChartRun) -> str:
    return run.name


@pytest.mark.parametrize("run", RUNS, ids=run_name)
def test_same_as_the_peer(run: ChartRun):
    outcome = perform(run, kmanifest_command(run))
    assert (outcome.out or None) == read_golden(run.golden("out"))
    assert (outcome.err or None) == read_golden(run.golden("err"))
    assert (outcome.files or None) == read_golden(run.golden("made"))
    assert outcome.code == run.code


def test_every_golden_belongs_to_a_run():
    known = {run.golden(kind) for run in RUNS for kind in ("out", "err", "made")}
    assert {path for run in RUNS for path in run.case.glob("expected/*")} <= known
