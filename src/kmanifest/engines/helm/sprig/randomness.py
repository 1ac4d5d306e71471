"""The interface of a source of random numbers."""

from kmanifest.startup.typing import Protocol


class RandomSource(Protocol):
    """A source of random numbers: `random.SystemRandom`, or a `SeededRandom`, which repeats its numbers."""

    def randrange(self, stop: int, /) -> int: ...

    def randbytes(self, n: int, /) -> bytes: ...
