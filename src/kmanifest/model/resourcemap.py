"""An ordered set of resources in which no two have the same current id.

Order is the order of loading. The two indexes (by any id of the present or past, by any name) are made when first
asked for and handed on to a changed map as far as its ids are the same, so that a build's cost grows with the number
of its resources and not with its square. Source: kustomize v5.8.2 api/resmap/reswrangler.go.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import is_not

from kmanifest.model.errors import MissingError, RenderError, near_names
from kmanifest.model.resource import IdKey, Resource, describe, names_of
from kmanifest.startup.typing import Any, Self, overload

Index = dict[Hashable, tuple[int, ...]]


class ResourceMap(Sequence[Resource]):
    """An ordered, immutable set of resources. Making one does not check that the ids differ; `append` does."""

    __slots__ = ("_any", "_items", "_named")

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._items = tuple(resources)
        self._any: Index | None = None
        self._named: Index | None = None

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

    __hash__ = None  # type: ignore[assignment]  # bodies are made of dictionaries

    def __repr__(self) -> str:
        return f"ResourceMap({describe(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return ResourceMap, (self._items,)

    def indexes_by_current_id(self, key: IdKey) -> Sequence[int]:
        """Where the resources stand whose current id is `key`."""
        return [place for place in self.indexes_by_any_id(key) if self._items[place].key == key]

    def indexes_by_any_id(self, key: IdKey) -> Sequence[int]:
        """Where the resources stand whose current id, or one of their past, is `key`."""
        if self._any is None:
            self._any = _added({}, 0, self._items, Resource.all_keys)
        return self._any.get(key, ())

    def named(self, name: str) -> Sequence[int]:
        """Where the resources stand that have, or once had, this name."""
        if self._named is None:
            self._named = _added({}, 0, self._items, _names)
        return self._named.get(name, ())

    def index_of(self, key: IdKey) -> int:
        """Where the one resource stands that has or had the id `key`.

        MissingError, with the nearest ids, where none does; RenderError where several do.
        """
        found = self.indexes_by_any_id(key)
        if len(found) == 1:
            return found[0]
        wanted = f"{key[2]}/{key[3]}"
        if found:
            several = describe(self._items[index] for index in found)
            raise RenderError(f"several resources match {wanted}: {several}")
        near = near_names(wanted, names_of(self._items))
        raise MissingError(f"no resource matches {wanted}", near=near)

    def changed_since(self, before: "ResourceMap") -> Sequence[Resource]:
        """The resources that are not the ones of `before` at their places; all where there are more places or fewer."""
        if len(self._items) != len(before._items):
            return self._items
        return list(compress(self._items, map(is_not, before._items, self._items)))

    def map(self, change: Callable[[Resource], Resource]) -> Self:
        """Each resource as `change` makes it; itself where `change` gives every one back."""
        items = tuple([change(resource) for resource in self._items])
        return self._changed(items, _differing(self._items, items))

    def replace(self, changed: Mapping[int, Resource]) -> Self:
        """This map with other resources at some places."""
        items = list(self._items)
        for index, resource in changed.items():
            items[index] = resource
        return self._changed(tuple(items), list(changed))

    def where(self, keep: Callable[[Resource], bool]) -> Self:
        """The resources for which `keep` is true; itself where it is for all."""
        kept = [resource for resource in self._items if keep(resource)]
        return self if len(kept) == len(self._items) else self.__class__(kept)

    def without_empty(self, changed: Iterable[Resource]) -> Self:
        """This map without resources that have no body any more; they are looked for if one of `changed` has none."""
        return self if all(map(_has_body, changed)) else self.where(_has_body)

    def append(self, new: Iterable[Resource]) -> Self:
        """This map with more resources behind; RenderError where two have the same current id."""
        added = tuple(new)
        if not added:
            return self
        result = self.__class__((*self._items, *added))
        size = len(self._items)
        if self._any is not None:
            result._any = _added(dict(self._any), size, added, Resource.all_keys)
        if self._named is not None:
            result._named = _added(dict(self._named), size, added, _names)
        return result.check_unique(added if size else None)

    def check_unique(self, resources: Iterable[Resource] | None = None) -> Self:
        """This map; RenderError where two resources, one of them among `resources`, have the same current id."""
        if resources is None and self.has_distinct_keys():
            return self
        for resource in self._items if resources is None else resources:
            if len(places := self.indexes_by_current_id(resource.key)) > 1:
                raise _already_there(self, places)
        return self

    def has_distinct_keys(self) -> bool:
        """True where no two resources have the same current id."""
        return len({resource.key for resource in self._items}) == len(self._items)

    def _changed(self, items: tuple[Resource, ...], places: Sequence[int]) -> Self:
        if not places:
            return self
        result = self.__class__(items)
        if self._any is self._named is None:
            return result
        if all(self._items[place].key == items[place].key for place in places):
            result._any = _grown(self._any, self._items, items, places, Resource.all_keys)
            result._named = _grown(self._named, self._items, items, places, _names)
        return result


def _differing(old: Sequence[Resource], new: Sequence[Resource]) -> list[int]:
    """The places where two sequences of one length hold other objects."""
    return list(compress(range(len(new)), map(is_not, old, new)))


def _has_body(resource: Resource) -> bool:
    return bool(resource.body)


def _names(resource: Resource) -> Iterable[str]:
    return (resource.name, *[past.name for past in resource.past])


def _added(
    index: Index,
    first: int,
    resources: Iterable[Resource],
    keys_of: Callable[[Resource], Iterable[Hashable]],
) -> Index:
    """`index` with the resources, the first of which stands at `first`, under each of their keys."""
    for place, resource in enumerate(resources, first):
        for key in keys_of(resource):
            places = index.setdefault(key, (place,))
            if places[-1] != place:
                index[key] = (*places, place)
    return index


def _grown(
    index: Index | None,
    old: Sequence[Resource],
    new: Sequence[Resource],
    places: Iterable[int],
    keys_of: Callable[[Resource], Iterable[Hashable]],
) -> Index | None:
    """`index` for other resources at some places; None, to be made again, where one of them lost a key."""
    if index is None:
        return None
    grown = index
    for place in places:
        before, after = set(keys_of(old[place])), set(keys_of(new[place]))
        if not before <= after:
            return None
        for key in after - before:
            grown = dict(index) if grown is index else grown
            grown[key] = tuple(sorted((*grown.get(key, ()), place)))
    return grown


def _already_there(resources: ResourceMap, places: Sequence[int]) -> RenderError:
    first, second = resources[places[0]], resources[places[1]]
    before = f" in {first.origin.file}" if first.origin.file else ""
    message = f"may not add {second.id}: the id is already registered{before}"
    return RenderError(message).within(file=second.origin.file, document=second.origin.document)
