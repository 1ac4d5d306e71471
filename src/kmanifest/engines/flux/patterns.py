"""The patterns of `${name#pattern}`: Go's `path.Match`, except that `*` and `?` also match a slash.

Source: fluxcd/pkg envsubst v1.9.0 path/match.go.
"""

from collections.abc import Callable


class BadPatternError(Exception):
    """A malformed pattern."""


def match(pattern: str, name: str, check_time: Callable[[], None] = lambda: None) -> bool:
    """Return whether the pattern matches the whole name. Raises BadPatternError if the match reaches a malformed part."""
    start = 0
    while pattern:
        star, chunk, pattern = _take_chunk(pattern)
        if star and not chunk:
            return True
        end = _match_chunk(chunk, name, start)
        if end is not None and (end == len(name) or pattern):
            start = end
            continue
        if not star:
            return False
        found = _find_chunk(chunk, name, start + 1, check_time, is_last=not pattern)
        if found is None:
            return False
        start = found
    return start == len(name)


def _find_chunk(
    chunk: str, name: str, start: int, check_time: Callable[[], None], *, is_last: bool
) -> int | None:
    """Return the index after the first match of the chunk that begins at `start` or later, or None."""
    for index in range(start, len(name) + 1):
        check_time()
        end = _match_chunk(chunk, name, index)
        if end is not None and not (is_last and end < len(name)):
            return end
    return None


def _take_chunk(pattern: str) -> tuple[bool, str, str]:
    """Return whether the pattern begins with a star, the part before the next star, and the rest."""
    stripped = pattern.lstrip("*")
    in_class = False
    index = 0
    while index < len(stripped):
        char = stripped[index]
        if char == "\\":
            index += 1
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == "*" and not in_class:
            break
        index += 1
    return len(stripped) < len(pattern), stripped[:index], stripped[index:]


def _match_chunk(chunk: str, name: str, start: int) -> int | None:
    """Return the index in the name after a chunk without stars, or None if the chunk does not match at `start`."""
    index = 0
    while index < len(chunk):
        if start == len(name):
            return None
        char = chunk[index]
        if char == "[":
            is_match, index = _match_class(chunk, index + 1, name[start])
            if not is_match:
                return None
        elif char == "?":
            index += 1
        else:
            if char == "\\":
                index += 1
                if index == len(chunk):
                    raise BadPatternError
            if chunk[index] != name[start]:
                return None
            index += 1
        start += 1
    return start


def _match_class(chunk: str, index: int, char: str) -> tuple[bool, int]:
    """Return whether a character class matches, and the index after it."""
    negated = chunk[index : index + 1] == "^"
    index += negated
    is_match, ranges = False, 0
    while not (chunk[index : index + 1] == "]" and ranges):
        low, index = _class_character(chunk, index)
        high = low
        if chunk[index] == "-":
            high, index = _class_character(chunk, index + 1)
        is_match = is_match or low <= char <= high
        ranges += 1
    return is_match != negated, index + 1


def _class_character(chunk: str, index: int) -> tuple[str, int]:
    if chunk[index : index + 1] in ("", "-", "]"):
        raise BadPatternError
    if chunk[index] == "\\":
        index += 1
    if index + 1 >= len(chunk):
        raise BadPatternError
    return chunk[index], index + 1
