r"""Regular expressions: RE2 on bytes, with Go's rules for consecutive matches and Go's error messages.

RE2 in C++ and Go's package accept the same patterns except `\C`, and match the same. Only the
messages differ.

Source: sprig v3.3.0 regex.go; Go 1.26 src/regexp/regexp.go and regexp/syntax/parse.go.
"""

import re
from itertools import islice

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Strings
from kmanifest.engines.helm.sprig.gotypes import (
    NilStrings,
    check_items,
    check_text,
    from_bytes,
    to_bytes,
)
from kmanifest.model.deadline import check_time, in_slices
from kmanifest.model.limits import Limits
from kmanifest.model.patterns import check_pattern
from kmanifest.startup.typing import Any, Callable, Final, Iterator

_GO_REASONS: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
_META_ESCAPES: Final = {ord(char): f"\\{char}" for char in "\\.+*?()|[]{}^$"}
_PLAIN: Final = re.compile(rb"[A-Za-z0-9 _/:;,=@#%&~<>!'\"-]+")
"""Patterns that match only themselves. Many charts have them, and a match in Python takes microseconds."""
_MAX_CACHED_PATTERNS: Final = 32
_PATTERN_AND_TEXT: Final = ("string", "string")


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Their strings and lists are at most as long as `limits` allows.
    """

    def replace_string(pattern: bytes, data: bytes, replacement: bytes) -> str:
        growth = data.count(pattern) * (len(replacement) - len(pattern))
        check_text(len(data) + growth, limits)
        return from_bytes(data.replace(pattern, replacement))

    def join_replaced(pattern: Any, text: str, expand: Callable[[Any], bytes]) -> str:
        parts: list[bytes] = []
        size = 0
        for part in _replace(pattern, to_bytes(text), expand):
            parts.append(part)
            size += len(part)
            check_text(size, limits)
        return from_bytes(b"".join(parts))

    def replace(pattern: Any, text: str, replacement: str) -> str:
        if "$" in replacement:
            return join_replaced(
                pattern, text, _ReplacementTemplate(pattern, to_bytes(replacement))
            )
        return replace_literally(pattern, text, replacement)

    def replace_literally(pattern: Any, text: str, replacement: str) -> str:
        literal = to_bytes(replacement)
        if _PLAIN.fullmatch(pattern.pattern) is not None:
            return replace_string(pattern.pattern, to_bytes(text), literal)
        return join_replaced(pattern, text, lambda _: literal)

    def find_all(pattern: Any, text: str, count: int) -> Strings:
        data = to_bytes(text)
        all_spans = _spans(pattern, data)
        spans = list(islice(all_spans, count if count >= 0 else limits.max_items + 1))
        check_items(len(spans), limits)
        return Strings(from_bytes(data[start:end]) for start, end in spans) or NilStrings()

    def split(pattern: Any, text: str, count: int) -> Strings:
        parts = _split(pattern, to_bytes(text), count, limits)
        return NilStrings() if parts is None else Strings(map(from_bytes, parts))

    cache: dict[str, Any] = {}

    def compile_cached(pattern: str) -> Any:
        # A chart has few patterns, and some in loops. Hostile ones take megabytes each, so the cache is small.
        if pattern not in cache:
            if len(cache) >= _MAX_CACHED_PATTERNS:
                cache.clear()
            cache[pattern] = compile_pattern(pattern)
        return cache[pattern]

    def match_or_false(pattern: str, text: str) -> bool:
        try:
            return _matches(compile_cached(pattern), text)
        except GoError:
            return False

    return {
        "mustRegexMatch": _must(compile_cached, _matches, _PATTERN_AND_TEXT, "bool"),
        "regexMatch": Function(match_or_false, _PATTERN_AND_TEXT, "bool"),
        "regexQuoteMeta": Function(_quote_meta, ("string",), "string"),
        **_panic_and_must(compile_cached, "RegexFind", _find, _PATTERN_AND_TEXT, "string"),
        **_panic_and_must(
            compile_cached, "RegexFindAll", find_all, (*_PATTERN_AND_TEXT, "int"), "[]string"
        ),
        **_panic_and_must(
            compile_cached, "RegexReplaceAll", replace, (*_PATTERN_AND_TEXT, "string"), "string"
        ),
        **_panic_and_must(
            compile_cached,
            "RegexReplaceAllLiteral",
            replace_literally,
            (*_PATTERN_AND_TEXT, "string"),
            "string",
        ),
        **_panic_and_must(
            compile_cached, "RegexSplit", split, (*_PATTERN_AND_TEXT, "int"), "[]string"
        ),
    }


def _panic_and_must(
    compile_cached: Callable[[str], Any],
    name: str,
    call: Callable[..., Any],
    parameter_types: tuple[str, ...],
    result_type: str,
) -> dict[str, Function]:
    """Return a function that panics for a bad pattern, and one that returns an error: their messages differ."""

    def panicking(pattern: str, *arguments: Any) -> Any:
        try:
            compiled_pattern = compile_cached(pattern)
        except GoError as error:
            raise GoError(f"regexp: Compile({_quote_pattern(pattern)}): {error}") from error
        return call(compiled_pattern, *arguments)

    return {
        f"r{name[1:]}": Function(panicking, parameter_types, result_type),
        f"must{name}": _must(compile_cached, call, parameter_types, result_type),
    }


def _must(
    compile_cached: Callable[[str], Any],
    call: Callable[..., Any],
    parameter_types: tuple[str, ...],
    result_type: str,
) -> Function:
    return Function(
        lambda pattern, *arguments: call(compile_cached(pattern), *arguments),
        parameter_types,
        result_type,
    )


def compile_pattern(pattern: str) -> Any:
    """Return the compiled pattern, on bytes.

    Raises GoError with Go's message for an invalid one.
    """
    check_pattern(pattern)
    position = _find_single_byte(pattern)
    if position < 0:
        return _compile_re2(pattern)
    # Errors before `\C` come first. A bracket that is open there is not an error yet.
    try:
        _compile_re2(pattern[:position])
    except GoError as error:
        if "unexpected )" in str(error):
            raise GoError(f"error parsing regexp: unexpected ): `{pattern}`") from error
        if "missing closing" not in str(error):
            raise
    raise GoError("error parsing regexp: invalid escape sequence: `\\C`")


def _compile_re2(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(to_bytes(pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason if isinstance(reason, str) else from_bytes(reason)
        raise GoError(_go_message(text)) from error


def _go_message(text: str) -> str:
    reason, _, part = text.partition(": ")
    return f"error parsing regexp: {_GO_REASONS.get(reason, reason)}: `{part}`"


def _find_single_byte(pattern: str) -> int:
    r"""Return the position of `\C`, a single byte, which only RE2 in C++ supports; -1 if it does not occur."""
    position = 0
    while (position := pattern.find("\\", position)) >= 0:
        if pattern.startswith("\\Q", position):
            position = pattern.find("\\E", position)
            if position < 0:
                return -1
        if pattern.startswith("\\C", position):
            return position
        position += 2
    return -1


def _search(pattern: Any, data: bytes, position: int = 0) -> Any:
    """Return the next match.

    Word boundaries inside a character, which RE2 in C++ finds, are skipped.
    """
    match = pattern.search(data, position)
    while match is not None and match.start() < len(data) and data[match.start()] & 0xC0 == 0x80:
        start = match.start()
        if _is_character_start(data, start):
            return match
        match = pattern.search(data, start + 1)
    return match


def _is_character_start(data: bytes, position: int) -> bool:
    """Return whether the byte at `position` is not part of a longer character."""
    for start in range(max(position - 3, 0), position):
        if data[start] >= 0xC0 and start + _width(data, start) > position:
            return False
    return True


def _quote_pattern(pattern: str) -> str:
    if "`" not in pattern and (pattern.isprintable() or pattern.replace("\t", "").isprintable()):
        return f"`{pattern}`"
    from kmanifest.engines.helm.gotemplate.gofmt import quoted

    return quoted(pattern)


def _matches(pattern: Any, text: str) -> bool:
    return _search(pattern, to_bytes(text)) is not None


def _find(pattern: Any, text: str) -> str:
    match = _search(pattern, to_bytes(text))
    return "" if match is None else from_bytes(match.group())


def _quote_meta(text: str) -> str:
    return in_slices(lambda part: part.translate(_META_ESCAPES), text)


def _width(data: bytes, position: int) -> int:
    """Return the number of bytes of the character at `position`: one for invalid UTF-8, none at the end."""
    if position >= len(data):
        return 0
    if data[position] < 0xC0:
        return 1
    for size in (2, 3, 4):
        try:
            data[position : position + size].decode()
        except UnicodeDecodeError:
            continue
        return min(size, len(data) - position)
    return 1


def _spans(pattern: Any, data: bytes) -> Iterator[tuple[int, int]]:
    """Return the matches in order, without empty ones directly after the previous match.

    Source: regexp.go, allMatches.
    """
    position, previous_end = 0, -1
    while position <= len(data):
        check_time()
        match = _search(pattern, data, position)
        if match is None:
            return
        start, end = match.span()
        is_accepted = end != position or start != previous_end
        position = (
            end
            if end != position
            else position + _width(data, position)
            if position < len(data)
            else position + 1
        )
        previous_end = end
        if is_accepted:
            yield start, end


def _split(pattern: Any, data: bytes, count: int, limits: Limits) -> list[bytes] | None:
    """Return the parts between matches, at most `count` if that is positive.

    Source: regexp.go, Split.
    """
    if count == 0:
        return None
    if pattern.pattern and not data:
        return [b""]
    if count < 0 and _PLAIN.fullmatch(pattern.pattern) is not None:
        check_items(data.count(pattern.pattern), limits)
        return data.split(pattern.pattern)
    parts: list[bytes] = []
    start = end = 0
    for match_start, match_end in islice(_spans(pattern, data), count if count > 0 else None):
        if count > 0 and len(parts) == count - 1:
            break
        end = match_start
        if match_end:
            parts.append(data[start:end])
            check_items(len(parts), limits)
        start = match_end
    if end != len(data):
        parts.append(data[start:])
    return parts


def _replace(pattern: Any, data: bytes, expand: Callable[[Any], bytes]) -> Iterator[bytes]:
    """Return the parts of a text in which each match is replaced.

    Source: regexp.go, replaceAll.
    """
    replaced_end = position = 0
    while position <= len(data):
        check_time()
        match = _search(pattern, data, position)
        if match is None:
            break
        start, end = match.span()
        yield data[replaced_end:start]
        if end > replaced_end or start == 0:
            yield expand(match)
        replaced_end = end
        width = _width(data, position)
        position = position + width if position + width > end else max(end, position + 1)
    yield data[replaced_end:]


class _ReplacementTemplate:
    """A replacement that contains `$1` or `${name}`.

    A name is as long as possible.

    Source: regexp.go, expand and extract.
    """

    __slots__ = ("_parts",)

    def __init__(self, pattern: Any, text: bytes) -> None:
        self._parts: list[bytes | int] = []
        groups: dict[str, int] = {}
        characters = from_bytes(text)
        start = 0
        while (dollar := characters.find("$", start)) >= 0:
            check_time()
            self._parts.append(to_bytes(characters[start:dollar]))
            start = dollar + 1
            if characters.startswith("$", start):
                self._parts.append(b"$")
                start += 1
                continue
            name, end = _find_reference(characters, start)
            if not name:
                self._parts.append(b"$")
                continue
            start = end
            if name not in groups:
                groups[name] = _group_number(name, pattern.groupindex)
            if 0 <= groups[name] <= pattern.groups:
                self._parts.append(groups[name])
        self._parts.append(to_bytes(characters[start:]))

    def __call__(self, match: Any) -> bytes:
        return b"".join(
            part if isinstance(part, bytes) else match.group(part) or b"" for part in self._parts
        )


def _find_reference(text: str, start: int) -> tuple[str, int]:
    """Return the name at `start`, without braces, and where it ends; no name if there is none."""
    has_brace = text.startswith("{", start)
    begin = end = start + has_brace
    while end < len(text) and (text[end] == "_" or _is_word(text[end])):
        end += 1
    if begin == end or (has_brace and not text.startswith("}", end)):
        return "", start
    return text[begin:end], end + has_brace


def _is_word(char: str) -> bool:
    if char.isascii():
        return char.isalnum()
    from unicodedata import category

    return category(char)[0] == "L" or category(char) == "Nd"


def _group_number(name: str, names: Any) -> int:
    """Return the number of a group; -1 if there is no such group."""
    if name.isascii() and name.isdigit() and (name[0] != "0" or len(name) == 1) and len(name) < 10:
        return int(name)
    for group_name, index in names.items():
        if (from_bytes(group_name) if isinstance(group_name, bytes) else group_name) == name:
            return int(index)
    return -1
