"""Go's quoted strings: the output of `%q`, and the value of a quoted string in a template.

Source: Go 1.26 strconv/quote.go and strconv/isprint.go.
"""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.model.deadline import check_time, checked, in_slices
from kmanifest.startup.typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

_BACKQUOTABLE: Final = "[^\x00-\x08\x0a-\x1f`\x7f\ufeff\ud800-\udfff]*+\\Z"
_ESCAPE_BY_CHAR: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\",
}  # fmt: skip
_RAW_BYTE: Final = "[\ud800-\udfff]"
_CHAR_BY_ESCAPE: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
}  # fmt: skip
_ESCAPE: Final = (
    r"\\(?:([abfnrtv\\])|([\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))"
)
INVALID: Final = "invalid syntax"


def quoted(text: str) -> str:
    """Return `text` in double quotes with Go's escapes, as `%q` prints a string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{in_slices(lambda part: part.translate(_QUOTE_TABLE), text)}"'


def quoted_ascii(text: str) -> str:
    """Return `text` in double quotes with all characters outside ASCII escaped, as `%+q` prints it."""
    return '"' + "".join(_escape_char(char, '"', ascii_only=True) for char in checked(text)) + '"'


def quoted_char(code: int, *, ascii_only: bool = False) -> str:
    """Return a code point in single quotes, as `%q` prints an integer; U+FFFD if it is not a code point."""
    char = "\ufffd" if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)
    return f"'{_escape_char(char, chr(39), ascii_only=ascii_only)}'"


def can_backquote(text: str) -> bool:
    """Return whether `text` can be written between backquotes on one line."""
    import re  # for the flag `#` of %q

    return re.match(_BACKQUOTABLE, text) is not None


def has_raw_bytes(text: str) -> bool:
    """Return whether `text` contains bytes that are not UTF-8."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in checked(text))


def _is_printable(char: str) -> bool:
    from kmanifest.engines.helm.gotemplate.printable import is_printable  # a large table

    return is_printable(char)


def _escape_char(char: str, quote: str, *, ascii_only: bool) -> str:
    if char == quote:
        return "\\" + char
    if char in _ESCAPE_BY_CHAR:
        return _ESCAPE_BY_CHAR[char]
    if " " <= char <= "~":
        return char
    if not ascii_only and char > "~" and _is_printable(char):
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _QuoteTable(dict[int, str]):
    """The replacements that `str.translate` makes in a quoted string.

    Those of ASCII characters are cached on first use.
    """

    def __missing__(self, code: int) -> str:
        escaped = _escape_char(chr(code), '"', ascii_only=False)
        if code < 128:
            self[code] = escaped
        return escaped


_QUOTE_TABLE: Final = _QuoteTable()


def unquoted(text: str) -> str:
    """Return the value of a string in double quotes or backquotes.

    Raises GoError if an escape is invalid. Bytes from escapes are joined to characters where they
    are UTF-8.

    Source: strconv.Unquote.
    """
    inner = text[1:-1]
    if text[0] == "`":
        return inner.replace("\r", "")
    if has_raw_bytes(inner):
        import re

        inner = re.sub(_RAW_BYTE, "\ufffd", inner)
    if "\\" not in inner:
        return inner
    import re  # few templates have escapes

    escape = re.compile(_ESCAPE).match
    parts = []
    has_raw_bytes_escape = False
    position = 0
    while (backslash := inner.find("\\", position)) >= 0:
        check_time()
        parts.append(inner[position:backslash])
        match = escape(inner, backslash)
        if match is None:
            raise GoError(INVALID)
        parts.append(_unescape(match, '"'))
        has_raw_bytes_escape = has_raw_bytes_escape or match.lastindex in (3, 6)
        position = match.end()
    parts.append(inner[position:])
    value = "".join(parts)
    return join_raw_bytes(value) if has_raw_bytes_escape else value


def char_code(text: str) -> int:
    """Return the code point of a character in single quotes.

    Raises GoError if there is not exactly one.
    """
    inner = text[1:]
    if inner[0] == "'":
        raise GoError(INVALID)
    if inner[0] == "\\":
        import re

        match = re.match(_ESCAPE, inner)
        if match is None:
            raise GoError(INVALID)
        tail = inner[match.end() :]
        char = _unescape(match, "'")
        code = ord(char)
        code = code - 0xDC00 if match.lastindex in (3, 6) and code > 0x7F else code
    else:
        code, tail = ord(inner[0]), inner[1:]
        code = 0xFFFD if 0xDC80 <= code <= 0xDCFF else code
    if tail != "'":
        raise GoError(f"malformed character constant: {text}")
    return code


def join_raw_bytes(text: str) -> str:
    """Return `text` with raw bytes that form a UTF-8 character joined to it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _unescape(match: "re.Match[str]", quote: str) -> str:
    group = match.lastindex
    text = match[group or 0]
    if group == 1:
        return _CHAR_BY_ESCAPE[text]
    if group == 2:
        if text != quote:
            raise GoError(INVALID)
        return text
    code = int(text, 8 if group == 6 else 16)
    if group in (3, 6):
        if code > 0xFF:
            raise GoError(INVALID)
        return chr(code) if code < 0x80 else chr(0xDC00 + code)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise GoError(INVALID)
    return chr(code)
