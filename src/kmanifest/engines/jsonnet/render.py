"""Render a Jsonnet file, or an environment of Tanka, to resources."""

from kmanifest.engines.jsonnet import tanka
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import Variable
from kmanifest.engines.jsonnet.source import Source, evaluate_value, read
from kmanifest.engines.jsonnet.walk import Manifest, find_manifests
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, LimitError
from kmanifest.model.resource import Origin, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Final

ENTRYPOINT: Final = "main.jsonnet"


def render(ctx: Context, path: str) -> Rendered:
    """Render the file at `path`, or the `main.jsonnet` of the directory at `path`.

    Tanka's rules hold for a directory of a project, for a file next to a spec.json, and for a program with inline
    environments. Otherwise all objects are found, and their order is kept.
    """
    is_directory = ctx.tree.kind(path) == "dir"
    file = ctx.tree.resolve(trees.join(path, ENTRYPOINT)) if is_directory else path
    resources = load_resources(
        ctx, file, ctx.engine_options(JsonnetOptions), is_directory=is_directory
    )
    return Rendered(ResourceMap(resources), limits=ctx.options.limits)


def load_resources(
    ctx: Context,
    path: str,
    options: JsonnetOptions,
    *,
    arguments: tuple[Variable, ...] = (),
    is_directory: bool = False,
) -> list[Resource]:
    """Return the resources of the file at a resolved path. `is_directory`: its directory was named, not the file.

    `arguments` are top-level arguments, which those of the options replace. Raises a KmanifestError with the file and, where it is known, the line.
    """
    ctx = ctx._replace(tree=ctx.tree_of(path))
    source = Source.of(ctx, path)
    try:
        manifests = _find(ctx, source, options, arguments, is_directory=is_directory)
    except KmanifestError as error:
        raise error.within(file=path) from error
    limit = ctx.options.limits.max_objects
    if len(manifests) > limit:
        raise LimitError(f"more than {limit} objects (max_objects)").within(file=path)
    is_cluster_scoped = ctx.schema.is_cluster_scoped
    return [
        Resource(
            each.body,
            Origin(path),
            cluster_scoped=is_cluster_scoped(str(each.body["apiVersion"]), each.kind),
        )
        for each in manifests
    ]


def _find(
    ctx: Context,
    source: Source,
    options: JsonnetOptions,
    arguments: tuple[Variable, ...],
    *,
    is_directory: bool,
) -> list[Manifest]:
    spec = _read_spec(ctx, source)
    environment = None
    if spec is not None or (is_directory and source.in_project):
        environment = tanka.load_spec(spec, trees.parent(source.name) or ".", source.name)
    code = tanka.INLINE_VARIABLE if environment is None else environment.as_code()
    variable = Variable(tanka.ENVIRONMENT_VARIABLE, code, is_code=True)
    value = evaluate_value(ctx, source, options, (variable,), arguments)
    if spec is None:
        inline = tanka.find_inline(value, options.name, source.name)
        if inline is not None:
            return tanka.process(inline, inline.document.get("data"))
    if environment is not None:
        return tanka.process(environment, value)
    return find_manifests(value, allow_null=True)


def _read_spec(ctx: Context, source: Source) -> bytes | None:
    """Return the content of the spec.json next to a main.jsonnet, or None."""
    directory, _, name = source.path.rpartition("/")
    path = trees.join(directory, tanka.SPEC_FILE)
    if name != ENTRYPOINT or ctx.tree.kind(path) is None:
        return None
    return read(ctx, ctx.tree.resolve(path))
