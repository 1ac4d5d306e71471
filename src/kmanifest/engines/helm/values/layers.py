"""Merge value files, flags, and the values of a chart and its subcharts.

Helm copies tables in some functions and shares them in others. The globals that one chart sees of another depend on
this. So tables are changed in place exactly where Helm does so, and copied exactly where Helm copies them.

Source: helm v3.22.0 pkg/cli/values/options.go; pkg/chartutil/coalesce.go.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats.go_yaml import load_values
from kmanifest.io.local_tree import Boundary, read_named
from kmanifest.io.tree import FilePath, Tree
from kmanifest.model.errors import FieldPath, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Iterable,
    Mapping,
    NamedTuple,
)

if TYPE_CHECKING:
    from kmanifest.engines.helm.values.set_flags import Convert

GLOBAL: Final = "global"

Table = dict[str, Any]
Warn = Callable[[str], None]
ReadFile = Callable[[str], bytes]


class ValueSources(NamedTuple):
    """The values of the flags for values, each flag in its order. The flags are merged in the order of the fields.

    - `files`: paths of value files, as for `--values`; also URLs, which a render fetches only with `remote`
    - `json`: as for `--set-json`
    - `typed`: as for `--set`
    - `strings`: as for `--set-string`
    - `contents`: as for `--set-file`
    - `literals`: as for `--set-literal`

    >>> from kmanifest.helm import ValueSources, render_chart
    >>> files = {
    ...     "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    ...     "templates/a.yaml": "{size: {{ .Values.size }}, tag: {{ .Values.image.tag | quote }}}",
    ...     "prod.yaml": "size: large",
    ... }
    >>> sources = ValueSources(files=("prod.yaml",), strings=("image.tag=1.0",))
    >>> print(render_chart("", tree=files, sources=sources).text(), end="")
    ---
    # Source: c/templates/a.yaml
    {size: large, tag: "1.0"}
    """

    files: "tuple[FilePath, ...]" = ()
    json: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("json", "typed", "strings", "literals"))


class ValueReaders(NamedTuple):
    """How value files and flags are read.

    `file` returns the table in a file. The others set the values of a flag's argument in a table.
    """

    file: Callable[..., Table]
    json: Callable[[str, Table], None]
    typed: Callable[[str, Table], None]
    strings: Callable[[str, Table], None]
    contents: "Callable[[str, Table, Convert], None]"
    literals: Callable[[str, Table], None]


_SET_FLAGS: Final = "kmanifest.engines.helm.values.set_flags"
READERS: Final = ValueReaders(
    load_values,
    lazy_function(_SET_FLAGS, "set_json"),
    lazy_function(_SET_FLAGS, "set_typed"),
    lazy_function(_SET_FLAGS, "set_strings"),
    lazy_function(_SET_FLAGS, "set_files"),
    lazy_function(_SET_FLAGS, "set_literal"),
)
"""The readers of Helm 3."""


class CoalesceRules(NamedTuple):
    """How values are merged.

    `copy_defaults` returns the values of a chart to merge under a table. `format_warning` formats a warning; its number
    is the line of coalesce.go that logs it.
    """

    copy_defaults: Callable[[Chart, Mapping[str, Any]], Table]
    format_warning: Callable[[int, str], str]


class ValueLayer(NamedTuple):
    """One file or flag: its name, and a function that applies it to the values before it.

    The name of a flag does not contain its argument, which may be a secret. `content` returns the text of a file. Its
    values are below the path `prefix`.
    """

    name: str
    apply: Callable[[Table], Table]
    content: Callable[[], bytes] | None = None
    prefix: FieldPath = ()


def value_layers(
    sources: ValueSources,
    read_file: ReadFile,
    limits: Limits = DEFAULT_LIMITS,
    readers: ValueReaders = READERS,
) -> Iterable[ValueLayer]:
    """Yield the files and flags in the order in which they are merged. `read_file` returns the content of a file."""
    for file in sources.files:
        path = file if isinstance(file, str) else _as_path(file)
        yield _file_layer(path, read_file, limits, readers)
    for text in sources.json:
        yield ValueLayer("--set-json", _flag_setter("--set-json", text, readers.json))
    for text in sources.typed:
        yield ValueLayer("--set", _flag_setter("--set", text, readers.typed))
    for text in sources.strings:
        yield ValueLayer("--set-string", _flag_setter("--set-string", text, readers.strings))
    for text in sources.contents:
        yield ValueLayer(
            "--set-file", _flag_setter("--set-file", text, _contents_setter(read_file, readers))
        )
    for text in sources.literals:
        yield ValueLayer("--set-literal", _flag_setter("--set-literal", text, readers.literals))


def _file_layer(
    path: str, read_file: ReadFile, limits: Limits, readers: ValueReaders
) -> ValueLayer:
    apply = _file_setter(path, read_file, limits, readers)
    return ValueLayer(path, apply, lambda: read_file(path))


def _as_path(file: FilePath) -> str:
    from kmanifest.model.arguments import as_path  # the command passes strings

    return as_path(file, "a path in sources.files")


def mapping_layers(values: Mapping[str, Any] | None) -> Iterable[ValueLayer]:
    """Yield a layer for values that a caller passes directly. Its name is `values`."""
    if values is not None:
        yield ValueLayer("values", lambda table: merge_maps(table, values))


def merge_sources(
    sources: ValueSources,
    read_file: ReadFile,
    limits: Limits = DEFAULT_LIMITS,
    readers: ValueReaders = READERS,
) -> Table:
    """Return the merged values of files and flags. Raises SourceError with Helm's message."""
    values: Table = {}
    for layer in value_layers(sources, read_file, limits, readers):
        values = layer.apply(values)
    return values


