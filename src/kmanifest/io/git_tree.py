"""The files of one commit of a local repository, read from its objects.

No work tree is made, and no program, hook, filter or configuration of git is used: what an attribute or a hook would
do does not happen, and a link is followed inside the commit only.
"""

import os
import re
import stat
from collections.abc import Mapping, Sequence

from kmanifest.io.tree import Kind, join
from kmanifest.model.errors import LimitError, MissingError, SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo

_MAX_LINKS: Final = 40
_MAX_LINK_LENGTH: Final = 4096
_ANCESTOR_STEP: Final = re.compile(r"([~^])(\d*)")

Entry = tuple[int, bytes]  # its mode, and the id of its object


class ObjectStore(Protocol):
    """Where the objects of a repository are."""

    def entries(self, object_id: bytes) -> Mapping[str, Entry]:
        """The entries of the tree with this id."""

    def blob(self, object_id: bytes, limit: int) -> bytes:
        """The content of the file with this id; LimitError where it has more than `limit` bytes."""


class GitTree:
    """The files of a commit; paths are relative to the root of the repository."""

    def __init__(self, objects: ObjectStore, root: bytes) -> None:
        self._objects = objects
        self._root = root
        self._directories: dict[str, Mapping[str, Entry]] = {}

    def resolve(self, path: str) -> str:
        """`path` with every link followed; SourceError where one leads out of the repository."""
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
                raise SourceError(f"{path!r} leads through too many links")
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
        """What is at a resolved path; None for nothing, a link and a submodule."""
        if not path:
            return "dir"
        entry = self._entry(path)
        if entry is None:
            return None
        mode, _ = entry
        return "dir" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def read(self, path: str, *, limit: int) -> bytes:
        """The content of the file at a resolved path."""
        entry = self._entry(path)
        if entry is None or not stat.S_ISREG(entry[0]):
            raise MissingError(f"no such file: {path!r}")
        return self._objects.blob(entry[1], limit)

    def list(self, path: str) -> Sequence[str]:
        """The sorted names in the directory at a resolved path."""
        if self.kind(path) != "dir":
            raise MissingError(f"no such directory: {path!r}")
        return sorted(self._entries(path))

    def is_executable(self, path: str) -> bool:
        """Whether the file at a resolved path may be executed."""
        entry = self._entry(path)
        return entry is not None and bool(entry[0] & 0o111)

    def _entry(self, path: str) -> Entry | None:
        directory, _, name = path.rpartition("/")
        return self._entries(directory).get(name)

    def _entries(self, path: str) -> Mapping[str, Entry]:
        """The entries of a directory, none where there is no such directory."""
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
    """The objects of a repository of this machine, read by dulwich."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects

    def entries(self, object_id: bytes) -> Mapping[str, Entry]:
        items = self._objects[object_id].iteritems()
        return {
            item.path.decode("utf-8", "surrogateescape"): (item.mode, item.sha) for item in items
        }

    def blob(self, object_id: bytes, limit: int) -> bytes:
        data: bytes = self._objects[object_id].data
        if len(data) > limit:
            raise LimitError(f"a file has {len(data)} bytes, more than {limit} (max_input_file)")
        return data


def open_commit(path: str, revision: str) -> tuple[GitTree, str]:
    """The files of a commit of the repository that `path` of this machine is in, and that path within it.

    `revision` is a branch, a tag, an id or the beginning of one, with `~N` and `^N` behind it. MissingError where there is no
    such commit, or no repository.
    """
    try:
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo
    except ImportError as error:
        raise MissingError("commits are read with dulwich: pip install 'kmanifest[git]'") from error
    real_path = os.path.realpath(path)
    directory = real_path
    while not os.path.isdir(directory):  # the directory may be gone since then
        directory = os.path.dirname(directory)
    try:
        repository = Repo.discover(directory)
    except NotGitRepository as error:
        raise MissingError(f"{path} is in no git repository") from error
    with repository:
        commit = _find_commit(repository, revision)
        path_in_repository = os.path.relpath(real_path, os.path.realpath(repository.path))
        return GitTree(_LocalObjectStore(repository.object_store), commit.tree), join(
            "", path_in_repository
        )


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
    """`~N` is the N-th first parent, `^N` the N-th parent."""
    if sign == "^":
        return repository[commit.parents[number - 1]] if number else commit  # type: ignore[return-value]  # a commit
    for _ in range(number):
        commit = repository[commit.parents[0]]  # type: ignore[assignment]  # a commit
    return commit
