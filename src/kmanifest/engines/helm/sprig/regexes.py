r"""Regular expressions: RE2's, on bytes, with Go's rules for what matches next, and Go's words for what is wrong.

RE2 in C++ and in Go accept the same patterns but for `\C`, and match the same; only the errors are worded otherwise.
Source: sprig v3.3.0 regex.go; Go 1.26 src/regexp/regexp.go and regexp/syntax/parse.go.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Strings
from kmanifest.engines.helm.sprig.gotypes import (
    NilStrings,
    check_items,
    check_text,
    from_bytes,
    to_bytes,
)
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final

_REASONS: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
_META: Final = {ord(char): f"\\{char}" for char in "\\.+*?()|[]{}^$"}
_MOST_KNOWN: Final = 32
_PATTERN: Final = ("string", "string")


def functions(limits: Limits) -> Functions:
    """The functions, which make no text and no list beyond `limits`."""

    def replaced(pattern: Any, text: str, expand: Callable[[Any], bytes]) -> str:
        out: list[bytes] = []
        size = 0
        for piece in _replace(pattern, to_bytes(text), expand):
            out.append(piece)
            size += len(piece)
            check_text(size, limits)
        return from_bytes(b"".join(out))

    def replace(pattern: Any, text: str, replacement: str) -> str:
        if "$" in replacement:
            return replaced(pattern, text, _Template(pattern, to_bytes(replacement)))
        return replace_literally(pattern, text, replacement)

    def replace_literally(pattern: Any, text: str, replacement: str) -> str:
        literal = to_bytes(replacement)
        return replaced(pattern, text, lambda _: literal)

    def find_all(pattern: Any, text: str, count: int) -> Strings:
        data = to_bytes(text)
        found = _spans(pattern, data)
        spans = list(islice(found, count if count >= 0 else limits.max_items + 1))
        check_items(len(spans), limits)
        return Strings(from_bytes(data[start:end]) for start, end in spans) or NilStrings()

    def split(pattern: Any, text: str, count: int) -> Strings:
        parts = _split(pattern, to_bytes(text), count, limits)
        return NilStrings() if parts is None else Strings(map(from_bytes, parts))

    known: dict[str, Any] = {}

    def compiled(pattern: str) -> Any:
        # A chart has few patterns, and some in loops; hostile ones take megabytes each.
        if pattern not in known:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[pattern] = compile_pattern(pattern)
        return known[pattern]

    def match_or_false(pattern: str, text: str) -> bool:
        try:
            return _matches(compiled(pattern), text)
        except GoError:
            return False

    return {
        "mustRegexMatch": _must(compiled, _matches, _PATTERN, "bool"),
        "regexMatch": Function(match_or_false, _PATTERN, "bool"),
        "regexQuoteMeta": Function(_quote, ("string",), "string"),
        **_pair(compiled, "RegexFind", _find, _PATTERN, "string"),
        **_pair(compiled, "RegexFindAll", find_all, (*_PATTERN, "int"), "[]string"),
        **_pair(compiled, "RegexReplaceAll", replace, (*_PATTERN, "string"), "string"),
        **_pair(
            compiled, "RegexReplaceAllLiteral", replace_literally, (*_PATTERN, "string"), "string"
        ),
        **_pair(compiled, "RegexSplit", split, (*_PATTERN, "int"), "[]string"),
    }


def _pair(
    compiled: Callable[[str], Any],
    name: str,
    call: Callable[..., Any],
    takes: tuple[str, ...],
    gives: str,
) -> dict[str, Function]:
    """A function that panics for a bad pattern, and the one that returns an error: their texts differ."""

    def panicking(pattern: str, *arguments: Any) -> Any:
        try:
            found = compiled(pattern)
        except GoError as error:
            raise GoError(f"regexp: Compile({_quoted(pattern)}): {error}") from error
        return call(found, *arguments)

    return {
        f"r{name[1:]}": Function(panicking, takes, gives),
        f"must{name}": _must(compiled, call, takes, gives),
    }


def _must(
    compiled: Callable[[str], Any], call: Callable[..., Any], takes: tuple[str, ...], gives: str
) -> Function:
    return Function(lambda pattern, *arguments: call(compiled(pattern), *arguments), takes, gives)


def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, on bytes. GoError with Go's text for a bad one."""
    at = _single_byte(pattern)
    if at < 0:
        return _compiled(pattern)
    # What is wrong before is told first; what is open there would be closed, or missed, at the end only.
    try:
        _compiled(pattern[:at])
    except GoError as error:
        if "unexpected )" in str(error):
            raise GoError(f"error parsing regexp: unexpected ): `{pattern}`") from error
        if "missing closing" not in str(error):
            raise
    raise GoError("error parsing regexp: invalid escape sequence: `\\C`")


