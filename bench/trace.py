"""Measure the cost of a trace and check that it is complete: build a directory with and without `on_change`, in turn.

    python bench/trace.py DIRECTORY [--runs 7]

It prints the medians of CPU seconds and their ratio. Then it checks that every change has its step, the file of its config
and a value that differs, that replaying the changes results in the bodies of the output, and that both builds print the
same bytes. The exit code is 1 if one check fails, or if tracing takes more than `--most` times the build.
"""

import argparse
import gc
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kmanifest.api import build
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.trace import Change
from tests.builds import replay, same


def measured(directory: str, changes: list[Change] | None) -> tuple[float, str]:
    """Return the CPU seconds of one build with its text, and the text."""
    gc.collect()
    start = time.process_time()
    text = build(directory, on_change=None if changes is None else changes.append).text()
    return time.process_time() - start, text


def faults(changes: list[Change]) -> dict[str, int]:
    """Return the number of incomplete changes."""
    return {
        "without a step": sum(not change.step for change in changes),
        "without a file": sum(not change.file for change in changes),
        "of nothing": sum(same(change.old, change.new) for change in changes),
        "in a file that is not there": sum(
            not Path("/", change.file).is_file() for change in changes
        ),
        "without a field of the config": sum(
            not change.config_field
            for change in changes
            if change.step.startswith("builtin/") and change.field
        ),
    }


def main() -> int:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--most", type=float, default=2.0)
    options = parser.parse_args()
    off, on, texts = [], [], set()
    changes: list[Change] = []
    for _ in range(options.runs):
        seconds, text = measured(options.directory, None)
        off.append(seconds)
        texts.add(text)
        changes = []
        seconds, text = measured(options.directory, changes)
        on.append(seconds)
        texts.add(text)
    ratio = statistics.median(on) / statistics.median(off)
    print(
        f"off {statistics.median(off):.3f} s, on {statistics.median(on):.3f} s, ratio {ratio:.2f}"
    )

    changes = []
    rendered = build(options.directory, on_change=changes.append)
    writes = [change for change in changes if change.field]
    added = sum(change.old is MISSING for change in changes if not change.field)
    print(f"{len(changes)} changes: {len(writes)} fields written, {added} objects added")
    for step, count in Counter(change.step for change in changes).most_common():
        print(f"{count:8} {step}")
    bad = faults(changes)
    for what, count in bad.items():
        print(f"{count:8} changes {what}")
    bodies = replay(changes)
    agree = bodies == {resource.lineage: resource.body for resource in rendered.resources}
    print("replay gives the output" if agree else "replay DOES NOT give the output")
    print("the same bytes" if len(texts) == 1 else "OTHER BYTES")
    missing = bad["without a step"] + bad["without a file"] + bad["of nothing"]
    return 0 if agree and len(texts) == 1 and not missing and ratio <= options.most else 1


if __name__ == "__main__":
    sys.exit(main())
