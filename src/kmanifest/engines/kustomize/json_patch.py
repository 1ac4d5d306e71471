"""JSON patches (RFC 6902) as kustomize applies them.

The operations change a copy whose mappings and lists are made when they are first written to; all else is shared. In
the end the whole resource goes through JSON, as in the reference: every number becomes a float64, so an integer beyond
2^53 is rounded, and has the text that Go gives a float64 (`1e+06` for 1000000), which replacements copy.

Source: gopkg.in/evanphx/json-patch.v4 v4.13.0 patch.go; kustomize api v0.21.2 filters/patchjson6902/patchjson6902.go.
"""

from collections.abc import Callable, Mapping
from operator import is_

from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.values import Body, FloatText, IntText, type_name
from kmanifest.startup.typing import Any, Final, NamedTuple, TypeAlias

UNKNOWN: Final = "unknown"
_CONTAINERS: Final = (dict, list)

# Go prints a float64 with an exponent from here on ('g', shortest), and these are also the integers kept as such.
FIRST_WITH_EXPONENT: Final = 1e6
FIRST_FRACTION_WITHOUT_EXPONENT: Final = 1e-4


class Operation(NamedTuple):
    """One step of a patch. Paths are their decoded steps, `()` for the root; None where there is no usable path."""

    op: str
    path: tuple[str, ...] | None
    value: Any = None
    from_: tuple[str, ...] | None = None
    path_text: str = ""
    from_text: str = ""
    exact: bool = False


OperationFunction: TypeAlias = "Callable[[_PatchedDocument, Operation], None]"


