"""Functions for dictionaries, and mergo's rules for merging them.

Source: sprig v3.3.0 dict.go.
"""

from kmanifest.engines.helm.gotemplate.values import (
    Function,
    Functions,
    GoError,
    GoMap,
    GoObject,
    Strings,
    Value,
    is_nil,
)
from kmanifest.engines.helm.sprig.casts import to_string
from kmanifest.engines.helm.sprig.gotypes import check_items
from kmanifest.model.deadline import check_time, checked, sorted_in_slices
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any

_ANY = "interface {}"
_MAP = "map[string]interface {}"
Map = dict[str, Any]


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Copies and merges are at most as deep as `limits` allows.
    """

    def copy(value: Value) -> Value:
        if value is None:
            raise GoError("reflect: call of reflect.Value.Type on zero Value")
        return _deep_copy(value, limits)

    def merge_function(*, overwrites: bool) -> Function:
        def merge(target: Map, *sources: Map) -> Value:
            for source in sources:
                if is_nil(target) and not is_nil(source):
                    target = {}
                _Merger(limits, overwrites=overwrites).merge(target, source)
            return target

        return Function(merge, (_MAP, f"...{_MAP}"), _ANY)

    return {
        "deepCopy": Function(copy, (_ANY,), _ANY),
        "dict": Function(_dict, ("...interface {}",), _MAP),
        "dig": Function(_dig, ("...interface {}",), _ANY),
        "get": Function(_get, (_MAP, "string"), _ANY),
        "hasKey": Function(lambda table, key: key in table, (_MAP, "string"), "bool"),
        "keys": Function(_keys, (f"...{_MAP}",), "[]string"),
        "merge": merge_function(overwrites=False),
        "mergeOverwrite": merge_function(overwrites=True),
        "mustDeepCopy": Function(copy, (_ANY,), _ANY),
        "mustMerge": merge_function(overwrites=False),
        "mustMergeOverwrite": merge_function(overwrites=True),
        "omit": Function(_omit, (_MAP, "...string"), _MAP),
        "pick": Function(_pick, (_MAP, "...string"), _MAP),
        "pluck": Function(_pluck, ("string", f"...{_MAP}"), "[]interface {}"),
        "set": Function(_set, (_MAP, "string", _ANY), _MAP),
        "unset": Function(_unset, (_MAP, "string"), _MAP),
        "values": Function(_values, (_MAP,), "[]interface {}"),
    }


def _dict(*values: Value) -> Map:
    """Return a dictionary of keys and values in turn.

    A key without a value gets an empty string.
    """
    keys = [to_string(key) for key in checked(values[::2])]
    items = [*values[1::2], ""] if len(values) % 2 else values[1::2]
    return dict(zip(keys, items, strict=True))


def _get(table: Map, key: str) -> Value:
    return table.get(key, "")


def _set(table: Map, key: str, value: Value) -> Map:
    if is_nil(table):
        raise GoError("assignment to entry in nil map")
    table[key] = value
    return table


def _unset(table: Map, key: str) -> Map:
    table.pop(key, None)
    return table


def _pluck(key: str, *tables: Map) -> list[Value]:
    return [table[key] for table in checked(tables) if key in table]


def _keys(*tables: Map) -> Strings:
    """Return the keys in sorted order.

    In Go their order differs between runs.
    """
    return Strings(key for table in checked(tables) for key in sorted_in_slices(list(table)))


def _values(table: Map) -> list[Value]:
    """Return the values in the order of their keys.

    In Go their order differs between runs.
    """
    return [table[key] for key in sorted_in_slices(list(table))]


def _pick(table: Map, *keys: str) -> Map:
    return {key: table[key] for key in keys if key in table}


def _omit(table: Map, *keys: str) -> Map:
    return {key: value for key, value in checked(table.items()) if key not in keys}


def _dig(*arguments: Value) -> Value:
    """Return the value in nested dictionaries at the leading arguments; the last but one if a key is missing."""
    if len(arguments) < 3:
        raise GoError("dig needs at least three arguments")
    *keys, default, table = arguments
    _assert_map(table)
    for key in keys:
        if not isinstance(key, str):
            raise GoError(f"interface conversion: interface {{}} is {_type(key)}, not string")
    step: Value = table
    for index, key in enumerate(keys):
        if index:
            _assert_map(step)
        if key not in step:
            return default
        step = step[key]
    return step


def _assert_map(value: Value) -> None:
    # Go's type assertion rejects a named type, such as that of `.Values`.
    if value.__class__ is not dict and _type(value) != _MAP:
        raise GoError(f"interface conversion: interface {{}} is {_type(value)}, not {_MAP}")


def _type(value: Value) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import type_name  # imported here for errors only

    return "nil" if value is None else type_name(value)


# --- copies --------------------------------------------------------------------------------------------------------


def _deep_copy(value: Value, limits: Limits) -> Value:
    """Return a copy that shares no list and no dictionary.

    A shared part is copied once for each occurrence, as copystructure does.

    Source: github.com/mitchellh/copystructure v1.2.0.
    """
    stack: list[tuple[Any, Any, int]] = []
    root = _begin_copy(value, stack, 1)
    item_count = 0
    while stack:
        check_time()
        source, target, level = stack.pop()
        item_count += len(source)
        if level > limits.max_depth:
            raise too_deep(limits)
        check_items(item_count, limits)
        for key, item in checked(source.items() if isinstance(source, dict) else enumerate(source)):
            copied = _begin_copy(item, stack, level + 1)
            if isinstance(target, dict):
                target[key] = copied
            else:
                target.append(copied)
    return root


def _begin_copy(value: Value, stack: list[tuple[Any, Any, int]], level: int) -> Value:
    """Return the copy of a value. That of a container is empty, and is put on the stack to be filled."""
    if isinstance(value, GoMap):
        copy = value.__class__()
        stack.append((value.entries, copy.entries, level))
        return copy
    if isinstance(value, GoObject) and not isinstance(value, list):
        return value.deep_copy()
    if not isinstance(value, dict | list):
        return value
    empty = _empty_like(value)
    stack.append((value, empty, level))
    return empty


def _empty_like(value: Any) -> Any:
    """Return an empty list or dictionary of the same type."""
    kind = value.__class__
    if kind is dict or kind is list or isinstance(value, GoObject):
        return kind()
    try:
        return kind()
    except TypeError:  # a list whose class takes its type as an argument
        return kind([], value.go_type)


def too_deep(limits: Limits) -> LimitError:
    """Return the error for a value that is nested too deeply or contains itself."""
    return LimitError(f"a value deeper than {limits.max_depth} levels (limit max_depth)")


# --- merges --------------------------------------------------------------------------------------------------------


class _Merger:
    """A merge of dictionaries by mergo's rules: it fills zero and empty values, or overwrites all.

    Source: dario.cat/mergo v1.0.1 merge.go, deepMerge, for dictionaries with values of any type.
    """

    __slots__ = ("_limits", "_overwrites")

    def __init__(self, limits: Limits, *, overwrites: bool) -> None:
        self._limits = limits
        self._overwrites = overwrites

    def merge(self, target: Map, source: Map) -> None:
        stack: list[tuple[Map, Map, int, str | None]] = [(target, source, 1, None)]
        item_count = 0
        while stack:
            check_time()
            target, source, level, empty_key = stack.pop()
            if empty_key is not None:
                # An empty dictionary that is still empty, because all new values were nil, is replaced.
                target[empty_key] = target[empty_key] or source
                continue
            item_count += len(source)
            if level > self._limits.max_depth:
                raise too_deep(self._limits)
            check_items(item_count, self._limits)
            for key, value in checked(source.items() if target is not source else ()):
                old = target.get(key)
                if isinstance(value, GoMap) or isinstance(old, GoMap):
                    new_map, old_map = _entries(value), _entries(old)
                    if isinstance(new_map, dict) and isinstance(old_map, dict) and old_map:
                        stack.append((old_map, new_map, level + 1, None))
                    elif self._should_replace(old, value):
                        target[key] = value
                elif isinstance(value, dict) and isinstance(old, dict) and not is_nil(old):
                    if not old:
                        stack.append((target, value, level, key))
                    stack.append((old, value, level + 1, None))
                elif self._should_replace(old, value):
                    target[key] = value

    def _should_replace(self, old: Value, value: Value) -> bool:
        if self._overwrites:
            return True
        return value is not None and _is_zero(old)


def _is_zero(value: Value) -> bool:
    """Return whether mergo considers a value empty.

    Source: mergo v1.0.1 mergo.go, isEmptyValue.
    """
    return not value


def _entries(value: Value) -> Value:
    return value.entries if isinstance(value, GoMap) else value
