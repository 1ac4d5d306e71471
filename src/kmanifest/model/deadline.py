"""The deadline of the work that runs: every loop that input can prolong calls `check_time`.

Such loops are in readers, functions of templates and transformers, many calls below the build. So the deadline is found
through a context variable, which belongs to one thread (or one task of asyncio), and ends with the build that set it.
Work inside of other work has both deadlines. Without a deadline a call costs a tenth of a microsecond.
"""

from _thread import allocate_lock
from itertools import chain

from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Protocol,
    TypeVar,
)

if TYPE_CHECKING:
    from _contextvars import ContextVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_SLICE: Final = 1 << 15


class TimeLimit(Protocol):
    """The time that some work may take. The meter of a build is one."""

    def check_time(self) -> None:
        """Raise LimitError after the deadline, CancelledError if the work is cancelled."""

    def seconds_left(self) -> float:
        """Return the seconds until the deadline: infinite without one. Raises the errors of `check_time`."""


class _Current:
    """The limit of the work that runs.

    The context variable is made by the first work that has a limit. Most commands have none, and the import takes
    longer than all their checks.
    """

    __slots__ = ("_lock", "variable")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self.variable: ContextVar[TimeLimit | None] | None = None

    def get(self) -> TimeLimit | None:
        return None if self.variable is None else self.variable.get()

    def set(self, limit: TimeLimit) -> "Callable[[], None]":
        """Set the limit, and return a function that restores the earlier one."""
        with self._lock:
            if self.variable is None:
                from _contextvars import ContextVar

                self.variable = ContextVar("kmanifest.deadline", default=None)
        variable = self.variable
        token = variable.set(limit)
        return lambda: variable.reset(token)


_CURRENT: Final = _Current()


def check_time() -> None:
    """Raise LimitError after the deadline of the work that runs, CancelledError if the work is cancelled."""
    if _CURRENT.variable is None:
        return
    limit = _CURRENT.variable.get()
    if limit is not None:
        limit.check_time()


def seconds_left() -> float:
    """Return the seconds until the deadline of the work that runs: infinite without one."""
    limit = _CURRENT.get()
    return float("inf") if limit is None else limit.seconds_left()


def current_check() -> Callable[[], None] | None:
    """Return the check of the work that runs, or None if it has no deadline."""
    if _CURRENT.variable is None:
        return None
    limit = _CURRENT.variable.get()
    return None if limit is None else limit.check_time


def checked(items: Iterable[Item]) -> Iterable[Item]:
    """Return the items. With a deadline, it is checked before each of them."""
    if _CURRENT.variable is None:
        return items
    check = current_check()
    return items if check is None else _checked(items, check)


def _checked(items: Iterable[Item], check: Callable[[], None]) -> Iterator[Item]:
    for item in items:
        check()
        yield item


def timed(call: Callable[..., Result]) -> Callable[..., Result]:
    """Return the function with a check of the deadline before each call. Without a deadline it is the function itself."""
    check = current_check()
    return call if check is None else _timed(call, check)


def _timed(call: Callable[..., Result], check: Callable[[], None]) -> Callable[..., Result]:
    def checked_call(*arguments: Any) -> Result:
        check()
        return call(*arguments)

    return checked_call


class limited_by:  # noqa: N801 - reads as a sentence where it is used
    """Limit the time of the work inside the block, in addition to what is around it, and check it once.

    None changes nothing.
    """

    __slots__ = ("_limit", "_restore")

    def __init__(self, limit: TimeLimit | None) -> None:
        self._limit = limit
        self._restore: Callable[[], None] | None = None

    def __enter__(self) -> None:
        if self._limit is None:
            return
        self._limit.check_time()
        outer = _CURRENT.get()
        self._restore = _CURRENT.set(self._limit if outer is None else _Both(outer, self._limit))

    def __exit__(self, *_: object) -> None:
        if self._restore is not None:
            self._restore()
            self._restore = None


class _Both:
    """The limit of work inside of other work."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, outer: TimeLimit, inner: TimeLimit) -> None:
        self._outer = outer
        self._inner = inner

    def check_time(self) -> None:
        self._outer.check_time()
        self._inner.check_time()

    def seconds_left(self) -> float:
        return min(self._outer.seconds_left(), self._inner.seconds_left())


def in_slices(change: Callable[[str], str], text: str) -> str:
    """Return `change(text)`, computed in slices with a check of the deadline before each.

    `change` must treat each character alone.
    """
    if len(text) <= _SLICE:
        return change(text)
    starts = checked(range(0, len(text), _SLICE))
    return "".join(change(text[start : start + _SLICE]) for start in starts)


def sorted_in_slices(items: list[Any], key: Callable[[Any], Any] | None = None) -> list[Any]:
    """Return the sorted items. With a deadline, long lists are sorted in slices, and it is checked before each."""
    if len(items) <= _SLICE or current_check() is None:
        return sorted(items, key=key)
    starts = range(0, len(items), _SLICE)
    runs = [sorted(items[start : start + _SLICE], key=key) for start in checked(starts)]
    while len(runs) > 1:
        # Two sorted runs, one after the other, are sorted in linear time.
        pairs = checked(range(0, len(runs), 2))
        runs = [sorted(chain(*runs[index : index + 2]), key=key) for index in pairs]
    return runs[0]
