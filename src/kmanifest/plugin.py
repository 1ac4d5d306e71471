"""The names that a plug-in author imports: signatures, `Plugin`, `Registry`, `Context`, `Options`, `Finding`.

A plug-in is a plain function with one of five signatures, described by a `Plugin` record. A `Registry` is a dictionary
of records that the caller builds and passes on.
"""

from kmanifest.engines.builtin import default_registry, installed_registry
from kmanifest.model.errors import KmanifestError, Location
from kmanifest.model.findings import Finding
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import (
    Context,
    Fetcher,
    Generator,
    Meter,
    Renderer,
    Transformer,
    Validator,
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
    "Context",
    "ExecPluginOptions",
    "Fetcher",
    "Finding",
    "Generator",
    "KmanifestError",
    "Location",
    "Meter",
    "Options",
    "Plugin",
    "Registry",
    "RemoteOptions",
    "Rendered",
    "Renderer",
    "Reproducible",
    "Resource",
    "ResourceMap",
    "Role",
    "Secret",
    "Transformer",
    "Validator",
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
