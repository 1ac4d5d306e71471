"""Print values as YAML, byte for byte as Marshal of sigs.k8s.io/yaml does (and so `kustomize build`).

The output is in block style, with keys in go-yaml's natural order. A list is not indented under its key. An
empty container is `{}` or `[]`. The printer keeps a stack of its own, so only the data limits the depth, not
Python's stack. Each frame is one open mapping or list. Its `lead` is the start of its next line: the
indentation, or `- ` if the container starts on the line of its list item.

Two caches make it fast, because the strings and the key sets of a build repeat: the printed line of each
string, and the sorted form of each set of keys. They belong to a `Dumper`, which lives as long as one build.
"""

import re

from kmanifest.model.deadline import checked, current_check, sorted_in_slices
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.values import FlowBlankKey, Value
from kmanifest.startup.typing import Any, Callable, Final, Iterable, Iterator, Mapping, Sequence
from kmanifest.yaml.scalars import (
    WIDTH,
    fold,
    over_limit,
    render_block,
    render_float,
    render_int,
    render_line,
)

_MAX_SIMPLE_KEY: Final = 128  # bytes; yaml/v2 emitterc.go, yaml_emitter_check_simple_key
# In characters between the quotes, when the key passes through JSON. Source: scannerc.go, yaml_simple_key_is_valid.
_MAX_JSON_KEY: Final = 1022
# The characters that JSON escapes with six characters.
_JSON_ESCAPED: Final = re.compile("[\0-\x07\x0b\x0e-\x1f<>&\u2028\u2029]")

_LEAVES: Final = frozenset((int, bool, float))
_LISTS: Final = (list, tuple)
# The usual types come first, because the check for Mapping is slow.
_CONTAINERS: Final = (dict, list, tuple, Mapping)
_MAX_LINES: Final = 20_000  # lines that are kept before they are joined and their size is checked
_LONG_LINE: Final = 4_000  # characters; the size of a longer line is checked at once
_CYCLE_CHECK_DEPTH: Final = 64  # cycles are searched for in containers that are nested deeper
_KEY_BREAK: Final = re.compile("[\n\r\u2028\u2029]")


class _Frame:
    """One container that is being printed.

    `items` are the keys or items that are still to be printed. `lead` is the text before its first line, and
    empty for the lines after it, which are indented by `indent`.
    """

    __slots__ = ("container", "indent", "items", "lead", "mapping")

    def __init__(
        self,
        container: Any,
        items: Iterator[Any],
        mapping: Mapping[str, Any] | None,
        lead: str,
        indent: int,
    ) -> None:
        self.container = container
        self.items = items
        self.mapping = mapping
        self.lead = lead
        self.indent = indent


class _OutputLines:
    """The lines of one document, and the limit on its size."""

    __slots__ = ("_joined", "_limit", "_long", "_size", "lines")

    def __init__(self, limit: int) -> None:
        self.lines: list[str] = []
        self._joined: list[str] = []
        self._size = 0  # characters in `_joined`
        self._long = 0  # characters in the long lines of `lines`
        self._limit = limit

    def put(self, line: str) -> None:
        """Add a line of any length. A line that is not long may be appended to `lines` directly."""
        self.lines.append(line)
        self._long += len(line)
        if self._size + self._long > self._limit:
            raise over_limit(self._limit)

    def join(self) -> None:
        """Join the lines. Raises LimitError if the document is too long."""
        self._joined.append("".join(self.lines))
        self._size += len(self._joined[-1])
        self._long = 0
        self.lines.clear()
        if self._size > self._limit:
            raise over_limit(self._limit)

    def text(self) -> str:
        """The whole document. Raises LimitError if it is too long."""
        self.join()
        return self._joined[0] if len(self._joined) == 1 else "".join(self._joined)


