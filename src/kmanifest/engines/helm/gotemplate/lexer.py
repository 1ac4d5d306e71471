"""Find the actions of a text, and split one action into tokens.

One pattern splits a text into text and actions. It knows strings, so `}}` inside a string does not
end an action. A second pattern splits an action into tokens. If it does not match, slower code
finds Go's error message.

A token is `(type, text, position, after_space)`. `after_space` is true if space precedes it; Go's
parser needs nothing else about space. A chain of fields is one token here. The last token is RIGHT,
the end of the action, or ERROR.

Source: Go 1.26 text/template/parse/lex.go.
"""

import re

from kmanifest.engines.helm.gotemplate.printable import is_printable
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Final

SPACES: Final = " \t\r\n"

# Atomic groups, not possessive ones: Python before 3.11.5 fails on nested possessive ones (CPython issue 106052).
_TEXT_BEFORE: Final = r"([^{]*+(?>(?:\{(?!\{)[^{]*+)*))"
_TRIM_MARK: Final = r"(-(?=[ \t\r\n]))?"
_STRING: Final = r'"(?>(?:[^"\\\n]|\\[^\n])*)"' r"|`[^`]*+`|'(?>(?:[^'\\\n]|\\[^\n])*)'"
_ACTION_BODY: Final = rf"""((?>(?:[^"'`}}]++|{_STRING}|\}}(?!\}}))*))"""
_TRIMMED_SPACE: Final = r"(?:(?<=-\}\})(?<=[ \t\r\n]...)[ \t\r\n]*+)?"
PIECE: Final = re.compile(
    rf"{_TEXT_BEFORE}\{{\{{{_TRIM_MARK}(?:(?(2)[ \t\r\n])(/\*)|{_ACTION_BODY}\}}\}}{_TRIMMED_SPACE})"
)
"""A pattern that matches text and the action after it.

The groups are the text, the trim mark after `{{`, the start of a comment, and the action's text.
The action's text includes the space after the left trim mark and the whole right trim mark. The
match includes the space that is trimmed. There is no match if the action is not closed.
"""

_TERMINATOR: Final = r"(?=[ \t\r\n.,|:()]|\Z)"
_NUMBER: Final = (
    r"(?>[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*"
    r"|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?)(?!\w)"
)
_TOKEN: Final = re.compile(
    r"[ \t\r\n]++"
    rf"|(?>(?:\.(?![0-9])\w++{_TERMINATOR})+)|\.{_TERMINATOR}"
    rf"|[^\W0-9]\w*+{_TERMINATOR}"
    rf"|\$\w*+{_TERMINATOR}"
    rf"|{_STRING}"
    rf"|(?=[-+0-9]|\.[0-9]){_NUMBER}(?:(?![+-])|{_NUMBER}(?<=i))"
    r"|:=|[=|()!#%&*,/;<>?@\[\\\]^{}~]"
)

FIELD: Final = 2
IDENTIFIER: Final = 3
VARIABLE: Final = 4
STRING: Final = 5
NUMBER: Final = 6
CHAR_CONSTANT: Final = 7
ASSIGN: Final = 8
BAR: Final = 9
LEFT: Final = 10
RIGHT_PAREN: Final = 11
OTHER: Final = 12
DOT: Final = 13
BOOL: Final = 14
NIL: Final = 15
KEYWORD: Final = 16
RIGHT: Final = 17
ERROR: Final = 18

Token = tuple[int, str, int, bool]

_SPACE: Final = 0
# The type of a token by its first character. A letter outside ASCII starts an identifier.
_TYPE_BY_FIRST_CHARACTER: Final = {
    **dict.fromkeys("!#%&*,/;<>?@[\\]^{}~", OTHER),
    **dict.fromkeys("0123456789+-", NUMBER),
    **dict.fromkeys(SPACES, _SPACE),
    ".": FIELD, "$": VARIABLE, '"': STRING, "`": STRING, "'": CHAR_CONSTANT, ":": ASSIGN, "=": ASSIGN, "|": BAR, "(": LEFT,
    ")": RIGHT_PAREN,
}  # fmt: skip
_TYPE_BY_KEYWORD: Final = {
    "true": BOOL, "false": BOOL, "nil": NIL, "block": KEYWORD, "break": KEYWORD, "continue": KEYWORD,
    "define": KEYWORD, "else": KEYWORD, "end": KEYWORD, "if": KEYWORD, "range": KEYWORD, "template": KEYWORD,
    "with": KEYWORD,
}  # fmt: skip


_LONG_ACTION: Final = 100_000
"""In characters. The tokens of a longer action are read one by one, with checks of the deadline."""


