r"""The patterns of `.Files.Glob`: `*` and `?` stop at a slash, `**` does not; `[a-z]`, `[!abc]`, `{a,b}` and `\`.

A pattern becomes an RE2 regular expression, so matching takes linear time. As in Helm, an invalid pattern matches
everything. gobwas lets a few odd patterns such as `é{` match nothing, against its own syntax; here they match.

Source: github.com/gobwas/glob v0.2.3 syntax/lexer/lexer.go and syntax/ast/parser.go, as helm v3.22.0
pkg/engine/files.go calls it.
"""

from kmanifest.model.deadline import check_time
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final

_ANY_PATH: Final = r"(?s:.)*"
_ANY_NAME: Final = r"[^/]*"
_ANY_CHAR_OF_NAME: Final = r"[^/]"


def path_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that reports whether the pattern matches a whole path."""
    try:
        expression = _Translator(pattern).expression()
    except SourceError:
        return lambda _: True
    import re2  # few charts use .Files.Glob

    from kmanifest.model.patterns import check_pattern

    check_pattern(pattern)
    compiled = re2.compile(expression.encode("utf-8", "replace"))

    def matches(path: str) -> bool:
        check_time()
        return compiled.fullmatch(path.encode("utf-8", "surrogateescape")) is not None

    return matches


class _Translator:
    """Translates one pattern to a regular expression.

    `_position` is the index of the next character, `_open_braces` the number of alternatives around it.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._open_braces = 0

    def expression(self) -> str:
        """Return the regular expression. Raises SourceError if the pattern is invalid."""
        parts: list[str] = []
        while not self._is_at_end():
            parts.append(self._translate_next())
        # As in gobwas, the end of the pattern closes all braces.
        return "".join(parts) + ")" * self._open_braces

    def _translate_next(self) -> str:
        """Return the expression for the next wildcard, brace, comma, class or character."""
        char = self._take_char()
        if char == "*":
            return _ANY_PATH if self._skip("*") else _ANY_NAME
        if char == "?":
            return _ANY_CHAR_OF_NAME
        if char == "[":
            return self._translate_class()
        if char == "{":
            self._open_braces += 1
            return "(?:"
        if char == "}" and self._open_braces:
            self._open_braces -= 1
            return ")"
        if char == "," and self._open_braces:
            return "|"
        if char == "\\":
            # As in gobwas, a backslash at the end has no effect.
            return "" if self._is_at_end() else _literal(self._take_char())
        return _literal(char)

    def _translate_class(self) -> str:
        """Return the expression for `[a-z]` or `[abc]`, after the bracket. As in gobwas, a class is one or the other.

        As in gobwas, it can match a slash.
        """
        negation = "^" if self._skip("!") else ""
        if self._pattern.startswith("-", self._position + 1):
            low, _, high, closing = (self._take_char() for _ in range(4))
            if closing != "]" or high < low:
                raise SourceError("a range is not closed, or ends before it begins")
            return f"[{negation}{_literal(low)}-{_literal(high)}]"
        chars = ""
        while (char := self._take_char()) != "]":
            chars += _literal(self._take_char() if char == "\\" else char)
        if not chars:
            raise SourceError("a list of characters is empty")
        return f"[{negation}{chars}]"

    def _is_at_end(self) -> bool:
        return self._position >= len(self._pattern)

    def _take_char(self) -> str:
        """Return the next character and go on after it. Raises SourceError at the end."""
        if self._is_at_end():
            raise SourceError("the pattern ends too early")
        self._position += 1
        return self._pattern[self._position - 1]

    def _skip(self, char: str) -> bool:
        """Go on after the next character if it is `char`. Return whether it is."""
        if not self._pattern.startswith(char, self._position):
            return False
        self._position += 1
        return True


def _literal(char: str) -> str:
    """Return the expression for a character."""
    return char if char.isalnum() or not char.isascii() else f"\\x{ord(char):02x}"