class Dumper:
    """Prints the values of one build. It caches how each string and each set of keys is printed."""

    __slots__ = ("_has_deadline", "_keys", "_limit", "_lines", "_orders")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = limits.max_output
        self._lines: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._orders: dict[tuple[str, ...], Sequence[str]] = {}
        self._has_deadline = current_check() is not None

    def dump(self, value: Value) -> str:
        """Print one document, with a line break at its end.

        Raises SourceError for values that JSON or YAML can't represent: NaN, infinities, control characters.
        Raises LimitError for more than `max_output` characters, which even a small body can have if its parts
        are shared many times. If both apply, the one that comes first in the text is raised.
        """
        output = _OutputLines(self._limit)
        try:
            self._walk(value, output)
        except Exception:
            output.join()  # the lines before the error may exceed the limit
            raise
        return output.text()

    def _walk(self, value: Any, output: _OutputLines) -> None:
        stack: list[_Frame] = []
        frame = self._open(value, "", 0)
        if frame is None:
            output.put(self._scalar(value, 0, 2))
        while frame is not None:
            child = (
                self._print_list(frame, output)
                if frame.mapping is None
                else self._print_mapping(frame, output)
            )
            if len(output.lines) > _MAX_LINES:
                output.join()
            if child is not None:
                stack.append(frame)
                if len(stack) > _CYCLE_CHECK_DEPTH and _is_cycle(stack, child):
                    raise over_limit(self._limit)
                frame = child
            else:
                frame = stack.pop() if stack else None

    def _open(self, value: Any, lead: str, indent: int) -> _Frame | None:
        """A frame for a container that is not empty, None for any other value."""
        if isinstance(value, _LISTS):
            items = checked(value) if self._has_deadline else value
            return _Frame(value, iter(items), None, lead, indent) if value else None
        if value.__class__ is dict or isinstance(value, Mapping):
            keys: Iterable[str] = self._sorted(value)
            if self._has_deadline:
                keys = checked(keys)
            return _Frame(value, iter(keys), value, lead, indent) if value else None
        return None

    def _print_mapping(self, frame: _Frame, output: _OutputLines) -> _Frame | None:
        """Print the entries of the frame up to the next container, and return the frame of that container."""
        mapping, indent, out = frame.container, frame.indent, output.lines
        pad = " " * indent
        lead = frame.lead or pad
        frame.lead = ""
        lines, keys = self._lines, self._keys
        for key in frame.items:
            value = mapping[key]
            key_text = keys.get(key)
            if key_text is None:
                key_text = keys[key] = _render_key(key)
            if not key_text:
                child = self._print_complex_entry(mapping, key, lead, pad, output)
                if child is not None:
                    return child
                lead = pad
                continue
            if value.__class__ is str:
                line = lines.get(value)
                if line is None:
                    line = lines[value] = render_line(value)
                if line and indent + len(key_text) + len(line) < WIDTH:
                    out.append(f"{lead}{key_text}: {line}\n")
                    lead = pad
                    continue
            elif value and value.__class__ not in _LEAVES and isinstance(value, _CONTAINERS):
                line = f"{lead}{key_text}:\n"
                if indent < WIDTH:
                    out.append(line)
                else:
                    output.put(line)
                return self._open(value, "", indent if isinstance(value, _LISTS) else indent + 2)
            if value is None and _is_flow_blank(mapping, key):
                value = ""
            line = (
                f"{lead}{key_text}: {self._scalar(value, indent + len(key_text) + 2, indent + 2)}"
            )
            if len(line) < _LONG_LINE:
                out.append(line)
            else:
                output.put(line)
            lead = pad
        return None

    def _print_complex_entry(
        self, mapping: Mapping[str, Any], key: str, lead: str, pad: str, output: _OutputLines
    ) -> _Frame | None:
        """Print an entry whose key is too long or has several lines: `? key`, then `: value`."""
        value = mapping[key]
        indent = len(pad) + 2
        output.put(f"{lead}? {self._scalar(key, indent, indent)}")
        if value is None and _is_flow_blank(mapping, key):
            value = ""
        frame = self._open(value, pad + ": ", indent)
        if frame is None:
            output.put(f"{pad}: {self._scalar(value, indent, indent)}")
        return frame

    def _print_list(self, frame: _Frame, output: _OutputLines) -> _Frame | None:
        """Print the items of the frame up to the next container, and return the frame of that container."""
        out = output.lines
        pad = " " * frame.indent
        lead = frame.lead or pad
        frame.lead = ""
        lines = self._lines
        indent = len(pad) + 2
        for item in frame.items:
            if item.__class__ is str:
                line = lines.get(item)
                if line is None:
                    line = lines[item] = render_line(item)
                if line and indent + len(line) <= WIDTH:
                    out.append(f"{lead}- {line}\n")
                    lead = pad
                    continue
            elif item and item.__class__ not in _LEAVES and isinstance(item, _CONTAINERS):
                return self._open(item, lead + "- ", indent)
            line = f"{lead}- {self._scalar(item, indent, indent)}"
            if len(line) < _LONG_LINE:
                out.append(line)
            else:
                output.put(line)
            lead = pad
        return None

    def _scalar(self, value: Any, column: int, indent: int) -> str:
        """The text of a scalar or empty container at `column`, with a line break. Further lines start at `indent`."""
        if isinstance(value, str):
            # Its characters, whatever the `__str__` of a subclass returns.
            value = str.__str__(value)
            line = self._lines.get(value)
            if line is None:
                line = self._lines[value] = render_line(value)
            if line:
                if column + len(line) > WIDTH:
                    line = fold(line, column, indent, self._limit)
                return line + "\n"
            block = render_block(value, column, indent, self._limit)
            return block if block[0] == "|" else block + "\n"
        return _render_other(value) + "\n"

    def _sorted(self, mapping: Mapping[str, Any]) -> Sequence[str]:
        """The keys of `mapping` in go-yaml's order."""
        keys = tuple(mapping)
        order = self._orders.get(keys)
        if order is None:
            for key in keys:
                if not isinstance(key, str):
                    raise SourceError(f"the key {key!r} is not a string")
            order = self._orders[keys] = natural_order(keys)
        return order


