"""`helmCharts` of a kustomization: the built-in generator HelmChartInflationGenerator.

Source: kustomize v5.8.2 api/internal/builtins/HelmChartInflationGenerator.go; api/types/helmchartargs.go, AsHelmArgs.
"""

from functools import partial

from kmanifest import yaml
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_archive, load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.release_name import resolve_release_name
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.result import render_result, unknown_location
from kmanifest.engines.helm.templates.runtime import make_clock, make_random
from kmanifest.engines.helm.values.inline import merge_inline_values
from kmanifest.engines.helm.values.layers import ValueSources
from kmanifest.io import tree as trees
from kmanifest.io.cache import NoCache
from kmanifest.io.tree import MemoryTree
from kmanifest.model.annotations import HELM_GENERATED
from kmanifest.model.errors import (
    KmanifestError,
    LimitError,
    MissingError,
    PluginError,
    SourceError,
)
from kmanifest.model.fieldpath import put
from kmanifest.model.findings import CHART_WARNING
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.pipeline import parsing as manifests
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import AbstractSet, Any, Final, Iterable, Mapping

_DEFAULT_CHART_HOME: Final = "charts"
_MERGE_MODES: Final = ("merge", "override", "replace")
_CONSTANT_FUNCTIONS: Final = frozenset(("lookup",))  # without a cluster it always returns the same


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
    options, chart_options = ctx.options, ctx.engine_options(HelmOptions)
    name_template = _string(body, "nameTemplate")
    release = Release(
        resolve_release_name(release_name, name_template),
        _string(body, "namespace") or "default",
    )
    impure_functions: set[str] = set()
    rendered = render_result(
        chart,
        tree=MemoryTree(files),
        sources=ValueSources(files=tuple(files)),
        release=release,
        # The config takes precedence over the flags. kustomize reads it after them.
        kube_version=_string(body, "kubeVersion") or chart_options.kube_version,
        api_versions=_strings(body, "apiVersions") or chart_options.api_versions,
        include_crds=_is_on(body, "includeCRDs"),
        skip_hooks=_is_on(body, "skipHooks"),
        skip_tests=_is_on(body, "skipTests"),
        limits=options.limits,
        random=make_random(options.reproducible.seed, release, chart.name),
        clock=make_clock(options.reproducible.now),
        show_impure=options.reproducible.report,
        on_impure=impure_functions.add,
        # The value files are copies with different names and lines. So errors keep the location of the config.
        locate=unknown_location,
        cache=ctx.cache,
        dialect=HELM3,
    )
    for finding in rendered.findings:
        ctx.on_finding(finding)
    if not _is_repeatable(ctx, name_template, impure_functions):
        ctx = ctx._replace(cache=NoCache())
        if ctx.state is not None:
            ctx.state.prevent_reuse()
    text = rendered.text().encode("utf-8", "surrogateescape")
    ctx.count_output(len(text))
    try:
        resources = manifests.parse(ctx, text, "")
    except LimitError:
        raise
    except KmanifestError as error:
        raise PluginError(f"output of chart {name}: {error.message}") from error
    return [_with_generated_annotation(resource) for resource in resources]


def _is_repeatable(ctx: Context, name_template: str, impure_functions: AbstractSet[str]) -> bool:
    """Return whether the chart renders to the same text each time."""
    if "{{" in name_template:  # it may call any function, and has no seed
        return False
    reproducible = ctx.options.reproducible
    has_fixed_inputs = reproducible.seed is not None and reproducible.now is not None
    return has_fixed_inputs or impure_functions <= _CONSTANT_FUNCTIONS


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
    trees.admit(ctx.tree, real)
    return load_chart(
        ctx.tree,
        real,
        limits=ctx.options.limits,
        warn=partial(ctx.warn, code=CHART_WARNING),
        dialect=HELM3,
        count_input=ctx.count_input,
    )


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
    return load_archive(
        finder.fetch(location),
        limits=options.limits,
        warn=partial(ctx.warn, code=CHART_WARNING),
        dialect=HELM3,
        count_input=ctx.count_input,
    )


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
