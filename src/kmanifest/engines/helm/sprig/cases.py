"""`camelcase`, `snakecase` and `kebabcase`.

Source: github.com/huandu/xstrings v1.5.0 convert.go, ToPascalCase, ToSnakeCase and ToKebabCase.
"""

from itertools import pairwise

from kmanifest.engines.helm.sprig.gotypes import SPACES, to_valid_utf8
from kmanifest.engines.helm.sprig.letters import lower_rune, upper_rune
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Final

_NONE: Final = ""
_UPPER: Final = "upper"
_LETTERS: Final = "letters"
_NUMBER: Final = "number"
_CONNECTOR: Final = "connector"
_PUNCTUATION: Final = "punctuation"
_OTHER: Final = "other"

_REPLACEMENT: Final = "\ufffd"
_IDEOGRAPHS: Final = (
    ("\u4e00", "\u9fcc"),
    ("\u3400", "\u4d85"),
    ("\U00020000", "\U0002b81d"),
)


def camel_case(text: str) -> str:
    """Return the words joined, each with a capital.

    Connectors at the start are kept, and all but one of several in a row. A word in capitals keeps
    only the first one.
    """
    text = to_valid_utf8(text)
    start = 0
    while start < len(text) and _is_connector(text[start]):
        check_time()
        start += 1
    if start >= len(text) - 1:
        last = text[start:]
        return text[:start] + upper_rune(last) if last else text + text[-1:]
    parts = [text[:start]]
    upper_before = _is_upper(text[start])
    current = upper_rune(text[start])
    for char in checked(text[start + 1 :]):
        previous, current = current, char
        if _is_connector(char) and _is_connector(previous):
            parts.append(previous)
        elif _is_connector(previous):
            upper_before = _is_upper(char)
            current = upper_rune(char)
        else:
            if upper_before:
                if _is_upper(char):
                    current = lower_rune(char)
                else:
                    upper_before = False
            parts.append(previous)
    return "".join([*parts, current])


def lower_case(text: str, connector: str) -> str:
    """Return the words in lower case, joined with `connector`.

    A number belongs to the word before it or starts the word after it.
    """
    if text.isascii() and text.isalpha():
        words = _split_simple_words(text)
        if words:
            return connector.join(words)
    return _CaseConverter(to_valid_utf8(text), connector).convert() if text else ""


def _split_simple_words(text: str) -> list[str]:
    """Return the words of a text like `plainWords` in lower case; an empty list for any other text.

    Each word but the first starts with its only capital, and each has at least two letters.
    """
    starts = [0, *(index for index in checked(range(1, len(text))) if text[index] < "a"), len(text)]
    words = [text[start:end].lower() for start, end in pairwise(starts)]
    return words if all(len(word) > 1 for word in words) else []


class _CaseConverter:
    """A converter that splits a text into words of one kind each and joins them again."""

    __slots__ = ("_connector", "_kind", "_parts", "_position", "_text", "_word")

    def __init__(self, text: str, connector: str) -> None:
        self._text = text
        self._position = 0
        self._connector = connector
        self._parts: list[str] = []
        self._kind = self._word = ""
        self._advance()

    def convert(self) -> str:
        while self._position < len(self._text):
            check_time()
            if self._kind != _CONNECTOR:
                self._append(self._kind, self._word)
            kind, word = self._kind, self._word
            self._advance()
            if kind == _NUMBER:
                self._append_letters()
                self._connect(_NONE, _PUNCTUATION, _CONNECTOR)
            elif kind == _CONNECTOR:
                self._append(kind, word)
            elif kind != _PUNCTUATION:
                self._append_after_word()
        self._append(self._kind, self._word)
        return "".join(self._parts)

    def _append_after_word(self) -> None:
        """Append what separates a word from the next one."""
        if self._kind != _NUMBER:
            self._connect(_CONNECTOR, _PUNCTUATION)
            return
        if self._position >= len(self._text):
            return
        number = self._word
        self._advance()
        if self._kind != _LETTERS:
            self._append(_NUMBER, number)
            self._connect(_CONNECTOR, _PUNCTUATION)
            return
        self._parts.append(self._connector)
        self._append(_NUMBER, number)
        self._append_letters()
        self._connect(_NONE, _CONNECTOR, _PUNCTUATION)

    def _connect(self, *unless: str) -> None:
        if self._kind not in unless:
            self._parts.append(self._connector)

    def _append_letters(self) -> None:
        while self._kind in (_LETTERS, _NUMBER):
            check_time()
            self._append(self._kind, self._word)
            self._advance()

    def _append(self, kind: str, word: str) -> None:
        if kind not in (_UPPER, _CONNECTOR):
            self._parts.append(word)
            return
        for char in checked(word):
            if _is_connector(char):
                self._parts.append(self._connector)
            else:
                self._parts.append(lower_rune(char) if _is_upper(char) else char)

    def _advance(self) -> None:
        start = self._position
        if start >= len(self._text):
            self._kind = self._word = _NONE
            return
        self._kind, self._position = _next_word(self._text, start)
        self._word = self._text[start : self._position]


