"""Which values templates have read, so that those that none has can be told.

The tables that templates see are replaced by tables that note the keys they are asked for. What takes a table apart inside of a
function, as `toYaml` does, has read all of it; so functions are wrapped, but for those that hand a table on or look up single
keys. A list is read as a whole. All of this is paid for by the renders that ask for it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.gotemplate.values import Function, Functions, Value
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.values.layers import GLOBAL
from kmanifest.model.errors import FieldPath, Locate, Location, near_names
from kmanifest.model.findings import UNREACHED, UNUSED, Finding
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.helm.templates.engine import Source

_LOOKS_ON: Final = frozenset(
    (
        "append", "coalesce", "concat", "default", "dict", "dig", "empty", "first", "get", "hasKey", "initial", "keys",
        "kindIs", "kindOf", "last", "list", "mustAppend", "mustFirst", "mustInitial", "mustLast", "mustPrepend", "mustPush",
        "mustRest", "mustReverse", "omit", "pick", "pluck", "prepend", "push", "rest", "reverse", "set", "ternary", "tuple",
        "typeIs", "typeIsLike", "typeOf", "unset", "values",
    )
)  # fmt: skip
"""The functions that do not read what is in the tables that they are given, or only by their keys."""

_THIS_TIME: Final = "no template has read it this time"


class _Noting(dict[str, Any]):
    """A table that notes which keys it is asked for, those that it does not have, too."""

    __slots__ = ()
    keys_read: set[str]
    is_read: bool

    def _note_all(self) -> None:
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
        self._note_all()
        return dict.__iter__(self)

    def __len__(self) -> int:
        self._note_all()
        return dict.__len__(self)

    def __bool__(self) -> bool:
        return dict.__len__(self) > 0

    def keys(self) -> Any:
        self._note_all()
        return dict.keys(self)

    def values(self) -> Any:
        self._note_all()
        return dict.values(self)

    def items(self) -> Any:
        self._note_all()
        return dict.items(self)


class NotingTable(_Noting):
    """A plain map that notes what is read."""

    __slots__ = ("is_read", "keys_read")
    go_type = "map[string]interface {}"

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self.keys_read = set()
        self.is_read = False
        dict.__init__(self, items or {})


class NotingValues(_Noting, Values):
    """The `.Values` of a chart that notes what is read."""

    __slots__ = ("is_read", "keys_read")

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self.keys_read = set()
        self.is_read = False
        dict.__init__(self, items or {})

    def _make_methods(self) -> Mapping[str, Function]:
        methods = Values._make_methods(self)
        return {**methods, "YAML": _reading(methods["YAML"], self)}


class Reads:
    """What the templates of one render read of the values. `begin` comes before it, `findings` after it."""

    __slots__ = ("_root", "_text")

    def __init__(self) -> None:
        self._root = NotingValues()
        self._text = ""

    def functions(self, functions: Functions) -> Functions:
        """The functions, those that read whole tables noting it."""
        return {
            name: function if name in _LOOKS_ON else _reading(function)
            for name, function in functions.items()
        }

    def begin(self, values: Values, sources: Collection["Source"]) -> None:
        """Let the templates see tables that note what is read: `values` are those of the root chart."""
        made: dict[int, tuple[Any, Any]] = {}
        self._root = _noting(values, made)
        self._text = "\n".join(source.text for source in sources)
        todo = [source.table for source in sources]
        while todo:
            table = todo.pop()
            if not isinstance(table["Values"], _Noting):
                table["Values"] = _noting(table["Values"], made)
                todo.extend(table["Subcharts"].values())

    def findings(self, chart: Chart, given: Mapping[str, Any], locate: Locate) -> Iterator[Finding]:
        """One finding for each of the `given` values, or table of them, that nothing has read, in their order.

        What Chart.yaml names in conditions, tags and `import-values` counts as read. The code is `unused`, or `unreached` where
        a template may read the value, or the table that holds it, behind a condition that did not hold.
        """
        declared = Declared(chart)
        for each in _unread(given, [self._root], (), declared):
            place = (locate(each.path) or Location())._replace(field=each.path)
            if each.path in declared.charts:
                yield Finding("info", "its chart is switched off", place, UNREACHED)
            elif self._is_named(each):
                yield Finding("info", _THIS_TIME, place, UNREACHED)
            elif self._is_handed_on(each):
                yield Finding("info", _THIS_TIME, place, UNREACHED, each.near)
            else:
                yield Finding("info", "no template reads it", place, UNUSED, each.near)

    def _is_named(self, unread: "Unread") -> bool:
        """Whether the text of a template has the name where one reads a value of this level."""
        *above, name = map(re.escape, map(str, unread.path))
        # The chart above has the table under the name of the chart.
        tables = "|".join(["Values", *above[-1:]]) if unread.is_top else ""
        return self._has(f'(?:(?:{tables})[.]|["`]){name}(?![A-Za-z0-9_-])')

    def _is_handed_on(self, unread: "Unread") -> bool:
        """Whether the text of a template has the table that holds the value without a field of it, as `toYaml .Values.a` has."""
        if unread.is_top:
            return False
        return self._has(f"[.]{re.escape(str(unread.path[-2]))}(?![A-Za-z0-9_.-])")

    def _has(self, pattern: str) -> bool:
        return re.search(pattern, self._text) is not None


class Unread(NamedTuple):
    """A value that nothing has read, the near names that are read beside it, and whether it is one of the first level of its chart."""

    path: FieldPath
    near: tuple[str, ...]
    is_top: bool


class Declared:
    """What Chart.yaml says of values, of the chart and of those that it holds: `paths` that count as read, and those of `charts`."""

    __slots__ = ("charts", "paths")

    def __init__(self, chart: Chart) -> None:
        self.charts: set[FieldPath] = set()
        self.paths: set[FieldPath] = set()
        self._add(chart, ())

    def _add(self, chart: Chart, prefix: FieldPath) -> None:
        for each in chart.metadata.requirements():
            place = (*prefix, each.alias or each.name)
            self.charts.add(place)
            for condition in each.condition.strip().split(","):
                self.paths.add((*prefix, *condition.split(".")))
            for tag in each.tags:
                self.paths.add(("tags", tag))
            for entry in each.import_values:
                child = entry.get("child") if isinstance(entry, dict) else f"exports.{entry}"
                self.paths.add((*place, *str(child).split(".")))
            for held in chart.dependencies:
                if held.name == each.name:
                    self._add(held, place)

    def all_below(self, path: FieldPath, value: Any) -> bool:
        """Whether everything in a value counts as read."""
        if path in self.paths:
            return True
        return (
            isinstance(value, dict)
            and bool(value)
            and all(self.all_below((*path, key), item) for key, item in value.items())
        )

    def is_on_way(self, path: FieldPath) -> bool:
        """Whether some of what lies below a path counts as read, and it is no chart's."""
        size = len(path)
        return path not in self.charts and any(known[:size] == path for known in self.paths)


