"""Which chart helm v4 renders for a dependency. Source: helm v4.3.1 pkg/chart/v2/util/dependencies.go, getAliasDependency."""

from kmanifest.engines.helm.charts.chart import Chart


def taken(chart: Chart, alias: str) -> Chart:
    """A chart of its own with an alias for a name where there is one; those that it holds know it as the one that holds them."""
    made = chart.shallow(alias=alias)
    if chart.metadata.dependencies is not None:
        made.metadata.dependencies = [each.copied() for each in chart.metadata.requirements()]
    made.set_dependencies([_sharing(held) for held in chart.dependencies])
    return made


def _sharing(chart: Chart) -> Chart:
    """A chart of its own that has the very metadata of another."""
    made = chart.shallow(alias="")
    made.metadata = chart.metadata
    return made
