"""Glob patterns for names and paths, with a matching time that no pattern can make exponential.

A pattern is a sequence of character sets and stars. The matcher goes through the string from the start. If a set does
not contain the next character, the last star matches one more character. An earlier star is never extended again: the
last star can match whatever the earlier one would. So the time is at most quadratic in the length of the string.

A pattern for paths is a sequence of steps, and works as a nondeterministic automaton: its states are indexes of
steps. Each directory of a walk carries the states that its path leads to. So one walk over a tree serves many
patterns, and enters only directories that can contain a match.
Source: Go 1.24 path/filepath/match.go.
"""

from itertools import takewhile

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final, Iterable, NamedTuple, Self

States = frozenset[int]


class _CharSet(NamedTuple):
    """A set of characters, as ranges with both ends included."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def contains(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated


_NOT_SLASH: Final = _CharSet((("/", "/"),), negated=True)
_DOT: Final = _CharSet(((".", "."),))

_Parts = tuple[_CharSet | None, ...]  # None is a star


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """Return a function that reports whether a pattern of Go's filepath.Match matches a whole string.

    The syntax has `*`, `?`, `[a-z]`, `[^a-z]` and a backslash to escape any of them. A star does not match a slash.
    Raises SourceError if the pattern is malformed.
    """
    parts = _parse(pattern, "^")
    prefix = "".join(takewhile(lambda char: char not in "*?[\\", pattern))
    return lambda text: text.startswith(prefix) and _matches(parts, text)


class PathPattern(NamedTuple):
    """A pattern for paths. `**` matches any number of directories. A class may be negated by `!` as well as by `^`.

    Only a step that begins with a dot matches a name that begins with a dot. `**` does not follow a link to a
    directory.
    """

    steps: tuple[_Parts | None, ...]  # None is `**`

    @classmethod
    def parse(cls, pattern: str) -> Self:
        """Return the pattern that a string describes. Raises SourceError if it is malformed."""
        return cls(
            tuple(None if step == "**" else _parse(step, "^!") for step in pattern.split("/"))
        )

    def start_states(self) -> States:
        """Return the states of an empty path."""
        return self._closure((0,))

    def advance(self, states: States, name: str, *, is_followed: bool = True) -> States:
        """Return the states after one more name. An empty result means that no path from here can match.

        `is_followed` is False for a link to a directory.
        """
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
        """Whether a path with these states matches the whole pattern."""
        return len(self.steps) in states

    def _closure(self, states: Iterable[int]) -> States:
        """Add the states that are reached without a further name, because `**` may match no directory."""
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
    """Parse a class whose content begins at `position`. Return its character set and the position after the bracket."""
    negated = pattern[position : position + 1] in tuple(negations)
    position += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _parse_bound(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _parse_bound(pattern, position + 1)
        ranges.append((low, high))  # an empty range is legal and contains no character
    return _CharSet(tuple(ranges), negated), position + 1


def _parse_bound(pattern: str, position: int) -> tuple[str, int]:
    """Parse one end of a range. Return its character and the position after it, where the pattern must go on."""
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
