"""The download cache: a directory that processes share without a lock.

Content is stored under its own hash and never changes. A name, such as a URL, is stored with the hash of its last
content. Every file and directory is written under a temporary name and then renamed, so it is always complete. A
file that does not match its hash is ignored.
"""

import os
import shutil
import tempfile
import time
from hashlib import sha256

from kmanifest.io.system import make_private, write_atomically
from kmanifest.startup.typing import Final, NamedTuple

_MAX_UNFINISHED_AGE: Final = 86_400.0  # seconds; killed processes leave unfinished directories
_UNFINISHED_PREFIX: Final = "begun-"


class Resolution(NamedTuple):
    """The last content hash or commit id of a name, and the seconds since it was resolved."""

    identity: str
    age: float


def open_store(root: str) -> "Store | None":
    """Return the store in a directory. Return None if `root` is empty or the directory can't be used."""
    store = Store(root)
    return store if root and store.is_usable() else None


class Store:
    """The download cache at `root`. Call `is_usable` first: it creates the directory."""

    def __init__(self, root: str) -> None:
        self._root = root

    def is_usable(self) -> bool:
        """Create the directory if needed and return whether this user, and no other, can write to it."""
        return make_private(self._root)

    def last_resolution(self, name: str) -> Resolution | None:
        """Return the last resolution of a name, or None."""
        try:
            with open(self._name_path(name), encoding="ascii") as stream:
                identity, recorded_at = stream.read().split()
            return Resolution(identity, abs(time.time() - float(recorded_at)))
        except (OSError, ValueError):
            return None

    def keep_name(self, name: str, identity: str) -> None:
        """Record the content hash or commit id of a name, with the current time."""
        self._write(self._name_path(name), f"{identity} {time.time():.0f}\n".encode())

    def content(self, identity: str) -> bytes | None:
        """Return the content with this SHA-256, or None."""
        try:
            with open(self._content_path(identity), "rb") as stream:
                content = stream.read()
        except OSError:
            return None
        return content if sha256(content).hexdigest() == identity else None

    def keep_content(self, content: bytes) -> str:
        """Store a content and return its SHA-256."""
        identity = sha256(content).hexdigest()
        self._write(self._content_path(identity), content)
        return identity

    def directory(self, url: str, identity: str) -> str | None:
        """Return the directory with this commit of the repository at `url`, or None."""
        path = self._directory_path(url, identity)
        return path if os.path.isdir(path) else None

    def begin_directory(self) -> str:
        """Create and return a new directory to fetch into. Pass it to `keep_directory` or `remove_directory`."""
        self._remove_abandoned()
        return tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=self._root)

    def keep_directory(self, unfinished: str, url: str, identity: str) -> str:
        """Rename a finished directory and return its new path.

        If another process has already stored the commit, `unfinished` is removed.
        """
        path = self._directory_path(url, identity)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            os.rename(unfinished, path)
        except OSError:
            if not os.path.isdir(path):
                raise
            self.remove_directory(unfinished)
        return path

    def remove_directory(self, path: str) -> None:
        """Remove a directory."""
        shutil.rmtree(path, ignore_errors=True)

    def _name_path(self, name: str) -> str:
        return os.path.join(
            self._root, "names", sha256(name.encode("utf-8", "replace")).hexdigest()
        )

    def _content_path(self, identity: str) -> str:
        return os.path.join(self._root, "contents", identity)

    def _directory_path(self, url: str, identity: str) -> str:
        url_hash = sha256(url.encode("utf-8", "replace")).hexdigest()
        return os.path.join(self._root, "commits", url_hash, identity)

    def _write(self, path: str, content: bytes) -> None:
        """Write a file. If that fails, for example on a full disk, the next build fetches again."""
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        except OSError:
            return
        write_atomically(path, content)

    def _remove_abandoned(self) -> None:
        with os.scandir(self._root) as entries:
            unfinished = [entry for entry in entries if entry.name.startswith(_UNFINISHED_PREFIX)]
        for entry in unfinished:
            try:
                age = time.time() - entry.stat().st_mtime
            except OSError:
                continue
            if age > _MAX_UNFINISHED_AGE:
                self.remove_directory(entry.path)
