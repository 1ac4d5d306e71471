"""The files of a copy, and the class that collects them."""

from kmanifest.io import tree as trees
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Mapping, NamedTuple


class File(NamedTuple):
    """A file of a copy."""

    content: bytes
    executable: bool = False


class LocalizedFiles(NamedTuple):
    """The files of a copy by path, its directories with parents first, and the directory of the target."""

    files: Mapping[str, File]
    directories: tuple[str, ...]
    target: str


class OutputBuilder:
    """Collects the files of a copy. A file that is added twice has the content that was added last."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._directories: set[str] = set()

    def has(self, path: str) -> bool:
        """Whether there is already a file or a directory at `path`."""
        return path in self._files or path in self._directories

    def content(self, path: str) -> bytes | None:
        """Return the content of the file at `path`, or None if it has not been added."""
        file = self._files.get(path)
        return None if file is None else file.content

    def put(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Add a file. Raises SourceError if `path` is a directory, or if one of its parents is a file."""
        if path in self._directories:
            raise SourceError(f"{path!r} would be a file and a directory")
        self.make_directory(trees.parent(path))
        previous = self._files.get(path)
        self._files[path] = File(
            content, executable or (previous is not None and previous.executable)
        )

    def make_directory(self, path: str) -> None:
        """Add a directory and its parents. Raises SourceError if one of them is a file."""
        while path and path not in self._directories:
            if path in self._files:
                raise SourceError(f"{path!r} would be a file and a directory")
            self._directories.add(path)
            path = trees.parent(path)

    def build(self, target: str) -> LocalizedFiles:
        """Return the files of the copy. `target` is the directory of the target in it."""
        return LocalizedFiles(
            dict(sorted(self._files.items())), tuple(sorted(self._directories)), target
        )
