"""The source of a Flux Kustomization: a directory of a tree, with the kustomization that Flux would write in it."""

from collections.abc import Mapping, Sequence

from kmanifest.io.tree import Kind, Tree, is_below, is_executable, parent
from kmanifest.model.errors import LimitError, SourceError


class SourceTree:
    """A tree of which only one directory can be read, with the content of some files replaced or added."""

    def __init__(self, tree: Tree, root: str, files: Mapping[str, bytes]) -> None:
        self._tree = tree
        self._root = root
        self._files = files

    def resolve(self, path: str) -> str:
        if path in self._files:
            return path
        real = self._tree.resolve(path)
        if not is_below(real, self._root):
            raise SourceError(f"security; {path!r} is not in the source of the Flux Kustomization")
        return real

    def kind(self, path: str) -> Kind | None:
        return "file" if path in self._files else self._tree.kind(path)

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
        added = {file.rpartition("/")[2] for file in self._files if parent(file) == path}
        return sorted({*self._tree.list(path), *added})

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path is executable."""
        return path not in self._files and is_executable(self._tree, path)

    def boundary_directory(self) -> str:
        """Return the only directory that can be read."""
        return self._root
