"""Several faults as one error, and names like a wrong one, both within bounds."""

from collections.abc import Iterable
from itertools import islice

from kmanifest.model.errors import KmanifestError, near_names
from kmanifest.startup.typing import Final

MAX_FAULTS: Final = 100
"""Faults that one error contains at most. For each of them a file is parsed again."""

_MAX_CANDIDATES: Final = 1_000
_MAX_NAME: Final = 200


def raise_all(errors: Iterable[KmanifestError]) -> None:
    """Raise the first error. If there are several, all of them are its `causes`. Does nothing without errors."""
    faults = list(islice(errors, MAX_FAULTS))
    if not faults:
        return
    first = faults[0]
    if len(faults) == 1:
        raise first
    raise type(first)(first.message, location=first.location, near=first.near, causes=faults)


def find_near(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are similar. Very long or very many ones are not compared: that would take seconds."""
    if len(name) > _MAX_NAME:
        return []
    return near_names(
        name, [each for each in islice(names, _MAX_CANDIDATES) if len(each) <= _MAX_NAME]
    )
