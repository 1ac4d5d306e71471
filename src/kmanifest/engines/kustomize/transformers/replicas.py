"""Replica counts. Source: kustomize v5.8.2 api/internal/builtins/ReplicaCountTransformer.go."""

from kmanifest.engines.kustomize.config import Field, selects
from kmanifest.engines.kustomize.decoding import INT, PLUGIN_CONFIG, TEXT, Record, fit
from kmanifest.engines.kustomize.transformers.fields import require_scalar, specs_of, update_all
from kmanifest.model.errors import MissingError, near_names
from kmanifest.model.fieldpath import FieldUpdate, is_absent
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_CONFIG: Final = Record({"replica": Record({"name": TEXT, "count": INT})})


def set_replicas(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in ReplicaCountTransformer; MissingError where nothing of a scalable kind has or had the name."""
    replica = fit(config.body, _CONFIG, PLUGIN_CONFIG).get("replica", {})
    name, count = replica.get("name", ""), replica.get("count", 0)

    def change(old: Any) -> Any:
        require_scalar(old)
        return count

    update = FieldUpdate(change, 0)
    found: list[str] = []
    is_set = False
    for spec in specs_of(config.body):
        field = Field(tuple(spec[0].split("/")), spec[4])
        changed = {
            place: update_all(resources[place], (field,), update)
            for place in resources.indexes_by_name(name)
            if any(
                key[3] == name and selects(spec, *key[:3]) for key in resources[place].all_keys()
            )
        }
        found += names_of(list(changed.values()))
        is_set = is_set or any(
            field.create or not is_absent(resources[place].body, field.steps) for place in changed
        )
        resources = resources.replace(changed)
    if not found:
        kinds = [spec[3] for spec in specs_of(config.body)]
        near = near_names(name, (resource.name for resource in resources if resource.kind in kinds))
        raise MissingError(f"no {' or '.join(kinds)} is called {name!r}", near=near).within(
            field=("replica", "name")
        )
    if not is_set:
        names = ", ".join(dict.fromkeys(found))
        ctx.report_no_effect(f"no field for a replica count in {names}", field=("replica", "name"))
    return resources
