"""Several faults as one error."""

from collections.abc import Iterable
from itertools import islice

from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import Final

MAX_FAULTS: Final = 100
"""Faults that one error contains at most. For each of them a file is parsed again."""


def raise_all(errors: Iterable[KmanifestError]) -> None:
    """Raise the first error. If there are several, all of them are its `causes`. Does nothing without errors."""
    faults = list(islice(errors, MAX_FAULTS))
    if not faults:
        return
    first = faults[0]
    if len(faults) == 1:
        raise first
    raise type(first)(first.message, location=first.location, near=first.near, causes=faults)
