"""Changed bodies and plain copies of them, for programs that use the library. No build needs them."""

from kmanifest.model import fieldpath
from kmanifest.model.arguments import argument_error
from kmanifest.model.errors import FieldPath, SourceError
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.values import Body, as_mapping, printed_value
from kmanifest.startup.typing import Any, Mapping


def apply_changes(body: Body, changes: Mapping[FieldPath, Any]) -> Body:
    """Return the body with each of the changes, in their order. See `Resource.with_changes`."""
    if not isinstance(changes, Mapping):
        raise argument_error("changes", changes, "a mapping of field paths to values")
    for path, value in changes.items():
        _check_path(path)
        _check_indexes(body, path)
        if value is MISSING:
            body = _remove(body, path)
        elif not _is_equal_scalar(fieldpath.get(body, path, MISSING), value):
            body = as_mapping(fieldpath.put(body, path, plain_copy(value)))
    return body


def plain_copy(value: Any) -> Any:
    """Return a copy that consists of `dict`, `list`, `str`, `int`, `float`, `bool` and `None` only.

    It shares nothing that can be changed with the value. A value of any other type is kept as it is. Nesting may be of
    any depth.
    """
    root: list[Any] = [value]
    pending: list[tuple[Any, Any]] = [(root, 0)]
    while pending:
        container, key = pending.pop()
        item = container[key]
        copy: Any
        if isinstance(item, Mapping):
            container[key] = copy = {
                _plain_scalar(name): printed_value(name, item[name]) for name in item
            }
            pending.extend((copy, name) for name in copy)
        elif isinstance(item, list | tuple):
            container[key] = copy = list(item)
            pending.extend((copy, index) for index in range(len(copy)))
        else:
            container[key] = _plain_scalar(item)
    return root[0]


def _plain_scalar(value: Any) -> Any:
    """Return a scalar without the source text that a subclass of its type keeps."""
    for plain_type in (str, int, float):
        if isinstance(value, plain_type) and not isinstance(value, bool):
            return plain_type(value)
    return value


def _check_path(path: object) -> None:
    if not isinstance(path, tuple) or not all(isinstance(step, str | int) for step in path):
        example = "a tuple of keys and list indexes, such as ('metadata', 'name')"
        raise argument_error("a field path", path, example)


def _check_indexes(body: Body, path: FieldPath) -> None:
    """Raise SourceError if a list index of the path is not below a list."""
    value: Any = body
    for depth, step in enumerate(path):
        if isinstance(step, int) and not isinstance(value, list):
            message = f"there is no list with an element {step}"
            raise SourceError(message).within(field=path[:depth])
        value = fieldpath.get(value, (step,))


def _remove(body: Body, path: FieldPath) -> Body:
    if not path:
        raise SourceError("the body of a resource can't be removed")
    parent = fieldpath.get(body, path[:-1])
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int) and -len(parent) <= last < len(parent):
        shorter = parent[:]
        del shorter[last]
        return as_mapping(fieldpath.put(body, path[:-1], shorter))
    return as_mapping(fieldpath.remove(body, path))


def _is_equal_scalar(old: Any, new: Any) -> bool:
    """Whether a scalar has the same type and value, so that a change which changes nothing keeps the body."""
    return old.__class__ is new.__class__ and not isinstance(new, Mapping | list) and old == new
