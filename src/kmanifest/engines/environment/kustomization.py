"""Read a `kmanifest.yaml` as the kustomization that it stands for, for the row that the build has chosen.

`environments`, `values`, `schema` and the entries of `resources` that are mappings become objects and entries of this
kustomization. All other fields are those of a kustomization, and are decoded as such.
"""

from collections.abc import Mapping
from itertools import count

from kmanifest.engines.environment.definition import (
    OWN_FIELDS,
    Definition,
    Environment,
    load_definition,
    load_environment,
)
from kmanifest.engines.environment.entries import API_VERSION, EntryReader
from kmanifest.engines.environment.options import Inherited
from kmanifest.engines.environment.rows import fill_axes
from kmanifest.engines.kustomize.annotations import LOCAL_CONFIG
from kmanifest.engines.kustomize.kustomization import (
    Kustomization,
    decode_fields,
    make_kustomization,
)
from kmanifest.model.errors import KmanifestError, LimitError, SourceError, near_names
from kmanifest.model.resource import Origin, Resource
from kmanifest.pipeline.context import BuildState, Context
from kmanifest.startup.typing import Any, Final

KIND: Final = "Build"
MAX_READ: Final = 10_000
_COUNTER: Final = "uses of kmanifest.yaml files"
_FILLED_FIELDS: Final = ("namespace", "namePrefix", "nameSuffix")


def read(ctx: Context, directory: str) -> Kustomization:
    """Return the kustomization that the kmanifest.yaml in a directory stands for. Raises the errors of the file."""
    if ctx.state is not None:
        ctx.state.prevent_sharing()  # the result depends on the chosen row
        _count(ctx.state)
    ctx = ctx._replace(directory=directory)
    definition = load_definition(ctx, directory)
    try:
        kustomization = _plain_kustomization(ctx, definition)
        environment = load_environment(ctx, definition)
        return _with_row(ctx, kustomization, environment)
    except KmanifestError as error:
        raise error.within(file=definition.file) from error


def _count(state: BuildState) -> None:
    """Raise LimitError if the build has read very many of these files: instances inside of instances multiply."""
    counter = state.shared(_COUNTER, lambda: count(1))
    if next(counter) > MAX_READ:
        raise LimitError(f"the build uses kmanifest.yaml files more than {MAX_READ} times")


def _plain_kustomization(ctx: Context, definition: Definition) -> Kustomization:
    """Return the fields of a kustomization in the file. Entries that are mappings are empty strings in it."""
    fields = {name: value for name, value in definition.fields.items() if name not in OWN_FIELDS}
    if _is_build(fields):
        fields = {name: fields[name] for name in fields if name not in ("apiVersion", "kind")}
    resources = fields.get("resources")
    if isinstance(resources, list):
        fields["resources"] = ["" if isinstance(each, Mapping) else each for each in resources]
    try:
        decoded = decode_fields(fields)
    except SourceError as error:
        raise _with_near_fields(error) from error
    return make_kustomization(ctx, decoded, definition.file, ctx.directory)


def _with_near_fields(error: SourceError) -> SourceError:
    """Return the error with the fields of this format that are like an unknown one, before those of a kustomization."""
    location = error.location
    if len(location.field) != 1 or error.near:
        return error
    near = near_names(str(location.field[0]), OWN_FIELDS)
    return SourceError(error.message, location=location, near=near)


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
            fields[name] = fill_axes(fields[name], row, (name,))
    given = definition.document.get("resources") or ()
    reader = EntryReader(ctx, environment, fields.get("namespace", ""))
    resources: list[Any] = []
    for index, entry in enumerate(fields.get("resources", ())):
        field = kustomization.source_field("resources", index)
        if index < len(given) and isinstance(given[index], Mapping):
            resources += reader.read(given[index], field)
        else:
            resources.append(fill_axes(entry, row, field))
    if "resources" in fields:
        fields["resources"] = tuple(resources)
    # What this file names gets its row, and none of the values that its own parent passed on.
    engines = Inherited(row, ()).replace_in(ctx.options.engines)
    return kustomization._replace(
        fields=fields, values=_values_object(environment), engines=engines
    )


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
