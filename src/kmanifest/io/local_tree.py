"""The local files of a build, and the boundary that they are read within.

The boundary is one directory: the root that the caller gives, else the project, which is the git repository of the
target, else the target itself. Every reader of local files uses a `LocalTree`, so the rule is implemented once. Links
inside the boundary are followed, as kustomize and Helm follow them. A link that leads out of it is an error. So is a path
with `..`, but for one exception: without a root and a git repository, a kustomization may name bases and charts outside
of the target, as overlays do. Each of them is then a further directory that its own links may lead to.

The check is made on the path without links, and reading that path follows none (see `tree`). So a file that is exchanged
for a link in between is not read.
"""

import os

from kmanifest.io.tree import SnapshotDiskTree, is_below, join
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.startup.typing import Final

PROJECT: Final = ""
"""The root that stands for the project of the target, and also bounds paths with `..`."""

EVERYTHING: Final = "/"
"""The root without a boundary."""

_READ_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class OutsideError(SourceError):
    """A path or a link leads out of the boundary."""


class Boundary:
    """A directory, as a path below `/` without links, and whether paths with `..` must stay in it as well."""

    __slots__ = ("bounds_paths", "directory")

    def __init__(self, directory: str, *, bounds_paths: bool) -> None:
        self.directory = directory.strip("/")
        self.bounds_paths = bounds_paths

    def error(self, path: str) -> OutsideError:
        """Return the error for a path that leads out of this boundary."""
        return OutsideError(
            f"{path!r} leads out of /{self.directory}; --root DIR sets another boundary"
        )


def find_boundary(target: str, root: str | None = None) -> Boundary:
    """Return the boundary of a target, which is a path without links. Raises MissingError if the root does not exist."""
    if root:
        if not os.path.isdir(root):
            raise MissingError(f"no such directory: {root!r} (root)")
        return Boundary(os.path.realpath(root), bounds_paths=True)
    directory = target if os.path.isdir(target) else os.path.dirname(target)
    repository = find_repository_top(directory)
    return Boundary(repository or directory, bounds_paths=bool(repository) or root == PROJECT)


def find_repository_top(directory: str) -> str:
    """Return the top of the git repository that contains a directory without links; empty if there is none.

    The nearest `.git` counts. One that another user has put there does not: it would widen the boundary. Neither does
    a repository of the whole home directory.
    """
    path = directory
    while (parent := os.path.dirname(path)) != path:
        try:
            owner = os.lstat(f"{path}/.git").st_uid
        except OSError:
            path = parent
            continue
        if _is_trusted_owner(owner, directory) and path != _home():
            return path
        path = parent
    return ""


def _is_trusted_owner(owner: int, directory: str) -> bool:
    if not hasattr(os, "geteuid"):
        return True
    try:
        return owner in (os.geteuid(), 0, os.stat(directory).st_uid)
    except OSError:
        return False


def _home() -> str:
    return os.path.realpath(os.path.expanduser("~"))


class LocalTree(SnapshotDiskTree):
    """The local files within a boundary. Paths are relative to `/`. For one build in one thread."""

    def __init__(self, boundary: Boundary) -> None:
        super().__init__("/")
        self.boundary = boundary
        self._allowed: tuple[str, ...] = (boundary.directory,)

    def resolve(self, path: str) -> str:
        try:
            real = super().resolve(path)
        except MissingError:
            self._check(
                path, os.path.realpath(f"/{path.lstrip('/')}")[1:]
            )  # do not report what exists outside
            raise
        self._check(path, real)
        return real

    def boundary_directory(self) -> str:
        """Return the directory of the boundary."""
        return self.boundary.directory

    def admit(self, directory: str) -> None:
        """Allow links into a resolved directory that a kustomization has named by a path."""
        if not self.boundary.bounds_paths and directory not in self._allowed:
            self._allowed = (*self._allowed, directory)

    def open_resolved(self, path: str) -> int:
        """Open the file at a resolved path, which may be a pipe. Raises OSError."""
        return self._open(path, _READ_FLAGS | _NO_FOLLOW)

    def _check(self, path: str, real: str) -> None:
        for directory in self._allowed:
            if is_below(real, directory):
                self._check_git(path, real[len(directory) :])
                return
        if self.boundary.bounds_paths or real != join("", path):
            raise self.boundary.error(f"/{path.lstrip('/')}")

    def _check_git(self, path: str, real: str) -> None:
        """Refuse a link into `.git`, whose configuration can contain credentials. `real` is below the boundary."""
        if "/.git/" in f"{real}/" and not join("", path).endswith(real):
            absolute = f"/{path.lstrip('/')}"
            raise OutsideError(f"{absolute!r} is a link into .git")

    def _open(self, path: str, flags: int) -> int:
        if self.boundary.bounds_paths and not is_below(path.lstrip("/"), self.boundary.directory):
            raise self.boundary.error(f"/{path.lstrip('/')}")
        return super()._open(path, flags)


def open_local(path: str, root: str | None = None) -> tuple[LocalTree, str]:
    """Return the tree of a local path, and the absolute path. The boundary is that of `find_boundary`."""
    if "\0" in path:
        raise SourceError("a path must not contain a NUL character")
    absolute = os.path.abspath(path)
    return LocalTree(find_boundary(os.path.realpath(absolute), root)), absolute


def open_named(path: str, boundary: Boundary | None) -> int:
    """Open a file that the user has named, and return its descriptor. It may be outside of the boundary.

    Only a name inside of the boundary must not lead out of it: the name is the user's, the link is the project's.
    Raises OutsideError and OSError.
    """
    absolute = os.path.abspath(path)
    if boundary is None or not boundary.directory or not _is_inside(absolute, boundary):
        return os.open(path, _READ_FLAGS)
    real = os.path.realpath(absolute, strict=True)[1:]
    if not is_below(real, boundary.directory):
        raise boundary.error(path)
    return LocalTree(boundary).open_resolved(real)


def read_named(path: str, boundary: Boundary | None, *, limit: int) -> bytes:
    """Return the content of a regular file that the user has named. The rule is that of `open_named`.

    Raises OutsideError, and the errors of `Tree.read`.
    """
    absolute = os.path.abspath(path)
    if boundary is None or not _is_inside(absolute, boundary):
        boundary = Boundary("/", bounds_paths=True)
    tree = LocalTree(boundary)
    return tree.read(tree.resolve(absolute), limit=limit)


def _is_inside(absolute: str, boundary: Boundary) -> bool:
    """Whether the name of a file is inside of the boundary, as it is written or by its real directory."""
    if "\0" in absolute:
        return False
    directory, name = os.path.split(absolute)
    names = (absolute, os.path.join(os.path.realpath(directory), name))
    return any(is_below(each[1:], boundary.directory) for each in names)
