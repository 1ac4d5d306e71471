"""Letters as Go's package unicode knows them: one rune becomes one rune, and what is not UTF-8 a replacement character.

Source: Go 1.26 src/unicode/letter.go and src/strings/strings.go, ToUpper, ToLower and Title.
"""

from kmanifest.engines.helm.sprig.gotypes import SPACES, valid


def upper_rune(char: str) -> str:
    """unicode.ToUpper: the simple mapping, where Python's may give several characters."""
    upper = char.upper()
    if len(upper) == 1:
        return upper
    title = char.title()
    return title if len(title) == 1 else char


def lower_rune(char: str) -> str:
    """unicode.ToLower."""
    return char.lower()[0]


def title_rune(char: str) -> str:
    """unicode.ToTitle."""
    title = char.title()
    return title if len(title) == 1 else char


def upper(text: str) -> str:
    """strings.ToUpper."""
    return text.upper() if text.isascii() else "".join(map(upper_rune, valid(text)))


def lower(text: str) -> str:
    """strings.ToLower."""
    return text.lower() if text.isascii() else "".join(map(lower_rune, valid(text)))


def title(text: str) -> str:
    """strings.Title: each letter after what separates words, in title case."""
    out = []
    before = " "
    for char in valid(text):
        out.append(title_rune(char) if _separates(before) else char)
        before = char
    return "".join(out)


def _separates(char: str) -> bool:
    if char <= "\x7f":
        return not (char.isalnum() or char == "_")
    return char in SPACES


def untitle(text: str) -> str:
    """The first letter of each word in lower case. Source: goutils v1.1.1 wordutils.go, Uncapitalize."""
    out = []
    starts = True
    for char in valid(text):
        if char in SPACES:
            starts = True
            out.append(char)
        else:
            out.append(lower_rune(char) if starts else char)
            starts = False
    return "".join(out)


def swap_case(text: str) -> str:
    """Upper case becomes lower, and lower upper, but title case at the start of a word.

    Source: goutils v1.1.1 wordutils.go, SwapCase.
    """
    from unicodedata import category

    out = []
    starts = True
    for char in valid(text):
        kind = category(char)
        if kind in ("Lu", "Lt"):
            out.append(lower_rune(char))
            starts = False
        elif kind == "Ll":
            out.append(title_rune(char) if starts else upper_rune(char))
            starts = False
        else:
            out.append(char)
            starts = char in SPACES
    return "".join(out)
