"""The chart that Helm 4 renders for a dependency.

Source: helm v4.3.1 pkg/chart/v2/util/dependencies.go, getAliasDependency.
"""

from kmanifest.engines.helm.charts.chart import Chart


def alias_dependency(chart: Chart, alias: str) -> Chart:
    """Return a copy of the chart, named after the alias if there is one. Its subcharts have the copy as their parent."""
    copy = chart.shallow_copy(alias=alias)
    copy.metadata.copy_dependencies()
    copy.set_subcharts([_copy_sharing_metadata(subchart) for subchart in chart.subcharts])
    return copy


def _copy_sharing_metadata(chart: Chart) -> Chart:
    """Return a copy of a chart that shares the chart's metadata object."""
    copy = chart.shallow_copy(alias="")
    copy.metadata = chart.metadata
    return copy
