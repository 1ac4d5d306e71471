"""Count what a validator does with a JSON Schema and a value, before it does it.

The validator has no bound: references that double each other take exponential time, and a long chain of them ends the
process. So the pairs of a schema and a value that it meets are walked first, each pair once. The number of steps of
a pair is that of the pairs below it and its own; it may be large although the pairs are few. Where it depends on the value
which subschemas apply, all of them count.
"""

from collections.abc import Iterator, Mapping

from kmanifest.engines.environment.values.paths import Link, unroll
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Final, NamedTuple

MAX_DEPTH: Final = 250
"""Schemas inside each other while a value is checked. jsonschema-rs uses the stack of the thread."""

_MAX_PAIRS: Final = 1_000_000
_REFUSED: Final = ("$dynamicRef", "$recursiveRef")
_SAME: Final = ("not", "if", "then", "else")
_SAME_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SAME_MAPS: Final = ("dependentSchemas", "dependencies")
_EACH_VALUE: Final = ("additionalProperties", "unevaluatedProperties")
_EACH_ITEM: Final = ("items", "additionalItems", "unevaluatedItems", "contains")


class _Pair(NamedTuple):
    """A schema that is applied to a value. `path`: where the schema is."""

    schema: Any
    value: Any
    path: Link

    def key(self) -> tuple[int, int]:
        """Return the identity of the pair. Both objects live as long as the walk."""
        return id(self.schema), id(self.value)


class _Frame:
    """A pair whose inner pairs are being walked. `steps`: those counted so far."""

    __slots__ = ("inner", "key", "steps")

    def __init__(self, pair: _Pair, inner: Iterator[_Pair]) -> None:
        self.key = pair.key()
        self.steps = _own_steps(pair.schema, pair.value)
        self.inner = inner


def check_steps(schema: Any, value: Any, *, max_steps: int) -> None:
    """Raise LimitError if it takes too many steps to check the value, or too many schemas inside each other.

    Raises SourceError with the field in the schema for references that can't be followed, or that never end.
    """
    references = _References(schema)
    counted: dict[tuple[int, int], int] = {}
    root = _Pair(schema, value, None)
    stack = [_Frame(root, references.inner_pairs(root))]
    open_keys = {root.key()}
    while stack:
        check_time()
        frame = stack[-1]
        pair = next(frame.inner, None)
        key = None if pair is None else pair.key()
        if pair is None:
            stack.pop()
            open_keys.discard(frame.key)
            counted[frame.key] = frame.steps
            if stack:
                stack[-1].steps += frame.steps
        elif key in counted:
            frame.steps += counted[key]
        elif key in open_keys:
            raise SourceError("the schema refers to itself for the same value").within(
                field=unroll(pair.path)
            )
        elif len(stack) >= MAX_DEPTH:
            raise LimitError(f"more than {MAX_DEPTH} schemas inside each other").within(
                field=unroll(pair.path)
            )
        else:
            open_keys.add(pair.key())
            stack.append(_Frame(pair, references.inner_pairs(pair)))
        if frame.steps > max_steps or len(counted) > _MAX_PAIRS:
            raise LimitError(f"checking the values takes more than {max_steps} steps (max_steps)")


def _own_steps(schema: Any, value: Any) -> int:
    """Return the steps of the keywords themselves: an item of an `enum` is one, and so are 64 characters of a string."""
    if not isinstance(schema, Mapping):
        return 1
    steps = 1 + sum(len(item) for item in schema.values() if isinstance(item, list | dict))
    if isinstance(value, dict) and isinstance(schema.get("patternProperties"), dict):
        steps += len(value) * len(schema["patternProperties"])
    elif isinstance(value, str):
        steps += len(value) // 64
    return steps


