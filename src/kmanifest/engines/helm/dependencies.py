"""Which of the charts that a chart holds take part, by which names, and what they give to the values of their parent.

The order of the steps and what they change in place is that of the reference: a condition sees values in which the tags have
been looked at, a second alias sees what the first has changed. Source: helm v3.22.0 pkg/chartutil/dependencies.go.
"""

from collections.abc import Mapping, Sequence

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.versions import fits
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.messages import Words
from kmanifest.engines.helm.objects.builtin import find_table, missing_table
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


def check_dependencies(chart: Chart, words: Words) -> None:
    """SourceError where Chart.yaml asks for what `charts/` does not have."""
    missing = missing_dependencies(chart)
    if missing:
        raise SourceError(words.missing_charts(missing))


def missing_dependencies(chart: Chart) -> list[str]:
    """The names of what Chart.yaml asks for and `charts/` does not have."""
    there = {held.name for held in chart.dependencies}
    return [each.name for each in chart.metadata.requirements() if each.name not in there]


def process_dependencies(
    chart: Chart, values: Mapping[str, Any], warn: Warn, dialect: Dialect
) -> None:
    """Let the charts go that are not wanted, name the others, and take over what they export; changes `chart`."""
    _enable(chart, values, "", warn, dialect)
    _import_all(chart, warn, dialect)


def _enable(
    chart: Chart, values: Mapping[str, Any], path: str, warn: Warn, dialect: Dialect
) -> None:
    if chart.metadata.dependencies is None:
        return
    requirements = chart.metadata.requirements()
    chart.set_dependencies(_chosen(chart, requirements, dialect))
    for each in requirements:
        each.enabled = True
    all_values = coalesce_values(chart, values, warn, dialect.coalescing)
    _apply_tags(requirements, all_values, warn, dialect.words)
    _apply_conditions(requirements, all_values, path, warn, dialect.words)
    removed = {each.name for each in requirements if not each.enabled}
    kept = [held for held in chart.dependencies if held.name not in removed]
    wanted = [each for each in requirements if each.name not in removed]
    for held in kept:
        _enable(held, all_values, f"{path}{held.name}.", warn, dialect)
    chart.metadata.dependencies = [*wanted] or None
    chart.set_dependencies(kept)


def _chosen(chart: Chart, requirements: Sequence[Dependency], dialect: Dialect) -> list[Chart]:
    """The charts that nobody asks for, and for each one that is asked for a copy with its alias."""
    chosen = [
        held
        for held in chart.dependencies
        if not any(
            held.name == each.name and fits(each.version, held.metadata.version)
            for each in requirements
        )
    ]
    for each in requirements:
        for held in chart.dependencies:
            if held.name == each.name and fits(each.version, held.metadata.version):
                chosen.append(dialect.taken(held, each.alias))
                break
        if each.alias:
            each.name = each.alias
    return chosen


def _apply_tags(
    requirements: Sequence[Dependency], values: Table, warn: Warn, words: Words
) -> None:
    """Switch off what has only tags that are false."""
    tags = find_table(values, "tags")
    if tags is None:
        return
    for each in requirements:
        said = [tags[tag] for tag in each.tags if tag in tags]
        for tag in each.tags:
            if tag in tags and not isinstance(tags[tag], bool):
                warn(words.tag(tag, each.name))
        each.enabled = any(word is True for word in said) or not any(word is False for word in said)


def _apply_conditions(requirements: Sequence[Dependency], values: Table, path: str, warn: Warn, words: Words) -> None:  # fmt: skip
    """Switch on and off by the first path of each condition that leads to a boolean."""
    for each in requirements:
        for condition in each.condition.strip().split(","):
            if not condition:
                continue
            value = _find_value(values, path + condition)
            if isinstance(value, bool):
                each.enabled = value
                break
            if value is not _MISSING:
                warn(words.condition(condition, each.name))


def _find_value(values: Table, path: str) -> Any:
    """What a dotted path leads to, if it is no table."""
    above, _, key = path.rpartition(".")
    table = find_table(values, above) if "." in path else values
    if table is None or key not in table or isinstance(table[key], dict):
        return _MISSING
    return table[key]


def _import_all(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    for held in chart.dependencies:
        _import_all(held, warn, dialect)
    _import_values(chart, warn, dialect)


def _import_values(chart: Chart, warn: Warn, dialect: Dialect) -> None:
    """Take over what `import-values` names; what the chart itself says wins."""
    if chart.metadata.dependencies is None:
        return
    values = merge_values(chart, warn, dialect.coalescing)
    imported: Table = {}
    for each in chart.metadata.requirements():
        told: list[Any] = []
        for entry in each.import_values:
            # What was told of a first alias is of another type, and not looked at for a second one.
            if entry.__class__ is dict:
                child, parent = (_text(entry.get(name)) for name in ("child", "parent"))
            elif isinstance(entry, str):
                child, parent = f"exports.{entry}", "."
            else:
                continue
            told.append(_told(child, parent))
            place = f"{each.name}.{child}"
            table = find_table(values, place)
            if table is None:
                from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

                problem = f"{quoted(missing_table(values, place))} is not a table"
                words, is_export = dialect.words, isinstance(entry, str)
                warn(words.no_export(problem) if is_export else words.no_import(each.name, problem))
                continue
            imported = merge_tables(imported, _at_path(parent, table), warn, dialect.coalescing)
        each.import_values = told or ObjectList(None, "[]interface {}")
    chart.values = merge_tables(copy_table(values), imported, warn, dialect.coalescing)


def _told(child: str, parent: str) -> Any:
    from kmanifest.engines.helm.gotemplate.values import StringMap

    return StringMap({"child": child, "parent": parent})


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    from kmanifest.engines.helm.gotemplate.gofmt import text  # seldom

    return text(value)


def _at_path(path: str, table: Any) -> Table:
    """A table that has `table` at a dotted path."""
    if path == ".":
        return table or {}
    for name in reversed(path.split(".")):
        table = {name: table}
    return table  # type: ignore[no-any-return]  # a dict, as a path has a step
