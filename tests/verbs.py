"""Fixtures of all verbs but `build`: a directory of input, and several runs of the command in a copy of it.

`case.toml` has `description`, `peer`, `version` and:

- `[runs]`: the name and the arguments of each run;
- `[stdin]`: the file of the case that a run reads;
- `[errors]`: runs that fail with the peer too, each with a string that kmanifest's one-line error must contain;
- `output`: a file or directory that the runs write, or a pattern for its name;
- `stderr`: a string that a successful run prints on stderr;
- `served`: whether the input refers to the test server, as the fixtures of remote bases do;
- `kmanifest_args`: further arguments for kmanifest only.

`expected/NAME.out` is the peer's stdout, `expected/NAME.file` the content of `output`. For a directory, that is each
file with its size and content, and each empty directory.
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
    """The result of a run.

    `file`: the content of its output, or None if it wrote none. `new_names`: the names that it added to its directory.
    """

    code: int
    out: bytes
    errors: str
    file: bytes | None
    new_names: list[str]


def find_runs(pattern: str = "*") -> list[Run]:
    """Return the runs of the cases whose name matches a glob, in the order of the files."""
    cases = sorted(VERBS.glob(f"{pattern}/case.toml"))
    return [run for path in cases for run in load_runs(path.parent)]


def load_runs(case: Path) -> list[Run]:
    """Return the runs of one case."""
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
    run: Run,
    command: Sequence[str],
    server: FixtureServer | None = None,
    *,
    more: Sequence[str] = (),
) -> Outcome:
    """Execute a run with a command in a copy of its input. `server` serves remote files, from this machine."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    environment["KMANIFEST_ALLOW_HOST"] = "*,private,localhost"
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "input"
        if server is None:
            shutil.copytree(run.case / "input", directory, symlinks=True)
        else:
            server.copy(run.case / "input", directory)
        before = set(os.listdir(directory))
        result = subprocess.run(
            [*command, *(server.with_address(arg) if server else arg for arg in run.args), *more],
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
    """Return the content of a file, or of a directory in the format of `expected/NAME.file`."""
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


def differences(run: Run, server: FixtureServer | None) -> dict[Path, bytes | None]:
    """Return the expected files of a run that differ from the peer's result, with the right content (None: no file)."""
    outcome = perform(run, [run.peer], server)
    if bool(outcome.code) is not bool(run.error):
        raise SystemExit(f"{run.name}: {run.peer} gives exit code {outcome.code}: {outcome.errors}")
    expected: dict[Path, bytes | None] = {
        run.out: outcome.out or None if not run.error else None,
        run.file: outcome.file if not run.error else None,
    }
    return {path: content for path, content in expected.items() if golden(path) != content}


def golden(path: Path) -> bytes | None:
    """Return the content of an expected file, or None if it does not exist."""
    return path.read_bytes() if path.exists() else None


def server_missing(run: Run) -> str:
    """Return the reason why a run can't be served, or an empty string if it can be or needs no server."""
    return git_missing() if run.served else ""


def peer_missing(run: Run) -> str:
    """Return the reason why the peer of a run can't run, or an empty string."""
    return server_missing(run) or reason_missing(run.peer, run.version)
