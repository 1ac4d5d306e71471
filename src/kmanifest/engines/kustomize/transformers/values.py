"""The ValueAddTransformer, which runs only for a separate config.

Source: kustomize v5.8.2 api/internal/builtins/ValueAddTransformer.go, api/filters/valueadd/valueadd.go.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize.decoding import (
    INT,
    PLUGIN_CONFIG,
    STRING,
    ListShape,
    RecordShape,
    decode,
)
from kmanifest.engines.kustomize.kustomization import SELECTOR
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter
from kmanifest.engines.kustomize.selectors import Selector
from kmanifest.engines.kustomize.transformers.fields import located, require_scalar
from kmanifest.engines.kustomize.transformers.namespace import move_resource
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import FieldUpdate, split_path, update_field
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Mapping

_TARGETS: Final = ListShape(
    RecordShape({"selector": SELECTOR, "fieldPath": STRING, "filePathPosition": INT})
)
_CONFIG: Final = RecordShape({"value": STRING, "targets": _TARGETS, "targetFilePath": STRING})
_TARGET_FILE: Final = RecordShape({"targets": _TARGETS})


def add_value(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in ValueAddTransformer: put a value, or the directory's name, into fields or into paths in fields."""
    fields = decode(config.body, _CONFIG, PLUGIN_CONFIG)
    value = fields.get("value", "").strip() or ctx.directory.rpartition("/")[2]
    targets = [*fields.get("targets", ()), *_targets_in_file(ctx, fields.get("targetFilePath", ""))]
    if not targets:
        raise SourceError("must specify at least one target")
    for target in targets:
        _check_target(target)
    for target in targets:
        selector = Selector.of(target["selector"]) if "selector" in target else None
        resources = resources.map(
            lambda resource, target=target, selector=selector: (  # type: ignore[misc]  # bound now, not when called
                _add(ctx, resource, value, target)
                if selector is None or selector.selects(resource)
                else resource
            )
        )
    return resources


def _targets_in_file(ctx: Context, path: str) -> list[Any]:
    if not path:
        return []
    document = yaml.load_values(ctx.read(path), limits=ctx.options.limits)
    targets: list[Any] = decode(document, _TARGET_FILE, PLUGIN_CONFIG).get("targets", [])
    return targets


def _check_target(target: Mapping[str, Any]) -> None:
    if not target.get("fieldPath"):
        raise SourceError("fieldPath cannot be empty")
    if target.get("filePathPosition", 0) < 0:
        raise SourceError("filePathPosition cannot be negative")


def _add(ctx: Context, resource: Resource, value: str, target: Mapping[str, Any]) -> Resource:
    path, position = target["fieldPath"], target.get("filePathPosition", 0)
    if path == "metadata/namespace":
        return move_resource(resource, value)

    writer = NodeWriter.of(ctx)

    def change(old: Any) -> Any:
        require_scalar(old)
        text = "" if old is None else scalar_text(old)
        return writer.set_scalar(
            old, insert_part(text, position - 1, value) if position > 0 else value
        )

    steps = [step for step in split_path(path, "/") if step.strip()]
    try:
        body = update_field(resource.body, steps, FieldUpdate(change, None), create=True)
    except SourceError as error:
        raise located(error, resource) from error
    return writer.finish(resource, body)


def insert_part(path: str, position: int, part: str) -> str:
    """Return `path` with `part` inserted before step `position`, or appended if it has fewer steps.

    Source: kustomize v5.8.2 kyaml/filesys/util.go, InsertPathPart.
    """
    steps = [step for step in path.split("/") if step]
    steps.insert(min(position, len(steps)), part)
    return ("/" if path.startswith("/") else "") + "/".join(steps)
