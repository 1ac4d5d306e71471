"""Fixtures of Helm charts: directories of charts written by us, and runs of the command whose goldens the peer prints.

`case.toml` has `description`, `peer` (`helm`, or `helm4`, which is helm v4 under that name), `version`, `[runs]` (a name and
the arguments after `helm`), `[codes]` (the exit code of a run that fails) and `[stdin]` (a text that a run reads).
`expected/NAME.out` and `NAME.err` are what the peer prints, with `{DIR}` for the directory, and `NAME.made` holds the files
below `made/`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cases import CLOCK, FIXTURES, reason_missing

CHARTS = FIXTURES / "helm"
HELM4 = "helm4"


class ChartRun(NamedTuple):
    """One run on the charts of a case."""

    name: str
    case: Path
    peer: str
    version: str
    args: tuple[str, ...]
    code: int
    stdin: str

    def golden(self, kind: str) -> Path:
        """The file with what the peer gave: `out`, `err` or `made`."""
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.{kind}"


class Outcome(NamedTuple):
    """What a run gave."""

    code: int
    out: bytes
    err: bytes
    made: bytes


def find_runs(pattern: str = "*") -> list[ChartRun]:
    """The runs of the cases whose name matches a glob, in the order of the files."""
    return [
        run
        for path in sorted(CHARTS.glob(f"{pattern}/case.toml"))
        for run in load_runs(path.parent)
    ]


def load_runs(case: Path) -> list[ChartRun]:
    """The runs of one case."""
    facts = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    return [
        ChartRun(
            f"helm/{case.name}/{name}",
            case,
            facts["peer"],
            facts["version"],
            tuple(args),
            facts.get("codes", {}).get(name, 0),
            facts.get("stdin", {}).get(name, ""),
        )
        for name, args in facts["runs"].items()
    ]


def perform(run: ChartRun, program: Sequence[str]) -> Outcome:
    """Let a program do the run in a copy of the input."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("HELM_")}
    with tempfile.TemporaryDirectory() as above:
        place = Path(above).resolve() / "input"
        shutil.copytree(run.case / "input", place, symlinks=True)
        homes = dict.fromkeys(("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"), above)
        done = subprocess.run(
            [*program, *run.args],
            cwd=place,
            env={**environment, **homes, "KUBECONFIG": f"{above}/none", "TZ": "UTC"},
            input=run.stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        made = b"".join(
            f"## {path.relative_to(place).as_posix()}\n".encode() + path.read_bytes()
            for path in sorted(place.glob("made/**/*"))
            if path.is_file()
        )
    here = str(place).encode()
    errors = b"".join(
        CLOCK.sub("", line.decode()).encode() for line in done.stderr.splitlines(keepends=True)
    )
    return Outcome(
        done.returncode, done.stdout.replace(here, b"{DIR}"), errors.replace(here, b"{DIR}"), made
    )


def ours(run: ChartRun) -> list[str]:
    """Our program that does as the peer of a run."""
    versions = ["--helm-version", "4"] if run.peer == HELM4 else []
    return [sys.executable, "-m", "kmanifest", "helm", *versions]


def differences(run: ChartRun) -> dict[Path, bytes | None]:
    """The goldens that are not what the peer gives, with what they should hold; None for none."""
    outcome = perform(run, [run.peer])
    if outcome.code != run.code:
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}: {outcome.err!r}")
    wanted = {
        run.golden("out"): outcome.out or None,
        run.golden("err"): outcome.err or None,
        run.golden("made"): outcome.made or None,
    }
    return {path: content for path, content in wanted.items() if read_golden(path) != content}


def read_golden(path: Path) -> bytes | None:
    """The content of a golden, None where there is none."""
    return path.read_bytes() if path.exists() else None


def peer_missing(run: ChartRun) -> str:
    """Why the peer of a run can't be asked; empty where it can."""
    return reason_missing(run.peer, run.version)
