"""One plug-in of each role: a ConfigMap of feature flags, an owner annotation, and required labels."""

from collections.abc import Iterator, Mapping
from typing import Any

from kmanifest import KmanifestError
from kmanifest.plugin import (
    Context,
    Finding,
    Plugin,
    Resource,
    ResourceMap,
    hookimpl,
)

GROUP = "example.com/v1"


def _schema(required: str, **fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a config with these fields, besides those that every object has."""
    names = ("apiVersion", "kind", "metadata")
    return {
        "type": "object",
        "properties": {**dict.fromkeys(names, True), **fields},
        "required": [required],
        "additionalProperties": False,
    }


STRINGS = {"type": "array", "items": {"type": "string"}}
FLAGS_SCHEMA = _schema("flags", flags=STRINGS)
OWNER_SCHEMA = _schema("owner", owner={"type": "string", "minLength": 1})
LABELS_SCHEMA = _schema("labels", labels=STRINGS, strict={"type": "boolean"})


def feature_flags(ctx: Context, config: Resource) -> list[Resource]:
    """Return a ConfigMap with the name of the config in which all flags are on. Its name gets a content hash."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": config.name},
        "data": dict.fromkeys(config.body["flags"], "on"),
    }
    return [Resource(body, config.origin, needs_hash=True)]


def owner(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Return the resources with the owner in an annotation."""
    field = ("metadata", "annotations", "example.com/owner")
    return resources.map(lambda resource: resource.put(field, config.body["owner"]))


def required_labels(ctx: Context, config: Resource, resources: ResourceMap) -> Iterator[Finding]:
    """Yield a warning for each label that an object lacks.

    Raises KmanifestError instead if the config is strict.
    """
    for resource in resources:
        metadata = resource.body.get("metadata", {})
        present = metadata.get("labels") or {}
        for label in config.body["labels"]:
            if label in present:
                continue
            message = f"{resource.id} has no label {label}"
            if config.body.get("strict"):
                raise KmanifestError(message, location=_location(resource))
            yield Finding("warning", message, _location(resource))


def _location(resource: Resource) -> Any:
    """Return the location of the object in its file; kmanifest adds the line."""
    from kmanifest import Location

    origin = resource.origin
    return Location(origin.file, field=("metadata",), document=origin.document)


@hookimpl
def kmanifest_plugins() -> list[Plugin]:
    """Return the plug-ins of this distribution. kmanifest calls this hook."""
    return [
        Plugin("generator", f"{GROUP}/FeatureFlags", feature_flags, schema=FLAGS_SCHEMA),
        Plugin("transformer", f"{GROUP}/Owner", owner, schema=OWNER_SCHEMA),
        Plugin("validator", f"{GROUP}/RequiredLabels", required_labels, schema=LABELS_SCHEMA),
    ]
