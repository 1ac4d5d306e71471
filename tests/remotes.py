"""Fixtures of remote bases: what is served, and cases with a kustomization that names it as `http://SERVER/…`.

`served/repositories` are repositories, `served/files` files; `case.toml` has `description`, `peer` and `version`. Beside it lie
`input`, and `expected.yaml`, what the peer prints, or `error.txt`: the peer refuses too, and every line of it is a text that
our one-line error must hold. In all of them the server's address, which is another each time, is `SERVER`.
"""

import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.cases import FIXTURES, reason_missing
from tests.servers import Server, git, publish, serving

REMOTE = FIXTURES / "remote"
SERVED = REMOTE / "served"
PLACEHOLDER = "http://SERVER"
SUBMODULE = '[submodule "part"]\n\tpath = part\n\turl = ../base.git\n'


class Case(NamedTuple):
    """One fixture."""

    name: str
    directory: Path
    peer: str
    version: str

    @property
    def expected(self) -> Path:
        return self.directory / "expected.yaml"

    @property
    def error(self) -> Path:
        return self.directory / "error.txt"


class FixtureServer(NamedTuple):
    """A server with all that the fixtures name, and a directory to work in."""

    server: Server
    directory: Path

    def input_of(self, case: Case) -> Path:
        """The input of a case, with the server's address in it."""
        directory = self.directory / "inputs" / case.directory.name
        if not directory.exists():
            copy(case.directory / "input", directory, self.server)
        return directory

    def copy(self, source: Path, target: Path) -> None:
        """Copy a directory, with the server's address where its placeholder stands."""
        copy(source, target, self.server)

    def with_address(self, text: str) -> str:
        """A text with this server's address."""
        return text.replace("SERVER", self.server.address)

    def without_address(self, text: str) -> str:
        """A text without this server's address."""
        return text.replace(f"http://{self.server.address}", PLACEHOLDER)


def find_cases(pattern: str = "*") -> list[Case]:
    """The cases whose names match a glob, sorted."""
    paths = sorted(REMOTE.glob(f"{pattern}/case.toml"))
    return [load_case(path.parent) for path in paths]


def load_case(directory: Path) -> Case:
    """The fixture in a directory."""
    fields = tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))
    return Case(f"remote/{directory.name}", directory, fields["peer"], fields["version"])


@contextmanager
def serve_fixtures() -> Iterator[FixtureServer]:
    """A server of the fixtures' repositories and files, as long as the block takes."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        root.mkdir()
        with serving(root) as server:
            publish_all(root, server)
            yield FixtureServer(server, Path(directory))


def publish_all(root: Path, server: Server) -> None:
    """Put everything that is served below `root`, and some of it below `private` again, which wants a login."""
    copy(SERVED / "files", root / "files", server)
    for source in sorted((SERVED / "repositories").iterdir()):
        copy(source, root / "sources" / source.name, server)
        commit = publish(root / "sources" / source.name, root / f"{source.name}.git")
        if source.name == "base":
            base = commit
    work = root / "super.work"
    (work / ".gitmodules").write_text(SUBMODULE, encoding="utf-8")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{base},part")
    git(work, "add", ".gitmodules")
    git(work, "commit", "--quiet", "--message", "a part")
    git(work, "push", "--quiet", str(root / "super.git"), "HEAD:refs/heads/main")
    for name in ("base.git", "files"):
        shutil.copytree(root / name, root / "private" / name)


def copy(source: Path, target: Path, server: Server) -> None:
    """Copy a directory, with the server's address where its placeholder stands."""
    shutil.copytree(source, target, symlinks=True)
    for path in target.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("SERVER", server.address), encoding="utf-8")


def differences(case: Case, fixtures: FixtureServer) -> dict[Path, bytes | None]:
    """The golden of a case if it is not what its peer gives, with what it should hold; None for none."""
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    result = subprocess.run(
        [case.peer, "build", str(fixtures.input_of(case))],
        env={**environment, "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    if bool(result.returncode) is not case.error.exists():
        raise SystemExit(f"{case.name}: {case.peer} gives exit code {result.returncode}")
    printed = fixtures.without_address(result.stdout.decode()).encode()
    expected = None if case.error.exists() else printed
    recorded = case.expected.read_bytes() if case.expected.exists() else None
    return {} if recorded == expected else {case.expected: expected}


def peer_missing(case: Case) -> str:
    """Why the peer of a case can't be asked; empty where it can."""
    return reason_missing(case.peer, case.version)