def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(to_bytes(pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason if isinstance(reason, str) else from_bytes(reason)
        raise GoError(_go_text(text)) from error


def _go_text(text: str) -> str:
    reason, _, part = text.partition(": ")
    return f"error parsing regexp: {_REASONS.get(reason, reason)}: `{part}`"


def _single_byte(pattern: str) -> int:
    r"""Where `\C`, a single byte, stands, which RE2 knows in C++ only; -1 where it does not."""
    at = 0
    while (at := pattern.find("\\", at)) >= 0:
        if pattern.startswith("\\Q", at):
            at = pattern.find("\\E", at)
            if at < 0:
                return -1
        if pattern.startswith("\\C", at):
            return at
        at += 2
    return -1


def _search(pattern: Any, data: bytes, at: int = 0) -> Any:
    """The next match; none within a character, where a boundary of words in C++ may be."""
    match = pattern.search(data, at)
    while match is not None and match.start() < len(data) and data[match.start()] & 0xC0 == 0x80:
        start = match.start()
        if _is_whole(data, start):
            return match
        match = pattern.search(data, start + 1)
    return match


def _is_whole(data: bytes, at: int) -> bool:
    """Whether the byte there is no part of a character."""
    for start in range(max(at - 3, 0), at):
        if data[start] >= 0xC0 and start + _width(data, start) > at:
            return False
    return True


def _quoted(pattern: str) -> str:
    if "`" not in pattern and (pattern.isprintable() or pattern.replace("\t", "").isprintable()):
        return f"`{pattern}`"
    from kmanifest.engines.helm.gotemplate.gofmt import quoted

    return quoted(pattern)


def _matches(pattern: Any, text: str) -> bool:
    return _search(pattern, to_bytes(text)) is not None


def _find(pattern: Any, text: str) -> str:
    match = _search(pattern, to_bytes(text))
    return "" if match is None else from_bytes(match.group())


def _quote(text: str) -> str:
    return text.translate(_META)


def _width(data: bytes, at: int) -> int:
    """How many bytes the character there has: one for what is not UTF-8, none at the end."""
    if at >= len(data):
        return 0
    if data[at] < 0xC0:
        return 1
    for size in (2, 3, 4):
        try:
            data[at : at + size].decode()
        except UnicodeDecodeError:
            continue
        return min(size, len(data) - at)
    return 1


def _spans(pattern: Any, data: bytes) -> Iterator[tuple[int, int]]:
    """The matches one after another, without empty ones that touch the one before.

    Source: regexp.go, allMatches.
    """
    at, before = 0, -1
    while at <= len(data):
        match = _search(pattern, data, at)
        if match is None:
            return
        start, end = match.span()
        accepted = end != at or start != before
        at = end if end != at else at + _width(data, at) if at < len(data) else at + 1
        before = end
        if accepted:
            yield start, end


def _split(pattern: Any, data: bytes, count: int, limits: Limits) -> list[bytes] | None:
    """The parts between matches, at most `count` where that is above zero. Source: regexp.go, Split."""
    if count == 0:
        return None
    if pattern.pattern and not data:
        return [b""]
    parts: list[bytes] = []
    start = end = 0
    for first, after in islice(_spans(pattern, data), count if count > 0 else None):
        if count > 0 and len(parts) == count - 1:
            break
        end = first
        if after:
            parts.append(data[start:end])
            check_items(len(parts), limits)
        start = after
    if end != len(data):
        parts.append(data[start:])
    return parts


def _replace(pattern: Any, data: bytes, expand: Callable[[Any], bytes]) -> Iterator[bytes]:
    """The pieces of a text in which each match is replaced. Source: regexp.go, replaceAll."""
    done = at = 0
    while at <= len(data):
        match = _search(pattern, data, at)
        if match is None:
            break
        start, end = match.span()
        yield data[done:start]
        if end > done or start == 0:
            yield expand(match)
        done = end
        width = _width(data, at)
        at = at + width if at + width > end else max(end, at + 1)
    yield data[done:]


class _Template:
    """A replacement with `$1` and `${name}` in it, where a name is as long as it can be.

    Source: regexp.go, expand and extract.
    """

    __slots__ = ("_parts",)

    def __init__(self, pattern: Any, text: bytes) -> None:
        self._parts: list[bytes | int] = []
        names = pattern.groupindex
        while text:
            before, dollar, text = text.partition(b"$")
            self._parts.append(before)
            if not dollar:
                break
            if text.startswith(b"$"):
                self._parts.append(b"$")
                text = text[1:]
                continue
            name, rest = _reference(from_bytes(text))
            if not name:
                self._parts.append(b"$")
                continue
            text = to_bytes(rest)
            group = _group(name, names)
            if 0 <= group <= pattern.groups:
                self._parts.append(group)

    def __call__(self, match: Any) -> bytes:
        return b"".join(
            part if isinstance(part, bytes) else match.group(part) or b"" for part in self._parts
        )


def _reference(text: str) -> tuple[str, str]:
    """The name at the start, braces taken off, and what follows; no name where there is none."""
    braced = text.startswith("{")
    body = text[1:] if braced else text
    size = 0
    while size < len(body) and (body[size] == "_" or _is_word(body[size])):
        size += 1
    if not size or (braced and body[size : size + 1] != "}"):
        return "", text
    return body[:size], body[size + (1 if braced else 0) :]


def _is_word(char: str) -> bool:
    if char.isascii():
        return char.isalnum()
    from unicodedata import category

    return category(char)[0] == "L" or category(char) == "Nd"


def _group(name: str, names: Any) -> int:
    """The number of a group, -1 for one that is not there."""
    if name.isascii() and name.isdigit() and (name[0] != "0" or len(name) == 1) and len(name) < 10:
        return int(name)
    for known, index in names.items():
        if (from_bytes(known) if isinstance(known, bytes) else known) == name:
            return int(index)
    return -1
