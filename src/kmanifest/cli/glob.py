"""Paths that match a pattern, as Go's filepath.Glob finds them.

Python's own glob hides dot files, knows `[!a]` and no backslash, and takes a broken pattern for a name.
Source: Go 1.24 path/filepath/match.go.
"""

import os
from collections.abc import Iterator

from kmanifest.model.globs import compile_glob


def glob(pattern: str) -> list[str]:
    """The paths that match, in Go's order; SourceError where `pattern` is not one."""
    compile_glob(pattern)
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
    fits = compile_glob(pattern)
    for name in names:
        if fits(name):
            yield os.path.normpath(os.path.join(directory, name))
