"""The types that the first layer declares, and the faults of a later layer against them.

A declaration is a set of samples: the values of the first layer at one path. Outside of lists that is one value. All
items of a list are samples of each of its items, so the keys of a mapping in a list are those of all mappings there.
A null declares any type, and an empty mapping or list declares nothing about what is in it.
"""

from collections.abc import Iterator, Mapping

from kmanifest.engines.environment.values.faults import find_near
from kmanifest.engines.environment.values.paths import Link
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Any, Final, NamedTuple

_TYPE_NAMES: Final = {
    dict: "mapping",
    list: "list",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_CONTAINERS: Final = (dict, list)


class Fault(NamedTuple):
    """A value that the first layer does not allow.

    `path`: its path in the layer. `expected`: the declared types; empty if nothing is declared under this key.
    `got`: the type of the value. `near`: declared keys like this one.
    """

    path: Link
    expected: tuple[str, ...] = ()
    got: str = ""
    near: tuple[str, ...] = ()


class Declaration:
    """What the first layer declares at one path. `samples`: its values there; several of them only inside a list."""

    __slots__ = ("_fields", "_is_entered", "_items", "samples", "types")

    def __init__(self, samples: list[Any]) -> None:
        self.samples = samples
        self.types = tuple(dict.fromkeys(_TYPE_NAMES[sample.__class__] for sample in samples))
        self._is_entered = False
        self._fields: dict[str, Declaration] | None = None
        self._items: Declaration | None = None

    def allows(self, value: Any) -> bool:
        """Return whether a value has a declared type. An integer is a number as well, and null declares any type."""
        name = _TYPE_NAMES[value.__class__]
        types = self.types
        return name in types or (name == "integer" and "number" in types) or "null" in types

    def fields(self) -> "Mapping[str, Declaration] | None":
        """Return the declared keys of a mapping; None if there may be any."""
        self._enter()
        return self._fields

    def items(self) -> "Declaration | None":
        """Return the declaration of all items of a list; None if they may be anything."""
        self._enter()
        return self._items

    def _enter(self) -> None:
        """Declare what is inside. Every later value of a list uses it, so the samples are walked once."""
        if self._is_entered:
            return
        self._is_entered = True
        mappings = [sample for sample in self.samples if sample.__class__ is dict]
        if all(mappings):
            samples: dict[str, list[Any]] = {}
            for mapping in checked(mappings):
                for key, value in mapping.items():
                    samples.setdefault(key, []).append(value)
            self._fields = {key: Declaration(values) for key, values in samples.items()}
        lists = [sample for sample in self.samples if sample.__class__ is list]
        if all(lists):
            self._items = Declaration([item for items in checked(lists) for item in items])


_Pending = tuple[Any, Any, Link]
"""What is declared, as a Declaration or as its only sample; the value; and its path."""


def find_faults(first: Mapping[str, Any], layer: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what the first layer does not allow in a later one, in the order of the keys."""
    pending: list[_Pending] = [(first, layer, None)]
    while pending:
        check_time()
        declared, value, path = pending.pop()
        if declared.__class__ is dict and value.__class__ is dict:  # by far the most frequent
            inner, fields = _inner_of_one(declared, value, path), declared
        else:
            if declared.__class__ is not Declaration:
                declared = Declaration([declared])
            if not declared.allows(value):
                yield Fault(path, declared.types, _TYPE_NAMES[value.__class__])
                continue
            inner, fields = _inner(declared, value, path)
        pending.extend(reversed(inner))
        if fields:
            for key in value:
                if key not in fields:
                    yield Fault((path, key), near=tuple(find_near(key, fields)))


def _inner_of_one(
    declared: Mapping[str, Any], value: Mapping[str, Any], path: Link
) -> list[_Pending]:
    """Return the entries of a mapping that remain to be compared. Two scalars of one type are not."""
    return [
        (declared[key], item, (path, key))
        for key, item in value.items()
        if key in declared
        and (declared[key].__class__ is not item.__class__ or item.__class__ in _CONTAINERS)
    ]


def _inner(
    declared: Declaration, value: Any, path: Link
) -> tuple[list[_Pending], Mapping[str, Any] | None]:
    """Return what is inside of a value and remains to be compared, and the keys that it may have; None for any."""
    if "null" in declared.types:
        return [], None
    if value.__class__ is dict and (fields := declared.fields()) is not None:
        return [(fields[key], value[key], (path, key)) for key in value if key in fields], fields
    if value.__class__ is list and (items := declared.items()) is not None:
        return [
            (items, item, (path, index))
            for index, item in enumerate(value)
            if item.__class__ in _CONTAINERS or not items.allows(item)
        ], None
    return [], None
