"""The syntax of `--set` and related flags: `a.b[0].c=x,d={1,2}`.

A reader goes through the text once and writes into the values as it goes. A key that the text ends in is not an error:
`a[0]` leaves an empty list. Errors have Helm's messages, also those of Go's runtime for a value that does not have the
type that a key needs.

Source: helm v3.22.0 pkg/strvals/parser.go and literal_parser.go.
"""

import re
from collections.abc import Callable

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import GoError, Int64
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Final

MAX_INDEX: Final = 65_536
MAX_NESTING: Final = 30
MAX_ADDED_ITEMS: Final = 4_000_000
_INT64: Final = 1 << 63

Table = dict[str, Any]
Convert = Callable[[str], Any]


def set_typed(text: str, values: Table) -> None:
    """Set the values of a `--set` argument.

    Integers become int64; `true`, `false` and `null` are recognized; anything else is a string.
    """
    FlagReader(text, typed_value).read(values)


def set_strings(text: str, values: Table) -> None:
    """Set the values of a `--set-string` argument."""
    FlagReader(text, str).read(values)


def set_files(text: str, values: Table, read: Convert) -> None:
    """Set the values of a `--set-file` argument. Each value is a path; `read` returns the content of the file."""
    FlagReader(text, read).read(values)


def set_json(text: str, values: Table) -> None:
    """Set the values of a `--set-json` argument. Each value is JSON."""
    try:
        JsonFlagReader(text, str).read(values)
    except SourceError as error:
        # Helm's error contains only the text, for every kind of problem.
        raise SourceError(text) from error


def set_literal(text: str, values: Table) -> None:
    """Set the value of a `--set-literal` argument. Everything after the first `=` is the value."""
    LiteralFlagReader(text, str).read(values)


def typed_value(text: str) -> Any:
    """Return the value of an unquoted string.

    Source: parser.go, typedVal.
    """
    folded = text.casefold()
    if folded in ("true", "false"):
        return folded == "true"
    if folded == "null":
        return None
    if text == "0":
        return Int64(0)
    if text[:1] != "0" and len(text) <= 20 and re.fullmatch("[-+]?[0-9]+", text):
        number = int(text)
        if -_INT64 <= number < _INT64:
            return Int64(number)
    return text


class FlagReader:
    """Reads the text of one flag into the values. Methods that read a key return True if the text ended in it."""

    key_stops = "=[,."
    index_stops = "[.="
    ends_in_index = False

    def __init__(self, text: str, convert: Convert) -> None:
        self._text = text
        self._at = 0
        self._convert = convert
        self._added_items = 0

    def read(self, values: Table) -> None:
        """Set all values of the text."""
        while not self._read_key(values, 0):
            pass

    # --- keys ---------------------------------------------------------------------------------------------------

    def _read_key(self, table: Table, nesting: int) -> bool:
        key, last = self._read_until(self.key_stops)
        if not last:
            if not key:
                return True
            raise SourceError(f"key {quoted(key)} has no value")
        if last == "[":
            return self._read_list_key(table, key, nesting)
        if last == "=":
            return self._read_value(table, key)
        if last == ",":
            raise SourceError(f"key {quoted(key)} has no value (cannot end with ,)")
        return self._read_nested_key(table, key, nesting + 1)

    def _read_nested_key(self, table: Table, key: str, nesting: int) -> bool:
        if nesting > MAX_NESTING:
            raise SourceError(
                f"value name nested level is greater than maximum supported nested level of {MAX_NESTING}"
            )
        inner = _require_type(dict, table[key]) if key in table else {}
        ended = self._read_key(inner, nesting)
        if not inner and not ended:
            raise SourceError(f"key map {quoted(key)} has no value")
        if inner:
            _set_key(table, key, inner)
        return ended

    def _read_list_key(self, table: Table, key: str, nesting: int) -> bool:
        index = self._read_index()
        if index is None:
            return True
        items = _require_type(list, table[key]) if key in table else []
        items, ended = self._read_list_item(items, index, nesting)
        _set_key(table, key, items)
        return ended

    def _read_list_item(self, items: list[Any], index: int, nesting: int) -> tuple[list[Any], bool]:
        """Return the list with the item that was read, and whether the text ended before the item was set."""
        if index < 0:
            raise SourceError(f"negative {index} index not allowed")
        rest, last = self._read_until(self.index_stops)
        if rest:
            unexpected = " ".join(map(_quoted_char, rest))
            raise SourceError(f"unexpected data at end of array index: [{unexpected}]")
        if not last:
            return items, True
        if last == "=":
            return self._set_item(items, index, self._read_item_value()), False
        old = items[index] if index < len(items) else None
        if last == "[":
            further = self._read_index()
            if further is None:
                return items, True
            inner, ended = self._read_list_item(
                [] if old is None else _require_type(list, old), further, nesting
            )
            return (items, True) if ended else (self._set_item(items, index, inner), False)
        if not isinstance(old, dict):
            old = {}
            if index < len(items):
                items[index] = old
        if self._read_key(old, nesting):
            return items, True
        return self._set_item(items, index, old), False

    def _set_item(self, items: list[Any], index: int, value: Any) -> list[Any]:
        if index > MAX_INDEX:
            raise SourceError(
                f"index of {index} is greater than maximum supported index of {MAX_INDEX}"
            )
        missing = index + 1 - len(items)
        if missing > 0:
            self._added_items += missing
            if self._added_items > MAX_ADDED_ITEMS:
                raise LimitError(f"one --set flag adds more than {MAX_ADDED_ITEMS} list items")
            items = items + [None] * missing
        items[index] = value
        return items

    def _read_index(self) -> int | None:
        """Return the number in brackets, or None if the text ended in the brackets and may do so."""
        text, last = self._read_until("]")
        if not last:
            if self.ends_in_index:
                return None
            raise SourceError("error parsing index: EOF")
        problem = ""
        if re.fullmatch("[-+]?[0-9]+", text) is None:
            problem = "invalid syntax"
        elif len(text.lstrip("+-0")) > 18:
            problem = "value out of range"
        if problem:
            raise SourceError(
                f"error parsing index: strconv.Atoi: parsing {quoted(text)}: {problem}"
            )
        return int(text)

    # --- values -------------------------------------------------------------------------------------------------

    def _read_value(self, table: Table, key: str) -> bool:
        if self._at >= len(self._text):
            _set_key(table, key, "")
            return True
        _set_key(table, key, self._read_item_value())
        return False

    def _read_item_value(self) -> Any:
        if self._at >= len(self._text):
            return ""
        if self._text[self._at] == "{":
            self._at += 1
            return self._read_braced_list()
        text, _ = self._read_until(",")
        return self._convert(text)

    def _read_braced_list(self) -> list[Any]:
        items: list[Any] = []
        while True:
            text, last = self._read_until(",}")
            if not last:
                raise SourceError("list must terminate with '}'")
            items.append(self._convert(text))
            if last == "}":
                if self._text.startswith(",", self._at):
                    self._at += 1
                return items

    def _read_until(self, stops: str) -> tuple[str, str]:
        """Return the text before the next character of `stops`, and that character, empty at the end.

        A backslash escapes a character.
        """
        text, at, chars = self._text, self._at, list[str]()
        while at < len(text):
            char = text[at]
            at += 1
            if char in stops:
                self._at = at
                return "".join(chars), char
            if char == "\\":
                if at == len(text):
                    break
                char = text[at]
                at += 1
            chars.append(char)
        self._at = at
        return "".join(chars), ""


