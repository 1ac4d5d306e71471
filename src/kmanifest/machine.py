"""What chance and the clock of this machine say, for those callers of an engine who bring none of their own."""

import os
import time


class SystemRandom:
    """Chance that nobody can foretell."""

    def randrange(self, stop: int, /) -> int:
        """An integer from 0 up to `stop`, without it."""
        from secrets import randbelow  # for the few charts that draw

        return randbelow(stop)

    def randbytes(self, n: int, /) -> bytes:
        """That many bytes."""
        return os.urandom(n)


def system_clock() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def elapsed() -> float:
    """Seconds by a clock that never goes back."""
    return time.monotonic()
