"""The text of one scalar: the style, the escapes and the folding of go-yaml v2's emitter.

All that kustomize prints has passed through JSON and was read again by go-yaml v2. The changes of that round
trip (a NEL in a string, characters that YAML refuses, numbers) are made here, too. Text is examined with
regular expressions, not character by character. The only exception is single-quoted text with U+2028 or
U+2029, which are line breaks for the emitter.

Source: go.yaml.in/yaml/v2 v2.4.4 encode.go, stringv and floatv; emitterc.go, yaml_emitter_analyze_scalar to
yaml_emitter_write_literal_scalar.
"""

import re
from functools import partial

from kmanifest.model.deadline import in_slices
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Final
from kmanifest.yaml.resolve import INT64_MIN, UINT64_MAX, is_plain_string

WIDTH: Final = 80
"""A line is folded at the first space beyond this column (best_width)."""

# Patterns that few builds need are strings: `re` compiles a pattern when it is used first, and caches it.

# The characters that the emitter's is_printable refuses. The complement would take `re` ten times as long.
SPECIAL_SET: Final = "\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff"
_SPECIAL: Final = re.compile(f"[\t{SPECIAL_SET}]")
_NOT_LITERAL: Final = f" (?:[\n\u2028\u2029]|\\Z)|[\t{SPECIAL_SET}]"
_ESCAPED: Final = f'[\t{SPECIAL_SET}"\\\\\n\u2028\u2029]'
_BREAKS: Final = "[\u2028\u2029]"
_LINE_STARTS: Final = "(?<![^\n\u2028\u2029])(?=[^\n\u2028\u2029])"

# Strings that are certainly plain: words with single spaces or colons between them. The first letter
# begins no word of another type, and no character has a special meaning in YAML.
_SIMPLE: Final = re.compile(
    r"""[a-eg-mp-su-xzA-EG-MP-SU-XZ/$(_][\w./@()$=+,;^<>*{}\[\]'"-]*(?:[ :][\w./@()$=+,;^<>*{}\[\]'"-]+)*""",
    re.ASCII,
)
_RESERVED_START: Final = re.compile(r"""[#,\[\]{}&*!|>'"%@` ]|[?:-](?: |\Z)|---|\.\.\.""")
_SINGLE_REFUSED: Final = "[\u2028\u2029] | [\u2028\u2029]"
_BASE60: Final = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"

_REFUSED: Final = "[\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
_AROUND_NEL: Final = " *\x85[ \x85]*"
_MARKER_AFTER_NEL: Final = "\x85(?:---|\\.\\.\\.)[ \x85]"

_SHORT_ESCAPES: Final = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def json_line_breaks(text: str) -> str:
    """`text` as go-yaml v2 reads it out of JSON, where a NEL is a line break and is folded to a space.

    Raises SourceError for characters that YAML does not allow. In kustomize the whole build fails then.
    """
    refused = re.search(_REFUSED, text)
    if refused is not None:
        raise SourceError(f"the character U+{ord(refused.group()):04X} is not allowed in YAML")
    if "\x85" not in text:
        return text
    if re.search(_MARKER_AFTER_NEL, text) is not None:
        raise SourceError("a document marker follows U+0085 inside of a string")
    return re.sub(_AROUND_NEL, lambda match: "\n" * (match.group().count("\x85") - 1) or " ", text)


def render_line(text: str) -> str:
    """`text` on one line, unfolded, in its style. Empty if the style depends on the column and the indentation.

    That is so for text of several lines (see `render_block`). `fold` recognizes the style by the quotes.
    """
    if _SIMPLE.fullmatch(text) is not None:
        return text
    ascii_only = text.isascii() and text.isprintable()
    if not ascii_only:
        text = json_line_breaks(text)
        if "\n" in text and re.search(_NOT_LITERAL, text) is None:
            return ""
        if _SPECIAL.search(text) is not None or "\n" in text:
            return _double_quoted(text)
    if not text or not is_plain_string(text) or _is_base60(text):
        return _double_quoted(text)
    if not ascii_only and re.search(_BREAKS, text) is not None:
        return _double_quoted(text) if re.search(_SINGLE_REFUSED, text) is not None else ""
    if (
        _RESERVED_START.match(text) is None
        and text[-1] not in ": "
        and ": " not in text
        and " #" not in text
    ):
        return text
    return "'" + text.replace("'", "''") + "'"


