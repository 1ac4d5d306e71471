"""Helm charts for Python programs: load a chart once, render it, and find where a value was set.

The names are imported when they are first used.
"""

from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.engines.helm.api import find_origins, load_archive, load_chart, render_chart
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.gotemplate.values import Int64
    from kmanifest.engines.helm.options import HelmOptions
    from kmanifest.engines.helm.render import Release
    from kmanifest.engines.helm.sprig.randomness import RandomSource
    from kmanifest.engines.helm.templates.reproducible import seeded_random
    from kmanifest.engines.helm.values.layers import ValueSources
    from kmanifest.engines.helm.values.origins import Origins

_MODULES = {
    "Chart": "charts.chart",
    "HelmOptions": "options",
    "Int64": "gotemplate.values",
    "Origins": "values.origins",
    "RandomSource": "sprig.randomness",
    "Release": "render",
    "ValueSources": "values.layers",
    "find_origins": "api",
    "load_archive": "api",
    "load_chart": "api",
    "render_chart": "api",
    "seeded_random": "templates.reproducible",
}

__all__ = [
    "Chart",
    "HelmOptions",
    "Int64",
    "Origins",
    "RandomSource",
    "Release",
    "ValueSources",
    "find_origins",
    "load_archive",
    "load_chart",
    "render_chart",
    "seeded_random",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_attribute(f"kmanifest.engines.helm.{_MODULES[name]}", name)


def __dir__() -> list[str]:
    return __all__
