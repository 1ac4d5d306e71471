"""Read-only sets of files. All paths of a build are resolved and read here.

A path in a tree is a POSIX path relative to the root of the tree, without `..`. The root itself is "". Callers first
resolve a path with `Tree.resolve`, which follows symbolic links, and then read exactly the resolved path. On disk, no
step of a resolved path is followed if it has become a link since. So a directory that is replaced between the two calls
can't lead out of the tree. Only regular files are read, never a device or a FIFO.
"""

import os
import stat

from kmanifest.model.errors import LimitError, MissingError, SourceError
from kmanifest.startup.typing import (
    Any,
    Callable,
    Final,
    Literal,
    Mapping,
    Protocol,
    Sequence,
    TypeAlias,
)

Kind = Literal["file", "dir"]
FilePath: TypeAlias = "str | os.PathLike[str]"
Files: TypeAlias = "Mapping[Any, bytes | str]"
"""The content of files by path. The keys are str or os.PathLike[str]; no type expresses that, as `dict` is invariant."""

_OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_HAS_DIRECTORY_DESCRIPTORS: Final = os.open in os.supports_dir_fd
_DIRECTORY_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_DIRECTORY", 0)
)
_STEP_FLAGS: Final = _DIRECTORY_FLAGS | getattr(os, "O_PATH", 0)
_MAX_OPEN_DIRECTORIES: Final = 64


class Tree(Protocol):
    """A read-only set of files.

    A class with these four methods is a tree; it needs no base class.

    >>> from kmanifest import MemoryTree, Tree
    >>> tree: Tree = MemoryTree({"base/kustomization.yaml": "namePrefix: p-"})
    >>> tree.resolve("base"), tree.kind("base"), tree.list("base"), tree.read("base/kustomization.yaml", limit=100)
    ('base', 'dir', ['kustomization.yaml'], b'namePrefix: p-')
    """

    def resolve(self, path: str) -> str:
        """Return the path with every symbolic link followed.

        Raises MissingError if nothing is at the path, SourceError if a link leads out of the tree.
        """

    def kind(self, path: str) -> Kind | None:
        """Return `file` or `dir` for a resolved path, or None if it does not exist or is something else."""

    def read(self, path: str, *, limit: int) -> bytes:
        """Return the content of the file at a resolved path. Raises LimitError if it has more than `limit` bytes."""

    def list(self, path: str) -> Sequence[str]:
        """Return the sorted names in the directory at a resolved path."""


def join(directory: str, path: str) -> str:
    """Return a path relative to the tree's root, without `.` and `..`, from a path relative to `directory`.

    A path with a leading slash is relative to the root. Raises SourceError if `..` leads out of the tree.
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
    """Return the directory that contains `path`."""
    return path.rpartition("/")[0]


def is_below(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or inside it."""
    return not directory or path == directory or path.startswith(directory + "/")


def is_executable(tree: Tree, path: str) -> bool:
    """Whether the file at a resolved path is executable. False if the tree does not know."""
    method = getattr(tree, "is_executable", None)
    return method is not None and bool(method(path))


def admit(tree: Tree, directory: str) -> None:
    """Record that a kustomization has named a resolved directory, if that matters to the tree (see `local_tree`)."""
    method = getattr(tree, "admit", None)
    if method is not None:
        method(directory)


def boundary_directory(tree: Tree) -> str:
    """Return the directory that a build does not leave: the boundary of local files, else the root of the tree."""
    method = getattr(tree, "boundary_directory", None)
    return "" if method is None else str(method())


