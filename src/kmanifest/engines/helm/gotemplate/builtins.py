"""The functions that are predefined in every template.

Source: Go 1.26 text/template/funcs.go.
"""

from kmanifest.engines.helm.gotemplate import gofmt
from kmanifest.engines.helm.gotemplate.gofmt import kind_name, type_name
from kmanifest.engines.helm.gotemplate.quoting import has_raw_bytes
from kmanifest.engines.helm.gotemplate.values import (
    NIL,
    Function,
    GoError,
    GoObject,
    Uint8,
    Value,
    indirect,
)
from kmanifest.model.deadline import checked, in_slices
from kmanifest.startup.typing import Final, Mapping

REFLECT_VALUE: Final = "reflect.Value"
"""The type of a parameter that accepts any value and distinguishes a missing value from a nil one."""


def truth(value: Value) -> bool:
    """Return whether `value` is true for `if`, `and` and `or`: not zero, not empty, not nil."""
    return bool(value)


def _not(value: Value) -> bool:
    return not value


def _run_by_executor(*_: Value) -> Value:
    raise GoError("and, or and call are run by the executor")


def _len(value: Value) -> int:
    if value is None:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    if value is NIL:
        raise GoError("len of nil pointer")
    if value.__class__ is str:
        return _byte_length(value)
    if isinstance(value, (list, dict, bytes)):
        return len(value)
    if isinstance(value, GoObject) and value.kind in ("map", "slice"):
        return len(value.fields())
    raise GoError(f"len of type {type_name(indirect(value))}")


def _byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _index(item: Value, *indexes: Value) -> Value:
    if not item and (item is None or item is NIL):
        raise GoError("index of untyped nil")
    for index in checked(indexes):
        item = _element(item, None if index is NIL else index)
    return item


def _element(item: Value, index: Value) -> Value:
    if item is None:
        raise GoError("index of nil pointer")
    if isinstance(item, str):
        data = item.encode("utf-8", "surrogateescape")
        position = _index_number(index, len(data))
        if position == len(data):
            raise GoError("reflect: string index out of range")
        return Uint8(data[position])
    if isinstance(item, (list, bytes)):
        position = _index_number(index, len(item))
        if position == len(item):
            raise GoError("reflect: slice index out of range")
        return item[position] if isinstance(item, list) else Uint8(item[position])
    if isinstance(item, dict) or (isinstance(item, GoObject) and item.kind == "map"):
        entries: Mapping[str, Value] = item if isinstance(item, dict) else item.fields()
        if index is None:
            raise GoError("value is nil; should be of type string")
        if not isinstance(index, str):
            raise GoError(f"value has type {type_name(index)}; should be string")
        return entries[index] if index in entries else zero_element(item)
    raise GoError(f"can't index item of type {type_name(indirect(item))}")


def zero_element(container: Value) -> Value:
    """Return Go's result for a key that `container` does not have."""
    if type_name(container).endswith("]string"):
        return ""
    # The name of a named type does not contain its element type.
    return getattr(container, "zero", None)


def _index_number(index: Value, maximum: int) -> int:
    if index is None:
        raise GoError("cannot index slice/array with nil")
    if index is NIL:
        raise GoError("cannot index slice/array with type interface {}")
    if index.__class__ is bool or not isinstance(index, int):
        raise GoError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index <= maximum:
        raise GoError(f"index out of range: {index:d}")
    return int(index)


def _slice(item: Value, *indexes: Value) -> Value:
    if item is None or item is NIL:
        raise GoError("slice of untyped nil")
    if len(indexes) > 3:
        raise GoError(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str):
        if len(indexes) == 3:
            raise GoError("cannot 3-index slice a string")
        data = item.encode("utf-8", "surrogateescape")
        start, end = _slice_range(indexes, len(data), len(data))
        return data[start:end].decode("utf-8", "surrogateescape")
    if isinstance(item, list):
        capacity = _capacity(len(item))
        start, end = _slice_range(indexes, len(item), capacity)
        padded = (
            item if end <= len(item) else [*item, *[zero_element(item)] * (capacity - len(item))]
        )
        return type(item)(padded[start:end])
    if isinstance(item, bytes):
        start, end = _slice_range(indexes, len(item), len(item))
        return item[start:end]
    raise GoError(f"can't slice item of type {type_name(indirect(item))}")


