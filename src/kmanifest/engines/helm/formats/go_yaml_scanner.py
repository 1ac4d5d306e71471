"""Scan YAML to tokens exactly as go-yaml v2 does, with its errors and their lines.

Documents are loaded by libyaml, which is fast. go-yaml's scanner is a translation of libyaml with small differences: it
looks at possible keys later, so it accepts some documents that libyaml refuses, and finds another error in others. This
module reads only documents that libyaml refuses.

Source: go.yaml.in/yaml/v2 v2.4.4 scannerc.go; readerc.go for the errors of characters. A problem has no context, as
Helm does not show it. The line of a scanner's problem counts from 1, that of a parser's problem from 0.
"""

import re

from kmanifest.startup.typing import Callable, Final, NamedTuple, NoReturn

STREAM_START: Final = "stream start"
STREAM_END: Final = "stream end"
VERSION_DIRECTIVE: Final = "%YAML"
TAG_DIRECTIVE: Final = "%TAG"
DOCUMENT_START: Final = "---"
DOCUMENT_END: Final = "..."
BLOCK_SEQUENCE_START: Final = "block sequence start"
BLOCK_MAPPING_START: Final = "block mapping start"
BLOCK_END: Final = "block end"
FLOW_SEQUENCE_START: Final = "["
FLOW_SEQUENCE_END: Final = "]"
FLOW_MAPPING_START: Final = "{"
FLOW_MAPPING_END: Final = "}"
BLOCK_ENTRY: Final = "-"
FLOW_ENTRY: Final = ","
KEY: Final = "?"
VALUE: Final = ":"
ALIAS: Final = "*"
ANCHOR: Final = "&"
TAG: Final = "!"
SCALAR: Final = "scalar"

_END: Final = "\0"
_BREAK: Final = "\r\n\x85\u2028\u2029"
_BREAKS: Final = frozenset(_BREAK)
_BLANKS: Final = frozenset(" \t")
_SPACES: Final = frozenset(f" \t{_BREAK}{_END}")
_BREAKS_OR_END: Final = _BREAKS | {_END}
_AFTER_NAME: Final = _SPACES | frozenset("?:,]}%@`")
_NEVER_PLAIN: Final = _SPACES | frozenset("-?:,[]{}#&*!|>'\"%@`")
_FLOW_STOPS: Final = frozenset(",?[]{}")
_ESCAPES: Final = {
    "0": "\0",
    "a": "\x07",
    "b": "\x08",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\x0b",
    "f": "\x0c",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_CODE_LENGTHS: Final = {"x": 2, "u": 4, "U": 8}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_NAME: Final = "[0-9A-Za-z_-]*"
_URI: Final = r"[0-9A-Za-z_;/?:@&=+$,.!~*'()\[\]-]*"
_BLANK_RUN: Final = "[ \t]*"
_REST_OF_LINE: Final = f"[^{_BREAK}{_END}]*"
_WORD: Final = f"[^ \t{_BREAK}{_END}:,?\\[\\]{{}}]+"
"""A run of characters that neither end a plain scalar nor have to be looked at one by one."""
_QUOTED_WORD: Final = f"[^ \t{_BREAK}{_END}'\"\\\\]+"

_MAX_KEY_LENGTH: Final = 1024
_MAX_LEVELS: Final = 10_000


class SyntaxProblem(Exception):  # noqa: N818 - it becomes a SourceError
    """A text that go-yaml refuses, with its message."""

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)


class Token(NamedTuple):
    """A token and the line where it starts, counted from 0.

    `value` is the text of a scalar, a name, a version, or the handle of a tag. `suffix` is the rest of a tag, or the
    prefix that a directive gives to the handle.
    """

    kind: str
    line: int
    value: str = ""
    is_plain: bool = False
    suffix: str = ""


class _SimpleKey:
    """A position where a key without `?` may start. It is one if `:` follows on the same line."""

    __slots__ = ("column", "is_possible", "is_required", "line", "offset", "token_number")

    def __init__(self) -> None:
        self.is_possible = self.is_required = False
        self.offset = self.line = self.column = self.token_number = 0


