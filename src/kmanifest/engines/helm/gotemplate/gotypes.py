"""The Go types of values, and Go's order of map keys.

Source: Go 1.26 reflect/type.go, String and Kind; internal/fmtsort/sort.go.
"""

from kmanifest.engines.helm.gotemplate.values import NIL, GoObject, Value
from kmanifest.model.deadline import sorted_in_slices
from kmanifest.startup.typing import Final

NIL_TEXT: Final = "<nil>"
_TYPE_NAMES: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    complex: "complex128",
    bytes: "[]uint8",
    type(None): NIL_TEXT,
    type(NIL): NIL_TEXT,
}
_KIND_NAMES: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    list: "slice",
    dict: "map",
    complex: "complex128",
    bytes: "slice",
    type(None): "invalid",
    type(NIL): "invalid",
}


def type_name(value: Value) -> str:
    """Return the Go type of `value`, as `%T` prints it."""
    name = _TYPE_NAMES.get(value.__class__)
    return name if name is not None else str(value.go_type)


def kind_name(value: Value) -> str:
    """Return the kind of the type of `value`, as reflect names it."""
    name = _KIND_NAMES.get(value.__class__)
    if name is not None:
        return name
    if isinstance(value, GoObject):
        return value.kind
    if isinstance(value, list):
        return "slice"
    if isinstance(value, dict):
        return "map"
    if isinstance(value, str):
        return "string"
    return str(value.go_type)


def sorted_items(mapping: dict[str, Value]) -> list[tuple[str, Value]]:
    """Return the items in Go's order: by the bytes of their keys."""
    try:
        return sorted_in_slices(list(mapping.items()), key=_key)
    except TypeError:  # keys of several types have no order: use their string forms
        return sorted_in_slices(list(mapping.items()), key=lambda item: str(item[0]))


def _key(item: tuple[str, Value]) -> str:
    key = item[0]
    # Code points have the same order as their UTF-8 bytes. Raw bytes sort with the characters they could start.
    return key if key.__class__ is not str or key.isascii() else _byte_order(key)


def _byte_order(key: str) -> str:
    return key.encode("utf-8", "surrogateescape").decode("latin-1")
