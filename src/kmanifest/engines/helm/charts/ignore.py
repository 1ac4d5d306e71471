"""`.helmignore`: the rules that exclude files of a directory from its chart.

The rules are tried in order, and the first one that ignores a path decides. A rule with `!` ignores every path that it
does *not* match. So a single `!a.txt` ignores everything else.

Source: helm v3.22.0 pkg/ignore/rules.go.
"""

from kmanifest.engines.helm.sprig.gotypes import SPACES
from kmanifest.model import globs
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final, Iterable, NamedTuple

FILE_NAME: Final = ".helmignore"
_BUILT_IN_RULE: Final = "templates/.?*"
_MAX_LINE_BYTES: Final = 65_536
_SPECIAL_CHARS: Final = "*?[\\"


class Rule(NamedTuple):
    """One line of a `.helmignore` file.

    - `matches`: reports whether the pattern matches a path or a name.
    - `is_negated`: whether the line begins with `!`. Then the rule ignores what it does not match.
    - `directories_only`: whether the line ends in `/`. Then the rule matches no file.
    - `matches_base_name`: whether the pattern is compared with the last element of a path, not with the whole path.
    """

    matches: Callable[[str], bool]
    is_negated: bool
    directories_only: bool
    matches_base_name: bool


class Rules(NamedTuple):
    """All rules of one chart, in order."""

    rules: tuple[Rule, ...]

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Return whether the path, relative to the chart's directory, is excluded from the chart."""
        check_time()
        name = path.rpartition("/")[2]
        for matches, is_negated, directories_only, matches_base_name in self.rules:
            may_match = is_directory or not directories_only
            matched = may_match and matches(name if matches_base_name else path)
            if matched != is_negated:
                return True
        return False


def parse_rules(content: bytes | None) -> Rules:
    """Return the rules of a `.helmignore` file and the built-in rule. `content` is None if there is no file.

    Raises SourceError with Helm's message.
    """
    lines = _split_lines(content) if content else ()
    return Rules(
        tuple(rule for line in checked((*lines, _BUILT_IN_RULE)) if (rule := _parse_rule(line)))
    )


def _split_lines(content: bytes) -> Iterable[str]:
    """Yield the lines. Raises SourceError for a line that is too long for Go's bufio.Scanner.

    As in Helm, a byte order mark counts for the length of the first line.
    """
    for index, line in enumerate(checked(content.split(b"\n"))):
        if len(line) >= _MAX_LINE_BYTES:
            raise SourceError("bufio.Scanner: token too long")
        text = line if index else line.removeprefix(b"\xef\xbb\xbf")
        yield text.decode("utf-8", "surrogateescape")


def _parse_rule(line: str) -> Rule | None:
    """Return the rule in a line. None for an empty line or a comment. Raises SourceError for an invalid pattern."""
    text = line.strip(SPACES)
    if not text or text.startswith("#"):
        return None
    if "**" in text:
        raise SourceError("double-star (**) syntax is not supported")
    # As in Helm, the whole line must be a valid pattern, with its `!` and slashes.
    _make_matcher(text)
    pattern = text.removeprefix("!")
    path = pattern.removesuffix("/")
    return Rule(
        _make_matcher(path.removeprefix("/")),
        is_negated=text.startswith("!"),
        directories_only=pattern.endswith("/"),
        matches_base_name="/" not in path,
    )


def _make_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that reports whether a pattern matches a path. Raises SourceError for an invalid pattern.

    Most patterns are a name, or a star and an ending. For these a comparison is faster than the general function.
    """
    if not _has_special_chars(pattern):
        return lambda path: path == pattern
    ending = pattern.removeprefix("*")
    if not _has_special_chars(ending):
        return lambda path: path.endswith(ending) and "/" not in path.removesuffix(ending)
    try:
        return globs.compile_glob(pattern)
    except SourceError:
        raise SourceError("syntax error in pattern") from None


def _has_special_chars(pattern: str) -> bool:
    return any(char in pattern for char in _SPECIAL_CHARS)
