"""Read-only sets of files, and the one gate through which every path goes.

A path inside a tree is POSIX and relative to the tree's root, without `..`; "" is the root itself. `Tree.resolve` follows
symbolic links and must be asked first: what it gives is what is read, so that a link can't lead out between
the two. Only regular files are read, never a device or a FIFO.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence

from kmanifest.model.errors import LimitError, MissingError, SourceError
from kmanifest.startup.typing import Final, Literal, Protocol

Kind = Literal["file", "dir"]

_OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class Tree(Protocol):
    """A read-only set of files."""

    def resolve(self, path: str) -> str:
        """`path` with every symbolic link followed; MissingError where nothing is, SourceError where it leads out."""

    def kind(self, path: str) -> Kind | None:
        """What is at a resolved path; None for nothing and for what is neither a file nor a directory."""

    def read(self, path: str, *, limit: int) -> bytes:
        """The content of the file at a resolved path; LimitError where it has more than `limit` bytes."""

    def list(self, path: str) -> Sequence[str]:
        """The sorted names in the directory at a resolved path."""


def join(directory: str, path: str) -> str:
    """`path`, as it is written in a file of `directory`, from the tree's root, with `.` and `..` worked in.

    SourceError where `..` leads above the tree's root.
    """
    steps = directory.split("/") if directory and not path.startswith("/") else []
    for step in path.split("/"):
        if step == "..":
            if not steps:
                raise SourceError(f"path {path!r} leads out of the tree")
            steps.pop()
        elif step and step != ".":
            steps.append(step)
    return "/".join(steps)


def parent(path: str) -> str:
    """The directory that holds `path`."""
    return path.rpartition("/")[0]


def is_below(path: str, directory: str) -> bool:
    """True where `path` is `directory` or lies in it."""
    return not directory or path == directory or path.startswith(directory + "/")


def is_executable(tree: Tree, path: str) -> bool:
    """Whether the file at a resolved path may be executed; False where the tree can't tell."""
    method = getattr(tree, "is_executable", None)
    return method is not None and bool(method(path))


class DiskTree:
    """The files of a directory of this machine; nothing outside it can be reached, by `..` or by a link."""

    def __init__(self, root: str = "/") -> None:
        self.root = os.path.realpath(root)
        self._prefix = self.root if self.root.endswith(os.sep) else self.root + os.sep

    def resolve(self, path: str) -> str:
        _reject_nul(path)
        absolute = self._prefix + path
        try:
            real = os.path.realpath(absolute, strict=True)
        except OSError as error:
            raise _access_error(path, error) from None
        if real == self.root:
            return ""
        if not real.startswith(self._prefix):
            raise SourceError(f"{path!r} is a link that leads out of the tree")
        return real[len(self._prefix) :]

    def kind(self, path: str) -> Kind | None:
        _reject_nul(path)
        try:
            mode = os.lstat(self._prefix + path).st_mode
        except OSError:
            return None
        return "file" if stat.S_ISREG(mode) else "dir" if stat.S_ISDIR(mode) else None

    def read(self, path: str, *, limit: int) -> bytes:
        _reject_nul(path)
        try:
            descriptor = os.open(self._prefix + path, _OPEN_FLAGS)
        except OSError as error:
            raise _access_error(path, error) from None
        try:
            return _read_regular(descriptor, path, limit)
        except OSError as error:
            raise _access_error(path, error) from None
        finally:
            os.close(descriptor)

    def is_executable(self, path: str) -> bool:
        """Whether anybody may execute the file at a resolved path."""
        _reject_nul(path)
        try:
            return bool(os.lstat(self._prefix + path).st_mode & 0o111)
        except OSError:
            return False

    def list(self, path: str) -> Sequence[str]:
        _reject_nul(path)
        try:
            return sorted(os.listdir(self._prefix + path))
        except OSError as error:
            raise _access_error(path, error) from None


class SnapshotDiskTree(DiskTree):
    """The disk for the time of one build, in which directories stay what they are.

    What lies in a directory that is known to be reached by no link needs one look, not one for each directory above it.
    """

    def __init__(self, root: str = "/") -> None:
        super().__init__(root)
        self._resolved: set[str] = set()

    def resolve(self, path: str) -> str:
        if parent(path) in self._resolved and self.kind(path) is not None:
            resolved = path
        else:
            resolved = super().resolve(path)
        self._resolved |= {parent(resolved), resolved}
        return resolved


def tree_at(path: str) -> tuple[SnapshotDiskTree, str]:
    """A path of this machine as one in a tree: a directory is a tree of its own, a file lies in that of its directory.

    So no link in it leads out of it.
    """
    real = os.path.realpath(path)
    if os.path.isdir(real):
        return SnapshotDiskTree(real), ""
    directory, name = os.path.split(real)
    return SnapshotDiskTree(directory), name


