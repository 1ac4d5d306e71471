"""Render Kustomize bases and overlays and Helm charts in one Python process, with the same bytes as kustomize and Helm.

Public names are imported when they are first used, so that the command does not pay for them.
"""

from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.api import build, environments, values
    from kmanifest.engines.builtin import default_registry, installed_registry
    from kmanifest.engines.environment.options import EnvironmentOptions
    from kmanifest.engines.environment.result import Values
    from kmanifest.engines.flux.options import FluxOptions
    from kmanifest.engines.helm.api import render_chart
    from kmanifest.engines.helm.options import HelmOptions
    from kmanifest.engines.jinja.api import render_jinja
    from kmanifest.engines.jinja.options import JinjaOptions
    from kmanifest.engines.jsonnet.api import Evaluated, render_jsonnet
    from kmanifest.engines.jsonnet.options import JsonnetOptions
    from kmanifest.engines.kustomize.options import KustomizeOptions
    from kmanifest.io.cache import Cache, MemoryCache
    from kmanifest.io.git_tree import GitTree, open_commit
    from kmanifest.io.remote import Remote
    from kmanifest.io.remote.access import Credential
    from kmanifest.io.remote.urls import Repository
    from kmanifest.io.runner import Command, Runner
    from kmanifest.io.tree import DiskTree, MemoryTree, PrefixedTree, Tree
    from kmanifest.io.worker_sessions import Workers
    from kmanifest.model.errors import (
        CancelledError,
        FetchError,
        FindingsError,
        InternalError,
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
    from kmanifest.model.limits import Limits
    from kmanifest.model.masking import Secret
    from kmanifest.model.resource import Resource, ResourceId
    from kmanifest.model.resourcemap import ResourceMap
    from kmanifest.model.trace import Change
    from kmanifest.pipeline.dumping import dump
    from kmanifest.pipeline.options import ExecPluginOptions, Options, RemoteOptions, Reproducible
    from kmanifest.pipeline.registry import Plugin, Registry
    from kmanifest.pipeline.rendered import Rendered
    from kmanifest.validation.api import validate

    __version__: str

_MODULES = {
    "api": ("build", "environments", "values"),
    "engines.builtin": ("default_registry", "installed_registry"),
    "engines.environment.options": ("EnvironmentOptions",),
    "engines.environment.result": ("Values",),
    "engines.flux.options": ("FluxOptions",),
    "engines.helm.api": ("render_chart",),
    "engines.helm.options": ("HelmOptions",),
    "engines.jsonnet.api": ("Evaluated", "render_jsonnet"),
    "engines.jsonnet.options": ("JsonnetOptions",),
    "engines.jinja.api": ("render_jinja",),
    "engines.jinja.options": ("JinjaOptions",),
    "engines.kustomize.options": ("KustomizeOptions",),
    "io.cache": ("Cache", "MemoryCache"),
    "io.git_tree": ("GitTree", "open_commit"),
    "io.remote": ("Remote",),
    "io.remote.access": ("Credential",),
    "io.remote.urls": ("Repository",),
    "io.runner": ("Command", "Runner"),
    "io.tree": ("DiskTree", "MemoryTree", "PrefixedTree", "Tree"),
    "io.worker_sessions": ("Workers",),
    "model.errors": (
        "CancelledError",
        "FetchError",
        "FindingsError",
        "InternalError",
        "KmanifestError",
        "LimitError",
        "Location",
        "MissingError",
        "PluginError",
        "RenderError",
        "SourceError",
    ),
    "model.fieldpath": ("MISSING",),
    "model.findings": ("Finding",),
    "model.limits": ("Limits",),
    "model.masking": ("Secret",),
    "model.resource": ("Resource", "ResourceId"),
    "model.resourcemap": ("ResourceMap",),
    "model.trace": ("Change",),
    "pipeline.dumping": ("dump",),
    "pipeline.options": ("ExecPluginOptions", "Options", "RemoteOptions", "Reproducible"),
    "pipeline.registry": ("Plugin", "Registry"),
    "pipeline.rendered": ("Rendered",),
    "validation.api": ("validate",),
}

__all__ = [
    "MISSING",
    "Cache",
    "CancelledError",
    "Change",
    "Command",
    "Credential",
    "DiskTree",
    "EnvironmentOptions",
    "Evaluated",
    "ExecPluginOptions",
    "FetchError",
    "Finding",
    "FindingsError",
    "FluxOptions",
    "GitTree",
    "HelmOptions",
    "InternalError",
    "JinjaOptions",
    "JsonnetOptions",
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
    "PrefixedTree",
    "Registry",
    "Remote",
    "RemoteOptions",
    "RenderError",
    "Rendered",
    "Repository",
    "Reproducible",
    "Resource",
    "ResourceId",
    "ResourceMap",
    "Runner",
    "Secret",
    "SourceError",
    "Tree",
    "Values",
    "Workers",
    "__version__",
    "build",
    "default_registry",
    "dump",
    "environments",
    "installed_registry",
    "open_commit",
    "render_chart",
    "render_jinja",
    "render_jsonnet",
    "validate",
    "values",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name == "__version__":
        return _installed_version()
    for module, names in _MODULES.items():
        if name in names:
            from kmanifest.startup.lazy import load_attribute  # the command does not need it

            return load_attribute(f"{__name__}.{module}", name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _installed_version() -> str:
    from importlib import metadata  # takes 40 ms

    try:
        return metadata.version("kmanifest")
    except metadata.PackageNotFoundError:
        return "0.0.0+unknown"


def __dir__() -> list[str]:
    return __all__
