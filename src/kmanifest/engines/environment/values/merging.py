"""Merge layers, and keep where each value was set.

The first layer declares the keys and the types. Every later layer is checked against it, and only then is it merged:
mappings deeply, as Helm merges them, anything else as a whole, and lists by the rules of the layer. Inputs are never
changed, so the result shares with them what no layer has merged.

Origins are a tree with the shape of the result. A node has one source for everything below it, and children for the steps
that a later layer has set. So it is as large as the later layers, not as the values, and a path is followed only when
a location is needed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from kmanifest.engines.environment.values.declarations import Fault, find_faults
from kmanifest.engines.environment.values.faults import MAX_FAULTS, find_near, raise_all
from kmanifest.engines.environment.values.layers import Layer, ListRule, describe_rule
from kmanifest.engines.environment.values.paths import Link, format_path, parse_path, unroll
from kmanifest.model import fieldpath
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    SourceError,
)
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.values import type_name
from kmanifest.startup.typing import Any, Final

MAX_LIST: Final = 100_000
"""Items of a list that several layers make."""

_UNQUOTED: Final = ("integer", "number", "boolean")
_MAX_PATHS: Final = 1_000

_Source = tuple[int, Link]
"""The index of a layer, and a path in it."""


class _Origin:
    """Where a value was set. `base`: the source of what has no child. `last`: that of the latest layer with this value."""

    __slots__ = ("base", "children", "last")

    def __init__(self, source: _Source) -> None:
        self.base = self.last = source
        self.children: dict[str | int, _Source | _Origin] = {}

    def enter(self, step: str | int) -> "_Origin":
        """Return the child of a step, which is created from the base if there is none."""
        child = self.children.get(step)
        if child.__class__ is not _Origin:
            layer, path = self.base
            self.children[step] = child = _Origin(child or (layer, (path, step)))  # type: ignore[arg-type]  # not an _Origin
        return child  # type: ignore[return-value]  # just tested

    def find(self, path: FieldPath) -> tuple[int, FieldPath]:
        """Return the index of the layer that set the value at a path, and the path of the value in that layer."""
        node = self
        for depth, step in enumerate(path):
            child = node.children.get(step)
            if not isinstance(child, _Origin):
                layer, link = child or node.base
                rest = path[depth + 1 :] if child else path[depth:]
                return layer, (*unroll(link), *rest)
            node = child
        layer, link = node.last
        return layer, unroll(link)


class MergedValues:
    """The values of all layers, or a part of them. `value` consists of plain values and is never changed."""

    __slots__ = ("_layers", "_origin", "_path", "value")

    value: Any

    def __init__(
        self, value: Any, layers: Sequence[Layer], origin: _Origin, path: FieldPath = ()
    ) -> None:
        self.value = value
        self._layers = layers
        self._origin = origin
        self._path = path

    def locate(self, path: FieldPath) -> Location:
        """Return where the value at a path was set: the layer that won, or for a mapping the last layer that has it."""
        if not self._layers:
            return Location(field=path)
        index, layer_path = self._origin.find((*self._path, *path))
        return self._layers[index].locate(layer_path)

    def part(self, path: str) -> "MergedValues":
        """Return the values below a path such as `.web.env`. `.` is all of them.

        Raises SourceError for a path that is not well formed, MissingError with near paths if there is no such value.
        """
        steps: list[str | int] = []
        value = self.value
        for name in parse_path(path):
            step = int(name) if isinstance(value, list) and name.isdecimal() else name
            inner = fieldpath.get(value, (step,), MISSING)
            if inner is MISSING:
                raise self._missing(path, steps, name, value)
            value = inner
            steps.append(step)
        return MergedValues(value, self._layers, self._origin, (*self._path, *steps))

    def as_layer(self, name: str) -> Layer:
        """Return the values as a layer of other values. Errors in it are located in the files that these come from.

        Raises SourceError if they are no mapping.
        """
        if not isinstance(self.value, dict):
            error = SourceError(f"expected a mapping, got {type_name(self.value)}")
            raise error.at(self.locate(()))
        return Layer(name, self.value, self.locate)

    @staticmethod
    def _missing(path: str, steps: Sequence[str | int], name: str, value: Any) -> MissingError:
        names = value if isinstance(value, dict) else ()
        near = [format_path([*steps, key]) for key in find_near(name, names)]
        return MissingError(f"there is no value {path}", near=near)


def merge_layers(layers: Sequence[Layer]) -> MergedValues:
    """Return the merged values. The first layer declares the keys and the types of all others.

    Raises the first fault, in the order of the layers and their lines: SourceError or MissingError with near names. If there
    are several, they are its `causes`.
    """
    if not layers:
        return MergedValues({}, (), _Origin((0, None)))
    raise_all(error for layer in layers[1:] for error in _sorted(_layer_errors(layers[0], layer)))
    merge = _Merge(layers)
    for index in range(1, len(layers)):
        merge.add(index)
    raise_all(merge.errors)
    return MergedValues(merge.value, tuple(layers), merge.origin)


def _sorted(errors: Iterable[KmanifestError]) -> list[KmanifestError]:
    return sorted(islice(errors, MAX_FAULTS), key=lambda error: error.location[1:3])


def _layer_errors(first: Layer, layer: Layer) -> Iterable[KmanifestError]:
    for path, rule in checked(layer.lists.items()):
        declared = fieldpath.get(first.value, path, MISSING)
        if not isinstance(declared, list):
            yield _rule_error(first, layer, path, rule)
        elif rule.by and declared:
            yield from _key_errors(first, layer, declared, rule)
    for fault in find_faults(first.value, layer.value):
        yield _fault_error(first, layer, fault)


def _rule_error(first: Layer, layer: Layer, path: FieldPath, rule: ListRule) -> KmanifestError:
    near = find_near(describe_rule(path), map(describe_rule, _list_paths(first.value)))
    message = f"{first.name} declares no list {describe_rule(path)!r}"
    return MissingError(message, near=near, location=layer.locate_rule(rule.field))


def _key_errors(
    first: Layer, layer: Layer, declared: Sequence[Any], rule: ListRule
) -> Iterable[KmanifestError]:
    """Yield an error if no declared item of a list has the key by which a rule merges it."""
    keys = dict.fromkeys(
        key for item in checked(declared) if isinstance(item, dict) for key in item
    )
    if rule.by not in keys:
        message = f"no item of the list in {first.name} has the key {rule.by!r}"
        location = layer.locate_rule(rule.field)
        yield MissingError(message, near=find_near(rule.by, keys), location=location)


def _list_paths(values: Mapping[str, Any]) -> list[FieldPath]:
    """Return the paths of the first lists that are not inside of lists."""
    paths: list[FieldPath] = []
    pending: list[tuple[FieldPath, Any]] = [((), values)]
    while pending and len(paths) < _MAX_PATHS:
        check_time()
        path, value = pending.pop()
        if isinstance(value, list):
            paths.append(path)
        elif isinstance(value, dict):
            pending.extend(((*path, key), item) for key, item in value.items())
    return paths


def _fault_error(first: Layer, layer: Layer, fault: Fault) -> KmanifestError:
    path = unroll(fault.path)
    location = layer.locate(path)
    if not fault.expected:
        return MissingError(f"not declared in {first.name}", near=fault.near, location=location)
    declared = first.locate(_outside_of_lists(path))._replace(file=first.name)
    expected = " or ".join(f"{_article(name)} {name}" for name in fault.expected)
    hint = "; quote it" if fault.expected == ("string",) and fault.got in _UNQUOTED else ""
    message = f"expected {expected}, got {fault.got}{hint} (declared in {declared})"
    return SourceError(message, location=location)


def _outside_of_lists(path: FieldPath) -> FieldPath:
    """Return the path of the outermost list in it, or the path itself: a list in the first layer declares all items."""
    for depth, step in enumerate(path):
        if isinstance(step, int):
            return path[:depth]
    return path


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _check_length(items: int) -> None:
    """Raise LimitError for a list that would have too many items: each layer may add as many as its file has."""
    if items > MAX_LIST:
        raise LimitError(f"a merged list has more than {MAX_LIST} items")


class _Merge:
    """The values and origins of the layers so far. `errors`: items of lists that can't be merged by a key."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self.value: dict[str, Any] = dict(layers[0].value)
        self.origin = _Origin((0, None))
        self.errors: list[KmanifestError] = []
        self._pending: list[tuple[dict[str, Any], _Origin, Mapping[str, Any], Link]] = []

    def add(self, index: int) -> None:
        """Merge a layer over the earlier ones."""
        layer = self._layers[index]
        self.value = dict(self.value)
        self._pending.append((self.value, self.origin, layer.value, None))
        while self._pending:
            check_time()
            self._merge_mapping(index, layer, *self._pending.pop())

    def _merge_mapping(
        self,
        index: int,
        layer: Layer,
        target: dict[str, Any],
        origin: _Origin,
        new: Mapping[str, Any],
        path: Link,
    ) -> None:
        origin.last = (index, path)
        for key, item in new.items():
            here: Link = (path, key)
            old: Any = target.get(key)
            if item.__class__ is dict and old.__class__ is dict:
                target[key] = self._overlay(old, origin.enter(key), item, here)
                continue
            rule = None
            if layer.lists and item.__class__ is list and old.__class__ is list:
                rule = layer.lists.get(unroll(here))
            if rule is None:
                target[key] = item
                origin.children[key] = (index, here)
            else:
                child = origin.enter(key)
                child.last = (index, here)
                merge = self._merge_by_key if rule.by else self._append
                target[key] = merge(index, rule, old, child, item, here)

    def _overlay(
        self, old: Mapping[str, Any], origin: _Origin, new: Mapping[str, Any], path: Link
    ) -> dict[str, Any]:
        """Return a copy of a mapping, over which `new` will be merged."""
        copy = dict(old)
        self._pending.append((copy, origin, new, path))
        return copy

    @staticmethod
    def _append(
        index: int, _: ListRule, old: list[Any], origin: _Origin, new: list[Any], path: Link
    ) -> list[Any]:
        _check_length(len(old) + len(new))
        for position in range(len(new)):
            origin.children[len(old) + position] = (index, (path, position))
        return [*old, *new]

    def _merge_by_key(
        self,
        index: int,
        rule: ListRule,
        old: list[Any],
        origin: _Origin,
        new: list[Any],
        path: Link,
    ) -> list[Any]:
        """Merge the items with the same value under the key of the rule, and append the others."""
        list_path = unroll(path)

        def locate_old(position: int) -> Location:
            layer, item_path = origin.find((position,))
            return self._layers[layer].locate(item_path)

        def locate_new(position: int) -> Location:
            return self._layers[index].locate((*list_path, position))

        _check_length(len(old) + len(new))
        positions = self._positions(rule.by, old, locate_old)
        merged = [*old]
        for name, position in self._positions(rule.by, new, locate_new).items():
            here: Link = (path, position)
            earlier = positions.get(name)
            if earlier is None:
                origin.children[len(merged)] = (index, here)
                merged.append(new[position])
            else:
                child = origin.enter(earlier)
                merged[earlier] = self._overlay(old[earlier], child, new[position], here)
        return merged

    def _positions(
        self, by: str, items: list[Any], locate: Callable[[int], Location]
    ) -> dict[tuple[type, Any], int]:
        """Return the index of each item by the value that identifies it. Items without one and repeated ones are errors."""
        positions: dict[tuple[type, Any], int] = {}
        for position, item in enumerate(checked(items)):
            name = item.get(by) if item.__class__ is dict else None
            if name is None or name.__class__ in (dict, list):
                problem = f"expected a mapping with the key {by!r}, by which the list is merged"
            elif (name.__class__, name) in positions:
                problem = f"an earlier item has the same {by!r}, by which the list is merged"
            else:
                positions[name.__class__, name] = position
                continue
            if len(self.errors) < MAX_FAULTS:
                self.errors.append(SourceError(problem, location=locate(position)))
        return positions
