"""Choose the backend, compiled or pure Python, for YAML and template parsing. Nothing else chooses.

The pure-Python backend is always available. The compiled one comes with the distribution `kmanifest-native`
(built from `native/`: `pip install ./native`) and is used when that is installed. The environment variable KMANIFEST_YAML
(`python` or `native`) overrides this choice.
"""

from os import environ

from kmanifest.model.errors import MissingError, SourceError, near_names
from kmanifest.startup.typing import Any, Final

_INTERFACE: Final = 9
"""The number of the interface between Python and the extension; `native/src/backend.rs` has the same number."""


def _choose_extension(requested: str) -> Any:
    """Return the extension module, or None for the pure-Python backend.

    `requested` is the value of KMANIFEST_YAML. When it is empty, the extension is used if it can be imported.
    Raises SourceError for an unknown value, MissingError if the extension is requested and can't be imported.
    """
    if requested not in ("", "python", "native"):
        near = near_names(requested, ("native", "python"))
        raise SourceError(f"KMANIFEST_YAML is `{requested}`, not a YAML backend", near=near)
    if requested == "python":
        return None
    try:
        return load_extension()
    except ImportError as error:
        if requested:
            message = f"KMANIFEST_YAML=native, but the compiled backend can't be imported: {error}"
            raise MissingError(message) from error
        if error.name != "kmanifest_native":  # it is installed
            _warn(
                f"kmanifest-native is installed, but can't be used, so builds are slower: {error}"
            )
        return None


def _warn(message: str) -> None:
    """Report a problem of the installation once, as a RuntimeWarning."""
    import warnings  # for broken installations only

    warnings.warn(message, RuntimeWarning, stacklevel=2)


def load_extension() -> Any:
    """Import the extension module, whichever backend is in use.

    Raises ImportError if it is not installed or was built for another version of kmanifest.
    """
    import kmanifest_native

    if kmanifest_native.INTERFACE != _INTERFACE:
        raise ImportError(
            f"kmanifest-native {kmanifest_native.__version__} is for another version of kmanifest"
        )
    return kmanifest_native


EXTENSION: Final = _choose_extension(environ.get("KMANIFEST_YAML", ""))
"""The extension module when the compiled backend is in use, else None."""

BACKEND: Final = "python" if EXTENSION is None else "native"
"""The backend in use: `python` or `native`."""
