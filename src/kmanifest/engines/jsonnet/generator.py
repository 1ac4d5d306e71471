"""The generator `kmanifest.dev/v1alpha1 JsonnetGenerator`: a Jsonnet file as a source of a kustomization."""

from collections.abc import Mapping

from kmanifest.engines.jsonnet.evaluation import is_unknown_parameter
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import Variable
from kmanifest.engines.jsonnet.render import load_resources
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, RenderError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_string
from kmanifest.pipeline.config_fields import (
    check_fields,
    mapping_field,
    string_field,
    strings_field,
)
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_ARGUMENTS: Final = ("values", "env")
_FIELDS: Final = (
    "file", "name", "ext", "extCode", "tla", "tlaCode", *_ARGUMENTS, "libraryPaths",
)  # fmt: skip


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources of the file that a config names, with the options of the build.

    The variables of the config are added to those of the options. Its `values` and `env` are top-level arguments, if the
    file is a function with such parameters. Raises the errors of the file.
    """
    body = config.body
    check_fields(body, _FIELDS)
    file = string_field(body, "file")
    if not file:
        raise SourceError("a file is missing").within(field=("file",))
    options = ctx.engine_options(JsonnetOptions)
    directories = [trees.join(ctx.directory, path) for path in strings_field(body, "libraryPaths")]
    arguments = _arguments(body)
    options = options._replace(
        ext=(*options.ext, *_pairs(body, "ext")),
        ext_code=(*options.ext_code, *_pairs(body, "extCode")),
        tla=(*options.tla, *_pairs(body, "tla")),
        tla_code=(*options.tla_code, *_pairs(body, "tlaCode")),
        library_paths=(*options.library_paths, *directories),
        name=string_field(body, "name") or options.name,
    )
    if ctx.state is not None:
        # The files that a program imports are not recorded by name, so no other build may use the result.
        ctx.state.prevent_sharing()
    path = _find(ctx, file)
    try:
        return load_resources(ctx, path, options, arguments=arguments)
    except RenderError as error:
        raise _at_argument(error, body) from error


def _pairs(body: Mapping[str, Any], field: str) -> tuple[tuple[str, str], ...]:
    values = mapping_field(body, field)
    return tuple((name, as_string(value, (field, name))) for name, value in values.items())


def _arguments(body: Mapping[str, Any]) -> tuple[Variable, ...]:
    """Return the top-level arguments that the file gets if it has parameters for them."""
    return tuple(_argument(body, name) for name in _ARGUMENTS if name in body)


def _argument(body: Mapping[str, Any], name: str) -> Variable:
    import json  # the text of most results is printed as it is

    from kmanifest.model.changes import plain_copy

    for field in ("tla", "tlaCode"):
        if name in mapping_field(body, field):
            error = SourceError(f"the field {name} has this argument as well")
            raise error.within(field=(field, name))
    value = plain_copy(mapping_field(body, name))
    try:
        code = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"expected values that JSON can represent: {error}"
        raise SourceError(message).within(field=(name,)) from error
    return Variable(name, code, is_code=True, is_optional=True)


def _at_argument(error: KmanifestError, body: Mapping[str, Any]) -> KmanifestError:
    """Return an error at the field of an argument that the function in the file has no parameter for; else the error itself."""
    if error.location.line:
        return error
    for field in ("tla", "tlaCode"):
        for name in mapping_field(body, field):
            if is_unknown_parameter(error.message, name):
                message = f"{error.message} ({error.location.file})"
                return RenderError(message).within(field=(field, name))
    return error


def _find(ctx: Context, file: str) -> str:
    try:
        path = ctx.find(file)
    except KmanifestError as error:
        raise error.within(field=("file",)) from error
    if ctx.tree.kind(path) == "dir":
        message = f"expected a file, got the directory {file!r}"
        raise SourceError(message).within(field=("file",))
    return path
