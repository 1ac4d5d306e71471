"""Results that are kept because their inputs are the same bytes: the only thing that builds share and change.

A key holds all that decides the result (what is made, and the content it is made of), so an entry is never stale.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from kmanifest.startup.typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class Cache(Protocol):
    """Where a build keeps what another one may want. Sizes are in bytes, and rough."""

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:
        """What is kept for `key`, or what `make` makes now; `weight` is its size."""

    def find(self, key: Hashable) -> Any:
        """What is kept for `key`; None where nothing is."""

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        """Keep a value of this size, in the place of an older one."""


class NoCache:
    """Keeps nothing: for the single build of a command."""

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:  # noqa: ARG002 - the protocol's
        return make()

    def find(self, key: Hashable) -> Any:  # noqa: ARG002 - the protocol's
        return None

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        pass


class MemoryCache:
    """Keeps what was used last, up to `capacity` bytes of weight. Safe to share between threads and builds.

    Two threads that miss at the same moment both make the value; the last to finish stays.
    """

    def __init__(self, capacity: int = 256 << 20) -> None:
        from threading import Lock  # a single build has no use for it

        self.capacity = capacity
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:
        value: Result | None = self.find(key)
        if value is None:
            value = make()
            self.keep(key, value, weight=weight)
        return value

    def find(self, key: Hashable) -> Any:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        if weight > self.capacity:
            return
        with self._lock:
            self._weight -= self._entries.pop(key, (None, 0))[1]
            self._entries[key] = value, weight
            self._weight += weight
            while self._weight > self.capacity:
                self._weight -= self._entries.popitem(last=False)[1][1]

    def __getstate__(self) -> dict[str, Any]:
        # A cache travels to another process empty: a Context is picklable for `build_many`.
        return {"capacity": self.capacity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["capacity"])  # type: ignore[misc]  # the one way to a fresh lock
