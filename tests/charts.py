"""Fixtures of Helm charts: directories of our charts, and runs of the command whose goldens come from Helm.

`case.toml` has these fields:

- `description`
- `peer`: `helm`, or `helm4`, which is Helm 4 under that name
- `version`: the version of the peer
- `[runs]`: a name and the arguments after `helm`
- `[codes]`: the exit code of a failing run
- `[stdin]`: the standard input of a run

`expected/NAME.out` and `NAME.err` are the peer's output, with `{DIR}` for the directory. `NAME.made` contains the
files below `made/`.
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
        """Return the file with an output of the peer: `out`, `err` or `made`."""
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.{kind}"


class Outcome(NamedTuple):
    """The result of a run."""

    code: int
    out: bytes
    err: bytes
    files: bytes


def find_runs(pattern: str = "*") -> list[ChartRun]:
    """Return the runs of the cases whose name matches a glob, in file order."""
    return [
        run
        for path in sorted(CHARTS.glob(f"{pattern}/case.toml"))
        for run in load_runs(path.parent)
    ]


def load_runs(case: Path) -> list[ChartRun]:
    """Return the runs of one case."""
    case_file = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    return [
        ChartRun(
            f"helm/{case.name}/{name}",
            case,
            case_file["peer"],
            case_file["version"],
            tuple(args),
            case_file.get("codes", {}).get(name, 0),
            case_file.get("stdin", {}).get(name, ""),
        )
        for name, args in case_file["runs"].items()
    ]


def perform(run: ChartRun, command: Sequence[str]) -> Outcome:
    """Run a command in a copy of the input."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("HELM_")}
    with tempfile.TemporaryDirectory() as home:
        directory = Path(home).resolve() / "input"
        shutil.copytree(run.case / "input", directory, symlinks=True)
        homes = dict.fromkeys(("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"), home)
        process = subprocess.run(
            [*command, *run.args],
            cwd=directory,
            env={**environment, **homes, "KUBECONFIG": f"{home}/none", "TZ": "UTC"},
            input=run.stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        files = b"".join(
            f"## {path.relative_to(directory).as_posix()}\n".encode() + path.read_bytes()
            for path in sorted(directory.glob("made/**/*"))
            if path.is_file()
        )
    directory_bytes = str(directory).encode()
    errors = b"".join(
        CLOCK.sub("", line.decode()).encode() for line in process.stderr.splitlines(keepends=True)
    )
    return Outcome(
        process.returncode,
        process.stdout.replace(directory_bytes, b"{DIR}"),
        errors.replace(directory_bytes, b"{DIR}"),
        files,
    )


def kmanifest_command(run: ChartRun) -> list[str]:
    """Return the command of kmanifest that corresponds to the peer of a run."""
    versions = ["--helm-version", "4"] if run.peer == HELM4 else []
    return [sys.executable, "-m", "kmanifest", "helm", *versions]


def differences(run: ChartRun) -> dict[Path, bytes | None]:
    """Return the goldens that differ from the peer's output, with the correct content, None for no file."""
    outcome = perform(run, [run.peer])
    if outcome.code != run.code:
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}: {outcome.err!r}")
    expected = {
        run.golden("out"): outcome.out or None,
        run.golden("err"): outcome.err or None,
        run.golden("made"): outcome.files or None,
    }
    return {path: content for path, content in expected.items() if read_golden(path) != content}


def read_golden(path: Path) -> bytes | None:
    """Return the content of a golden, None if it does not exist."""
    return path.read_bytes() if path.exists() else None


def peer_missing(run: ChartRun) -> str:
    """Return why the peer of a run can't be run; empty if it can."""
    return reason_missing(run.peer, run.version)
