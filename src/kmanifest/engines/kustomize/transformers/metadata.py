"""Labels and annotations.

Source: kustomize v5.8.2 api/internal/builtins/LabelTransformer.go, AnnotationsTransformer.go.
"""

from collections.abc import Mapping

from kmanifest.engines.kustomize.config import FieldTable, Specs
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, STRING_MAP, RecordShape, decode
from kmanifest.engines.kustomize.scalars import plain_key
from kmanifest.engines.kustomize.transformers.fields import set_entries, specs_of, update_all
from kmanifest.engines.kustomize.yaml_aliases import is_shared, propagate_aliases
from kmanifest.model.fieldpath import FieldUpdate
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import SharedText
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_LABELS: Final = RecordShape({"labels": STRING_MAP})
_ANNOTATIONS: Final = RecordShape({"annotations": STRING_MAP})
_EMPTY: Final[dict[str, str]] = {}

METADATA_LABELS: Final[Specs] = (("metadata/labels", "", "", "", True),)


def label(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in LabelTransformer: put `labels` into the fields of `fieldSpecs`."""
    labels = decode(config.body, _LABELS, PLUGIN_CONFIG).get("labels", {})
    return _put_entries(resources, labels, specs_of(config.body))


def annotate(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in AnnotationsTransformer: put `annotations` into the fields of `fieldSpecs`."""
    annotations = decode(config.body, _ANNOTATIONS, PLUGIN_CONFIG).get("annotations", {})
    return _put_entries(resources, annotations, specs_of(config.body))


def _put_entries(resources: ResourceMap, entries: Mapping[str, str], specs: Specs) -> ResourceMap:
    if not entries:
        return resources
    for key in entries:
        plain_key(key, "key")
    table = FieldTable(specs)

    def put(resource: Resource) -> Resource:
        fields = table.fields_for(*resource.id[:3])
        replaced: list[Any] = []
        update = FieldUpdate(set_entries(_shared_entries(entries, len(fields)), replaced), _EMPTY)
        changed = update_all(resource, fields, update)
        return propagate_aliases(resource, changed) if any(map(is_shared, replaced)) else changed

    return resources.map(put)


def _shared_entries(entries: Mapping[str, str], field_count: int) -> Mapping[str, str]:
    if field_count == 1:
        return entries
    return {key: SharedText(value) for key, value in entries.items()}
