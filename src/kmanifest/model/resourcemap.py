"""An ordered collection of resources in which no two have the same current id.

The order is the order of loading. Two lookup tables, by id and by name, contain current and previous ones. They are
built when they are first needed. A changed map gets them too, as far as its ids are the same. So the cost of a build
is linear in the number of its resources, not quadratic. Source: kustomize v5.8.2 api/resmap/reswrangler.go.
"""

from _operator import is_not
from itertools import compress

from kmanifest.model.deadline import checked
from kmanifest.model.errors import MissingError, RenderError, near_names
from kmanifest.model.resource import IdKey, Resource, format_ids, names_of
from kmanifest.startup.typing import (
    Any,
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Self,
    Sequence,
    overload,
)

IndexesByKey = dict[Hashable, tuple[int, ...]]


class ResourceMap(Sequence[Resource]):
    """An ordered, immutable collection of resources.

    The constructor does not check that the ids differ. `append` does.

    >>> from kmanifest import Resource, ResourceMap
    >>> resources = ResourceMap([Resource({"kind": "Job", "metadata": {"name": name}}) for name in ("a", "b")])
    >>> len(resources), resources.find("Job", "b").name, [each.name for each in resources.where(lambda each: each.name == "a")]
    (2, 'b', ['a'])
    """

    __slots__ = ("_indexes_by_id", "_indexes_by_name", "_items")

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._items = tuple(resources)
        self._indexes_by_id: IndexesByKey | None = None
        self._indexes_by_name: IndexesByKey | None = None

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Resource: ...
    @overload
    def __getitem__(self, index: slice) -> "ResourceMap": ...
    def __getitem__(self, index: int | slice) -> "Resource | ResourceMap":
        if isinstance(index, slice):
            return ResourceMap(self._items[index])
        return self._items[index]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceMap) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]  # bodies contain dictionaries

    def __repr__(self) -> str:
        return f"ResourceMap({format_ids(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return ResourceMap, (self._items,)

    def indexes_by_current_id(self, key: IdKey) -> Sequence[int]:
        """Return the indexes of the resources whose current id is `key`."""
        return [index for index in self.indexes_by_any_id(key) if self._items[index].key == key]

    def indexes_by_any_id(self, key: IdKey) -> Sequence[int]:
        """Return the indexes of the resources whose current id, or a previous one, is `key`."""
        if self._indexes_by_id is None:
            self._indexes_by_id = _with_entries({}, 0, self._items, Resource.all_keys)
        return self._indexes_by_id.get(key, ())

    def indexes_by_name(self, name: str) -> Sequence[int]:
        """Return the indexes of the resources that have, or once had, this name."""
        if self._indexes_by_name is None:
            self._indexes_by_name = _with_entries({}, 0, self._items, _all_names)
        return self._indexes_by_name.get(name, ())

    def index_of(self, key: IdKey) -> int:
        """Return the index of the one resource that has, or once had, the id `key`.

        Raises MissingError with the nearest names if there is none, RenderError if there are several.
        """
        indexes = self.indexes_by_any_id(key)
        if len(indexes) == 1:
            return indexes[0]
        kind_and_name = f"{key[2]}/{key[3]}"
        if indexes:
            ids = format_ids(self._items[index] for index in indexes)
            raise RenderError(f"several resources match {kind_and_name}: {ids}")
        near = near_names(kind_and_name, names_of(self._items))
        raise MissingError(f"no resource matches {kind_and_name}", near=near)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Resource:
        """Return the resource with this kind and name.

        `namespace` is the one in the body; an empty string means a resource without one, None any namespace.

        Raises MissingError with the nearest names if there is none, RenderError with all of them if there are several.
        """
        from kmanifest.model.arguments import check_argument  # no build needs it

        for parameter, value in (("kind", kind), ("name", name), ("namespace", namespace or "")):
            check_argument(parameter, value, str, "a str")
        found = [
            resource
            for resource in self._items
            if resource.name == name
            and resource.kind == kind
            and namespace in (None, resource.namespace)
        ]
        if len(found) == 1:
            return found[0]
        wanted = f"{kind}/{name}" + (f" in namespace {namespace}" if namespace else "")
        if found:
            ids = ", ".join(f"{resource.api_version} {resource.id}" for resource in found)
            raise RenderError(f"several resources match {wanted}: {ids}")
        known = (
            names_of(self._items) if namespace is None else [str(item.id) for item in self._items]
        )
        raise MissingError(f"no resource matches {wanted}", near=near_names(wanted, known))

    def changed_since(self, before: "ResourceMap") -> Sequence[Resource]:
        """Return the resources that differ from the ones in `before` at the same index.

        If the two maps have different lengths, all resources are returned.
        """
        if len(self._items) != len(before._items):
            return self._items
        return list(compress(self._items, map(is_not, before._items, self._items)))

    def map(self, change: Callable[[Resource], Resource]) -> Self:
        """Return a map with the result of `change` for each resource, or itself if no result differs."""
        items = tuple([change(resource) for resource in checked(self._items)])
        return self._with_items(items, _differing(self._items, items))

    def replace(self, changed: Mapping[int, Resource]) -> Self:
        """Return the map with other resources at some indexes."""
        items = list(self._items)
        for index, resource in changed.items():
            items[index] = resource
        return self._with_items(tuple(items), list(changed))

    def where(self, keep: Callable[[Resource], bool]) -> Self:
        """Return a map of the resources for which `keep` is true, or itself if it is true for all."""
        items = [resource for resource in checked(self._items) if keep(resource)]
        return self if len(items) == len(self._items) else self.__class__(items)

    def without_empty(self, changed: Iterable[Resource]) -> Self:
        """Return the map without resources with an empty body. Only if one of `changed` has one, all are checked."""
        return self if all(map(_has_body, changed)) else self.where(_has_body)

    def append(self, resources: Iterable[Resource]) -> Self:
        """Return the map with more resources at the end. Raises RenderError if two have the same current id."""
        added = tuple(resources)
        if not added:
            return self
        result = self.__class__((*self._items, *added))
        size = len(self._items)
        if self._indexes_by_id is not None:
            result._indexes_by_id = _with_entries(
                dict(self._indexes_by_id), size, added, Resource.all_keys
            )
        if self._indexes_by_name is not None:
            result._indexes_by_name = _with_entries(
                dict(self._indexes_by_name), size, added, _all_names
            )
        return result.check_unique(added if size else None)

    def check_unique(self, resources: Iterable[Resource] | None = None) -> Self:
        """Return this map. Raises RenderError if two resources have the same current id.

        If `resources` are given, only these are compared with all others.
        """
        if resources is None and self.has_distinct_keys():
            return self
        for resource in self._items if resources is None else resources:
            if len(indexes := self.indexes_by_current_id(resource.key)) > 1:
                raise _duplicate_error(self, indexes)
        return self

    def has_distinct_keys(self) -> bool:
        """Whether no two resources have the same current id."""
        return len({resource.key for resource in self._items}) == len(self._items)

    def _with_items(self, items: tuple[Resource, ...], indexes: Sequence[int]) -> Self:
        """Return a map of `items`, which differ from the old ones at `indexes`. Keep the lookup tables if possible."""
        if not indexes:
            return self
        result = self.__class__(items)
        if self._indexes_by_id is self._indexes_by_name is None:
            return result
        if all(self._items[index].key == items[index].key for index in indexes):
            result._indexes_by_id = _updated_indexes(
                self._indexes_by_id, self._items, items, indexes, Resource.all_keys
            )
            result._indexes_by_name = _updated_indexes(
                self._indexes_by_name, self._items, items, indexes, _all_names
            )
        return result


