"""YAML as kustomize reads and prints it: the values of go-yaml, the bytes of sigs.k8s.io/yaml.

`load_documents` reads resource files, `load_values` kustomization and values files; `dump` prints one document,
`Dumper` many of one build; `find_position` tells where a field stands in a file, for errors.

There are two rooms that do this alike, and this is the only place that knows of both: `python`, which is always there,
and `native`, the compiled one of the distribution `kmanifest-native` (`pip install kmanifest[fast]`), which is taken
where it is installed. The environment variable KMANIFEST_YAML (`python`, `native`) forces one.
"""

from os import environ
from typing import TYPE_CHECKING, Final

from kmanifest.errors import MissingError, SourceError, near_names


def _choose(wanted: str) -> str:
    """The room to take; `wanted` is the one that is asked for, or empty."""
    if wanted not in ("", "python", "native"):
        near = near_names(wanted, ("native", "python"))
        raise SourceError(f"KMANIFEST_YAML is `{wanted}`, not a room of YAML", near=near)
    if wanted == "python":
        return wanted
    try:
        import kmanifest.yaml.native  # noqa: F401  # it is there, or it is not
    except ImportError as error:
        if wanted:
            message = f"KMANIFEST_YAML asks for the compiled room, which is not here: {error}"
            raise MissingError(message) from error
        return "python"
    return "native"


ROOM: Final = _choose(environ.get("KMANIFEST_YAML", ""))
"""The room in use: `python` or `native`."""

if TYPE_CHECKING or ROOM == "python":
    from kmanifest.yaml.python import (
        Dumper,
        Words,
        dump,
        find_position,
        load_documents,
        load_values,
    )
else:
    from kmanifest.yaml.native import (
        Dumper,
        Words,
        dump,
        find_position,
        load_documents,
        load_values,
    )

__all__ = [
    "ROOM",
    "Dumper",
    "Words",
    "dump",
    "find_position",
    "load_documents",
    "load_values",
]
