"""The difference between two resource maps, as single writes to fields.

An update copies only the containers on its path, so a branch that is the same object did not change and is skipped. The
cost is proportional to the changes. Transformers need no code for this, built-in or third-party.

The values of a `Change` are copies, since the bodies of a build are shared with other builds.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.model.fieldpath import MISSING, deep_copy
from kmanifest.model.resource import Lineage, Resource, ResourceId
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.startup.typing import Any, Iterator, Mapping, NamedTuple


class Change(NamedTuple):
    """One write to one field of one resource.

    `step`: name of the plug-in, such as `builtin/PrefixTransformer`, or `load` for an object of a file. `file`: the
    file of its config. `config_field`: the field of the config in that file. `resource`: the id before the write. `field`: empty for the whole body.
    `old`: MISSING if the field was added. `new`: MISSING if the field was removed. `lineage`: an object that all
    states of one resource share; it distinguishes resources with the same id.

    >>> from kmanifest import Change, build
    >>> changes: list[Change] = []
    >>> files = {"kustomization.yaml": "{resources: [job.yaml], namePrefix: my-}", "job.yaml": "{kind: Job, metadata: {name: a}}"}
    >>> rendered = build(tree=files, on_change=changes.append)
    >>> for change in changes:
    ...     print(change.step, change.file, change.config_field, change.resource, change.field, change.old, change.new)
    load job.yaml () Job/a () MISSING {'kind': 'Job', 'metadata': {'name': 'a'}}
    builtin/PrefixTransformer kustomization.yaml ('namePrefix',) Job/a ('metadata', 'name') a my-a
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
    """The step that caused a `Change`."""

    step: str
    file: str = ""
    config_field: FieldPath = ()


def changes(before: ResourceMap, after: ResourceMap, cause: Cause) -> Iterator[Change]:
    """Yield the writes that turn `before` into `after`: changed fields and added resources, then removed resources."""
    if before is after:
        return
    remaining: dict[int, Resource] = {id(resource.lineage): resource for resource in before}
    for resource in after:
        old = remaining.pop(id(resource.lineage), None)
        if old is None:
            load_cause = cause if cause.file else cause._replace(file=resource.origin.file)
            body = deep_copy(resource.body)
            yield Change(*load_cause, resource.id, (), MISSING, body, resource.lineage)
        elif old.body is not resource.body:
            for field, old_value, new_value in differences(old.body, resource.body):
                values = deep_copy(old_value), deep_copy(new_value)
                yield Change(*cause, old.id, field, *values, resource.lineage)
    for removed in remaining.values():
        yield Change(*cause, removed.id, (), deep_copy(removed.body), MISSING, removed.lineage)


def differences(old: Any, new: Any) -> Iterator[tuple[FieldPath, Any, Any]]:
    """Yield the leaves that differ between two values, as (field, old, new). Lists of different length are one leaf."""
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
