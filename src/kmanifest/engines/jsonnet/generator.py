"""The generator `kmanifest.dev/v1alpha1 JsonnetGenerator`: a Jsonnet file as a source of a kustomization."""

from collections.abc import Mapping

from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.render import load_resources
from kmanifest.io import tree as trees
from kmanifest.model.errors import SourceError, near_names
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_FIELDS: Final = ("file", "name", "ext", "extCode", "tla", "tlaCode", "libraryPaths")
_METADATA: Final = ("apiVersion", "kind", "metadata")


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources of the file that a config names, with the options of the build.

    The variables of the config are added to those of the options. Raises the errors of the file.
    """
    body = config.body
    for field in body:
        if field not in (*_FIELDS, *_METADATA):
            raise SourceError(
                f"unknown field {field!r}", near=near_names(str(field), _FIELDS)
            ).within(field=(field,))
    file = as_string(body.get("file") or "", ("file",))
    if not file:
        raise SourceError("a file is missing").within(field=("file",))
    options = ctx.engine_options(JsonnetOptions)
    directories = [
        trees.join(ctx.directory, as_string(path, ("libraryPaths", index)))
        for index, path in enumerate(as_list(body.get("libraryPaths") or [], ("libraryPaths",)))
    ]
    options = options._replace(
        ext=(*options.ext, *_pairs(body, "ext")),
        ext_code=(*options.ext_code, *_pairs(body, "extCode")),
        tla=(*options.tla, *_pairs(body, "tla")),
        tla_code=(*options.tla_code, *_pairs(body, "tlaCode")),
        library_paths=(*options.library_paths, *directories),
        name=as_string(body.get("name") or "", ("name",)) or options.name,
    )
    if ctx.state is not None:
        # The files that a program imports are not recorded by name, so no other build may use the result.
        ctx.state.prevent_sharing()
    return load_resources(ctx, ctx.locate(file), options)


def _pairs(body: Mapping[str, Any], field: str) -> tuple[tuple[str, str], ...]:
    values = as_mapping(body.get(field) or {}, (field,))
    return tuple((name, as_string(value, (field, name))) for name, value in values.items())
