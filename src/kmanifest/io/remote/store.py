"""The directory in which what was fetched is kept: by what it is, and shared by processes without a lock.

Content lies under the hash of itself and never changes; a name says which content a URL last stood for. Everything is
written elsewhere first and appears whole. A file that is not what its name says is as good as none.
"""

import os
import shutil
import tempfile
import time
from hashlib import sha256

from kmanifest.io.system import make_private, write_atomically
from kmanifest.startup.typing import Final, NamedTuple

_MAX_UNFINISHED_AGE: Final = 86_400.0  # seconds after which what a killed process left is removed
_UNFINISHED_PREFIX: Final = "begun-"


class Resolution(NamedTuple):
    """Which content a name last stood for, and how many seconds ago that was seen."""

    identity: str
    age: float


def open_store(root: str) -> "Store | None":
    """The store in a directory; None where there is no directory, or none that can be used."""
    store = Store(root)
    return store if root and store.is_usable() else None


class Store:
    """The directory at `root`; `is_usable` is asked first, and makes it for its owner alone."""

    def __init__(self, root: str) -> None:
        self._root = root

    def is_usable(self) -> bool:
        """Whether the directory is there, or can be made, and nobody else may change it."""
        return make_private(self._root)

    def last_resolution(self, name: str) -> Resolution | None:
        """What a name stands for; None where it is not known."""
        try:
            with open(self._name_path(name), encoding="ascii") as stream:
                identity, recorded_at = stream.read().split()
            return Resolution(identity, abs(time.time() - float(recorded_at)))
        except (OSError, ValueError):
            return None

    def keep_name(self, name: str, identity: str) -> None:
        """Remember what a name stands for from now on."""
        self._write(self._name_path(name), f"{identity} {time.time():.0f}\n".encode())

    def content(self, identity: str) -> bytes | None:
        """The content of this SHA-256."""
        try:
            with open(self._content_path(identity), "rb") as stream:
                content = stream.read()
        except OSError:
            return None
        return content if sha256(content).hexdigest() == identity else None

    def keep_content(self, content: bytes) -> str:
        """Keep a content; its SHA-256."""
        identity = sha256(content).hexdigest()
        self._write(self._content_path(identity), content)
        return identity

    def directory(self, url: str, identity: str) -> str | None:
        """The directory that holds this commit of the repository at `url`."""
        path = self._directory_path(url, identity)
        return path if os.path.isdir(path) else None

    def begin_directory(self) -> str:
        """A new directory to fetch into, which `keep_directory` or `remove_directory` ends."""
        self._remove_abandoned()
        return tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=self._root)

    def keep_directory(self, unfinished: str, url: str, identity: str) -> str:
        """The directory under its own name, whoever was first to keep it."""
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
        """Put a file where it belongs; where there is no room it is not kept, and the next build fetches again."""
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
