"""The bounds of one render: steps, characters, sizes of values, time. jinja2's sandbox has none of them.

A step is an iteration of a loop, a call, or an item of a list that a template creates or walks through. A character is
one of a string that a template creates. Both are counted before the work is done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from jinja2.utils import Namespace

from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final

MAX_BITS: Final = 14_000
"""Bits of an integer. Python prints every integer of this size."""

MAX_PATTERN_TEXT: Final = 1 << 16
"""Characters of a text for those functions of jinja2 whose time grows with the square of the size."""

_STEPS_BETWEEN_CHECKS: Final = 2_000
_SCALARS: Final = (str, int, float, bool, type(None))
_SEQUENCES: Final[tuple[type[Any], ...]] = (
    list,
    tuple,
    set,
    frozenset,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)
_BYTE: Final = 4  # characters of a byte that is printed


class Budget:
    """What a render may still use. `check_time` raises an error after the deadline of the build."""

    __slots__ = ("_characters", "_check_time", "_next_check", "_steps", "limits")

    def __init__(self, limits: Limits, check_time: Callable[[], None]) -> None:
        self.limits = limits
        self._check_time = check_time
        self._steps = limits.max_steps
        self._next_check = limits.max_steps
        self._characters = limits.max_output

    def step(self, count: int = 1) -> None:
        """Count steps. Raises LimitError if there are too many, and the error of `check_time`."""
        self._steps -= count
        if self._steps < self._next_check:
            self._next_check = max(self._steps - _STEPS_BETWEEN_CHECKS, 0)
            self._check_time()
            if self._steps < 0:
                raise LimitError(
                    f"the templates need more than {self.limits.max_steps} steps (max_steps)"
                )

    def check_time(self) -> None:
        """Raise an error after the deadline of the build."""
        self._check_time()

    def work(self, value: Any) -> None:
        """Count the steps of one pass over a value."""
        size = len(value) if hasattr(value, "__len__") else 0
        self.step(1 + (size >> 12 if isinstance(value, str | bytes) else size))

    def text(self, size: int) -> None:
        """Count the characters of a new string. Raises LimitError if it, or the sum of all, is too large."""
        if size > self.limits.max_string:
            raise LimitError(
                f"a string of more than {self.limits.max_string} characters (max_string)"
            )
        self._characters -= size
        if self._characters < 0:
            raise LimitError(
                f"the templates create strings of more than {self.limits.max_output} characters (max_output)"
            )

    def items(self, count: int) -> None:
        """Count the items of a new list. Raises LimitError if there are too many."""
        if count > self.limits.max_items:
            raise LimitError(f"a list of more than {self.limits.max_items} items (max_items)")
        self.step(count)

    def bounded(self, iterable: Any) -> Any:
        """Return an iterable whose items count as steps. What has a length is counted at once, and returned itself."""
        if hasattr(iterable, "__len__"):
            self.step(len(iterable) + 1)
            return iterable
        if hasattr(iterable, "__iter__"):
            return self._counted(iterable)
        return iterable

    def _counted(self, iterable: Iterable[Any]) -> Iterator[Any]:
        for item in iterable:
            self.step()
            yield item

    def whole(self, value: Any) -> int:
        """Count all values inside a value, as often as they are printed, and return the characters of its strings.

        A value that contains another one several times, or itself, can be far larger than the memory that it needs.
        """
        if isinstance(value, _SCALARS):
            return len(value) if isinstance(value, str) else 30
        size, depth = 0, 0
        stack: list[Iterator[Any]] = [iter((value,))]
        while stack:
            item = next(stack[-1], self)
            if item is self:
                stack.pop()
                continue
            if isinstance(item, Namespace):
                item = item._Namespace__attrs  # its representation contains them
            if isinstance(item, str):
                size += len(item) + 4
            elif isinstance(item, bytes):
                size += _BYTE * len(item)
            elif isinstance(item, Mapping):
                self.step(len(item))
                stack.append(iter(item.values()))
                size += sum(len(key) + 4 if isinstance(key, str) else 30 for key in item)
                keys = [key for key in item if not isinstance(key, _SCALARS)]
                if keys:
                    stack.append(iter(keys))
            elif isinstance(item, _SEQUENCES):
                self.step(len(item))
                stack.append(iter(item))
            else:
                size += 30
            depth = len(stack)
            if depth > self.limits.max_depth:
                raise LimitError(
                    f"nested more than {self.limits.max_depth} levels deep (max_depth)"
                )
            if size > self.limits.max_string:
                self.text(size)
        return size

    def to_text(self, value: Any) -> str:
        """Return `str(value)`, of which the characters are counted before Python creates them."""
        if isinstance(value, str):
            return value
        self.text(self.whole(value))
        return str(value)

    def hashable(self, value: Any) -> Any:
        """Return a value that is hashed next. Python hashes what is inside it without any bound."""
        if not isinstance(value, _SCALARS):
            self.whole(value)
        return value

    def arguments(self, args: Iterable[Any], options: Mapping[str, Any]) -> None:
        """Count all values inside arguments, which a function may hash, compare or print."""
        for argument in args:
            self.hashable(argument)
        for argument in options.values():
            self.hashable(argument)

    def pairs(self, argument: Any) -> Any:
        """Return an argument of `dict`, an iterator as a list, so that its keys are counted before they are hashed."""
        if not hasattr(argument, "__len__") and hasattr(argument, "__iter__"):
            argument = list(self.bounded(argument))
        return self.hashable(argument)

    def pattern_text(self, name: str, text: str) -> None:
        """Raise LimitError for a text that is too long for the function `name`."""
        if len(text) > MAX_PATTERN_TEXT:
            raise LimitError(f"{name}: a text of more than {MAX_PATTERN_TEXT} characters")
        self.text(len(text))
