"""The values of templates: read from YAML files as kustomize reads resources, and merged, later ones over earlier ones."""

from collections.abc import Iterable, Mapping

from kmanifest import yaml
from kmanifest.model.changes import plain_copy
from kmanifest.model.errors import KmanifestError
from kmanifest.model.limits import Limits
from kmanifest.model.values import as_mapping
from kmanifest.startup.typing import Any


def load_values(content: bytes, file: str, limits: Limits) -> Mapping[str, Any]:
    """Return the values in a file: its first document, a mapping. An empty file has none.

    Numbers are numbers, dates are strings, and so are `on` and `yes`.
    """
    try:
        documents = yaml.load_documents(content, limits=limits)
        value = documents[0] if documents and documents[0] is not None else {}
        values: Mapping[str, Any] = plain_copy(as_mapping(value))
    except KmanifestError as error:
        raise error.within(file=file, document=0) from error
    return values


def merge_values(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of all layers. Mappings are merged; anything else of a later layer replaces the earlier."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge(merged, layer)
    return merged


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(known, value)
        else:
            merged[key] = value
    return merged
