"""Fixtures on disk: a directory with `case.toml`, its input, and what the peer made of it.

`case.toml` has `description`, `peer`, `version`, `args` (flags of the peer's build), and either `target` (a directory
of the case, `input` where it is not given) or `source` (a directory of the project); `plugins` is a directory of the case that
is the home of legacy exec plug-ins. Beside it lie
`expected.yaml`, what the peer prints, and `warnings.txt`, what it warns of, or `error.txt`: the peer refuses too, and
every line of it is a text that our one-line error must hold, the place first.
"""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
FIXTURES = PROJECT / "tests" / "fixtures"
CLOCK = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")


class Case(NamedTuple):
    """One fixture."""

    name: str
    directory: Path
    description: str
    peer: str
    version: str
    args: tuple[str, ...]
    target: Path
    plugins: str

    @property
    def starts_processes(self) -> bool:
        return "--enable-alpha-plugins" in self.args

    @property
    def expected(self) -> Path:
        return self.directory / "expected.yaml"

    @property
    def warnings(self) -> Path:
        return self.directory / "warnings.txt"

    @property
    def error(self) -> Path:
        return self.directory / "error.txt"


class PeerResult(NamedTuple):
    """What the peer did."""

    code: int
    output: bytes
    warnings: str
    errors: str


def find_cases(pattern: str = "*/*") -> list[Case]:
    """The fixtures whose `language/name` matches a glob, sorted by name, but for those of `tests.verbs`, `tests.remotes` and `tests.charts`."""
    paths = sorted(FIXTURES.glob(f"{pattern}/case.toml"))
    other_kinds = ("verbs", "remote", "helm")
    return [load_case(path.parent) for path in paths if path.parent.parent.name not in other_kinds]


def load_case(directory: Path) -> Case:
    """The fixture in a directory."""
    settings = tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))
    source = settings.get("source")
    target = PROJECT / source if source else directory / settings.get("target", "input")
    return Case(
        name=directory.relative_to(FIXTURES).as_posix(),
        directory=directory,
        description=settings["description"],
        peer=settings["peer"],
        version=settings["version"],
        args=tuple(settings["args"]),
        target=target,
        plugins=str(directory / settings["plugins"]) if "plugins" in settings else "",
    )


def peer_missing(case: Case) -> str:
    """Why the peer of a case can't be asked; empty where it can."""
    return reason_missing(case.peer, case.version)


def reason_missing(peer: str, version: str) -> str:
    """Why a peer of this version can't be asked; empty where it can."""
    executable = shutil.which(peer)
    if executable is None:
        return f"{peer} is not on PATH"
    result = subprocess.run([executable, "version"], capture_output=True, text=True, check=False)
    if version not in result.stdout:
        return f"{peer} is {result.stdout.strip()}, not {version}"
    return ""


def run_peer(case: Case) -> PeerResult:
    """Let the peer build a case, in the directory of the case."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    if case.plugins:
        environment["KUSTOMIZE_PLUGIN_HOME"] = case.plugins
    target = os.path.relpath(case.target, case.directory)
    result = subprocess.run(
        [case.peer, "build", *case.args, target],
        cwd=case.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    lines = result.stderr.decode().splitlines(keepends=True)
    # What the peer says of its own flags is the command's business; its log has a clock.
    messages = [
        CLOCK.sub("", line) for line in lines if line.strip() and not line.startswith("Flag --")
    ]
    text = "".join(dict.fromkeys(messages))
    if result.returncode:
        return PeerResult(result.returncode, result.stdout, "", text)
    return PeerResult(0, result.stdout, text, "")
