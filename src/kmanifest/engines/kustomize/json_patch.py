"""JSON patches (RFC 6902) as kustomize applies them.

The operations change a copy. Its mappings and lists are copied on the first write, and all others are shared. At the
end the whole resource is converted to JSON and back, as in kustomize. Every number becomes a float64, so an integer
above 2^53 is rounded. Its text is that of Go's float64 (`1e+06` for 1000000), which replacements copy.

Source: gopkg.in/evanphx/json-patch.v4 v4.13.0 patch.go; kustomize api v0.21.2 filters/patchjson6902/patchjson6902.go.
"""

from _operator import is_

from kmanifest.model.deadline import checked
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.values import Body, FloatText, FlowBlankKey, IntText, printed_value, type_name
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, TypeAlias

UNKNOWN: Final = "unknown"
_CONTAINERS: Final = (dict, list)

# Go prints a float64 from here on with an exponent ('g', shortest). Integers below stay integers.
FIRST_WITH_EXPONENT: Final = 1e6
FIRST_FRACTION_WITHOUT_EXPONENT: Final = 1e-4


class Operation(NamedTuple):
    """One operation of a patch.

    A path is a tuple of decoded steps: `()` is the root, and None is an unusable path. `exact` compares numbers by
    their text.
    """

    op: str
    path: tuple[str, ...] | None
    value: Any = None
    from_: tuple[str, ...] | None = None
    path_text: str = ""
    from_text: str = ""
    exact: bool = False


OperationFunction: TypeAlias = "Callable[[_PatchedDocument, Operation], None]"


def decode_patch(operations: Any, *, json_text: bool = False) -> tuple[Operation, ...]:
    """Return the operations of a parsed patch.

    Any list of mappings is accepted: a fault of an operation is reported when it is applied. `json_text` means that
    the patch was written as JSON, not YAML; then a `test` compares numbers by their text.
    Source: json-patch v4.13.0 patch.go, DecodePatch, and Kind, Path and From of Operation.
    """
    if operations is None:
        return ()
    if not isinstance(operations, list):
        raise SourceError(f"a JSON patch must be a list of operations, got {type_name(operations)}")
    return tuple(
        _operation(entry, index, exact=json_text) for index, entry in enumerate(operations)
    )


def apply_patch(operations: tuple[Operation, ...], body: Body) -> Body:
    """Return `body` after all operations, with its numbers and dates as JSON represents them.

    Raises SourceError with the number, the kind and the path of the operation that does not apply.
    """
    document = _PatchedDocument(body)
    for index, operation in enumerate(checked(operations)):
        try:
            OPERATIONS.get(operation.op, _unknown_operation)(document, operation)
        except SourceError as error:
            message = (
                f"operation {index} ({operation.op} {operation.path_text or '/'}): {error.message}"
            )
            raise SourceError(message).within(field=(index,)) from None
    result = json_round_trip(document.root)
    if not isinstance(result, dict):
        raise SourceError(f"a JSON patch must leave a mapping, got {type_name(result)}")
    return result


def json_round_trip(value: Any) -> Any:
    """Return `value` after it was written as JSON and read again; unchanged branches are shared."""
    todo: list[Any] = [[value]]
    containers, scalars = [], []
    has_null_keys = False
    for container in todo:
        items = container.values() if container.__class__ is dict else container
        others = [item for item in items if item.__class__ is not str]
        if others:
            containers.append(container)
            inner = [item for item in others if item.__class__ is dict or item.__class__ is list]
            todo += inner
            if len(inner) < len(others):
                scalars += [item for item in others if item.__class__ not in _CONTAINERS]
                has_null_keys = has_null_keys or _has_null_keys(container)
    if not has_null_keys and all(_scalar(item) is item for item in scalars):
        return value
    # Items come after their container. In reverse order, the items of each container are already done.
    changed: dict[int, Any] = {}
    for container in reversed(containers):
        new = _with_changed_items(container, changed)
        if new is not container:
            changed[id(container)] = new
    return _round_tripped(value, changed)


def _with_changed_items(container: Any, changed: Mapping[int, Any]) -> Any:
    """Return a mapping or list with its changed items, which are found by identity."""
    if container.__class__ is dict:
        items = {
            key: new
            for key, item in container.items()
            if item.__class__ is not str and (new := _round_tripped(item, changed)) is not item
        }
        result = {**container, **items} if items else container
        return _with_plain_nulls(result) if _has_null_keys(container) else result
    copy = [_round_tripped(item, changed) for item in container]
    return container if all(map(is_, copy, container)) else copy


def _has_null_keys(container: Any) -> bool:
    """Return whether a container has a null whose key holds how it was written."""
    return container.__class__ is dict and any(
        item is None and key.__class__ is not str for key, item in container.items()
    )


