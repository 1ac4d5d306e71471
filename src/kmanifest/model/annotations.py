"""Annotations that control how a build treats a resource. They mean the same in every engine."""

from kmanifest.model.fieldpath import put
from kmanifest.model.resource import Resource
from kmanifest.model.values import Body
from kmanifest.startup.typing import Collection, Final, Mapping

FUNCTION_ANNOTATIONS: Final = (
    "config.kubernetes.io/function",
    "config.k8s.io/function",
    "config.kubernetes.io/container",
)
"""The annotations that mark a config as the config of a KRM function. The last one is the oldest form."""

HELM_GENERATED: Final = "internal.config.kubernetes.io/helm-generated"
"""The annotation of resources rendered from a chart. No namespace is set on them, because Helm got it already."""


def is_function(config: Resource) -> bool:
    """Whether a resource is the config of a KRM function. Source: kyaml fn/runtime/runtimeutil, GetFunctionSpec."""
    metadata = config.body.get("metadata")
    has_old_field = isinstance(metadata, Mapping) and metadata.get("configFn") is not None
    return has_old_field or any(config.annotations.get(name) for name in FUNCTION_ANNOTATIONS)


def without_annotations(body: Body, names: Collection[str]) -> Body:
    """Return a body without these annotations, and without the field `annotations` if none are left."""
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping) or "annotations" not in metadata:
        return body
    annotations = metadata["annotations"]
    kept = {key: value for key, value in (annotations or {}).items() if key not in names}
    if kept:
        return (
            body if len(kept) == len(annotations) else put(body, ("metadata", "annotations"), kept)
        )
    other_metadata = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**body, "metadata": other_metadata}
