"""Evaluate real Jsonnet projects with go-jsonnet and with kmanifest, and compare the values and the bytes.

    python -m bench.jsonnet_trees --work DIR [--peer jsonnet] [--candidate 'kmanifest jsonnet'] [--most 10] [--show 20]

Each directory in DIR is a repository, with the libraries that jsonnet-bundler would install in its `vendor`. A tree is a
directory in it that has a jsonnetfile.json, or the whole repository. Entry points are its files `*.jsonnet`, and for each
`mixin.libsonnet` its alerts, rules and dashboards. Those that go-jsonnet does not evaluate are omitted; `--most` is the
number of others per tree. CPU is user and system time of both commands. The exit code is 1 if a value differs.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MIXIN = (
    "local m = import '{}'; "
    "{{ [each]: std.get(m, each, {{}}) for each in ['prometheusAlerts', 'prometheusRules', 'grafanaDashboards'] }}"
)
LIBRARIES = ("vendor", "lib")
SECONDS = 120


class Result(NamedTuple):
    """The output of a command, its first line of stderr, and its CPU seconds."""

    code: int
    output: bytes
    message: str
    cpu: float


class Score:
    """The figures of one tree."""

    def __init__(self) -> None:
        self.entry_points = self.values = self.bytes = self.omitted = 0
        self.peer_cpu = self.candidate_cpu = 0.0
        self.differences: list[str] = []


def find_trees(repository: Path) -> Iterator[Path]:
    """Yield the directories of a repository that are projects of jsonnet-bundler, or the repository."""
    found = [path.parent for path in walk(repository) if path.name == "jsonnetfile.json"]
    yield from sorted({repository, *found})


def walk(directory: Path, skipped: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the files below a directory, except those of libraries and of other trees."""
    for path in sorted(directory.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if path.name not in ("vendor", ".git") and path not in skipped:
                yield from walk(path, skipped)
        elif path.is_file():
            yield path


def find_entry_points(repository: Path, tree: Path, others: frozenset[Path]) -> Iterator[list[str]]:
    """Yield the arguments with which both commands evaluate a file of a tree, in the directory of the repository."""
    for path in walk(tree, others):
        file = path.relative_to(repository).as_posix()
        searched = [path.parent, *path.parent.parents]
        directories = [
            (each / name).relative_to(repository).as_posix()
            for each in reversed(searched)
            if each.is_relative_to(repository)
            for name in LIBRARIES
            if (each / name).is_dir()
        ]
        flags = [argument for each in directories for argument in ("-J", each)]
        if path.suffix == ".jsonnet":
            yield [*flags, file]
        elif path.name == "mixin.libsonnet":
            yield [*flags, "-e", MIXIN.format(file)]


def run(command: list[str], directory: Path) -> Result:
    """Run a command and return its result."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        lines = errors.read().decode("utf-8", "replace").split("\n")
        cpu = usage.ru_utime + usage.ru_stime
        return Result(process.returncode, output.read(), lines[0], cpu)


def compare(
    repository: Path, arguments: list[str], peer: list[str], candidate: list[str], score: Score
) -> None:
    """Evaluate an entry point with both commands and count the result."""
    theirs = run(["timeout", str(SECONDS), *peer, *arguments], repository)
    if theirs.code:
        score.omitted += 1
        return
    ours = run([*candidate, *arguments], repository)
    score.entry_points += 1
    score.peer_cpu += theirs.cpu
    score.candidate_cpu += ours.cpu
    same_bytes = ours.output == theirs.output and not ours.code
    score.bytes += same_bytes
    if same_bytes or (not ours.code and json.loads(ours.output) == json.loads(theirs.output)):
        score.values += 1
    else:
        score.differences.append(f"{shlex.join(arguments)}: {ours.message or 'another value'}")


def main() -> int:
    """Compare all trees and print a line for each, then the sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--peer", default="jsonnet")
    parser.add_argument("--candidate", default="kmanifest jsonnet")
    parser.add_argument("--only", nargs="*", default=[], help="names of repositories")
    parser.add_argument("--most", type=int, default=10)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    peer, candidate = shlex.split(options.peer), shlex.split(options.candidate)
    scores: list[Score] = []
    print("values  bytes  of  omitted  CPU ratio")
    for repository in sorted(path for path in options.work.resolve().iterdir() if path.is_dir()):
        if options.only and repository.name not in options.only:
            continue
        trees = frozenset(find_trees(repository))
        for tree in sorted(trees):
            score = Score()
            for arguments in find_entry_points(repository, tree, trees - {tree}):
                if score.entry_points < options.most:
                    compare(repository, arguments, peer, candidate, score)
            if not score.entry_points:
                continue
            scores.append(score)
            name = tree.relative_to(options.work.resolve())
            ratio = score.candidate_cpu / max(score.peer_cpu, 0.001)
            print(
                f"{score.values:6} {score.bytes:6} {score.entry_points:3} {score.omitted:8} {ratio:10.3f}  {name}",
                flush=True,
            )
            for difference in score.differences[: options.show]:
                print(f"    {difference}", flush=True)
    equal = sum(score.values == score.entry_points for score in scores)
    entry_points, values = (
        sum(score.entry_points for score in scores),
        sum(score.values for score in scores),
    )
    same_bytes = sum(score.bytes for score in scores)
    print(
        f"{equal} of {len(scores)} trees value-equal; {values} of {entry_points} entry points, {same_bytes} the same bytes"
    )
    return 0 if values == entry_points else 1


if __name__ == "__main__":
    sys.exit(main())
