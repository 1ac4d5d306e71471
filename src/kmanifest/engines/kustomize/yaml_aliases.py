"""Fields that are one: what kustomize does because it puts one node into several places of an object.

A label that is new in `metadata.labels` and in `spec.selector` is one node in both; a patch of the first then changes the second.
Users of the reference have files that rely on it, so the bytes must agree. Here such a node is a `SharedText`: a
transformer that makes one label in several places of an object puts one such object there, and after any step that
writes a value in place, `settle` carries the new text to every place that holds the same object.
Source: kustomize v5.8.2 api/filters/filtersutil/setters.go, SetEntry; kyaml v0.21.2 yaml/fns.go, FieldSetter.
"""

from collections.abc import Iterator, Mapping
from operator import is_

from kmanifest.model.resource import Resource
from kmanifest.model.values import SharedText
from kmanifest.startup.typing import Any


def is_shared(value: Any) -> bool:
    """True for a text that other fields of its resource may hold as well."""
    return isinstance(value, SharedText)


def settle(old: Resource, new: Resource) -> Resource:
    """`new`, a changed copy of `old`, with each write to a shared text carried to all places that share it."""
    if new.body is old.body:
        return new
    written = {id(was): (was, now) for was, now in _written(old.body, new.body)}
    if not written:
        return new
    # One text, one object: the places go on sharing what was written.
    fresh = {
        key: SharedText(now) if isinstance(now, str) else now for key, (_, now) in written.items()
    }
    return new.with_body(_replaced(new.body, fresh))


def _written(old: Any, new: Any) -> Iterator[tuple[SharedText, Any]]:
    """Each shared text that was written over and what stands there now, in the order in which fields are walked."""
    todo = [(old, new)]
    while todo:
        was, now = todo.pop()
        if was is now:
            continue
        if was.__class__ is now.__class__ is dict:
            todo.extend((was[key], now[key]) for key in sorted(was, reverse=True) if key in now)
        elif was.__class__ is now.__class__ is list and len(was) == len(now):
            todo.extend(zip(reversed(was), reversed(now), strict=True))
        elif was.__class__ is SharedText:
            yield was, now


def _replaced(value: Any, fresh: Mapping[int, Any]) -> Any:
    if value.__class__ is dict:
        changed = {
            key: new
            for key, item in value.items()
            if item.__class__ is not str and (new := _replaced(item, fresh)) is not item
        }
        return {**value, **changed} if changed else value
    if value.__class__ is list:
        items = [_replaced(item, fresh) for item in value]
        return value if all(map(is_, items, value)) else items
    return fresh.get(id(value), value) if value.__class__ is SharedText else value
