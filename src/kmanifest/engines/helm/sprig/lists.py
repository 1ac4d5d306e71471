"""Functions for lists.

Most also exist with the prefix `must`. In sprig one panics and the other returns an error.
Templates show both with the same message.

Source: sprig v3.3.0 list.go and numeric.go.
"""

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Value
from kmanifest.engines.helm.sprig.casts import is_empty, to_int64
from kmanifest.engines.helm.sprig.gotypes import (
    Lists,
    NilList,
    as_items,
    check_items,
    deep_equal,
)
from kmanifest.model.deadline import checked
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any

_ANY = "interface {}"
_LIST = "[]interface {}"


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Their lists are at most as long as `limits` allows.
    """

    def concat(*lists: Value) -> list[Value]:
        result: list[Value] = []
        for each in lists:
            result += _items_to_concat(each)
            check_items(len(result), limits)
        return result or NilList()

    functions_with_must = {
        "append": Function(_append, (_ANY, _ANY), _LIST),
        "chunk": Function(_chunk, ("int", _ANY), "[][]interface {}"),
        "compact": Function(_compact, (_ANY,), _LIST),
        "first": Function(_first, (_ANY,), _ANY),
        "has": Function(_has, (_ANY, _ANY), "bool"),
        "initial": Function(_initial, (_ANY,), _LIST),
        "last": Function(_last, (_ANY,), _ANY),
        "prepend": Function(_prepend, (_ANY, _ANY), _LIST),
        "push": Function(_append, (_ANY, _ANY), _LIST),
        "rest": Function(_rest, (_ANY,), _LIST),
        "reverse": Function(_reverse, (_ANY,), _LIST),
        "slice": Function(_slice, (_ANY, "...interface {}"), _ANY),
        "uniq": Function(_unique, (_ANY,), _LIST),
        "without": Function(_without, (_ANY, "...interface {}"), _LIST),
    }
    must_functions = {
        f"must{name[0].upper()}{name[1:]}": function
        for name, function in functions_with_must.items()
    }
    others = {
        "concat": Function(concat, ("...interface {}",), _ANY),
        "list": Function(_list, ("...interface {}",), _LIST),
        "tuple": Function(_list, ("...interface {}",), _LIST),
    }
    return {**functions_with_must, **must_functions, **others}


def _list(*values: Value) -> list[Value]:
    return list(values)


def _append(items: Value, value: Value) -> list[Value]:
    return [*as_items(items, "Cannot push on type"), value]


def _prepend(items: Value, value: Value) -> list[Value]:
    return [value, *as_items(items, "Cannot prepend on type")]


def _items_to_concat(value: Value) -> list[Value]:
    if isinstance(value, list | bytes) or value is None:
        return as_items(value, "")
    from kmanifest.engines.helm.gotemplate.gofmt import kind_name

    raise GoError(f"Cannot concat type {kind_name(value)} as list")


def _chunk(size: int, value: Value) -> Lists:
    """Return the list in parts of `size`.

    For a size that is not positive, Go computes lengths that it then rejects.
    """
    items = as_items(value, "Cannot chunk type")
    if size > 0:
        return Lists(items[start : start + size] for start in checked(range(0, len(items), size)))
    if size < -1 and len(items) == 1:
        return Lists((list(items),))
    if size < 0 and 1 < len(items) <= 1 - size:
        return Lists()
    raise GoError("runtime error: makeslice: len out of range")


def _first(value: Value) -> Value:
    items = as_items(value, "Cannot find first on type")
    return items[0] if items else None


def _last(value: Value) -> Value:
    items = as_items(value, "Cannot find last on type")
    return items[-1] if items else None


def _rest(value: Value) -> list[Value]:
    items = as_items(value, "Cannot find rest on type")
    return list(items[1:]) if items else NilList()


def _initial(value: Value) -> list[Value]:
    items = as_items(value, "Cannot find initial on type")
    return list(items[:-1]) if items else NilList()


def _reverse(value: Value) -> list[Value]:
    return list(as_items(value, "Cannot find reverse on type")[::-1])


def _compact(value: Value) -> list[Value]:
    return [
        item for item in checked(as_items(value, "Cannot compact on type")) if not is_empty(item)
    ]


class _ValueSet:
    """A set of values.

    Strings and integers are looked up; other values are compared one by one.
    """

    __slots__ = ("_keys", "_others")

    def __init__(self) -> None:
        self._keys: set[tuple[Any, Any]] = set()
        self._others: list[Value] = []

    def add(self, value: Value) -> bool:
        """Add the value and return whether it is a new one."""
        if self.contains(value):
            return False
        if value.__class__ in (str, int, bool):
            self._keys.add((value.__class__, value))
        else:
            self._others.append(value)
        return True

    def contains(self, value: Value) -> bool:
        if value.__class__ in (str, int, bool):
            return (value.__class__, value) in self._keys
        return any(deep_equal(value, other) for other in checked(self._others))


def _unique(value: Value) -> list[Value]:
    known_values = _ValueSet()
    return [
        item
        for item in checked(as_items(value, "Cannot find uniq on type"))
        if known_values.add(item)
    ]


def _without(value: Value, *excluded: Value) -> list[Value]:
    items = as_items(value, "Cannot find without on type")
    excluded_values = _ValueSet()
    for each in checked(excluded):
        excluded_values.add(each)
    return [item for item in checked(items) if not excluded_values.contains(item)]


def _has(needle: Value, value: Value) -> bool:
    if value is None:
        return False
    items = as_items(value, "Cannot find has on type")
    return any(deep_equal(needle, item) for item in checked(items))


def _slice(value: Value, *indices: Value) -> Value:
    items = as_items(value, "list should be type of slice or array but")
    if not items:
        return None
    start = to_int64(indices[0]) if indices else 0
    end = to_int64(indices[1]) if len(indices) > 1 else len(items)
    # Go checks the capacity, which for a template's values is mostly the length.
    if start < 0 or end < start or end > len(items):
        raise GoError("reflect.Value.Slice: slice index out of bounds")
    selected = items[start:end]
    if isinstance(value, bytes):
        return bytes(selected)
    kind = items.__class__
    return selected if kind is list else _with_type(kind, selected)


def _with_type(kind: type[Any], items: list[Value]) -> Value:
    try:
        return kind(items)
    except TypeError:
        return items