def _next_word(text: str, start: int) -> tuple[str, int]:
    """Return the kind of the word at `start`, and where the word ends."""
    first, first_end = _next_valid(text, start, _REPLACEMENT)
    if first == _REPLACEMENT:
        return _NONE, len(text)
    kind = _kind(first)
    if kind != _UPPER:
        return kind, _end_of_run(text, first_end, first, kind)
    if first_end >= len(text):
        return kind, first_end
    second, second_end = _next_valid(text, first_end, first)
    if _is_upper(second):
        previous, end = first_end, second_end
        while end < len(text):
            check_time()
            char, second_end = _next_valid(text, end, second)
            if not _is_upper(char):
                return kind, previous if _is_letter(char) else end
            previous, end, second = end, second_end, char
        return kind, end
    if _is_letter(second):
        return kind, _end_of_run(text, second_end, second, _LETTERS)
    return kind, first_end


def _end_of_run(text: str, start: int, previous: str, kind: str) -> int:
    """Return where the run of characters of one kind ends.

    A replacement character counts as the one before it.
    """
    end = start
    while end < len(text):
        check_time()
        previous, next_end = _next_valid(text, end, previous)
        if not _belongs_to_run(previous, kind):
            return end
        end = next_end
    return end


def _next_valid(text: str, start: int, previous: str) -> tuple[str, int]:
    """Return the next character that is not a replacement character, and where it ends; `previous` if there is none."""
    end = start
    while end < len(text):
        check_time()
        end += 1
        if text[end - 1] != _REPLACEMENT:
            return text[end - 1], end
    return previous, end


def _belongs_to_run(char: str, kind: str) -> bool:
    if kind == _LETTERS:
        return _is_letter(char) and not _is_upper(char)
    if kind == _OTHER:
        return _kind(char) not in (_CONNECTOR, _LETTERS, _UPPER, _NUMBER, _PUNCTUATION)
    if kind == _PUNCTUATION:
        return _category(char)[0] == "P"  # includes hyphens and underscores
    return _kind(char) == kind


def _kind(char: str) -> str:
    if _is_connector(char):
        return _CONNECTOR
    group = _category(char)
    if group == "Lu":
        return _UPPER
    if group[0] == "P":
        return _PUNCTUATION
    if _is_letter(char):
        return _LETTERS
    return _NUMBER if group[0] == "N" else _OTHER


def _is_connector(char: str) -> bool:
    return char in "-_" or char in SPACES


def _is_upper(char: str) -> bool:
    return _category(char) == "Lu"


def _is_letter(char: str) -> bool:
    """Return whether `char` is a letter of an alphabet, which the common Han characters are not.

    Source: xstrings v1.5.0 count.go, isAlphabet.
    """
    if _category(char)[0] != "L":
        return False
    return not any(first <= char <= last for first, last in _IDEOGRAPHS)


def _category(char: str) -> str:
    from unicodedata import category  # most words are simple

    return category(char)
