"""What a copy consists of, and how it is put together."""

from collections.abc import Mapping

from kmanifest.io import tree as trees
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import NamedTuple


class File(NamedTuple):
    """One file of a copy."""

    content: bytes
    executable: bool = False


class LocalizedFiles(NamedTuple):
    """The files of a copy by their paths in it, its directories, those above first, and the one of the target."""

    files: Mapping[str, File]
    directories: tuple[str, ...]
    target: str


class OutputBuilder:
    """A copy that is being put together; what is written twice is as it was written last."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._directories: set[str] = set()

    def has(self, path: str) -> bool:
        """Whether there is a file or a directory at `path` by now."""
        return path in self._files or path in self._directories

    def content(self, path: str) -> bytes | None:
        """The content of the file at `path`; None where there is none by now."""
        file = self._files.get(path)
        return None if file is None else file.content

    def put(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Write a file; SourceError where a directory is, or where a file is above it."""
        if path in self._directories:
            raise SourceError(f"{path!r} would be a file and a directory")
        self.make_directory(trees.parent(path))
        previous = self._files.get(path)
        self._files[path] = File(
            content, executable or (previous is not None and previous.executable)
        )

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it."""
        while path and path not in self._directories:
            if path in self._files:
                raise SourceError(f"{path!r} would be a file and a directory")
            self._directories.add(path)
            path = trees.parent(path)

    def build(self, target: str) -> LocalizedFiles:
        """The copy, with the directory of the target in it."""
        return LocalizedFiles(
            dict(sorted(self._files.items())), tuple(sorted(self._directories)), target
        )
