"""Render Kustomize bases and overlays and Helm charts in one Python process, with the same bytes as kustomize and Helm.

Public names are imported when they are first used, so that the command does not pay for them.
"""

from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.api import build
    from kmanifest.engines.builtin import default_registry, installed_registry
    from kmanifest.engines.helm.options import HelmOptions
    from kmanifest.engines.kustomize.options import KustomizeOptions
    from kmanifest.io.cache import MemoryCache
    from kmanifest.io.git_tree import GitTree
    from kmanifest.io.remote import Remote
    from kmanifest.io.tree import DiskTree, MemoryTree
    from kmanifest.model.errors import (
        FetchError,
        FindingsError,
        KmanifestError,
        LimitError,
        Location,
        MissingError,
        PluginError,
        RenderError,
        SourceError,
    )
    from kmanifest.model.findings import Finding
    from kmanifest.model.limits import Limits
    from kmanifest.model.resource import Resource, ResourceId
    from kmanifest.model.resourcemap import ResourceMap
    from kmanifest.pipeline.options import ExecPluginOptions, Options, RemoteOptions, Reproducible
    from kmanifest.pipeline.registry import Plugin, Registry
    from kmanifest.pipeline.rendered import Rendered

_MODULES = {
    "api": ("build",),
    "engines.builtin": ("default_registry", "installed_registry"),
    "engines.helm.options": ("HelmOptions",),
    "engines.kustomize.options": ("KustomizeOptions",),
    "io.cache": ("MemoryCache",),
    "io.git_tree": ("GitTree",),
    "io.remote": ("Remote",),
    "io.tree": ("DiskTree", "MemoryTree"),
    "model.errors": (
        "FetchError",
        "FindingsError",
        "KmanifestError",
        "LimitError",
        "Location",
        "MissingError",
        "PluginError",
        "RenderError",
        "SourceError",
    ),
    "model.findings": ("Finding",),
    "model.limits": ("Limits",),
    "model.resource": ("Resource", "ResourceId"),
    "model.resourcemap": ("ResourceMap",),
    "pipeline.options": ("ExecPluginOptions", "Options", "RemoteOptions", "Reproducible"),
    "pipeline.registry": ("Plugin", "Registry"),
    "pipeline.rendered": ("Rendered",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DiskTree",
    "ExecPluginOptions",
    "FetchError",
    "Finding",
    "FindingsError",
    "GitTree",
    "HelmOptions",
    "KmanifestError",
    "KustomizeOptions",
    "LimitError",
    "Limits",
    "Location",
    "MemoryCache",
    "MemoryTree",
    "MissingError",
    "Options",
    "Plugin",
    "PluginError",
    "Registry",
    "Remote",
    "RemoteOptions",
    "RenderError",
    "Rendered",
    "Reproducible",
    "Resource",
    "ResourceId",
    "ResourceMap",
    "SourceError",
    "build",
    "default_registry",
    "installed_registry",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kmanifest.startup.lazy import load_attribute  # the command does not need it

    return load_attribute(f"{__name__}.{module}", name)


def __dir__() -> list[str]:
    return __all__
