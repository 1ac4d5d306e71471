"""The options of Flux' substitution, from the flags of `kmanifest build`."""

import os

from kmanifest.cli.shared import read_local_file
from kmanifest.engines.flux.options import FluxOptions
from kmanifest.engines.flux.variables import load_sources, parse_assignments
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Mapping, Sequence


def substitution_options(values: Mapping[str, Any]) -> FluxOptions:
    """The options of the substitution. Errors name the files."""
    return FluxOptions(
        variables=tuple(_variables(values["substitute"]).items()),
        manifests=tuple(_manifest(path) for path in values["substitute-from"]),
        strict=values["substitute-strict"],
    )


def _variables(paths: Sequence[str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for path in paths:
        content = read_local_file(path, "substitute")
        try:
            variables |= parse_assignments(content.decode())
        except UnicodeDecodeError:
            raise SourceError("not UTF-8").within(file=os.path.abspath(path)) from None
        except KmanifestError as error:
            raise error.within(file=os.path.abspath(path)) from error
    return variables


def _manifest(path: str) -> bytes:
    content = read_local_file(path, "substitute-from")
    try:
        for source in load_sources(content, DEFAULT_LIMITS):
            source.variables()
    except KmanifestError as error:
        raise error.within(file=os.path.abspath(path)) from error
    return content
