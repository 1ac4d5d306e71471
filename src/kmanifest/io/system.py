"""What this machine says: chance and the clock, for callers of an engine who bring none of their own, whose a directory is, and files that appear whole."""

import os
import time


class SystemRandom:
    """Chance that nobody can foretell."""

    def randrange(self, stop: int, /) -> int:
        """An integer from 0 up to `stop`, without it; `random.SystemRandom` takes 4 ms to import."""
        bits = (stop - 1).bit_length()
        while True:
            number = int.from_bytes(os.urandom((bits + 7) // 8), "big") >> (-bits % 8)
            if number < stop:
                return number

    def randbytes(self, n: int, /) -> bytes:
        """That many bytes."""
        return os.urandom(n)


def make_private(path: str) -> bool:
    """Whether a directory is there, or can be made, and can be written by this process's user and by nobody else."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError:
        return False
    return is_private(path) and os.access(path, os.W_OK | os.X_OK)


def is_private(path: str) -> bool:
    """Whether a path, links followed, belongs to this process's user, and nobody else can write there."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    is_owned = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return is_owned and not status.st_mode & 0o022


def write_atomically(path: str, content: bytes) -> None:
    """Put a file of this user's alone in its place, whole; where there is no room, nothing is left of it."""
    temporary = f"{path}.{os.urandom(8).hex()}"
    try:
        # Not by tempfile, which takes 5 ms to import.
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
    """Remove a file, if it is there and can be removed."""
    from contextlib import suppress  # half a millisecond, for what is rare

    with suppress(OSError):
        os.unlink(path)


def system_clock() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def monotonic_seconds() -> float:
    """Seconds by a clock that never goes back."""
    return time.monotonic()