class MemoryTree:
    """Files that are in memory: `MemoryTree({"base/kustomization.yaml": "resources: []"})`."""

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self._files = {
            join("", path): content.encode() if isinstance(content, str) else content
            for path, content in files.items()
        }
        self._directories: dict[str, set[str]] = {"": set()}
        for path in self._files:
            entry = path
            while entry:
                directory, _, name = entry.rpartition("/")
                self._directories.setdefault(directory, set()).add(name)
                entry = directory

    def resolve(self, path: str) -> str:
        if self.kind(path) is None:
            raise MissingError(f"no such file or directory: {path!r}")
        return path

    def kind(self, path: str) -> Kind | None:
        return "file" if path in self._files else "dir" if path in self._directories else None

    def read(self, path: str, *, limit: int) -> bytes:
        if path not in self._files:
            raise MissingError(f"no such file: {path!r}")
        return _within_limit(self._files[path], path, limit)

    def list(self, path: str) -> Sequence[str]:
        if path not in self._directories:
            raise MissingError(f"no such directory: {path!r}")
        return sorted(self._directories[path])


class SubTree:
    """One directory of another tree as a tree of its own."""

    def __init__(self, tree: Tree, directory: str) -> None:
        self._tree = tree
        self._directory = directory

    def resolve(self, path: str) -> str:
        real = self._tree.resolve(join(self._directory, path))
        if not is_below(real, self._directory):
            raise SourceError(f"{path!r} is a link that leads out of the tree")
        return real[len(self._directory) :].lstrip("/")

    def kind(self, path: str) -> Kind | None:
        return self._tree.kind(join(self._directory, path))

    def read(self, path: str, *, limit: int) -> bytes:
        return self._tree.read(join(self._directory, path), limit=limit)

    def list(self, path: str) -> Sequence[str]:
        return self._tree.list(join(self._directory, path))


class PrefixedTree:
    """Another tree under a name with which all its paths begin; a path without it leads out."""

    def __init__(self, tree: Tree, name: str) -> None:
        self._tree = tree
        self._name = name

    def resolve(self, path: str) -> str:
        real = self._tree.resolve(self._inner(path))
        return f"{self._name}/{real}" if real else self._name

    def kind(self, path: str) -> Kind | None:
        return self._tree.kind(self._inner(path)) if is_below(path, self._name) else None

    def read(self, path: str, *, limit: int) -> bytes:
        return self._tree.read(self._inner(path), limit=limit)

    def list(self, path: str) -> Sequence[str]:
        return self._tree.list(self._inner(path))

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path may be executed."""
        return is_executable(self._tree, self._inner(path))

    def _inner(self, path: str) -> str:
        if not is_below(path, self._name):
            raise SourceError(f"security; a path leads out of {self._name}")
        return path[len(self._name) :].lstrip("/")


class RecordingTree:
    """Another tree, with a note of each answer it gave, so that a cached result can be told to be still true."""

    def __init__(self, tree: Tree, record: Callable[[str, str, object], None]) -> None:
        self._tree = tree
        self._record = record

    def resolve(self, path: str) -> str:
        try:
            real = self._tree.resolve(path)
        except (MissingError, SourceError):
            self._record("resolve", path, None)
            raise
        self._record("resolve", path, real)
        return real

    def kind(self, path: str) -> Kind | None:
        kind = self._tree.kind(path)
        self._record("kind", path, kind)
        return kind

    def read(self, path: str, *, limit: int) -> bytes:
        content = self._tree.read(path, limit=limit)
        self._record("read", path, content)
        return content

    def list(self, path: str) -> Sequence[str]:
        names = self._tree.list(path)
        self._record("list", path, tuple(names))
        return names


def _read_regular(descriptor: int, path: str, limit: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path!r} is not a regular file")
    if status.st_size > limit:
        raise _size_error(path, status.st_size, limit)
    # A file under /proc, or one that grows, has more than its size says.
    chunks, remaining = [], limit + 1
    while remaining > 0:
        chunk = os.read(descriptor, min(remaining, max(status.st_size + 1, 65_536)))
        if not chunk:
            break
        chunks.append(chunk)
        remaining -= len(chunk)
    return _within_limit(chunks[0] if len(chunks) == 1 else b"".join(chunks), path, limit)


def _within_limit(content: bytes, path: str, limit: int) -> bytes:
    if len(content) > limit:
        raise _size_error(path, len(content), limit)
    return content


def _size_error(path: str, size: int, limit: int) -> LimitError:
    return LimitError(f"{path!r} has {size} bytes, more than {limit} (max_input_file)")


def _reject_nul(path: str) -> None:
    if "\0" in path:
        raise SourceError("a path may not hold a NUL character")


def _access_error(path: str, error: OSError) -> MissingError | SourceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingError(f"no such file or directory: {path!r}")
    return SourceError(f"{path!r} can't be read: {error.strerror or error}")
