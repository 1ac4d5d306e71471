"""`values.schema.json`: check the values of a chart and its subcharts against their schemas.

Errors are those of Helm's validator, santhosh-tekuri/jsonschema v6.0.3. It reports wrong properties in random order;
here they are sorted by name. No schema is fetched. A `$ref` to another file is an error. For a `urn:` Helm substitutes
a schema that allows everything.

Source: helm v3.22.0 pkg/chartutil/jsonschema.go.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Callable, Final, Mapping

LOCATION: Final = "file:///values.schema.json"


def validate_values(chart: Chart, values: Mapping[str, Any], on_urn: Callable[[str], None]) -> None:
    """Raise SourceError with Helm's message if the values do not match the schemas.

    `on_urn` is called with each `urn:` that a schema refers to.
    """
    problems = _chart_problems(chart, values, on_urn)
    if problems:
        raise SourceError(
            f"values don't meet the specifications of the schema(s) in the following chart(s):\n{problems}"
        )


def _chart_problems(chart: Chart, values: Mapping[str, Any], on_urn: Callable[[str], None]) -> str:
    problems = ""
    if chart.schema is not None:
        problem = find_problem(values, chart.schema, on_urn)
        if problem:
            problems += f"{chart.name}:\n{problem}"
    for subchart in chart.subcharts:
        subchart_values = values.get(subchart.name)
        if subchart_values is None:
            continue
        if isinstance(subchart_values, dict):
            problems += _chart_problems(subchart, subchart_values, on_urn)
        else:
            from kmanifest.engines.helm.values.set_flags import go_type  # for errors only

            problems += f"{subchart.name}:\ninvalid type for values: expected object (map), got {go_type(subchart_values)}\n"
    return problems


def find_problem(
    values: Mapping[str, Any], schema: bytes, on_urn: Callable[[str], None] = lambda _: None
) -> str:
    """Return the errors in the values or in the schema; empty if there are none."""
    from kmanifest.engines.helm.schemas.plain import accepts

    if accepts(schema, values):
        return ""
    from kmanifest.engines.helm.schemas.check import Checker
    from kmanifest.engines.helm.schemas.compile import Compiler
    from kmanifest.engines.helm.schemas.document import load_schema
    from kmanifest.engines.helm.schemas.meta_check import find_meta_fault

    try:
        compiled = Compiler(load_schema(schema), LOCATION, find_meta_fault, on_urn).compile()
        fault = Checker(compiled).fault(values)
    except SourceError as error:
        return error.message
    except RecursionError:
        return "exceeded max depth"
    return f"{fault}\n" if fault else ""
