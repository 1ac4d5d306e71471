"""Entries of `resources` that are no paths. Files of another format than the kustomization's may have them."""

from collections.abc import Callable

from kmanifest.engines.kustomize.kustomization import Kustomization
from kmanifest.model.errors import FieldPath, Location
from kmanifest.model.resource import Resource
from kmanifest.startup.typing import NamedTuple


class GeneratedEntry(NamedTuple):
    """Objects that a generator makes.

    `config`: the config of the generator, whose type names it. `locate`: returns where a field of the config was set.
    `name`: the directory or the file that the objects come from, relative to the directory of the kustomization.
    """

    config: Resource
    locate: Callable[[FieldPath], Location]
    name: str


Entry = str | GeneratedEntry | Kustomization
"""A path, what a generator makes, or a kustomization without a file of its own."""
