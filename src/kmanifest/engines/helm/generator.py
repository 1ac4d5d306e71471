"""The generator `kmanifest.dev/v1alpha1 ChartGenerator`: a local chart as a source of a kustomization."""

import re
from collections.abc import Iterable, Mapping, Sequence

from kmanifest.engines.helm.chart_resources import ChartConfig, load_local_chart, render_resources
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.formats.go_yaml import floats_for_numbers
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.render import Release, TemplateError
from kmanifest.engines.helm.values.layers import (
    Table,
    ValueLayer,
    ValueSources,
    merge_maps,
    value_layers,
)
from kmanifest.engines.helm.values.normalize import normalize_values
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    Locate,
    Location,
    MissingError,
    SourceError,
)
from kmanifest.model.resource import Resource
from kmanifest.pipeline.config_fields import (
    check_fields,
    mapping_field,
    string_field,
    strings_field,
    switch_field,
)
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

_FIELDS: Final = (
    "chart", "release", "namespace", "values", "valuesFiles", "includeCRDs", "skipHooks", "skipTests",
    "kubeVersion", "apiVersions", "helmVersion",
)  # fmt: skip
_DOCUMENT: Final = re.compile(
    r"^---(?:[ \t].*)?$(?:\n# Source: [^/\n]+/(.+)(\n(?=---))?)?", re.MULTILINE
)


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources of the chart that a config names, as `helm template` renders it.

    An error that depends on one of the config's values has the field of that value as its location. Any other error in a
    template of a directory has the file and the line of that template.
    """
    body = config.body
    check_fields(body, _FIELDS)
    dialect = _dialect(ctx, body)
    path = _resolve_chart(ctx, body)
    chart = load_local_chart(ctx, path, dialect)
    layers = _value_layers(ctx, body, dialect)
    release = string_field(body, "release") or chart.name
    chart_config = ChartConfig(
        string_field(body, "chart"),
        Release(release, string_field(body, "namespace") or "default"),
        dialect,
        _merge(layers),
        _make_locate(layers),
        kube_version=string_field(body, "kubeVersion"),
        api_versions=strings_field(body, "apiVersions"),
        include_crds=switch_field(body, "includeCRDs"),
        skip_hooks=switch_field(body, "skipHooks"),
        skip_tests=switch_field(body, "skipTests"),
    )
    try:
        resources, text = render_resources(ctx, chart, chart_config)
    except TemplateError as error:
        raise _at_template(ctx, path, error) from error
    sources = _find_sources(text, path) if ctx.tree.kind(path) == "dir" else []
    return [_with_source(each, sources, _Source(path)) for each in resources]


def _at_template(ctx: Context, path: str, error: TemplateError) -> KmanifestError:
    """Return an error with the template of the chart at `path` as its location, unless it has that of a value."""
    if error.location.field or ctx.tree.kind(path) != "dir":
        return error
    from kmanifest.engines.helm.values.error_values import template_in_error  # for errors only

    name, line, column = template_in_error(error.message)
    file = f"{path}/{name.partition('/')[2]}"
    if ctx.tree.kind(file) != "file":  # it is in the archive of a subchart
        return error
    return error.within(file=file, line=line, column=column)


class _Source(NamedTuple):
    """A file of a chart, and the index of a document in it."""

    file: str
    document: int = 0


def _with_source(resource: Resource, sources: Sequence[_Source], other: _Source) -> Resource:
    origin = resource.origin
    source = sources[origin.document] if origin.document < len(sources) else other
    return resource.with_origin(origin._replace(file=source.file, document=source.document))


def _dialect(ctx: Context, body: Mapping[str, Any]) -> Dialect:
    version = body.get("helmVersion", ctx.engine_options(HelmOptions).helm_version)
    try:
        return find_dialect(str(version))
    except SourceError as error:
        raise error.within(field=("helmVersion",)) from error


def _resolve_chart(ctx: Context, body: Mapping[str, Any]) -> str:
    """Return the resolved path of the chart. It may be outside of the kustomization's directory, as a base may be."""
    path = string_field(body, "chart")
    try:
        if not path:
            raise SourceError("a chart is missing")
        if "://" in path:
            raise SourceError("expected the path of a chart, got a URL; helmCharts fetches charts")
        if path.startswith("/"):
            raise SourceError(f"the path {path!r} of a chart cannot be absolute")
        return ctx.resolve(path)
    except MissingError as error:
        near = ctx.near_paths(path)
        raise MissingError(error.message, near=near).within(field=("chart",)) from error
    except KmanifestError as error:
        raise error.within(field=("chart",)) from error


def _value_layers(ctx: Context, body: Mapping[str, Any], dialect: Dialect) -> list[ValueLayer]:
    """Return the values files and, as the last layer, the values of the config, whose name is empty."""
    contents: dict[str, bytes] = {}
    files: list[str] = []
    for index, name in enumerate(strings_field(body, "valuesFiles")):
        try:
            files.append(ctx.find(name))
            contents[files[-1]] = ctx.read_resolved(files[-1])
        except KmanifestError as error:
            raise error.within(field=("valuesFiles", index)) from error
    try:
        values = floats_for_numbers(normalize_values(mapping_field(body, "values")))
    except (TypeError, ValueError) as error:
        raise SourceError(str(error)).within(field=("values",)) from error
    sources = ValueSources(files=tuple(files))
    return [
        *value_layers(sources, contents.__getitem__, ctx.options.limits, dialect.readers),
        ValueLayer("", lambda table: merge_maps(table, values)),
    ]


def _merge(layers: Iterable[ValueLayer]) -> Table:
    """Return the values of all layers. Raises SourceError at the field that names an invalid file."""
    table: Table = {}
    for index, layer in enumerate(layers):
        try:
            table = layer.apply(table)
        except KmanifestError as error:
            raise error.within(field=("valuesFiles", index)) from error
    return table


def _make_locate(layers: Iterable[ValueLayer]) -> Locate:
    """Return a function from the path of a value to its location: in a values file, or as a field of the config.

    A value of the chart itself has an empty location.
    """

    def locate(path: FieldPath) -> Location:
        from kmanifest.engines.helm.values.origins import Origins  # for errors only

        location = Origins(layers).find(path)
        if location is None:
            return Location()
        return location if location.file else Location(field=("values", *location.field))

    return locate


def _find_sources(text: str, path: str) -> list[_Source]:
    """Return the source of each document in the output of the chart in the directory `path`.

    The document of a template that writes several is not known, as Helm sorts them. Their source is the directory, so that
    no error has the line of another document. Files with CustomResourceDefinitions are printed as they are: only the first
    document of each names it.
    """
    sources: list[_Source] = []
    counts: dict[str, int] = {}
    for match in _DOCUMENT.finditer(text):
        if match[1] is None and sources:
            sources.append(sources[-1]._replace(document=sources[-1].document + 1))
            continue
        file = f"{path}/{match[1]}"
        counts[file] = counts.get(file, 0) + 1
        # A file that begins with `---` makes the document with its name an empty one, which the file does not have.
        sources.append(_Source(file, -1 if match[2] else 0))
    return [source if counts[source.file] == 1 else _Source(path) for source in sources]
