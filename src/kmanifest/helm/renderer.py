"""The engine that `kmanifest build` finds for a directory with a Chart.yaml."""

from kmanifest.helm.api import render_chart
from kmanifest.helm.dialect import find_dialect
from kmanifest.helm.loader import load_chart
from kmanifest.helm.render import Release
from kmanifest.plugin import Context
from kmanifest.rendered import Rendered


def render(ctx: Context, path: str) -> Rendered:
    """What `helm template` prints for the chart in the directory at `path`, as `ctx.charts` says."""
    options, charts = ctx.options, ctx.charts
    dialect = find_dialect(charts.helm_version)
    return render_chart(
        load_chart(ctx.tree, path, limits=options.limits, warn=ctx.warn, dialect=dialect),
        values=charts.values,
        release=Release(charts.release, charts.namespace),
        kube_version=options.helm_kube_version,
        api_versions=options.helm_api_versions,
        include_crds=charts.include_crds,
        limits=options.limits,
        cache=ctx.cache,
        helm_version=charts.helm_version,
    )
