"""Dump values as JSON with the bytes of encoding/json: keys in byte order, Go's numbers and escapes.

The writer has its own stack instead of recursion. A value that contains itself causes Go's error.

Source: Go 1.26 src/encoding/json/encode.go.
"""

from kmanifest.engines.helm.gotemplate.values import GoError, GoMap, GoObject, Value, is_nil
from kmanifest.engines.helm.sprig.gotypes import check_text, to_bytes
from kmanifest.model.deadline import check_time, checked, in_slices, sorted_in_slices
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Final, Iterator, Mapping

if TYPE_CHECKING:
    import re

# Strings, because most strings need no escapes: then `re` is not imported, which takes 4 ms.
_ESCAPED_PATTERN: Final = '[\0-\x1f"\\\\\u2028\u2029\ud800-\udfff]'
_ESCAPED_HTML_PATTERN: Final = '[\0-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]'
_SHORT_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip
_MAX_PENDING_PARTS: Final = 20_000
_MAX_SIMPLE_DEPTH: Final = 20
_LONG_STRING: Final = 4_096
_EXHAUSTED: Final = object()


class _OpenContainer:
    """A list or object that is being written: its remaining items and its closing bracket."""

    __slots__ = ("close", "identity", "is_empty", "items")

    def __init__(self, items: Iterator[Any], close: str, identity: int) -> None:
        self.items = items
        self.close = close
        self.identity = identity
        self.is_empty = True


def encode(value: Value, limits: Limits, *, html: bool = True, indent: str = "") -> str:
    """Return the JSON of a value, on several lines if `indent` is given.

    Raises GoError for a value that JSON can't represent, LimitError if the result is too long.
    """
    if not indent:
        parts: list[str] = []
        if _write_simple(value, parts, _escape_html if html else _escape, 0):
            text = "".join(parts)
            check_text(len(text), limits)
            return text
    return _Writer(limits, html=html, indent=indent).write(value)


def _write_simple(value: Value, parts: list[str], escape: Callable[[str], str], depth: int) -> bool:
    """Write a small value of the plainest types, as nearly all are.

    Return whether that was possible.
    """
    kind = value.__class__
    if kind is str and len(value) < _LONG_STRING:
        parts.append(f'"{escape(value)}"')
    elif kind is float and value - value == 0:
        parts.append(float_text(value))
    elif kind is bool:
        parts.append("true" if value else "false")
    elif value is None:
        parts.append("null")
    elif kind in (dict, list) and depth < _MAX_SIMPLE_DEPTH and len(parts) < _MAX_PENDING_PARTS:
        return _write_simple_children(value, parts, escape, depth + 1)
    else:
        return False
    return True


def _write_simple_children(
    value: Any, parts: list[str], escape: Callable[[str], str], depth: int
) -> bool:
    is_dict = value.__class__ is dict
    separator = "{" if is_dict else "["
    for item in checked(sorted_keys(value) if is_dict else value):
        parts.append(separator)
        separator = ","
        if is_dict:
            if len(item) >= _LONG_STRING:
                return False
            parts.append(f'"{escape(item)}":')
        if not _write_simple(value[item] if is_dict else item, parts, escape, depth):
            return False
    empty, close = ("{}", "}") if is_dict else ("[]", "]")
    parts.append(close if value else empty)
    return True


