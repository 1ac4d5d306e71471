"""Read `crds`: extensions in the OpenAPI definitions of custom types, which add fields for transformers.

Source: kustomize v5.8.2 api/internal/accumulator/loadconfigfromcrds.go.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize import config as configs
from kmanifest.engines.kustomize.config import TransformerConfig
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import Limits
from kmanifest.model.values import as_mapping
from kmanifest.startup.typing import Any, Final, Iterator, Mapping

_ANNOTATION: Final = "x-kubernetes-annotation"
_LABEL_SELECTOR: Final = "x-kubernetes-label-selector"
_IDENTITY: Final = "x-kubernetes-identity"
_REFERENCE_VERSION: Final = "x-kubernetes-object-ref-api-version"
_REFERENCE_KIND: Final = "x-kubernetes-object-ref-kind"
_REFERENCE_NAME_KEY: Final = "x-kubernetes-object-ref-name-key"
_MAX_DEPTH: Final = 100


def config_from_crds(content: bytes, limits: Limits) -> TransformerConfig:
    """Return the config in a file of OpenAPI definitions.

    Raises SourceError if the file is not a map of definitions.
    """
    document = as_mapping(yaml.load_values(content, limits=limits))
    config = configs.EMPTY
    for name in document:
        if {"kind", "apiVersion", "metadata"} <= set(_properties(document, name)):
            for more in _configs(document, name, name.rpartition(".")[2], (), 0):
                config = configs.merge_configs(config, more)
    return config


def _properties(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    definition = as_mapping(document.get(name) or {}, (name,))
    # Go's decoder ignores the case of names.
    schema = (
        next((value for key, value in definition.items() if key.lower() == "schema"), None) or {}
    )
    return as_mapping(
        as_mapping(schema, (name, "Schema")).get("properties") or {}, (name, "Schema", "properties")
    )


def _configs(
    document: Mapping[str, Any], name: str, kind: str, path: tuple[str, ...], depth: int
) -> Iterator[TransformerConfig]:
    if depth > _MAX_DEPTH:
        raise SourceError(f"the definition {name} refers to itself").within(field=(name,))
    if name not in document:
        return
    for field, definition in _properties(document, name).items():
        schema = as_mapping(definition, (name, "Schema", "properties", field))
        field_path = (*path, field)
        spec = ("/".join(field_path), "", "", kind, False)
        if isinstance(schema.get(_ANNOTATION), str):
            yield TransformerConfig({"commonAnnotations": (spec,)})
        if isinstance(schema.get(_LABEL_SELECTOR), str):
            yield TransformerConfig({"commonLabels": (spec,)})
        if isinstance(schema.get(_IDENTITY), str):
            yield TransformerConfig({"namePrefix": (spec,)})
        yield from _reference(schema, field_path, kind)
        if isinstance(schema.get("$ref"), str):
            yield from _configs(document, schema["$ref"], kind, field_path, depth + 1)


def _reference(
    schema: Mapping[str, Any], path: tuple[str, ...], kind: str
) -> Iterator[TransformerConfig]:
    version, target = schema.get(_REFERENCE_VERSION), schema.get(_REFERENCE_KIND)
    if isinstance(version, str) and isinstance(target, str):
        name_key = schema.get(_REFERENCE_NAME_KEY)
        steps = (*path, name_key if isinstance(name_key, str) else "name")
        spec = ("/".join(steps), "", "", kind, False)
        yield TransformerConfig({}, (("", version, target, (spec,)),))
