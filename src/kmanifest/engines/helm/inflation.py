"""`helmCharts` of a kustomization: the built-in generator HelmChartInflationGenerator.

Source: kustomize v5.8.2 api/internal/builtins/HelmChartInflationGenerator.go; api/types/helmchartargs.go, AsHelmArgs.
"""

from kmanifest import yaml
from kmanifest.engines.helm.chart_resources import (
    ChartConfig,
    load_local_chart,
    load_packaged_chart,
    render_resources,
)
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.release_name import resolve_release_name
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.result import unknown_location
from kmanifest.engines.helm.values.inline import merge_inline_values
from kmanifest.engines.helm.values.layers import ValueSources, merge_sources
from kmanifest.io import tree as trees
from kmanifest.model.annotations import HELM_GENERATED
from kmanifest.model.errors import KmanifestError, MissingError, SourceError
from kmanifest.model.fieldpath import put
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Iterable, Mapping

_DEFAULT_CHART_HOME: Final = "charts"
_MERGE_MODES: Final = ("merge", "override", "replace")


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Render the chart that this config names, and return its resources."""
    body = config.body
    name, release_name = _string(body, "name"), _string(body, "releaseName")
    if not name:
        raise SourceError("chart name cannot be empty").within(field=("name",))
    for field, value in (("releaseName", release_name), ("name", name)):
        if value.startswith("-"):
            raise SourceError(f"{field} must not start with '-', got {value!r}").within(
                field=(field,)
            )
    chart = _load(ctx, body, name)
    files = _values_files(ctx, body, name, chart)
    name_template = _string(body, "nameTemplate")
    chart_config = ChartConfig(
        name,
        Release(
            resolve_release_name(release_name, name_template),
            _string(body, "namespace") or "default",
        ),
        HELM3,
        merge_sources(ValueSources(files=tuple(files)), files.__getitem__, ctx.options.limits),
        # The value files are copies with different names and lines. So errors keep the location of the config.
        unknown_location,
        # The config takes precedence over the flags. kustomize reads it after them.
        kube_version=_string(body, "kubeVersion"),
        api_versions=_strings(body, "apiVersions"),
        include_crds=_is_on(body, "includeCRDs"),
        skip_hooks=_is_on(body, "skipHooks"),
        skip_tests=_is_on(body, "skipTests"),
        is_fixed="{{" not in name_template,  # it may call any function, and has no seed
    )
    resources, _ = render_resources(ctx, chart, chart_config)
    return [_with_generated_annotation(resource) for resource in resources]


def _load(ctx: Context, body: Mapping[str, Any], name: str) -> Chart:
    """Return the chart in the chart home, or else fetch it from the repository.

    A fetched chart is kept in the download cache only, not in the chart home as kustomize does.
    """
    path = trees.join(ctx.directory, f"{_chart_home(body, name)}/{name}")
    try:
        real = ctx.tree.resolve(path)
    except MissingError as error:
        if _string(body, "repo"):
            return _fetch(ctx, body, name)
        raise MissingError(f"no repo specified for pull, no chart found at '{path}'") from error
    return load_local_chart(ctx, real, HELM3)


def _fetch(ctx: Context, body: Mapping[str, Any], name: str) -> Chart:
    """Fetch a chart with the protocols, hosts, credentials, sizes and deadline of all other downloads of the build."""
    # most charts are in the chart home
    from kmanifest.engines.helm.sources.find import ChartQuery, Finder
    from kmanifest.engines.helm.sources.servers import RemoteFetcher
    from kmanifest.io.remote.budget import NoBudget
    from kmanifest.io.remote.charts import ChartClient
    from kmanifest.io.remote.store import open_store
    from kmanifest.pipeline.fetching import fetch_settings

    repository = _string(body, "repo")
    ctx.require_remote(repository)
    options = ctx.options
    settings = fetch_settings(options, ctx.meter or NoBudget())
    settings = settings._replace(max_size=min(settings.max_size, options.limits.max_total_input))
    store = open_store(options.remote.store, options.remote.max_store)
    version = _string(body, "version") or (">0.0.0-0" if _is_on(body, "devel") else "")
    is_registry = repository.partition("://")[0].lower() == "oci"
    chart_argument = f"{repository.rstrip('/')}/{name}" if is_registry else name
    finder = Finder(RemoteFetcher(ChartClient(settings, store=store)))
    location = finder.find(chart_argument, ChartQuery(version, "" if is_registry else repository))
    return load_packaged_chart(ctx, finder.fetch(location), HELM3)


def _chart_home(body: Mapping[str, Any], name: str) -> str:
    """Return the parent directory of the chart's directory.

    With `repo` and `version` it ends with the name and version of the chart, as `helm pull` in kustomize creates it.
    """
    chart_home, version = (
        _string(body, "chartHome") or _DEFAULT_CHART_HOME,
        _string(body, "version"),
    )
    return f"{chart_home}/{name}-{version}" if version and _string(body, "repo") else chart_home


def _values_files(
    ctx: Context, body: Mapping[str, Any], name: str, chart: Chart
) -> dict[str, bytes]:
    """Return the value files by generated names, lowest precedence first.

    The first is the chart's file or the one that replaces it. The additional files follow.
    """
    merge_mode = _string(body, "valuesMerge") or "override"
    if merge_mode not in _MERGE_MODES:
        raise SourceError(f"valuesMerge must be one of {', '.join(_MERGE_MODES)}").within(
            field=("valuesMerge",)
        )
    additional_files = [ctx.read(path) for path in _strings(body, "additionalValuesFiles")]
    path = _string(body, "valuesFile") or f"{_chart_home(body, name)}/{name}/values.yaml"
    if not _string(body, "valuesFile") and not _exists(ctx, path):
        # Only a fetched chart has no such file here.
        chart_values = next((file.data for file in chart.raw if file.name == "values.yaml"), b"")
    else:
        chart_values = ctx.read(path)
    if inline := body.get("valuesInline"):
        inline_values = as_mapping(inline, ("valuesInline",))
        try:
            merged = merge_inline_values(
                chart_values, inline_values, merge_mode, ctx.options.limits
            )
        except KmanifestError as error:
            # A line of the values file would pass for one of the kustomization.
            location = error.location._replace(line=0, column=0)
            raise error.at(location).within(field=("valuesInline",)) from error
        chart_values = yaml.dump(merged).encode()
    return {
        f"values-{number}.yaml": content
        for number, content in enumerate([chart_values, *additional_files])
    }


def _exists(ctx: Context, path: str) -> bool:
    try:
        ctx.tree.resolve(trees.join(ctx.directory, path))
    except MissingError:
        return False
    return True


def _with_generated_annotation(resource: Resource) -> Resource:
    annotations: Any = put(resource.body, ("metadata", "annotations", HELM_GENERATED), "true")
    return resource.with_body(annotations)


def _string(body: Mapping[str, Any], name: str) -> str:
    return as_string(body.get(name) or "", (name,))


def _strings(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values: Iterable[Any] = as_list(body.get(name) or [], (name,))
    return tuple(as_string(value, (name,)) for value in values)


def _is_on(body: Mapping[str, Any], name: str) -> bool:
    return body.get(name) is True
