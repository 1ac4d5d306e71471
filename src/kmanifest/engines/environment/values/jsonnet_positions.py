"""The line and column of a value in a Jsonnet file, as far as its text shows it, for errors and listings.

A Jsonnet file computes its values, so there may be no line for one. A key that is written only once in the file, after the
key above it, is taken for the one that sets the value.
"""

import re

from kmanifest.model.errors import FieldPath


def find_key(content: bytes, path: FieldPath) -> tuple[int, int]:
    """Return line and column, counted from 1, of the key at `path`, or of its nearest ancestor; else (0, 0)."""
    text = content.decode("utf-8", "replace")
    start = -1
    for step in path:
        found = _only_key(text, step) if isinstance(step, str) else None
        if found is None or found < start:
            break
        start = found
    if start < 0:
        return 0, 0
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _only_key(text: str, name: str) -> int | None:
    """Return the index of a key that the text has once, or None."""
    # The two colons in front of it are those of a slice: `list[1::name]`.
    pattern = rf"(?<![\w.:])(['\"]?){re.escape(name)}\1[ \t]*\+?:"
    matches = [match.start() for match in re.finditer(pattern, text)]
    return matches[0] if len(matches) == 1 else None
