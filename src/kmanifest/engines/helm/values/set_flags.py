"""The syntax of `--set` and related flags: `a.b[0].c=x,d={1,2}`.

A reader goes through the text once and writes into the values as it goes. So values before an error are set, too. As in
Helm, the text may end after a key in brackets: `a[0]` leaves an empty list. Errors have Helm's messages, also those of
Go's runtime for a value that does not have the type that a key needs.

Source: helm v3.22.0 pkg/strvals/parser.go and literal_parser.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import GoError, Int64
from kmanifest.engines.helm.sprig.gotypes import SPACES
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Callable, Final

MAX_INDEX: Final = 65_536
MAX_NESTING: Final = 30
MAX_ADDED_ITEMS: Final = 4_000_000
"""The list items that one flag may add. Helm has no such limit, and `a[65536][65536]...` would fill the memory."""

Table = dict[str, Any]
Convert = Callable[[str], Any]
"""A function that returns the value for the text of a value."""


def set_typed(text: str, values: Table) -> None:
    """Set the values of a `--set` argument in `values`. Raises SourceError with Helm's message, as all these functions do.

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
        # As in Helm, the message is only the text, whatever the problem is.
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
    if text.startswith("0"):
        return text  # as in Helm: `007` is no number, but `+007` and `-007` are
    from kmanifest.engines.helm.sprig.strconv import parse_int  # few renders have flags

    number = parse_int(text)
    return text if number.error else Int64(number.value)


class FlagReader:
    """Reads the text of one flag into the values.

    Methods that read a key, and the value after it, return True if the text has ended. The subclasses for
    `--set-literal` and for Helm 4 change these fields:

    - `key_stops`: the characters that end a name.
    - `index_stops`: the characters that can follow a key in brackets.
    - `may_end_in_index`: whether the text may end inside the brackets of a key.
    """

    key_stops = "=[,."
    index_stops = "[.="
    may_end_in_index = False

    def __init__(self, text: str, convert: Convert) -> None:
        self._text = text
        self._position = 0
        self._convert = convert
        self._added_items = 0

    def read(self, values: Table) -> None:
        """Set all values of the text. Raises SourceError with Helm's message; values before the error are set."""
        ended = False
        while not ended:
            ended = self._read_key(values, 0)

    # --- keys ---------------------------------------------------------------------------------------------------

    def _read_key(self, table: Table, nesting: int) -> bool:
        """Read one key and its value into the table, which has `nesting` names before it. Return whether the text ended."""
        key, stop = self._read_until(self.key_stops)
        if not stop:
            if not key:
                return True
            raise SourceError(f"key {quoted(key)} has no value")
        if stop == "[":
            return self._read_list_key(table, key, nesting)
        if stop == "=":
            return self._read_value(table, key)
        if stop == ",":
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
        rest, stop = self._read_until(self.index_stops)
        if rest:
            unexpected = " ".join(map(_quoted_char, rest))
            raise SourceError(f"unexpected data at end of array index: [{unexpected}]")
        if not stop:
            return items, True
        if stop == "=":
            return self._set_item(items, index, self._read_item_value()), False
        old = items[index] if index < len(items) else None
        if stop == "[":
            inner_index = self._read_index()
            if inner_index is None:
                return items, True
            inner, ended = self._read_list_item(
                [] if old is None else _require_type(list, old), inner_index, nesting
            )
            return (items, True) if ended else (self._set_item(items, index, inner), False)
        # As in Helm, an item that is not a table is replaced, where a name with another value is an error.
        if not isinstance(old, dict):
            old = {}
            if index < len(items):
                items[index] = old
        if self._read_key(old, nesting):
            return items, True
        return self._set_item(items, index, old), False

    def _set_item(self, items: list[Any], index: int, value: Any) -> list[Any]:
        """Set an item in place, or return a longer list with it. Missing items before it become null."""
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
        text, stop = self._read_until("]")
        if not stop:
            if self.may_end_in_index:
                return None
            raise SourceError("error parsing index: EOF")
        from kmanifest.engines.helm.sprig.strconv import parse_int  # few renders have flags

        index = parse_int(text)
        if index.error:
            problem = "invalid syntax" if index.error == "syntax" else "value out of range"
            raise SourceError(
                f"error parsing index: strconv.Atoi: parsing {quoted(text)}: {problem}"
            )
        return index.value

    # --- values -------------------------------------------------------------------------------------------------

    def _read_value(self, table: Table, key: str) -> bool:
        """Read a value and set it. Return whether the text had ended before it; then the value is empty."""
        if self._position >= len(self._text):
            _set_key(table, key, "")
            return True
        _set_key(table, key, self._read_item_value())
        return False

    def _read_item_value(self) -> Any:
        """Read a value and the comma after it, and return the value; an empty string at the end of the text."""
        if self._position >= len(self._text):
            return ""
        if self._text[self._position] == "{":
            self._position += 1
            return self._read_braced_list()
        text, _ = self._read_until(",")
        return self._convert(text)

    def _read_braced_list(self) -> list[Any]:
        """Read a list such as `{a,b}`, after the brace, and the comma after it."""
        items: list[Any] = []
        while True:
            text, stop = self._read_until(",}")
            if not stop:
                raise SourceError("list must terminate with '}'")
            items.append(self._convert(text))
            if stop == "}":
                # As in Helm, the comma may be missing: `a={1}b=2`.
                if self._text.startswith(",", self._position):
                    self._position += 1
                return items

    def _read_until(self, stops: str) -> tuple[str, str]:
        """Return the text before the next character of `stops`, and that character, empty at the end.

        A backslash escapes a character. As in Helm, one at the end is dropped.
        """
        check_time()
        text, position, chars = self._text, self._position, list[str]()
        while position < len(text):
            char = text[position]
            position += 1
            if char in stops:
                self._position = position
                return "".join(chars), char
            if char == "\\":
                if position == len(text):
                    break
                char = text[position]
                position += 1
            chars.append(char)
        self._position = position
        return "".join(chars), ""


