"""Letters as Go's package unicode maps them: one rune becomes one rune.

A byte that is not UTF-8 becomes a replacement character.

Source: Go 1.26 src/unicode/letter.go and src/strings/strings.go, ToUpper, ToLower and Title.
"""

from kmanifest.engines.helm.sprig.gotypes import SPACES, to_valid_utf8
from kmanifest.model.deadline import checked


def upper_rune(char: str) -> str:
    """Return the result of unicode.ToUpper: the simple mapping, where Python's may have several characters."""
    upper = char.upper()
    if len(upper) == 1:
        return upper
    title = char.title()
    return title if len(title) == 1 else char


def lower_rune(char: str) -> str:
    """Return the result of unicode.ToLower."""
    return char.lower()[0]


def title_rune(char: str) -> str:
    """Return the result of unicode.ToTitle."""
    title = char.title()
    return title if len(title) == 1 else char


def upper(text: str) -> str:
    """Return the result of strings.ToUpper."""
    return (
        text.upper() if text.isascii() else "".join(map(upper_rune, checked(to_valid_utf8(text))))
    )


def lower(text: str) -> str:
    """Return the result of strings.ToLower."""
    return (
        text.lower() if text.isascii() else "".join(map(lower_rune, checked(to_valid_utf8(text))))
    )


def title(text: str) -> str:
    """Return the result of strings.Title: each letter after a word separator in title case."""
    parts = []
    previous = " "
    for char in checked(to_valid_utf8(text)):
        parts.append(title_rune(char) if _is_separator(previous) else char)
        previous = char
    return "".join(parts)


def _is_separator(char: str) -> bool:
    if char <= "\x7f":
        return not (char.isalnum() or char == "_")
    return char in SPACES


def untitle(text: str) -> str:
    """Return the text with the first letter of each word in lower case.

    Source: goutils v1.1.1 wordutils.go, Uncapitalize.
    """
    parts = []
    is_word_start = True
    for char in checked(to_valid_utf8(text)):
        if char in SPACES:
            is_word_start = True
            parts.append(char)
        else:
            parts.append(lower_rune(char) if is_word_start else char)
            is_word_start = False
    return "".join(parts)


def swap_case(text: str) -> str:
    """Return the text with upper and lower case swapped, but title case at the start of a word.

    Source: goutils v1.1.1 wordutils.go, SwapCase.
    """
    from unicodedata import category

    parts = []
    is_word_start = True
    for char in checked(to_valid_utf8(text)):
        kind = category(char)
        if kind in ("Lu", "Lt"):
            parts.append(lower_rune(char))
            is_word_start = False
        elif kind == "Ll":
            parts.append(title_rune(char) if is_word_start else upper_rune(char))
            is_word_start = False
        else:
            parts.append(char)
            is_word_start = char in SPACES
    return "".join(parts)
