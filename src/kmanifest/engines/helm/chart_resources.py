"""Render a chart inside a build: load it from the tree, and return the resources of its output."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_archive, load_chart
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.result import render_result
from kmanifest.engines.helm.templates.runtime import make_clock, make_random
from kmanifest.engines.helm.values.layers import Table
from kmanifest.io import tree as trees
from kmanifest.io.cache import NoCache
from kmanifest.model.errors import KmanifestError, LimitError, Locate, PluginError
from kmanifest.model.findings import CHART_WARNING
from kmanifest.model.resource import Resource
from kmanifest.pipeline import parsing as manifests
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Final, NamedTuple

_CONSTANT_FUNCTIONS: Final = frozenset(("lookup",))  # without a cluster it always returns the same


class ChartConfig(NamedTuple):
    """How a generator renders a chart.

    `shown_name` is the chart in messages. `values`: the values that are merged over those of the chart. `locate` returns
    where a value was set. Empty `kube_version` and `api_versions` mean those of the build. `is_fixed`: the config itself
    calls no function whose result differs between builds.
    """

    shown_name: str
    release: Release
    dialect: Dialect
    values: Table
    locate: Locate
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    include_crds: bool = False
    skip_hooks: bool = False
    skip_tests: bool = False
    is_fixed: bool = True


def load_local_chart(ctx: Context, path: str, dialect: Dialect) -> Chart:
    """Return the chart at a resolved path, a directory or an archive."""
    trees.admit(ctx.tree, path)
    return load_chart(
        ctx.tree,
        path,
        limits=ctx.options.limits,
        warn=partial(ctx.warn, code=CHART_WARNING),
        dialect=dialect,
        count_input=ctx.count_input,
    )


def load_packaged_chart(ctx: Context, content: bytes, dialect: Dialect) -> Chart:
    """Return the chart in an archive that was fetched."""
    return load_archive(
        content,
        limits=ctx.options.limits,
        warn=partial(ctx.warn, code=CHART_WARNING),
        dialect=dialect,
        count_input=ctx.count_input,
    )


def render_resources(ctx: Context, chart: Chart, config: ChartConfig) -> tuple[list[Resource], str]:
    """Return the resources of a chart's output, and its text as `helm template` prints it.

    If its text may differ between builds, nothing of it is kept for them. Raises PluginError if it has no valid objects.
    """
    impure_functions: set[str] = set()
    rendered = _render(ctx, chart, config, impure_functions.add)
    for finding in rendered.findings:
        ctx.on_finding(finding)
    if not _is_repeatable(ctx, config, impure_functions):
        ctx = ctx._replace(cache=NoCache())
        if ctx.state is not None:
            ctx.state.prevent_reuse()
    text = rendered.text()
    content = text.encode("utf-8", "surrogateescape")
    ctx.count_output(len(content))
    try:
        resources = manifests.parse(ctx, content, "")
    except LimitError:
        raise
    except KmanifestError as error:
        raise PluginError(f"output of chart {config.shown_name}: {error.message}") from error
    return resources, text


def _render(
    ctx: Context, chart: Chart, config: ChartConfig, on_impure: Callable[[str], object]
) -> Rendered:
    options, chart_options = ctx.options, ctx.engine_options(HelmOptions)
    return render_result(
        chart,
        values=config.values,
        release=config.release,
        kube_version=config.kube_version or chart_options.kube_version,
        api_versions=config.api_versions or chart_options.api_versions,
        include_crds=config.include_crds,
        skip_hooks=config.skip_hooks,
        skip_tests=config.skip_tests,
        limits=options.limits,
        random=make_random(options.reproducible.seed, config.release, chart.name),
        clock=make_clock(options.reproducible.now),
        show_impure=options.reproducible.report,
        on_impure=on_impure,
        locate=config.locate,
        cache=ctx.cache,
        dialect=config.dialect,
    )


def _is_repeatable(ctx: Context, config: ChartConfig, impure_functions: AbstractSet[str]) -> bool:
    """Return whether the chart renders to the same text each time."""
    if not config.is_fixed:
        return False
    reproducible = ctx.options.reproducible
    has_fixed_inputs = reproducible.seed is not None and reproducible.now is not None
    return has_fixed_inputs or impure_functions <= _CONSTANT_FUNCTIONS
