"""Read the environments of a `kmanifest.yaml`, and the values for one of them."""

from collections.abc import Mapping, Sequence

from kmanifest import yaml
from kmanifest.engines.environment.options import EnvironmentOptions, Inherited
from kmanifest.engines.environment.rows import Axes, Row, choose_row, fill_axes, read_axes
from kmanifest.engines.environment.values.layers import Layer, load_layers, read_entries
from kmanifest.engines.environment.values.merging import MergedValues, merge_layers
from kmanifest.engines.environment.values.reading import plain_values
from kmanifest.io import tree as trees
from kmanifest.model.errors import FieldPath, KmanifestError, Location, SourceError
from kmanifest.model.values import as_mapping, as_string
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

FILE_NAME: Final = "kmanifest.yaml"
OWN_FIELDS: Final = ("environments", "values", "schema")


class Definition(NamedTuple):
    """The content of a kmanifest.yaml: its path, its fields as kustomize reads its own files, and its axes.

    `document`: the fields as resources are read, if the file has more than the fields of a kustomization; else empty.
    """

    file: str
    fields: Mapping[str, Any]
    document: Mapping[str, Any]
    axes: Axes


class Environment(NamedTuple):
    """A kmanifest.yaml with a row and the values for it."""

    definition: Definition
    row: Row
    values: MergedValues


def load_definition(ctx: Context, directory: str) -> Definition:
    """Read the kmanifest.yaml in a directory."""
    file = trees.join(directory, FILE_NAME)
    try:
        content, limits = ctx.read_resolved(ctx.tree.resolve(file)), ctx.options.limits
        fields = as_mapping(yaml.load_values(content, limits=limits) or {})
        document: Mapping[str, Any] = {}
        if _has_more(fields):
            document = _only_document(yaml.load_documents(content, limits=limits))
        return Definition(file, fields, document, _axes(document))
    except KmanifestError as error:
        raise error.within(file=file) from error


def _axes(document: Mapping[str, Any]) -> Axes:
    if document.get("environments") is None:
        return Axes()
    try:
        return read_axes(document["environments"])
    except KmanifestError as error:
        raise error.within(field=("environments",)) from error


def _only_document(documents: Sequence[Any]) -> Mapping[str, Any]:
    if len(documents) != 1:
        raise SourceError(f"expected one YAML document, got {len(documents)}")
    return as_mapping(documents[0])


def _has_more(fields: Mapping[str, Any]) -> bool:
    """Return whether a file has more than the fields of a kustomization."""
    resources = fields.get("resources")
    entries = resources if isinstance(resources, list) else ()
    return any(name in fields for name in OWN_FIELDS) or any(
        isinstance(entry, Mapping) for entry in entries
    )


def load_environment(ctx: Context, definition: Definition) -> Environment:
    """Return the row that the build has chosen, or that the parent passes on, and the values for it."""
    options = ctx.engine_options(EnvironmentOptions)
    inherited = ctx.engine_options(Inherited)
    row = choose_row(definition.axes, options.environment, inherited.row)
    layers = _layers(ctx, definition, row)
    if not inherited.is_nested and options.values:
        given = plain_values(options.values, ctx.options.limits)
        layers += (Layer("--set", given, _at_flag),)
    values = merge_layers((*layers, *inherited.layers))
    _check_schema(ctx, definition, row, values)
    return Environment(definition, row, values)


def _check_schema(ctx: Context, definition: Definition, row: Row, values: MergedValues) -> None:
    name = definition.document.get("schema")
    if name is None:
        return
    from kmanifest.engines.environment.values.json_schema import check_schema  # rare

    field = ("schema",)
    try:
        check_schema(ctx, fill_axes(as_string(name), row), values)
    except KmanifestError as error:
        raise error.within(file=definition.file, field=field) from error


def _layers(ctx: Context, definition: Definition, row: Row) -> tuple[Layer, ...]:
    try:
        layer_entries = read_entries(definition.document.get("values") or [])
    except KmanifestError as error:
        raise error.within(field=("values",)) from error
    layers = load_layers(ctx, layer_entries, definition.file, row)
    if not ctx.engine_options(Inherited).is_nested:
        return layers
    # Messages name layers as they are written. Those of several directories can have one name.
    directory = ctx.directory.rpartition("/")[2]
    return tuple(layer._replace(name=f"{directory}/{layer.name}") for layer in layers)


def _at_flag(field: FieldPath) -> Location:
    return Location("--set", field=field)
