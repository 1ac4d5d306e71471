r"""Filters and tests with regular expressions. Patterns are RE2's: linear time, no look-around, no `\1` in a pattern."""

from collections.abc import Callable

from kmanifest.engines.jinja.budget import Budget
from kmanifest.startup.typing import Any, Final

_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "f": "\f",
    "v": "\v",
    "a": "\a",
    "b": "\b",
    "\\": "\\",
}
_MAX_PATTERNS: Final = 256
_POSIX_BASIC: Final = frozenset("].[.^$*\\")


class RegexFilters:
    """The filters of one render."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._compiled: dict[tuple[str, bool, bool], Any] = {}

    def _compile(self, pattern: str, ignorecase: bool, multiline: bool) -> Any:
        key = (pattern, ignorecase, multiline)
        if key not in self._compiled:
            if len(self._compiled) >= _MAX_PATTERNS:
                self._compiled.clear()
            self._compiled[key] = _compile(*key)
        return self._compiled[key]

    def replace(
        self,
        value: Any,
        pattern: str = "",
        replacement: str = "",
        ignorecase: bool = False,
        multiline: bool = False,
        count: int = 0,
        mandatory_count: int = 0,
    ) -> str:
        r"""Return a text with all matches, or the first `count`, replaced; `\1` and `\g<name>` are groups."""
        text, template = self._text(value), _parse_replacement(self._budget, replacement)
        parts, end, found = [], 0, 0
        for match in self._compile(pattern, ignorecase, multiline).finditer(text):
            if count and found >= count:
                break
            self._budget.step(len(template))
            new = "".join(
                part if isinstance(part, str) else _group(match, part[0]) for part in template
            )
            self._budget.text(len(new))
            parts += [text[end : match.start()], new]
            end, found = match.end(), found + 1
        if mandatory_count and found != mandatory_count:
            raise ValueError(f"{pattern!r} matches {found} times, not {mandatory_count}")
        parts.append(text[end:])
        self._budget.text(sum(map(len, parts)))
        return "".join(parts)

    def search(
        self,
        value: Any,
        pattern: str,
        *groups: str,
        ignorecase: bool = False,
        multiline: bool = False,
    ) -> Any:
        """Return the first match, or the named groups of it; None without a match."""
        wanted = [_group_of_argument(group) for group in groups]
        match = self._compile(pattern, ignorecase, multiline).search(self._text(value))
        if match is None:
            return None
        return [match.group(group) for group in wanted] if wanted else match.group()

    def findall(
        self, value: Any, pattern: str, multiline: bool = False, ignorecase: bool = False
    ) -> list[Any]:
        """Return all matches; with groups, those."""
        found: list[Any] = []
        for match in self._compile(pattern, ignorecase, multiline).finditer(self._text(value)):
            self._budget.step()
            groups = tuple(group or "" for group in match.groups())
            found.append(match.group() if not groups else groups[0] if len(groups) == 1 else groups)
        return found

    def escape(self, value: Any, re_type: str = "python") -> str:
        """Return a text with the special characters of patterns escaped."""
        text = self._text(value)
        if re_type == "posix_basic":
            return "".join(f"\\{char}" if char in _POSIX_BASIC else char for char in text)
        if re_type != "python":
            raise ValueError(f"no kind of regular expressions is called {re_type}")
        from re import escape  # it compiles nothing

        return escape(text)

    def is_match(
        self, value: Any, pattern: str = "", ignorecase: bool = False, multiline: bool = False
    ) -> bool:
        """Whether a pattern matches at the start of a text."""
        return self._compile(pattern, ignorecase, multiline).match(self._text(value)) is not None

    def is_search(
        self, value: Any, pattern: str = "", ignorecase: bool = False, multiline: bool = False
    ) -> bool:
        """Whether a pattern matches anywhere in a text."""
        return self._compile(pattern, ignorecase, multiline).search(self._text(value)) is not None

    def is_regex(
        self,
        value: Any,
        pattern: str = "",
        ignorecase: bool = False,
        multiline: bool = False,
        match_type: str = "search",
    ) -> bool:
        """Whether a pattern matches in the way that `match_type` names: search, match or fullmatch."""
        if match_type not in ("search", "match", "fullmatch"):
            raise ValueError(f"no kind of match is called {match_type}")
        method = getattr(self._compile(pattern, ignorecase, multiline), match_type)
        return method(self._text(value)) is not None

    def _text(self, value: Any) -> str:
        text = self._budget.to_text(value)
        self._budget.text(len(text))
        self._budget.work(text)
        return text


def _compile(pattern: str, ignorecase: bool, multiline: bool) -> Any:
    import re2  # 6 ms

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignorecase
    try:
        return re2.compile(f"(?m){pattern}" if multiline else pattern, options)
    except re2.error as error:
        problem = error.args[0] if error.args else ""
        text = problem.decode("utf-8", "replace") if isinstance(problem, bytes) else str(problem)
        raise ValueError(f"not a pattern of RE2: {text}") from None


def _group(match: Any, name: str | int) -> str:
    try:
        return match.group(name) or ""
    except (IndexError, LookupError):
        raise ValueError(f"the pattern has no group {name}") from None


def _group_of_argument(argument: str) -> str | int:
    if argument.startswith("\\g<") and argument.endswith(">"):
        return argument[3:-1]
    if argument.startswith("\\") and argument[1:].isdecimal():
        return int(argument[1:])
    raise ValueError(f"expected a group such as '\\\\1' or '\\\\g<name>', got {argument!r}")


def _parse_replacement(budget: Budget, text: str) -> list[str | tuple[str | int]]:
    """Return the strings and the groups of a replacement."""
    parts: list[str | tuple[str | int]] = []
    start = 0
    while (index := text.find("\\", start)) >= 0:
        budget.step()
        parts.append(text[start:index])
        following = text[index + 1 : index + 2]
        if following.isdecimal():
            end = index + 3 if text[index + 2 : index + 3].isdecimal() else index + 2
            parts.append((int(text[index + 1 : end]),))
        elif text.startswith("g<", index + 1) and (end := text.find(">", index) + 1):
            name = text[index + 3 : end - 1]
            parts.append((int(name) if name.isdecimal() else name,))
        elif following in _ESCAPES:
            parts.append(_ESCAPES[following])
            end = index + 2
        elif following.isalpha() or not following:
            raise ValueError(f"bad escape in a replacement: \\{following}")
        else:
            parts.append(text[index : index + 2])
            end = index + 2
        start = end
    return [*parts, text[start:]]


def regex_filters(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the filters by name."""
    regexes = RegexFilters(budget)
    return {
        "regex_escape": regexes.escape,
        "regex_findall": regexes.findall,
        "regex_replace": regexes.replace,
        "regex_search": regexes.search,
    }


def regex_tests(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the tests by name."""
    regexes = RegexFilters(budget)
    return {"match": regexes.is_match, "regex": regexes.is_regex, "search": regexes.is_search}
