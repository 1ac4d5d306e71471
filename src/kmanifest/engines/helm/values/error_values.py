"""Find the values that an error depends on, and its template, from the text of Helm's error message.

Schema errors name the path in the values. Errors of templates name a position in a template, at which `.Values` and a
path may be. Warnings about merged tables name the path. Ambiguous cases are left out.
"""

import re

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.objects.builtin import go_string
from kmanifest.engines.helm.values.origins import subchart_keys
from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Final, Iterable, Iterator

_SCHEMA: Final = "values don't meet the specifications of the schema(s)"
_POINTER: Final = re.compile(r"- at '(.*?)': (.*)")
_ADDITIONAL_PROPERTIES: Final = re.compile(r"additional properties (.*) not allowed")
_COALESCING: Final = re.compile(
    r"coalesce\.go:\d+: warning: (?:skipped value|cannot overwrite table with non table|destination) for (\S+?):? "
)
_TEMPLATE_LOCATION: Final = re.compile(
    r"(?:template: |execution error at \()([^\s:]+):(\d+):(\d+)\)?:"
)
_FAILED_FILE: Final = re.compile(
    r"(?:parse error at \(|parse error in \(|YAML parse error on )([^\s:]+?)(?::(\d+))?\)?:"
)
_FIELD: Final = re.compile(r' executing ".*?" at <[.$]', re.DOTALL)
_VALUES: Final = re.compile(rb"\.Values((?:\.\w+)+)")


def template_in_error(text: str) -> tuple[str, int, int]:
    """Return the template that an error with this text is in, with line and column. Its path begins with the chart's name.

    Lines and columns are counted from 1; 0 if they are not known. The path is empty if the text names no template.
    """
    locations = _TEMPLATE_LOCATION.findall(text)
    if locations:
        file, line, column = locations[-1]
        return file, int(line), int(column) + 1  # Go counts columns from 0
    if match := _FAILED_FILE.match(text):
        return match[1], int(match[2] or 0), 0
    return "", 0, 0


def values_in_error(text: str, chart: Chart) -> tuple[FieldPath, ...]:
    """Return the paths, in the values of the root chart, that an error or warning with this text depends on."""
    if match := _COALESCING.search(text):
        return (tuple(match[1].split(".")[1:]),)
    paths = (
        _paths_in_schema_error(text, chart)
        if text.startswith(_SCHEMA)
        else _paths_in_template_error(text, chart)
    )
    return tuple(path for path in dict.fromkeys(paths) if path)


def _paths_in_schema_error(text: str, chart: Chart) -> Iterator[FieldPath]:
    # The message names a chart only by its name or alias. Of two with the same name the outer one is meant.
    charts = reversed(list(_walk_charts(chart, ())))
    paths = {path[-1] if path else subchart.name: path for path, subchart in charts}
    prefix: FieldPath = ()
    for line in text.split("\n")[1:]:
        if match := _POINTER.search(line):
            steps = match[1].split("/")[1:]
            path = (*prefix, *(step.replace("~1", "/").replace("~0", "~") for step in steps))
            additional = _ADDITIONAL_PROPERTIES.match(match[2])
            names = re.findall("'([^']*)'", additional[1]) if additional else ()
            yield from ((*path, name) for name in names) if names else (path,)
        elif line.endswith(":"):
            prefix = paths.get(line[:-1], ())


def _paths_in_template_error(text: str, chart: Chart) -> Iterator[FieldPath]:
    """Yield the values that the action at the innermost position of the error reads."""
    locations = list(_TEMPLATE_LOCATION.finditer(text))
    if not locations:
        return
    file, line, column = locations[-1].groups()
    is_field = _FIELD.match(text, locations[-1].end()) is not None
    for path, subchart in _walk_charts(chart, ()):
        prefix = "/charts/".join([chart.name, *map(str, path)]) + "/"
        for template in subchart.templates:
            if prefix + template.name == file:
                exact, in_action = _paths_in_action(template.data, int(line), int(column))
                for name in exact if exact or is_field else in_action:
                    yield (*path, *name)


def _paths_in_action(
    source: bytes, line: int, column: int
) -> tuple[list[FieldPath], list[FieldPath]]:
    """Return the paths after `.Values` at a position of a template, and all those in the action around it."""
    start = sum(map(len, source.split(b"\n")[: line - 1])) + line - 1 + column
    opened, closed = source.rfind(b"{{", 0, start + 1), source.find(b"}}", start)
    if opened < 0 or closed < 0:
        return [], []
    matches = list(_VALUES.finditer(source, opened, closed))
    exact = [match for match in matches if match.start() <= start < match.end()]
    return _paths(exact), _paths(matches)


def _paths(matches: Iterable[re.Match[bytes]]) -> list[FieldPath]:
    return [tuple(go_string(match[1])[1:].split(".")) for match in matches]


def _walk_charts(chart: Chart, path: FieldPath) -> Iterator[tuple[FieldPath, Chart]]:
    """Yield the chart and its subcharts, with the paths of their values."""
    yield path, chart
    for subchart in chart.subcharts:
        for name in subchart_keys(chart, subchart):
            yield from _walk_charts(subchart, (*path, name))
