"""The download cache: a directory that processes share without a lock.

Content is stored under its own hash and never changes. A key, such as a URL, is stored with the hash of its last
content. Every file and directory is written under a temporary name and then renamed, so it is always complete. A
file that does not match its hash is ignored.

Each principal has a partition of its own, and nothing is ever looked up in another one. So knowing the digest of a
private chart, or the commit id of a private repository, is not enough to get it. The name of a partition is a keyed
hash: passwords can't be guessed from it.

Layout of `ROOT/fetched-v2`: `key`; `PARTITION/names/HASH`, `PARTITION/contents/SHA-256` and
`PARTITION/commits/HASH/COMMIT`; unfinished directories `begun-*`.
"""

import hmac
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from hashlib import sha256

from kmanifest.io.remote.access import Principal
from kmanifest.io.system import make_private, write_atomically
from kmanifest.startup.typing import Callable, Final, Iterator, NamedTuple

_DIRECTORY: Final = "fetched-v2"
_KEY_NAME: Final = "key"
_KEY_SIZE: Final = 32  # bytes
_MAX_UNFINISHED_AGE: Final = 86_400.0  # seconds; killed processes leave unfinished directories
_UNFINISHED_PREFIX: Final = "begun-"
_SIZE_CHECK_INTERVAL: Final = 60.0  # seconds
_MIN_AGE_TO_REMOVE: Final = 600.0  # seconds; a running build may still read younger content
_MIN_AGE_TO_TOUCH: Final = 60.0  # seconds
_SHARE_TO_KEEP: Final = 0.75  # of the maximal size, when the store has become too large


class Key(NamedTuple):
    """The meaning of a name in the store. `kind` determines the other fields.

    All inputs that decide the content are fields, so two different requests never have the same key.
    """

    kind: str
    url: str
    detail: str = ""

    def digest(self) -> str:
        """Return the file name for this key."""
        return sha256(json.dumps(self).encode()).hexdigest()

    def __repr__(self) -> str:  # without the secrets in the URL
        return f"Key({self.kind!r})"


class Resolution(NamedTuple):
    """The last content hash or commit id of a key, and the seconds since it was resolved."""

    identity: str
    age: float


def open_store(root: str, max_size: int = 0) -> "Store | None":
    """Return the store in a directory. Return None if `root` is empty or the directory can't be used."""
    store = Store(root, max_size)
    return store if root and store.is_usable() else None


class Store:
    """The download cache at `root`. Call `is_usable` first: it creates the directory.

    When it has grown to more than `max_size` bytes, what was not used for the longest time is removed. 0 means no
    limit.
    """

    def __init__(self, root: str, max_size: int = 0) -> None:
        self._parent = os.path.abspath(root)
        self._root = os.path.join(self._parent, _DIRECTORY)
        self._max_size = max_size
        self._key = b""

    def is_usable(self) -> bool:
        """Create the directory if needed and return whether this user, and no other, can write to it."""
        return make_private(self._parent) and make_private(self._root)

    def partition(self, principal: Principal) -> "Partition":
        """Return the part of the store with the content that was fetched on behalf of a principal."""
        name = hmac.new(self._secret_key(), json.dumps(principal).encode(), sha256).hexdigest()
        return Partition(self, os.path.join(self._root, name))

    def begin_directory(self) -> str:
        """Create and return a new directory to fetch into."""
        self._remove_abandoned()
        return tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=self._root)

    def remove_if_too_large(self) -> None:
        """Remove the content that was not used for the longest time if the store is larger than its maximum.

        The store is measured once a minute at most.
        """
        if not self._max_size or not self._is_check_due():
            return
        items = sorted(self._items())
        total = sum(item.size for item in items)
        if total <= self._max_size:
            return
        newest = time.time() - _MIN_AGE_TO_REMOVE
        for item in items:
            if total <= self._max_size * _SHARE_TO_KEEP or item.used_at > newest:
                return
            self._remove_item(item.path)
            total -= item.size

    def _is_check_due(self) -> bool:
        stamp = os.path.join(self._root, "measured")
        with suppress(OSError):
            if abs(time.time() - os.stat(stamp).st_mtime) < _SIZE_CHECK_INTERVAL:
                return False
        write_atomically(stamp, b"")
        return True

    def _items(self) -> "Iterator[_Item]":
        """Yield all files and commits of all partitions. Names that the store does not give are left alone."""
        for partition in _paths(self._root, is_name=_is_hash):
            for part in ("names", "contents"):
                yield from map(_measure, _paths(os.path.join(partition, part), is_name=_is_hash))
            for repository in _paths(os.path.join(partition, "commits"), is_name=_is_hash):
                yield from map(_measure, _paths(repository, is_name=_is_hash))

    def _remove_item(self, path: str) -> None:
        """Remove a file or directory. A directory disappears as a whole, so that no process uses a part of it."""
        with suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):
                doomed = tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=self._root)
                os.rename(path, os.path.join(doomed, "removed"))
                shutil.rmtree(doomed, ignore_errors=True)
            else:
                os.unlink(path)

    def _secret_key(self) -> bytes:
        """Return the key of the hashes that name partitions. It is created once for each store."""
        path = os.path.join(self._root, _KEY_NAME)
        if not self._key:
            self._key = _read_key(path)
        if not self._key:
            # Another process may do the same at this moment: the file that is there at the end counts.
            write_atomically(path, os.urandom(_KEY_SIZE))
            self._key = _read_key(path) or os.urandom(_KEY_SIZE)
        return self._key

    def _remove_abandoned(self) -> None:
        with os.scandir(self._root) as entries:
            unfinished = [entry for entry in entries if entry.name.startswith(_UNFINISHED_PREFIX)]
        for entry in unfinished:
            try:
                age = time.time() - entry.stat().st_mtime
            except OSError:
                continue
            if age > _MAX_UNFINISHED_AGE:
                remove_directory(entry.path)


