"""Parse the values of flags that are not plain strings, with the errors of kustomize and Helm.

Source: github.com/spf13/pflag v1.0.10; Go 1.26 src/strconv, src/time and src/encoding/csv.
"""

import re

from kmanifest.startup.typing import Callable, Final, Mapping, NoReturn

_FLOAT32_LIMIT: Final = float((1 << 25) - 1) * 2.0**103
"""Numbers from here on are rounded to infinity."""


class FlagValueError(Exception):
    """A value that does not have the type of its flag. The message is that of Go's function."""


def check_value(go_type: str, text: str) -> None:
    """Raise FlagValueError if the text is not a value of the type."""
    _PARSERS[go_type](text)


def parse_string_slice(text: str) -> list[str]:
    """Return the items of a comma-separated list. An item with a comma is in quotes. Only the first line counts.

    Source: pflag string_slice.go; encoding/csv reader.go, readRecord.
    """
    if '"' not in text and "\n" not in text and not text.endswith("\r"):
        return text.split(",") if text else []
    return _Record(text).fields()


def parse_string_map(text: str) -> dict[str, str]:
    """Return the entries of `key=value,key=value`.

    Source: pflag string_to_string.go.
    """
    count = text.count("=")
    pairs = [text.strip('"')] if count == 1 else parse_string_slice(text) if count else [text]
    entries: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FlagValueError(f"{pair} must be formatted as key=value")
        entries[key] = value
    return entries


class _Record:
    """The first record of a CSV text. `_line` is the rest of the current line."""

    def __init__(self, text: str) -> None:
        lines = text.replace("\r\n", "\n").removesuffix("\r").split("\n")
        self._lines = [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
        self._number = 0
        self._column = 1
        self._line = self._next_line()
        while self._line == "\n":
            self._line = self._next_line()
        if not self._line:
            raise FlagValueError("EOF")
        self._start = self._number

    def fields(self) -> list[str]:
        """Return the fields of the record."""
        fields: list[str] = []
        is_last = False
        while not is_last:
            is_quoted = self._line.startswith('"')
            field, is_last = self._read_quoted() if is_quoted else self._read_plain()
            fields.append(field)
        return fields

    def _read_plain(self) -> tuple[str, bool]:
        """Return a field without quotes, and whether it is the last one."""
        field, comma, rest = self._line.partition(",")
        before, quote, _ = field.partition('"')
        if quote:
            self._column += _size(before)
            self._fail('bare " in non-quoted-field')
        self._skip(_size(field) + 1, rest)
        return (field, False) if comma else (field.removesuffix("\n"), True)

    def _read_quoted(self) -> tuple[str, bool]:
        self._skip(1, self._line[1:])
        parts: list[str] = []
        while True:
            text, quote, rest = self._line.partition('"')
            parts.append(text)
            if not quote:
                self._continue_on_next_line()
                continue
            self._skip(_size(text) + 1, rest)
            if rest.startswith('"'):
                parts.append('"')
                self._skip(1, rest[1:])
            elif rest.startswith(","):
                self._skip(1, rest[1:])
                return "".join(parts), False
            elif rest in ("", "\n"):
                return "".join(parts), True
            else:
                self._column -= 1
                self._fail_quote()

    def _continue_on_next_line(self) -> None:
        self._column += _size(self._line)
        self._line = self._next_line()
        if not self._line:
            # The error names the line on which the text ends.
            self._fail_quote()
        self._column = 1

    def _next_line(self) -> str:
        if self._number == len(self._lines):
            return ""
        self._number += 1
        return self._lines[self._number - 1]

    def _skip(self, size: int, rest: str) -> None:
        self._column += size
        self._line = rest

    def _fail_quote(self) -> NoReturn:
        self._fail('extraneous or missing " in quoted-field')

    def _fail(self, problem: str) -> NoReturn:
        location = f"parse error on line {self._number}, column {self._column}: {problem}"
        prefix = f"record on line {self._start}; " if self._start != self._number else ""
        raise FlagValueError(prefix + location)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _check_bool(text: str) -> NoReturn:
    """The valid values are known to `flags`."""
    raise _number_error("ParseBool", text, "syntax")


def _check_duration(text: str) -> None:
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.sprig.durations import parse_duration

    try:
        parse_duration(text)
    except GoError as error:
        raise FlagValueError(str(error)) from None


def _check_int(text: str) -> None:
    from kmanifest.engines.helm.sprig.strconv import parse_int

    error = parse_int(text, 0).error
    if error:
        raise _number_error("ParseInt", text, error)


def parse_uint(text: str) -> int:
    """Return an unsigned integer."""
    from kmanifest.engines.helm.gotemplate.numbers import read_int

    number = read_int(text) if text[:1] not in ("+", "-") else None
    if number is None:
        raise _number_error("ParseUint", text, "syntax")
    if number >= 1 << 64:
        raise _number_error("ParseUint", text, "range")
    return number


def _check_float32(text: str) -> None:
    from kmanifest.engines.helm.sprig.strconv import parse_float

    number = parse_float(text)
    if number is None:
        # The result is None for both errors. A number with another exponent may be in range.
        is_number = parse_float(re.sub("([eEpP][+-]?)[0-9]+$", r"\g<1>0", text)) is not None
        raise _number_error("ParseFloat", text, "range" if is_number else "syntax")
    if abs(number) >= _FLOAT32_LIMIT and number - number == 0:
        raise _number_error("ParseFloat", text, "range")


def _number_error(function: str, text: str, kind: str) -> FlagValueError:
    from kmanifest.engines.helm.gotemplate.quoting import quoted

    reason = "invalid syntax" if kind == "syntax" else "value out of range"
    return FlagValueError(f"strconv.{function}: parsing {quoted(text)}: {reason}")


_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    "bool": _check_bool,
    "duration": _check_duration,
    "float32": _check_float32,
    "int": _check_int,
    "stringSlice": parse_string_slice,
    "stringToString": parse_string_map,
    "uint": parse_uint,
}
