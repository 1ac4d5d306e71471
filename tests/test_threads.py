"""Many builds at the same time in one process give the same results as single builds, and do not change process state.

`bench/soak.py` runs the same builds for longer.
"""

import decimal
import os
from threading import Thread

from kmanifest.io.cache import MemoryCache
from tests.builds import fixture_jobs, mixed_jobs, process_state, run_threads

THREADS = 16
BUILDS = int(os.environ.get("KMANIFEST_TEST_BUILDS", "60"))


def test_threads_give_the_same_results_as_one_thread():
    jobs = mixed_jobs()
    expected = [job.outcome() for job in jobs]
    assert any(text.startswith(("SourceError", "MissingError")) for text in expected)
    assert any(text.startswith("LimitError") for text in expected)
    before = process_state()
    assert run_threads(jobs, expected, THREADS, BUILDS) == []
    assert process_state() == before


def test_decimal_context_of_a_thread_is_its_own():
    checks: list[bool] = []
    job = fixture_jobs("kustomize/yaml-numbers")[0]
    expected = job.outcome()

    def work() -> None:
        decimal.setcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP))
        before = repr(decimal.getcontext())
        checks.append(job.outcome() == expected)
        checks.append(repr(decimal.getcontext()) == before)

    worker = Thread(target=work)
    worker.start()
    worker.join()
    assert checks == [True, True]


def test_builds_that_share_a_cache_do_not_mix_plugins_and_limits():
    jobs = [job for job in mixed_jobs() if job.name.startswith("plugins/")]
    expected = [job.outcome() for job in jobs]
    assert len(set(expected)) == len(jobs)
    cache = MemoryCache()
    for _ in range(3):
        assert [job.outcome(cache) for job in jobs] == expected
    assert run_threads(jobs, expected, 4, 25) == []
