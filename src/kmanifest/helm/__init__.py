"""The Helm engine: charts to manifests, with the bytes of helm v3.22.0, or of v4.3.1.

`render_chart` is the whole of it in one call; `load_chart` loads a chart once for many renders, `Release` is what it is told of
its release, `ValueSources` are files and `--set` texts. `seeded_random` makes a render repeatable, `find_origins` tells which file or
flag has set each value.
"""

from kmanifest.late import load
from kmanifest.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.helm.api import load_archive, load_chart, render_chart
    from kmanifest.helm.origins import find_origins
    from kmanifest.helm.render import Release
    from kmanifest.helm.repeatable import seeded_random
    from kmanifest.helm.values import ValueSources

__all__ = [
    "Release",
    "ValueSources",
    "find_origins",
    "load_archive",
    "load_chart",
    "render_chart",
    "seeded_random",
]

_PLACES = {
    "Release": "render",
    "ValueSources": "values",
    "find_origins": "origins",
    "load_archive": "api",
    "load_chart": "api",
    "render_chart": "api",
    "seeded_random": "repeatable",
}


def __getattr__(name: str) -> Any:
    """The public names, each from its module when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(f"{__name__}.{_PLACES[name]}", name)
