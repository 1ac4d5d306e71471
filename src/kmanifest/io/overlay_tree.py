"""A tree with the content of some files replaced or added."""

from collections.abc import Collection, Mapping, Sequence

from kmanifest.io.tree import (
    Kind,
    Tree,
    admit,
    boundary_directory,
    is_executable,
    join,
    parent,
)
from kmanifest.model.errors import LimitError, Location, MissingError
from kmanifest.startup.typing import NamedTuple


class OverlayTree:
    """Another tree, in which some files have the content of `files`, and those of `hidden` do not exist.

    The keys are resolved paths. Their directories exist in the other tree.
    """

    def __init__(
        self, tree: Tree, files: Mapping[str, bytes], hidden: Collection[str] = ()
    ) -> None:
        self._tree = tree
        self._files = files
        self._hidden = hidden

    def resolve(self, path: str) -> str:
        if path in self._files:
            return path
        if path in self._hidden:
            raise MissingError(f"no such file or directory: {path!r}")
        return self._tree.resolve(path)

    def kind(self, path: str) -> Kind | None:
        if path in self._files:
            return "file"
        return None if path in self._hidden else self._tree.kind(path)

    def read(self, path: str, *, limit: int) -> bytes:
        content = self._files.get(path)
        if content is None:
            return self._tree.read(path, limit=limit)
        if len(content) > limit:
            raise LimitError(
                f"{path!r} has {len(content)} bytes, more than {limit} (max_input_file)"
            )
        return content

    def list(self, path: str) -> Sequence[str]:
        names = {*self._tree.list(path)}
        names.difference_update(_names_in(path, self._hidden))
        return sorted(names.union(_names_in(path, self._files)))

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path is executable."""
        return path not in self._files and is_executable(self._tree, path)

    def admit(self, directory: str) -> None:
        """Pass on what `admit` records."""
        admit(self._tree, directory)

    def boundary_directory(self) -> str:
        """The boundary of the other tree."""
        return boundary_directory(self._tree)


def _names_in(directory: str, files: Collection[str]) -> list[str]:
    """Return the names of those files that are in a directory."""
    return [file.rpartition("/")[2] for file in files if parent(file) == directory]


class Overlay(NamedTuple):
    """A file of the disk that has other content in a build.

    `path`: where it is, relative to `/`, without links. `name`: what errors call it. `hidden`: files that do not exist
    in the build.
    """

    path: str
    content: bytes
    name: str
    hidden: tuple[str, ...] = ()

    def over(self, tree: Tree) -> OverlayTree:
        """Return the tree with this file."""
        return OverlayTree(tree, {self.path: self.content}, self.hidden)

    def shown(self, location: Location) -> Location:
        """Return a location with an absolute path, or in this file with its name."""
        file = location.file
        if not file or file[0] in "-<" or "://" in file:
            return location
        inner = join("", file)
        return location._replace(file=self.name if inner == self.path else f"/{inner}")
