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

States = frozenset[int]


class _CharSet(NamedTuple):
    """A set of characters."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def contains(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated


_NOT_SLASH: Final = _CharSet((("/", "/"),), negated=True)
_DOT: Final = _CharSet(((".", "."),))

_Parts = tuple[_CharSet | None, ...]  # None is a star


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """A test whether a text as a whole fits a pattern of Go's filepath.Match; SourceError where it is not well-formed.

    There are `*`, `?`, `[a-z]`, `[^a-z]`, and a backslash before any. A star does not go beyond a slash.
    """
    parts = _parse(pattern, "^")
    prefix = "".join(takewhile(lambda char: char not in "*?[\\", pattern))
    return lambda text: text.startswith(prefix) and _matches(parts, text)


class PathPattern(NamedTuple):
    """A pattern for paths: `**` is any number of directories, and a class may be negated by `!`, too.

    What begins with a dot is meant only by a step that begins with one. A link to a directory is not followed by `**`.
    """

    steps: tuple[_Parts | None, ...]  # None is `**`

    @classmethod
    def parse(cls, pattern: str) -> Self:
        """The pattern that a text describes; SourceError where it is not well-formed."""
        return cls(
            tuple(None if step == "**" else _parse(step, "^!") for step in pattern.split("/"))
        )

    def start_states(self) -> States:
        """Where a path begins."""
        return self._closure((0,))

    def advance(self, states: States, name: str, *, is_followed: bool = True) -> States:
        """Where the path leads with one more name; it leads nowhere if that is empty."""
        reached = set()
        for state in states:
            step = self.steps[state] if state < len(self.steps) else ()
            if step is None:
                if is_followed and not name.startswith("."):
                    reached.add(state)
            elif step and (name[:1] != "." or step[0] == _DOT) and _matches(step, name):
                reached.add(state + 1)
        return self._closure(reached)

    def accepts(self, states: States) -> bool:
        """Whether a path that leads to these places fits as it is."""
        return len(self.steps) in states

    def _closure(self, states: Iterable[int]) -> States:
        reached = set()
        for start in states:
            state = start
            reached.add(state)
            while state < len(self.steps) and self.steps[state] is None:
                state += 1
                reached.add(state)
        return frozenset(reached)


def _matches(parts: _Parts, text: str) -> bool:
    part_index = position = 0
    star_index = star_end = -1
    while position < len(text):
        part = parts[part_index] if part_index < len(parts) else None
        if part is not None and part.contains(text[position]):
            part_index, position = part_index + 1, position + 1
        elif part is None and part_index < len(parts):
            star_index, star_end = part_index, position
            part_index += 1
        elif star_index >= 0 and text[star_end] != "/":
            star_end += 1
            part_index, position = star_index + 1, star_end
        else:
            return False
    return not any(parts[part_index:])


def _parse(pattern: str, negations: str) -> _Parts:
    parts: list[_CharSet | None] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            parts.append(None)
        elif char == "?":
            parts.append(_NOT_SLASH)
        elif char == "[":
            part, position = _parse_class(pattern, position, negations)
            parts.append(part)
        else:
            if char == "\\":
                char, position = _parse_escape(pattern, position)
            parts.append(_CharSet(((char, char),)))
    return tuple(parts)


def _parse_class(pattern: str, position: int, negations: str) -> tuple[_CharSet, int]:
    """The set that the brackets describe whose inside begins at `position`, and where the text behind them begins."""
    negated = pattern[position : position + 1] in tuple(negations)
    position += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _parse_bound(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _parse_bound(pattern, position + 1)
        ranges.append((low, high))  # an empty range is legal and holds nothing
    return _CharSet(tuple(ranges), negated), position + 1


def _parse_bound(pattern: str, position: int) -> tuple[str, int]:
    """One end of a range, and the place of the text behind it, which can't be empty."""
    if pattern.startswith("\\", position):
        position += 1
    elif pattern[position : position + 1] in ("-", "]"):
        raise _malformed_error(pattern)
    if position + 1 >= len(pattern):
        raise _malformed_error(pattern)
    return pattern[position], position + 1


def _parse_escape(pattern: str, position: int) -> tuple[str, int]:
    if position == len(pattern):
        raise _malformed_error(pattern)
    return pattern[position], position + 1


def _malformed_error(pattern: str) -> SourceError:
    return SourceError(f"the pattern {pattern!r} is not well-formed")
