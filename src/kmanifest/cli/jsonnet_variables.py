"""The values of flags that define variables of Jsonnet: `NAME=VALUE`, or `NAME` for an environment variable."""

import os

from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import Iterable


class JsonnetUsageError(KmanifestError):
    """The command line is invalid. The exit code is 1, as that of `jsonnet`."""


def read_variables(definitions: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return names and values. Raises JsonnetUsageError if an environment variable is not set."""
    return tuple(map(read_variable, definitions))


def read_variable(definition: str) -> tuple[str, str]:
    """Return the name and the value of one definition."""
    name, equals, value = definition.partition("=")
    if equals:
        return name, value
    if name not in os.environ:
        raise JsonnetUsageError(f"environment variable {name} was undefined")
    return name, os.environ[name]
