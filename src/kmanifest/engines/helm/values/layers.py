"""The values of a render: files and flags made one table, and laid over those of the chart and of the charts it holds.

The reference copies tables at some places and shares them at others, and what a chart sees of the globals of another rests on
it; so tables are changed in place here, as there, and are copied exactly where they are copied there.
Source: helm v3.22.0 pkg/cli/values/options.go; pkg/chartutil/coalesce.go.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats.go_yaml import load_values
from kmanifest.engines.helm.values import set_flags as setflags
from kmanifest.io.tree import Tree, tree_at
from kmanifest.model.errors import FieldPath, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final, NamedTuple

GLOBAL: Final = "global"

Table = dict[str, Any]
Warn = Callable[[str], None]
Read = Callable[[str], bytes]


class ValueSources(NamedTuple):
    """What the flags about values say, each in its order; between them theirs is that of the fields."""

    files: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()


class Readers(NamedTuple):
    """How what the flags say is read: `file` gives the table in a file, the others put what a text says into a table."""

    file: Callable[..., Table]
    json: Callable[[str, Table], None]
    typed: Callable[[str, Table], None]
    strings: Callable[[str, Table], None]
    contents: Callable[[str, Table, setflags.Reading], None]
    literals: Callable[[str, Table], None]


READERS: Final = Readers(
    load_values,
    setflags.set_json,
    setflags.set_typed,
    setflags.set_strings,
    setflags.set_files,
    setflags.set_literal,
)
"""Those of helm v3."""


class Coalescing(NamedTuple):
    """How values are laid over one another: the values of a chart that are laid under a table, and a warning as it is told.

    The number of a warning is the line of coalesce.go that it comes from.
    """

    copy_defaults: Callable[[Chart, Mapping[str, Any]], Table]
    told: Callable[[int, str], str]


class Layer(NamedTuple):
    """One file or flag: what it is called, and what it does to the values that were there before.

    A flag is called without its text, which may hold a secret.
    `content` gives the text of a file, whose values lie below the path `below`.
    """

    name: str
    apply: Callable[[Table], Table]
    content: Callable[[], bytes] | None = None
    below: FieldPath = ()


def layers(
    sources: ValueSources, read: Read, limits: Limits = DEFAULT_LIMITS, readers: Readers = READERS
) -> Iterable[Layer]:
    """The files and flags in the order in which they are laid over one another; `read` gives the content of a file."""
    for path in sources.files:
        yield Layer(path, _file(path, read, limits, readers), partial(read, path))
    for text in sources.json:
        yield Layer("--set-json", _flag("--set-json", text, readers.json))
    for text in sources.typed:
        yield Layer("--set", _flag("--set", text, readers.typed))
    for text in sources.strings:
        yield Layer("--set-string", _flag("--set-string", text, readers.strings))
    for text in sources.contents:
        yield Layer("--set-file", _flag("--set-file", text, _setting_files(read, readers)))
    for text in sources.literals:
        yield Layer("--set-literal", _flag("--set-literal", text, readers.literals))


def mapping_layers(values: Mapping[str, Any] | None) -> Iterable[Layer]:
    """The values that a caller gives as they are, of the file `values`; nothing for None."""
    if values is not None:
        yield Layer("values", lambda table: merge_maps(table, values))


def merge_sources(
    sources: ValueSources, read: Read, limits: Limits = DEFAULT_LIMITS, readers: Readers = READERS
) -> Table:
    """The values that files and flags give together; SourceError with helm's text."""
    values: Table = {}
    for layer in layers(sources, read, limits, readers):
        values = layer.apply(values)
    return values


def reader(tree: Tree | None, limits: Limits) -> Read:
    """What reads the files of a tree, without one those of this machine."""

    def read(path: str) -> bytes:
        place, name = tree_at(path) if tree is None else (tree, path)
        return place.read(place.resolve(name), limit=limits.max_input_file)

    return read


def _file(path: str, read: Read, limits: Limits, readers: Readers) -> Callable[[Table], Table]:
    def apply(values: Table) -> Table:
        content = read(path)
        try:
            return merge_maps(values, readers.file(content, limits=limits))
        except SourceError as error:
            raise SourceError(f"failed to parse {path}: {error.message}") from error

    return apply


def _flag(name: str, text: str, setting: Callable[[str, Table], None]) -> Callable[[Table], Table]:
    def apply(values: Table) -> Table:
        try:
            setting(text, values)
        except (SourceError, MissingError) as error:
            colon = "" if name == "--set-json" else ":"
            raise SourceError(f"failed parsing {name} data{colon} {error.message}") from error
        return values

    return apply


def _setting_files(read: Read, readers: Readers) -> Callable[[str, Table], None]:
    from kmanifest.engines.helm.objects.builtin import go_string

    return lambda text, values: readers.contents(text, values, lambda path: go_string(read(path)))


def merge_maps(below: Table, above: Mapping[str, Any]) -> Table:
    """The tables laid over one another, key by key. Source: options.go, mergeMaps."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merge_maps(old, value)
        else:
            result[key] = value
    return result


# --- the values of charts ---------------------------------------------------------------------------------------


def copy_table(table: Mapping[str, Any]) -> Table:
    """A table of its own, down to the last list."""
    return {
        key: value if value.__class__ not in _CONTAINERS else _copy(value)
        for key, value in table.items()
    }


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return copy_table(value)
    return [item if item.__class__ not in _CONTAINERS else _copy(item) for item in value]


_CONTAINERS: Final = (dict, list)


def copy_defaults(chart: Chart, _: Mapping[str, Any]) -> Table:
    """The chart's values for being laid under a table, which may be changed."""
    return copy_table(chart.values)