class _Writer:
    __slots__ = (
        "_chunks",
        "_escape",
        "_indent",
        "_limits",
        "_open_containers",
        "_parts",
        "_path",
        "_size",
    )

    def __init__(self, limits: Limits, *, html: bool, indent: str) -> None:
        self._limits = limits
        self._escape = _escape_html if html else _escape
        self._indent = indent
        self._open_containers: list[_OpenContainer] = []
        self._path: set[int] = set()
        self._parts: list[str] = []
        self._chunks: list[str] = []
        self._size = 0

    def write(self, value: Value) -> str:
        self._write_value(value)
        stack, parts = self._open_containers, self._parts
        while stack:
            check_time()
            container = stack[-1]
            item: Any = next(container.items, _EXHAUSTED)
            if item is _EXHAUSTED:
                stack.pop()
                self._path.discard(container.identity)
                if not container.is_empty:
                    self._break_line()
                parts.append(container.close)
                continue
            if not container.is_empty:
                parts.append(",")
            container.is_empty = False
            self._break_line()
            if container.close == "}":
                key, item = item
                parts.append(self._quoted_string(key) + (": " if self._indent else ":"))
            self._write_value(item)
            if len(parts) > _MAX_PENDING_PARTS:
                self._flush()
        self._flush()
        return "".join(self._chunks)

    def _flush(self) -> None:
        """Join the parts and enforce the limit."""
        self._chunks.append("".join(self._parts))
        self._parts.clear()
        self._size += len(self._chunks[-1])
        check_text(self._size, self._limits)

    def _break_line(self) -> None:
        if self._indent:
            self._parts.append("\n" + self._indent * len(self._open_containers))

    def _write_value(self, value: Any) -> None:
        kind = value.__class__
        if kind is str:
            self._parts.append(self._quoted_string(value))
        elif value is None or is_nil(value):
            self._parts.append("null")
        elif kind is bool:
            self._parts.append("true" if value else "false")
        elif kind is float:
            self._parts.append(float_text(value))
        elif isinstance(value, list):
            self._open_container(value, iter(value), "[", "]")
        elif isinstance(value, dict):
            self._open_container(value, _sorted_items(value), "{", "}")
        elif isinstance(value, GoMap):
            self._write_value(value.entries)
        else:
            self._write_other(value)

    def _open_container(self, value: Any, items: Iterator[Any], opening: str, close: str) -> None:
        identity = id(value)
        if identity in self._path:
            # Imported here for errors only.
            from kmanifest.engines.helm.gotemplate.gofmt import type_name

            raise GoError(f"json: unsupported value: encountered a cycle via {type_name(value)}")
        self._path.add(identity)
        self._parts.append(opening)
        self._open_containers.append(_OpenContainer(items, close, identity))

    def _write_other(self, value: Any) -> None:
        if isinstance(value, int):
            self._parts.append(int.__repr__(value))
        elif isinstance(value, str):
            self._parts.append(self._quoted_string(str.__str__(value)))
        elif isinstance(value, bytes):
            from base64 import b64encode

            self._parts.append(f'"{b64encode(value).decode()}"')
        elif isinstance(value, GoObject):
            fields = json_fields(value)
            if isinstance(fields, Mapping):
                self._open_container(value, iter(fields.items()), "{", "}")
            else:
                self._write_value(fields)
        else:
            raise GoError(f"json: unsupported type: {type(value).__name__}")

    def _quoted_string(self, text: str) -> str:
        if len(text) >= _LONG_STRING:
            self._flush()  # a string that occurs many times must not be copied before it is counted
            return '"' + in_slices(self._escape, text) + '"'
        return '"' + self._escape(text) + '"'


def json_fields(value: GoObject) -> Value:
    """Return an object as it is in JSON: its fields in their order as a mapping, or another value."""
    make = getattr(value, "json", None)
    return make() if make is not None else value.fields()


def _sorted_items(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter([(key, value[key]) for key in sorted_keys(value)])


def sorted_keys(value: dict[str, Any]) -> list[str]:
    """Return the keys in the order of their bytes.

    This is the order of their characters, except for bytes that are not UTF-8.
    """
    keys = sorted_in_slices(list(value))
    if not all(key.isascii() or key.isprintable() for key in keys):
        keys = sorted_in_slices(keys, to_bytes)
    return keys


def _escape_html(text: str) -> str:
    """Return the text with escapes in place of the characters that JSON or HTML does not allow in a string."""
    if "<" in text or ">" in text or "&" in text:
        return _escape_pattern(_ESCAPED_HTML_PATTERN, text)
    return _escape(text)


def _escape(text: str) -> str:
    """Return the text with escapes in place of the characters that JSON does not allow in a string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return _escape_pattern(_ESCAPED_PATTERN, text)


def _escape_pattern(pattern: str, text: str) -> str:
    import re

    return re.sub(pattern, _escape_char, text)


def _escape_char(match: "re.Match[str]") -> str:
    char = match.group()
    short = _SHORT_ESCAPES.get(char)
    if short is not None:
        return short
    return "\\ufffd" if "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04x}"


def float_text(number: float) -> str:
    """Return a float as JSON has it: without an exponent from 10^-6 to below 10^21."""
    if number - number != 0:
        name = {"inf": "+Inf", "-inf": "-Inf"}.get(str(number), "NaN")
        raise GoError(f"json: unsupported value: {name}")
    text = repr(number)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, _, power = text.partition("e")
    exponent = int(power)
    if exponent >= 21 or exponent < -6:
        return f"{mantissa}e{'+' if exponent > 0 else ''}{exponent}"
    sign = "-" if mantissa[0] == "-" else ""
    digits = mantissa.lstrip("-").replace(".", "")
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    return sign + digits.ljust(exponent + 1, "0")
