"""Fixtures of remote bases: repositories and files to serve, and cases whose kustomizations refer to them.

`served/repositories` has the repositories and `served/files` the files. The `case.toml` of a case has `description`,
`peer` and `version`. Next to it are `input`, and either `expected.yaml` or `error.txt`. `expected.yaml` is the peer's
output. With `error.txt`, the peer fails, too, and kmanifest's one-line error must contain each of its lines. All files
contain `SERVER` instead of the server's address, which is different in each run.
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
    """A server of all repositories and files, and a working directory."""

    server: Server
    directory: Path

    def input_of(self, case: Case) -> Path:
        """Return the directory with the input of a case, with the server's address."""
        directory = self.directory / "inputs" / case.directory.name
        if not directory.exists():
            copy(case.directory / "input", directory, self.server)
        return directory

    def copy(self, source: Path, target: Path) -> None:
        """Copy a directory and replace the placeholder by the server's address."""
        copy(source, target, self.server)

    def with_address(self, text: str) -> str:
        """Return a text with the server's address instead of the placeholder."""
        return text.replace("SERVER", self.server.address)

    def without_address(self, text: str) -> str:
        """Return a text with the placeholder instead of the server's address."""
        return text.replace(f"http://{self.server.address}", PLACEHOLDER)


def find_cases(pattern: str = "*") -> list[Case]:
    """Return the cases whose names match a glob, sorted."""
    paths = sorted(REMOTE.glob(f"{pattern}/case.toml"))
    return [load_case(path.parent) for path in paths]


def load_case(directory: Path) -> Case:
    """Return the case in a directory."""
    fields = tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))
    return Case(f"remote/{directory.name}", directory, fields["peer"], fields["version"])


@contextmanager
def serve_fixtures() -> Iterator[FixtureServer]:
    """Serve the fixtures' repositories and files during the block."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        root.mkdir()
        with serving(root) as server:
            publish_all(root, server)
            yield FixtureServer(server, Path(directory))


def publish_all(root: Path, server: Server) -> None:
    """Put everything to serve below `root`, and a part of it again below `private`, which requires a login."""
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
    """Copy a directory and replace the placeholder by the server's address."""
    shutil.copytree(source, target, symlinks=True)
    for path in target.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("SERVER", server.address), encoding="utf-8")


def differences(case: Case, fixtures: FixtureServer) -> dict[Path, bytes | None]:
    """Return the golden file of a case with the peer's output if the two differ. None means that there is no file."""
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
    """Return why the peer of a case can't be run, or an empty string."""
    return reason_missing(case.peer, case.version)
