"""Which rooms do the work that there are two for, YAML and the parsing of templates: this is the only place that chooses.

The pure ones are always there. The compiled ones, of the distribution `kmanifest-native` (`pip install kmanifest[fast]`), are
taken where that is installed. The environment variable KMANIFEST_YAML (`python`, `native`) forces one kind.
"""

from os import environ

from kmanifest.model.errors import MissingError, SourceError, near_names
from kmanifest.startup.typing import Any, Final

_INTERFACE: Final = 1


def _find(wanted: str) -> Any:
    """The extension module, None for the pure rooms; `wanted` is the kind that is asked for, or empty."""
    if wanted not in ("", "python", "native"):
        near = near_names(wanted, ("native", "python"))
        raise SourceError(f"KMANIFEST_YAML is `{wanted}`, not a room of YAML", near=near)
    if wanted == "python":
        return None
    try:
        return load_extension()
    except ImportError as error:
        if wanted:
            message = f"KMANIFEST_YAML asks for the compiled room, which is not here: {error}"
            raise MissingError(message) from error
        return None


def load_extension() -> Any:
    """The extension module, whichever rooms are in use; ImportError where it is not there, or is for another kmanifest."""
    import kmanifest_native

    if kmanifest_native.INTERFACE != _INTERFACE:
        raise ImportError(
            f"kmanifest-native {kmanifest_native.__version__} is for another version of kmanifest"
        )
    return kmanifest_native


EXTENSION: Final = _find(environ.get("KMANIFEST_YAML", ""))
"""The module that has the compiled rooms; None where the pure ones are in use."""

ROOM: Final = "python" if EXTENSION is None else "native"
"""The kind in use: `python` or `native`."""
