"""Charts under `helmCharts` of a kustomization: the built-in generator HelmChartInflationGenerator.

Source: kustomize v5.8.2 api/internal/builtins/HelmChartInflationGenerator.go; api/types/helmchartargs.go, AsHelmArgs.
"""

from collections.abc import Iterable, Mapping

from kmanifest import yaml
from kmanifest.engines.helm.api import nowhere, render_chart
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_archive, load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.release_name import name_of
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.templates.runtime import make_clock, make_random
from kmanifest.engines.helm.values.inline import merge_inline_values
from kmanifest.engines.helm.values.layers import ValueSources
from kmanifest.io import tree as trees
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
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_mapping, as_text
from kmanifest.pipeline import parsing as manifests
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_HOME: Final = "charts"
_MERGES: Final = ("merge", "override", "replace")


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """The resources that the chart of this config makes of its values."""
    body = config.body
    name, release_name = _text(body, "name"), _text(body, "releaseName")
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
    release = Release(
        name_of(release_name, _text(body, "nameTemplate")), _text(body, "namespace") or "default"
    )
    rendered = render_chart(
        chart,
        tree=MemoryTree(files),
        sources=ValueSources(files=tuple(files)),
        release=release,
        # What the config says wins over the flags, as there: it is read after them.
        kube_version=_text(body, "kubeVersion") or chart_options.kube_version,
        api_versions=_texts(body, "apiVersions") or chart_options.api_versions,
        include_crds=_is_on(body, "includeCRDs"),
        skip_hooks=_is_on(body, "skipHooks"),
        skip_tests=_is_on(body, "skipTests"),
        limits=options.limits,
        random=make_random(options.reproducible.seed, release, chart.name),
        clock=make_clock(options.reproducible.now),
        show_impure=options.reproducible.report,
        # The files are copies, with names and lines of their own: an error is better placed by the config.
        locate=nowhere,
        cache=ctx.cache,
    )
    for finding in rendered.findings:
        ctx.on_finding(finding)
    text = rendered.text().encode("utf-8", "surrogateescape")
    ctx.count_output(len(text))
    try:
        made = manifests.parse(ctx, text, "")
    except LimitError:
        raise
    except KmanifestError as error:
        raise PluginError(f"what the chart {name} makes: {error.message}") from error
    return [_marked(resource) for resource in made]


def _load(ctx: Context, body: Mapping[str, Any], name: str) -> Chart:
    """The chart in the chart home, else the one that is fetched from the repository, which is kept nowhere but in the store."""
    path = trees.join(ctx.directory, f"{_home(body, name)}/{name}")
    try:
        real = ctx.tree.resolve(path)
    except MissingError as error:
        if _text(body, "repo"):
            return _fetch(ctx, body, name)
        raise MissingError(f"no repo specified for pull, no chart found at '{path}'") from error
    return load_chart(ctx.tree, real, limits=ctx.options.limits, warn=ctx.warn, dialect=HELM3)


def _fetch(ctx: Context, body: Mapping[str, Any], name: str) -> Chart:
    # Most charts are in their home.
    from kmanifest.engines.helm.sources.find import ChartQuery, Finder
    from kmanifest.engines.helm.sources.servers import RemoteFetcher
    from kmanifest.io.remote.charts import ChartClient
    from kmanifest.io.remote.store import open_store
    from kmanifest.io.remote.urls import check_protocol, shown_url

    repository = _text(body, "repo")
    ctx.require_remote(repository)
    remotes = ctx.options.remote
    protocol = repository.partition("://")[0].lower()
    check_protocol(protocol, (*remotes.protocols, "oci"), shown_url(repository))
    charts = ChartClient(
        store=open_store(remotes.store),
        offline=remotes.offline,
        max_age=remotes.max_age,
        timeout=min(30.0, remotes.timeout),
    )
    version = _text(body, "version") or (">0.0.0-0" if _is_on(body, "devel") else "")
    is_registry = protocol == "oci"
    text = f"{repository.rstrip('/')}/{name}" if is_registry else name
    finder = Finder(RemoteFetcher(charts))
    place = finder.find(text, ChartQuery(version, "" if is_registry else repository))
    return load_archive(
        finder.fetch(place), limits=ctx.options.limits, warn=ctx.warn, dialect=HELM3
    )


def _home(body: Mapping[str, Any], name: str) -> str:
    """The directory of the chart's directory, which one that was pulled has by its version."""
    home, version = _text(body, "chartHome") or _HOME, _text(body, "version")
    return f"{home}/{name}-{version}" if version and _text(body, "repo") else home


def _values_files(
    ctx: Context, body: Mapping[str, Any], name: str, chart: Chart
) -> dict[str, bytes]:
    """The files of values in their order, by names of their own: that of the chart or one instead of it, and more."""
    merge = _text(body, "valuesMerge") or "override"
    if merge not in _MERGES:
        raise SourceError(f"valuesMerge must be one of {', '.join(_MERGES)}").within(
            field=("valuesMerge",)
        )
    more = [ctx.read(path) for path in _texts(body, "additionalValuesFiles")]
    path = _text(body, "valuesFile") or f"{_home(body, name)}/{name}/values.yaml"
    if ctx.tree.kind(trees.join(ctx.directory, path)) is None and not _text(body, "valuesFile"):
        # The chart was fetched.
        first = next((file.data for file in chart.raw if file.name == "values.yaml"), b"")
    else:
        first = ctx.read(path)
    if inline := body.get("valuesInline"):
        own = as_mapping(inline, ("valuesInline",))
        try:
            merged = merge_inline_values(first, own, merge, ctx.options.limits)
        except KmanifestError as error:
            # A line of the values file would pass for one of the kustomization.
            location = error.location._replace(line=0, column=0)
            raise error.at(location).within(field=("valuesInline",)) from error
        first = yaml.dump(merged).encode()
    return {f"values-{number}.yaml": content for number, content in enumerate([first, *more])}


def _marked(resource: Resource) -> Resource:
    annotations: Any = put(resource.body, ("metadata", "annotations", HELM_GENERATED), "true")
    return resource.with_body(annotations)


def _text(body: Mapping[str, Any], name: str) -> str:
    return as_text(body.get(name) or "", (name,))


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values: Iterable[Any] = as_list(body.get(name) or [], (name,))
    return tuple(as_text(value, (name,)) for value in values)


def _is_on(body: Mapping[str, Any], name: str) -> bool:
    return body.get(name) is True
