"""The files of one commit of a local repository, read from its objects.

No work tree is created. Executables, hooks, filters, attributes and the configuration of git are not used. Links are
followed only inside the commit.
"""

import os
import re
import stat

from kmanifest.io.tree import FilePath, Kind, join
from kmanifest.model.arguments import as_path, check_argument
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Mapping, Protocol, Sequence

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo

_MAX_LINKS: Final = 40
_MAX_LINK_LENGTH: Final = 4096
_MAX_DIRECTORY_SIZE: Final = 64 << 20
"""The largest size of the list of one directory, in bytes."""
_ANCESTOR_STEP: Final = re.compile(r"([~^])(\d*)")

Entry = tuple[int, bytes]  # the mode and the object id


class ObjectStore(Protocol):
    """The objects of a repository."""

    def entries(self, object_id: bytes) -> Mapping[str, Entry]:
        """Return the entries of the tree object with this id, by name."""

    def blob(self, object_id: bytes, limit: int) -> bytes:
        """Return the content of the file with this id. Raises LimitError if it has more than `limit` bytes."""


class GitTree:
    """The files of a commit. Paths are relative to the root of the repository.

    `open_commit` returns one.

    >>> from kmanifest import GitTree, build, open_commit
    >>> def build_commit(directory: str, revision: str) -> str:
    ...     tree, path = open_commit(directory, revision)
    ...     return build(path, tree=tree).text()
    """

    def __init__(self, objects: ObjectStore, root: bytes) -> None:
        self._objects = objects
        self._root = root
        self._directories: dict[str, Mapping[str, Entry]] = {}

    def resolve(self, path: str) -> str:
        """Return the path with every link followed. Raises SourceError if a link leads out of the repository."""
        pending = [step for step in reversed(path.split("/")) if step]
        real: list[str] = []
        links = 0
        while pending:
            step = pending.pop()
            entry = self._entries("/".join(real)).get(step)
            if entry is None:
                raise MissingError(f"no such file or directory: {path!r}")
            if not stat.S_ISLNK(entry[0]):
                real.append(step)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise SourceError(f"{path!r} follows too many links")
            target = self._objects.blob(entry[1], _MAX_LINK_LENGTH).decode(
                "utf-8", "surrogateescape"
            )
            if target.startswith("/"):
                raise SourceError(f"{path!r} is a link that leads out of the tree")
            try:
                steps = join("/".join(real), target).split("/")
            except SourceError:
                raise SourceError(f"{path!r} is a link that leads out of the tree") from None
            pending += [step for step in reversed(steps) if step]
            real = []
        return "/".join(real)

    def kind(self, path: str) -> Kind | None:
        """Return `file` or `dir` for a resolved path, or None if it does not exist or is a link or submodule."""
        if not path:
            return "dir"
        entry = self._entry(path)
        if entry is None:
            return None
        mode, _ = entry
        return "dir" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def read(self, path: str, *, limit: int) -> bytes:
        """Return the content of the file at a resolved path."""
        entry = self._entry(path)
        if entry is None or not stat.S_ISREG(entry[0]):
            raise MissingError(f"no such file: {path!r}")
        return self._objects.blob(entry[1], limit)

    def list(self, path: str) -> Sequence[str]:
        """Return the sorted names in the directory at a resolved path."""
        if self.kind(path) != "dir":
            raise MissingError(f"no such directory: {path!r}")
        return sorted(self._entries(path))

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path is executable."""
        entry = self._entry(path)
        return entry is not None and bool(entry[0] & 0o111)

    def _entry(self, path: str) -> Entry | None:
        directory, _, name = path.rpartition("/")
        return self._entries(directory).get(name)

    def _entries(self, path: str) -> Mapping[str, Entry]:
        """Return the entries of a directory by name. They are empty if there is no such directory."""
        entries = self._directories.get(path)
        if entries is None:
            entries = self._directories[path] = self._read_directory(path)
        return entries

    def _read_directory(self, path: str) -> Mapping[str, Entry]:
        if not path:
            return self._objects.entries(self._root)
        entry = self._entry(path)
        if entry is None or not stat.S_ISDIR(entry[0]):
            return {}
        return self._objects.entries(entry[1])


class _LocalObjectStore:
    """The objects of a local repository, read by dulwich. Any error in them is a SourceError."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects

    def entries(self, object_id: bytes) -> Mapping[str, Entry]:
        with _reading_objects():
            self._check_size(object_id, _MAX_DIRECTORY_SIZE)
            items = self._objects[object_id].iteritems()
            return {
                item.path.decode("utf-8", "surrogateescape"): (item.mode, item.sha)
                for item in items
            }

    def blob(self, object_id: bytes, limit: int) -> bytes:
        with _reading_objects():
            self._check_size(object_id, limit)
            data: bytes = self._objects[object_id].data
            return data

    def __del__(self) -> None:
        # dulwich opens packs when they are needed, also after the repository is closed.
        self._objects.close()

    def _check_size(self, object_id: bytes, limit: int) -> None:
        """Raise LimitError before an object that is too large is decompressed."""
        from kmanifest.io.git_object_size import largest_size

        size = largest_size(self._objects, object_id)
        if size > limit:
            raise LimitError(f"a file has {size} bytes, more than {limit} (max_input_file)")