def _is_flow_blank(mapping: Mapping[str, Any], key: str) -> bool:
    """Whether the null under `key` was written as nothing inside braces; it is then printed as an empty string.

    The keys in their order are those of the first mapping with equal keys, so the own key is looked for.
    """
    return any(own.__class__ is FlowBlankKey and own == key for own in mapping)


def _is_cycle(stack: list[_Frame], child: _Frame) -> bool:
    """Whether a container contains itself, found before it is printed many more times.

    R. P. Brent's method: a container is compared with the ancestor whose depth is the largest power of two.
    """
    return child.container is stack[1 << (len(stack) - 1).bit_length() - 1].container


def dump(value: Value) -> str:
    r"""Print one document as sigs.k8s.io/yaml does, with a line break at its end.

    Raises SourceError for values that JSON or YAML can't represent: NaN, infinities, control characters.
    Source: sigs.k8s.io/yaml v1.6.0 yaml.go, Marshal and JSONToYAML.

    >>> dump({"b": [1, {"c": "yes"}], "a": None})
    'a: null\nb:\n- 1\n- c: "yes"\n'
    """
    return Dumper().dump(value)


def _render_other(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return render_int(value)
    if isinstance(value, float):
        return render_float(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, _LISTS):
        return "[]"
    raise SourceError(f"a value of the type {type(value).__name__} can't be written as YAML")


def _render_key(key: str) -> str:
    """The text of a key on the line of its colon. Empty if the key can't be there."""
    key = str.__str__(key)
    if "\x85" in key:
        raise SourceError("the character U+0085 is not allowed in a key")
    if (
        _KEY_BREAK.search(key) is not None
        or len(key.encode("utf-8", "surrogatepass")) > _MAX_SIMPLE_KEY
    ):
        if len(_JSON_ESCAPED.sub("123456", key)) > _MAX_JSON_KEY:
            raise SourceError(f"a key of {len(key)} characters is too long")
        return ""
    return render_line(key)


# --- the order of keys ---------------------------------------------------------------------------------------------


def natural_order(keys: Iterable[str]) -> list[str]:
    """Sort `keys` as go-yaml v2 does: runs of digits count as numbers, anything else sorts before letters.

    Go's relation is not transitive (`v2 < v10 < v1alpha1 < v2`), and Go sorts from the random order of its
    maps. So its result depends on where the sort starts and which pairs it compares. Here, and in the
    compiled backend (native/src/order.rs), both are fixed. The sort starts from the order of code points.
    Then it merges neighbours, first single keys, then runs of 2, 4, 8 keys. A merge takes the left key unless
    the right one is less.
    Source: go.yaml.in/yaml/v2 v2.4.4 sorter.go, keyList.Less.
    """
    ordered = sorted_in_slices(list(keys))
    joined = "".join(ordered)
    if joined.isascii() and joined.translate(_PUNCTUATION).isalpha():
        # For letters and, apart from digits, the ASCII characters before them, code points decide.
        return ordered
    return merged_neighbours(ordered, _less)


def merged_neighbours(ordered: list[str], less: Callable[[str, str], bool]) -> list[str]:
    """Sort keys by a relation that need not be transitive: merge neighbours first, then runs of 2, 4, 8 keys."""
    width = 1
    while width < len(ordered):
        merged: list[str] = []
        for start in checked(range(0, len(ordered), 2 * width)):
            middle = start + width
            merged += _merge(ordered[start:middle], ordered[middle : middle + width], less)
        ordered = merged
        width *= 2
    return ordered


# The ASCII characters before the letters, without digits. For strings of these and letters, go-yaml's order is
# by code point.
_PUNCTUATION: Final = dict.fromkeys(map(ord, " !\"#$%&'()*+,-./:;<=>?@"), "a")


_LONG_RUN: Final = 100


def _merge(left: list[str], right: list[str], less: Callable[[str, str], bool]) -> list[str]:
    merged: list[str] = []
    taken = 0
    for key in checked(right) if len(right) > _LONG_RUN else right:
        while taken < len(left) and not less(key, left[taken]):
            merged.append(left[taken])
            taken += 1
        merged.append(key)
    return merged + left[taken:]


def _less(left: str, right: str) -> bool:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return _less_at(left, right, index)
    return len(left) < len(right)


def _less_at(left: str, right: str, index: int) -> bool:
    """Whether `left` sorts before `right`. `index` is the first index at which they differ."""
    a, b = left[index], right[index]
    a_letter, b_letter = a.isalpha(), b.isalpha()
    if a_letter or b_letter:
        return a < b if a_letter and b_letter else b_letter
    seed = 1 if "0" in (a, b) and _in_number(left, index) else 0
    a_number, a_end = _number_at(left, index, seed)
    b_number, b_end = _number_at(right, index, seed)
    if a_number != b_number:
        return a_number < b_number
    return a_end < b_end if a_end != b_end else a < b


def _in_number(text: str, index: int) -> bool:
    """Whether the digits directly before `index` contain one other than zero."""
    for char in reversed(text[:index]):
        if not char.isdecimal():
            return False
        if char != "0":
            return True
    return False


def _number_at(text: str, index: int, number: int) -> tuple[int, int]:
    """The number at `index` and the index of its end.

    `number` is put before its digits. The result wraps around like Go's int64.
    """
    while index < len(text) and text[index].isdecimal():
        number = (number * 10 + ord(text[index]) - 48 + (1 << 63)) % (1 << 64) - (1 << 63)
        index += 1
    return number, index
