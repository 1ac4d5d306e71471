"""Fixtures of the verbs beside `build`: one directory of input, and many runs of the command in a copy of it.

`case.toml` has `description`, `peer`, `version`, `[runs]` (a name and the arguments of each), `[stdin]` (a file of the
case that a run reads), `[errors]` (runs that the peer refuses too, with a text that our one line must hold), and
`makes`, a file or a directory that the runs write. `expected/NAME.out` is what the peer prints, `expected/NAME.file` what it
writes; of a directory, each file with its size and content, and each empty directory. `tells` is what a good run says on
stderr. Where something is `served`, the input names it as the fixtures of remote bases do. `ours` are arguments for kmanifest only.
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
from tests.remotes import FixtureServer
from tests.servers import git_missing

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
    tells: str
    served: bool
    ours: tuple[str, ...]

    @property
    def out(self) -> Path:
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.out"

    @property
    def file(self) -> Path:
        return self.out.with_suffix(".file")


class Outcome(NamedTuple):
    """What a run did; `file` is None where nothing was written, `made` are the names in its directory that were not there."""

    code: int
    out: bytes
    errors: str
    file: bytes | None
    made: list[str]


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
            tells=facts.get("tells", ""),
            served=facts.get("served", False),
            ours=tuple(facts.get("ours", ())),
        )
        for name, args in facts["runs"].items()
    ]


def perform(
    run: Run, program: Sequence[str], here: FixtureServer | None = None, *, more: Sequence[str] = ()
) -> Outcome:
    """Let a program do the run in a copy of its input; `here` is what serves what is remote."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    with tempfile.TemporaryDirectory() as above:
        place = Path(above) / "input"
        if here is None:
            shutil.copytree(run.case / "input", place, symlinks=True)
        else:
            here.copy(run.case / "input", place)
        before = set(os.listdir(place))
        done = subprocess.run(
            [*program, *(here.with_address(arg) if here else arg for arg in run.args), *more],
            cwd=place,
            env={**environment, "KMANIFEST_CACHE_DIR": f"{above}/cache"},
            input=run.stdin.read_bytes() if run.stdin else b"",
            capture_output=True,
            timeout=60,
            check=False,
        )
        made = next(place.glob(run.makes), place / run.makes) if run.makes else None
        file = content_of(made) if made and made.exists() else None
        names = sorted(set(os.listdir(place)) - before)
    return Outcome(done.returncode, done.stdout, done.stderr.decode(), file, names)


def content_of(path: Path) -> bytes:
    """The content of a file, or of a directory as it is written in a golden."""
    if path.is_file():
        return path.read_bytes()
    parts = [f"=== {path.name}/\n".encode()]
    for each in sorted(path.rglob("*")):
        name = each.relative_to(path).as_posix()
        if each.is_symlink():
            parts.append(f"=== {name} -> {os.readlink(each)}\n".encode())
        elif each.is_file():
            content = each.read_bytes()
            end = b"" if content.endswith(b"\n") or not content else b"\n"
            parts.append(f"=== {name} {len(content)}\n".encode() + content + end)
        elif not any(each.iterdir()):
            parts.append(f"=== {name}/\n".encode())
    return b"".join(parts)


def differences(run: Run, here: FixtureServer | None) -> dict[Path, bytes | None]:
    """The goldens of a run that are not what its peer gives, with what they should hold; None for none."""
    outcome = perform(run, [run.peer], here)
    if bool(outcome.code) is not bool(run.error):
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}: {outcome.errors}")
    wanted: dict[Path, bytes | None] = {
        run.out: outcome.out or None if not run.error else None,
        run.file: outcome.file if not run.error else None,
    }
    return {path: content for path, content in wanted.items() if golden(path) != content}


def golden(path: Path) -> bytes | None:
    """The content of a golden, None where there is none."""
    return path.read_bytes() if path.exists() else None


def server_missing(run: Run) -> str:
    """Why nothing can be served to a run; empty where nothing has to be."""
    return git_missing() if run.served else ""


def peer_missing(run: Run) -> str:
    """Why the peer of a run can't be asked; empty where it can."""
    return server_missing(run) or reason_missing(run.peer, run.version)
