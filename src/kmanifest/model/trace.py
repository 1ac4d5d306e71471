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

    `step` names the plug-in (`builtin/PrefixTransformer`; `load` where a file was read), `file` and `config_field` where
    its config is written. `resource` is the id before the write. An empty `field` is the whole body. `old` is
    MISSING where the field was not there, `new` where it was taken away. `lineage` tells resources of one id apart.
    """

    step: str
    file: str
    config_field: FieldPath
    resource: ResourceId
    field: FieldPath
    old: Any
    new: Any
    lineage: Lineage


class Cause(NamedTuple):
    """The step that is to be named in a `Change`."""

    step: str
    file: str = ""
    config_field: FieldPath = ()


def changes(before: ResourceMap, after: ResourceMap, cause: Cause) -> Iterator[Change]:
    """Every write that made `after` of `before`: changed fields, then what was added, then what was taken away."""
    if before is after:
        return
    remaining: dict[int, Resource] = {id(resource.lineage): resource for resource in before}
    for resource in after:
        old = remaining.pop(id(resource.lineage), None)
        if old is None:
            load_cause = cause if cause.file else cause._replace(file=resource.origin.file)
            yield Change(*load_cause, resource.id, (), MISSING, resource.body, resource.lineage)
        elif old.body is not resource.body:
            for field, old_value, new_value in differences(old.body, resource.body):
                yield Change(*cause, old.id, field, old_value, new_value, resource.lineage)
    for removed in remaining.values():
        yield Change(*cause, removed.id, (), removed.body, MISSING, removed.lineage)


def differences(old: Any, new: Any) -> Iterator[tuple[FieldPath, Any, Any]]:
    """The leaves in which two values differ, as (field, old, new); lists of different length are one leaf."""
    pending: list[tuple[FieldPath, Any, Any]] = [((), old, new)]
    while pending:
        field, before, after = pending.pop()
        if before is after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            keys = [*before, *(key for key in after if key not in before)]
            pending.extend(
                ((*field, key), before.get(key, MISSING), after.get(key, MISSING))
                for key in reversed(keys)
            )
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            pending.extend(
                ((*field, index), before[index], after[index])
                for index in reversed(range(len(before)))
            )
        elif before.__class__ is not after.__class__ or before != after:
            yield field, before, after
