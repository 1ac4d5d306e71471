"""Everything that a plug-in imports: signatures, `Plugin`, `Context`, resources, findings, errors, trees.

A plug-in is a plain function with one of seven signatures, described by a `Plugin` record. A `Registry` is a dictionary
of records that the caller builds and passes on.
"""

from kmanifest.engines.builtin import default_registry, installed_registry
from kmanifest.io.tree import DiskTree, MemoryTree, Tree
from kmanifest.model.errors import (
    FetchError,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    PluginError,
    RenderError,
    SourceError,
)
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.findings import Finding
from kmanifest.model.resource import Origin, Resource, ResourceId
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import (
    Context,
    Fetcher,
    Generator,
    JinjaFilter,
    Meter,
    Renderer,
    Transformer,
    Validator,
    ValuesReader,
)
from kmanifest.pipeline.options import ExecPluginOptions, Options, RemoteOptions, Reproducible
from kmanifest.pipeline.registry import Plugin, Registry, Role
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluggy import HookimplMarker

    from kmanifest.model.masking import Secret

    hookimpl: HookimplMarker

__all__ = [
    "MISSING",
    "Context",
    "DiskTree",
    "ExecPluginOptions",
    "FetchError",
    "Fetcher",
    "Finding",
    "Generator",
    "JinjaFilter",
    "KmanifestError",
    "LimitError",
    "Location",
    "MemoryTree",
    "Meter",
    "MissingError",
    "Options",
    "Origin",
    "Plugin",
    "PluginError",
    "Registry",
    "RemoteOptions",
    "RenderError",
    "Rendered",
    "Renderer",
    "Reproducible",
    "Resource",
    "ResourceId",
    "ResourceMap",
    "Role",
    "Secret",
    "SourceError",
    "Transformer",
    "Tree",
    "Validator",
    "ValuesReader",
    "default_registry",
    "hookimpl",
    "installed_registry",
]


def __getattr__(name: str) -> Any:
    """Import `hookimpl` and `Secret` when they are first used.

    `hookimpl` marks the hook `kmanifest_plugins` of a distribution.
    """
    if name == "Secret":
        from kmanifest.model.masking import Secret  # few builds use exec plug-ins

        return Secret
    if name == "hookimpl":
        from pluggy import HookimplMarker  # importing pluggy takes 20 ms

        return HookimplMarker("kmanifest")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
