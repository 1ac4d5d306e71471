"""Names: prefix, suffix, and the hash after a generated name.

Source: kustomize v5.8.2 api/internal/builtins/PrefixTransformer.go, SuffixTransformer.go, HashTransformer.go.
"""

from kmanifest.engines.kustomize.config import FieldTable
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, STRING, RecordShape, decode
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter, resolved, retype
from kmanifest.engines.kustomize.transformers.fields import require_scalar, specs_of, update_all
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import FieldUpdate
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final

_CONFIG: Final = RecordShape({"prefix": STRING, "suffix": STRING})
_NAME: Final = ("metadata", "name")


def add_prefix(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in PrefixTransformer."""
    prefix = _affix(config, "prefix")
    return _rename(
        ctx,
        resources,
        config,
        remember=lambda resource: (
            resource.with_prefix(prefix).with_current_id_remembered() if prefix else resource
        ),
        change=lambda name: prefix + name,
    )


def add_suffix(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in SuffixTransformer."""
    suffix = _affix(config, "suffix")
    return _rename(
        ctx,
        resources,
        config,
        remember=lambda resource: (
            resource.with_suffix(suffix).with_current_id_remembered() if suffix else resource
        ),
        change=lambda name: name + suffix,
    )


def add_prefix_and_suffix(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the old PrefixSuffixTransformer, which does both."""
    return add_suffix(ctx, config, add_prefix(ctx, config, resources))


def add_hash(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in HashTransformer: append `-` and the content hash to the names of generated objects."""
    if not any(resource.needs_hash for resource in resources):
        return resources
    from kmanifest.engines.kustomize.hashing import name_hash  # for generated objects

    def change(resource: Resource) -> Resource:
        if not resource.needs_hash:
            return resource
        name = f"{resource.name}-{name_hash(resolved(resource).body)}"
        return resource.with_current_id_remembered().put(_NAME, retype(resource.get(*_NAME), name))

    return resources.map(change)


def _affix(config: Resource, name: str) -> str:
    if config.body.get("fieldSpecs") is None:
        raise SourceError("fieldSpecs is needed")
    affix: str = decode(config.body, _CONFIG, PLUGIN_CONFIG).get(name, "")
    return affix


def _rename(
    ctx: Context,
    resources: ResourceMap,
    config: Resource,
    *,
    remember: Callable[[Resource], Resource],
    change: Callable[[str], str],
) -> ResourceMap:
    table = FieldTable(specs_of(config.body))
    writer = NodeWriter.of(ctx)

    def change_field(old: Any) -> Any:
        require_scalar(old)
        return writer.set_scalar(old, change("" if old is None else scalar_text(old)))

    update = FieldUpdate(change_field, None)

    def rename(resource: Resource) -> Resource:
        group, version, kind = resource.original_type
        if _keeps_name(group, kind):
            return resource
        for field in table.fields_for(group, version, kind):
            if field.steps == _NAME:
                resource = remember(resource)
            resource = update_all(resource, (field,), update, writer)
        return resource

    return resources.map(rename)


def _keeps_name(group: str, kind: str) -> bool:
    if kind in ("CustomResourceDefinition", "Namespace"):
        return True
    return kind == "APIService" and group == "apiregistration.k8s.io"
