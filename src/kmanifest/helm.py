"""The public functions for Helm charts: load a chart once, render it, and find where a value was set.

Names are imported when they are first used.
"""

from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.engines.helm.api import find_origins, load_archive, load_chart, render_chart
    from kmanifest.engines.helm.render import Release
    from kmanifest.engines.helm.templates.reproducible import seeded_random
    from kmanifest.engines.helm.values.layers import ValueSources

__all__ = [
    "Release",
    "ValueSources",
    "find_origins",
    "load_archive",
    "load_chart",
    "render_chart",
    "seeded_random",
]

_MODULES = {
    "Release": "render",
    "ValueSources": "values.layers",
    "find_origins": "api",
    "load_archive": "api",
    "load_chart": "api",
    "render_chart": "api",
    "seeded_random": "templates.reproducible",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_attribute(f"kmanifest.engines.helm.{_MODULES[name]}", name)


def __dir__() -> list[str]:
    return __all__
