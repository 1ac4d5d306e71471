"""The time and the number of bytes that all downloads of one build share."""

from kmanifest.startup.typing import Protocol


class Budget(Protocol):
    """What a build may still spend on downloads. The meter of a build is one."""

    def check_time(self) -> None:
        """Raise LimitError after the deadline."""

    def seconds_left(self) -> float:
        """Return the seconds until the deadline: infinite without one. Raises the errors of `check_time`."""

    def count_fetched(self, size: int) -> None:
        """Count downloaded bytes. Raises LimitError if the sum is too large, and the errors of `check_time`."""

    def bytes_left(self) -> int:
        """Return the number of bytes that may still be downloaded."""


class NoBudget:
    """A `Budget` without limits."""

    def check_time(self) -> None:
        return

    def seconds_left(self) -> float:
        return float("inf")

    def count_fetched(self, size: int) -> None:
        del size

    def bytes_left(self) -> int:
        return 1 << 62
