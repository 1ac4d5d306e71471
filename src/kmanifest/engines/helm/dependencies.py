"""Process the dependencies of a chart: aliases, tags, conditions and imported values.

A dependency is a record in Chart.yaml, a subchart is a chart in `charts/`. For each chart, from the root chart down:

1. A dependency selects the first subchart with its name and a matching version. Its alias becomes the name of both.
2. Tags disable dependencies. Conditions are applied after them and override them.
3. Disabled dependencies and their subcharts are removed.

Then, from the innermost charts up, `import-values` copies values of subcharts into the values of their parents.

The chart and its dependencies are changed in place, where and when Helm changes them. If two aliases share one subchart,
the second therefore sees the changes that were made for the first.

Source: helm v3.22.0 pkg/chartutil/dependencies.go.
"""

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.versions import satisfies
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
from kmanifest.startup.typing import Any, Mapping, Sequence

_MISSING = object()


def check_dependencies(chart: Chart, messages: Messages) -> None:
    """Raise SourceError if a dependency in Chart.yaml has no subchart in `charts/`."""
    missing = missing_dependencies(chart)
    if missing:
        raise SourceError(messages.missing_dependencies(missing))


def missing_dependencies(chart: Chart) -> list[str]:
    """Return the names of dependencies in Chart.yaml that have no subchart in `charts/`, whatever its version."""
    present = {subchart.name for subchart in chart.subcharts}
    return [
        dependency.name
        for dependency in chart.metadata.requirements()
        if dependency.name not in present
    ]


def process_dependencies(
    chart: Chart, values: Mapping[str, Any], warn: Warn, dialect: Dialect
) -> None:
    """Remove disabled subcharts, apply aliases, and import values of subcharts. Changes `chart`.

    Raises SourceError if the values for a subchart are not a table.
    """
    _remove_disabled(chart, values, "", warn, dialect)
    _import_values(chart, warn, dialect)


def _remove_disabled(
    chart: Chart, values: Mapping[str, Any], prefix: str, warn: Warn, dialect: Dialect
) -> None:
    """Apply aliases, and remove disabled dependencies and their subcharts, in a chart and all its subcharts.

    Changes the charts and the dependencies. `values` belong to the root chart, also if `chart` is a subchart: tags are
    looked up at their first level, conditions below `prefix`. It is the path of the chart's values with a dot at the
    end, and empty for the root chart.
    """
    if chart.metadata.dependencies is None:
        return
    dependencies = chart.metadata.requirements()
    chart.set_subcharts(_select_subcharts(chart, dependencies, dialect))
    for dependency in dependencies:
        dependency.name = dependency.alias or dependency.name
        dependency.enabled = True
    # As in Helm, the defaults of a subchart are also merged into the first level.
    all_values = coalesce_values(chart, values, warn, dialect.coalescing)
    _apply_tags(dependencies, all_values, warn, dialect.messages)
    _apply_conditions(dependencies, all_values, prefix, warn, dialect.messages)
    # As in Helm, a disabled dependency removes everything that has its name: also an enabled dependency, and a subchart
    # whose version does not match.
    removed_names = {dependency.name for dependency in dependencies if not dependency.enabled}
    enabled_subcharts = [
        subchart for subchart in chart.subcharts if subchart.name not in removed_names
    ]
    enabled_dependencies = [
        dependency for dependency in dependencies if dependency.name not in removed_names
    ]
    for subchart in enabled_subcharts:
        _remove_disabled(subchart, all_values, f"{prefix}{subchart.name}.", warn, dialect)
    chart.metadata.dependencies = [*enabled_dependencies] or None
    chart.set_subcharts(enabled_subcharts)


def _select_subcharts(
    chart: Chart, dependencies: Sequence[Dependency], dialect: Dialect
) -> list[Chart]:
    """Return the subcharts that no dependency selects, and for each dependency a copy of the one that it selects.

    A copy has the alias as its name if there is one. The dependencies still have their old names.
    """
    selected = [
        subchart
        for subchart in chart.subcharts
        if not any(_is_selected(subchart, dependency) for dependency in dependencies)
    ]
    for dependency in dependencies:
        for subchart in chart.subcharts:
            if _is_selected(subchart, dependency):
                selected.append(dialect.alias_dependency(subchart, dependency.alias))
                break
    return selected


def _is_selected(subchart: Chart, dependency: Dependency) -> bool:
    return subchart.name == dependency.name and satisfies(
        subchart.metadata.version, dependency.version
    )


