"""An ordered set of resources in which no two have the same current id.

Order is the order of loading. The two indexes (by current id, by any id of the present or past) are made when first asked for
and handed on to a changed map whose ids are the same, so that a build's cost grows with the number of
its resources and not with its square. Source: kustomize v5.8.2 api/resmap/reswrangler.go.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, overload

from kmanifest.errors import MissingError, RenderError, near_names
from kmanifest.resource import IdKey, Resource, describe, names_of

Index = Mapping[IdKey, Sequence[int]]


class ResourceMap(Sequence[Resource]):
    """An ordered, immutable set of resources. Making one does not check that the ids differ; `append` does."""

    __slots__ = ("_any", "_current", "_items")

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._items = tuple(resources)
        self._current: Index | None = None
        self._any: Index | None = None

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

    def with_current(self, key: IdKey) -> Sequence[int]:
        """Where the resources stand whose current id is `key`."""
        if self._current is None:
            self._current = _index((resource.key,) for resource in self._items)
        return self._current.get(key, ())

    def with_any(self, key: IdKey) -> Sequence[int]:
        """Where the resources stand whose current id, or one of their past, is `key`."""
        if self._any is None:
            self._any = _index(resource.keys() for resource in self._items)
        return self._any.get(key, ())

    def one(self, key: IdKey) -> int:
        """Where the one resource stands that has or had the id `key`.

        MissingError, with the nearest ids, where none does; RenderError where several do.
        """
        found = self.with_any(key)
        if len(found) == 1:
            return found[0]
        wanted = f"{key[2]}/{key[3]}"
        if found:
            several = describe(self._items[index] for index in found)
            raise RenderError(f"several resources match {wanted}: {several}")
        raise MissingError(f"no resource matches {wanted}", near=near_names(wanted, names_of(self._items)))

    def map(self, change: Callable[[Resource], Resource]) -> Self:
        """Each resource as `change` makes it; itself where `change` gives every one back."""
        return self._changed(tuple([change(resource) for resource in self._items]))

    def replace(self, changed: Mapping[int, Resource]) -> Self:
        """This map with other resources at some places."""
        items = list(self._items)
        for index, resource in changed.items():
            items[index] = resource
        return self._changed(tuple(items))

    def where(self, keep: Callable[[Resource], bool]) -> Self:
        """The resources for which `keep` is true; itself where it is for all."""
        kept = [resource for resource in self._items if keep(resource)]
        return self if len(kept) == len(self._items) else self.__class__(kept)

    def append(self, new: Iterable[Resource]) -> Self:
        """This map with more resources behind; RenderError where two have the same current id."""
        added = list(new)
        if not added:
            return self
        result = self.__class__((*self._items, *added))
        for resource in added:
            if len(places := result.with_current(resource.key)) > 1:
                raise _already_there(result, places)
        return result

    def check_unique(self) -> Self:
        """This map; RenderError where two resources have the same current id."""
        for resource in self._items:
            if len(places := self.with_current(resource.key)) > 1:
                raise _already_there(self, places)
        return self

    def _changed(self, items: tuple[Resource, ...]) -> Self:
        result = self.__class__(items)
        pairs = [(old, new) for old, new in zip(self._items, items, strict=True) if old is not new]
        if not pairs:
            return self
        if self._current is not None and all(old.key == new.key for old, new in pairs):
            result._current = self._current
            if all(old.past == new.past for old, new in pairs):
                result._any = self._any
        return result


def _index(keys_of_each: Iterable[Sequence[IdKey]]) -> Index:
    index: dict[IdKey, list[int]] = {}
    for place, keys in enumerate(keys_of_each):
        for key in keys:
            places = index.setdefault(key, [])
            if not places or places[-1] != place:
                places.append(place)
    return index


def _already_there(resources: ResourceMap, places: Sequence[int]) -> RenderError:
    first, second = resources[places[0]], resources[places[1]]
    before = f" in {first.origin.file}" if first.origin.file else ""
    message = f"may not add {second.id}: the id is already registered{before}"
    return RenderError(message).within(file=second.origin.file, document=second.origin.document)