class JsonFlagReader(FlagReader):
    """Reads `--set-json`. A value is JSON; it ends by itself, and as in Helm the comma after it may be missing."""

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
            (value, problem), self._position = decode_first(self._text, self._position)
        except GoError as error:
            raise SourceError(str(error)) from None
        if problem:  # a number that is too large
            raise SourceError(problem)
        self._skip_blanks_and_comma()
        return value

    def _skip_blanks_and_comma(self) -> bool:
        """Skip blanks and one comma. Return whether the value ended there, before its first character."""
        while self._position < len(self._text):
            char = self._text[self._position]
            if char == ",":
                self._position += 1
                return True
            if char not in SPACES:
                return False
            self._position += 1
        return True


class LiteralFlagReader(FlagReader):
    """Reads `--set-literal`. The value is the rest of the text, and a backslash is an ordinary character."""

    key_stops = "=[."

    def _read_value(self, table: Table, key: str) -> bool:
        _set_key(table, key, self._read_item_value())
        return False

    def _read_item_value(self) -> str:
        text, self._position = self._text[self._position :], len(self._text)
        return text

    def _read_until(self, stops: str) -> tuple[str, str]:
        text = self._text
        for position in range(self._position, len(text)):
            if text[position] in stops:
                found = text[self._position : position], text[position]
                self._position = position + 1
                return found
        rest, self._position = text[self._position :], len(text)
        return rest, ""


def _set_key(table: Table, key: str, value: Any) -> None:
    """Set a value. As in Helm, an empty key has no effect."""
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
    """Return a character as Go's `%q` prints a rune."""
    if char == "'":
        return r"'\''"
    return "'" + ('"' if char == '"' else quoted(char)[1:-1]) + "'"