class JsonFlagReader(FlagReader):
    """Reads `--set-json`."""

    def _read_value(self, table: Table, key: str) -> bool:
        _set_key(table, key, self._read_item_value())
        return False

    def _read_item_value(self) -> Any:
        if self._skip_blanks_and_comma():
            return None
        from kmanifest.engines.helm.sprig.json_reader import (
            decode_first,  # only `--set-json` needs it
        )

        try:
            (value, problem), self._at = decode_first(self._text, self._at)
        except GoError as error:
            raise SourceError(str(error)) from None
        if problem:  # a number that is too large
            raise SourceError(problem)
        self._skip_blanks_and_comma()
        return value

    def _skip_blanks_and_comma(self) -> bool:
        """Skip blanks and one comma. Return whether the value ended there, before its first character."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == ",":
                self._at += 1
                return True
            if not char.isspace():
                return False
            self._at += 1
        return True


class LiteralFlagReader(FlagReader):
    """Reads `--set-literal`."""

    key_stops = "=[."

    def _read_value(self, table: Table, key: str) -> bool:
        _set_key(table, key, self._read_item_value())
        return False

    def _read_item_value(self) -> str:
        text, self._at = self._text[self._at :], len(self._text)
        return text

    def _read_until(self, stops: str) -> tuple[str, str]:
        text = self._text
        for at in range(self._at, len(text)):
            if text[at] in stops:
                result = text[self._at : at], text[at]
                self._at = at + 1
                return result
        rest, self._at = text[self._at :], len(text)
        return rest, ""


def _set_key(table: Table, key: str, value: Any) -> None:
    if key:
        table[key] = value


def _require_type(kind: type, value: Any) -> Any:
    """Return the value if it is a `kind`, dict or list. Raises SourceError with the message of Go's runtime."""
    if isinstance(value, kind):
        return value
    actual = go_type(value) if value is not None else "nil"
    expected = "map[string]interface {}" if kind is dict else "[]interface {}"
    raise SourceError(
        f"unable to parse key: interface conversion: interface {{}} is {actual}, not {expected}"
    )


def go_type(value: Any) -> str:
    """Return the Go type of a value in a chart."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, int):
        return "int64"
    if value is None:
        return "<nil>"
    return "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"


def _quoted_char(char: str) -> str:
    if char == "'":
        return r"'\''"
    return "'" + ('"' if char == '"' else quoted(char)[1:-1]) + "'"
