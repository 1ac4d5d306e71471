"""Which chart helm v4 renders for a dependency. Source: helm v4.3.1 pkg/chart/v2/util/dependencies.go, getAliasDependency."""

from kmanifest.engines.helm.charts.chart import Chart


def aliased_dependency(chart: Chart, alias: str) -> Chart:
    """A chart of its own with an alias for a name where there is one; those that it holds know it as the one that holds them."""
    copy = chart.shallow_copy(alias=alias)
    if chart.metadata.dependencies is not None:
        copy.metadata.dependencies = [
            dependency.copy() for dependency in chart.metadata.requirements()
        ]
    copy.set_dependencies([_copy_sharing_metadata(subchart) for subchart in chart.dependencies])
    return copy


def _copy_sharing_metadata(chart: Chart) -> Chart:
    """A chart of its own that has the very metadata of another."""
    copy = chart.shallow_copy(alias="")
    copy.metadata = chart.metadata
    return copy
