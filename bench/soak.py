"""Run many builds in one process: compare the results of threads, then check memory, open files and threads.

    python bench/soak.py [--threads 16] [--builds 500] [--memory 2000]

First, `--threads` threads run `--builds` mixed builds each (all examples and fixtures, plug-ins, limits; half with a shared
cache), and every result is compared with that of a single thread. Then `--memory` builds run one after the other, without a
cache and with one. Resident memory is read after 500 builds and at the end. The exit code is 1 if a result differs, process
state changed, or memory grew by more than `--most` percent.
"""

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kmanifest.io.cache import MemoryCache
from tests.builds import Job, mixed_jobs, process_state, run_threads

PAGE = os.sysconf("SC_PAGE_SIZE")
FIRST = 500


def held() -> tuple[float, int, int, int]:
    """Return resident MiB, open files, threads, and entries of the temporary directory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    files = len(os.listdir("/proc/self/fd"))
    return (
        pages * PAGE / (1 << 20),
        files,
        threading.active_count(),
        len(os.listdir(tempfile.gettempdir())),
    )


def soak(jobs: list[Job], builds: int, cache: MemoryCache | None, most: float) -> bool:
    """Build the jobs in turn and print the process state. Return whether it did not grow."""
    first = held()
    start = time.perf_counter()
    for number in range(builds):
        jobs[number % len(jobs)].outcome(cache)
        if number + 1 == FIRST:
            first = held()
    last = held()
    grown = 100 * (last[0] / first[0] - 1)
    kind = "without a cache" if cache is None else "with a cache"
    print(
        f"{builds} builds {kind} in {time.perf_counter() - start:.1f} s: {first[0]:.1f} MiB after {FIRST}, "
        f"{last[0]:.1f} after {builds} ({grown:+.1f} %); files {first[1]} and {last[1]}, "
        f"threads {first[2]} and {last[2]}, temporary files {first[3]} and {last[3]}"
    )
    return grown <= most and first[1:3] == last[1:3]


def main() -> int:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--builds", type=int, default=500)
    parser.add_argument("--memory", type=int, default=2000)
    parser.add_argument("--most", type=float, default=5.0)
    options = parser.parse_args()
    jobs = mixed_jobs()
    wanted = [job.outcome() for job in jobs]
    before = process_state()
    start = time.perf_counter()
    wrong = run_threads(jobs, wanted, options.threads, options.builds)
    after = process_state()
    touched = [name for name, value in after.items() if value != before[name]]
    seconds = time.perf_counter() - start
    total = options.threads * options.builds
    print(
        f"{options.threads} threads, {total} builds of {len(jobs)} kinds in {seconds:.1f} s: "
        f"{len(wrong)} differ, state touched: {', '.join(touched) or 'none'}"
    )
    flat = soak(jobs, options.memory, None, options.most)
    flat &= soak(jobs, options.memory, MemoryCache(), options.most)
    return 0 if flat and not wrong and not touched else 1


if __name__ == "__main__":
    sys.exit(main())
