"""Paths that match a pattern, with the rules of Go's filepath.Glob.

Python's glob skips hidden files, negates with `[!a]`, has no backslash escapes, and reads an invalid pattern as a name.
Source: Go 1.24 path/filepath/match.go.
"""

import os

from kmanifest.model.globs import compile_glob
from kmanifest.startup.typing import Iterator


def glob(pattern: str) -> list[str]:
    """The paths that match, in Go's order. Raises SourceError for an invalid pattern."""
    compile_glob(pattern)
    if not _has_wildcard(pattern):
        return [pattern] if "\0" not in pattern and os.path.lexists(pattern) else []
    parent, slash, name_pattern = pattern.rpartition("/")
    parent = parent or ("/" if slash else ".")
    directories = glob(parent) if _has_wildcard(parent) else [parent]
    return [path for each in directories for path in _matching_entries(each, name_pattern)]


def _has_wildcard(pattern: str) -> bool:
    return any(char in pattern for char in "*?[\\")


def _matching_entries(directory: str, pattern: str) -> Iterator[str]:
    """The paths of the directory entries whose names match."""
    try:
        names = sorted(os.listdir(directory), key=os.fsencode)
    except (OSError, ValueError):
        return  # a directory that can't be listed matches nothing
    matches = compile_glob(pattern)
    for name in names:
        if matches(name):
            yield os.path.normpath(os.path.join(directory, name))
