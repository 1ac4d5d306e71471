"""Scan scalars: plain, quoted and block scalars.

Source: go.yaml.in/yaml/v3 v3.0.5 scannerc.go, yaml_parser_scan_block_scalar to yaml_parser_scan_plain_scalar. Nearly
all scalars are on one line; one regular expression reads such a scalar.
"""

import re

from kmanifest.engines.kustomize.goyaml.comments import CommentScanner
from kmanifest.engines.kustomize.goyaml.reader import (
    BLANK_RUN,
    BREAK,
    BREAKS,
    REST_OF_LINE,
    SPACE,
    SPACE_RUN,
    SPACES,
)
from kmanifest.engines.kustomize.goyaml.tokens import SCALAR, Token, yaml_error
from kmanifest.model.deadline import check_time
from kmanifest.startup.typing import Final, NamedTuple


def _plain_line_pattern(ends: str) -> "re.Pattern[str]":
    """Return the pattern for the part of a plain scalar that is on one line.

    A `#` after a blank ends it. `ends` are characters that end it anywhere.
    """
    rest = f"[^{SPACE}:{ends}]*(?::(?![{SPACE}])[^{SPACE}:{ends}]*)*"
    word = f"(?:[^{SPACE}#:{ends}]|:(?![{SPACE}])){rest}"
    return re.compile(f"{rest}(?:[ \t]+{word})*")


_BLOCK_LINE: Final = _plain_line_pattern("")
_FLOW_LINE: Final = _plain_line_pattern(r",?\[\]{}")
_SINGLE_LINE: Final = re.compile(f"'([^'{BREAK}\0]*(?:''[^'{BREAK}\0]*)*)'(?!')")
_DOUBLE_LINE: Final = re.compile(f'"([^"\\\\{BREAK}\0]*)"')
# Few scalars need these patterns, so they are strings: `re` compiles them when they are used, and caches them.
_SINGLE_NONBLANKS: Final = f"[^'{SPACE}]+"
_DOUBLE_NONBLANKS: Final = f'[^"\\\\{SPACE}]+'
_HEADER: Final = "[|>](?:([-+])([0-9]?)|([0-9])([-+]?))?"
_HEX: Final = "[0-9A-Fa-f]+"
_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "'": "'", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODE_LENGTHS: Final = {"x": 2, "u": 4, "U": 8}
_LAST_CHARACTER: Final = 0x10FFFF


class _Whitespace:
    """Blanks and line breaks inside a scalar, and the text that they are folded to."""

    def __init__(self) -> None:
        self.blanks = ""
        self.first_break = ""
        self.more_breaks: list[str] = []
        self.has_break = False

    def read(self, scanner: CommentScanner, *, indent: int = 0) -> None:
        """Advance over all blanks and line breaks.

        Raises SourceError for a tab before column `indent` of a new line.
        """
        while True:
            check_time()
            end = BLANK_RUN.match(scanner.text, scanner.offset).end()  # type: ignore[union-attr]  # matches all
            run = scanner.text[scanner.offset : end]
            if not self.has_break:
                self.blanks += run
            elif "\t" in run and scanner.column + run.index("\t") < indent:
                raise yaml_error("found a tab character that violates indentation")
            scanner.offset = end
            if scanner.text[end] not in BREAKS:
                return
            if self.has_break:
                self.more_breaks.append(scanner.read_line())
            else:
                self.blanks = ""
                self.first_break = scanner.read_line()
                self.has_break = True

    def fold(self) -> str:
        """Return the text that the whitespace is folded to."""
        if not self.has_break:
            return self.blanks
        if self.first_break == "\n":
            return "".join(self.more_breaks) or " "
        return self.first_break + "".join(self.more_breaks)


def scan_plain_scalar(scanner: CommentScanner) -> tuple[Token, bool]:
    """Scan a plain scalar. Returns its token and whether line breaks after it were read."""
    pattern = _FLOW_LINE if scanner.flow_level else _BLOCK_LINE
    start = scanner.offset
    parts: list[str] = []
    whitespace = _Whitespace()
    while not scanner.is_at_document_indicator() and scanner.text[scanner.offset] != "#":
        end = pattern.match(scanner.text, scanner.offset).end()  # type: ignore[union-attr]  # matches all
        if end > scanner.offset:
            parts += (whitespace.fold(), scanner.text[scanner.offset : end])
            scanner.skip_to(end)
            whitespace = _Whitespace()
        if scanner.text[end] not in SPACES or scanner.text[end] == "\0":
            break
        whitespace.read(scanner, indent=scanner.indent + 1)
        if not scanner.flow_level and scanner.column < scanner.indent + 1:
            break
    return Token(SCALAR, start, "".join(parts)), whitespace.has_break


def scan_flow_scalar(scanner: CommentScanner) -> Token:
    """Scan a quoted scalar."""
    start = scanner.offset
    quote = scanner.text[start]
    match = (_SINGLE_LINE if quote == "'" else _DOUBLE_LINE).match(scanner.text, start)
    if match is not None:
        scanner.skip_to(match.end())
        return Token(SCALAR, start, match.group(1).replace("''", "'"), quote)
    scanner.skip_to(start + 1)
    parts: list[str] = []
    while True:
        check_time()
        if scanner.is_at_document_indicator():
            raise yaml_error("found unexpected document indicator")
        if scanner.text[scanner.offset] == "\0":
            raise yaml_error("found unexpected end of stream")
        whitespace = _Whitespace()
        whitespace.has_break = _read_nonblanks(scanner, quote, parts)
        if scanner.text[scanner.offset] == quote:
            scanner.skip_to(scanner.offset + 1)
            return Token(SCALAR, start, "".join(parts), quote)
        whitespace.read(scanner)
        parts.append(whitespace.fold())


