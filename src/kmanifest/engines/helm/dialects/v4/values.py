"""How Helm 4 merges values: a null default counts as absent.

Source: helm v4.3.1 pkg/chart/common/util/coalesce.go, coalesceValues and cleanNilValues.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.values.layers import Table, copy_table
from kmanifest.startup.typing import Any, Mapping


def copy_defaults(chart: Chart, values: Mapping[str, Any]) -> Table:
    """Return a copy of the chart's values without nulls.

    A null at the first level remains if `values` have the key, which it deletes. Nulls below the name of a subchart
    remain if `values` have that name, because both are merged later.
    """
    subchart_names = {subchart.name for subchart in chart.subcharts}
    defaults: Table = {}
    for key, value in copy_table(chart.values).items():
        if value is None and key not in values:
            continue
        if isinstance(value, dict) and not (key in subchart_names and key in values):
            _drop_nulls(value)
        defaults[key] = value
    return defaults


def _drop_nulls(table: Table) -> None:
    todo = [table]
    while todo:
        node = todo.pop()
        for key, value in [*node.items()]:
            if value is None:
                del node[key]
            elif isinstance(value, dict):
                todo.append(value)
