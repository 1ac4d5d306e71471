"""The source of a Flux Kustomization: a directory of a tree, with the kustomization that Flux would write in it."""

from collections.abc import Mapping

from kmanifest.io.overlay_tree import OverlayTree
from kmanifest.io.tree import Tree, is_below
from kmanifest.model.errors import SourceError


class SourceTree(OverlayTree):
    """A tree of which only one directory can be read, with the content of some files replaced or added."""

    def __init__(self, tree: Tree, root: str, files: Mapping[str, bytes]) -> None:
        super().__init__(tree, files)
        self._root = root

    def resolve(self, path: str) -> str:
        real = super().resolve(path)
        if path not in self._files and not is_below(real, self._root):
            raise SourceError(f"security; {path!r} is not in the source of the Flux Kustomization")
        return real

    def admit(self, directory: str) -> None:
        """Do nothing: no other directory becomes a part of the source."""

    def boundary_directory(self) -> str:
        """Return the only directory that can be read."""
        return self._root
