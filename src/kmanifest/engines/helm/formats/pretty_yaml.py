"""Print Go values as YAML as go-yaml v3 does with an indentation of two, for `toYamlPretty`.

The value is not converted to JSON: a float prints as in Go, and a struct by its YAML names. Nothing is folded. Lists
are indented two columns more than their key. Containers are kept on a stack, not in recursive calls.

Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, emitterc.go and sorter.go.
"""

import re
from functools import partial

from kmanifest.engines.helm.gotemplate.gofmt import float_text
from kmanifest.engines.helm.gotemplate.values import GoError, GoMap, GoObject, Value
from kmanifest.engines.helm.sprig.dicts import too_deep
from kmanifest.engines.helm.sprig.durations import Duration
from kmanifest.engines.helm.sprig.gotypes import check_text, to_bytes
from kmanifest.model.deadline import check_time, checked, in_slices, sorted_in_slices
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final, Iterable, Iterator, Mapping
from kmanifest.yaml.dumper import merged_neighbours
from kmanifest.yaml.resolve import INT64_MAX, is_plain_string
from kmanifest.yaml.scalars import SPECIAL_SET, chomping, escape

_BREAK: Final = "\r\n\x85\u2028\u2029"
_SPECIAL: Final = re.compile(f"[{SPECIAL_SET}]")
_BREAKS: Final = re.compile(f"[{_BREAK}]")
_SPACE_BREAK: Final = re.compile(f" [{_BREAK}]")
_BREAK_SPACE: Final = re.compile(f"[{_BREAK}] ")
_EDGE: Final = re.compile(rf"\A[ {_BREAK}]|[ {_BREAK}]\Z")
_INDICATOR: Final = re.compile(
    rf"""\A(?:[#,\[\]{{}}&*!|>'"%@`]|---|\.\.\.|[?:-](?:[ \t]|\Z))|:(?:[ \t]|\Z)|[ \t\0{_BREAK}]#"""
)
_ESCAPED: Final = re.compile(f'[\t{SPECIAL_SET}"\\\\\n\u2028\u2029]')
_BASE60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_LINE_START: Final = re.compile(f"(?<![^{_BREAK}])(?=[^{_BREAK}])")
_AFTER_BREAK: Final = re.compile(f"(?<=[{_BREAK}])(?=[^{_BREAK}])")
_FLOATS: Final = {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}
_MAX_KEY: Final = 128


class _OpenContainer:
    """A mapping or list that is being printed: its remaining items, and the text before its first line."""

    __slots__ = ("indent", "is_mapping", "items", "lead")

    def __init__(self, items: Iterator[Any], lead: str, indent: int, *, is_mapping: bool) -> None:
        self.items = items
        self.lead = lead
        self.indent = indent
        self.is_mapping = is_mapping


def print_value(value: Value, limits: Limits) -> str:
    """Return the document of a value, with a line break at its end.

    Raises GoError for a value that YAML can't represent, and LimitError.
    """
    out = _Lines(limits)
    stack: list[_OpenContainer] = []
    container = _open_container(value, "", 0)
    if container is None:
        return _with_line_break(_scalar(value, 2))
    stack.append(container)
    while stack:
        check_time()
        container = _print_frame(stack[-1], out)
        if container is None:
            stack.pop()
        else:
            stack.append(container)
            if len(stack) > limits.max_depth:
                raise too_deep(limits)
    return out.text()