def _is_base60(text: str) -> bool:
    return ":" in text and re.fullmatch(_BASE60, text) is not None


def _double_quoted(text: str) -> str:
    if text.startswith("\ufeff"):
        # At each character, the emitter's is_bom looks at the start of the whole text. So it escapes all characters.
        return '"' + "".join(map(escape, text)) + '"'
    return '"' + in_slices(partial(re.sub, _ESCAPED, _escape_match), text) + '"'


def _escape_match(match: "re.Match[str]") -> str:
    return escape(match.group())


def escape(char: str) -> str:
    """The escape of a character in double quotes."""
    short = _SHORT_ESCAPES.get(char)
    if short is not None:
        return short
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def render_block(text: str, column: int, indent: int, limit: int) -> str:
    """A text for which `render_line` returned nothing. It starts at `column`, its further lines at `indent`.

    A literal ends with a line break; a final U+2028 counts as one. Raises LimitError for more than `limit`
    characters.
    """
    text = json_line_breaks(text)
    if "\n" not in text:
        return _single_with_breaks(text, column, indent, limit)
    header = "|2" if text[0] in " \n\u2028\u2029" else "|"
    return f"{header}{chomping(text)}\n{_indented(text, ' ' * indent, limit)}"


def over_limit(limit: int) -> LimitError:
    """The error of a document that is too long. Deep indentation can make a small text large."""
    return LimitError(f"a document of more than {limit} characters (max_output)")


def _join(pieces: list[str], limit: int) -> str:
    if sum(map(len, pieces)) > limit:
        raise over_limit(limit)
    return "".join(pieces)


def chomping(text: str) -> str:
    """The chomping indicator of a block with this text: how many of its final line breaks are kept."""
    if text[-1] not in "\n\u2028\u2029":
        return "-"
    return "+" if len(text) == 1 or text[-2] in "\n\u2028\u2029" else ""


def _indented(text: str, pad: str, limit: int) -> str:
    """The lines of a literal. Each line that is not empty is indented by `pad`."""
    if len(pad) * text.count("\n") > limit or re.search(_BREAKS, text) is not None:
        starts = sum(1 for _ in re.finditer(_LINE_STARTS, text))
        if len(pad) * starts + len(text) > limit:
            raise over_limit(limit)
        body = re.sub(_LINE_STARTS, pad, text)
        return body if text[-1] in "\n\u2028\u2029" else body + "\n"
    if text[-1] == "\n":
        text = text[:-1]
    body = pad + text.replace("\n", "\n" + pad) + "\n"
    if "\n\n" in text or text[:1] in ("\n", "") or text[-1:] == "\n":
        # Twice, because two empty lines share the line break between them.
        empty = "\n" + pad + "\n"
        body = ("\n" + body).replace(empty, "\n\n").replace(empty, "\n\n")[1:]
    return body


def _single_with_breaks(text: str, column: int, indent: int, limit: int) -> str:
    """A single-quoted text that contains U+2028 or U+2029, as yaml_emitter_write_single_quoted_scalar writes it."""
    out = ["'"]
    pad = " " * indent
    line_break = "\n" + pad
    column += 1
    spaces = after_break = False
    last = len(text) - 1
    for index, char in enumerate(text):
        if char == " ":
            if not spaces and column > WIDTH and 0 < index < last and text[index + 1] != " ":
                out.append(line_break)
                column = indent
            else:
                out.append(char)
                column += 1
            spaces = True
            continue
        if char in "\u2028\u2029":
            out.append(char)
            column = 0
            after_break = True
            continue
        if after_break:
            out.append(pad)
            column = indent
        out.append("''" if char == "'" else char)
        column += 2 if char == "'" else 1
        spaces = after_break = False
    out.append("'")
    return _join(out, limit)