def _with_plain_nulls(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with each null written as `null`; one written as nothing inside braces is an empty string."""
    return {
        str(key) if item is None else key: printed_value(key, item) for key, item in mapping.items()
    }


def _round_tripped(item: Any, changed: Mapping[int, Any]) -> Any:
    if item.__class__ is dict or item.__class__ is list:
        return changed.get(id(item), item)
    return _scalar(item)


def _scalar(value: Any) -> Any:
    kind = value.__class__
    if kind is str or kind is bool or value is None:
        return value
    if isinstance(value, int | float):
        return _number(value)
    return str(value) if isinstance(value, str) else value


def _number(value: float) -> Any:
    """Return a number as a float64, with its text in Go if Python prints it differently."""
    if type(value) is int and -FIRST_WITH_EXPONENT < value < FIRST_WITH_EXPONENT:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise SourceError(
            f"a JSON patch can't be applied to a resource with a number such as {value}"
        )
    text = _go_text(number)
    if text == "-0":
        return IntText(0, text)
    if text.lstrip("-").isdecimal():
        return int(text)
    plain = float(number)
    return plain if str(plain) == text else FloatText(plain, text)


def _go_text(number: float) -> str:
    """Return a float64 as Go prints it with the verb 'g' and the fewest digits."""
    size = abs(number)
    digits = repr(number)
    if size == 0 or FIRST_FRACTION_WITHOUT_EXPONENT <= size < FIRST_WITH_EXPONENT:
        return digits.removesuffix(".0")
    mantissa, _, exponent = digits.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    significant = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + (
        len(whole) - 1 if whole != "0" else len(significant) - len(fraction) - 1
    )
    significant = significant.rstrip("0")
    rest = f".{significant[1:]}" if len(significant) > 1 else ""
    return f"{sign}{significant[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _operation(entry: Any, index: int, *, exact: bool) -> Operation:
    if entry is not None and not isinstance(entry, dict):
        raise SourceError(
            f"operation {index} of a JSON patch must be a mapping, got {type_name(entry)}"
        )
    fields = entry or {}
    op, path, source = (fields.get(name) for name in ("op", "path", "from"))
    return Operation(
        op=op if isinstance(op, str) else UNKNOWN,
        path=_steps(path),
        value=fields.get("value"),
        from_=_steps(source),
        path_text=path if isinstance(path, str) else "",
        from_text=source if isinstance(source, str) else "",
        exact=exact,
    )


def _steps(path: Any) -> tuple[str, ...] | None:
    """Return the steps of a JSON pointer; None if it has no slash.

    Characters before the first slash are ignored.
    """
    if not isinstance(path, str) or (path and "/" not in path):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])


MAX_COPIED_VALUES: Final = 1_000_000


class _PatchedDocument:
    """A resource being patched.

    Mappings and lists that it copied may be changed.
    """

    __slots__ = ("_copied_values", "_own_copies", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied_values = 0
        # By identity. The values keep the objects alive, so no identity is used twice.
        self._own_copies: dict[int, Any] = {}

    def container(self, steps: tuple[str, ...] | None, text: str) -> Any:
        """Return the mapping or list that contains the last step, as a writable copy.

        Source: findObject.
        """
        if not steps:
            raise SourceError(
                f"no such path: {text}" if text else "the operation needs a path below the root"
            )
        self.root = parent = self._writable(self.root)
        for number, step in enumerate(steps[:-1]):
            child = _get(parent, step)
            if not isinstance(child, dict | list):
                pointer = "/".join(("", *steps[: number + 1]))
                reason = "there is nothing" if child is None else f"there is a {type_name(child)}"
                raise SourceError(f"no such path: {text} ({reason} at {pointer})")
            writable = self._writable(child)
            if writable is not child:
                _put(parent, step, writable)
            parent = writable
        return parent

    def _writable(self, value: Any) -> Any:
        if id(value) in self._own_copies or not isinstance(value, dict | list):
            return value
        copy = dict(value) if isinstance(value, dict) else list(value)
        self._own_copies[id(copy)] = copy
        return copy

    def count_copy(self, value: Any) -> None:
        """Record that `value` is about to be in two fields, so neither may be changed without a new copy.

        Raises LimitError if one patch copies too many values: forty copies of a mapping into itself would yield 2^40
        values.
        Source: Kubernetes limits the same patches by AccumulatedCopySizeLimit of json-patch.
        """
        self._own_copies.clear()
        self._copied_values += _count(value, MAX_COPIED_VALUES - self._copied_values)
        if self._copied_values > MAX_COPIED_VALUES:
            raise LimitError(f"one JSON patch copies more than {MAX_COPIED_VALUES} values")


def _count(value: Any, limit: int) -> int:
    """Return the number of values in `value`, itself included; counting stops soon after `limit`."""
    count = 0
    todo = [value]
    while todo and count <= limit:
        node = todo.pop()
        count += 1
        if isinstance(node, dict):
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return count


def _get(parent: Any, step: str) -> Any:
    """Return the value at this step; None if a mapping does not have the key.

    Source: partialDoc.get, partialArray.get.
    """
    if isinstance(parent, dict):
        value = parent.get(step)
        return "" if value is None and _is_flow_blank(parent, step) else value
    return parent[_index(step, len(parent))]


def _is_flow_blank(mapping: Mapping[str, Any], name: str) -> bool:
    """Return whether a null was written as nothing inside braces, which is an empty string in JSON."""
    return any(key.__class__ is FlowBlankKey and key == name for key in mapping)


def _put(parent: Any, step: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[step] = value
    else:
        parent[_index(step, len(parent))] = value


def _index(step: str, length: int) -> int:
    """Return the index that a step means in a list of this length; -1 is the last element.

    Source: partialArray.get, strconv.Atoi.
    """
    digits = step[1:] if step[:1] in ("+", "-") else step
    if not (digits.isascii() and digits.isdecimal()):
        raise SourceError(f'expected a list index, got "{step}"')
    number = int(digits.lstrip("0")[:20] or "0") * (-1 if step[0] == "-" else 1)
    if not -length <= number < length:
        raise SourceError(f"there is no element {step} in a list of {length}")
    return number + length if number < 0 else number


def _add(document: _PatchedDocument, operation: Operation) -> None:
    parent = document.container(operation.path, operation.path_text)
    _insert(parent, _last(operation.path), operation.value)


def _insert(parent: Any, step: str, value: Any) -> None:
    """Insert a value, as partialDoc.add and partialArray.add do."""
    if isinstance(parent, dict):
        parent[step] = value
    elif step == "-":
        parent.append(value)
    else:
        parent.insert(_index(step, len(parent) + 1), value)


def _remove(document: _PatchedDocument, operation: Operation) -> None:
    parent = document.container(operation.path, operation.path_text)
    _delete(parent, _last(operation.path))


def _delete(parent: Any, step: str) -> None:
    if isinstance(parent, list):
        del parent[_index(step, len(parent))]
    elif step in parent:
        del parent[step]
    else:
        raise SourceError(f'there is no field "{step}" to remove')


def _replace(document: _PatchedDocument, operation: Operation) -> None:
    """Replace a value.

    A missing key is added, which RFC 6902 does not allow. The root may be replaced by a mapping or a list.
    """
    if operation.path == ():
        if not isinstance(operation.value, dict | list):
            raise SourceError(f"expected a mapping or a list, got {type_name(operation.value)}")
        document.root = operation.value
        return
    parent = document.container(operation.path, operation.path_text)
    _put(parent, _last(operation.path), operation.value)


def _move(document: _PatchedDocument, operation: Operation) -> None:
    source = document.container(operation.from_, _from_text(operation))
    value = _get(source, _last(operation.from_))
    _delete(source, _last(operation.from_))
    target = document.container(operation.path, operation.path_text)
    _insert(target, _last(operation.path), value)


def _copy(document: _PatchedDocument, operation: Operation) -> None:
    source = document.container(operation.from_, _from_text(operation))
    value = _get(source, _last(operation.from_))
    document.count_copy(value)
    target = document.container(operation.path, operation.path_text)
    _insert(target, _last(operation.path), value)


def _test(document: _PatchedDocument, operation: Operation) -> None:
    if operation.path == ():
        value = document.root
    else:
        parent = document.container(operation.path, operation.path_text)
        value = _get(parent, _last(operation.path))
    expected = operation.value
    if value is None and expected is None:
        return
    if not _equal(value, expected, exact=operation.exact):
        raise SourceError("the value is not the expected one")


def _unknown_operation(_document: _PatchedDocument, operation: Operation) -> None:
    raise SourceError(f'expected one of {", ".join(OPERATIONS)}, got "{operation.op}"')


def _from_text(operation: Operation) -> str:
    return f"from: {operation.from_text}"


def _last(steps: tuple[str, ...] | None) -> str:
    return steps[-1] if steps else ""


def _equal(value: Any, expected: Any, *, exact: bool) -> bool:
    """Return whether two values have the same JSON text, apart from the order of keys.

    Source: lazyNode.equal.
    """
    todo = [(value, expected)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, dict):
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            todo.extend((_get(one, key), other[key]) for key in one)
        elif isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            if None in one or None in other:
                raise SourceError("a list that contains null can't be compared")
            todo.extend(zip(one, other, strict=True))
        elif not _equal_scalars(one, other, exact=exact):
            return False
    return True


def _equal_scalars(one: Any, other: Any, *, exact: bool) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        # JSON is compared as text, and Go escapes these characters in the resource.
        return str.__eq__(one, other) and not (
            exact and any(char in one for char in "<>&\u2028\u2029")
        )
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other and not (exact and isinstance(other, IntText | FloatText))
    return False


OPERATIONS: Final[dict[str, OperationFunction]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "test": _test,
    "copy": _copy,
}