def decode_patch(operations: Any, *, json_text: bool = False) -> tuple[Operation, ...]:
    """The operations of a parsed patch: any list of mappings is one, what is wrong with each shows when it is applied.

    `json_text` says that the patch was written as JSON, not YAML: then a `test` compares numbers by their text.
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
    """`body` after all the operations, with its numbers and dates as JSON leaves them.

    Raises SourceError with the number, the kind and the path of the operation that does not apply.
    """
    document = _PatchedDocument(body)
    for index, operation in enumerate(operations):
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
    """`value` as it is after it was written as JSON and read again; branches that stay the same are shared."""
    todo: list[Any] = [[value]]
    containers, scalars = [], []
    for container in todo:
        items = container.values() if container.__class__ is dict else container
        others = [item for item in items if item.__class__ is not str]
        if others:
            containers.append(container)
            inner = [item for item in others if item.__class__ is dict or item.__class__ is list]
            todo += inner
            if len(inner) < len(others):
                scalars += [item for item in others if item.__class__ not in _CONTAINERS]
    if all(_scalar(item) is item for item in scalars):
        return value
    # What is inside comes after what it is in: from the end, every container finds its own done.
    changed: dict[int, Any] = {}
    for container in reversed(containers):
        new = _with_changed_items(container, changed)
        if new is not container:
            changed[id(container)] = new
    return _round_tripped(value, changed)


def _with_changed_items(container: Any, changed: Mapping[int, Any]) -> Any:
    """A mapping or list whose items are done, by the identity of those that have changed."""
    if container.__class__ is dict:
        items = {
            key: new
            for key, item in container.items()
            if item.__class__ is not str and (new := _round_tripped(item, changed)) is not item
        }
        return {**container, **items} if items else container
    copy = [_round_tripped(item, changed) for item in container]
    return container if all(map(is_, copy, container)) else copy


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
    """A number as a float64, with the text that it gets from Go where that is not how Python prints it."""
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
    """A float64 as Go prints it with the verb 'g' and the fewest digits."""
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
    """The steps of a JSON pointer. What stands before its first slash is ignored; one with no slash leads nowhere."""
    if not isinstance(path, str) or (path and "/" not in path):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])


MAX_COPIED_VALUES: Final = 1_000_000


class _PatchedDocument:
    """A resource under work: mappings and lists that it has made itself may be changed."""

    __slots__ = ("_copied_values", "_own_copies", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied_values = 0
        # by identity; the values keep the objects alive, so no identity is used twice
        self._own_copies: dict[int, Any] = {}

    def container(self, steps: tuple[str, ...] | None, text: str) -> Any:
        """The mapping or list in which the last of the steps lies, free to be changed. Source: findObject."""
        if not steps:
            raise SourceError(
                f"no such path: {text}" if text else "the operation needs a path below the root"
            )
        self.root = parent = self._writable(self.root)
        for number, step in enumerate(steps[:-1]):
            child = _get(parent, step)
            if not isinstance(child, dict | list):
                pointer = "/".join(("", *steps[: number + 1]))
                reason = "there is nothing" if child is None else f"it is a {type_name(child)}"
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
        """Take note that `value` is about to stand in two places: nothing may be changed where it is any more.

        LimitError where all copies of one patch are too many values: forty copies of a mapping into itself would be
        2^40 of them. Source: Kubernetes bounds the same patches by AccumulatedCopySizeLimit of json-patch.
        """
        self._own_copies.clear()
        self._copied_values += _count(value, MAX_COPIED_VALUES - self._copied_values)
        if self._copied_values > MAX_COPIED_VALUES:
            raise LimitError(
                f"the copies that one JSON patch makes are more than {MAX_COPIED_VALUES} values"
            )


def _count(value: Any, limit: int) -> int:
    """How many values there are in `value`, itself counted; a little more than `limit` where there are more."""
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
    """The value at this step; of a mapping that has no such key, None. Source: partialDoc.get, partialArray.get."""
    if isinstance(parent, dict):
        return parent.get(step)
    return parent[_index(step, len(parent))]


def _put(parent: Any, step: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[step] = value
    else:
        parent[_index(step, len(parent))] = value


def _index(step: str, length: int) -> int:
    """The place that a step names in a list of this length; -1 is the last. Source: partialArray.get, strconv.Atoi."""
    digits = step[1:] if step[:1] in ("+", "-") else step
    if not (digits.isascii() and digits.isdecimal()):
        raise SourceError(f'expected the number of an element, got "{step}"')
    number = int(digits.lstrip("0")[:20] or "0") * (-1 if step[0] == "-" else 1)
    if not -length <= number < length:
        raise SourceError(f"there is no element {step} in a list of {length}")
    return number + length if number < 0 else number


def _add(document: _PatchedDocument, operation: Operation) -> None:
    parent = document.container(operation.path, operation.path_text)
    _insert(parent, _last(operation.path), operation.value)


def _insert(parent: Any, step: str, value: Any) -> None:
    """Source: partialDoc.add, partialArray.add."""
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
    """A key that is not there is added, which RFC 6902 does not allow; the root may be replaced by a container."""
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
        raise SourceError("the value there is not the one that was expected")


def _unknown_operation(_document: _PatchedDocument, operation: Operation) -> None:
    raise SourceError(f'expected one of {", ".join(OPERATIONS)}, got "{operation.op}"')


def _from_text(operation: Operation) -> str:
    return f"from: {operation.from_text}"


def _last(steps: tuple[str, ...] | None) -> str:
    return steps[-1] if steps else ""


def _equal(value: Any, expected: Any, *, exact: bool) -> bool:
    """Whether two values are the same JSON text but for the order of keys. Source: lazyNode.equal."""
    todo = [(value, expected)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, dict):
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            todo.extend((one[key], other[key]) for key in one)
        elif isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            if None in one or None in other:
                raise SourceError("a list with null in it can't be compared")
            todo.extend(zip(one, other, strict=True))
        elif not _equal_scalars(one, other, exact=exact):
            return False
    return True


def _equal_scalars(one: Any, other: Any, *, exact: bool) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        # Of JSON the text is compared as it stands, and Go writes these characters of the resource as escapes.
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
