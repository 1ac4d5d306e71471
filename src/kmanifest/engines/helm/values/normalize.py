"""Convert values that a Python program passes to the values that Helm would read from a YAML file.

In Helm all values pass through JSON, so a mapping has strings for keys. A date stays the text that YAML has for it.
"""

from kmanifest.engines.helm.gotemplate.values import Int64
from kmanifest.model.errors import format_field
from kmanifest.model.values import TimeText
from kmanifest.startup.typing import Any, Final, Iterator, Mapping, NamedTuple, Sequence

_END: Final = object()
_NOT_SEQUENCES: Final = (bytes, bytearray, memoryview)
_ACCEPTED: Final = "a mapping, a list, a str, a number, a bool, a date or None"


def normalize_values(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values as plain data that shares nothing with the argument.

    - A mapping of any class becomes a dict. Keys that are numbers, booleans or dates become strings, as in YAML.
    - A tuple or another sequence becomes a list.
    - A number of another class, such as `Decimal` or one of numpy, becomes an int or a float. An `Int64` stays one.
    - A date becomes its ISO 8601 form.

    Raises TypeError for a value of another type, such as a set or bytes, and ValueError for a number that JSON does
    not have, for a key that occurs twice, and for a value that contains itself. The message has the path of the value.
    """
    root: dict[str, Any] = {}
    stack = [_Level(_items(values), root, id(values), ("values",))]
    open_ids = {id(values)}
    while stack:
        level = stack[-1]
        key, value = next(level.items, (_END, None))
        if key is _END:
            stack.pop()
            open_ids.discard(level.identity)
            continue
        path = (*level.path, key)
        copy = _empty_copy(value)
        if copy is None:
            _put(level.target, key, _leaf(value, path), path)
            continue
        if id(value) in open_ids:
            raise ValueError(f"{_shown(path)}: the value contains itself")
        open_ids.add(id(value))
        _put(level.target, key, copy, path)
        stack.append(_Level(_items(value), copy, id(value), path))
    return root


def _put(target: dict[str, Any] | list[Any], key: Any, value: Any, path: tuple[Any, ...]) -> None:
    """Add an item to the copy of a container."""
    if isinstance(target, list):
        target.append(value)
        return
    text = _key_text(key, path)
    if text in target:
        raise ValueError(f"{_shown(path)}: the key is set twice")
    target[text] = value


class _Level(NamedTuple):
    """A container that is being copied: its remaining items, the copy, its id, and its path."""

    items: Iterator[tuple[Any, Any]]
    target: dict[str, Any] | list[Any]
    identity: int
    path: tuple[Any, ...]


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(container, Mapping):
        return iter([(key, container[key]) for key in container])
    return enumerate(list(container))


def _empty_copy(value: Any) -> dict[str, Any] | list[Any] | None:
    """Return a container for the copy of a container, None for another value."""
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, Sequence) and not isinstance(value, (str, *_NOT_SEQUENCES)):
        return []
    return None


def _leaf(value: Any, path: tuple[Any, ...]) -> Any:
    class_ = value.__class__
    if class_ is str or class_ is bool or value is None or class_ is Int64:
        return value
    if class_ is int or class_ is float:
        return _number(value, path)
    return _unusual_leaf(_from_numpy(value), path)


def _unusual_leaf(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the value for a leaf that JSON does not have."""
    from datetime import date  # few values are dates

    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.text if isinstance(value, TimeText) else str.__str__(value)
    return value.isoformat() if isinstance(value, date) else _number(value, path)


def _from_numpy(value: Any) -> Any:
    """Return the Python object for a scalar of numpy, and any other value itself."""
    is_scalar = hasattr(value, "dtype") and not hasattr(value, "__len__")
    return value.item() if is_scalar and callable(getattr(value, "item", None)) else value


def _number(value: Any, path: tuple[Any, ...]) -> int | float:
    """Return a number as an int or float. A container with a number, such as an array of numpy, is none."""
    is_integer = hasattr(value, "__index__")
    is_number = is_integer or hasattr(value, "__float__")
    if not is_number or isinstance(value, type) or hasattr(value, "__len__"):
        raise TypeError(f"{_shown(path)} must be {_ACCEPTED}, not {type(value).__name__}")
    try:
        number: int | float = value.__index__() if is_integer else value.__float__()
        is_finite = float(number) - float(number) == 0
    except (OverflowError, ValueError):  # an int beyond the range of floats, or a signaling NaN
        is_finite = False
    if not is_finite:
        raise ValueError(f"{_shown(path)}: JSON has no such number")
    return number


def _key_text(key: Any, path: tuple[Any, ...]) -> str:
    """Return the text of a key, as sigs.k8s.io/yaml has it."""
    if key.__class__ is str:
        return str(key)
    from kmanifest.yaml.readers import key_text  # keys are nearly always strings

    text = None
    if key is not None and _empty_copy(key) is None:
        if hasattr(key, "__index__") and not isinstance(key, bool):
            text = str(key.__index__())
        else:
            text = key_text(_unusual_leaf(_from_numpy(key), path))
    if text is None:
        raise TypeError(
            f"{_shown(path)}: a key must be a str, a number, a bool or a date, "
            f"not {type(key).__name__}"
        )
    return text


def _shown(path: tuple[Any, ...]) -> str:
    return format_field(part if isinstance(part, str | int) else repr(part) for part in path)
