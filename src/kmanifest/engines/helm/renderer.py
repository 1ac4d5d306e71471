"""The engine that `kmanifest build` finds for a directory with a Chart.yaml."""

from kmanifest.engines.helm.api import nowhere, render_chart
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.render import Release
from kmanifest.engines.helm.templates.runtime import make_clock, make_random
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered


def render(ctx: Context, path: str) -> Rendered:
    """What `helm template` prints for the chart in the directory at `path`, with the `HelmOptions` of the build."""
    options, charts = ctx.options, ctx.engine_options(HelmOptions)
    dialect = find_dialect(charts.helm_version)
    chart = load_chart(ctx.tree, path, limits=options.limits, warn=ctx.warn, dialect=dialect)
    release = Release(charts.release, charts.namespace)
    return render_chart(
        chart,
        values=charts.values,
        release=release,
        kube_version=charts.kube_version,
        api_versions=charts.api_versions,
        include_crds=charts.include_crds,
        limits=options.limits,
        random=make_random(options.reproducible.seed, release, chart.name),
        clock=make_clock(options.reproducible.now),
        show_impure=options.reproducible.report,
        unused_values=charts.unused_values,
        locate=charts.locate or nowhere,
        cache=ctx.cache,
        helm_version=charts.helm_version,
    )
