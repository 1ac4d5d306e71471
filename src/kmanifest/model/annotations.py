"""Annotations by which a resource says how a build must treat it, whichever engine made or reads it."""

from collections.abc import Mapping

from kmanifest.model.resource import Resource
from kmanifest.startup.typing import Final

FUNCTION_ANNOTATIONS: Final = (
    "config.kubernetes.io/function",
    "config.k8s.io/function",
    "config.kubernetes.io/container",
)
"""The annotations that make a config one of a KRM function. The last has the oldest form."""

HELM_GENERATED: Final = "internal.config.kubernetes.io/helm-generated"
"""The annotation of a chart's resources. No namespace is set on them, as Helm got the namespace."""


def is_function(config: Resource) -> bool:
    """Whether a config is that of a KRM function. Source: kyaml fn/runtime/runtimeutil, GetFunctionSpec."""
    metadata = config.body.get("metadata")
    has_old_field = isinstance(metadata, Mapping) and metadata.get("configFn") is not None
    return has_old_field or any(config.annotations.get(name) for name in FUNCTION_ANNOTATIONS)
