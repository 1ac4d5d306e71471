"""The renderer that `kmanifest build` uses for a directory with a Chart.yaml."""

from functools import partial

from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.result import render_result, unknown_location
from kmanifest.engines.helm.templates.runtime import make_clock, make_random
from kmanifest.model.findings import CHART_WARNING
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered


def render(ctx: Context, path: str) -> Rendered:
    """Render the chart in the directory at `path` as `helm template` does, with the `HelmOptions` of the build."""
    options, helm_options = ctx.options, ctx.engine_options(HelmOptions)
    dialect = find_dialect(helm_options.helm_version)
    chart = load_chart(
        ctx.tree,
        path,
        limits=options.limits,
        warn=partial(ctx.warn, code=CHART_WARNING),
        dialect=dialect,
        count_input=ctx.count_input,
    )
    release = Release(helm_options.release, helm_options.namespace)
    return render_result(
        chart,
        values=helm_options.values,
        release=release,
        kube_version=helm_options.kube_version,
        api_versions=helm_options.api_versions,
        include_crds=helm_options.include_crds,
        limits=options.limits,
        random=make_random(options.reproducible.seed, release, chart.name),
        clock=make_clock(options.reproducible.now),
        show_impure=options.reproducible.report,
        unused_values=helm_options.unused_values,
        locate=helm_options.locate or unknown_location,
        cache=ctx.cache,
        dialect=dialect,
    )
