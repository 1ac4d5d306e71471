"""A Jsonnet file of a tree as a source of a build: where its imports are searched, and its evaluation.

Paths that a program sees are relative to the root of its project, so a build does not depend on where the project is.
"""

from kmanifest.engines.jsonnet.failures import raise_failure
from kmanifest.engines.jsonnet.imports import Importer
from kmanifest.engines.jsonnet.isolation import run
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import (
    Hooks,
    Outcome,
    Program,
    Style,
    Variable,
    ignore_trace,
    load_value,
    unique,
)
from kmanifest.engines.jsonnet.projects import find_project, seconds_left
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple, Self


class Source(NamedTuple):
    """A file of a tree. `path`: its resolved path. `root`: the root of its project. `in_project`: whether it has one."""

    path: str
    root: str
    in_project: bool

    @classmethod
    def of(cls, ctx: Context, path: str) -> Self:
        """Return the source at a resolved path."""
        directory = trees.parent(path)
        project = find_project(ctx.tree, directory)
        return cls(path, directory if project is None else project, project is not None)

    @property
    def name(self) -> str:
        """The path relative to the root."""
        return self.relative(self.path)

    def relative(self, path: str) -> str:
        """Return a path relative to the root."""
        return path[len(self.root) :].lstrip("/") if self.root else path

    def library_paths(self) -> tuple[str, ...]:
        """Return the directories in which imports are searched, the last one first, as Tanka does.

        Source: tanka pkg/jsonnet/jpath/jpath.go, Resolve.
        """
        base = trees.parent(self.name)
        return tuple(
            dict.fromkeys(("vendor", f"{base}/vendor" if base else "vendor", "lib", base or "."))
        )


TREE_NATIVES: Final = (
    ("helmTemplate", ("name", "chart", "opts")),
    ("kustomizeBuild", ("path", "opts")),
)
"""The native functions that read the tree of the build, and their parameters. `tree_natives` implements them."""


def evaluate(
    ctx: Context,
    source: Source,
    options: JsonnetOptions,
    *,
    variables: tuple[Variable, ...] = (),
    arguments: tuple[Variable, ...] = (),
    style: Style = "value",
) -> str:
    """Return the result of a file. `variables` are added to the external variables of the options.

    `arguments` are top-level arguments, which those of the options replace. Raises a KmanifestError with the location of the failure, LimitError if a limit is exceeded.
    """
    ext, tla = variables_of(options)
    extra_paths = tuple(f"/{trees.join('', path)}" for path in options.library_paths)
    program = Program(
        source.name,
        source.name,
        read(ctx, source.path),
        unique((*ext, *variables)),
        unique((*arguments, *tla)),
        TREE_NATIVES,
        options.max_stack,
        style,
        with_natives=True,
    )
    roots = _roots(ctx, source, (*options.library_paths, *options.roots))
    library_paths = (*source.library_paths(), *extra_paths)
    importer = Importer(ctx, source.root, library_paths, roots)

    def call_native(name: str, arguments: list[Any]) -> Any:
        from kmanifest.engines.jsonnet.tree_natives import TreeNatives  # few programs need it

        return TreeNatives(ctx, source.root, roots).call(name, arguments)

    hooks = Hooks(importer.load, call_native, ignore_trace)
    try:
        outcome = _run(ctx, program, hooks, options)
    except KmanifestError as error:
        raise error.within(file=source.path) from error
    if outcome.failure is not None:
        raise_failure(outcome, lambda file: _located(source, file), source.path)
    return outcome.text


def _run(ctx: Context, program: Program, hooks: Hooks, options: JsonnetOptions) -> Outcome:
    seconds = seconds_left(ctx)
    limits = ctx.options.limits
    return run(program, hooks, options, limits=limits, seconds=seconds, cancel=ctx.cancel)


def evaluate_value(
    ctx: Context,
    source: Source,
    options: JsonnetOptions,
    variables: tuple[Variable, ...] = (),
    arguments: tuple[Variable, ...] = (),
) -> Any:
    """Return the value of a file. The arguments and the errors are those of `evaluate`."""
    text = evaluate(ctx, source, options, variables=variables, arguments=arguments)
    return load_value(text, options.max_memory)


def _located(source: Source, file: str) -> str:
    """Return the path in the tree of a file that a frame names. Other names, such as `<extvar:a>`, are kept."""
    if file.startswith("<"):
        return file
    return trees.join(source.root, file)


def read(ctx: Context, path: str) -> bytes:
    """Return the content of the file at a resolved path."""
    try:
        return ctx.read_resolved(path)
    except KmanifestError as error:
        raise error.within(file=path) from error


def _roots(ctx: Context, source: Source, directories: tuple[str, ...]) -> tuple[str, ...]:
    """Return the directories that a program may read: its project, or its directory, and those that a caller names."""
    if ctx.options.load_restrictor == "none":
        return ("",)
    roots = [source.root]
    for directory in directories:
        try:
            roots.append(ctx.tree.resolve(trees.join("", directory)))
        except MissingError:
            continue
    return tuple(roots)


def variables_of(options: JsonnetOptions) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    """Return the external variables and the top-level arguments of the options."""
    ext = [Variable(name, text) for name, text in options.ext]
    ext += [Variable(name, text, is_code=True) for name, text in options.ext_code]
    tla = [Variable(name, text) for name, text in options.tla]
    tla += [Variable(name, text, is_code=True) for name, text in options.tla_code]
    return tuple(ext), tuple(tla)
