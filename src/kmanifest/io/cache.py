"""Caches of results that depend only on their key. A cache is the only mutable object that builds share.

A key contains everything that determines the result: the kind of result and the content it is computed from. So an
entry is never stale.
"""

from kmanifest.startup.typing import Any, Callable, Hashable, Protocol, TypeVar

Result = TypeVar("Result")


class Cache(Protocol):
    """Storage for results that other builds can reuse. A `weight` is a rough size in bytes.

    A class with these three methods is a cache. Results are shared, so they must not be changed.

    >>> from kmanifest import Cache, MemoryCache
    >>> cache: Cache = MemoryCache()
    >>> cache.get("key", lambda: "computed", weight=8), cache.get("key", lambda: "again", weight=8)
    ('computed', 'computed')
    """

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:
        """Return the value stored for `key`, or call `make` and store its result."""

    def find(self, key: Hashable) -> Any:
        """Return the value stored for `key`, or None."""

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        """Store a value. It replaces an older value with the same key."""


class NoCache:
    """A cache that stores nothing, for the single build of a command."""

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:  # noqa: ARG002 - required by the protocol
        return make()

    def find(self, key: Hashable) -> Any:  # noqa: ARG002 - required by the protocol
        return None

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        pass


class MemoryCache:
    """A cache in memory that keeps the most recently used values, up to a total weight of `capacity` bytes.

    It can be shared between threads and builds. If two threads miss the same key at the same time, both compute the
    value, and the later one is stored.

    >>> from kmanifest import MemoryCache, build
    >>> cache = MemoryCache(capacity=64 << 20)
    >>> files = {
    ...     "base/kustomization.yaml": "resources: [map.yaml]",
    ...     "base/map.yaml": "{kind: ConfigMap, metadata: {name: map}}",
    ...     "one/kustomization.yaml": "{resources: [../base], namePrefix: one-}",
    ...     "two/kustomization.yaml": "{resources: [../base], namePrefix: two-}",
    ... }
    >>> [resource.name for path in ("one", "two") for resource in build(path, tree=files, cache=cache)]
    ['one-map', 'two-map']
    """

    def __init__(self, capacity: int = 256 << 20) -> None:
        # a single build needs neither
        from collections import OrderedDict
        from threading import Lock

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
        # A Context must be picklable. Its cache is empty in the other process.
        return {"capacity": self.capacity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["capacity"])  # type: ignore[misc]  # creates a new lock