def _apply_tags(
    dependencies: Sequence[Dependency], values: Table, warn: Warn, messages: Messages
) -> None:
    """Disable dependencies of whose tags at least one is false and none is true."""
    tags = get_table(values, "tags")
    if tags is None:
        return
    for dependency in dependencies:
        tag_values = [tags[tag] for tag in dependency.tags if tag in tags]
        for tag in dependency.tags:
            if tag in tags and not isinstance(tags[tag], bool):
                warn(messages.non_boolean_tag(tag, dependency.name))
        dependency.enabled = any(value is True for value in tag_values) or not any(
            value is False for value in tag_values
        )


def _apply_conditions(
    dependencies: Sequence[Dependency], values: Table, prefix: str, warn: Warn, messages: Messages
) -> None:
    """Enable or disable each dependency by the first path of its condition that leads to a boolean."""
    for dependency in dependencies:
        # As in Helm, blanks after a comma belong to the path: `a, b` looks up ` b`.
        for path in dependency.condition.strip().split(","):
            if not path:
                continue
            value = _get_value(values, prefix + path)
            if isinstance(value, bool):
                dependency.enabled = value
                break
            if value is not _MISSING:
                warn(messages.non_boolean_condition(path, dependency.name))


def _get_value(values: Table, path: str) -> Any:
    """Return the value at a dotted path, or `_MISSING` if there is none or if it is a table."""
    parent_path, _, key = path.rpartition(".")
    table = get_table(values, parent_path) if "." in path else values
    if table is None or key not in table or isinstance(table[key], dict):
        return _MISSING
    return table[key]


def _import_values(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    """Import values of subcharts into a chart and all its subcharts, innermost first. Changes the charts."""
    for subchart in chart.subcharts:
        _import_values(subchart, warn, dialect)
    _import_into_chart(chart, warn, dialect)


def _import_into_chart(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    """Merge the tables that `import-values` names into the chart's values, which take precedence.

    Changes `chart.values`, which then also contain those of the subcharts, and `import_values` of each dependency,
    which templates can read: every entry becomes a map with `child` and `parent`.
    """
    if chart.metadata.dependencies is None:
        return
    values = merge_values(chart, warn, dialect.coalescing)
    imported: Table = {}
    for dependency in chart.metadata.requirements():
        resolved_entries: list[Any] = []
        for entry in dependency.import_values:
            paths = _parse_import(entry)
            if paths is None:
                continue
            child, parent = paths
            resolved_entries.append(_child_parent_map(child, parent))
            path = f"{dependency.name}.{child}"
            table = get_table(values, path)
            if table is None:
                warn(_missing_table_warning(values, path, entry, dependency, dialect.messages))
                continue
            # As in Helm (Values.AsMap), an empty table is copied. The merge, which adds nulls to it, changes the copy.
            imported = merge_tables(
                imported, _nest_at_path(parent, table or {}), warn, dialect.coalescing
            )
        dependency.import_values = resolved_entries or ObjectList(None, "[]interface {}")
    chart.values = merge_tables(copy_table(values), imported, warn, dialect.coalescing)


def _parse_import(entry: Any) -> tuple[str, str] | None:
    """Return the path of the table in the subchart and that in the chart. None if Helm ignores the entry.

    Helm ignores what is neither a string nor a map of any values. The second is so for an entry that was replaced for
    another alias of the same subchart: it is a `StringMap`.
    """
    if isinstance(entry, str):
        return f"exports.{entry}", "."
    if entry.__class__ is dict:
        # As in Helm, a missing path is the text of Go's nil, `<nil>`.
        return _as_string(entry.get("child")), _as_string(entry.get("parent"))
    return None


def _missing_table_warning(
    values: Table, path: str, entry: Any, dependency: Dependency, messages: Messages
) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

    problem = f"{quoted(first_missing_table(values, path))} is not a table"
    if isinstance(entry, str):
        return messages.missing_export(problem)
    return messages.missing_import(dependency.name, problem)


def _child_parent_map(child: str, parent: str) -> Any:
    from kmanifest.engines.helm.gotemplate.values import StringMap

    return StringMap({"child": child, "parent": parent})


def _as_string(value: Any) -> str:
    """Return the text of a value as Go's `%v` prints it."""
    if isinstance(value, str):
        return value
    from kmanifest.engines.helm.gotemplate.gofmt import text  # rarely needed

    return text(value)


def _nest_at_path(path: str, table: Any) -> Table:
    """Return a table that has `table` at a dotted path. The path `.` is that of the whole table."""
    if path == ".":
        return table  # type: ignore[no-any-return]  # a dict
    for name in reversed(path.split(".")):
        table = {name: table}
    return table  # type: ignore[no-any-return]  # a dict: a path has at least one element
