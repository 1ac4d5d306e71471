"""What all environments of a kmanifest.yaml cost in one process, compared with one of them: CPU time and memory.

    python -m bench.environments            # examples/platform: 15 environments
    python -m bench.environments DIR ROW    # another directory, and one of its environments

The CPU time includes that of the processes that a build starts. The figure is at most 6.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PLATFORM = Path(__file__).parent.parent / "examples" / "platform"
EXECUTABLES = ("--enable-alpha-plugins", "--enable-exec")
RUNS = 5


def cost(*arguments: str) -> tuple[float, int]:
    """The CPU seconds of a run of the command, and its largest size in memory in KiB."""
    with subprocess.Popen(
        [sys.executable, "-m", "kmanifest", *arguments], stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main(directory: str, row: str) -> None:
    """Print the cost of one environment and of all."""
    ones, alls = [], []
    for _ in range(RUNS):  # interleaved, so that a busy machine slows both
        ones.append(cost("build", directory, "--environment", row, *EXECUTABLES))
        with tempfile.TemporaryDirectory() as output:
            alls.append(cost("build", directory, "--all", "-o", output, *EXECUTABLES))
    one, all_ = (statistics.median(seconds for seconds, _ in runs) for runs in (ones, alls))
    print(f"one environment {one:.2f} s, all {all_:.2f} s: {all_ / one:.1f} times")
    print(f"memory: {max(size for _, size in ones)} KiB, {max(size for _, size in alls)} KiB")


if __name__ == "__main__":
    main(*(sys.argv[1:3] or (str(PLATFORM), "prod/eu")))
