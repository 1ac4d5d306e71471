"""Record which values templates read, to report the given values that no template reads.

The tables that templates see are replaced by tables that record each key that is read. A function such as `toYaml`
reads a whole table, so functions are wrapped. The exceptions are functions that only pass a table on or look up single
keys. A list counts as read as a whole. Only renders that request the report pay for this.
"""

import re

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoMap, Value
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.values.layers import GLOBAL
from kmanifest.model.errors import FieldPath, Locate, Location, near_names
from kmanifest.model.findings import UNREACHED, UNUSED, Finding
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Collection,
    Final,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
)

if TYPE_CHECKING:
    from kmanifest.engines.helm.templates.engine import TemplateSource

_NOT_READING: Final = frozenset(
    (
        "append", "coalesce", "concat", "default", "dict", "dig", "empty", "first", "get", "hasKey", "initial", "keys",
        "kindIs", "kindOf", "last", "list", "mustAppend", "mustFirst", "mustInitial", "mustLast", "mustPrepend", "mustPush",
        "mustRest", "mustReverse", "omit", "pick", "pluck", "prepend", "push", "rest", "reverse", "set", "ternary", "tuple",
        "typeIs", "typeIsLike", "typeOf", "unset", "values",
    )
)  # fmt: skip
"""Functions that do not read the content of their table arguments, or only single keys of it."""

_NOT_READ_THIS_TIME: Final = "no template read it in this render"


class RecordingMap(dict[str, Any]):
    """A plain map that records which keys are read, missing ones included.

    `is_read`: it was read as a whole. `is_top`: it has the values of a chart, not only a part of them.
    """

    __slots__ = ("is_read", "is_top", "keys_read")
    go_type = "map[string]interface {}"

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self.keys_read: set[str] = set()
        self.is_read = False
        self.is_top = False
        dict.__init__(self, items or {})

    def _record_all_keys(self) -> None:
        self.keys_read.update(dict.keys(self))

    def __getitem__(self, key: str) -> Any:
        self.keys_read.add(key)
        return dict.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        self.keys_read.add(str(key))
        return dict.__contains__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return dict.get(self, key, default)

    def __iter__(self) -> Iterator[str]:
        self._record_all_keys()
        return dict.__iter__(self)

    def __len__(self) -> int:
        self._record_all_keys()
        return dict.__len__(self)

    def __bool__(self) -> bool:
        return dict.__len__(self) > 0

    def keys(self) -> Any:
        self._record_all_keys()
        return dict.keys(self)

    def values(self) -> Any:
        self._record_all_keys()
        return dict.values(self)

    def items(self) -> Any:
        self._record_all_keys()
        return dict.items(self)


class ValueUsage:
    """The values that the templates of one render read. Call `begin` before the render and `findings` after it."""

    __slots__ = ("_root", "_template_text")

    def __init__(self) -> None:
        self._root = RecordingMap()
        self._template_text = ""

    def functions(self, functions: Functions) -> Functions:
        """Return the functions, with recording versions of those that read whole tables."""
        return {
            name: function if name in _NOT_READING else _recording_function(function)
            for name, function in functions.items()
        }

    def begin(self, chart: Chart, values: Values, sources: Collection["TemplateSource"]) -> None:
        """Replace the tables that templates see by recording ones. `values` are those of the root chart."""
        copies: dict[int, tuple[Any, RecordingMap]] = {}
        self._root = _recording_copy(values.entries, copies)
        _mark_tops(chart, self._root)
        self._template_text = "\n".join(source.text for source in sources)
        todo = [source.table.entries for source in sources]
        while todo:
            table = todo.pop()
            own_values: Values = table["Values"]
            if not isinstance(own_values.entries, RecordingMap):
                table["Values"] = _recording_values(own_values, copies)
                todo.extend(table["Subcharts"].values())

    def findings(
        self, chart: Chart, given_values: Mapping[str, Any], locate: Locate
    ) -> Iterator[Finding]:
        """Yield a finding for each given value, or table of values, that nothing has read, in their order.

        Values that Chart.yaml names in conditions, tags and `import-values` count as read. The code is `unused`, or
        `unreached` if a template may read the value, or its parent table, behind a condition that was false.
        """
        declared = DeclaredValues(chart)
        for unused in _find_unused(given_values, [self._root], (), declared):
            location = (locate(unused.path) or Location())._replace(field=unused.path)
            if unused.path in declared.charts:
                yield Finding("info", "its chart is disabled", location, UNREACHED)
            elif self._is_named_in_templates(unused):
                yield Finding("info", _NOT_READ_THIS_TIME, location, UNREACHED)
            elif self._is_parent_passed_on(unused):
                yield Finding(
                    "info", _NOT_READ_THIS_TIME, location, UNREACHED, unused.similar_names
                )
            else:
                yield Finding(
                    "info", "no template reads it", location, UNUSED, unused.similar_names
                )

    def _is_named_in_templates(self, unused: "UnusedValue") -> bool:
        """Return whether the templates' text contains the name in a form that reads a value of this level."""
        *ancestors, name = map(re.escape, map(str, unused.path))
        # The parent chart has the table under the name of the subchart.
        table_names = "|".join(["Values", *ancestors[-1:]]) if unused.is_top else ""
        return self._templates_match(f'(?:(?:{table_names})[.]|["`]){name}(?![A-Za-z0-9_-])')

    def _is_parent_passed_on(self, unused: "UnusedValue") -> bool:
        """Return whether the templates' text uses the parent table as a whole, as `toYaml .Values.a` does."""
        if unused.is_top:
            return False
        return self._templates_match(f"[.]{re.escape(str(unused.path[-2]))}(?![A-Za-z0-9_.-])")

    def _templates_match(self, pattern: str) -> bool:
        return re.search(pattern, self._template_text) is not None


