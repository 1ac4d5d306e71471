"""The resources in the text of a template. An error in the text names the line of the template that wrote it."""

from kmanifest import yaml
from kmanifest.engines.jinja.rendering import TemplateRenderer
from kmanifest.model.errors import KmanifestError
from kmanifest.model.resource import Origin, Resource
from kmanifest.pipeline import parsing
from kmanifest.pipeline.context import Context


def render_resources(
    ctx: Context, renderer: TemplateRenderer, name: str, path: str
) -> list[Resource]:
    """Return the resources that a template writes. `path` is the template's path in the tree."""
    text = renderer.render(name)
    content = text.encode("utf-8", "surrogateescape")
    try:
        resources = parsing.parse(ctx, content, "")
    except KmanifestError as error:
        raise _at_template(error, renderer, name, content) from error
    return [resource.with_origin(Origin(path)) for resource in resources]


def _at_template(
    error: KmanifestError, renderer: TemplateRenderer, name: str, content: bytes
) -> KmanifestError:
    """Return an error in the output with the location of the template that wrote it."""
    line, column = error.location.line, error.location.column
    if not line:
        document = error.location.document or 0
        try:
            line, column = yaml.find_position(content, error.location.field, document=document)
        except KmanifestError:
            return error.within(file=renderer.path_of(name))
    writer = renderer.find_writer(name, line, column)
    return error.at(writer._replace(field=error.location.field))