class DiskTree:
    """The files of a local directory. Neither `..` nor a link can reach a file outside it.

    >>> import tempfile
    >>> from kmanifest import DiskTree, build
    >>> build("../x", tree=DiskTree(tempfile.gettempdir()))
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.SourceError: path '../x' leads out of the tree
    """

    def __init__(self, root: FilePath = "/") -> None:
        if root.__class__ is not str:
            from kmanifest.model.arguments import as_path  # the command passes strings

            root = as_path(root, "root")
        self.root = os.path.realpath(root)
        self._prefix = self.root if self.root.endswith(os.sep) else self.root + os.sep

    def resolve(self, path: str) -> str:
        absolute = self._prefix + _inner_path(path)
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
        mode = self._mode(path)
        return "file" if stat.S_ISREG(mode) else "dir" if stat.S_ISDIR(mode) else None

    def read(self, path: str, *, limit: int) -> bytes:
        try:
            descriptor = self._open(path, _OPEN_FLAGS)
        except OSError as error:
            raise _access_error(path, error) from None
        try:
            return _read_regular(descriptor, path, limit)
        except OSError as error:
            raise _access_error(path, error) from None
        finally:
            os.close(descriptor)

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path is executable for its owner, its group or others."""
        return bool(self._mode(path) & 0o111)

    def list(self, path: str) -> Sequence[str]:
        if not _HAS_DIRECTORY_DESCRIPTORS:
            try:
                return sorted(os.listdir(self._prefix + _inner_path(path)))
            except OSError as error:
                raise _access_error(path, error) from None
        try:
            descriptor = self._open(path, _DIRECTORY_FLAGS)
        except OSError as error:
            raise _access_error(path, error) from None
        try:
            return sorted(os.listdir(descriptor))
        finally:
            os.close(descriptor)

    def _mode(self, path: str) -> int:
        """Return the type and permissions of what is at a resolved path, 0 if nothing is."""
        path = _inner_path(path)
        directory, _, name = path.rpartition("/")
        try:
            if not _HAS_DIRECTORY_DESCRIPTORS or not name:
                return os.lstat(self._prefix + path).st_mode
            descriptor = self._enter(directory)
            try:
                return os.lstat(name, dir_fd=descriptor).st_mode
            finally:
                self._leave(descriptor)
        except OSError:
            return 0

    def _open(self, path: str, flags: int) -> int:
        """Open a resolved path. No step of it is followed if it is a link."""
        path = _inner_path(path)
        directory, _, name = path.rpartition("/")
        if not _HAS_DIRECTORY_DESCRIPTORS or not name:
            return os.open(self._prefix + path, flags)
        descriptor = self._enter(directory)
        try:
            return os.open(name, flags, dir_fd=descriptor)
        finally:
            self._leave(descriptor)

    def _enter(self, path: str) -> int:
        """Return a descriptor of the directory at a resolved path. `_leave` must follow."""
        return self._open_steps(path)

    def _leave(self, descriptor: int) -> None:
        """Close a descriptor that `_enter` returned, unless the tree keeps it."""
        os.close(descriptor)

    def _open_steps(self, path: str) -> int:
        """Open a directory one step at a time, so that a step that is a link is an error."""
        descriptor = os.open(self.root, _STEP_FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        for step in path.split("/") if path else ():
            try:
                next_descriptor = os.open(step, _STEP_FLAGS, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = next_descriptor
        return descriptor


class SnapshotDiskTree(DiskTree):
    """A directory on disk for one build in one thread, during which directories are not replaced.

    Paths in a directory that is known to be a real path are resolved with one system call. Otherwise there is one for
    each of the parent directories. Directories that were read stay open: what replaces one later is never read.
    """

    def __init__(self, root: FilePath = "/") -> None:
        super().__init__(root)
        self._resolved: set[str] = set()
        self._open_directories: dict[str, int] = {}

    def resolve(self, path: str) -> str:
        if parent(path) in self._resolved and self.kind(path) is not None:
            resolved = path
        else:
            resolved = super().resolve(path)
        self._resolved |= {parent(resolved), resolved}
        return resolved

    def _enter(self, path: str) -> int:
        descriptor = self._open_directories.get(path)
        if descriptor is None:
            if len(self._open_directories) >= _MAX_OPEN_DIRECTORIES:
                oldest = next(iter(self._open_directories))
                os.close(self._open_directories.pop(oldest))
            descriptor = self._open_directories[path] = self._open_steps(path)
        return descriptor

    def _leave(self, descriptor: int) -> None:
        pass  # it stays open

    def _open_steps(self, path: str) -> int:
        """Open a directory with one step if the directory around it is open."""
        around, _, name = path.rpartition("/")
        descriptor = self._open_directories.get(around)
        if descriptor is None or not name:
            return super()._open_steps(path)
        return os.open(name, _STEP_FLAGS, dir_fd=descriptor)

    def __del__(self) -> None:
        for descriptor in getattr(self, "_open_directories", {}).values():
            os.close(descriptor)


def absolute_path(path: str) -> str:
    """Return a local path as an absolute one, without looking at links."""
    return os.path.abspath(path)


def whole_disk(path: str) -> tuple[SnapshotDiskTree, str]:
    """Return the tree of the whole disk, and the absolute form of a local path."""
    return SnapshotDiskTree("/"), os.path.abspath(path)


class MemoryTree:
    """Files in memory. Where a tree is taken, a mapping is taken as well; a MemoryTree is for several calls.

    >>> from kmanifest import MemoryTree
    >>> tree = MemoryTree({"base/kustomization.yaml": "resources: [map.yaml]", "base/map.yaml": b"kind: ConfigMap"})
    >>> tree.list("base")
    ['kustomization.yaml', 'map.yaml']
    """

    def __init__(self, files: Files) -> None:
        from kmanifest.model.arguments import as_files  # a build of files on disk does not need it

        self._files = {join("", path): content for path, content in as_files(files)}
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
    """One directory of another tree, as a tree. Links can't lead out of the directory."""

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
    """Another tree whose paths all begin with a name. A path without this prefix is refused.

    >>> from kmanifest import MemoryTree, PrefixedTree
    >>> tree = PrefixedTree(MemoryTree({"kustomization.yaml": ""}), "https://example.com/org/repo")
    >>> tree.resolve("https://example.com/org/repo/kustomization.yaml")
    'https://example.com/org/repo/kustomization.yaml'
    """

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
        """Whether the file at a resolved path is executable."""
        return is_executable(self._tree, self._inner(path))

    def _inner(self, path: str) -> str:
        if not is_below(path, self._name):
            raise SourceError(f"security; a path leads out of {self._name}")
        return path[len(self._name) :].lstrip("/")


class RecordingTree:
    """A tree that records each read of another tree, so that a cached result can be checked later.

    `record` is called with the operation, the path and the result; the result of a failed `resolve` is None.
    """

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

    def admit(self, directory: str) -> None:
        """Pass on what `admit` records."""
        admit(self._tree, directory)

    def boundary_directory(self) -> str:
        """The boundary of the other tree."""
        return boundary_directory(self._tree)


def _read_regular(descriptor: int, path: str, limit: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path!r} is not a regular file")
    if status.st_size > limit:
        raise _size_error(path, status.st_size, limit)
    # A file under /proc, or one that grows, can have more bytes than its size.
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


def _inner_path(path: str) -> str:
    """Return the path without leading slashes, which stand for the root of the tree.

    Raises SourceError for `..`, which could lead out of the tree.
    """
    if "\0" in path:
        raise SourceError("a path must not contain a NUL character")
    if ".." in path and ".." in path.split("/"):
        raise SourceError(f"{path!r} is not a path in the tree")
    return path.lstrip("/")


def _access_error(path: str, error: OSError) -> MissingError | SourceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingError(f"no such file or directory: {path!r}")
    return SourceError(f"{path!r} can't be read: {error.strerror or error}")
