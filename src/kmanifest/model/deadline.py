"""The deadline of the work that runs: every loop that input can prolong calls `check_time`.

Such loops are in readers, functions of templates and transformers, many calls below the build. So the check is found
through a context variable, which belongs to one thread (or one task of asyncio), and ends with the build that set it.
Work inside of other work has both deadlines. Without a deadline a call costs a tenth of a microsecond.
"""

from _contextvars import ContextVar
from collections.abc import Callable, Iterable, Iterator

from kmanifest.startup.typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from _contextvars import Token

Item = TypeVar("Item")
CheckTime = Callable[[], None]
"""Raises LimitError after the deadline, CancelledError if the work is cancelled."""

_CHECK: Final[ContextVar[CheckTime | None]] = ContextVar("kmanifest.deadline", default=None)


def check_time() -> None:
    """Raise LimitError after the deadline of the work that runs, CancelledError if the work is cancelled."""
    check = _CHECK.get()
    if check is not None:
        check()


def current_check() -> CheckTime | None:
    """Return the check of the work that runs, or None if it has no deadline. Loops of many short rounds keep it."""
    return _CHECK.get()


def checked(items: Iterable[Item]) -> Iterable[Item]:
    """Return the items. With a deadline, it is checked before each of them."""
    check = _CHECK.get()
    return items if check is None else _checked(items, check)


def _checked(items: Iterable[Item], check: CheckTime) -> Iterator[Item]:
    for item in items:
        check()
        yield item


class checked_by:  # noqa: N801 - reads as a sentence where it is used
    """Make `check` the check of the work inside the block, in addition to the one around it, and call it once.

    None changes nothing.
    """

    __slots__ = ("_check", "_token")

    def __init__(self, check: CheckTime | None) -> None:
        self._check = check
        self._token: Token[CheckTime | None] | None = None

    def __enter__(self) -> None:
        if self._check is not None:
            self._check()
            self._token = _CHECK.set(_both(_CHECK.get(), self._check))

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _CHECK.reset(self._token)
            self._token = None


def _both(outer: CheckTime | None, inner: CheckTime) -> CheckTime:
    if outer is None or outer == inner:
        return inner

    def check() -> None:
        outer()
        inner()

    return check
