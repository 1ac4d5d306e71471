"""Render real charts with helm and with kmanifest, and compare the bytes.

    python -m bench.real_charts --work real.json [--helm helm] [--runs 3] [--show 5]

`real.json` lists work as `{"items": [{"kind": "helm", "name": ..., "args": ["rel", CHART, "--namespace", ...]}]}`. Passwords,
certificates and dates of a chart differ between runs. The parts in which several runs of helm differ are masked in all outputs,
and the rest must be equal. Only runs of helm determine the mask. The exit code is 1 below --min-percent.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from kmanifest.helm import Release, render_chart
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError

WORD = re.compile(r"""[^\s"']+""")
MASK = "\0"


def masked(words: Sequence[str], runs: Sequence[Sequence[str]]) -> list[str]:
    """Return the parts of an output, with a mask where the runs differ. They are not masked if the runs differ in length."""
    if any(len(run) != len(words) for run in runs):
        return list(words)
    return [
        word if all(run[place] == runs[0][place] for run in runs) else MASK
        for place, word in enumerate(words)
    ]


def compare(text: str, runs: Sequence[str]) -> str:
    """Return `same`, `same except for random values`, or the first difference."""
    if text == runs[0]:
        return "same"
    if all(run == runs[0] for run in runs):
        return _first_difference(text.split("\n"), runs[0].split("\n"))
    if WORD.sub("", text) != WORD.sub("", runs[0]):
        return "other lines, blanks or quotes"
    words = [WORD.findall(run) for run in runs]
    ours, theirs = (masked(found, words) for found in (WORD.findall(text), words[0]))
    return "same except for random values" if ours == theirs else _first_difference(ours, theirs)


def _first_difference(ours: Sequence[str], theirs: Sequence[str]) -> str:
    for number, (own, other) in enumerate(zip(ours, theirs, strict=False)):
        if own != other:
            return f"{number}: {own[:120]!r}, not {other[:120]!r}"
    return f"{len(ours)} of {len(theirs)}"


def by_helm(helm: str, args: Sequence[str]) -> str:
    """Return the output of helm."""
    done = subprocess.run([helm, "template", *args], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def by_kmanifest(args: Sequence[str]) -> str:
    """Return the output of the library for the same arguments."""
    name, chart, *rest = args
    flags: dict[str, str] = dict(zip(rest[::2], rest[1::2], strict=True))
    release = Release(name, flags.get("--namespace", "default"))
    kube_version = flags.get("--kube-version", "")
    rendered = render_chart("", tree=DiskTree(chart), release=release, kube_version=kube_version)
    return rendered.text()


def judged(item: dict[str, Any], helm: str, runs: int) -> tuple[str, float]:
    """Return the result of a chart, and the CPU seconds of the library."""
    outputs = [by_helm(helm, item["args"]) for _ in range(runs)]
    began = time.process_time()
    try:
        text = by_kmanifest(item["args"])
    except KmanifestError as error:
        return f"error: {error}", 0.0
    took = time.process_time() - began
    verdict = compare(text, outputs)
    if not verdict.startswith("same"):
        time.sleep(1)  # both runs can have the same date if they ran within one second
        verdict = compare(text, [*outputs, by_helm(helm, item["args"])])
    return verdict, took


def main() -> int:
    """Compare all charts of a list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", required=True)
    parser.add_argument("--helm", default="helm")
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--min-percent", type=float, default=97.0)
    options = parser.parse_args()
    with open(options.work, encoding="utf-8") as stream:
        items = [item for item in json.load(stream)["items"] if item["kind"] == "helm"]
    items = [item for item in items if re.search(options.only, item["name"])]
    exact = random = shown = 0
    total = 0.0
    for item in items:
        verdict, took = judged(item, options.helm, options.runs)
        total += took
        exact += verdict == "same"
        random += verdict == "same except for random values"
        if not verdict.startswith("same") and shown < options.show:
            shown += 1
            print(f"{item['name']}: {verdict}")
    percent = 100 * (exact + random) / max(len(items), 1)
    print(
        f"{len(items)} charts: {exact} the same bytes, {random} the same except for random values "
        f"({percent:.1f} %), {total:.1f} s of CPU"
    )
    return 0 if percent >= options.min_percent else 1


if __name__ == "__main__":
    sys.exit(main())