def _read_nonblanks(scanner: CommentScanner, quote: str, parts: list[str]) -> bool:
    """Read up to a blank, a line break or the closing quote. Returns whether an escaped line break was at the end."""
    nonblanks = re.compile(_SINGLE_NONBLANKS if quote == "'" else _DOUBLE_NONBLANKS)
    text = scanner.text
    while True:
        check_time()
        match = nonblanks.match(text, scanner.offset)
        if match is not None:
            parts.append(match.group())
            scanner.skip_to(match.end())
        char = text[scanner.offset]
        if char in SPACES:
            return False
        if quote == "'":
            if not text.startswith("''", scanner.offset):
                return False
            parts.append("'")
            scanner.skip_to(scanner.offset + 2)
        elif char == '"':
            return False
        elif text[scanner.offset + 1] in BREAKS:
            scanner.skip_to(scanner.offset + 1)
            scanner.skip_line()
            return True
        else:
            parts.append(_read_escape(scanner))


def _read_escape(scanner: CommentScanner) -> str:
    char = scanner.text[scanner.offset + 1]
    scanner.skip_to(scanner.offset + 2)
    if char in _ESCAPES:
        return _ESCAPES[char]
    length = _CODE_LENGTHS.get(char)
    if length is None:
        raise yaml_error("found unknown escape character")
    digits = scanner.text[scanner.offset : scanner.offset + length]
    if len(digits) < length or re.fullmatch(_HEX, digits) is None:
        raise yaml_error("did not find expected hexdecimal number")
    code = int(digits, 16)
    if 0xD800 <= code <= 0xDFFF or code > _LAST_CHARACTER:
        raise yaml_error("found invalid Unicode character escape code")
    scanner.skip_to(scanner.offset + length)
    return chr(code)


class _BlockHeader(NamedTuple):
    """The indicators after `|` or `>`.

    `chomping` is `-`, `+` or empty: which line breaks at the end are kept. `increment` is the indentation, or 0 if it
    is not given.
    """

    chomping: str
    increment: int


def scan_block_scalar(scanner: CommentScanner) -> Token:
    """Scan a literal or folded scalar."""
    start = scanner.offset
    style = scanner.text[start]
    header = _read_block_header(scanner, start)
    indent = header.increment and max(scanner.indent, 0) + header.increment
    indent, breaks = _read_breaks(scanner, indent)
    parts: list[str] = []
    line_break = ""
    previous_starts_with_blank = False
    while scanner.column == indent and scanner.text[scanner.offset] != "\0":
        check_time()
        starts_with_blank = scanner.text[scanner.offset] in " \t"
        if (
            style == ">"
            and line_break == "\n"
            and not previous_starts_with_blank
            and not starts_with_blank
        ):
            parts.append("" if breaks else " ")
        else:
            parts.append(line_break)
        parts += (breaks, _read_block_line(scanner))
        previous_starts_with_blank = starts_with_blank
        line_break = scanner.read_line() if scanner.text[scanner.offset] in BREAKS else ""
        indent, breaks = _read_breaks(scanner, indent)
    if header.chomping != "-":
        parts.append(line_break)
    if header.chomping == "+":
        parts.append(breaks)
    return Token(SCALAR, start, "".join(parts), style)


def _read_block_header(scanner: CommentScanner, start: int) -> _BlockHeader:
    match = re.match(_HEADER, scanner.text[start : start + 3])
    assert match is not None  # noqa: S101  # the text starts with `|` or `>`
    first, digit, other_digit, last = match.groups(default="")
    if "0" in (digit, other_digit):
        raise yaml_error("found an indentation indicator equal to 0")
    scanner.skip_to(start + match.end())
    scanner.offset = BLANK_RUN.match(scanner.text, scanner.offset).end()  # type: ignore[union-attr]  # matches all
    if scanner.text[scanner.offset] == "#":
        scanner.scan_line_comment(start)
    char = scanner.text[scanner.offset]
    if char in BREAKS:
        scanner.skip_line()
    elif char != "\0":
        raise yaml_error("did not find expected comment or line break")
    return _BlockHeader(first or last, int(digit or other_digit or "0"))


def _read_block_line(scanner: CommentScanner) -> str:
    """Read and return the rest of the line. For later comments, a line of blanks counts as empty."""
    end = REST_OF_LINE.match(scanner.text, scanner.offset).end()  # type: ignore[union-attr]  # matches all
    content = scanner.text[scanner.offset : end]
    scanner.offset = end
    if content.strip(" \t"):
        scanner.newlines = 0
    return content


def _read_breaks(scanner: CommentScanner, indent: int) -> tuple[int, str]:
    """Advance over indentation and empty lines. Returns the indentation and the line breaks.

    If `indent` is 0, the deepest of these lines sets the indentation.
    """
    breaks: list[str] = []
    deepest = 0
    text = scanner.text
    while True:
        check_time()
        end = SPACE_RUN.match(text, scanner.offset).end()  # type: ignore[union-attr]  # matches all
        if indent:
            end = max(scanner.offset, min(end, scanner.line_start + indent))
        scanner.offset = end
        deepest = max(deepest, scanner.column)
        if text[end] == "\t" and (indent == 0 or scanner.column < indent):
            raise yaml_error("found a tab character where an indentation space is expected")
        if text[end] not in BREAKS:
            return indent or max(deepest, scanner.indent + 1, 1), "".join(breaks)
        breaks.append(scanner.read_line())
