"""Fixtures of the verbs beside `build`: one directory of input, and many runs of the command in a copy of it.

`case.toml` has `description`, `peer`, `version`, `[runs]` (a name and the arguments of each), `[stdin]` (a file of the
case that a run reads), `[errors]` (runs that the peer refuses too, with a text that our one line must hold), and
`makes`, a file that the runs write. `expected/NAME.out` is what the peer prints, `expected/NAME.file` what it writes.
"""

import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cases import FIXTURES, reason_missing

VERBS = FIXTURES / "verbs"


class Run(NamedTuple):
    """One run of one verb."""

    name: str
    case: Path
    peer: str
    version: str
    args: tuple[str, ...]
    stdin: Path | None
    error: str
    makes: str

    @property
    def out(self) -> Path:
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.out"

    @property
    def file(self) -> Path:
        return self.out.with_suffix(".file")


class Outcome(NamedTuple):
    """What a run did; `file` is None where nothing was written."""

    code: int
    out: bytes
    errors: str
    file: bytes | None


def find_runs(pattern: str = "*") -> list[Run]:
    """The runs whose `case/name` matches a glob for the case, in the order of the files."""
    cases = sorted(VERBS.glob(f"{pattern}/case.toml"))
    return [run for path in cases for run in load_runs(path.parent)]


def load_runs(case: Path) -> list[Run]:
    """The runs of one case."""
    facts = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    inputs = facts.get("stdin", {})
    errors = facts.get("errors", {})
    return [
        Run(
            name=f"{case.name}/{name}",
            case=case,
            peer=facts["peer"],
            version=facts["version"],
            args=tuple(args),
            stdin=case / inputs[name] if name in inputs else None,
            error=errors.get(name, ""),
            makes=facts.get("makes", ""),
        )
        for name, args in facts["runs"].items()
    ]


def perform(run: Run, program: Sequence[str]) -> Outcome:
    """Let a program do the run in a copy of its input."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    with tempfile.TemporaryDirectory() as above:
        place = Path(above) / "input"
        shutil.copytree(run.case / "input", place)
        done = subprocess.run(
            [*program, *run.args],
            cwd=place,
            env=environment,
            input=run.stdin.read_bytes() if run.stdin else b"",
            capture_output=True,
            timeout=60,
            check=False,
        )
        made = place / run.makes
        file = made.read_bytes() if run.makes and made.is_file() else None
    return Outcome(done.returncode, done.stdout, done.stderr.decode(), file)


def differences(run: Run) -> dict[Path, bytes | None]:
    """The goldens of a run that are not what its peer gives, with what they should hold; None for none."""
    outcome = perform(run, [run.peer])
    if bool(outcome.code) is not bool(run.error):
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}")
    wanted: dict[Path, bytes | None] = {
        run.out: outcome.out or None if not run.error else None,
        run.file: outcome.file if not run.error else None,
    }
    return {path: content for path, content in wanted.items() if golden(path) != content}


def golden(path: Path) -> bytes | None:
    """The content of a golden, None where there is none."""
    return path.read_bytes() if path.exists() else None


def peer_missing(run: Run) -> str:
    """Why the peer of a run can't be asked; empty where it can."""
    return reason_missing(run.peer, run.version)
