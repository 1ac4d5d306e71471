"""Values → JSON, byte for byte as encoding/json writes them: keys in the order of their bytes, Go's numbers and escapes.

The walk keeps its own stack. What contains itself is the error that Go has for it. Source: Go 1.26 src/encoding/json/encode.go.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from kmanifest.engines.helm.gotemplate.values import GoError, GoObject, Value
from kmanifest.engines.helm.sprig.gotypes import check_text, is_nil, to_bytes
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final

# Kept as texts: `re` compiles those that are met, and remembers them.
_ESCAPED: Final = '[\0-\x1f"\\\\\u2028\u2029\ud800-\udfff]'
_ESCAPED_HTML: Final = '[\0-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]'
_SHORT: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip
_PIECES: Final = 20_000
_SHALLOW: Final = 20
_LONG: Final = 4_096
_END: Final = object()


class _Open:
    """A list or object that is being written: what is left of it, and what closes it."""

    __slots__ = ("close", "empty", "identity", "items")

    def __init__(self, items: Iterator[Any], close: str, identity: int) -> None:
        self.items = items
        self.close = close
        self.identity = identity
        self.empty = True


def encode(value: Value, limits: Limits, *, html: bool = True, indent: str = "") -> str:
    """The JSON of a value, on lines where there is an indentation. GoError for what JSON has not, LimitError."""
    if not indent:
        pieces: list[str] = []
        if _put_plain(value, pieces, re.compile(_ESCAPED_HTML if html else _ESCAPED).sub, 0):
            whole = "".join(pieces)
            check_text(len(whole), limits)
            return whole
    return _Writer(limits, html=html, indent=indent).write(value)


def _put_plain(value: Value, out: list[str], escape: Callable[..., str], depth: int) -> bool:
    """Write what is small and of the plainest types, as nearly all is; gives whether that was so."""
    kind = value.__class__
    if kind is str and len(value) < _LONG:
        out.append(f'"{escape(_escape, value)}"')
    elif kind is float and value - value == 0:
        out.append(float_text(value))
    elif kind is bool:
        out.append("true" if value else "false")
    elif value is None:
        out.append("null")
    elif kind in (dict, list) and depth < _SHALLOW and len(out) < _PIECES:
        return _put_children(value, out, escape, depth + 1)
    else:
        return False
    return True


def _put_children(value: Any, out: list[str], escape: Callable[..., str], depth: int) -> bool:
    is_dict = value.__class__ is dict
    separator = "{" if is_dict else "["
    for item in sorted_keys(value) if is_dict else value:
        out.append(separator)
        separator = ","
        if is_dict:
            if len(item) >= _LONG:
                return False
            out.append(f'"{escape(_escape, item)}":')
        if not _put_plain(value[item] if is_dict else item, out, escape, depth):
            return False
    empty, close = ("{}", "}") if is_dict else ("[]", "]")
    out.append(close if value else empty)
    return True


class _Writer:
    __slots__ = ("_done", "_escaped", "_indent", "_limits", "_open", "_out", "_path", "_size")

    def __init__(self, limits: Limits, *, html: bool, indent: str) -> None:
        self._limits = limits
        self._escaped = re.compile(_ESCAPED_HTML if html else _ESCAPED)
        self._indent = indent
        self._open: list[_Open] = []
        self._path: set[int] = set()
        self._out: list[str] = []
        self._done: list[str] = []
        self._size = 0

    def write(self, value: Value) -> str:
        self._put(value)
        stack, out = self._open, self._out
        while stack:
            frame = stack[-1]
            item: Any = next(frame.items, _END)
            if item is _END:
                stack.pop()
                self._path.discard(frame.identity)
                if not frame.empty:
                    self._break_line()
                out.append(frame.close)
                continue
            if not frame.empty:
                out.append(",")
            frame.empty = False
            self._break_line()
            if frame.close == "}":
                key, item = item
                out.append(self._text(key) + (": " if self._indent else ":"))
            self._put(item)
            if len(out) > _PIECES:
                self._join()
        self._join()
        return "".join(self._done)

    def _join(self) -> None:
        """Put the pieces together, and refuse what is too much by now."""
        self._done.append("".join(self._out))
        self._out.clear()
        self._size += len(self._done[-1])
        check_text(self._size, self._limits)

    def _break_line(self) -> None:
        if self._indent:
            self._out.append("\n" + self._indent * len(self._open))

    def _put(self, value: Any) -> None:
        kind = value.__class__
        if kind is str:
            self._out.append(self._text(value))
        elif value is None or is_nil(value):
            self._out.append("null")
        elif kind is bool:
            self._out.append("true" if value else "false")
        elif kind is float:
            self._out.append(float_text(value))
        elif isinstance(value, list):
            self._enter(value, iter(value), "[", "]")
        elif isinstance(value, dict):
            self._enter(value, _sorted(value), "{", "}")
        else:
            self._put_other(value)

    def _enter(self, value: Any, items: Iterator[Any], opening: str, close: str) -> None:
        identity = id(value)
        if identity in self._path:
            from kmanifest.engines.helm.gotemplate.gofmt import type_name  # for errors only

            raise GoError(f"json: unsupported value: encountered a cycle via {type_name(value)}")
        self._path.add(identity)
        self._out.append(opening)
        self._open.append(_Open(items, close, identity))

    def _put_other(self, value: Any) -> None:
        if isinstance(value, int):
            self._out.append(int.__repr__(value))
        elif isinstance(value, str):
            self._out.append(self._text(str.__str__(value)))
        elif isinstance(value, bytes):
            from base64 import b64encode

            self._out.append(f'"{b64encode(value).decode()}"')
        elif isinstance(value, GoObject):
            fields = json_fields(value)
            if isinstance(fields, Mapping):
                self._enter(value, iter(fields.items()), "{", "}")
            else:
                self._put(fields)
        else:
            raise GoError(f"json: unsupported type: {type(value).__name__}")

    def _text(self, text: str) -> str:
        if len(text) >= _LONG:
            self._join()  # one text in many places must not be written out before all is counted
        return '"' + self._escaped.sub(_escape, text) + '"'


def json_fields(value: GoObject) -> Value:
    """What an object is in JSON: its fields in their order, as a mapping, or another value."""
    make = getattr(value, "json", None)
    return make() if make is not None else value.fields()


def _sorted(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter([(key, value[key]) for key in sorted_keys(value)])


def sorted_keys(value: dict[str, Any]) -> list[str]:
    """The keys in the order of their bytes, which is that of their characters but for bytes that are no UTF-8."""
    keys = sorted(value)
    if not all(key.isascii() or key.isprintable() for key in keys):
        keys.sort(key=to_bytes)
    return keys


def _escape(match: "re.Match[str]") -> str:
    char = match.group()
    short = _SHORT.get(char)
    if short is not None:
        return short
    return "\\ufffd" if "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04x}"


def float_text(number: float) -> str:
    """A float as JSON has it: without an exponent from a millionth to 10^21."""
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
