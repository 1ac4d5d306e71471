"""Time grows with the input, not with its square: each doubling of an input takes about twice as long.

KMANIFEST_TEST_GROWTH=2.5 is the strict run.
"""

import gc
import os
import time
from collections.abc import Iterator

import pytest

from tests.workloads import WORKLOADS

LONG_ENOUGH = 0.0025
"""CPU seconds that are long enough to be measured."""
MOST = float(os.environ.get("KMANIFEST_TEST_GROWTH", "2.8"))
"""2.5 is the figure on a quiet machine. A shared one is allowed more: a time that grows with the square gives 4."""
RUNS = 2
TRIES = 6


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    """Collections of garbage would count for the run in which they happen to fall."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def seconds(name: str, size: int, runs: int = RUNS) -> float:
    """Return the CPU seconds of the fastest run."""
    work = WORKLOADS[name](size)
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def measurable_size(name: str) -> int:
    size = 16
    while seconds(name, size, runs=1) < LONG_ENOUGH:
        size *= 2
    return size


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_doubling_takes_about_twice_as_long(name: str):
    size = measurable_size(name)
    first = second = float("inf")
    for _ in range(TRIES):
        one, two, four = (seconds(name, factor * size) for factor in (1, 2, 4))
        # A machine that does other work is slow for a moment: the best of several tries counts.
        first, second = min(first, two / one), min(second, four / two)
        # One of two doublings may cross a size from which on the allocator maps memory, which is a step.
        if min(first, second) <= MOST:
            return
    pytest.fail(f"{name}, from {size}: {first:.2f}, {second:.2f}")
