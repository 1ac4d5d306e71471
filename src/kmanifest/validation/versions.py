"""The versions of Kubernetes whose types are known."""

import re
import zlib

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final
from kmanifest.validation.definitions import Definitions
from kmanifest.validation.packing import Version

LATEST: Final[Version] = (1, 37)
"""The newest packed version."""

_DATA: Final = "data/definitions.zlib"


def parse_version(text: str) -> Version:
    """Return a version such as `1.36`, `v1.36.3` or `master`. Raises SourceError for any other text."""
    if text == "master":
        return LATEST
    match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?(?:[-+][\w.+-]*)?", text, re.ASCII)
    if match is None:
        raise SourceError(
            f"{text!r} is no version of Kubernetes (expected 1.36, v1.36.3 or master)"
        )
    return int(match[1]), int(match[2])


def load_definitions(version: Version) -> Definitions:
    """Return the definitions of a version of Kubernetes.

    A version that is newer than the packed ones is taken from an installed `kubernetes-validate`. Raises SourceError if the
    version is not known.
    """
    # As pkgutil.get_data, whose import takes 5 ms.
    loader: Any = __spec__ and __spec__.loader
    data = loader.get_data(f"{__file__.rpartition('versions')[0]}{_DATA}")
    text = zlib.decompress(data).decode()
    if version > LATEST:
        from kmanifest.validation.installed import load_installed  # for newer versions only

        installed = load_installed(version, Definitions(LATEST, text))
        if installed is not None:
            text = installed
    return Definitions(version, text)