def fold(line: str, column: int, indent: int, limit: int) -> str:
    """Fold `line`, which starts at `column`, at the spaces beyond column 80. Further lines start at `indent`.

    A space is folded if there is no space before it and, outside double quotes, none after it. Raises
    LimitError for more than `limit` characters.
    """
    double = line[0] == '"'
    quoted = double or line[0] == "'"
    last = len(line) - (2 if quoted else 1)
    out: list[str] = []
    line_break = "\n" + " " * indent
    start = 0
    space = line.find(" ", max(WIDTH + 1 - column, 2 if quoted else 1))
    while 0 <= space < last:
        if line[space - 1] == " " or (line[space + 1] == " " and not double):
            space = line.find(" ", space + 1)
            continue
        out.append(line[start:space])
        start = space + 1
        column = indent
        out.append(line_break)
        if line[start] == " ":
            out.append("\\")
            column += 1
        space = line.find(" ", start + max(WIDTH + 1 - column, 0))
    out.append(line[start:])
    return _join(out, limit)


def render_int(value: int) -> str:
    """The text of an integer. Beyond 64 bits it comes out of JSON as a float."""
    if INT64_MIN <= value <= UINT64_MAX:
        return int.__repr__(value)
    try:
        return general_number(float(value))
    except OverflowError:
        # Too large for a float: go-yaml reads it as a string, which needs no quotes.
        return str(int(value))


def render_float(value: float) -> str:
    """The text of a float: that of an integer if it is whole and fits 64 bits, else in Go's shortest `g` format.

    Source: encoding/json floatEncoder, then yaml/v2 resolve.go and encode.go, floatv.
    """
    if value - value != 0:
        name = {"inf": "+Inf", "-inf": "-Inf"}.get(str(float(value)), "NaN")
        raise SourceError(f"{name} can't be written as JSON")
    if value % 1 == 0 and abs(value) < 1e21:
        digits, exponent = _shortest(value)
        whole = int(digits + "0" * (exponent - len(digits) + 1)) * (-1 if value < 0 else 1)
        if INT64_MIN <= whole <= UINT64_MAX:
            return str(whole)
    return general_number(float(value))


def _shortest(value: float) -> tuple[str, int]:
    """The shortest digits that are parsed as `value` again, without a sign, and the exponent of the first digit."""
    mantissa, _, power = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    digits = (whole + fraction).lstrip("0")
    exponent -= len(whole + fraction) - len(digits)
    return digits.rstrip("0") or "0", exponent


def general_number(value: float) -> str:
    """Go's strconv.FormatFloat(value, 'g', -1, 64). It has an exponent below 10^-4 and from 10^6 on.

    Source: strconv ftoa.go, formatDigits.
    """
    digits, exponent = _shortest(value) if value else ("0", 0)
    sign = "-" if float.__repr__(value)[0] == "-" else ""
    if exponent < -4 or exponent >= 6:
        point = "." if len(digits) > 1 else ""
        return (
            f"{sign}{digits[0]}{point}{digits[1:]}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
        )
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def float32_text(value: float) -> str:
    """The shortest text of `value` in 32 bits, in Go's `g` format."""
    from math import isnan
    from struct import pack, unpack  # few keys are floats

    if isnan(value):
        return ".nan"
    if abs(value) > 3.4028235e38:
        return "-.inf" if value < 0 else ".inf"
    short = unpack("f", pack("f", value))[0]
    for digits in range(1, 10):
        text = f"{short:.{digits}g}"
        if unpack("f", pack("f", float(text)))[0] == short:
            return general_number(float(text))
    return general_number(short)