def make_file_reader(
    tree: Tree | None,
    limits: Limits,
    boundary: Boundary | None = None,
    read_url: ReadFile | None = None,
) -> ReadFile:
    """Return a function that reads files of a tree, or local files if there is no tree.

    The name of a local file in the boundary must not lead out of it. `read_url` fetches URLs. Without it, they are
    refused.
    """
    # the command reads files itself
    from kmanifest.io.remote import is_file_url
    from kmanifest.model.url_masking import mask_url

    def read(path: str) -> bytes:
        if is_file_url(path):
            if read_url is None:
                raise SourceError(f"{mask_url(path)}: value files are fetched only with `remote`")
            return read_url(path)
        if tree is None:
            return read_named(path, boundary, limit=limits.max_input_file)
        return tree.read(tree.resolve(path), limit=limits.max_input_file)

    return read


def _file_setter(
    path: str, read_file: ReadFile, limits: Limits, readers: ValueReaders
) -> Callable[[Table], Table]:
    def apply(values: Table) -> Table:
        content = read_file(path)
        try:
            return merge_maps(values, readers.file(content, limits=limits))
        except SourceError as error:
            raise SourceError(f"failed to parse {path}: {error.message}") from error

    return apply


def _flag_setter(
    name: str, text: str, set_values: Callable[[str, Table], None]
) -> Callable[[Table], Table]:
    def apply(values: Table) -> Table:
        try:
            set_values(text, values)
        except (SourceError, MissingError) as error:
            colon = "" if name == "--set-json" else ":"
            raise SourceError(f"failed parsing {name} data{colon} {error.message}") from error
        return values

    return apply


def _contents_setter(read_file: ReadFile, readers: ValueReaders) -> Callable[[str, Table], None]:
    from kmanifest.engines.helm.objects.builtin import go_string

    return lambda text, values: readers.contents(
        text, values, lambda path: go_string(read_file(path))
    )


def merge_maps(base: Table, override: Mapping[str, Any]) -> Table:
    """Return `base` with `override` merged over it, key by key.

    Source: options.go, mergeMaps.
    """
    result = dict(base)
    for key, value in override.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merge_maps(old, value)
        else:
            result[key] = value
    return result


# --- the values of charts ---------------------------------------------------------------------------------------


def copy_table(table: Mapping[str, Any]) -> Table:
    """Return a copy of a table, nested tables and lists included."""
    return {
        key: value if value.__class__ not in _CONTAINERS else _copy_container(value)
        for key, value in table.items()
    }


def _copy_container(value: Any) -> Any:
    if value.__class__ is dict:
        return copy_table(value)
    return [item if item.__class__ not in _CONTAINERS else _copy_container(item) for item in value]


_CONTAINERS: Final = (dict, list)


def copy_defaults(chart: Chart, _: Mapping[str, Any]) -> Table:
    """Return a copy of the chart's values."""
    return copy_table(chart.values)


def coalesce_values(
    chart: Chart, values: Mapping[str, Any], warn: Warn, rules: CoalesceRules
) -> Table:
    """Return the values merged over those of the chart, and for each subchart over those of the subchart.

    A null deletes a default. Raises SourceError if the values for a subchart are not a table. Source: coalesce.go,
    CoalesceValues.
    """
    return _Coalescer(warn, rules, merges=False).coalesce(chart, copy_table(values), "")


def merge_values(chart: Chart, warn: Warn, rules: CoalesceRules) -> Table:
    """Return the values of the chart and its subcharts. Nulls are kept.

    Source: coalesce.go, MergeValues.
    """
    return _Coalescer(warn, rules, merges=True).coalesce(chart, {}, "")


def merge_tables(target: Table, defaults: Table, warn: Warn, rules: CoalesceRules) -> Table:
    """Add to `target` the values that only `defaults` has. Nulls are kept.

    Source: coalesce.go, MergeTables.
    """
    return _Coalescer(warn, rules, merges=True).coalesce_tables(target, defaults, "", merges=True)


