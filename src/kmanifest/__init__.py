"""kmanifest: Kustomize bases and overlays rendered in-process, byte for byte as kustomize does.

The public names are loaded when they are first used, so that the command pays for none of them.
"""

from kmanifest.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.api import build
    from kmanifest.cache import MemoryCache
    from kmanifest.errors import KmanifestError
    from kmanifest.limits import Limits
    from kmanifest.plugin import Options, Registry
    from kmanifest.rendered import Rendered
    from kmanifest.resource import Resource, ResourceId
    from kmanifest.resourcemap import ResourceMap
    from kmanifest.tree import DiskTree, MemoryTree

_HOME_OF = {
    "build": "api",
    "MemoryCache": "cache",
    "KmanifestError": "errors",
    "Limits": "limits",
    "Options": "plugin",
    "Registry": "plugin",
    "Rendered": "rendered",
    "Resource": "resource",
    "ResourceId": "resource",
    "ResourceMap": "resourcemap",
    "DiskTree": "tree",
    "MemoryTree": "tree",
}

__all__ = [
    "DiskTree",
    "KmanifestError",
    "Limits",
    "MemoryCache",
    "MemoryTree",
    "Options",
    "Registry",
    "Rendered",
    "Resource",
    "ResourceId",
    "ResourceMap",
    "build",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # see above

    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
