"""Print what a small build imports and the cost of each import, the most expensive first.

    python bench/startup.py [DIR] [--runs 5] [--least 0.2]

Without DIR, a kustomization of one ConfigMap is built. The figures are the self times of `-X importtime` in milliseconds,
medians of the runs. Imports of the interpreter before those of kmanifest are omitted; the last line has their sum.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \| +(\S+)$")


def import_times(arguments: list[str]) -> dict[str, float]:
    """Return the self time of each import of one run, in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    found = (LINE.match(line) for line in done.stderr.splitlines())
    return {match[2]: int(match[1]) / 1000 for match in found if match}


def medians(arguments: list[str], runs: int) -> dict[str, float]:
    """Return the median self time of each import over some runs."""
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, milliseconds in import_times(arguments).items():
            times[name].append(milliseconds)
    return {name: statistics.median(all_of_it) for name, all_of_it in times.items()}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--least", type=float, default=0.2, help="milliseconds worth a line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(options.directory or temporary)
        if not options.directory:
            (directory / "kustomization.yaml").write_text("resources: [cm.yaml]\n")
            resource = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
            (directory / "cm.yaml").write_text(resource)
        bare = medians(["-c", "pass"], options.runs)
        command = Path(sys.executable).with_name("kmanifest")
        ours = medians([str(command), "build", str(directory)], options.runs)
    rows = {name: cost for name, cost in ours.items() if name not in bare}
    for name, cost in sorted(rows.items(), key=lambda row: -row[1]):
        if cost >= options.least:
            print(f"{cost:7.2f} ms  {name}")
    print(
        f"{sum(rows.values()):7.2f} ms  in {len(rows)} imports; {sum(bare.values()):.2f} ms before"
    )


if __name__ == "__main__":
    main()
