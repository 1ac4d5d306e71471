"""From the path of a file to its resources.

Source: kustomize v5.8.2 api/resource/factory.go.
"""

from kmanifest.engines.kustomize.annotations import INTERNAL_PREFIX, with_history_from_annotations
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError, near_names
from kmanifest.model.resource import Resource
from kmanifest.pipeline import parsing
from kmanifest.pipeline.context import Context


def read(ctx: Context, path: str) -> list[Resource]:
    """The resources in the file at `path`, as written in a file of this directory."""
    file = find(ctx, path)
    return parse(ctx, ctx.read_resolved(file), file)


def find(ctx: Context, path: str) -> str:
    """`ctx.locate`, whose MissingError names the nearest entries of the directory."""
    try:
        return ctx.locate(path)
    except MissingError as error:
        raise MissingError(error.message, near=near_paths(ctx, path)) from error


def near_paths(ctx: Context, path: str) -> list[str]:
    """The entries of the directory that `path` leads into whose names are most like it, as written in a file."""
    head, slash, last = path.rpartition("/")
    try:
        directory = ctx.tree.resolve(trees.join(ctx.directory, head or "."))
        names = ctx.tree.list(directory)
    except KmanifestError:
        return []
    return [head + slash + name for name in near_names(last, names)]


def parse(ctx: Context, content: bytes, file: str) -> list[Resource]:
    """The resources in a text, which came from `file` ("" where it stands inside a kustomization)."""
    resources = parsing.parse(ctx, content, file)
    if INTERNAL_PREFIX.encode() in content:
        resources = [with_history_from_annotations(resource) for resource in resources]
    return resources
