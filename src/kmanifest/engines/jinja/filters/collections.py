"""Filters on lists and mappings."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from kmanifest.engines.jinja.budget import Budget
from kmanifest.startup.typing import Any, Final

_LIST_MERGES: Final = ("replace", "keep", "append", "prepend", "append_rp", "prepend_rp")
_NULLS: Final = (None, "None", "null")


class CollectionFilters:
    """The filters of one render. Each counts the items that it visits and returns."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    # --- mappings ------------------------------------------------------------------------------------------------

    def combine(
        self, *values: Any, recursive: bool = False, list_merge: str = "replace"
    ) -> dict[str, Any]:
        """Return one mapping with the entries of all; later ones win. `list_merge` is the way of lists."""
        if list_merge not in _LIST_MERGES:
            raise ValueError(f"list_merge must be one of {', '.join(_LIST_MERGES)}")
        merged: dict[str, Any] = {}
        for value in self.flatten(list(values)):
            if not isinstance(value, Mapping):
                raise TypeError(f"combine needs mappings, got {type(value).__name__}")
            merged = self._merge(merged, value, recursive=recursive, list_merge=list_merge)
        return merged

    def _merge(
        self, old: Mapping[str, Any], new: Mapping[str, Any], *, recursive: bool, list_merge: str
    ) -> dict[str, Any]:
        self._budget.step(len(old) + len(new) + 1)
        merged = dict(old)
        for key, value in new.items():
            known = merged.get(key)
            if recursive and isinstance(known, Mapping) and isinstance(value, Mapping):
                merged[key] = self._merge(known, value, recursive=True, list_merge=list_merge)
            elif isinstance(known, list) and isinstance(value, list):
                merged[key] = self._merge_lists(known, value, list_merge)
            else:
                merged[key] = value
        return merged

    def _merge_lists(self, old: list[Any], new: list[Any], list_merge: str) -> list[Any]:
        if list_merge == "replace":
            return new
        if list_merge == "keep":
            return old
        if list_merge.endswith("_rp"):
            old = self.difference(old, new, is_unique=False)
        self._budget.items(len(old) + len(new))
        return old + new if list_merge.startswith("append") else new + old

    def dict2items(
        self, value: Any, key_name: str = "key", value_name: str = "value"
    ) -> list[dict[str, Any]]:
        """Return a list with a mapping for each entry."""
        if not isinstance(value, Mapping):
            raise TypeError(f"dict2items needs a mapping, got {type(value).__name__}")
        self._budget.items(len(value))
        return [{key_name: key, value_name: item} for key, item in value.items()]

    def items2dict(
        self, value: Any, key_name: str = "key", value_name: str = "value"
    ) -> dict[Any, Any]:
        """Return a mapping with an entry for each item of a list."""
        if not isinstance(value, list | tuple):
            raise TypeError(f"items2dict needs a list, got {type(value).__name__}")
        self._budget.items(len(value))
        self._budget.whole(value)
        try:
            return {item[key_name]: item[value_name] for item in value}
        except (KeyError, TypeError):
            message = f"items2dict needs mappings with the keys {key_name!r} and {value_name!r}"
            raise TypeError(message) from None

    def rekey_on_member(self, value: Any, key: str, duplicates: str = "error") -> dict[Any, Any]:
        """Return the items of a list, or the values of a mapping, by one of their entries."""
        items = list(value.values()) if isinstance(value, Mapping) else list(value)
        self._budget.items(len(items))
        result: dict[Any, Any] = {}
        for item in items:
            if not isinstance(item, Mapping) or key not in item:
                raise ValueError(f"the key {key!r} is missing in an item")
            if self._budget.hashable(item[key]) in result and duplicates != "overwrite":
                raise ValueError(f"two items have the key {item[key]!r}")
            result[item[key]] = item
        return result

    def merge_strategic(self, value: Any) -> Any:
        """Return a value in which items of a list that have one `name` are merged."""
        self._budget.work(value)
        if isinstance(value, Mapping):
            return {key: self.merge_strategic(item) for key, item in value.items()}
        if not isinstance(value, list):
            return value
        items = [self.merge_strategic(item) for item in value]
        if not all(isinstance(item, dict) and "name" in item for item in items):
            return items
        merged: dict[Any, dict[Any, Any]] = {}
        for item in items:
            merged.setdefault(self._budget.hashable(item["name"]), {}).update(item)
        return list(merged.values())

    # --- lists ---------------------------------------------------------------------------------------------------

    def flatten(
        self, value: Iterable[Any], levels: int | None = None, skip_nulls: bool = True
    ) -> list[Any]:
        """Return the items of lists inside lists, to a depth of `levels`."""
        result: list[Any] = []
        for item in self._budget.bounded(value):
            if skip_nulls and not isinstance(item, Mapping | list) and item in _NULLS:
                continue
            if not isinstance(item, list | tuple) or levels == 0:
                result.append(item)
                continue
            result += self.flatten(item, None if levels is None else levels - 1, skip_nulls)
        self._budget.items(len(result))
        return result

    def union(self, left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
        """Return the items that are in one of two lists, each once."""
        return self._unique([*self._budget.bounded(left), *self._budget.bounded(right)])

    def intersect(self, left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
        """Return the items that are in both lists, each once."""
        contains = self._membership(right)
        return self._unique([item for item in self._budget.bounded(left) if contains(item)])

    def difference(
        self, left: Iterable[Any], right: Iterable[Any], *, is_unique: bool = True
    ) -> list[Any]:
        """Return the items that are in the first list only, each once."""
        contains = self._membership(right)
        items = [item for item in self._budget.bounded(left) if not contains(item)]
        return self._unique(items) if is_unique else items

    def symmetric_difference(self, left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
        """Return the items that are in one of two lists and not in both, each once."""
        left, right = list(self._budget.bounded(left)), list(self._budget.bounded(right))
        return self.difference(self.union(left, right), self.intersect(left, right))

    def unique(
        self, value: Iterable[Any], case_sensitive: bool | None = None, attribute: Any = None
    ) -> list[Any]:
        """Return the items of a list, each once, in their order."""
        folds_case = case_sensitive is False
        return self._unique(
            list(self._budget.bounded(value)), folds_case=folds_case, attribute=attribute
        )

    def _unique(
        self, items: list[Any], *, folds_case: bool = False, attribute: Any = None
    ) -> list[Any]:
        seen: set[Any] = set()
        unhashable: list[Any] = []
        result: list[Any] = []
        for item in items:
            key = item
            if attribute is not None:
                key = item[attribute]
            if folds_case and isinstance(key, str):
                key = key.lower()
            self._budget.hashable(key)
            try:
                if key in seen:
                    continue
                seen.add(key)
            except TypeError:
                self._budget.step(len(unhashable))
                if key in unhashable:
                    continue
                unhashable.append(key)
            result.append(item)
        return result

    def _membership(self, value: Iterable[Any]) -> Callable[[Any], bool]:
        """Return a function that returns whether an item is in a list."""
        items = list(self._budget.bounded(value))
        self._budget.whole(items)
        try:
            known = set(items)
        except TypeError:

            def contains(item: Any) -> bool:
                self._budget.step(len(items))
                return item in items

            return contains
        return lambda item: self._hashable(item) and item in known

    def _hashable(self, item: Any) -> bool:
        return not isinstance(self._budget.hashable(item), dict | list | set)

    def _counted(self, tuples: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for item in tuples:
            self._budget.step(len(item))
            yield item

    def zip(self, *lists: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Return tuples of the items at one index, to the end of the shortest list."""
        return self._counted(zip(*map(self._budget.bounded, lists), strict=False))

    def zip_longest(
        self, *lists: Iterable[Any], fillvalue: Any = None
    ) -> Iterator[tuple[Any, ...]]:
        """Return tuples of the items at one index, to the end of the longest list."""
        return itertools.zip_longest(*map(self._budget.bounded, lists), fillvalue=fillvalue)

    def product(self, *lists: Iterable[Any], repeat: int = 1) -> Iterator[tuple[Any, ...]]:
        """Return all tuples with one item of each list."""
        pools = [list(self._budget.bounded(items)) for items in lists]
        self._budget.items(max(repeat, 0))
        self._budget.items(len(pools) * max(repeat, 0) * max(map(len, pools), default=0))
        return self._counted(itertools.product(*pools, repeat=repeat))

    def permutations(
        self, value: Iterable[Any], length: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Return all orders of `length` of the items."""
        self._budget.items(max(length or 0, 0))
        return self._counted(itertools.permutations(list(self._budget.bounded(value)), length))

    def combinations(self, value: Iterable[Any], length: int) -> Iterator[tuple[Any, ...]]:
        """Return all choices of `length` of the items."""
        self._budget.items(max(length, 0))
        return self._counted(itertools.combinations(list(self._budget.bounded(value)), length))

    def subelements(
        self, value: Any, subelements: Any, skip_missing: bool = False
    ) -> list[tuple[Any, Any]]:
        """Return pairs of an item and each item of a list inside it."""
        items = list(value.values()) if isinstance(value, Mapping) else list(value)
        path = subelements.split(".") if isinstance(subelements, str) else list(subelements)
        pairs: list[tuple[Any, Any]] = []
        for item in items:
            inner = item
            for name in path:
                if isinstance(inner, Mapping) and name in inner:
                    inner = inner[name]
                elif skip_missing:
                    inner = []
                    break
                else:
                    raise ValueError(f"the key {name!r} is missing in an item")
            if not isinstance(inner, list):
                raise TypeError(f"{path[-1]!r} is no list in an item")
            self._budget.items(len(inner))
            pairs += [(item, element) for element in inner]
        return pairs

    # --- tests ---------------------------------------------------------------------------------------------------

    def is_subset(self, left: Iterable[Any], right: Iterable[Any]) -> bool:
        """Whether all items of the first list are in the second."""
        contains = self._membership(right)
        return all(contains(item) for item in self._budget.bounded(left))

    def is_superset(self, left: Iterable[Any], right: Iterable[Any]) -> bool:
        """Whether all items of the second list are in the first."""
        return self.is_subset(right, left)

    def is_containing(self, value: Any, item: Any) -> bool:
        """Whether an item is in a list."""
        self._budget.whole(value)
        self._budget.whole(item)
        return item in value


def collection_filters(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the filters by name."""
    own = CollectionFilters(budget)
    names = (
        "combinations", "combine", "dict2items", "difference", "flatten", "intersect", "items2dict", "merge_strategic",
        "permutations", "product", "rekey_on_member", "subelements", "symmetric_difference", "union", "zip",
        "zip_longest",
    )  # fmt: skip
    return {name: getattr(own, name) for name in names}


def collection_tests(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the tests by name."""
    own = CollectionFilters(budget)
    return {
        "all": lambda value: all(budget.bounded(value)),
        "any": lambda value: any(budget.bounded(value)),
        "contains": own.is_containing,
        "issubset": own.is_subset,
        "issuperset": own.is_superset,
        "subset": own.is_subset,
        "superset": own.is_superset,
    }
