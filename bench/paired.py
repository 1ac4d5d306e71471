"""Run kmanifest and kustomize in turn on generated overlays, and print the ratio of their CPU times.

    python bench/paired.py [n1 n10 n100 n1000 chain] [--runs 5] [--candidate 'kmanifest build'] [--peer 'kustomize build']

Below 1, kmanifest needs less. CPU is user and system time of the process and its children. CPU and wall times are medians
of interleaved runs. The exit code is 1 if the two outputs differ.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from overlays import make

SIZES = ("n1", "n10", "n100", "n1000", "chain")


def run(command: list[str]) -> tuple[bytes, float, float, float]:
    """Return output, CPU seconds, wall seconds and peak memory in MiB of one process."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{shlex.join(command)} failed with exit code {process.returncode}")
        output.seek(0)
        return output.read(), usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def compare(directory: Path, peer: list[str], candidate: list[str], runs: int) -> tuple[str, bool]:
    """Return one line of the table, and whether the outputs are equal."""
    commands = {"peer": [*peer, str(directory)], "candidate": [*candidate, str(directory)]}
    outputs = {}
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            outputs[name], *figure = run(command)
            figures[name].append((figure[0], figure[1], figure[2]))
    same = outputs["peer"] == outputs["candidate"]
    middle = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in figures.items()
    }
    ratios = [
        ours / theirs for ours, theirs in zip(middle["candidate"], middle["peer"], strict=True)
    ]
    cpu, wall, memory = ratios
    seconds = f"{middle['candidate'][0]:8.3f} {middle['peer'][0]:8.3f}"
    return (
        f"{cpu:6.3f} {wall:6.3f} {memory:6.2f} {seconds}  {'same' if same else 'DIFFERENT'}",
        same,
    )


def main() -> int:
    """Measure the requested sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", default=SIZES)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--candidate", default="kmanifest build")
    parser.add_argument("--peer", default="kustomize build")
    options = parser.parse_args()
    peer, candidate = shlex.split(options.peer), shlex.split(options.candidate)
    print(f"{'work':8}    CPU   wall memory     ours   theirs  bytes")
    agree = True
    with tempfile.TemporaryDirectory() as temporary:
        for size in options.sizes:
            line, same = compare(make(Path(temporary) / size, size), peer, candidate, options.runs)
            agree = agree and same
            print(f"{size:8} {line}", flush=True)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
