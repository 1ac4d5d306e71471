"""The types that the first layer declares, and the faults of a later layer against them.

A declaration is a set of samples: the values of the first layer at one path. Outside of lists that is one value. All
items of a list are samples of each of its items, so the keys of a mapping in a list are those of all mappings there.
A null declares any type, and an empty mapping or list declares nothing about what is in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from kmanifest.engines.environment.values.paths import Link
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import near_names
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
_MAX_CANDIDATES: Final = 1_000
_MAX_NAME: Final = 200


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
    """What the first layer declares at one path. The declarations below it are made when they are needed."""

    __slots__ = ("_fields", "_is_entered", "_items", "_samples", "types")

    def __init__(self, samples: Iterable[Any]) -> None:
        self._samples = list(samples)
        self.types = dict.fromkeys(_TYPE_NAMES[sample.__class__] for sample in self._samples)
        self._is_entered = False
        self._fields: Mapping[str, Declaration] | None = None
        self._items: Declaration | None = None

    @property
    def allows_anything(self) -> bool:
        """Whether values of every type are allowed."""
        return "null" in self.types

    def allows(self, type_name: str) -> bool:
        """Return whether values of this type are allowed. An integer is a number as well."""
        return type_name in self.types or (type_name == "integer" and "number" in self.types)

    def fields(self) -> "Mapping[str, Declaration] | None":
        """Return the declared keys of a mapping; None if there may be any."""
        self._enter()
        return self._fields

    def items(self) -> "Declaration | None":
        """Return the declaration of all items of a list; None if they may be anything."""
        self._enter()
        return self._items

    def _enter(self) -> None:
        if self._is_entered:
            return
        self._is_entered = True
        mappings = [sample for sample in self._samples if sample.__class__ is dict]
        if all(mappings):
            samples: dict[str, list[Any]] = {}
            for mapping in checked(mappings):
                for key, value in mapping.items():
                    samples.setdefault(key, []).append(value)
            self._fields = {key: Declaration(values) for key, values in samples.items()}
        lists = [sample for sample in self._samples if sample.__class__ is list]
        if all(lists):
            self._items = Declaration(item for items in checked(lists) for item in items)


def find_faults(declaration: Declaration, layer: Any) -> Iterator[Fault]:
    """Yield what the declaration does not allow in the values of a layer, in their order."""
    pending: list[tuple[Declaration, Any, Link]] = [(declaration, layer, None)]
    while pending:
        check_time()
        declaration, value, path = pending.pop()
        if declaration.allows_anything:
            continue
        got = _TYPE_NAMES[value.__class__]
        if not declaration.allows(got):
            yield Fault(path, tuple(declaration.types), got)
        elif got == "mapping":
            fields = declaration.fields()
            if fields is not None:
                known = [(fields[key], value[key], (path, key)) for key in value if key in fields]
                pending.extend(reversed(known))
                for key in value:
                    if key not in fields:
                        yield Fault((path, key), near=tuple(_near(key, fields)))
        elif got == "list":
            item_declaration = declaration.items()
            if item_declaration is not None:
                items = enumerate(value)
                pending.extend([(item_declaration, item, (path, i)) for i, item in items][::-1])


def _near(key: str, fields: Mapping[str, Any]) -> list[str]:
    """Return the declared keys that are similar. Very long or very many ones are not compared: that takes seconds."""
    if len(key) > _MAX_NAME:
        return []
    names = [name for name in islice(fields, _MAX_CANDIDATES) if len(name) <= _MAX_NAME]
    return near_names(key, names)
