"""Paths that match a pattern, as Go's filepath.Glob finds them: `*`, `?`, `[a-z]`, `[^a-z]`, and a backslash before any.

Python's own glob hides dot files, knows `[!a]` and no backslash, and takes a broken pattern for a name.
Source: Go 1.24 path/filepath/match.go.
"""

import os
import re
from collections.abc import Iterator

from kmanifest.errors import SourceError


def glob(pattern: str) -> list[str]:
    """The paths that match, in Go's order; SourceError where `pattern` is not one."""
    translate(pattern)
    if not _is_wild(pattern):
        return [pattern] if "\0" not in pattern and os.path.lexists(pattern) else []
    head, slash, last = pattern.rpartition("/")
    directory = head or ("/" if slash else ".")
    directories = glob(directory) if _is_wild(directory) else [directory]
    return [path for each in directories for path in _entries(each, last)]


def _is_wild(pattern: str) -> bool:
    return any(char in pattern for char in "*?[\\")


def _entries(directory: str, pattern: str) -> Iterator[str]:
    """The entries of one directory whose names match."""
    try:
        names = sorted(os.listdir(directory), key=os.fsencode)
    except (OSError, ValueError):
        return  # what can't be listed matches nothing
    matches = re.compile(translate(pattern), re.DOTALL).fullmatch
    for name in names:
        if matches(name):
            yield os.path.normpath(os.path.join(directory, name))


def translate(pattern: str) -> str:
    """The regular expression for one pattern; SourceError where it is not well-formed."""
    out, rest = "", pattern
    while rest:
        char, rest = rest[0], rest[1:]
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[":
            part, rest = _class(rest, pattern)
            out += part
        elif char == "\\":
            if not rest:
                raise _malformed(pattern)
            out, rest = out + re.escape(rest[0]), rest[1:]
        else:
            out += re.escape(char)
    return out


def _class(rest: str, pattern: str) -> tuple[str, str]:
    """What stands between brackets, as a regular expression, and the text behind it."""
    negated = rest.startswith("^")
    rest = rest.removeprefix("^")
    ranges = ""
    while not (ranges and rest.startswith("]")):
        low, rest = _bound(rest, pattern)
        high = low
        if rest.startswith("-"):
            high, rest = _bound(rest[1:], pattern)
        # An empty range is legal and matches nothing.
        ranges += f"{re.escape(low)}-{re.escape(high)}" if low <= high else "\0"
    return f"[{'^' if negated else ''}{ranges}]", rest[1:]


def _bound(rest: str, pattern: str) -> tuple[str, str]:
    """One end of a range, and the text behind it, which can't be empty."""
    if rest.startswith("\\"):
        rest = rest[1:]
    elif rest[:1] in ("-", "]"):
        raise _malformed(pattern)
    if len(rest) < len("a]"):
        raise _malformed(pattern)
    return rest[0], rest[1:]


def _malformed(pattern: str) -> SourceError:
    return SourceError(f"the pattern {pattern!r} is not well-formed")
