"""Process the dependencies of a chart: conditions, tags, aliases and imported values.

The order of the steps and the changes in place are Helm's. Conditions see values for which the tags were processed. A
second alias sees the changes of the first.

Source: helm v3.22.0 pkg/chartutil/dependencies.go.
"""

from collections.abc import Mapping, Sequence

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.versions import fits
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.messages import Messages
from kmanifest.engines.helm.objects.builtin import first_missing_table, get_table
from kmanifest.engines.helm.objects.structs import ObjectList
from kmanifest.engines.helm.values.layers import (
    Table,
    Warn,
    coalesce_values,
    copy_table,
    merge_tables,
    merge_values,
)
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any

_MISSING = object()


def check_dependencies(chart: Chart, messages: Messages) -> None:
    """Raise SourceError if a dependency in Chart.yaml is missing in `charts/`."""
    missing = missing_dependencies(chart)
    if missing:
        raise SourceError(messages.missing_dependencies(missing))


def missing_dependencies(chart: Chart) -> list[str]:
    """Return the names of dependencies in Chart.yaml that are missing in `charts/`."""
    present = {subchart.name for subchart in chart.dependencies}
    return [
        dependency.name
        for dependency in chart.metadata.requirements()
        if dependency.name not in present
    ]


def process_dependencies(
    chart: Chart, values: Mapping[str, Any], warn: Warn, dialect: Dialect
) -> None:
    """Remove disabled subcharts, apply aliases, and import values of subcharts. Changes `chart`."""
    _process_enabled(chart, values, "", warn, dialect)
    _process_imports(chart, warn, dialect)


def _process_enabled(
    chart: Chart, values: Mapping[str, Any], path: str, warn: Warn, dialect: Dialect
) -> None:
    if chart.metadata.dependencies is None:
        return
    requirements = chart.metadata.requirements()
    chart.set_dependencies(_select_subcharts(chart, requirements, dialect))
    for dependency in requirements:
        dependency.enabled = True
    all_values = coalesce_values(chart, values, warn, dialect.coalescing)
    _apply_tags(requirements, all_values, warn, dialect.messages)
    _apply_conditions(requirements, all_values, path, warn, dialect.messages)
    removed = {dependency.name for dependency in requirements if not dependency.enabled}
    enabled_subcharts = [
        subchart for subchart in chart.dependencies if subchart.name not in removed
    ]
    enabled_dependencies = [
        dependency for dependency in requirements if dependency.name not in removed
    ]
    for subchart in enabled_subcharts:
        _process_enabled(subchart, all_values, f"{path}{subchart.name}.", warn, dialect)
    chart.metadata.dependencies = [*enabled_dependencies] or None
    chart.set_dependencies(enabled_subcharts)


def _select_subcharts(
    chart: Chart, requirements: Sequence[Dependency], dialect: Dialect
) -> list[Chart]:
    """Return the subcharts that no dependency names, and one subchart for each dependency, under its alias."""
    selected = [
        subchart
        for subchart in chart.dependencies
        if not any(
            subchart.name == dependency.name and fits(dependency.version, subchart.metadata.version)
            for dependency in requirements
        )
    ]
    for dependency in requirements:
        for subchart in chart.dependencies:
            if subchart.name == dependency.name and fits(
                dependency.version, subchart.metadata.version
            ):
                selected.append(dialect.aliased_dependency(subchart, dependency.alias))
                break
        if dependency.alias:
            dependency.name = dependency.alias
    return selected


def _apply_tags(
    requirements: Sequence[Dependency], values: Table, warn: Warn, messages: Messages
) -> None:
    """Disable dependencies of whose tags at least one is false and none is true."""
    tags = get_table(values, "tags")
    if tags is None:
        return
    for dependency in requirements:
        tag_values = [tags[tag] for tag in dependency.tags if tag in tags]
        for tag in dependency.tags:
            if tag in tags and not isinstance(tags[tag], bool):
                warn(messages.non_boolean_tag(tag, dependency.name))
        dependency.enabled = any(value is True for value in tag_values) or not any(
            value is False for value in tag_values
        )


def _apply_conditions(requirements: Sequence[Dependency], values: Table, path: str, warn: Warn, messages: Messages) -> None:  # fmt: skip
    """Enable or disable each dependency by the first path of its condition that leads to a boolean."""
    for dependency in requirements:
        for condition in dependency.condition.strip().split(","):
            if not condition:
                continue
            value = _get_value(values, path + condition)
            if isinstance(value, bool):
                dependency.enabled = value
                break
            if value is not _MISSING:
                warn(messages.non_boolean_condition(condition, dependency.name))


def _get_value(values: Table, path: str) -> Any:
    """Return the value at a dotted path, or `_MISSING` if there is none or if it is a table."""
    parent_path, _, key = path.rpartition(".")
    table = get_table(values, parent_path) if "." in path else values
    if table is None or key not in table or isinstance(table[key], dict):
        return _MISSING
    return table[key]


def _process_imports(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    for subchart in chart.dependencies:
        _process_imports(subchart, warn, dialect)
    _import_values(chart, warn, dialect)


def _import_values(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    """Merge the values that `import-values` names into the chart's values, which take precedence."""
    if chart.metadata.dependencies is None:
        return
    values = merge_values(chart, warn, dialect.coalescing)
    imported: Table = {}
    for dependency in chart.metadata.requirements():
        resolved_imports: list[Any] = []
        for entry in dependency.import_values:
            # Processing a first alias replaces the entries by `StringMap`s. Helm ignores these for a second alias.
            if entry.__class__ is dict:
                child, parent = (_as_string(entry.get(name)) for name in ("child", "parent"))
            elif isinstance(entry, str):
                child, parent = f"exports.{entry}", "."
            else:
                continue
            resolved_imports.append(_child_parent_map(child, parent))
            path = f"{dependency.name}.{child}"
            table = get_table(values, path)
            if table is None:
                from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

                problem = f"{quoted(first_missing_table(values, path))} is not a table"
                messages, is_export = dialect.messages, isinstance(entry, str)
                warn(
                    messages.missing_export(problem)
                    if is_export
                    else messages.missing_import(dependency.name, problem)
                )
                continue
            imported = merge_tables(
                imported, _nest_at_path(parent, table), warn, dialect.coalescing
            )
        dependency.import_values = resolved_imports or ObjectList(None, "[]interface {}")
    chart.values = merge_tables(copy_table(values), imported, warn, dialect.coalescing)


def _child_parent_map(child: str, parent: str) -> Any:
    from kmanifest.engines.helm.gotemplate.values import StringMap

    return StringMap({"child": child, "parent": parent})


def _as_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    from kmanifest.engines.helm.gotemplate.gofmt import text  # rarely needed

    return text(value)


def _nest_at_path(path: str, table: Any) -> Table:
    """Return a table that has `table` at a dotted path."""
    if path == ".":
        return table or {}
    for name in reversed(path.split(".")):
        table = {name: table}
    return table  # type: ignore[no-any-return]  # a dict: a path has at least one element
