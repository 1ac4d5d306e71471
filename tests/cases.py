"""Fixtures of builds: each is a directory with `case.toml`, its input and the expected result from the peer.

The peer is the program whose output is expected, such as kustomize. `case.toml` has:

- `description`, `peer`, `version`, and `args`, the flags of the peer's `build`;
- `target`, a directory of the case (default `input`), or `source`, a directory of the project;
- optionally `plugins`, a directory of the case with legacy exec plug-ins; `path`, a directory of the case with
  executables, which is added to `PATH`; and `environment`, a table of variables.

`expected.yaml` is the peer's stdout, and `warnings.txt` its warnings. `error.txt` exists instead if the peer fails
too. Each of its lines must be part of kmanifest's error, which has one line. The first line is the location.
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
    path: str
    variables: tuple[tuple[str, str], ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the case is built, besides those of the process."""
        path = {"PATH": f"{self.path}{os.pathsep}{os.environ['PATH']}"} if self.path else {}
        return {"KUSTOMIZE_PLUGIN_HOME": self.plugins, **path, **dict(self.variables)}

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
    """The result of a peer's build."""

    code: int
    output: bytes
    warnings: str
    errors: str


def find_cases(pattern: str = "*/*") -> list[Case]:
    """Return the fixtures whose `language/name` matches a glob, sorted by name.

    Fixtures of `tests.verbs`, `tests.remotes`, `tests.charts`, `tests.jsonnet_cases` and `tests.generator_cases` are not included.
    """
    paths = sorted(FIXTURES.glob(f"{pattern}/case.toml"))
    other_kinds = ("verbs", "remote", "helm", "jsonnet", "generators")
    return [load_case(path.parent) for path in paths if path.parent.parent.name not in other_kinds]


def load_case(directory: Path) -> Case:
    """Return the fixture in a directory."""
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
        path=str(directory / settings["path"]) if "path" in settings else "",
        variables=tuple(settings.get("environment", {}).items()),
    )


def peer_missing(case: Case) -> str:
    """Return the reason why the peer of a case can't run, or an empty string."""
    return reason_missing(case.peer, case.version)


def reason_missing(peer: str, version: str) -> str:
    """Return the reason why a peer with this version can't run, or an empty string."""
    executable = shutil.which(peer)
    if executable is None:
        return f"{peer} is not on PATH"
    result = subprocess.run([executable, "version"], capture_output=True, text=True, check=False)
    if version not in result.stdout:
        return f"{peer} is {result.stdout.strip()}, not {version}"
    return ""


def run_peer(case: Case) -> PeerResult:
    """Run the peer's build of a case in the directory of the case."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    environment.update(case.environment)
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
    # Warnings about the peer's own flags are not part of the fixture. The times in its log are removed.
    messages = [
        CLOCK.sub("", line) for line in lines if line.strip() and not line.startswith("Flag --")
    ]
    text = "".join(dict.fromkeys(messages))
    if result.returncode:
        return PeerResult(result.returncode, result.stdout, "", text)
    return PeerResult(0, result.stdout, text, "")
