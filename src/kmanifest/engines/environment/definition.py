"""Read a `kmanifest.yaml`: a kustomization with environments, values, and entries of every language.

`environments`, `values`, `schema` and the entries of `resources` that are mappings are read here, for the row that the
build has chosen. All other fields are those of a kustomization, and are decoded as such.
"""

from collections.abc import Mapping

from kmanifest import yaml
from kmanifest.engines.environment import entries
from kmanifest.engines.environment.options import EnvironmentOptions, Inherited
from kmanifest.engines.environment.rows import Axes, Row, choose_row, fill, read_axes
from kmanifest.engines.environment.values.layers import Layer, load_layers, read_entries
from kmanifest.engines.environment.values.merging import MergedValues, merge_layers
from kmanifest.engines.kustomize.annotations import LOCAL_CONFIG
from kmanifest.engines.kustomize.kustomization import (
    Kustomization,
    decode_fields,
    make_kustomization,
)
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, SourceError, near_names
from kmanifest.model.resource import Origin, Resource
from kmanifest.model.values import as_mapping, as_string
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

FILE_NAME: Final = "kmanifest.yaml"
API_VERSION: Final = "kmanifest.dev/v1alpha1"
KIND: Final = "Build"
OWN_FIELDS: Final = ("environments", "values", "schema")
_FILLED_FIELDS: Final = ("namespace", "namePrefix", "nameSuffix")


class Definition(NamedTuple):
    """The content of a kmanifest.yaml: its path, its document as resources are read, and its axes."""

    file: str
    document: Mapping[str, Any]
    axes: Axes


class Environment(NamedTuple):
    """A kmanifest.yaml with a row and the values for it."""

    definition: Definition
    row: Row
    values: MergedValues


def read(ctx: Context, directory: str) -> Kustomization:
    """Return the kustomization that the kmanifest.yaml in a directory stands for. Raises the errors of the file."""
    if ctx.state is not None:
        ctx.state.prevent_sharing()  # the result depends on the chosen row
    ctx = ctx._replace(directory=directory)
    definition = load_definition(ctx, directory)
    try:
        kustomization = _plain_kustomization(ctx, definition)
        environment = load_environment(ctx, definition)
        return _with_row(ctx, kustomization, environment)
    except KmanifestError as error:
        raise error.within(file=definition.file) from error


def load_definition(ctx: Context, directory: str) -> Definition:
    """Read the kmanifest.yaml in a directory."""
    file = trees.join(directory, FILE_NAME)
    try:
        documents = yaml.load_documents(_read(ctx, file), limits=ctx.options.limits)
        if len(documents) > 1:
            raise SourceError("expected one YAML document").within(document=1)
        document = as_mapping(documents[0] if documents and documents[0] is not None else {})
        return Definition(file, document, _axes(document))
    except KmanifestError as error:
        raise error.within(file=file) from error


def _axes(document: Mapping[str, Any]) -> Axes:
    if document.get("environments") is None:
        return Axes()
    try:
        return read_axes(document["environments"])
    except KmanifestError as error:
        raise error.within(field=("environments",)) from error


def _read(ctx: Context, file: str) -> bytes:
    return ctx.read_resolved(ctx.tree.resolve(file))


def load_environment(ctx: Context, definition: Definition) -> Environment:
    """Return the row that the build has chosen, or that the parent passes on, and the values for it."""
    options = ctx.engine_options(EnvironmentOptions)
    inherited = ctx.engine_options(Inherited)
    row = choose_row(definition.axes, options.environment, dict(inherited.row))
    layers = _layers(ctx, definition, row)
    if not inherited.is_nested and options.values:
        layers += (Layer.of_values(options.values, "--set"),)
    values = merge_layers((*layers, *inherited.layers))
    schema = definition.document.get("schema")
    if schema is not None:
        from kmanifest.engines.environment.values.json_schema import check_schema  # rare

        check_schema(ctx, fill(as_string(schema, ("schema",)), row, ("schema",)), values)
    return Environment(definition, row, values)


def _layers(ctx: Context, definition: Definition, row: Row) -> tuple[Layer, ...]:
    try:
        layer_entries = read_entries(definition.document.get("values") or [])
        return load_layers(ctx, layer_entries, definition.file, row, _evaluate_jsonnet)
    except KmanifestError as error:
        raise error.within(field=("values",)) from error


def _evaluate_jsonnet(ctx: Context, path: str) -> Any:
    return ctx.registry.find("values-reader", "jsonnet").call(ctx, path)


def _plain_kustomization(ctx: Context, definition: Definition) -> Kustomization:
    """Return the fields of a kustomization in the file. Entries that are mappings are empty strings in it."""
    document = yaml.load_values(_read(ctx, definition.file), limits=ctx.options.limits)
    fields = {
        name: value for name, value in as_mapping(document or {}).items() if name not in OWN_FIELDS
    }
    if _is_build(fields):
        fields = {name: fields[name] for name in fields if name not in ("apiVersion", "kind")}
    resources = fields.get("resources")
    if isinstance(resources, list):
        fields["resources"] = ["" if isinstance(each, Mapping) else each for each in resources]
    return make_kustomization(ctx, decode_fields(fields), definition.file, ctx.directory)


def _is_build(fields: Mapping[str, Any]) -> bool:
    """Return whether the file is a Build, and not a kustomization that was renamed. Raises SourceError for others."""
    kind, api_version = fields.get("kind") or "", fields.get("apiVersion") or ""
    if kind in ("Kustomization", "Component"):
        return False
    if kind not in ("", KIND):
        message = f"kind should be {KIND}, got {kind!r}"
        raise SourceError(message, near=near_names(str(kind), (KIND,))).within(field=("kind",))
    if api_version not in ("", API_VERSION):
        raise SourceError(f"apiVersion should be {API_VERSION}").within(field=("apiVersion",))
    return True


def _with_row(
    ctx: Context, kustomization: Kustomization, environment: Environment
) -> Kustomization:
    """Return the kustomization with the names of axes filled in, with its entries, and with its values."""
    row, definition = environment.row, environment.definition
    fields = dict(kustomization.fields)
    for name in _FILLED_FIELDS:
        if name in fields:
            fields[name] = fill(fields[name], row, (name,))
    given = definition.document.get("resources") or ()
    reader = entries.EntryReader(ctx, environment, fields.get("namespace", ""))
    resources: list[Any] = []
    for index, entry in enumerate(fields.get("resources", ())):
        field = kustomization.source_field("resources", index)
        if index < len(given) and isinstance(given[index], Mapping):
            resources += reader.read(given[index], field)
        else:
            resources.append(fill(entry, row, field))
    if "resources" in fields:
        fields["resources"] = tuple(resources)
    return kustomization._replace(fields=fields, values=_values_object(environment))


def _values_object(environment: Environment) -> Resource | None:
    """Return the object that replacements read; None for a file without environments and values."""
    definition, row, values = environment
    if not row and not values.value and "values" not in definition.document:
        return None
    body = {
        "apiVersion": API_VERSION,
        "kind": "Values",
        "metadata": {"name": "values", "annotations": {LOCAL_CONFIG: "true"}},
        "env": dict(row),
        "values": values.value,
    }
    return Resource(body, Origin(definition.file), cluster_scoped=False)