class _References:
    """The schemas that references lead to: `#`, a pointer such as `#/$defs/port`, or an anchor."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._targets: dict[str, tuple[Any, Link]] = {"": (root, None)}
        for schema, path in _mappings(root):
            for keyword in ("$anchor", "$dynamicAnchor", "$id", "id"):
                name = schema.get(keyword)
                if isinstance(name, str):
                    self._add_name(keyword, name, schema, path)

    def _add_name(self, keyword: str, name: str, schema: Any, path: Link) -> None:
        if keyword in ("$id", "id"):
            if not name.startswith("#"):
                if path is not None and keyword == "$id":
                    raise SourceError("only the outermost schema may have an $id").within(
                        field=(*unroll(path), keyword)
                    )
                return
            name = name[1:]
        if self._targets.setdefault(name, (schema, path))[0] is not schema:
            raise SourceError(f"{name!r} is given twice").within(field=(*unroll(path), keyword))

    def inner_pairs(self, pair: _Pair) -> Iterator[_Pair]:
        """Yield the pairs that a pair leads to."""
        schema, value, path = pair
        if not isinstance(schema, Mapping):
            return
        for keyword in _REFUSED:
            if keyword in schema:
                raise SourceError(f"{keyword} is not supported").within(
                    field=(*unroll(path), keyword)
                )
        if isinstance(schema.get("$ref"), str):
            target, target_path = self._find(schema["$ref"], (path, "$ref"))
            yield _Pair(target, value, target_path)
        for inner, inner_path in _same_value(schema, path):
            yield _Pair(inner, value, inner_path)
        if isinstance(value, dict):
            yield from _of_mapping(schema, value, path)
        elif isinstance(value, list):
            yield from _of_list(schema, value, path)

    def _find(self, reference: str, path: Link) -> tuple[Any, Link]:
        if not reference.startswith("#"):
            raise SourceError(
                f"a reference must begin with #, as no other file is read: {reference!r}"
            ).within(field=unroll(path))
        name = reference[1:]
        if name not in self._targets:
            from urllib.parse import unquote  # few schemas have references

            name = unquote(name)
        if name not in self._targets:
            if not name.startswith("/"):
                raise _unknown(reference, path)
            self._targets[name] = self._follow(name, reference, path)
        return self._targets[name]

    def _follow(self, pointer: str, reference: str, path: Link) -> tuple[Any, Link]:
        target: Any = self._root
        target_path: Link = None
        for token in pointer[1:].split("/"):
            step: str | int = token.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list):
                step = int(step) if str(step).isdecimal() else -1
                if not 0 <= step < len(target):
                    raise _unknown(reference, path)
            elif not isinstance(target, dict) or step not in target:
                raise _unknown(reference, path)
            target, target_path = target[step], (target_path, step)
        return target, target_path


def _unknown(reference: str, path: Link) -> SourceError:
    return SourceError(f"the schema has no part {reference!r}").within(field=unroll(path))


def _mappings(root: Any) -> Iterator[tuple[Mapping[str, Any], Link]]:
    pending: list[tuple[Any, Link]] = [(root, None)]
    while pending:
        check_time()
        value, path = pending.pop()
        if isinstance(value, dict):
            yield value, path
            pending.extend((item, (path, key)) for key, item in value.items())
        elif isinstance(value, list):
            pending.extend((item, (path, index)) for index, item in enumerate(value))


def _same_value(schema: Mapping[str, Any], path: Link) -> Iterator[tuple[Any, Link]]:
    for keyword in _SAME:
        if keyword in schema:
            yield schema[keyword], (path, keyword)
    for keyword in _SAME_LISTS:
        yield from _listed(schema, keyword, path)
    for keyword in _SAME_MAPS:
        yield from _named(schema, keyword, path)


def _of_mapping(schema: Mapping[str, Any], value: Mapping[str, Any], path: Link) -> Iterator[_Pair]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name in value:
            if name in properties:
                yield _Pair(properties[name], value[name], ((path, "properties"), name))
    each: list[tuple[Any, Link]] = [
        (schema[keyword], (path, keyword)) for keyword in _EACH_VALUE if keyword in schema
    ]
    each.extend(_named(schema, "patternProperties", path))
    for inner, inner_path in each:
        for item in value.values():
            yield _Pair(inner, item, inner_path)
    if "propertyNames" in schema:
        for name in value:
            yield _Pair(schema["propertyNames"], name, (path, "propertyNames"))


def _of_list(schema: Mapping[str, Any], value: list[Any], path: Link) -> Iterator[_Pair]:
    each: list[tuple[Any, Link]] = list(_listed(schema, "prefixItems", path))
    for keyword in _EACH_ITEM:
        if isinstance(schema.get(keyword), list):
            each.extend(_listed(schema, keyword, path))
        elif keyword in schema:
            each.append((schema[keyword], (path, keyword)))
    for inner, inner_path in each:
        for item in value:
            yield _Pair(inner, item, inner_path)


def _listed(schema: Mapping[str, Any], keyword: str, path: Link) -> Iterator[tuple[Any, Link]]:
    items = schema.get(keyword)
    if isinstance(items, list):
        for index, item in enumerate(items):
            yield item, ((path, keyword), index)


def _named(schema: Mapping[str, Any], keyword: str, path: Link) -> Iterator[tuple[Any, Link]]:
    items = schema.get(keyword)
    if isinstance(items, dict):
        for name, item in items.items():
            yield item, ((path, keyword), name)
