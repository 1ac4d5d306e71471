"""The major versions of helm, by their numbers."""

from kmanifest.engines.helm.dialect import Dialect
from kmanifest.model.errors import SourceError


def find_dialect(version: str) -> Dialect:
    """The dialect of a major version of helm, `3` or `4`; SourceError for any other."""
    if version == "3":
        from kmanifest.engines.helm.dialects.v3 import HELM3

        return HELM3
    if version == "4":
        from kmanifest.engines.helm.dialects.v4.dialect import HELM4

        return HELM4
    raise SourceError(f"the version of helm is 3 or 4, not {version!r}")