class _reading_objects:  # noqa: N801 - reads as a sentence where it is used
    """Turn whatever dulwich and zlib raise inside the block into a SourceError: objects can be damaged or missing."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, KmanifestError | MemoryError):
            problem = f"{type(error).__name__}: {error}"
            raise SourceError(
                f"an object of the git repository can't be read: {problem}"
            ) from error


def open_commit(path: FilePath, revision: str) -> tuple[GitTree, str]:
    """Return the files of a commit of the repository that contains the local `path`, and the path in the repository.

    `revision` is a branch, a tag, or a commit id or its beginning. `~N` and `^N` may follow. Raises MissingError if
    there is no such commit or no repository, or if dulwich is not installed (`kmanifest[git]`). Raises SourceError for a
    repository that is not safe to read: one that belongs to another user, or one that borrows objects from elsewhere.

    >>> from kmanifest import open_commit
    >>> open_commit("/", "v1.4.0")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.MissingError: / is not in a git repository
    """
    path = as_path(path)
    check_argument("revision", revision, str, "a str")
    try:
        from dulwich.repo import Repo
    except ImportError as error:
        raise MissingError("reading a commit needs dulwich: pip install dulwich") from error
    real_path = os.path.realpath(path)
    directory = real_path
    while not os.path.isdir(directory):  # the directory may have been removed since that commit
        directory = os.path.dirname(directory)
    work_tree = _find_work_tree(directory)
    if work_tree is None:
        raise MissingError(f"{path} is not in a git repository")
    _check_owner(os.path.join(work_tree, ".git"))
    with _reading_objects(), Repo(work_tree) as repository:
        store = repository.object_store
        if os.path.lexists(os.path.join(store.path, "info", "alternates")):
            raise SourceError(
                f"the git repository {work_tree} borrows objects (objects/info/alternates): run git repack -ad"
            )
        commit = _find_commit(repository, revision)
        path_in_repository = os.path.relpath(real_path, work_tree)
        return GitTree(_LocalObjectStore(store), commit.tree), join("", path_in_repository)


def _find_work_tree(directory: str) -> str | None:
    """Return the nearest directory at or above `directory` that has a `.git`.

    A bare repository inside the work tree does not count: a commit can contain one. Source: git's safe.bareRepository.
    """
    while not os.path.lexists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _check_owner(path: str) -> None:
    """Raise SourceError if a `.git` belongs to another user. Source: git's safe.directory."""
    if not hasattr(os, "geteuid"):
        return
    owner = os.lstat(path).st_uid
    # Under sudo, the repository of the user who ran it is accepted, as git does.
    if owner not in (os.geteuid(), 0) and str(owner) != os.environ.get("SUDO_UID"):
        raise SourceError(f"{path} belongs to another user (uid {owner})")


def _find_commit(repository: "Repo", revision: str) -> "Commit":
    from dulwich.objectspec import parse_commit

    name = re.split(r"[~^]", revision, maxsplit=1)[0]
    try:
        if not name:
            raise KeyError(revision)
        commit = parse_commit(repository, name.encode())
        suffix = revision[len(name) :]
        for match in _ANCESTOR_STEP.finditer(suffix):
            commit = _ancestor(repository, commit, match[1], int(match[2] or 1))
        if _ANCESTOR_STEP.sub("", suffix):
            raise KeyError(suffix)
    except (KeyError, ValueError, IndexError) as error:
        raise MissingError(f"no commit is called {revision!r}") from error
    return commit


def _ancestor(repository: "Repo", commit: "Commit", sign: str, number: int) -> "Commit":
    """Return an ancestor of a commit: `~N` follows the first parent N times, `^N` selects the N-th parent."""
    if sign == "^":
        return repository[commit.parents[number - 1]] if number else commit  # type: ignore[return-value]  # a commit
    for _ in range(number):
        commit = repository[commit.parents[0]]  # type: ignore[assignment]  # a commit
    return commit