def coalesce_values(
    chart: Chart, values: Mapping[str, Any], warn: Warn, rules: Coalescing
) -> Table:
    """The values over those of the chart, and for each chart that it holds over those of that one; null deletes.

    SourceError where what is for another chart is no table. Source: coalesce.go, CoalesceValues.
    """
    return _Coalescer(warn, rules, merges=False).coalesce(chart, copy_table(values), "")


def merge_values(chart: Chart, warn: Warn, rules: Coalescing) -> Table:
    """The values of the chart and of those that it holds, in which null stays. Source: coalesce.go, MergeValues."""
    return _Coalescer(warn, rules, merges=True).coalesce(chart, {}, "")


def merge_tables(above: Table, below: Table, warn: Warn, rules: Coalescing) -> Table:
    """`above`, with what only `below` has put in. Source: coalesce.go, MergeTables."""
    return _Coalescer(warn, rules, merges=True).tables(above, below, "", merges=True)


def coalesce_tables(above: Table, below: Table, warn: Warn, rules: Coalescing) -> Table:
    """The same, and null deletes. Source: coalesce.go, CoalesceTables."""
    return _Coalescer(warn, rules, merges=False).tables(above, below, "", merges=False)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


class _Coalescer:
    """The functions of coalesce.go, with what they share; the numbers are the lines from which the reference warns."""

    def __init__(self, warn: Warn, rules: Coalescing, *, merges: bool) -> None:
        self._tell = warn
        self._rules = rules
        self._merges = merges

    def coalesce(self, chart: Chart, table: Table, prefix: str) -> Table:
        """Lay the values of the chart and of those it holds under `table`."""
        self._chart_values(chart, table, prefix)
        for held in chart.dependencies:
            self._held(chart, held, table, prefix)
        return table

    def _held(self, chart: Chart, held: Chart, table: Table, prefix: str) -> None:
        name = held.name
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            from kmanifest.engines.helm.gotemplate.gofmt import sprintf  # for errors only

            raise SourceError(f"type mismatch on {name}: {sprintf('%t', [inner])}")
        below = _joined(prefix, chart.name)
        self._globals(inner, table, below)
        table[name] = self.coalesce(held, inner, below)

    def _chart_values(self, chart: Chart, table: Table, prefix: str) -> None:
        below = _joined(prefix, chart.name)
        names = {held.name for held in chart.dependencies}
        copied = copy_defaults if self._merges else self._rules.copy_defaults
        for key, value in copied(chart, table).items():
            if key not in table:
                table[key] = value
                continue
            given = table[key]
            if given is None and not self._merges:
                del table[key]
            elif isinstance(given, dict):
                if isinstance(value, dict):
                    merges = self._merges or key in names
                    self.tables(given, value, _joined(below, key), merges=merges)
                elif value is not None:
                    self._warn(237, f"warning: skipped value for {below}.{key}: Not a table.")

    def _globals(self, inner: Table, outer: Table, prefix: str) -> None:
        """Lay the globals of a chart over those of one that it holds; the tables below the first level are shared."""
        given = inner.get(GLOBAL, {})
        if not isinstance(given, dict):
            self._warn(
                138, f"warning: skipping globals because destination {GLOBAL} is not a table."
            )
            return
        source = outer.get(GLOBAL, {})
        if not isinstance(source, dict):
            self._warn(145, f"warning: skipping globals because source {GLOBAL} is not a table.")
            return
        for key, value in source.items():
            old = given.get(key)
            if isinstance(value, dict):
                copied = dict(value)
                if key in given and not isinstance(old, dict):
                    self._warn(
                        161,
                        f"Conflict: cannot merge map onto non-map for {_quoted(key)}. Skipping.",
                    )
                    continue
                if isinstance(old, dict):
                    self.tables(copied, old, _joined(prefix, key), merges=True)
                given[key] = copied
            elif isinstance(old, dict):
                self._warn(175, f"key {key} is table. Skipping")
            else:
                given[key] = value
        inner[GLOBAL] = given

    def tables(self, above: Table, below: Table, prefix: str, *, merges: bool) -> Table:
        """Put into `above` what only `below` has. Source: coalesce.go, coalesceTablesFullKey."""
        given = {key for key, value in below.items() if value is not None}
        for key, value in above.items():
            if value is None:
                below[key] = None
        for key, value in below.items():
            if key not in above:
                above[key] = value
                continue
            old = above[key]
            if old is None and not merges and key in given:
                del above[key]
            elif isinstance(value, dict):
                if isinstance(old, dict):
                    self.tables(old, value, _joined(prefix, key), merges=merges)
                else:
                    self._warn(
                        316,
                        f"warning: cannot overwrite table with non table for {_joined(prefix, key)} ({_shown(value)})",
                    )
            elif isinstance(old, dict) and value is not None:
                self._warn(
                    319,
                    f"warning: destination for {_joined(prefix, key)} is a table. Ignoring non-table value ({_shown(value)})",
                )
        return above

    def _warn(self, line: int, text: str) -> None:
        self._tell(self._rules.told(line, text))


def _shown(value: Any) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import text  # for warnings only

    return text(value)


def _quoted(value: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

    return quoted(value)
