"""Results that are kept because their inputs are the same bytes: the only thing that builds share and change.

A key holds all that decides the result (what is made, and the content it is made of), so an entry is never stale.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

Made = TypeVar("Made")


class Cache(Protocol):
    """Where a build keeps what another one may want."""

    def get(self, key: Hashable, make: Callable[[], Made], *, weight: int) -> Made:
        """What was made for `key`, or what `make` makes now; `weight` is its size in bytes, roughly."""


class NoCache:
    """Keeps nothing: for the single build of a command."""

    def get(self, key: Hashable, make: Callable[[], Made], *, weight: int) -> Made:  # noqa: ARG002 - the protocol's
        return make()


class MemoryCache:
    """Keeps what was used last, up to `capacity` bytes of weight. Safe to share between threads and builds.

    Two threads that miss at the same moment both make the value; the first to finish wins.
    """

    def __init__(self, capacity: int = 256 << 20) -> None:
        from threading import Lock  # noqa: PLC0415 - a single build has no use for it

        self.capacity = capacity
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Hashable, make: Callable[[], Made], *, weight: int) -> Made:
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
                kept: Made = found[0]
                return kept
        made = make()
        if weight > self.capacity:
            return made
        with self._lock:
            winner: Made = self._entries.setdefault(key, (made, weight))[0]
            if winner is made:
                self._weight += weight
            while self._weight > self.capacity:
                self._weight -= self._entries.popitem(last=False)[1][1]
        return winner

    def __getstate__(self) -> dict[str, Any]:
        # A cache travels to another process empty: a Context is picklable for `build_many`.
        return {"capacity": self.capacity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["capacity"])  # type: ignore[misc]  # the one way to a fresh lock
