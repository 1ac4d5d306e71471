"""The generator JinjaGenerator: the resources that templates write, for a kustomization."""

from collections.abc import Mapping

from kmanifest.engines.jinja.manifests import render_resources
from kmanifest.engines.jinja.options import JinjaOptions
from kmanifest.engines.jinja.rendering import TemplateRenderer
from kmanifest.engines.jinja.values import load_values, merge_values
from kmanifest.model.changes import plain_copy
from kmanifest.model.errors import KmanifestError, SourceError, near_names
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_string
from kmanifest.pipeline.config_fields import (
    check_fields,
    mapping_field,
    strings_field,
    switch_field,
)
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_SWITCHES: Final[Mapping[str, str]] = {
    "trimBlocks": "trim_blocks",
    "lstripBlocks": "lstrip_blocks",
    "keepTrailingNewline": "keep_trailing_newline",
    "flat": "flat",
}
_DIALECTS: Final = ("ansible", "kapitan", "kluctl")
_FIELDS: Final = ("templates", "values", "valuesFiles", "env", "dialect", *_SWITCHES)


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources of all templates that the config names, in their order."""
    check_fields(config.body, _FIELDS)
    templates = as_list(config.body.get("templates"), ("templates",))
    if not templates:
        raise SourceError("specify at least one template").within(field=("templates",))
    renderer = TemplateRenderer(ctx, _options(ctx, config.body))
    resources: list[Resource] = []
    for index, name in enumerate(templates):
        field = ("templates", index)
        path = _locate(ctx, as_string(name, field), field)
        resources += render_resources(ctx, renderer, name, path)
    return resources


def _locate(ctx: Context, path: str, field: tuple[str, int]) -> str:
    try:
        return ctx.find(path)
    except KmanifestError as error:
        raise error.within(field=field) from error


def _options(ctx: Context, body: Mapping[str, Any]) -> JinjaOptions:
    """Return the options of the build with those of the config. The values and the environment of the build win."""
    options = ctx.engine_options(JinjaOptions)
    layers = [
        _load_file(ctx, path, index)
        for index, path in enumerate(strings_field(body, "valuesFiles"))
    ]
    values = merge_values([*layers, plain_copy(mapping_field(body, "values")), options.values])
    env = merge_values([plain_copy(mapping_field(body, "env")), options.env])
    switches: dict[str, Any] = {
        name: switch_field(body, field) for field, name in _SWITCHES.items() if field in body
    }
    if "dialect" in body:
        switches["dialect"] = _dialect(body)
    return options.replace(values=values, env=env, **switches)


def _load_file(ctx: Context, path: str, index: int) -> Mapping[str, Any]:
    file = _locate(ctx, path, ("valuesFiles", index))
    return load_values(ctx.read_resolved(file), file, ctx.options.limits)


def _dialect(body: Mapping[str, Any]) -> Any:
    name = as_string(body["dialect"], ("dialect",))
    if name not in _DIALECTS:
        error = SourceError(f"no dialect is called {name!r}", near=near_names(name, _DIALECTS))
        raise error.within(field=("dialect",))
    return name