def read_tokens(text: str, *, closed: bool = True, trimmed: bool = False) -> list[Token]:
    """Return the tokens of an action's text.

    `closed` means that the end of the action follows, otherwise the end of the file. `trimmed`
    means that a trim mark and its space precede the end; they are not part of `text`.
    """
    tokens: list[Token] = []
    add = tokens.append
    position = depth = 0
    after_space = False
    is_ascii = text.isascii()
    strings = _TOKEN.findall(text) if len(text) < _LONG_ACTION else []
    if sum(map(len, strings)) != len(text):
        strings = _leading_token_strings(text)
    for string in checked(strings):
        kind = _TYPE_BY_FIRST_CHARACTER.get(string[0], IDENTIFIER)
        if kind == _SPACE:
            after_space = True
            position += len(string)
            continue
        if not is_ascii and kind <= VARIABLE and not string.isascii() and not _is_word(string):
            break
        if kind == IDENTIFIER:
            kind = _TYPE_BY_KEYWORD.get(string, IDENTIFIER)
        elif kind == FIELD:
            if string == ".":
                # Go checks the next character. A dot that is the last character of a file is a number.
                kind = DOT if closed or position < len(text) - 1 else NUMBER
            elif string[1] in "0123456789":
                kind = NUMBER
        elif kind == LEFT:
            depth += 1
        elif kind == RIGHT_PAREN:
            depth -= 1
            if depth < 0:
                add((ERROR, "unexpected right paren", position, after_space))
                return tokens
        add((kind, string, position, after_space))
        position += len(string)
        after_space = False
    if position == len(text):
        if closed and depth == 0:
            add((RIGHT, "}}", position + 2 * trimmed, after_space))
        else:
            message = "unclosed left paren" if closed else "unclosed action"
            add((ERROR, message, position, after_space))
    else:
        _add_error(tokens, text, position, after_space=after_space)
    return tokens


def _leading_token_strings(text: str) -> list[str]:
    """Return the tokens before the first invalid character, which `findall` would skip."""
    strings = []
    position = 0
    while match := _TOKEN.match(text, position):
        check_time()
        strings.append(match[0])
        position = match.end()
    return strings


def _add_error(tokens: list[Token], text: str, start: int, *, after_space: bool) -> None:
    """Add the error for the invalid token at `start`, after a part of it that is a token in Go."""
    kind, end = NUMBER, 0
    if text[start] == ".":
        kind, end = FIELD, start + _valid_fields_length(text, start)
    if not text.isascii() and end <= start:
        kind, end = NUMBER, _number_end_before_digit(text, start)
    if end > start:
        tokens.append((kind, text[start:end], start, after_space))
        start, after_space = end, False
    tokens.append((ERROR, _error_message(text, start), start, after_space))


def is_alphanumeric(char: str) -> bool:
    """Return whether an identifier may contain `char`: a letter, a digit or an underscore."""
    return char == "_" or char.isalpha() or char.isdecimal()


def _is_word(word: str) -> bool:
    return all(map(is_alphanumeric, word.removeprefix("$").replace(".", "")))


_CHAIN: Final = rf"(?>(?:\.(?![0-9])\w++{_TERMINATOR})+)"


def _valid_fields_length(text: str, start: int) -> int:
    """Return the length of the leading fields of a chain that Go accepts."""
    match = re.compile(_CHAIN).match(text, start)
    length = 0
    for name in match[0].split(".")[1:] if match else ():
        if not _is_word(name):
            break
        length += len(name) + 1
    return length


def _error_message(text: str, start: int) -> str:
    """Return why there is no valid token at `start`."""
    char = text[start]
    if char == '"':
        return "unterminated quoted string"
    if char == "`":
        return "unterminated raw quoted string"
    if char == "'":
        return "unterminated character constant"
    if char == ":":
        return "expected :="
    if char in "+-0123456789" or (
        char == "." and text[start + 1 : start + 2] in tuple("0123456789")
    ):
        return f"bad number syntax: {quoted(text[start : _number_end(text, start)])}"
    if char in ".$" or is_alphanumeric(char):
        end = start + 1
        while end < len(text) and is_alphanumeric(text[end]):
            end += 1
        return f"bad character {unicode_text(text[end])}"
    return f"unrecognized character in action: {unicode_text(char)}"


def unicode_text(char: str) -> str:
    """Return a character as `%#U` prints it."""
    char = "\ufffd" if "\ud800" <= char <= "\udfff" else char
    return f"U+{ord(char):04X}" + (f" '{char}'" if is_printable(char) else "")


def _number_end_before_digit(text: str, start: int) -> int:
    """Return the end of a number before a character that is a digit only in Python, like a superscript; else 0."""
    match = None
    if re.compile(_NUMBER_START).match(text, start):
        match = re.compile(_NUMBER_SCAN).match(text, start)
    if match is None or match.end() == len(text):
        return 0
    char = text[match.end()]
    return 0 if char.isascii() or is_alphanumeric(char) else match.end()


_NUMBER_START: Final = r"[-+0-9]|\.[0-9]"
_NUMBER_SCAN: Final = _NUMBER.removesuffix(r"(?!\w)")


def _number_end(text: str, start: int) -> int:
    """Return where Go stops reading an invalid number, after the character that is wrong."""
    end = start
    for _ in range(2):
        match = re.compile(_NUMBER_SCAN).match(text, end)
        end = match.end() if match else end
        if end < len(text) and is_alphanumeric(text[end]):
            return end + 1
        if text[end : end + 1] not in ("+", "-"):
            return end
    return end
