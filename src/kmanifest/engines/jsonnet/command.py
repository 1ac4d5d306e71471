"""What the command `jsonnet` evaluates: a file, code from the command line, or stdin.

A path is one of the current directory, as the user wrote it, so errors and `std.thisFile` have that path.
"""

from collections.abc import Iterable, Sequence

from kmanifest.engines.jsonnet.imports import Importer
from kmanifest.engines.jsonnet.isolation import run
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import Hooks, Outcome, Program, Variable
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

PROJECT_FILES: Final = ("tkrc.yaml", "jsonnetfile.json")
"""The files that mark the root of a project of Tanka or jsonnet-bundler."""


def variables_of(options: JsonnetOptions) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    """Return the external variables and the top-level arguments of the options."""
    return (
        (*_variables(options.ext, is_code=False), *_variables(options.ext_code, is_code=True)),
        (*_variables(options.tla, is_code=False), *_variables(options.tla_code, is_code=True)),
    )


def _variables(pairs: Iterable[tuple[str, str]], *, is_code: bool) -> tuple[Variable, ...]:
    return tuple(Variable(name, text, is_code) for name, text in pairs)


def unique(variables: Iterable[Variable]) -> tuple[Variable, ...]:
    """Return the variables without those that are defined again later."""
    return tuple({each.name: each for each in variables}.values())


def find_project(ctx: Context, directory: str) -> str | None:
    """Return the nearest parent of a resolved directory with a file of `PROJECT_FILES`, or None."""
    for name in PROJECT_FILES:
        candidate = directory
        while True:
            if ctx.tree.kind(trees.join(candidate, name)) == "file":
                return candidate
            if not candidate:
                break
            candidate = trees.parent(candidate)
    return None


def allowed_roots(ctx: Context, base: str, path: str, library_paths: Sequence[str]) -> list[str]:
    """Return the resolved directories that a program may read.

    They are `base` if the file is in it, otherwise the root of the file's project, or its directory; and the library
    paths. `path` is the resolved path of the file, or empty for code without a file.
    """
    root = base
    if path and not trees.is_below(path, base):
        directory = trees.parent(path)
        root = find_project(ctx, directory) or directory
    roots = [root]
    for library_path in library_paths:
        try:
            roots.append(ctx.tree.resolve(trees.join(base, library_path)))
        except MissingError:
            continue
    return roots


def evaluate_code(
    ctx: Context,
    program: Program,
    options: JsonnetOptions,
    *,
    base: str,
    path: str,
    hooks: Hooks | None = None,
    on_trace: Any = None,
) -> Outcome:
    """Evaluate a program whose paths are relative to the directory `base` of the tree.

    `path`: the resolved path of its file, or empty.
    """
    roots = allowed_roots(ctx, base, path, options.library_paths)
    importer = Importer(ctx, base, options.library_paths, roots)
    hooks = hooks or Hooks(importer.load, refuse_native, on_trace or ignore_trace)
    return run(
        program,
        hooks,
        options,
        limits=ctx.options.limits,
        seconds=seconds_left(ctx),
        cancel=ctx.cancel,
    )


def seconds_left(ctx: Context) -> float:
    """Return the seconds until the deadline of the build; 0 without one."""
    if ctx.meter is None:
        return 0.0
    seconds = ctx.meter.seconds_left()
    return 0.0 if seconds == float("inf") else seconds


def ignore_trace(_file: str, _line: int, _message: str) -> None:
    """Ignore a message of `std.trace`."""


def refuse_native(name: str, _: list[Any]) -> Any:
    """Raise the error for a native function that is not known."""
    raise KmanifestError(f"no native function is called {name}")
