"""The deadline of the work that runs: every loop that input can prolong calls `check_time`.

Such loops are in readers, functions of templates and transformers, many calls below the build. So the deadline is found
through a context variable, which belongs to one thread (or one task of asyncio), and ends with the build that set it.
Work inside of other work has both deadlines. Without a deadline a call costs a tenth of a microsecond.
"""

from _contextvars import ContextVar
from collections.abc import Callable, Iterable, Iterator

from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from _contextvars import Token

Item = TypeVar("Item")


class TimeLimit(Protocol):
    """The time that some work may take. The meter of a build is one."""

    def check_time(self) -> None:
        """Raise LimitError after the deadline, CancelledError if the work is cancelled."""

    def seconds_left(self) -> float:
        """Return the seconds until the deadline: infinite without one. Raises the errors of `check_time`."""


_CURRENT: Final[ContextVar[Any]] = ContextVar("kmanifest.deadline", default=None)


def check_time() -> None:
    """Raise LimitError after the deadline of the work that runs, CancelledError if the work is cancelled."""
    limit = _CURRENT.get()
    if limit is not None:
        limit.check_time()


def seconds_left() -> float:
    """Return the seconds until the deadline of the work that runs: infinite without one."""
    limit: TimeLimit | None = _CURRENT.get()
    return float("inf") if limit is None else limit.seconds_left()


def current_check() -> Callable[[], None] | None:
    """Return the check of the work that runs, or None if it has no deadline."""
    limit: TimeLimit | None = _CURRENT.get()
    return None if limit is None else limit.check_time


def checked(items: Iterable[Item]) -> Iterable[Item]:
    """Return the items. With a deadline, it is checked before each of them."""
    check = current_check()
    return items if check is None else _checked(items, check)


def _checked(items: Iterable[Item], check: Callable[[], None]) -> Iterator[Item]:
    for item in items:
        check()
        yield item


class limited_by:  # noqa: N801 - reads as a sentence where it is used
    """Limit the time of the work inside the block, in addition to what is around it, and check it once.

    None changes nothing.
    """

    __slots__ = ("_limit", "_token")

    def __init__(self, limit: TimeLimit | None) -> None:
        self._limit = limit
        self._token: Token[Any] | None = None

    def __enter__(self) -> None:
        if self._limit is None:
            return
        self._limit.check_time()
        outer: TimeLimit | None = _CURRENT.get()
        self._token = _CURRENT.set(self._limit if outer is None else _Both(outer, self._limit))

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
            self._token = None


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
