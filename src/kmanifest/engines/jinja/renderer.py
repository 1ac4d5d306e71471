"""The renderer that `kmanifest build` uses for a template, and for a directory that contains templates."""

from kmanifest.engines.jinja.manifests import render_resources
from kmanifest.engines.jinja.options import JinjaOptions
from kmanifest.engines.jinja.rendering import TemplateRenderer, directory_context
from kmanifest.model.errors import KmanifestError, MissingError, RenderError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Final

MANIFEST_SUFFIXES: Final = (".yaml.j2", ".yml.j2", ".json.j2")
"""The files of a directory that are rendered. Others, and those that begin with `_`, are for includes and imports."""


def render(ctx: Context, path: str) -> Rendered:
    """Render the template, or all templates directly in the directory, at `path`, with the `JinjaOptions` of the build."""
    options = ctx.engine_options(JinjaOptions)
    if ctx.tree.kind(path) == "dir":
        inner, names = ctx._replace(directory=path), _template_names(ctx, path)
    else:
        inner, name = directory_context(ctx, path)
        names = [name]
    renderer = TemplateRenderer(inner, options)
    resources: list[Resource] = []
    for name in names:
        file = f"{inner.directory}/{name}" if inner.directory else name
        resources += render_resources(inner, renderer, name, file)
    _check_unique(resources)
    return Rendered(ResourceMap(resources), limits=ctx.options.limits)


def _template_names(ctx: Context, path: str) -> list[str]:
    names = [
        name
        for name in ctx.tree.list(path)
        if name.endswith(MANIFEST_SUFFIXES) and not name.startswith("_")
    ]
    if not names:
        suffixes = ", ".join(f"*{suffix}" for suffix in MANIFEST_SUFFIXES)
        raise MissingError(f"no template of manifests: {suffixes}").within(file=path or ".")
    return names


def _check_unique(resources: list[Resource]) -> None:
    """Raise RenderError at the second of two resources with one id."""
    files: dict[Any, str] = {}
    for resource in resources:
        if resource.key in files:
            first = files[resource.key]
            error: KmanifestError = RenderError(
                f"may not add {resource.id}: the id is already registered in {first}"
            )
            raise error.within(file=resource.origin.file)
        files[resource.key] = resource.origin.file
