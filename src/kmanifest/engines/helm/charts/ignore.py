"""`.helmignore`: the rules that exclude files of a directory from its chart.

The rules are tried in order, and the first one that ignores a path decides. A rule with `!` ignores every path that it
does *not* match. So a single `!a.txt` ignores everything else.

Source: helm v3.22.0 pkg/ignore/rules.go.
"""

from collections.abc import Callable, Iterable

from kmanifest.model import globs
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

FILE_NAME: Final = ".helmignore"
_BUILT_IN: Final = "templates/.?*"
_SPACE: Final = " \t\n\v\f\r\x85\xa0"
_MAX_LINE: Final = 65_536


class Rule(NamedTuple):
    """One line of a `.helmignore` file."""

    matches: Callable[[str], bool]
    is_negated: bool
    directories_only: bool
    matches_base_name: bool


class Rules(NamedTuple):
    """All rules of one chart."""

    rules: tuple[Rule, ...]

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Return whether the path, relative to the chart's directory, is excluded from the chart."""
        name = path.rpartition("/")[2]
        for matches, is_negated, directories_only, matches_base_name in self.rules:
            unmatched = directories_only and not is_directory
            if not unmatched:
                unmatched = not matches(name if matches_base_name else path)
            if unmatched == is_negated:
                return True
        return False


def parse_rules(content: bytes | None) -> Rules:
    """Return the rules of a `.helmignore` file and the built-in rule. `content` is None if there is no file.

    Raises SourceError with Helm's message.
    """
    lines = _split_lines(content) if content else ()
    return Rules(tuple(rule for line in (*lines, _BUILT_IN) if (rule := _parse_rule(line))))


def _split_lines(content: bytes) -> Iterable[str]:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        if len(line) >= _MAX_LINE:
            raise SourceError("bufio.Scanner: token too long")
        yield line


def _parse_rule(line: str) -> Rule | None:
    text = line.strip(_SPACE)
    if not text or text.startswith("#"):
        return None
    if "**" in text:
        raise SourceError("double-star (**) syntax is not supported")
    _make_matcher(text)
    is_negated = text.startswith("!")
    text = text[is_negated:]
    directories_only = text.endswith("/")
    text = text.removesuffix("/")
    return Rule(
        _make_matcher(text.removeprefix("/")),
        is_negated,
        directories_only,
        matches_base_name="/" not in text,
    )


def _make_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test for paths. Most patterns are a name, or a star and an ending, and need no regular expression."""
    ending = pattern.removeprefix("*")
    if not any(char in ending for char in "*?[\\"):
        if ending is pattern or not pattern:
            return pattern.__eq__
        return lambda path: path.endswith(ending) and "/" not in path[: -len(ending) or None]
    try:
        return globs.compile_glob(pattern)
    except SourceError:
        raise SourceError("syntax error in pattern") from None
