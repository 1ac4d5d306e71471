"""Flags that several verbs of `cfg` share."""

from kmanifest.cli.flags import Flag, UsageError
from kmanifest.startup.typing import Iterable

LOCAL_CONFIG = "config.kubernetes.io/local-config"
INCLUDE_LOCAL = Flag(
    "include-local", "switch", f"include resources with the annotation {LOCAL_CONFIG}"
)
EXCLUDE_NON_LOCAL = Flag(
    "exclude-non-local", "switch", f"exclude resources without the annotation {LOCAL_CONFIG}"
)


def split_list(values: Iterable[str]) -> list[str]:
    """The items of a flag whose values are comma-separated lists in CSV format."""
    items: list[str] = []
    for value in values:
        if '"' not in value:
            items += value.split(",") if value else []
            continue
        import csv  # imported for quotes only

        try:
            items += next(csv.reader([value], strict=True), [])
        except csv.Error as error:
            raise UsageError(f"{value!r} is not a list: {error}") from None
    return items