def _slice_range(indexes: tuple[Value, ...], length: int, maximum: int) -> tuple[int, int]:
    numbers = [_index_number(index, maximum) for index in checked(indexes)]
    start, end = (*numbers, 0, length)[:2] if not numbers else (*numbers, length)[:2]
    if start > end:
        raise GoError(f"invalid slice index: {start} > {end}")
    if len(numbers) == 3 and end > numbers[2]:
        raise GoError(f"invalid slice index: {end} > {numbers[2]}")
    return start, end


def _capacity(length: int) -> int:
    """Return the capacity of a slice of this length that encoding/json has filled: it grows in steps.

    Source: Go 1.26 runtime/slice.go, nextslicecap, without the allocator's rounding above 512
    elements.
    """
    capacity = 1 if length else 0
    while capacity < length:
        capacity += capacity if capacity < 256 else (capacity + 768) // 4
    return capacity


_BOOL, _COMPLEX, _INT, _FLOAT, _STRING, _UINT = "bool", "complex", "int", "float", "string", "uint"
_BAD_COMPARISON_TYPE: Final = "invalid type for comparison"
_KINDS: Final = {bool: _BOOL, int: _INT, float: _FLOAT, str: _STRING, complex: _COMPLEX}


def _basic_kind(value: Value) -> str:
    """Return the group of types that `value` can be compared with; empty if it can't be compared."""
    kind = _KINDS.get(value.__class__)
    if kind is not None:
        return kind
    if isinstance(value, int):
        return _UINT if isinstance(value, Uint8) or type_name(value).startswith("uint") else _INT
    if isinstance(value, float):
        return _FLOAT
    return _STRING if isinstance(value, str) else ""


def _none_for_nil(value: Value) -> Value:
    return None if value is NIL else value


def _eq(first: Value, *others: Value) -> bool:
    if not others:
        raise GoError("missing argument for comparison")
    first = _none_for_nil(first)
    kind = _basic_kind(first)
    return any(_equal(first, kind, _none_for_nil(other)) for other in checked(others))


def _equal(first: Value, kind: str, other: Value) -> bool:
    other_kind = _basic_kind(other)
    if kind != other_kind:
        if {kind, other_kind} == {_INT, _UINT}:
            return bool(first == other)
        if first is not None and other is not None:
            raise _incompatible(first, other)
        return False
    if kind:
        return bool(first == other)
    return _equal_objects(first, other)


def _equal_objects(first: Value, other: Value) -> bool:
    if first is None or other is None:
        return first is other
    if kind_name(first) != kind_name(other):
        problem = gofmt.sprintf("non-comparable types %s: ", [first])
        raise GoError(f"{problem}{type_name(first)}, {type_name(other)}: {gofmt.text(other)}")
    if kind_name(other) in ("slice", "map", "func"):
        problem = gofmt.sprintf("non-comparable type %s: ", [other])
        raise GoError(problem + type_name(other))
    if not isinstance(first, GoObject):
        return first is other
    if first.kind == "struct" and not other.comparable:
        raise GoError(gofmt.sprintf("non-comparable type %s: ", [other]) + type_name(other))
    return first.equals(other)


def _incompatible(first: Value, other: Value) -> GoError:
    types = f"{type_name(first)} and {type_name(other)}"
    return GoError(f"incompatible types for comparison: {types}")


def _ne(first: Value, other: Value) -> bool:
    return not _eq(first, other)


def _lt(first: Value, other: Value) -> bool:
    first, other = _none_for_nil(first), _none_for_nil(other)
    kind, other_kind = _basic_kind(first), _basic_kind(other)
    if not kind or not other_kind:
        raise GoError(_BAD_COMPARISON_TYPE)
    if kind != other_kind:
        if {kind, other_kind} != {_INT, _UINT}:
            raise _incompatible(first, other)
    elif kind in (_BOOL, _COMPLEX):
        raise GoError(_BAD_COMPARISON_TYPE)
    if kind == _STRING and not (first.isascii() and other.isascii()):
        return bool(_bytes(first) < _bytes(other))
    return bool(first < other)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _le(first: Value, other: Value) -> bool:
    return _lt(first, other) or _eq(first, other)