def _reading(function: Function, *more: Value) -> Function:
    """The function, which has read all of its arguments, and `more`."""
    call = function.call

    def read(*arguments: Value) -> Value:
        _note_whole((*more, *arguments))
        return call(*arguments)

    return function._replace(call=read)


def _note_whole(values: Iterable[Value]) -> None:
    todo = list(values)
    seen: set[int] = set()
    while todo:
        value = todo.pop()
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, _Noting):
            value.is_read = True
        todo.extend(dict.values(value) if isinstance(value, dict) else value)


def _noting(table: Mapping[str, Any], made: dict[int, tuple[Any, Any]]) -> Any:
    """A copy of a table that notes; what is one table in two places is one in the copy, too.

    `made` keeps the tables with their copies, so that no other can come to have the id of one.
    """
    if id(table) in made:
        return made[id(table)][1]
    copied: _Noting = NotingValues() if isinstance(table, Values) else NotingTable()
    made[id(table)] = table, copied
    for key, value in table.items():
        is_table = value.__class__ is dict or value.__class__ is Values
        dict.__setitem__(copied, key, _noting(value, made) if is_table else value)
    return copied


def _unread(
    given: Mapping[str, Any], tables: list[Any], path: FieldPath, declared: Declared
) -> Iterator[Unread]:
    """What of `given` is not read in any of the tables, which are what charts see of it."""
    if any(table.is_read for table in tables):
        return
    read = {key for table in tables for key in table.keys_read}
    for key, value in given.items():
        here = (*path, key)
        if here in declared.paths:
            continue
        below = [dict.get(table, key) for table in tables]
        if key == GLOBAL:
            below = [table for top in tables for table in _globals(top)]
        inner = [table for table in below if isinstance(table, _Noting)]
        is_passed = (
            key in read
            or key == GLOBAL
            or any(isinstance(table, NotingValues) for table in inner)
            or declared.is_on_way(here)
        )
        if isinstance(value, dict) and inner and is_passed:
            yield from _unread(value, inner, here, declared)
        elif key not in read and not declared.all_below(here, value):
            is_top = isinstance(tables[0], NotingValues)
            yield Unread(here, tuple(near_names(key, read, most=1)), is_top)


def _globals(table: Any) -> Iterator[Any]:
    """The globals that a chart and those that it holds see."""
    yield dict.get(table, GLOBAL)
    for value in dict.values(table):
        if isinstance(value, NotingValues):
            yield from _globals(value)
