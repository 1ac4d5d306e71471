"""A cache on disk, for results that later processes can reuse.

An entry is plain data under a digest of everything that determines it. The directory belongs to its owner alone.
Files are written atomically. A file with a wrong checksum is ignored. No file contains code: `marshal` reads only
tuples, strings and numbers here.
"""

import marshal
import os
from sys import implementation

from kmanifest.io.cache import NoCache
from kmanifest.io.system import is_private, make_private, remove, write_atomically
from kmanifest.startup.hashlib import fingerprint
from kmanifest.startup.typing import Any, Final, Hashable, Iterable, Mapping

_MAX_FILE_SIZE: Final = 64 << 20
"""The largest size of a file, in bytes."""
_MAX_FILES: Final = 256
"""The largest number of files in the directory. If there are more, the older half is removed."""
_CHECKSUM_SIZE: Final = 32


class DiskCache(NoCache):
    """A `Cache` whose entries are files of a directory. The directory is created when the first entry is stored.

    A key is a tuple of strings that begins with the kind of its value. Values are plain data. `kinds` maps each kind
    that is stored to the paths of the modules that compute its values. An entry that another version of these modules
    stored is never found. Entries of other kinds are not stored.
    """

    def __init__(self, directory: str, kinds: Mapping[str, Iterable[str]]) -> None:
        self._directory = directory
        self._kinds = kinds

    def find(self, key: Hashable) -> Any:
        """Return the data stored for a key, or None."""
        path = self._path(key)
        if not path or not is_private(self._directory):
            return None
        try:
            with open(path, "rb") as stream:
                content = stream.read(_MAX_FILE_SIZE)
            checksum, data = content[:_CHECKSUM_SIZE], content[_CHECKSUM_SIZE:]
            return marshal.loads(data) if checksum == fingerprint(data) else None  # noqa: S302 - the file is private and its checksum is right
        except (OSError, ValueError, EOFError, TypeError):
            return None

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:  # noqa: ARG002 - required by the protocol
        """Store data. If that is not possible, the next process computes it again."""
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
        """Return the path of a key's file, or an empty string if entries of its kind are not stored."""
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
        """Remove the older half of the files if there are too many, temporary files of killed processes included.

        Only names that this cache gives count: the directory may have been chosen by mistake.
        """
        try:
            names = [name for name in os.listdir(self._directory) if _is_entry(name)]
        except OSError:
            return
        if len(names) <= _MAX_FILES:
            return
        paths = sorted((os.path.join(self._directory, name) for name in names), key=_modified_at)
        for path in paths[: len(paths) // 2]:
            remove(path)


def _is_entry(name: str) -> bool:
    """Whether a file name is that of an entry, or of a temporary file of one."""
    digest, dot, suffix = name.partition(".")
    return (
        len(digest) == 2 * _CHECKSUM_SIZE
        and _is_hexadecimal(digest + suffix)
        and (dot == "" or bool(suffix))
    )


def _is_hexadecimal(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def _modified_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
