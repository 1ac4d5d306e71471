"""System functions: random numbers and clocks, the defaults of engines; private directories; atomic writes."""

import os
import stat
import time

from kmanifest.startup.typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from random import Random


class SystemRandom:
    """Unpredictable random numbers from the operating system."""

    def randrange(self, stop: int, /) -> int:
        """Return an integer from 0 to `stop` - 1. The `random` module is not used, because importing it takes 4 ms."""
        bits = (stop - 1).bit_length()
        while True:
            number = int.from_bytes(os.urandom((bits + 7) // 8), "big") >> (-bits % 8)
            if number < stop:
                return number

    def randbytes(self, n: int, /) -> bytes:
        """Return `n` bytes."""
        return os.urandom(n)


def make_private(path: str) -> bool:
    """Create a directory if needed. Return whether this process can write to it and no other user can."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError:
        return False
    return is_private(path) and os.access(path, os.W_OK | os.X_OK)


def is_private(path: str) -> bool:
    """Whether only the user of this process, and root, can change what is at a path.

    The directory itself and all of its parents count: who can rename a parent can exchange the directory. A directory
    like /tmp, in which only owners can rename, is safe.
    """
    try:
        real = os.path.realpath(path)
        status = os.lstat(real)
        if not hasattr(os, "geteuid"):
            return True
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return False
        return all(map(_is_safe_parent, _parents(real)))
    except OSError:
        return False


def _parents(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _is_safe_parent(path: str) -> bool:
    status = os.lstat(path)
    if status.st_uid not in (0, os.geteuid()):
        return False
    if status.st_mode & stat.S_ISVTX:
        return True
    # Many systems give each user a group of their own, and make home directories writable for it.
    is_group_writable = status.st_mode & 0o020 and status.st_gid != os.getegid()
    return not (status.st_mode & 0o002 or is_group_writable)


def write_atomically(path: str, content: bytes) -> None:
    """Write a file that only this user can read. Other processes see the whole content or none.

    An error, such as a full disk, is ignored. Then no partial file remains.
    """
    temporary = f"{path}.{os.urandom(8).hex()}"
    try:
        # Importing `tempfile` takes 5 ms.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except OSError:
        remove(temporary)


def remove(path: str) -> None:
    """Remove a file. Errors are ignored."""
    from contextlib import suppress  # takes half a millisecond; rarely needed

    with suppress(OSError):
        os.unlink(path)


def system_clock() -> int:
    """Return the time in nanoseconds since 1970."""
    return time.time_ns()


def monotonic_seconds() -> float:
    """Return seconds of a clock that never goes backwards. Only differences have a meaning."""
    return time.monotonic()


def python_random(seed: object) -> "Random":
    """Return Python's own generator for a seed, so that its numbers are those of Python's random module."""
    from random import Random  # takes 4 ms; few templates need it

    return Random(seed)  # type: ignore[arg-type]  # noqa: S311 - not for secrets; a seed can be any text or number
