"""Annotations that control how a build treats a resource. They mean the same in every engine."""

from kmanifest.model.resource import Resource
from kmanifest.startup.typing import Final, Mapping

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
