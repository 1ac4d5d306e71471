"""Patterns for names and paths, matched in a time that no pattern can blow up.

A pattern is a row of sets of characters, with stars between them. To match is to walk along the text: where a set does not
hold the next character, the last star takes one character more. An earlier star need never be tried again, as whatever it
would take the last one can take, too, so the time is at most the square of the length of the text. With `**`, a
pattern for a path is a row of steps, and each directory carries the places in the row that its path leads to; so one
walk over a tree serves many patterns and enters no directory in vain.
Source: Go 1.24 path/filepath/match.go.
"""

from collections.abc import Callable, Iterable
from itertools import takewhile

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple, Self

Places = frozenset[int]


class _Set(NamedTuple):
    """A set of characters."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def holds(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated


_NOT_SLASH: Final = _Set((("/", "/"),), negated=True)
_DOT: Final = _Set(((".", "."),))

_Parts = tuple[_Set | None, ...]  # None is a star


def text_test(pattern: str) -> Callable[[str], bool]:
    """A test whether a text as a whole fits a pattern of Go's filepath.Match; SourceError where it is not well-formed.

    There are `*`, `?`, `[a-z]`, `[^a-z]`, and a backslash before any. A star does not go beyond a slash.
    """
    parts = _parse(pattern, "^")
    start = "".join(takewhile(lambda char: char not in "*?[\\", pattern))
    return lambda text: text.startswith(start) and _fits(parts, text)


class PathPattern(NamedTuple):
    """A pattern for paths: `**` is any number of directories, and a class may be negated by `!`, too.

    What begins with a dot is meant only by a step that begins with one. A link to a directory is not followed by `**`.
    """

    steps: tuple[_Parts | None, ...]  # None is `**`

    @classmethod
    def of(cls, pattern: str) -> Self:
        """The pattern that a text describes; SourceError where it is not well-formed."""
        return cls(
            tuple(None if step == "**" else _parse(step, "^!") for step in pattern.split("/"))
        )

    def start(self) -> Places:
        """Where a path begins."""
        return self._closed((0,))

    def after(self, places: Places, name: str, *, is_followed: bool = True) -> Places:
        """Where the path leads with one more name; it leads nowhere if that is empty."""
        found = set()
        for place in places:
            step = self.steps[place] if place < len(self.steps) else ()
            if step is None:
                if is_followed and not name.startswith("."):
                    found.add(place)
            elif step and (name[:1] != "." or step[0] == _DOT) and _fits(step, name):
                found.add(place + 1)
        return self._closed(found)

    def fits(self, places: Places) -> bool:
        """Whether a path that leads to these places fits as it is."""
        return len(self.steps) in places

    def _closed(self, places: Iterable[int]) -> Places:
        found = set()
        for start in places:
            place = start
            found.add(place)
            while place < len(self.steps) and self.steps[place] is None:
                place += 1
                found.add(place)
        return frozenset(found)


def _fits(parts: _Parts, text: str) -> bool:
    place = at = 0
    star = taken = -1
    while at < len(text):
        part = parts[place] if place < len(parts) else None
        if part is not None and part.holds(text[at]):
            place, at = place + 1, at + 1
        elif part is None and place < len(parts):
            star, taken = place, at
            place += 1
        elif star >= 0 and text[taken] != "/":
            taken += 1
            place, at = star + 1, taken
        else:
            return False
    return not any(parts[place:])


def _parse(pattern: str, negations: str) -> _Parts:
    parts: list[_Set | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            parts.append(None)
        elif char == "?":
            parts.append(_NOT_SLASH)
        elif char == "[":
            part, at = _class(pattern, at, negations)
            parts.append(part)
        else:
            if char == "\\":
                char, at = _escaped(pattern, at)
            parts.append(_Set(((char, char),)))
    return tuple(parts)


def _class(pattern: str, at: int, negations: str) -> tuple[_Set, int]:
    """The set that the brackets describe whose inside begins at `at`, and where the text behind them begins."""
    negated = pattern[at : at + 1] in tuple(negations)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _bound(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _bound(pattern, at + 1)
        ranges.append((low, high))  # an empty range is legal and holds nothing
    return _Set(tuple(ranges), negated), at + 1


def _bound(pattern: str, at: int) -> tuple[str, int]:
    """One end of a range, and the place of the text behind it, which can't be empty."""
    if pattern.startswith("\\", at):
        at += 1
    elif pattern[at : at + 1] in ("-", "]"):
        raise _malformed(pattern)
    if at + 1 >= len(pattern):
        raise _malformed(pattern)
    return pattern[at], at + 1


def _escaped(pattern: str, at: int) -> tuple[str, int]:
    if at == len(pattern):
        raise _malformed(pattern)
    return pattern[at], at + 1


def _malformed(pattern: str) -> SourceError:
    return SourceError(f"the pattern {pattern!r} is not well-formed")
