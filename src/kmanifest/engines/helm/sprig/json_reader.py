"""Parse JSON as encoding/json decodes it into an interface, with its errors.

Numbers are float64. Of equal keys the last one wins. Invalid characters become the replacement
character. A syntax error anywhere in the text leaves no value.

Source: Go 1.26 src/encoding/json: scanner.go and decode.go.
"""

import re

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import GoError, Value
from kmanifest.engines.helm.sprig.gotypes import NilList, NilMap, to_bytes, to_valid_utf8
from kmanifest.model.deadline import check_time
from kmanifest.startup.typing import Any, Final, NamedTuple

_SPACE: Final = re.compile("[ \t\r\n]*")
_STRING: Final = re.compile(r'"[^"\\\x00-\x1f]*"')
_PART: Final = re.compile(r'[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_LITERALS: Final = {"n": ("null", None), "t": ("true", True), "f": ("false", False)}
_SHORT_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_MAX_DEPTH: Final = 10_000

END_MESSAGE: Final = "unexpected end of JSON input"


class DecodeResult(NamedTuple):
    """A value, and the first error that does not end the decoding, such as a number that is too large."""

    value: Value
    error: str = ""


def decode(text: str) -> DecodeResult:
    """Return the value of a whole text.

    Raises GoError if it is not JSON.
    """
    return _Reader(text).read()


def decode_first(text: str, start: int) -> tuple[DecodeResult, int]:
    """Return the first value from `start` on, and where it ends.

    Raises GoError if there is no JSON. Source: stream.go, Decoder.Decode.
    """
    reader = _Reader(text[start:])
    value = reader.read_one()
    return DecodeResult(value, reader.error), start + reader.position


def decode_as(text: str, kind: type, type_name: str) -> DecodeResult:
    """Return the value of a text that must be a list or an object.

    Raises GoError for another value. `null` gives a nil list or map.
    """
    result = decode(text)
    if result.value is None:
        return DecodeResult(NilMap() if kind is dict else NilList())
    if not isinstance(result.value, kind):
        raise GoError(mismatch_message(result.value, type_name))
    return result


def find_syntax_error(text: str) -> tuple[str, int] | None:
    """Return the error in the first value of a text, and how many characters Go has read then.

    None if there is none.
    """
    reader = _Reader(text)
    try:
        reader.read_one()
    except GoError as error:
        is_at_end = reader.position >= len(text)
        return END_MESSAGE if is_at_end else str(error), min(reader.position + 1, len(text))
    return None


def mismatch_message(value: Value, type_name: str) -> str:
    """Return the message for a value of another type than the expected one."""
    names = {bool: "bool", str: "string", float: "number", list: "array", dict: "object"}
    kind = names.get(value.__class__, "object")
    return f"json: cannot unmarshal {kind} into Go value of type {type_name}"


class _Reader:
    __slots__ = ("_error", "_position", "_source", "_text")

    def __init__(self, text: str) -> None:
        self._source = text  # with raw bytes, one of which an error may name
        self._text = to_valid_utf8(text)
        self._position = 0
        self._error = ""

    @property
    def position(self) -> int:
        """Where the reader is in the text."""
        return self._position

    @property
    def error(self) -> str:
        """The first error that does not end the decoding."""
        return self._error

    def read(self) -> DecodeResult:
        """Return the value of the whole text."""
        value = self.read_one()
        if self._skip_space():
            raise self._syntax_error("after top-level value")
        return DecodeResult(value, self._error)

    def read_one(self) -> Value:
        """Read values in order, with a stack of the open lists and objects, each with its current key."""
        stack: list[tuple[Any, str | None]] = []
        while True:
            check_time()
            value = self._read_value()
            if value.__class__ in (list, dict):
                first_key = self._open_container(value)
                if first_key is not None:
                    stack.append((value, first_key if value.__class__ is dict else None))
                    if len(stack) > _MAX_DEPTH:
                        raise GoError("exceeded max depth")
                    continue
            while True:
                check_time()
                if not stack:
                    return value
                parent, key = stack.pop()
                if key is None:
                    parent.append(value)
                else:
                    parent[key] = value
                if self._has_more(parent):
                    stack.append((parent, self._read_key() if parent.__class__ is dict else None))
                    break
                value = parent

    def _skip_space(self) -> str:
        """Return the next character that is not space; "" at the end."""
        self._position = _SPACE.match(self._text, self._position).end()  # type: ignore[union-attr]  # it also matches ""
        return self._text[self._position : self._position + 1]

    def _syntax_error(self, where: str) -> GoError:
        if self._position >= len(self._text):
            return GoError(END_MESSAGE)
        return GoError(
            f"invalid character {quote_first_byte(self._source[self._position])} {where}"
        )

    def _syntax_error_inside(self, where: str) -> GoError:
        """Return the error for an invalid character where space is not allowed.

        Go reads the end as a space there.
        """
        return GoError(
            f"invalid character {quote_first_byte(self._source[self._position : self._position + 1] or ' ')} {where}"
        )

    def _read_value(self) -> Any:
        char = self._skip_space()
        if char == '"':
            return self._read_string()
        if char == "{":
            self._position += 1
            return {}
        if char == "[":
            self._position += 1
            return []
        if char in _LITERALS:
            return self._read_literal(*_LITERALS[char])
        if char == "-" or "0" <= char <= "9":
            return self._read_number()
        raise self._syntax_error("looking for beginning of value")

    def _open_container(self, value: Any) -> str | None:
        """Return None if the list or object is empty; else the first key, or "" for a list."""
        char = self._skip_space()
        if value.__class__ is list:
            if char == "]":
                self._position += 1
                return None
            return ""
        if char == "}":
            self._position += 1
            return None
        return self._read_key()

    def _read_key(self) -> str:
        if self._skip_space() != '"':
            raise self._syntax_error("looking for beginning of object key string")
        key = self._read_string()
        if self._skip_space() != ":":
            raise self._syntax_error("after object key")
        self._position += 1
        return key

    def _has_more(self, parent: Any) -> bool:
        """Return whether another item follows.

        If none does, the closing bracket is read.
        """
        char = self._skip_space()
        close, where = (
            ("]", "after array element")
            if parent.__class__ is list
            else ("}", "after object key:value pair")
        )
        if char not in (",", close) or not char:
            raise self._syntax_error(where)
        self._position += 1
        return char == ","

    def _read_literal(self, literal: str, value: Value) -> Value:
        for index, expected in enumerate(literal[1:], 1):
            if self._text[self._position + index : self._position + index + 1] != expected:
                self._position += index
                raise self._syntax_error_inside(
                    f"in literal {literal} (expecting {quote_first_byte(expected)})"
                )
        self._position += len(literal)
        return value

    def _read_string(self) -> str:
        match = _STRING.match(self._text, self._position)
        if match is not None:
            self._position = match.end()
            return match.group()[1:-1]
        start = self._position + 1
        self._position = _PART.match(self._text, start).end()  # type: ignore[union-attr]  # it also matches ""
        if self._text[self._position : self._position + 1] != '"':
            raise self._string_error()
        body = self._text[start : self._position]
        self._position += 1
        return _unescape_all(body)

    def _string_error(self) -> GoError:
        if self._text[self._position : self._position + 1] != "\\":
            return self._syntax_error("in string literal")
        self._position += 1
        if self._text[self._position : self._position + 1] != "u":
            return self._syntax_error_inside("in string escape code")
        self._position += 1
        while self._text[self._position : self._position + 1] in _HEX:
            check_time()
            self._position += 1
        return self._syntax_error_inside("in \\u hexadecimal character escape")

    def _read_number(self) -> float | None:
        match = _NUMBER.match(self._text, self._position)
        if match is None:  # only a sign
            self._position += 1
            raise self._syntax_error_inside("in numeric literal")
        self._position = match.end()
        char = self._text[self._position : self._position + 1]
        if char == "." and "." not in match.group() and "e" not in match.group().lower():
            self._position += 1
            raise self._syntax_error_inside("after decimal point in numeric literal")
        if char in ("e", "E") and "e" not in match.group().lower():
            self._position += (
                2 if self._text[self._position + 1 : self._position + 2] in ("+", "-") else 1
            )
            raise self._syntax_error_inside("in exponent of numeric literal")
        from kmanifest.engines.helm.sprig.strconv import parse_float

        number = parse_float(match.group())
        if number is None and not self._error:
            self._error = (
                f"json: cannot unmarshal number {match.group()} into Go value of type float64"
            )
        return number


def quote_first_byte(char: str) -> str:
    """Return a character as errors quote it: its first byte, as a character of Latin-1.

    Source: scanner.go, quoteChar.
    """
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    first = chr(to_bytes(char)[0])
    return f"'{quoted(first)[1:-1]}'"


def _unescape_all(body: str) -> str:
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(_unescape_one, body)
    if re.search("[\ud800-\udfff]", text) is None:
        return text
    # Two halves of a surrogate pair form one character. A single half is invalid.
    text = re.sub("[\ud800-\udbff][\udc00-\udfff]", _join_surrogates, text)
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _join_surrogates(match: "re.Match[str]") -> str:
    return match.group().encode("utf-16", "surrogatepass").decode("utf-16")


def _unescape_one(match: "re.Match[str]") -> str:
    check_time()
    if match[1] is not None:
        return chr(int(match[1], 16))
    return _SHORT_ESCAPES.get(match[2], match[2])
