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
    def starts_programs(self) -> bool:
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
    found = sorted(FIXTURES.glob(f"{pattern}/case.toml"))
    others = ("verbs", "remote", "helm")
    return [load_case(path.parent) for path in found if path.parent.parent.name not in others]


def load_case(directory: Path) -> Case:
    """The fixture in a directory."""
    facts = tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))
    source = facts.get("source")
    target = PROJECT / source if source else directory / facts.get("target", "input")
    return Case(
        name=directory.relative_to(FIXTURES).as_posix(),
        directory=directory,
        description=facts["description"],
        peer=facts["peer"],
        version=facts["version"],
        args=tuple(facts["args"]),
        target=target,
        plugins=str(directory / facts["plugins"]) if "plugins" in facts else "",
    )


def peer_missing(case: Case) -> str:
    """Why the peer of a case can't be asked; empty where it can."""
    return reason_missing(case.peer, case.version)


def reason_missing(peer: str, version: str) -> str:
    """Why a peer of this version can't be asked; empty where it can."""
    program = shutil.which(peer)
    if program is None:
        return f"{peer} is not on PATH"
    found = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    if version not in found.stdout:
        return f"{peer} is {found.stdout.strip()}, not {version}"
    return ""


def ask_peer(case: Case) -> PeerResult:
    """Let the peer build a case, in the directory of the case."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    if case.plugins:
        environment["KUSTOMIZE_PLUGIN_HOME"] = case.plugins
    target = os.path.relpath(case.target, case.directory)
    done = subprocess.run(
        [case.peer, "build", *case.args, target],
        cwd=case.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    lines = done.stderr.decode().splitlines(keepends=True)
    # What the peer says of its own flags is the command's business; its log has a clock.
    notes = [
        CLOCK.sub("", line) for line in lines if line.strip() and not line.startswith("Flag --")
    ]
    text = "".join(dict.fromkeys(notes))
    if done.returncode:
        return PeerResult(done.returncode, done.stdout, "", text)
    return PeerResult(0, done.stdout, text, "")
