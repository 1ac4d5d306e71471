r"""The patterns of `.Files.Glob`: `*` and `?` stop at a slash, `**` does not; `[a-z]`, `[!abc]`, `{a,b}` and `\`.

A pattern becomes an RE2 regular expression, so matching takes linear time. An invalid pattern matches everything.

Source: github.com/gobwas/glob v0.2.3 syntax/lexer/lexer.go and syntax/ast/parser.go, as helm v3.22.0
pkg/engine/files.go calls it.
"""

from collections.abc import Callable

from kmanifest.model.errors import SourceError

_ANY = r"(?s:.)*"
_STEP = r"[^/]*"


def path_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test that matches whole paths against the pattern."""
    try:
        expression = "".join(_Translator(pattern).parts())
    except SourceError:
        return lambda _: True
    import re2  # few charts use .Files.Glob

    compiled = re2.compile(expression.encode("utf-8", "replace"))
    return lambda path: compiled.fullmatch(path.encode("utf-8", "surrogateescape")) is not None


class _Translator:
    """Translates one pattern to a regular expression."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0

    def parts(self) -> list[str]:
        """Return the parts of the regular expression. Raises SourceError if the pattern is invalid."""
        parts: list[str] = []
        while self._at < len(self._text):
            parts.append(self._part())
        if self._depth:
            raise SourceError("a brace is not closed")
        return parts

    def _part(self) -> str:
        char = self._next()
        if char == "*":
            if self._text.startswith("*", self._at):
                self._at += 1
                return _ANY
            return _STEP
        if char == "?":
            return "[^/]"
        if char == "[":
            return self._range()
        if char == "{":
            self._depth += 1
            return "(?:"
        if char == "}" and self._depth:
            self._depth -= 1
            return ")"
        if char == "," and self._depth:
            return "|"
        if char == "\\":
            return _literal(self._next()) if self._at < len(self._text) else ""
        return _literal(char)

    def _range(self) -> str:
        is_negated = self._text.startswith("!", self._at)
        self._at += is_negated
        low = self._next()
        if self._text.startswith("-", self._at):
            self._at += 1
            high = self._next()
            if self._next() != "]" or high < low:
                raise SourceError("a range is not closed")
            return f"[{'^' if is_negated else ''}{_literal(low)}-{_literal(high)}]"
        self._at -= 1
        chars = ""
        while (char := self._next()) != "]":
            chars += _literal(self._next() if char == "\\" else char)
        if not chars:
            raise SourceError("a list of characters is empty")
        return f"[{'^' if is_negated else ''}{chars}]"

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise SourceError("the pattern ends too early")
        self._at += 1
        return self._text[self._at - 1]


def _literal(char: str) -> str:
    return char if char.isalnum() or not char.isascii() else f"\\x{ord(char):02x}"
