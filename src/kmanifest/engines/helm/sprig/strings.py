"""Functions for strings.

Go cuts and counts strings by bytes.

Source: sprig v3.3.0 strings.go and functions.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.gofmt import text as go_text
from kmanifest.engines.helm.gotemplate.values import (
    Function,
    Functions,
    GoError,
    StringMap,
    Strings,
    Value,
)
from kmanifest.engines.helm.sprig import letters
from kmanifest.engines.helm.sprig.casts import to_string, to_strings
from kmanifest.engines.helm.sprig.gotypes import (
    SPACES,
    check_items,
    check_text,
    from_bytes,
    join_limited,
    to_bytes,
)
from kmanifest.model.deadline import check_time, checked, sorted_in_slices
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Callable


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Their strings and lists are at most as long as `limits` allows.
    """

    def repeat(count: int, text: str) -> str:
        if count < 0:
            raise GoError("strings: negative Repeat count")
        check_text(count * len(text), limits)
        return text * count

    def indent(count: int, text: str) -> str:
        pad = repeat(count, " ")
        check_text(count * (text.count("\n") + 1) + len(text), limits)
        return pad + text.replace("\n", "\n" + pad)

    def replace(old: str, new: str, text: str) -> str:
        if len(new) > len(old):
            check_text(len(text) + (len(new) - len(old)) * text.count(old), limits)
        return text.replace(old, new)

    def split_checked(separator: str, text: str, count: int = -1) -> list[str]:
        parts = _split(separator, text, count)
        check_items(len(parts), limits)
        return parts

    def wrap_with(width: int, line_break: str, text: str) -> str:
        check_text((len(line_break) or 1) * (len(text) // max(width, 1)) + len(text), limits)
        return _wrap(text, width, line_break or "\n", breaks_words=True)

    def join_with_spaces(to_string_function: Callable[[Value], str]) -> Function:
        def call(*values: Value) -> str:
            if len(values) == 1 and values[0] is not None:
                return to_string_function(values[0])
            texts: list[str] = []
            size = 0
            for value in checked(values):
                if value is not None:
                    texts.append(to_string_function(value))
                    size += len(texts[-1]) + 1
                    check_text(size - 1, limits)
            return " ".join(texts)

        return Function(call, ("...interface {}",), "string")

    return {
        "abbrev": Function(_abbreviate, ("int", "string"), "string"),
        "abbrevboth": Function(_abbreviate_both, ("int", "int", "string"), "string"),
        "camelcase": Function(_camel_case, ("string",), "string"),
        "cat": join_with_spaces(go_text),
        "contains": Function(_contains, ("string", "string"), "bool"),
        "hasPrefix": Function(_has_prefix, ("string", "string"), "bool"),
        "hasSuffix": Function(_has_suffix, ("string", "string"), "bool"),
        "hello": Function(lambda: "Hello!", (), "string"),
        "indent": Function(indent, ("int", "string"), "string"),
        "initials": Function(_initials, ("string",), "string"),
        "join": Function(
            lambda separator, value: join_limited(to_strings(value), separator, limits),
            ("string", "interface {}"),
            "string",
        ),
        "kebabcase": Function(_kebab_case, ("string",), "string"),
        "lower": Function(letters.lower, ("string",), "string"),
        "nindent": Function(
            lambda count, text: "\n" + indent(count, text), ("int", "string"), "string"
        ),
        "nospace": Function(_without_spaces, ("string",), "string"),
        "plural": Function(
            lambda one, many, count: one if count == 1 else many,
            ("string", "string", "int"),
            "string",
        ),
        "quote": join_with_spaces(lambda value: quoted(to_string(value))),
        "repeat": Function(repeat, ("int", "string"), "string"),
        "replace": Function(replace, ("string", "string", "string"), "string"),
        "snakecase": Function(_snake_case, ("string",), "string"),
        "sortAlpha": Function(_sort, ("interface {}",), "[]string"),
        "split": Function(
            lambda separator, text: _numbered_parts(split_checked(separator, text)),
            ("string", "string"),
            "map[string]string",
        ),
        "splitList": Function(
            lambda separator, text: Strings(split_checked(separator, text)),
            ("string", "string"),
            "[]string",
        ),
        "splitn": Function(
            lambda separator, count, text: _numbered_parts(split_checked(separator, text, count)),
            ("string", "int", "string"),
            "map[string]string",
        ),
        "squote": join_with_spaces(lambda value: f"'{go_text(value)}'"),
        "substr": Function(_substring, ("int", "int", "string"), "string"),
        "swapcase": Function(letters.swap_case, ("string",), "string"),
        "title": Function(letters.title, ("string",), "string"),
        "toString": Function(to_string, ("interface {}",), "string"),
        "toStrings": Function(to_strings, ("interface {}",), "[]string"),
        "trim": Function(lambda text: text.strip(SPACES), ("string",), "string"),
        "trimAll": Function(
            lambda cutset, text: text.strip(cutset), ("string", "string"), "string"
        ),
        "trimPrefix": Function(_trim_prefix, ("string", "string"), "string"),
        "trimSuffix": Function(_trim_suffix, ("string", "string"), "string"),
        "trimall": Function(
            lambda cutset, text: text.strip(cutset), ("string", "string"), "string"
        ),
        "trunc": Function(_truncate, ("int", "string"), "string"),
        "untitle": Function(letters.untitle, ("string",), "string"),
        "upper": Function(letters.upper, ("string",), "string"),
        "wrap": Function(
            lambda width, text: _wrap(text, width, "\n", breaks_words=False),
            ("int", "string"),
            "string",
        ),
        "wrapWith": Function(wrap_with, ("int", "string", "string"), "string"),
    }


def _camel_case(text: str) -> str:
    from kmanifest.engines.helm.sprig.cases import camel_case

    return camel_case(text)


def _snake_case(text: str) -> str:
    from kmanifest.engines.helm.sprig.cases import lower_case

    return lower_case(text, "_")


def _kebab_case(text: str) -> str:
    from kmanifest.engines.helm.sprig.cases import lower_case

    return lower_case(text, "-")


def _may_have_raw_bytes(*texts: str) -> bool:
    """Return whether a text may contain bytes that are not UTF-8, so that characters must not be compared."""
    return not all(text.isascii() or text.isprintable() for text in texts)


def _contains(part: str, text: str) -> bool:
    return to_bytes(part) in to_bytes(text) if _may_have_raw_bytes(part) else part in text


def _has_prefix(part: str, text: str) -> bool:
    return (
        to_bytes(text).startswith(to_bytes(part))
        if _may_have_raw_bytes(part)
        else text.startswith(part)
    )


def _has_suffix(part: str, text: str) -> bool:
    return (
        to_bytes(text).endswith(to_bytes(part))
        if _may_have_raw_bytes(part)
        else text.endswith(part)
    )


def _trim_prefix(part: str, text: str) -> str:
    return (
        text.removeprefix(part)
        if not _may_have_raw_bytes(part)
        else _trim_bytes(part, text, at_end=False)
    )


def _trim_suffix(part: str, text: str) -> str:
    return (
        text.removesuffix(part)
        if not _may_have_raw_bytes(part)
        else _trim_bytes(part, text, at_end=True)
    )


def _trim_bytes(part: str, text: str, *, at_end: bool) -> str:
    data, part_bytes = to_bytes(text), to_bytes(part)
    return from_bytes(data.removesuffix(part_bytes) if at_end else data.removeprefix(part_bytes))


def _split(separator: str, text: str, count: int) -> list[str]:
    """Return the parts of a text, at most `count` unless it is negative; its characters if the separator is empty.

    Source: Go 1.26 src/strings/strings.go, genSplit and explode.
    """
    if count == 0:
        return []
    if not separator:
        if count < 0 or count > len(text):
            return list(text)
        return [*text[: count - 1], text[count - 1 :]]
    return text.split(separator, count - 1 if count > 0 else -1)


def _numbered_parts(parts: list[str]) -> StringMap:
    return StringMap((f"_{index}", part) for index, part in enumerate(checked(parts)))


def _sort(value: Value) -> Strings:
    """Return the strings of a list in order.

    A `[]string` is sorted in place.

    Source: sprig v3.3.0 list.go, sortAlpha.
    """
    if not isinstance(value, list | bytes):
        return Strings((to_string(value),))
    strings = to_strings(value)
    strings[:] = sorted_in_slices(strings, to_bytes)
    return strings if isinstance(strings, Strings) else Strings(strings)


def _truncate(count: int, text: str) -> str:
    """Return the first bytes of a text, the last ones for a negative count; the whole text if it is shorter."""
    data = to_bytes(text)
    if count < 0:
        return from_bytes(data[count:]) if len(data) + count > 0 else text
    return from_bytes(data[:count]) if len(data) > count else text


def _substring(start: int, end: int, text: str) -> str:
    data = to_bytes(text)
    size = len(data)
    if start < 0:
        if end < 0:
            raise GoError(f"runtime error: slice bounds out of range [:{end}]")
        if end > size:
            raise GoError(f"runtime error: slice bounds out of range [:{end}] with length {size}")
        return from_bytes(data[:end])
    if end < 0 or end > size:
        end = size
    if start > end:
        raise GoError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return from_bytes(data[start:end])


def _abbreviate(width: int, text: str) -> str:
    return _abbreviate_bytes(to_bytes(text), 0, width) if width >= 4 else text


def _abbreviate_both(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return _abbreviate_bytes(to_bytes(text), left, right)


def _abbreviate_bytes(data: bytes, offset: int, width: int) -> str:
    """Return at most `width` bytes of a text, with dots for those that are left out.

    Source: goutils v1.1.1 stringutils.go, AbbreviateFull.
    """
    size = len(data)
    if size <= width:
        return from_bytes(data)
    offset = min(offset, size)
    if size - offset < width - 3:
        offset = size - (width - 3)
    if offset <= 4:
        return from_bytes(data[: width - 3] + b"...")
    if width < 7:
        return ""
    if offset + width - 3 < size:
        return "..." + _abbreviate_bytes(data[offset:], 0, width - 3)
    return from_bytes(b"..." + data[size - (width - 3) :])


def _without_spaces(text: str) -> str:
    """Return a text without its spaces.

    If there are any, each remaining byte becomes a character.

    Source: goutils v1.1.1 stringutils.go, DeleteWhiteSpace.
    """
    data = to_bytes(text)
    characters = [chr(byte) for byte in checked(data) if chr(byte) not in SPACES]
    return text if len(characters) == len(data) else "".join(characters)


def _initials(text: str) -> str:
    """Return the first byte of each word, as a character.

    Source: goutils v1.1.1 wordutils.go, Initials.
    """
    parts = []
    is_word_start = True
    for byte in checked(to_bytes(text)):
        char = chr(byte)
        if char in SPACES:
            is_word_start = True
        elif is_word_start:
            parts.append(char)
            is_word_start = False
    return "".join(parts)


def _wrap(text: str, width: int, line_break: str, *, breaks_words: bool) -> str:
    """Return the text in lines of `width` bytes, broken at spaces.

    Source: goutils v1.1.1 wordutils.go, WrapCustom.
    """
    data, separator = to_bytes(text), to_bytes(line_break)
    width = max(width, 1)
    size, offset = len(data), 0
    lines: list[bytes] = []
    while size - offset > width:
        check_time()
        if data[offset] == 0x20:
            offset += 1
            continue
        space = data.rfind(b" ", offset, offset + width + 1)
        if space < 0 and breaks_words:
            lines += (data[offset : offset + width], separator)
            offset += width
            continue
        if space < 0:
            space = data.find(b" ", offset + width)
            if space < 0:
                break
        lines += (data[offset:space], separator)
        offset = space + 1
    lines.append(data[offset:])
    return from_bytes(b"".join(lines))