class Scanner:
    """Scans a text to tokens.

    `tokens[tokens_head:]` are the tokens that the parser has not taken. `tokens_parsed` is the number of those that it
    has taken. `offset` is the current position.
    """

    def __init__(self, text: str) -> None:
        self._text = text + _END * 4
        self.offset = 0
        self._line = 0
        self._line_start = 0
        self.tokens: list[Token] = []
        self.tokens_head = 0
        self.tokens_parsed = 0
        self._indent = -1
        self._indents: list[int] = []
        self._flow_level = 0
        self._allows_simple_key = True
        self._simple_keys: list[_SimpleKey] = []
        self._simple_keys_by_token: dict[int, int] = {}

    def fetch_more_tokens(self) -> None:
        """Scan until the next token is known."""
        while self.tokens_head == len(self.tokens) or self._may_start_key():
            self._fetch_next_token()

    def _may_start_key(self) -> bool:
        """Return whether the next token may still turn out to start a key."""
        index = self._simple_keys_by_token.get(self.tokens_parsed)
        return index is not None and self._is_valid(self._simple_keys[index])

    # --- tokens ---------------------------------------------------------------------------------------------------

    def _fetch_next_token(self) -> None:
        if not self.tokens:
            self._simple_keys.append(_SimpleKey())
            self._add(STREAM_START)
            return
        self._scan_to_next_token()
        column = self.offset - self._line_start
        self._unroll_indent(column)
        char = self._text[self.offset]
        if char == _END:
            self._fetch_stream_end(column)
        elif column == 0 and char == "%":
            self._end_blocks()
            self._append(self._scan_directive())
        elif column == 0 and self._is_at_document_indicator():
            self._end_blocks()
            self._add(self._text[self.offset : self.offset + 3], 3)
        elif char in "[{":
            self._fetch_flow_start(char)
        elif char in "]}":
            self._fetch_flow_end(char)
        elif char == ",":
            self._remove_simple_key()
            self._allows_simple_key = True
            self._add(FLOW_ENTRY, 1)
        else:
            self._fetch_other(char)

    def _fetch_other(self, char: str) -> None:
        is_before_space = self._text[self.offset + 1] in _SPACES
        in_flow = self._flow_level > 0
        if char == "-" and is_before_space:
            self._fetch_block_indicator(BLOCK_ENTRY, BLOCK_SEQUENCE_START, "block sequence entries")
            self._allows_simple_key = True
        elif char == "?" and (in_flow or is_before_space):
            self._fetch_block_indicator(KEY, BLOCK_MAPPING_START, "mapping keys")
            self._allows_simple_key = not in_flow
        elif char == ":" and (in_flow or is_before_space):
            self._fetch_value()
        elif char in "*&":
            self._fetch_with_key(self._scan_anchor)
        elif char == "!":
            self._fetch_with_key(self._scan_tag)
        elif char in "|>" and not in_flow:
            self._remove_simple_key()
            self._allows_simple_key = True
            self._append(self._scan_block_scalar())
        elif char in "'\"":
            self._fetch_with_key(self._scan_flow_scalar)
        elif self._may_be_plain(char, is_before_space=is_before_space):
            self._fetch_with_key(self._scan_plain_scalar)
        else:
            self._fail("found character that cannot start any token")

    def _may_be_plain(self, char: str, *, is_before_space: bool) -> bool:
        if char not in _NEVER_PLAIN:
            return True
        if char == "-":
            return self._text[self.offset + 1] not in _BLANKS
        return self._flow_level == 0 and char in "?:" and not is_before_space

    def _fetch_stream_end(self, column: int) -> None:
        if column:
            self._line += 1
        self._line_start = self.offset
        self._end_blocks()
        self._add(STREAM_END)

    def _end_blocks(self) -> None:
        self._unroll_indent(-1)
        self._remove_simple_key()
        self._allows_simple_key = False

    def _fetch_flow_start(self, kind: str) -> None:
        self._save_simple_key()
        key = _SimpleKey()
        key.token_number = self._next_token_number()
        self._simple_keys.append(key)
        self._flow_level += 1
        if self._flow_level > _MAX_LEVELS:
            self._fail(f"exceeded max depth of {_MAX_LEVELS}")
        self._allows_simple_key = True
        self._add(kind, 1)

    def _fetch_flow_end(self, kind: str) -> None:
        self._remove_simple_key()
        if self._flow_level:
            self._flow_level -= 1
            # The key of an empty collection has the number of the collection's own start, which then is no key any more.
            self._simple_keys_by_token.pop(self._simple_keys.pop().token_number, None)
        self._allows_simple_key = False
        self._add(kind, 1)

    def _fetch_block_indicator(self, kind: str, start: str, name: str) -> None:
        if self._flow_level == 0:
            if not self._allows_simple_key:
                self._fail(f"{name} are not allowed in this context")
            self._roll_indent(self.offset - self._line_start, None, start, self._line)
        self._remove_simple_key()
        self._add(kind, 1)

    def _fetch_value(self) -> None:
        key = self._simple_keys[-1]
        if self._is_valid(key):
            self._insert(key.token_number, Token(KEY, key.line))
            self._roll_indent(key.column, key.token_number, BLOCK_MAPPING_START, key.line)
            key.is_possible = False
            self._simple_keys_by_token.pop(key.token_number, None)
            self._allows_simple_key = False
        else:
            if self._flow_level == 0:
                if not self._allows_simple_key:
                    self._fail("mapping values are not allowed in this context")
                column = self.offset - self._line_start
                self._roll_indent(column, None, BLOCK_MAPPING_START, self._line)
            self._allows_simple_key = self._flow_level == 0
        self._add(VALUE, 1)

    def _fetch_with_key(self, scan: Callable[[], Token]) -> None:
        """Scan a token that may start a key."""
        self._save_simple_key()
        self._allows_simple_key = False
        self._append(scan())

    def _add(self, kind: str, length: int = 0) -> None:
        self._append(Token(kind, self._line))
        self.offset += length

    def _append(self, token: Token) -> None:
        self.tokens.append(token)

    def _insert(self, number: int, token: Token) -> None:
        self.tokens.insert(number - self.tokens_parsed + self.tokens_head, token)

    def _next_token_number(self) -> int:
        return self.tokens_parsed + len(self.tokens) - self.tokens_head

    # --- keys and indentation ---------------------------------------------------------------------------------------

    def _is_valid(self, key: _SimpleKey) -> bool:
        if not key.is_possible:
            return False
        if key.line < self._line or key.offset + _MAX_KEY_LENGTH < self.offset:
            if key.is_required:
                self._fail("could not find expected ':'")
            key.is_possible = False
            return False
        return True

    def _save_simple_key(self) -> None:
        if not self._allows_simple_key:
            return
        self._remove_simple_key()
        key = self._simple_keys[-1] = _SimpleKey()
        key.is_possible = True
        key.offset, key.line = self.offset, self._line
        key.column = self.offset - self._line_start
        key.is_required = self._flow_level == 0 and self._indent == key.column
        key.token_number = self._next_token_number()
        self._simple_keys_by_token[key.token_number] = len(self._simple_keys) - 1

    def _remove_simple_key(self) -> None:
        key = self._simple_keys[-1]
        if key.is_possible:
            if key.is_required:
                self._fail("could not find expected ':'")
            key.is_possible = False
            self._simple_keys_by_token.pop(key.token_number, None)

    def _roll_indent(self, column: int, number: int | None, kind: str, line: int) -> None:
        """Open a block if the column is deeper than the current one."""
        if self._flow_level or self._indent >= column:
            return
        self._indents.append(self._indent)
        self._indent = column
        if len(self._indents) > _MAX_LEVELS:
            self._fail(f"exceeded max depth of {_MAX_LEVELS}")
        token = Token(kind, line)
        if number is None:
            self._append(token)
        else:
            self._insert(number, token)

    def _unroll_indent(self, column: int) -> None:
        """Close the blocks that are deeper than the column."""
        while not self._flow_level and self._indent > column:
            self._add(BLOCK_END)
            self._indent = self._indents.pop()

    # --- characters -------------------------------------------------------------------------------------------------

    def _fail(self, problem: str) -> NoReturn:
        raise SyntaxProblem(problem, self._line + 1 if self._line else 0)

    def _match(self, pattern: str) -> str:
        """Skip and return the text that a pattern matches within the line. It may be empty."""
        match = re.compile(pattern).match(self._text, self.offset)
        text = match.group() if match else ""
        self.offset += len(text)
        return text

    def _read_char(self) -> str:
        self.offset += 1
        return self._text[self.offset - 1]

    def _read_break(self) -> str:
        """Skip a line break. Return it as it appears in a scalar."""
        char = self._text[self.offset]
        self.offset += 2 if self._text.startswith("\r\n", self.offset) else 1
        self._line += 1
        self._line_start = self.offset
        return char if char in "\u2028\u2029" else "\n"

    def _is_at_document_indicator(self) -> bool:
        text, offset = self._text, self.offset
        return (
            offset == self._line_start
            and text.startswith(("---", "..."), offset)
            and text[offset + 3] in _SPACES
        )

    def _scan_to_next_token(self) -> None:
        text = self._text
        while True:
            self._match("[ \t]*" if self._flow_level or not self._allows_simple_key else " *")
            if text[self.offset] == "#":
                self._match(_REST_OF_LINE)
            if text[self.offset] not in _BREAKS:
                return
            self._read_break()
            if self._flow_level == 0:
                self._allows_simple_key = True

    # --- directives, anchors and tags -------------------------------------------------------------------------------

    def _scan_directive(self) -> Token:
        line = self._line
        self.offset += 1
        name = self._match(_NAME)
        if not name:
            self._fail("could not find expected directive name")
        if self._text[self.offset] not in _SPACES:
            self._fail("found unexpected non-alphabetical character")
        if name == "YAML":
            self._match(_BLANK_RUN)
            major = self._scan_version_number()
            if self._text[self.offset] != ".":
                self._fail("did not find expected digit or '.' character")
            self.offset += 1
            token = Token(VERSION_DIRECTIVE, line, f"{major}.{self._scan_version_number()}")
        elif name == "TAG":
            token = self._scan_tag_directive(line)
        else:
            self._fail("found unknown directive name")
        self._end_line()
        return token

    def _end_line(self) -> None:
        """Skip the rest of a line, which may hold a comment."""
        self._match(_BLANK_RUN)
        if self._text[self.offset] == "#":
            self._match(_REST_OF_LINE)
        if self._text[self.offset] not in _BREAKS_OR_END:
            self._fail("did not find expected comment or line break")
        if self._text[self.offset] in _BREAKS:
            self._read_break()

    def _scan_version_number(self) -> int:
        digits = self._match("[0-9]{0,2}")
        if self._match("[0-9]"):
            self._fail("found extremely long version number")
        if not digits:
            self._fail("did not find expected version number")
        return int(digits)

    def _scan_tag_directive(self, line: int) -> Token:
        self._match(_BLANK_RUN)
        handle = self._scan_tag_handle(is_directive=True)
        if self._text[self.offset] not in _BLANKS:
            self._fail("did not find expected whitespace")
        self._match(_BLANK_RUN)
        prefix = self._scan_uri("")
        if self._text[self.offset] not in _SPACES:
            self._fail("did not find expected whitespace or line break")
        return Token(TAG_DIRECTIVE, line, handle, suffix=prefix)

    def _scan_anchor(self) -> Token:
        kind, line = self._text[self.offset], self._line
        self.offset += 1
        name = self._match(_NAME)
        if not name or self._text[self.offset] not in _AFTER_NAME:
            self._fail("did not find expected alphabetic or numeric character")
        return Token(kind, line, name)

    def _scan_tag(self) -> Token:
        line = self._line
        if self._text[self.offset + 1] == "<":
            self.offset += 2
            handle, suffix = "", self._scan_uri("")
            if self._text[self.offset] != ">":
                self._fail("did not find the expected '>'")
            self.offset += 1
        else:
            handle = self._scan_tag_handle(is_directive=False)
            if len(handle) > 1 and handle.endswith("!"):
                suffix = self._scan_uri("")
            else:
                suffix = self._scan_uri(handle)
                handle, suffix = ("!", suffix) if suffix else ("", "!")
        if self._text[self.offset] not in _SPACES:
            self._fail("did not find expected whitespace or line break")
        return Token(TAG, line, handle, suffix=suffix)

    def _scan_tag_handle(self, *, is_directive: bool) -> str:
        if self._text[self.offset] != "!":
            self._fail("did not find expected '!'")
        handle = self._match(f"!{_NAME}!?")
        if is_directive and not handle.endswith("!"):
            self._fail("did not find expected '!'")
        return handle

    def _scan_uri(self, head: str) -> str:
        """Scan a URI. Text after the first character of `head` belongs to it."""
        parts = [head[1:]]
        is_empty = not head
        while True:
            part = self._match(_URI)
            if not part and self._text[self.offset] != "%":
                break
            is_empty = False
            parts.append(part or self._scan_uri_escapes())
        if is_empty:
            self._fail("did not find expected tag URI")
        return "".join(parts)

    def _scan_uri_escapes(self) -> str:
        """Scan the escaped octets of one character."""
        octets = bytearray()
        width = 1
        while len(octets) < width:
            digits = self._text[self.offset + 1 : self.offset + 3]
            if self._text[self.offset] != "%" or not all(digit in _HEX for digit in digits):
                self._fail("did not find URI escaped octet")
            octet = int(digits, 16)
            if not octets:
                width = utf8_width(octet)
                if not width:
                    self._fail("found an incorrect leading UTF-8 octet")
            elif octet & 0xC0 != 0x80:
                self._fail("found an incorrect trailing UTF-8 octet")
            octets.append(octet)
            self.offset += 3
        return octets.decode("utf-8", "replace")

    # --- scalars ----------------------------------------------------------------------------------------------------

    def _scan_block_scalar(self) -> Token:
        line = self._line
        is_literal = self._text[self.offset] == "|"
        self.offset += 1
        header = self._match("[+-]?") or ""
        digit = self._match("[0-9]?")
        if digit == "0":
            self.offset -= 1
            self._fail("found an indentation indicator equal to 0")
        chomping = header or (self._match("[+-]?") if digit else "")
        self._end_line()
        indent = max(self._indent, 0) + int(digit) if digit else 0
        indent, trailing_breaks = self._scan_block_breaks(indent)
        parts: list[str] = []
        leading_break = ""
        was_blank = False
        text = self._text
        while self.offset - self._line_start == indent and text[self.offset] != _END:
            is_blank = text[self.offset] in _BLANKS
            if not is_literal and not was_blank and not is_blank and leading_break == "\n":
                leading_break = "" if trailing_breaks else " "
            parts += (leading_break, trailing_breaks, self._match(_REST_OF_LINE))
            was_blank = is_blank
            leading_break = self._read_break() if text[self.offset] in _BREAKS else ""
            indent, trailing_breaks = self._scan_block_breaks(indent)
        if chomping != "-":
            parts.append(leading_break)
        if chomping == "+":
            parts.append(trailing_breaks)
        return Token(SCALAR, line, "".join(parts))

    def _scan_block_breaks(self, indent: int) -> tuple[int, str]:
        """Skip the indentation and empty lines. Return the indentation, which the first line sets, and the breaks."""
        breaks: list[str] = []
        max_column = 0
        while True:
            start = self.offset
            self._match(" *")
            if indent:  # spaces beyond the indentation belong to the text
                self.offset = max(start, min(self.offset, self._line_start + indent))
            column = self.offset - self._line_start
            max_column = max(max_column, column)
            char = self._text[self.offset]
            if char == "\t" and (indent == 0 or column < indent):
                self._fail("found a tab character where an indentation space is expected")
            if char not in _BREAKS:
                break
            breaks.append(self._read_break())
        return indent or max(max_column, self._indent + 1, 1), "".join(breaks)

    def _scan_flow_scalar(self) -> Token:
        line, quote, text = self._line, self._text[self.offset], self._text
        self.offset += 1
        parts: list[str] = []
        while True:
            if self._is_at_document_indicator():
                self._fail("found unexpected document indicator")
            if text[self.offset] == _END:
                self._fail("found unexpected end of stream")
            has_escaped_break = self._scan_quoted_words(quote, parts)
            if text[self.offset] == quote:
                break
            parts.append(self._scan_spaces(has_break=has_escaped_break))
        self.offset += 1
        return Token(SCALAR, line, "".join(parts))

    def _scan_quoted_words(self, quote: str, parts: list[str]) -> bool:
        """Read up to a blank or the closing quote. Return whether an escaped line break ends it."""
        text = self._text
        while (char := text[self.offset]) not in _SPACES:
            if char == quote:
                if quote == '"' or text[self.offset + 1] != "'":
                    return False
                parts.append("'")
                self.offset += 2
            elif quote == '"' and char == "\\":
                if text[self.offset + 1] in _BREAKS:
                    self.offset += 1
                    self._read_break()
                    return True
                parts.append(self._scan_escape())
            else:
                parts.append(self._match(_QUOTED_WORD) or self._read_char())
        return False

    def _scan_escape(self) -> str:
        code = self._text[self.offset + 1]
        if code in _ESCAPES:
            self.offset += 2
            return _ESCAPES[code]
        if code not in _CODE_LENGTHS:
            self._fail("found unknown escape character")
        self.offset += 2
        length = _CODE_LENGTHS[code]
        digits = self._text[self.offset : self.offset + length]
        if len(digits) < length or not all(digit in _HEX for digit in digits):
            self._fail("did not find expected hexdecimal number")
        value = int(digits, 16)
        if 0xD800 <= value <= 0xDFFF or value > 0x10FFFF:
            self._fail("found invalid Unicode character escape code")
        self.offset += length
        return chr(value)

    def _scan_spaces(self, *, has_break: bool) -> str:
        """Skip blanks and line breaks in a quoted scalar. Return the text for them."""
        blanks: list[str] = []
        breaks: list[str] = []
        first_break = ""
        while (char := self._text[self.offset]) in _SPACES and char != _END:
            if char in _BLANKS:
                blanks.append(char)
                self.offset += 1
            elif has_break:
                breaks.append(self._read_break())
            else:
                first_break = self._read_break()
                has_break = True
        if not has_break:
            return "".join(blanks)
        return _folded(first_break, breaks)

    def _scan_plain_scalar(self) -> Token:
        line, text = self._line, self._text
        indent = self._indent + 1
        parts: list[str] = []
        spaces = ""
        has_break = False
        while not self._is_at_document_indicator() and text[self.offset] != "#":
            if text[self.offset] not in _SPACES and not self._ends_plain():
                parts += (spaces, self._scan_plain_word())
                spaces, has_break = "", False
            if text[self.offset] not in _SPACES or text[self.offset] == _END:
                break
            spaces, has_break = self._scan_plain_spaces(indent)
            if not self._flow_level and self.offset - self._line_start < indent:
                break
        if has_break:
            self._allows_simple_key = True
        return Token(SCALAR, line, "".join(parts), is_plain=True)

    def _ends_plain(self) -> bool:
        char = self._text[self.offset]
        if char == ":" and self._text[self.offset + 1] in _SPACES:
            return True
        return self._flow_level > 0 and char in _FLOW_STOPS

    def _scan_plain_word(self) -> str:
        start = self.offset
        while self._text[self.offset] not in _SPACES and not self._ends_plain():
            if not self._match(_WORD):
                self.offset += 1
        return self._text[start : self.offset]

    def _scan_plain_spaces(self, indent: int) -> tuple[str, bool]:
        """Skip blanks and line breaks in a plain scalar. Return the text for them, and whether there is a break."""
        blanks: list[str] = []
        breaks: list[str] = []
        first_break = ""
        while (char := self._text[self.offset]) in _SPACES and char != _END:
            if char in _BLANKS:
                if first_break and char == "\t" and self.offset - self._line_start < indent:
                    self._fail("found a tab character that violates indentation")
                blanks.append(char)
                self.offset += 1
            elif first_break:
                breaks.append(self._read_break())
            else:
                first_break = self._read_break()
        return (_folded(first_break, breaks), True) if first_break else ("".join(blanks), False)


def _folded(first_break: str, breaks: list[str]) -> str:
    """Return the text for the line breaks in a scalar. Two lines are joined by a space."""
    if first_break != "\n":
        return first_break + "".join(breaks)
    return "".join(breaks) or " "


def utf8_width(octet: int) -> int:
    """Return the number of bytes of a character that starts with this byte, 0 if none does."""
    for mask, lead, width in ((0x80, 0, 1), (0xE0, 0xC0, 2), (0xF0, 0xE0, 3), (0xF8, 0xF0, 4)):
        if octet & mask == lead:
            return width
    return 0
