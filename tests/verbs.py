"""Fixtures of the verbs beside `build`: one directory of input, and many runs of the command in a copy of it.

`case.toml` has `description`, `peer`, `version`, `[runs]` (a name and the arguments of each), `[stdin]` (a file of the
case that a run reads), `[errors]` (runs that the peer refuses too, with a text that our one line must hold), and
`output`, a file or a directory that the runs write. `expected/NAME.out` is what the peer prints, `expected/NAME.file` what it
writes; of a directory, each file with its size and content, and each empty directory. `stderr` is what a good run says on
stderr. Where something is `served`, the input names it as the fixtures of remote bases do. `kmanifest_args` are arguments for kmanifest only.
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
from tests.remotes import World
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
    output: str
    stderr: str
    served: bool
    kmanifest_args: tuple[str, ...]

    @property
    def out(self) -> Path:
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.out"

    @property
    def file(self) -> Path:
        return self.out.with_suffix(".file")


class Outcome(NamedTuple):
    """What a run did; `file` is None where nothing was written, `new_names` are the names in its directory that were not there."""

    code: int
    out: bytes
    errors: str
    file: bytes | None
    new_names: list[str]


def find_runs(pattern: str = "*") -> list[Run]:
    """The runs whose `case/name` matches a glob for the case, in the order of the files."""
    cases = sorted(VERBS.glob(f"{pattern}/case.toml"))
    return [run for path in cases for run in load_runs(path.parent)]


def load_runs(case: Path) -> list[Run]:
    """The runs of one case."""
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    inputs = settings.get("stdin", {})
    errors = settings.get("errors", {})
    return [
        Run(
            name=f"{case.name}/{name}",
            case=case,
            peer=settings["peer"],
            version=settings["version"],
            args=tuple(args),
            stdin=case / inputs[name] if name in inputs else None,
            error=errors.get(name, ""),
            output=settings.get("output", ""),
            stderr=settings.get("stderr", ""),
            served=settings.get("served", False),
            kmanifest_args=tuple(settings.get("kmanifest_args", ())),
        )
        for name, args in settings["runs"].items()
    ]


def perform(
    run: Run, command: Sequence[str], world: World | None = None, *, more: Sequence[str] = ()
) -> Outcome:
    """Let a program do the run in a copy of its input; `world` is what serves what is remote."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "input"
        if world is None:
            shutil.copytree(run.case / "input", directory, symlinks=True)
        else:
            world.copy(run.case / "input", directory)
        before = set(os.listdir(directory))
        result = subprocess.run(
            [*command, *(world.particular(arg) if world else arg for arg in run.args), *more],
            cwd=directory,
            env={**environment, "KMANIFEST_CACHE_DIR": f"{temporary}/cache"},
            input=run.stdin.read_bytes() if run.stdin else b"",
            capture_output=True,
            timeout=60,
            check=False,
        )
        output = next(directory.glob(run.output), directory / run.output) if run.output else None
        file = content_of(output) if output and output.exists() else None
        names = sorted(set(os.listdir(directory)) - before)
    return Outcome(result.returncode, result.stdout, result.stderr.decode(), file, names)


def content_of(path: Path) -> bytes:
    """The content of a file, or of a directory as it is written in a golden."""
    if path.is_file():
        return path.read_bytes()
    parts = [f"=== {path.name}/\n".encode()]
    for entry in sorted(path.rglob("*")):
        name = entry.relative_to(path).as_posix()
        if entry.is_symlink():
            parts.append(f"=== {name} -> {os.readlink(entry)}\n".encode())
        elif entry.is_file():
            content = entry.read_bytes()
            end = b"" if content.endswith(b"\n") or not content else b"\n"
            parts.append(f"=== {name} {len(content)}\n".encode() + content + end)
        elif not any(entry.iterdir()):
            parts.append(f"=== {name}/\n".encode())
    return b"".join(parts)


def differences(run: Run, world: World | None) -> dict[Path, bytes | None]:
    """The goldens of a run that are not what its peer gives, with what they should hold; None for none."""
    outcome = perform(run, [run.peer], world)
    if bool(outcome.code) is not bool(run.error):
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}: {outcome.errors}")
    expected: dict[Path, bytes | None] = {
        run.out: outcome.out or None if not run.error else None,
        run.file: outcome.file if not run.error else None,
    }
    return {path: content for path, content in expected.items() if golden(path) != content}


def golden(path: Path) -> bytes | None:
    """The content of a golden, None where there is none."""
    return path.read_bytes() if path.exists() else None


def server_missing(run: Run) -> str:
    """Why nothing can be served to a run; empty where nothing has to be."""
    return git_missing() if run.served else ""


def peer_missing(run: Run) -> str:
    """Why the peer of a run can't be asked; empty where it can."""
    return server_missing(run) or reason_missing(run.peer, run.version)
