"""Many builds at once in one process: each as if it were alone, and nothing that is the process's own is touched.

`bench/soak.py` runs the same for longer.
"""

import decimal
import os
from threading import Thread

from kmanifest.io.cache import MemoryCache
from tests.builds import fixture_jobs, mixed_jobs, process_state, run_threads

THREADS = 16
BUILDS = int(os.environ.get("KMANIFEST_TEST_BUILDS", "60"))


def test_threads_give_what_one_thread_gives():
    jobs = mixed_jobs()
    wanted = [job.outcome() for job in jobs]
    assert any(text.startswith(("SourceError", "MissingError")) for text in wanted)
    assert any(text.startswith("LimitError") for text in wanted)
    before = process_state()
    assert run_threads(jobs, wanted, THREADS, BUILDS) == []
    assert process_state() == before


def test_decimal_context_of_a_thread_is_its_own():
    seen: list[bool] = []
    job = fixture_jobs("kustomize/yaml-numbers")[0]
    wanted = job.outcome()

    def work() -> None:
        decimal.setcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP))
        before = repr(decimal.getcontext())
        seen.append(job.outcome() == wanted)
        seen.append(repr(decimal.getcontext()) == before)

    worker = Thread(target=work)
    worker.start()
    worker.join()
    assert seen == [True, True]


def test_builds_that_share_a_cache_do_not_mix_plugins_and_limits():
    jobs = [job for job in mixed_jobs() if job.name.startswith("own/")]
    wanted = [job.outcome() for job in jobs]
    assert len(set(wanted)) == len(jobs)
    cache = MemoryCache()
    for _ in range(3):
        assert [job.outcome(cache) for job in jobs] == wanted
    assert run_threads(jobs, wanted, 4, 25) == []
