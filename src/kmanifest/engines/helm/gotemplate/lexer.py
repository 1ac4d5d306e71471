"""Where the actions of a text are, and the tokens of one action.

A text is cut by one pattern that knows strings, so that `}}` in one ends no action. The text of an action is cut by another;
where that finds nothing, a slower look tells Go's error. A chain of fields is one token here. Tokens are `(type, text, position, spaced)`, `spaced` if there is
space before it: all that Go's parser wants of space. The last one is RIGHT, the end of the action, or ERROR.

Source: Go 1.26 text/template/parse/lex.go.
"""

import re

from kmanifest.engines.helm.gotemplate.printable import is_printable
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.startup.typing import Final

SPACES: Final = " \t\r\n"

# Atomic groups, not possessive ones: Python before 3.11.5 loses its way in the latter (CPython's issue 106052).
_TEXT_BEFORE: Final = r"([^{]*+(?>(?:\{(?!\{)[^{]*+)*))"
_TRIM_MARK: Final = r"(-(?=[ \t\r\n]))?"
_STRING: Final = r'"(?>(?:[^"\\\n]|\\[^\n])*)"' r"|`[^`]*+`|'(?>(?:[^'\\\n]|\\[^\n])*)'"
_ACTION_BODY: Final = rf"""((?>(?:[^"'`}}]++|{_STRING}|\}}(?!\}}))*))"""
_TRIMMED_SPACE: Final = r"(?:(?<=-\}\})(?<=[ \t\r\n]...)[ \t\r\n]*+)?"
PIECE: Final = re.compile(
    rf"{_TEXT_BEFORE}\{{\{{{_TRIM_MARK}(?:(?(2)[ \t\r\n])(/\*)|{_ACTION_BODY}\}}\}}{_TRIMMED_SPACE})"
)
"""Text and the action after it: the text, the mark that trims it, the beginning of a comment, and the action's text, with the
space of that mark and the whole mark that trims what follows. It takes the space that is trimmed, and fails where the action
is not closed."""

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
# What a token is, by its first character; a letter beyond ASCII begins a word.
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


def read_tokens(text: str, *, closed: bool = True, trimmed: bool = False) -> list[Token]:
    """The tokens of an action's text; `closed` if the end of the action follows, else the end of the file.

    `trimmed` if a mark that trims stands before the end, with its space: that is no part of `text`.
    """
    tokens: list[Token] = []
    add = tokens.append
    position = depth = 0
    after_space = False
    is_ascii = text.isascii()
    strings = _TOKEN.findall(text)
    if sum(map(len, strings)) != len(text):
        strings = _leading_token_strings(text)
    for string in strings:
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
                # Go looks at what follows, and takes the last character of a file for a number.
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
    """The tokens before the first place where there is none, which `findall` would pass over."""
    strings = []
    position = 0
    while match := _TOKEN.match(text, position):
        strings.append(match[0])
        position = match.end()
    return strings


def _add_error(tokens: list[Token], text: str, start: int, *, after_space: bool) -> None:
    """Add why there is no token at `start`, after what Go takes for one and Python does not."""
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
    """Whether a word may hold `char`: a letter, a digit or an underscore."""
    return char == "_" or char.isalpha() or char.isdecimal()


def _is_word(word: str) -> bool:
    return all(map(is_alphanumeric, word.removeprefix("$").replace(".", "")))


_CHAIN: Final = rf"(?>(?:\.(?![0-9])\w++{_TERMINATOR})+)"


def _valid_fields_length(text: str, start: int) -> int:
    """The length of the first fields of a chain, up to one that is no word to Go."""
    match = re.compile(_CHAIN).match(text, start)
    length = 0
    for name in match[0].split(".")[1:] if match else ():
        if not _is_word(name):
            break
        length += len(name) + 1
    return length


def _error_message(text: str, start: int) -> str:
    """Why there is no token at `start`."""
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
    """A character as `%#U` prints it."""
    char = "\ufffd" if "\ud800" <= char <= "\udfff" else char
    return f"U+{ord(char):04X}" + (f" '{char}'" if is_printable(char) else "")


def _number_end_before_digit(text: str, start: int) -> int:
    """The end of a number after which comes what Python takes for a digit and Go does not, like a superscript; 0 for none."""
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
    """Where Go stops to read what is no number, with the character that it stumbles on."""
    end = start
    for _ in range(2):
        match = re.compile(_NUMBER_SCAN).match(text, end)
        end = match.end() if match else end
        if end < len(text) and is_alphanumeric(text[end]):
            return end + 1
        if text[end : end + 1] not in ("+", "-"):
            return end
    return end
