"""Fields that share one YAML node.

kustomize puts one node into several fields of an object. A label that is new in `metadata.labels` and in
`spec.selector` is one node in both. A patch of the first field then changes the second. Users have files that rely on
this, so the output must be the same.
Here such a node is a `SharedText`. A transformer that adds one label to several fields of an object puts the same
`SharedText` into each. After any step that overwrites a value, `propagate_aliases` copies the new text to each field
with the same `SharedText`.
Source: kustomize v5.8.2 api/filters/filtersutil/setters.go, SetEntry; kyaml v0.21.2 yaml/fns.go, FieldSetter.
"""

from collections.abc import Iterator, Mapping
from operator import is_

from kmanifest.model.resource import Resource
from kmanifest.model.values import SharedText
from kmanifest.startup.typing import Any


def is_shared(value: Any) -> bool:
    """Return whether the value is a string that other fields of its resource may share."""
    return isinstance(value, SharedText)


def propagate_aliases(old: Resource, new: Resource) -> Resource:
    """Return `new`, a changed copy of `old`, with each write to a shared string copied to all fields that share it."""
    if new.body is old.body:
        return new
    overwritten = {
        id(before): (before, after) for before, after in _overwritten(old.body, new.body)
    }
    if not overwritten:
        return new
    # One object for each text, so that the fields still share it.
    replacements = {
        key: SharedText(after) if isinstance(after, str) else after
        for key, (_, after) in overwritten.items()
    }
    return new.with_body(_with_replacements(new.body, replacements))


def _overwritten(old: Any, new: Any) -> Iterator[tuple[SharedText, Any]]:
    """Yield each overwritten shared string and the value that replaced it, in the order in which fields are walked."""
    todo = [(old, new)]
    while todo:
        before, after = todo.pop()
        if before is after:
            continue
        if before.__class__ is after.__class__ is dict:
            todo.extend(
                (before[key], after[key]) for key in sorted(before, reverse=True) if key in after
            )
        elif before.__class__ is after.__class__ is list and len(before) == len(after):
            todo.extend(zip(reversed(before), reversed(after), strict=True))
        elif before.__class__ is SharedText:
            yield before, after


def _with_replacements(value: Any, replacements: Mapping[int, Any]) -> Any:
    if value.__class__ is dict:
        changed = {
            key: new
            for key, item in value.items()
            if item.__class__ is not str
            and (new := _with_replacements(item, replacements)) is not item
        }
        return {**value, **changed} if changed else value
    if value.__class__ is list:
        items = [_with_replacements(item, replacements) for item in value]
        return value if all(map(is_, items, value)) else items
    return replacements.get(id(value), value) if value.__class__ is SharedText else value
