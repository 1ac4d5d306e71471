"""A cache on the disk, for what later processes want as well: plain data under the digest of all that decides it.

A directory of its owner's alone; a file appears whole, and is as good as none where its checksum is wrong. Nothing in it is
code: `marshal` reads tuples, texts and numbers.
"""

import marshal
import os
from collections.abc import Hashable, Iterable, Mapping
from sys import implementation

from kmanifest.io.cache import NoCache
from kmanifest.io.system import is_private, make_private, remove, write_atomically
from kmanifest.startup.hashlib import fingerprint
from kmanifest.startup.typing import Any, Final

_MAX_FILE_SIZE: Final = 64 << 20
"""Bytes of a file."""
_MAX_FILES: Final = 256
"""Files in the directory; where there are more, the older half goes."""
_CHECKSUM_SIZE: Final = 32


class DiskCache(NoCache):
    """A `Cache` in the files of a directory, which is made when something is kept.

    It keeps entries whose keys are tuples of texts and whose values are plain data: those of the `kinds`, which is what a
    key begins with. To each belong the paths of the modules that make its values: what another version of them has kept is
    never found. All else is made anew each time.
    """

    def __init__(self, directory: str, kinds: Mapping[str, Iterable[str]]) -> None:
        self._directory = directory
        self._kinds = kinds

    def find(self, key: Hashable) -> Any:
        """The data under a key; None where there is none."""
        path = self._path(key)
        if not path or not is_private(self._directory):
            return None
        try:
            with open(path, "rb") as stream:
                content = stream.read(_MAX_FILE_SIZE)
            checksum, data = content[:_CHECKSUM_SIZE], content[_CHECKSUM_SIZE:]
            return marshal.loads(data) if checksum == fingerprint(data) else None  # noqa: S302 - our own, see above
        except (OSError, ValueError, EOFError, TypeError):
            return None

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:  # noqa: ARG002 - the protocol's
        """Keep data. Where that can't be, the next process makes it again."""
        path = self._path(key)
        if not path or not make_private(self._directory):
            return
        try:
            data = marshal.dumps(value)
        except ValueError:  # nested too deeply
            return
        if _CHECKSUM_SIZE + len(data) < _MAX_FILE_SIZE:
            write_atomically(path, fingerprint(data) + data)
            self._drop_old()

    def _path(self, key: Hashable) -> str:
        """The file of a key; empty where it is not kept."""
        if not isinstance(key, tuple) or key[0] not in self._kinds:
            return ""
        parts = [(implementation.cache_tag or "").encode()]
        try:
            for module in self._kinds[key[0]]:
                with open(module, "rb") as stream:
                    parts.append(stream.read())
        except OSError:
            return ""
        parts += (text.encode("utf-8", "surrogatepass") for text in key)
        sizes = repr([*map(len, parts)]).encode()
        return os.path.join(self._directory, fingerprint(sizes + b"".join(parts)).hex())

    def _drop_old(self) -> None:
        """Keep the directory from growing, whatever killed processes have left in it."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return
        if len(names) <= _MAX_FILES:
            return
        paths = sorted((os.path.join(self._directory, name) for name in names), key=_modified_at)
        for path in paths[: len(paths) // 2]:
            remove(path)


def _modified_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