class Partition:
    """The content in a store that was fetched on behalf of one principal."""

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def last_resolution(self, key: Key) -> Resolution | None:
        """Return the last resolution of a key, or None."""
        try:
            with open(self._name_path(key), encoding="ascii") as stream:
                identity, recorded_at = stream.read().split()
            return Resolution(identity, abs(time.time() - float(recorded_at)))
        except (OSError, ValueError):
            return None

    def keep_name(self, key: Key, identity: str) -> None:
        """Record the content hash or commit id of a key, with the current time."""
        self._write(self._name_path(key), f"{identity} {time.time():.0f}\n".encode())

    def content(self, identity: str) -> bytes | None:
        """Return the content with this SHA-256, or None."""
        if not _is_hash(identity):
            return None
        path = os.path.join(self._root, "contents", identity)
        try:
            with open(path, "rb") as stream:
                content = stream.read()
        except OSError:
            return None
        if sha256(content).hexdigest() != identity:
            return None
        _touch(path)
        return content

    def keep_content(self, content: bytes) -> str:
        """Store a content and return its SHA-256."""
        identity = sha256(content).hexdigest()
        self._write(os.path.join(self._root, "contents", identity), content)
        self._store.remove_if_too_large()
        return identity

    def directory(self, key: Key, identity: str) -> str | None:
        """Return the directory with this commit of the repository with this key, or None."""
        path = self._directory_path(key, identity)
        if not _is_hash(identity) or not os.path.isdir(path):
            return None
        _touch(path)
        return path

    def keep_directory(self, unfinished: str, key: Key, identity: str) -> str:
        """Rename a finished directory, made by `Store.begin_directory`, and return its new path.

        If another process has already stored the commit, `unfinished` is removed.
        """
        path = self._directory_path(key, identity)
        _make_directories(self._root, os.path.dirname(path))
        try:
            os.rename(unfinished, path)
        except OSError:
            if not os.path.isdir(path):
                raise
            remove_directory(unfinished)
        self._store.remove_if_too_large()
        return path

    def _name_path(self, key: Key) -> str:
        return os.path.join(self._root, "names", key.digest())

    def _directory_path(self, key: Key, identity: str) -> str:
        return os.path.join(self._root, "commits", key.digest(), identity)

    def _write(self, path: str, content: bytes) -> None:
        """Write a file. If that fails, for example on a full disk, the next build fetches again."""
        try:
            _make_directories(self._root, os.path.dirname(path))
        except OSError:
            return
        write_atomically(path, content)


class _Item(NamedTuple):
    """A file or commit in the store: when it was last used, its size in bytes, and its path."""

    used_at: float
    size: int
    path: str


def remove_directory(path: str) -> None:
    """Remove a directory."""
    shutil.rmtree(path, ignore_errors=True)


def directory_size(path: str) -> int:
    """Return the size in bytes of all files below a directory."""
    size = 0
    for directory, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # it was removed meanwhile
                size += os.lstat(os.path.join(directory, name)).st_size
    return size


def _make_directories(root: str, path: str) -> None:
    """Create the directory `root` and those from there to `path`. Only this user can read them."""
    missing = [root]
    for step in os.path.relpath(path, root).split(os.sep):
        missing.append(os.path.join(missing[-1], step))
    for directory in missing:
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)


def _measure(path: str) -> _Item:
    try:
        status = os.lstat(path)
    except OSError:
        return _Item(0.0, 0, path)
    size = directory_size(path) if os.path.isdir(path) else status.st_size
    return _Item(status.st_mtime, size, path)


def _paths(directory: str, *, is_name: Callable[[str], bool]) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names if is_name(name)]


def _is_hash(name: str) -> bool:
    return len(name) in (40, 64) and not name.strip("0123456789abcdef")


def _touch(path: str) -> None:
    """Record that a file or directory is used now. Every minute is enough."""
    with suppress(OSError):
        if abs(time.time() - os.lstat(path).st_mtime) > _MIN_AGE_TO_TOUCH:
            os.utime(path)


def _read_key(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            key = stream.read(_KEY_SIZE + 1)
    except OSError:
        return b""
    return key if len(key) == _KEY_SIZE else b""
