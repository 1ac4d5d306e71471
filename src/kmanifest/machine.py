"""What chance and the clock of this machine say, for those callers of an engine who bring none of their own."""

import random
import time


def system_random() -> random.Random:
    """Chance that nobody can foretell."""
    return random.SystemRandom()


def system_clock() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def elapsed() -> float:
    """Seconds by a clock that never goes back."""
    return time.monotonic()
