"""The patterns of `${name#pattern}`: Go's `path.Match`, except that `*` and `?` also match a slash.

Source: fluxcd/pkg envsubst v1.9.0 path/match.go.
"""


class BadPatternError(Exception):
    """A malformed pattern."""


def match(pattern: str, name: str) -> bool:
    """Return whether the pattern matches the whole name. Raises BadPatternError if the match reaches a malformed part."""
    while pattern:
        star, chunk, pattern = _take_chunk(pattern)
        if star and not chunk:
            return True
        rest = _match_chunk(chunk, name)
        if rest is not None and (not rest or pattern):
            name = rest
            continue
        if not star:
            return False
        found = _find_chunk(chunk, name, is_last=not pattern)
        if found is None:
            return False
        name = found
    return not name


def _find_chunk(chunk: str, name: str, *, is_last: bool) -> str | None:
    """Return what follows the first match of the chunk after at least one character, or None."""
    for index in range(1, len(name) + 1):
        rest = _match_chunk(chunk, name[index:])
        if rest is not None and not (is_last and rest):
            return rest
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


def _match_chunk(chunk: str, name: str) -> str | None:
    """Return the rest of the name after a chunk without stars, or None if the chunk does not match."""
    index = 0
    while index < len(chunk):
        if not name:
            return None
        char = chunk[index]
        if char == "[":
            is_match, index = _match_class(chunk, index + 1, name[0])
            if not is_match:
                return None
        elif char == "?":
            index += 1
        else:
            if char == "\\":
                index += 1
                if index == len(chunk):
                    raise BadPatternError
            if chunk[index] != name[0]:
                return None
            index += 1
        name = name[1:]
    return name


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
