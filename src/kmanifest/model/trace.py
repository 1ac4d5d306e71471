"""Who changed what: the difference between two resource maps as single writes.

Bodies are path-copied, so a branch that is the same object did not change and is not looked at: the cost is that of the
changes. No transformer knows of it, be it built in or foreign.
"""

from collections.abc import Iterator, Mapping

from kmanifest.model.errors import FieldPath
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.resource import Lineage, Resource, ResourceId
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.startup.typing import Any, NamedTuple


class Change(NamedTuple):
    """One write to one field of one resource.

    `step` names the plug-in (`builtin/PrefixTransformer`; `load` where a file was read), `file` and `configured` where
    its config is written. `resource` is the id before the write. An empty `field` is the whole body. `old` is
    MISSING where the field was not there, `new` where it was taken away. `lineage` tells resources of one id apart.
    """

    step: str
    file: str
    configured: FieldPath
    resource: ResourceId
    field: FieldPath
    old: Any
    new: Any
    lineage: Lineage


class Cause(NamedTuple):
    """The step that is to be named in a `Change`."""

    step: str
    file: str = ""
    configured: FieldPath = ()


def changes(before: ResourceMap, after: ResourceMap, cause: Cause) -> Iterator[Change]:
    """Every write that made `after` of `before`: changed fields, then what was added, then what was taken away."""
    if before is after:
        return
    old_of: dict[int, Resource] = {id(resource.lineage): resource for resource in before}
    for resource in after:
        old = old_of.pop(id(resource.lineage), None)
        if old is None:
            made = cause if cause.file else cause._replace(file=resource.origin.file)
            yield Change(*made, resource.id, (), MISSING, resource.body, resource.lineage)
        elif old.body is not resource.body:
            for field, was, now in differences(old.body, resource.body):
                yield Change(*cause, old.id, field, was, now, resource.lineage)
    for gone in old_of.values():
        yield Change(*cause, gone.id, (), gone.body, MISSING, gone.lineage)


def differences(old: Any, new: Any) -> Iterator[tuple[FieldPath, Any, Any]]:
    """The leaves in which two values differ, as (field, old, new); lists of different length are one leaf."""
    todo: list[tuple[FieldPath, Any, Any]] = [((), old, new)]
    while todo:
        field, was, now = todo.pop()
        if was is now:
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            keys = [*was, *(key for key in now if key not in was)]
            todo.extend(
                ((*field, key), was.get(key, MISSING), now.get(key, MISSING))
                for key in reversed(keys)
            )
        elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
            todo.extend(
                ((*field, index), was[index], now[index]) for index in reversed(range(len(was)))
            )
        elif was.__class__ is not now.__class__ or was != now:
            yield field, was, now
