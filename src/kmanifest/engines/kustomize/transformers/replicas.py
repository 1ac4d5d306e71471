"""Replica counts.

Source: kustomize v5.8.2 api/internal/builtins/ReplicaCountTransformer.go.
"""

from kmanifest.engines.kustomize.config import Field, selects
from kmanifest.engines.kustomize.decoding import INT, PLUGIN_CONFIG, STRING, RecordShape, decode
from kmanifest.engines.kustomize.scalar_nodes import INT_TAG, NodeWriter
from kmanifest.engines.kustomize.transformers.fields import require_scalar, specs_of, update_all
from kmanifest.model.errors import MissingError, near_names
from kmanifest.model.fieldpath import FieldUpdate, is_absent
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_CONFIG: Final = RecordShape({"replica": RecordShape({"name": STRING, "count": INT})})


def set_replicas(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in ReplicaCountTransformer.

    Raises MissingError if no object of a scalable kind has, or had, the name.
    """
    replica = decode(config.body, _CONFIG, PLUGIN_CONFIG).get("replica", {})
    name, count = replica.get("name", ""), replica.get("count", 0)

    writer = NodeWriter.of(ctx)

    def change(old: Any) -> Any:
        require_scalar(old)
        return writer.set_scalar(old, str(count), INT_TAG)

    update = FieldUpdate(change, None)
    matched: list[str] = []
    is_set = False
    for spec in specs_of(config.body):
        field = Field(tuple(spec[0].split("/")), spec[4])
        changed = {
            index: update_all(resources[index], (field,), update, writer)
            for index in resources.indexes_by_name(name)
            if any(
                key[3] == name and selects(spec, *key[:3]) for key in resources[index].all_keys()
            )
        }
        matched += names_of(list(changed.values()))
        is_set = is_set or any(
            field.create or not is_absent(resources[index].body, field.steps) for index in changed
        )
        resources = resources.replace(changed)
    if not matched:
        kinds = [spec[3] for spec in specs_of(config.body)]
        near = near_names(name, (resource.name for resource in resources if resource.kind in kinds))
        raise MissingError(f"no {' or '.join(kinds)} is called {name!r}", near=near).within(
            field=("replica", "name")
        )
    if not is_set:
        names = ", ".join(dict.fromkeys(matched))
        ctx.report_no_effect(f"no field for a replica count in {names}", field=("replica", "name"))
    return resources