class _Lines:
    """The printed lines. Their size is counted as they are added, because a long string can be printed many times."""

    __slots__ = ("_limits", "_lines", "_size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: list[str] = []
        self._size = 0

    def append(self, line: str) -> None:
        """Add a line. Raises LimitError if the text becomes too long."""
        self._size += len(line)
        check_text(self._size, self._limits)
        self._lines.append(line)

    def text(self) -> str:
        return "".join(self._lines)


def _print_frame(frame: _OpenContainer, out: _Lines) -> _OpenContainer | None:
    """Print the rest of a container up to the next container in it, and return that one."""
    pad = " " * frame.indent
    for item in checked(frame.items):
        lead, frame.lead = frame.lead or pad, ""
        if not frame.is_mapping:
            container = _open_container(item, lead + "- ", frame.indent + 2)
            if container is not None:
                return container
            out.append(_with_line_break(f"{lead}- {_scalar(item, frame.indent + 2)}"))
            continue
        key, value = item
        container, line = _mapping_entry(lead, pad, key, value, frame.indent)
        out.append(line)
        if container is not None:
            return container
    return None


def _mapping_entry(
    lead: str, pad: str, key: Any, value: Any, indent: int
) -> tuple[_OpenContainer | None, str]:
    """Return the container in a value, if it has one, and the line of the key with any other value."""
    key_text = _simple_key(key)
    if key_text is None:
        key_block = _string_text(key, indent + 2)
        container = _open_container(value, pad + ": ", indent + 2)
        line = _with_line_break(f"{lead}? {key_block}")
        return container, line if container is not None else line + _with_line_break(
            f"{pad}: {_scalar(value, indent + 2)}"
        )
    container = _open_container(value, "", indent + 2)
    if container is not None:
        return container, f"{lead}{key_text}:\n"
    return None, _with_line_break(f"{lead}{key_text}: {_scalar(value, indent + 2)}")


def _with_line_break(line: str) -> str:
    """Return a line with a line break, unless a block already ends with another kind of break."""
    return line if line[-1] in "\x85\u2028\u2029" else line + "\n"


def _simple_key(key: Any) -> str | None:
    """Return a key that fits on one line with its colon. None if it is too long or has line breaks."""
    if not isinstance(key, str):
        return _scalar(key, 0)
    if _BREAKS.search(key) is not None or len(to_bytes(key)) > _MAX_KEY:
        return None
    return _string_text(key, 0, is_key=True)


def _open_container(value: Any, lead: str, indent: int) -> _OpenContainer | None:
    """Return the state for printing a container that is not empty, None for other values."""
    if isinstance(value, GoMap):
        value = value.entries
    if isinstance(value, GoObject) and not isinstance(value, dict | list):
        fields = _object_fields(value)
        if not isinstance(fields, Mapping) or not fields:
            return None
        return _OpenContainer(iter(fields.items()), lead, indent, is_mapping=True)
    if isinstance(value, dict) and value:
        items = iter([(key, value[key]) for key in _sorted_keys(value)])
        return _OpenContainer(items, lead, indent, is_mapping=True)
    if isinstance(value, list | bytes) and value:
        return _OpenContainer(iter(value), lead, indent, is_mapping=False)
    return None


def _object_fields(value: GoObject) -> Any:
    make = getattr(value, "pretty", None) or getattr(value, "json", None)
    if make is not None:
        return make()
    return {name.lower(): field for name, field in value.fields().items()}


def _scalar(value: Any, indent: int) -> str:
    """Return a scalar or an empty container, without a line break at its end."""
    if isinstance(value, str):
        return _string_text(value, indent)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        text = float_text(value, "g", -1)
        return _FLOATS.get(text, text)
    if isinstance(value, int):
        return (
            _string_text(value.text(), indent)
            if isinstance(value, Duration)
            else int.__repr__(value)
        )
    if isinstance(value, list | bytes):
        return "[]"
    if isinstance(value, dict | GoMap):
        return "{}"
    if isinstance(value, GoObject):
        fields = _object_fields(value)
        if isinstance(fields, Mapping):
            return "{}"
        # A time is printed without quotes, even if it looks like another type.
        return str(fields) if value.go_type == "time.Time" else _string_text(fields, indent)
    raise GoError(f"cannot marshal type: {type(value).__name__}")


def _string_text(text: str, indent: int, *, is_key: bool = False) -> str:
    """Return a string in the style that go-yaml chooses. Further lines have the indentation `indent`."""
    if not (text.isascii() or text.isprintable()) and re.search("[\udc80-\udcff]", text):
        from base64 import b64encode

        return f"!!binary {b64encode(to_bytes(text)).decode()}"
    is_multiline = _BREAKS.search(text) is not None
    has_special = _SPECIAL.search(text) is not None
    has_space_break = is_multiline and _SPACE_BREAK.search(text) is not None
    if "\n" in text:
        is_literal = not (has_special or has_space_break or text.endswith(" ") or is_key)
        return _literal_block(text, indent) if is_literal else _double_quoted(text)
    if not _is_string(text) or has_special or has_space_break or "\t" in text:
        return _double_quoted(text)
    if is_multiline:
        return (
            _double_quoted(text)
            if is_key or _BREAK_SPACE.search(text)
            else _single_quoted(text, indent)
        )
    if _EDGE.search(text) is not None or _INDICATOR.search(text) is not None:
        return _single_quoted(text, indent)
    return text


def _is_string(text: str) -> bool:
    """Return whether go-yaml v3 and readers of YAML 1.1 read the text without quotes as a string.

    Source: encode.go, stringv.
    """
    if not text or not is_plain_string(text):
        return False
    return _BASE60.fullmatch(text) is None if ":" in text else not _is_odd_number(text)


def _is_odd_number(text: str) -> bool:
    """Return whether v3 alone reads a number: it removes all underscores first."""
    return "_" in text and text[0] in "+-0123456789" and not is_plain_string(text.replace("_", ""))


def _single_quoted(text: str, indent: int) -> str:
    """Return a single-quoted string. Text after a Unicode line break is indented."""
    return "'" + _AFTER_BREAK.sub(" " * indent, text.replace("'", "''")) + "'"


def _double_quoted(text: str) -> str:
    if text.startswith("\ufeff"):
        # For each character go-yaml tests whether the whole text starts with a byte order mark. So all are escaped.
        return '"' + "".join(map(escape, checked(text))) + '"'
    escape_part = partial(_ESCAPED.sub, lambda match: escape(match.group()))
    return '"' + in_slices(escape_part, text) + '"'


def _literal_block(text: str, indent: int) -> str:
    pad = " " * indent
    hint = "2" if text[0] in f" {_BREAK}" else ""
    body = _LINE_START.sub(pad, text)
    return f"|{hint}{chomping(text)}\n{body.removesuffix(chr(10))}"


# --- the order of keys ---------------------------------------------------------------------------------------------


def _sorted_keys(keys: Iterable[Any]) -> list[Any]:
    """Return keys in the natural order of v3.

    It differs from that of v2 if a letter is compared with another character after digits. The relation is not
    transitive. So neighbours are merged, starting from the order of code points, as `kmanifest.yaml.dumper` does for
    v2.
    """
    try:
        ordered = sorted_in_slices(list(keys))
    except TypeError:
        return sorted(keys, key=str)
    return merged_neighbours(ordered, _less)


def _less(left: str, right: str) -> bool:
    """Return whether a key sorts before another.

    Source: sorter.go, keyList.Less.
    """
    after_digit = False
    for at, (char, other_char) in enumerate(zip(left, right, strict=False)):
        if char == other_char:
            after_digit = char.isdecimal()
            continue
        is_letter, is_other_letter = char.isalpha(), other_char.isalpha()
        if is_letter and is_other_letter:
            return char < other_char
        if is_letter or is_other_letter:
            return is_letter if after_digit else is_other_letter
        return _less_numbers(left, right, at)
    return len(left) < len(right)


def _less_numbers(left: str, right: str, at: int) -> bool:
    start = 0
    if "0" in (left[at], right[at]):
        before = re.search("[0-9]*\\Z", left[:at])
        start = 1 if before is not None and before.group().strip("0") else 0
    number, end = _read_number(left, at, start)
    other, other_end = _read_number(right, at, start)
    if number != other:
        return number < other
    if end != other_end:
        return end < other_end
    return left[at] < right[at]


def _read_number(text: str, at: int, start: int) -> tuple[int, int]:
    """Return the number that continues at a position, as a signed 64-bit integer, and the position of its end."""
    number = start
    while at < len(text) and text[at].isdecimal():
        number = (number * 10 + ord(text[at]) - 48) & ((1 << 64) - 1)
        at += 1
    return (number - (1 << 64) if number > INT64_MAX else number), at
