"""`.helmignore`: which files of a directory are no part of its chart.

The rules are tried in their order and the first that ignores a path decides; a rule with `!` ignores at once whatever it does
*not* match, so that one `!a.txt` ignores everything else. Source: helm v3.22.0 pkg/ignore/rules.go.
"""

from collections.abc import Callable, Iterable

from kmanifest.model import globs
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

FILE_NAME: Final = ".helmignore"
_BUILT_IN: Final = "templates/.?*"
_SPACE: Final = " \t\n\v\f\r\x85\xa0"
_MOST_PER_LINE: Final = 65_536


class Rule(NamedTuple):
    """One line of the file."""

    fits: Callable[[str], bool]
    negated: bool
    is_for_directories: bool
    is_for_names: bool


class Rules(NamedTuple):
    """All rules of one chart."""

    rules: tuple[Rule, ...]

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Whether the file or directory at `path`, relative to the chart's, is no part of it."""
        name = path.rpartition("/")[2]
        for fits, negated, is_for_directories, is_for_names in self.rules:
            unmatched = is_for_directories and not is_directory
            if not unmatched:
                unmatched = not fits(name if is_for_names else path)
            if unmatched == negated:
                return True
        return False


def parse_rules(content: bytes | None) -> Rules:
    """The rules of a file, None where there is none, and those that are built in; SourceError with helm's text."""
    lines = _lines(content) if content else ()
    return Rules(tuple(rule for line in (*lines, _BUILT_IN) if (rule := _rule(line))))


def _lines(content: bytes) -> Iterable[str]:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        if len(line) >= _MOST_PER_LINE:
            raise SourceError("bufio.Scanner: token too long")
        yield line


def _rule(line: str) -> Rule | None:
    text = line.strip(_SPACE)
    if not text or text.startswith("#"):
        return None
    if "**" in text:
        raise SourceError("double-star (**) syntax is not supported")
    _test(text)
    negated = text.startswith("!")
    text = text[negated:]
    is_for_directories = text.endswith("/")
    text = text.removesuffix("/")
    return Rule(
        _test(text.removeprefix("/")), negated, is_for_directories, is_for_names="/" not in text
    )


def _test(pattern: str) -> Callable[[str], bool]:
    """A test whether a path fits; most patterns are a name, or a star and an ending."""
    ending = pattern.removeprefix("*")
    if not any(char in ending for char in "*?[\\"):
        if ending is pattern or not pattern:
            return pattern.__eq__
        return lambda path: path.endswith(ending) and "/" not in path[: -len(ending) or None]
    try:
        return globs.compile_glob(pattern)
    except SourceError:
        raise SourceError("syntax error in pattern") from None
