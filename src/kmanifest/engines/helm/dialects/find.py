"""Find the dialect of a major version of Helm."""

from kmanifest.engines.helm.dialect import Dialect
from kmanifest.model.errors import SourceError


def find_dialect(version: str) -> Dialect:
    """Return the dialect of a major version of Helm, `3` or `4`. Raises SourceError for any other."""
    if version == "3":
        from kmanifest.engines.helm.dialects.v3 import HELM3

        return HELM3
    if version == "4":
        from kmanifest.engines.helm.dialects.v4.dialect import HELM4

        return HELM4
    raise SourceError(f"unknown major version of Helm: expected 3 or 4, got {version!r}")
