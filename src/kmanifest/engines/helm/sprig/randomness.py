"""The interface of a source of random numbers."""

from kmanifest.startup.typing import Protocol


class RandomSource(Protocol):
    """A source of random numbers: `random.SystemRandom`, or a `SeededRandom`, which repeats its numbers.

    >>> import random
    >>> from kmanifest.helm import RandomSource, seeded_random
    >>> unpredictable: RandomSource = random.SystemRandom()
    >>> repeatable: RandomSource = seeded_random("seed")
    """

    def randrange(self, stop: int, /) -> int:
        """Return an integer from 0 to `stop` - 1."""

    def randbytes(self, n: int, /) -> bytes:
        """Return `n` bytes."""
