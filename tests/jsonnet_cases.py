"""Fixtures of the verb `jsonnet`: a directory of input, and several runs of the command in a copy of it.

`case.toml` has `description`, `peer`, `version` and:

- `[runs]`: the name and the arguments of each run;
- `[error_runs]`: the same for runs that fail;
- `[errors]`: the strings that kmanifest's message for such a run must contain.

`expected/NAME.out` is the stdout of jsonnet, followed by the name and content of each file that the run writes.
"""

import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from tests.cases import FIXTURES

DIRECTORY = FIXTURES / "jsonnet"


class JsonnetRun(NamedTuple):
    """One run of one fixture. `errors`: parts of the message; empty for a run that succeeds."""

    name: str
    case: Path
    version: str
    args: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def out(self) -> Path:
        return self.case / "expected" / f"{self.name.rpartition('/')[2]}.out"


class RunResult(NamedTuple):
    """The exit code of a run, its stdout with the files that it wrote, and its stderr."""

    code: int
    output: bytes
    errors: str


def find_runs(pattern: str = "*") -> list[JsonnetRun]:
    """Return the runs of the fixtures whose name matches a glob."""
    return [
        run for path in sorted(DIRECTORY.glob(f"{pattern}/case.toml")) for run in _load(path.parent)
    ]


def _load(case: Path) -> list[JsonnetRun]:
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    errors = settings.get("errors", {})
    runs = {**settings.get("runs", {}), **settings.get("error_runs", {})}
    return [
        JsonnetRun(
            f"{case.name}/{name}",
            case,
            settings["version"],
            tuple(args),
            tuple(errors.get(name, ())),
        )
        for name, args in runs.items()
    ]


def peer_missing(run: JsonnetRun) -> str:
    """Return the reason why jsonnet with the version of a run can't run, or an empty string."""
    if shutil.which("jsonnet") is None:
        return "jsonnet is not on PATH"
    result = subprocess.run(["jsonnet", "--version"], capture_output=True, text=True, check=False)
    if run.version not in result.stdout or "Go implementation" not in result.stdout:
        return f"jsonnet is {result.stdout.strip()}, not go-jsonnet {run.version}"
    return ""


def execute(run: JsonnetRun, command: list[str]) -> RunResult:
    """Execute a run with a command, in a copy of its input."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "input"
        shutil.copytree(run.case / "input", directory)
        before = {path for path in directory.rglob("*") if path.is_file()}
        result = subprocess.run(
            [*command, *run.args],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        written = sorted(
            path for path in directory.rglob("*") if path.is_file() and path not in before
        )
        files = b"".join(
            f"== {path.relative_to(directory).as_posix()}\n".encode() + path.read_bytes()
            for path in written
        )
    return RunResult(result.returncode, result.stdout + files, result.stderr.decode())


def differences(run: JsonnetRun) -> dict[Path, bytes | None]:
    """Return the file of a run that differs from the result of jsonnet, with the right content."""
    result = execute(run, ["jsonnet"])
    if bool(result.code) != bool(run.errors):
        raise SystemExit(f"{run.name}: jsonnet exits with {result.code}: {result.errors}")
    if run.errors:
        return {}
    current = run.out.read_bytes() if run.out.exists() else None
    return {} if current == result.output else {run.out: result.output}
