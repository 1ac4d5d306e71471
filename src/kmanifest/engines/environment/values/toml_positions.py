"""The line and column of a value in a TOML file, for errors and listings."""

import re
from collections.abc import Iterator

from kmanifest.model.deadline import checked
from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Final

_PART: Final = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_DOTTED: Final = rf"(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*"
_HEADER: Final = rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]"
_KEY: Final = rf"[ \t]*({_DOTTED})[ \t]*="


class TomlIndex:
    """The positions of all keys of a TOML file that have a line of their own."""

    __slots__ = ("_positions",)

    def __init__(self, content: bytes) -> None:
        self._positions: dict[FieldPath, tuple[int, int]] = {}
        for position, path in checked(_keys(content.decode("utf-8", "replace"))):
            for length in range(1, len(path) + 1):
                self._positions.setdefault(path[:length], position)

    def find(self, path: FieldPath) -> tuple[int, int]:
        """Return line and column, counted from 1, of the key at `path`, or of its nearest ancestor; else (1, 1).

        A key inside an inline table or a list has the position of the key that begins the line.
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self._positions:
                return self._positions[path[:length]]
        return 1, 1


def _keys(text: str) -> Iterator[tuple[tuple[int, int], FieldPath]]:
    """Yield the position and the path of each header and of each key at the beginning of a line."""
    header, key = re.compile(_HEADER), re.compile(_KEY)
    table: FieldPath = ()
    counts: dict[FieldPath, int] = {}
    quotes = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quotes:
            if quotes in line:
                quotes = ""
            continue
        if match := header.match(line):
            table = _table_path(match[1] == "[[", _parts(match[2]), counts)
            yield (number, match.start(2) + 1), table
        elif match := key.match(line):
            yield (number, match.start(1) + 1), (*table, *_parts(match[1]))
            quotes = _open_quotes(line[match.end() :].lstrip())


def _table_path(is_array: bool, keys: list[str], counts: dict[FieldPath, int]) -> FieldPath:  # noqa: FBT001
    """Return the path of a table. Its steps through arrays of tables have the index of the last one."""
    path: FieldPath = ()
    for number, key in enumerate(keys, 1):
        path = (*path, key)
        if is_array and number == len(keys):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _open_quotes(value: str) -> str:
    """Return the quotes of a string of several lines that begins here; empty if none does."""
    quotes = value[:3]
    return quotes if quotes in ('"""', "'''") and quotes not in value[3:] else ""


def _parts(dotted: str) -> list[str]:
    return [_unquoted(part) for part in re.findall(_PART, dotted)]


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    inner = part[1:-1]
    return re.sub(r"\\(.)", r"\1", inner) if part[0] == '"' else inner