def _gt(first: Value, other: Value) -> bool:
    return not _le(first, other)


def _ge(first: Value, other: Value) -> bool:
    return not _lt(first, other)


def _printf(format_string: str, *arguments: Value) -> str:
    return gofmt.sprintf(format_string, arguments)


def _print(*arguments: Value) -> str:
    return gofmt.sprint(arguments)


def _println(*arguments: Value) -> str:
    return gofmt.sprintln(arguments)


def _joined_arguments(arguments: tuple[Value, ...]) -> str:
    """Return the arguments as one string, as actions print them: a missing value is `<no value>`."""
    if len(arguments) == 1 and arguments[0].__class__ is str:
        return str(arguments[0])
    return gofmt.sprint(
        ["<no value>" if argument is None else argument for argument in checked(arguments)],
        as_action=True,
    )


_HTML_ESCAPES: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)


def _html(*arguments: Value) -> str:
    return in_slices(lambda part: part.translate(_HTML_ESCAPES), _joined_arguments(arguments))


_JS_ESCAPES: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip


def _js(*arguments: Value) -> str:
    return "".join(map(_js_char, checked(_joined_arguments(arguments))))


def _js_char(char: str) -> str:
    if char in _JS_ESCAPES:
        return _JS_ESCAPES[char]
    if " " <= char <= "~" or char == "\x7f":
        return char
    if char < " ":
        return f"\\u{ord(char):04X}"
    if has_raw_bytes(char):
        # Go reads a byte that is not UTF-8 as the replacement character, which is printable: the byte stays.
        return char
    from kmanifest.engines.helm.gotemplate.printable import is_printable

    return char if is_printable(char) else f"\\u{ord(char):04X}"


def _urlquery(*arguments: Value) -> str:
    data = _joined_arguments(arguments).encode("utf-8", "surrogateescape")
    return "".join(_URL_ESCAPES[byte] for byte in checked(data))


_URL_ESCAPES: Final = [
    chr(byte) if (chr(byte).isalnum() and byte < 0x80) or chr(byte) in "-_.~" else f"%{byte:02X}"
    for byte in range(256)
]
_URL_ESCAPES[0x20] = "+"

BUILTINS: Final[Mapping[str, Function]] = {
    "and": Function(_run_by_executor, (REFLECT_VALUE, "..." + REFLECT_VALUE), REFLECT_VALUE),
    "call": Function(_run_by_executor, (REFLECT_VALUE, "..." + REFLECT_VALUE), REFLECT_VALUE),
    "html": Function(_html, ("...interface {}",), "string"),
    "index": Function(_index, (REFLECT_VALUE, "..." + REFLECT_VALUE), REFLECT_VALUE),
    "slice": Function(_slice, (REFLECT_VALUE, "..." + REFLECT_VALUE), REFLECT_VALUE),
    "js": Function(_js, ("...interface {}",), "string"),
    "len": Function(_len, (REFLECT_VALUE,), "int"),
    "not": Function(_not, (REFLECT_VALUE,), "bool"),
    "or": Function(_run_by_executor, (REFLECT_VALUE, "..." + REFLECT_VALUE), REFLECT_VALUE),
    "print": Function(_print, ("...interface {}",), "string"),
    "printf": Function(_printf, ("string", "...interface {}"), "string"),
    "println": Function(_println, ("...interface {}",), "string"),
    "urlquery": Function(_urlquery, ("...interface {}",), "string"),
    "eq": Function(_eq, (REFLECT_VALUE, "..." + REFLECT_VALUE), "bool"),
    "ge": Function(_ge, (REFLECT_VALUE, REFLECT_VALUE), "bool"),
    "gt": Function(_gt, (REFLECT_VALUE, REFLECT_VALUE), "bool"),
    "le": Function(_le, (REFLECT_VALUE, REFLECT_VALUE), "bool"),
    "lt": Function(_lt, (REFLECT_VALUE, REFLECT_VALUE), "bool"),
    "ne": Function(_ne, (REFLECT_VALUE, REFLECT_VALUE), "bool"),
}
"""Go's built-in functions.

The executor runs `and`, `or` and `call` itself.
"""
