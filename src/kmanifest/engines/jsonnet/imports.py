"""Files that a program imports: found as go-jsonnet's FileImporter finds them, but only inside allowed directories.

A path that a program sees is relative to a base directory of the tree, as the paths of the command `jsonnet` are
relative to the current directory. Source: go-jsonnet v0.22.0 imports.go, FileImporter.
"""

from collections.abc import Sequence

from kmanifest.engines.jsonnet.printing import print_string
from kmanifest.io import tree as trees
from kmanifest.io.tree import Tree
from kmanifest.model.errors import KmanifestError, MissingError, SourceError, near_names
from kmanifest.startup.typing import Protocol


class Reader(Protocol):
    """What reads files: the context of a build, or `LocalFiles`."""

    @property
    def tree(self) -> Tree:
        """The files."""

    def read_resolved(self, path: str) -> bytes:
        """Return the content of the file at a resolved path. Raises KmanifestError."""


class Importer:
    """Reads imported files through the tree of the build.

    `base`: the directory to which paths are relative. `library_paths`: directories that are searched, the last one first.
    `roots`: directories that may be read, with links followed.
    """

    def __init__(
        self, reader: Reader, base: str, library_paths: Sequence[str], roots: Sequence[str]
    ) -> None:
        self._reader = reader
        self._base = base
        self._library_paths = tuple(library_paths)
        self._roots = tuple(roots)
        self._contents: dict[str, bytes] = {}

    def load(self, importing: str, path: str) -> tuple[str, bytes]:
        """Return the path and the content of an imported file.

        Raises MissingError if no directory has it, SourceError if it may not be read.
        """
        directory = importing[: importing.rfind("/") + 1]
        for start in (directory, *reversed(self._library_paths)):
            found = join(start, path)
            content = self._read(found)
            if content is not None:
                return found, content
        raise MissingError(
            f"couldn't open import {print_string(path)}: no match locally or in the Jsonnet library paths",
            near=self._near_paths(directory, path),
        )

    def _near_paths(self, directory: str, path: str) -> list[str]:
        """Return paths like one that does not exist, from the directory of the importing file."""
        head, slash, last = path.rpartition("/")
        tree = self._reader.tree
        try:
            real = tree.resolve(trees.join(self._base, join(directory, head or ".")))
            names = tree.list(real) if self._may_read(real) else ()
        except KmanifestError:
            return []
        return [head + slash + name for name in near_names(last, names)]

    def _may_read(self, path: str) -> bool:
        return any(trees.is_below(path, root) for root in self._roots)

    def _read(self, path: str) -> bytes | None:
        if path in self._contents:
            return self._contents[path]
        try:
            real = self._reader.tree.resolve(trees.join(self._base, path))
        except MissingError:
            return None
        if not self._may_read(real):
            raise SourceError(
                f"security; {path!r} is outside the directories that may be read: "
                "that of the program, and the library paths (-J)"
            )
        if self._reader.tree.kind(real) == "dir":
            raise SourceError(f"read {path}: is a directory")
        content = self._contents[path] = self._reader.read_resolved(real)
        return content


def join(directory: str, path: str) -> str:
    """Join two paths and remove `.` and `..` as far as possible, as Go's filepath.Join does."""
    joined = path if path.startswith("/") or not directory else f"{directory}/{path}"
    steps: list[str] = []
    for step in joined.split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step == ".." and joined.startswith("/"):
            continue
        elif step not in ("", "."):
            steps.append(step)
    cleaned = "/".join(steps)
    return f"/{cleaned}" if joined.startswith("/") else cleaned or "."