def coalesce_tables(target: Table, defaults: Table, warn: Warn, rules: CoalesceRules) -> Table:
    """Add to `target` the values that only `defaults` has. A null in `target` deletes the default.

    Source: coalesce.go, CoalesceTables.
    """
    return _Coalescer(warn, rules, merges=False).coalesce_tables(target, defaults, "", merges=False)


def _join_path(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


class _Coalescer:
    """The functions of coalesce.go with their shared state. Line numbers are those of Helm's log calls."""

    def __init__(self, warn: Warn, rules: CoalesceRules, *, merges: bool) -> None:
        self._on_warning = warn
        self._rules = rules
        self._merges = merges

    def coalesce(self, chart: Chart, table: Table, prefix: str) -> Table:
        """Merge `table` over the values of the chart and its subcharts, in place."""
        self._coalesce_chart_values(chart, table, prefix)
        for subchart in chart.subcharts:
            self._coalesce_subchart(chart, subchart, table, prefix)
        return table

    def _coalesce_subchart(self, chart: Chart, subchart: Chart, table: Table, prefix: str) -> None:
        name = subchart.name
        subchart_values = table.setdefault(name, {})
        if not isinstance(subchart_values, dict):
            from kmanifest.engines.helm.gotemplate.gofmt import sprintf  # for errors only

            raise SourceError(f"type mismatch on {name}: {sprintf('%t', [subchart_values])}")
        path = _join_path(prefix, chart.name)
        self._coalesce_globals(subchart_values, table, path)
        table[name] = self.coalesce(subchart, subchart_values, path)

    def _coalesce_chart_values(self, chart: Chart, table: Table, prefix: str) -> None:
        path = _join_path(prefix, chart.name)
        names = {subchart.name for subchart in chart.subcharts}
        copy_chart_defaults = copy_defaults if self._merges else self._rules.copy_defaults
        for key, value in copy_chart_defaults(chart, table).items():
            if key not in table:
                table[key] = value
                continue
            current = table[key]
            if current is None and not self._merges:
                del table[key]
            elif isinstance(current, dict):
                if isinstance(value, dict):
                    merges = self._merges or key in names
                    self.coalesce_tables(current, value, _join_path(path, key), merges=merges)
                elif value is not None:
                    self._warn(237, f"warning: skipped value for {path}.{key}: Not a table.")

    def _coalesce_globals(self, subchart_values: Table, values: Table, prefix: str) -> None:
        """Merge the globals of a chart into those of a subchart. Tables below the first level are shared."""
        subchart_globals = subchart_values.get(GLOBAL, {})
        if not isinstance(subchart_globals, dict):
            self._warn(
                138, f"warning: skipping globals because destination {GLOBAL} is not a table."
            )
            return
        parent_globals = values.get(GLOBAL, {})
        if not isinstance(parent_globals, dict):
            self._warn(145, f"warning: skipping globals because source {GLOBAL} is not a table.")
            return
        for key, value in parent_globals.items():
            old = subchart_globals.get(key)
            if isinstance(value, dict):
                copied = dict(value)
                if key in subchart_globals and not isinstance(old, dict):
                    self._warn(
                        161,
                        f"Conflict: cannot merge map onto non-map for {_quoted(key)}. Skipping.",
                    )
                    continue
                if isinstance(old, dict):
                    self.coalesce_tables(copied, old, _join_path(prefix, key), merges=True)
                subchart_globals[key] = copied
            elif isinstance(old, dict):
                self._warn(175, f"key {key} is table. Skipping")
            else:
                subchart_globals[key] = value
        subchart_values[GLOBAL] = subchart_globals

    def coalesce_tables(
        self, target: Table, defaults: Table, prefix: str, *, merges: bool
    ) -> Table:
        """Add to `target` the values that only `defaults` has.

        Source: coalesce.go, coalesceTablesFullKey.
        """
        non_null = {key for key, value in defaults.items() if value is not None}
        for key, value in target.items():
            if value is None:
                defaults[key] = None
        for key, value in defaults.items():
            if key not in target:
                target[key] = value
                continue
            current = target[key]
            if current is None and not merges and key in non_null:
                del target[key]
            elif isinstance(value, dict):
                if isinstance(current, dict):
                    self.coalesce_tables(current, value, _join_path(prefix, key), merges=merges)
                else:
                    self._warn(
                        316,
                        f"warning: cannot overwrite table with non table for {_join_path(prefix, key)} ({_format_value(value)})",
                    )
            elif isinstance(current, dict) and value is not None:
                self._warn(
                    319,
                    f"warning: destination for {_join_path(prefix, key)} is a table. Ignoring non-table value ({_format_value(value)})",
                )
        return target

    def _warn(self, line: int, text: str) -> None:
        self._on_warning(self._rules.format_warning(line, text))


def _format_value(value: Any) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import text  # for warnings only

    return text(value)


def _quoted(value: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

    return quoted(value)