class UnusedValue(NamedTuple):
    """A value that nothing has read.

    `similar_names` are the read keys of the same table with a similar name. `is_top`: the value is at the first level
    of its chart.
    """

    path: FieldPath
    similar_names: tuple[str, ...]
    is_top: bool


class DeclaredValues:
    """The values that Chart.yaml of a chart and of its subcharts names.

    `paths` count as read. `charts` are the paths of the values of subcharts.
    """

    __slots__ = ("charts", "paths")

    def __init__(self, chart: Chart) -> None:
        self.charts: set[FieldPath] = set()
        self.paths: set[FieldPath] = set()
        self._add(chart, ())

    def _add(self, chart: Chart, prefix: FieldPath) -> None:
        for dependency in chart.metadata.requirements():
            path = (*prefix, dependency.alias or dependency.name)
            self.charts.add(path)
            for condition in dependency.condition.strip().split(","):
                self.paths.add((*prefix, *condition.split(".")))
            for tag in dependency.tags:
                self.paths.add(("tags", tag))
            for entry in dependency.import_values:
                child = entry.get("child") if isinstance(entry, dict) else f"exports.{entry}"
                self.paths.add((*path, *str(child).split(".")))
            for subchart in chart.subcharts:
                if subchart.name == dependency.name:
                    self._add(subchart, path)

    def covers(self, path: FieldPath, value: Any) -> bool:
        """Return whether everything in a value counts as read."""
        if path in self.paths:
            return True
        return (
            isinstance(value, dict)
            and bool(value)
            and all(self.covers((*path, key), item) for key, item in value.items())
        )

    def leads_to_declared(self, path: FieldPath) -> bool:
        """Return whether something below a path counts as read and the path is not that of a subchart."""
        size = len(path)
        return path not in self.charts and any(declared[:size] == path for declared in self.paths)


def _recording_function(function: Function, *also_read: Value) -> Function:
    """Return the function with a wrapper that marks its arguments and `also_read` as read."""
    call = function.call

    def read(*arguments: Value) -> Value:
        _mark_read((*also_read, *arguments))
        return call(*arguments)

    return function._replace(call=read)


def _mark_read(values: Iterable[Value]) -> None:
    todo = list(values)
    seen: set[int] = set()
    while todo:
        value = todo.pop()
        if isinstance(value, GoMap):
            value = value.entries
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, RecordingMap):
            value.is_read = True
        todo.extend(dict.values(value) if isinstance(value, dict) else value)


def _recording_values(values: Values, copies: dict[int, tuple[Any, RecordingMap]]) -> Values:
    """Return the values of a chart with recording tables. The method `YAML` reads all of them."""
    recording = type(values)(_recording_copy(values.entries, copies))
    methods = recording.methods()
    yaml = _recording_function(methods["YAML"], recording)
    recording.set_methods({**methods, "YAML": yaml})
    return recording


def _mark_tops(chart: Chart, values: RecordingMap) -> None:
    """Set `is_top` of the values of the chart and its subcharts."""
    values.is_top = True
    for subchart in chart.subcharts:
        table: Any = values
        for name in subchart.name.split("."):
            table = dict.get(table, name) if isinstance(table, RecordingMap) else None
        if isinstance(table, RecordingMap):
            _mark_tops(subchart, table)


def _recording_copy(
    table: Mapping[str, Any], copies: dict[int, tuple[Any, RecordingMap]]
) -> RecordingMap:
    """Return a recording copy of a table. Two references to one table stay references to one copy.

    `copies` keeps each table with its copy, so that no other object can get the id of a copied table.
    """
    if id(table) in copies:
        return copies[id(table)][1]
    copy = RecordingMap()
    copies[id(table)] = table, copy
    for key, value in table.items():
        is_table = value.__class__ is dict
        dict.__setitem__(copy, key, _recording_copy(value, copies) if is_table else value)
    return copy


def _find_unused(
    given_values: Mapping[str, Any], tables: list[Any], path: FieldPath, declared: DeclaredValues
) -> Iterator[UnusedValue]:
    """Yield the given values that are not read in any of the tables, which are the tables that charts see of them."""
    if any(table.is_read for table in tables):
        return
    keys_read = {key for table in tables for key in table.keys_read}
    for key, value in given_values.items():
        path_of_key = (*path, key)
        if path_of_key in declared.paths:
            continue
        candidates = [dict.get(table, key) for table in tables]
        if key == GLOBAL:
            candidates = [table for parent in tables for table in _globals(parent)]
        inner_tables = [table for table in candidates if isinstance(table, RecordingMap)]
        is_visible = (
            key in keys_read
            or key == GLOBAL
            or any(table.is_top for table in inner_tables)
            or declared.leads_to_declared(path_of_key)
        )
        if isinstance(value, dict) and inner_tables and is_visible:
            yield from _find_unused(value, inner_tables, path_of_key, declared)
        elif key not in keys_read and not declared.covers(path_of_key, value):
            similar_names = tuple(near_names(key, keys_read, most=1))
            yield UnusedValue(path_of_key, similar_names, tables[0].is_top)


def _globals(table: Any) -> Iterator[Any]:
    """Yield the globals that a chart and its subcharts see."""
    yield dict.get(table, GLOBAL)
    for value in dict.values(table):
        if isinstance(value, RecordingMap) and value.is_top:
            yield from _globals(value)
