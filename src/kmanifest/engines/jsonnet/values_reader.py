"""Read values that are written in Jsonnet, such as a layer of an environment."""

from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.source import Source, evaluate_value
from kmanifest.model.errors import KmanifestError
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any


def evaluate_file(ctx: Context, path: str) -> Any:
    """Return the value of the file at a resolved path, with the `JsonnetOptions` of the build.

    Its imports read what those of a generator read. Raises a KmanifestError with the file and, where it is known, the
    line.
    """
    ctx = ctx._replace(tree=ctx.tree_of(path))
    if ctx.state is not None:
        # The files that a program imports are not recorded by name, so no other build may use the result.
        ctx.state.prevent_sharing()
    try:
        return evaluate_value(ctx, Source.of(ctx, path), ctx.engine_options(JsonnetOptions))
    except KmanifestError as error:
        raise error.within(file=path) from error
