"""Labels and annotations. Source: kustomize v5.8.2 api/internal/builtins/LabelTransformer.go, AnnotationsTransformer.go."""

from collections.abc import Mapping

from kmanifest.engines.kustomize.config import FieldTable, Specs
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, TEXT_MAP, Record, fit
from kmanifest.engines.kustomize.scalars import plain_key
from kmanifest.engines.kustomize.transformers.fields import set_entries, specs_of, update_all
from kmanifest.engines.kustomize.yaml_aliases import is_shared, settle
from kmanifest.model.fieldpath import FieldUpdate
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import SharedText
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_LABELS: Final = Record({"labels": TEXT_MAP})
_ANNOTATIONS: Final = Record({"annotations": TEXT_MAP})
_MADE: Final[dict[str, str]] = {}

METADATA_LABELS: Final[Specs] = (("metadata/labels", "", "", "", True),)


def label(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """The built-in LabelTransformer: `labels` put wherever `fieldSpecs` says."""
    labels = fit(config.body, _LABELS, PLUGIN_CONFIG).get("labels", {})
    return _put_entries(resources, labels, specs_of(config.body))


def annotate(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """The built-in AnnotationsTransformer: `annotations` put wherever `fieldSpecs` says."""
    annotations = fit(config.body, _ANNOTATIONS, PLUGIN_CONFIG).get("annotations", {})
    return _put_entries(resources, annotations, specs_of(config.body))


def _put_entries(resources: ResourceMap, entries: Mapping[str, str], specs: Specs) -> ResourceMap:
    if not entries:
        return resources
    for key in entries:
        plain_key(key, "key")
    table = FieldTable(specs)

    def put(resource: Resource) -> Resource:
        fields = table.of(*resource.id[:3])
        written: list[Any] = []
        update = FieldUpdate(set_entries(_for_places(entries, len(fields)), written), _MADE)
        changed = update_all(resource, fields, update)
        return settle(resource, changed) if any(map(is_shared, written)) else changed

    return resources.map(put)


def _for_places(entries: Mapping[str, str], places: int) -> Mapping[str, str]:
    if places == 1:
        return entries
    return {key: SharedText(value) for key, value in entries.items()}