def _differing(old: Sequence[Resource], new: Sequence[Resource]) -> list[int]:
    """Return the indexes at which two sequences of one length contain different objects."""
    return list(compress(range(len(new)), map(is_not, old, new)))


def _has_body(resource: Resource) -> bool:
    return bool(resource.body)


def _all_names(resource: Resource) -> Iterable[str]:
    return (resource.name, *[previous.name for previous in resource.previous_ids])


def _with_entries(
    indexes_by_key: IndexesByKey,
    first: int,
    resources: Iterable[Resource],
    keys_of: Callable[[Resource], Iterable[Hashable]],
) -> IndexesByKey:
    """Add the resources to a lookup table under each of their keys, and return the table.

    `first` is the index of the first of these resources.
    """
    for index, resource in enumerate(resources, first):
        for key in keys_of(resource):
            indexes = indexes_by_key.setdefault(key, (index,))
            if indexes[-1] != index:
                indexes_by_key[key] = (*indexes, index)
    return indexes_by_key


def _updated_indexes(
    indexes_by_key: IndexesByKey | None,
    old: Sequence[Resource],
    new: Sequence[Resource],
    changed_indexes: Iterable[int],
    keys_of: Callable[[Resource], Iterable[Hashable]],
) -> IndexesByKey | None:
    """Return a lookup table after the resources at some indexes changed, or None if one of them lost a key.

    None means that the table must be built again.
    """
    if indexes_by_key is None:
        return None
    updated = indexes_by_key
    for index in changed_indexes:
        old_keys, new_keys = set(keys_of(old[index])), set(keys_of(new[index]))
        if not old_keys <= new_keys:
            return None
        for key in new_keys - old_keys:
            updated = dict(indexes_by_key) if updated is indexes_by_key else updated
            updated[key] = tuple(sorted((*updated.get(key, ()), index)))
    return updated


def _duplicate_error(resources: ResourceMap, indexes: Sequence[int]) -> RenderError:
    first, second = resources[indexes[0]], resources[indexes[1]]
    where = f" in {first.origin.file}" if first.origin.file else ""
    message = f"may not add {second.id}: the id is already registered{where}"
    return RenderError(message).within(file=second.origin.file, document=second.origin.document)
