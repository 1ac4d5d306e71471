"""What the command `jsonnet` evaluates: a file, code from the command line, or stdin.

A path is one of the current directory, as the user wrote it, so errors and `std.thisFile` have that path.
"""

from collections.abc import Sequence

from kmanifest.engines.jsonnet.imports import Importer
from kmanifest.engines.jsonnet.isolation import run
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import Hooks, Outcome, Program, Trace
from kmanifest.engines.jsonnet.projects import find_project, seconds_left
from kmanifest.io import tree as trees
from kmanifest.model.errors import MissingError
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any


def evaluate_code(
    ctx: Context,
    program: Program,
    options: JsonnetOptions,
    *,
    base: str,
    path: str,
    on_trace: Trace,
) -> Outcome:
    """Evaluate a program whose paths are relative to the directory `base` of the tree.

    `path`: the resolved path of its file, or empty.
    """
    roots = _allowed_roots(ctx, base, path, options.library_paths)
    importer = Importer(ctx, base, options.library_paths, roots)
    return run(
        program,
        Hooks(importer.load, refuse_native, on_trace),
        options,
        limits=ctx.options.limits,
        seconds=seconds_left(ctx),
        cancel=ctx.cancel,
    )


def _allowed_roots(ctx: Context, base: str, path: str, library_paths: Sequence[str]) -> list[str]:
    """Return the resolved directories that a program may read.

    They are `base` if the file is in it, otherwise the root of the file's project, or its directory; and the library
    paths.
    """
    root = base
    if path and not trees.is_below(path, base):
        directory = trees.parent(path)
        project = find_project(ctx, directory)
        root = directory if project is None else project
    roots = [root]
    for library_path in library_paths:
        try:
            roots.append(ctx.tree.resolve(trees.join(base, library_path)))
        except MissingError:
            continue
    return roots


def refuse_native(name: str, _: list[Any]) -> Any:
    """Raise the error for a native function that is not known."""
    raise MissingError(f"no native function is called {name}")
