"""Execute the templates of a chart and its subcharts: the text of each file by its path.

All files are parsed into one set before the first is executed: deepest paths first, in reverse alphabetical order. So
of two definitions of one name, that in the shallower, earlier file remains. Any failure ends the render.

Source: helm v3.22.0 pkg/engine/engine.go.
"""

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import Chart, base_name
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.gotemplate.errors import ParseError, WrappedError
from kmanifest.engines.helm.gotemplate.execute import Execution, ExecutionLimits, OnImpureCall
from kmanifest.engines.helm.gotemplate.functions import MergedFunctions
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.parsers import CachingParser
from kmanifest.engines.helm.gotemplate.suspending import TemplateCall
from kmanifest.engines.helm.gotemplate.templates import ParseResult, TemplateSet
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError
from kmanifest.engines.helm.objects.builtin import Files, Values, get_table, go_string
from kmanifest.io.cache import Cache, NoCache
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import RenderError
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple

TEMPLATES_CACHE_KEY: Final = "templates"
"""The first element of the cache key for all templates of a chart. The cached value is plain data."""
SUSPENDING: Final = ("include", "tpl")
"""The functions that execute templates."""
NO_VALUE: Final = "<no value>"
ROOT: Final = "gotpl"
_BASE_WEIGHT: Final = 1_000  # the weight of a cache entry without its text
_MAX_INCLUDES: Final = 1_000
_MAX_TPL_SETS: Final = 1_000
_WARN_START: Final = "HELM_ERR_START"
_WARN_END: Final = "HELM_ERR_END"


class TemplateSource(NamedTuple):
    """One template: its text, the table that it sees as `.`, and the directory for `.Template.BasePath`.

    The templates of one chart share one table.
    """

    text: str
    table: Values
    base_path: str


def collect_sources(
    chart: Chart, top: dict[str, Any], dialect: Dialect
) -> dict[str, TemplateSource]:
    """Return the templates of the chart and its subcharts by path, deepest first."""
    sources: dict[str, TemplateSource] = {}
    _collect(chart, sources, top, dialect)
    order = sorted(sources, key=lambda path: (path.count("/"), path.encode("utf-8", "surrogateescape")), reverse=True)  # fmt: skip
    return {path: sources[path] for path in order}


def _collect(
    chart: Chart,
    sources: dict[str, TemplateSource],
    parent_table: dict[str, Any],
    dialect: Dialect,
) -> dict[str, Any]:
    """Add the templates of one chart to `sources`, and return the chart's table.

    The templates see the table as `Values`, those of the parent chart see a plain map in `.Subcharts`. Source:
    engine.go, recAllTpls.
    """
    subchart_tables: dict[str, Any] = {}
    table: dict[str, Any] = {
        "Chart": dialect.make_chart_object(chart),
        "Files": Files({file.name: file.data for file in chart.files}),
        "Release": parent_table["Release"],
        "Capabilities": parent_table["Capabilities"],
        "Values": _chart_values(chart, parent_table, dialect),
        "Subcharts": subchart_tables,
    }
    for subchart in chart.subcharts:
        subchart_tables[subchart.name] = _collect(subchart, sources, table, dialect)
    path = chart.path()
    values = dialect.values_type(table)
    for file in chart.templates:
        if not chart.is_library or base_name(file.name).startswith("_"):
            sources[clean_path(f"{path}/{file.name}")] = TemplateSource(
                go_string(file.data), values, clean_path(f"{path}/templates")
            )
    return table


def _chart_values(chart: Chart, parent_table: dict[str, Any], dialect: Dialect) -> Values:
    """Return the values of a chart.

    A subchart's values have the same entries as the table in its parent's values. So a change by one chart is visible
    to the other.
    """
    if chart.is_root:
        values = parent_table["Values"]
        return values if isinstance(values, Values) else dialect.values_type(values)
    return dialect.values_type(get_table(parent_table, f"Values.{chart.name}"))


class RenderSession:
    """One render of all templates. `warn` is called with each message that Helm would log."""

    def __init__(
        self,
        functions: Functions,
        *,
        warn: Callable[[str], None] = lambda _: None,
        is_lint: bool = False,
        bounds: ExecutionLimits = ExecutionLimits(),
        on_impure: OnImpureCall | None = None,
        cache: Cache = NoCache(),
        dialect: Dialect,
    ) -> None:
        self._cache = cache
        self._dialect = dialect
        self._warn = warn
        self._is_lint = is_lint
        self._bounds = bounds
        self._on_impure = on_impure
        self._includes: dict[str, int] = {}
        self._on_include_end = self._finish_include
        self._on_include_error = self._fail_include
        self._templates = TemplateSet(ROOT)
        # The key contains the id of the extended set. Keeping that set prevents another object from getting the id.
        self._tpl_sets: dict[tuple[int, str], tuple[TemplateSet, TemplateSet]] = {}
        render_functions = {
            "fail": Function(self._fail, ("string",), "string"),
            "include": Function(
                self._include, ("string", "interface {}"), "string", suspending=True
            ),
            "lookup": Function(
                lambda *_: {}, ("string",) * 4, "map[string]interface {}", impure=True
            ),
            "required": Function(self._required, ("string", "interface {}")),
            "tpl": Function(self._tpl, ("string", "interface {}"), "string", suspending=True),
        }
        self._functions: Functions = MergedFunctions(render_functions, functions)
        self._parser = CachingParser(self._functions, SUSPENDING)
        # The result of parsing depends on the names of the available functions.
        self._function_names = " ".join(self._functions)

    def render(self, sources: Mapping[str, TemplateSource]) -> dict[str, str]:
        """Return the text of each file that is not a partial. Raises RenderError with Helm's message."""
        self._templates = self._parse_all(sources)
        self._run = Execution(
            self._templates,
            self._functions,
            missing_key="zero",
            limits=self._bounds,
            on_impure=self._on_impure,
            suspending=SUSPENDING,
        )
        rendered: dict[str, str] = {}
        for path, source in sources.items():
            if base_name(path).startswith("_"):
                continue
            source.table.entries["Template"] = self._dialect.values_type(
                {"Name": path, "BasePath": source.base_path}
            )
            try:
                text = self._run.execute(path, source.table)
            except GoError as error:
                raise RenderError(self._dialect.format_failure(error)) from error
            check_time()
            rendered[path] = text.replace(NO_VALUE, "")
            check_time()
        return rendered

    def _parse_all(self, sources: Mapping[str, TemplateSource]) -> TemplateSet:
        """Parse all templates, or take them from the cache."""
        paths = tuple(sources)
        texts = tuple(source.text for source in sources.values())
        key = (TEMPLATES_CACHE_KEY, self._function_names, *paths, *texts)
        trees = self._cache.find(key)
        if trees is not None:
            return TemplateSet(ROOT).with_parsed(*map(ParseResult, paths, texts, trees))
        parsed = [*map(self._parse_cached, paths, texts)]
        self._cache.keep(key, tuple(template.trees for template in parsed), weight=_BASE_WEIGHT)
        return TemplateSet(ROOT).with_parsed(*parsed)

    def _parse_cached(self, path: str, text: str) -> ParseResult:
        """Parse one template, or take it from the cache, possibly stored there under another path."""
        key = ("template", self._function_names, text)
        cached: ParseResult | None = self._cache.find(key)
        if cached is None or any(name == path for name, _, _ in cached.trees[:-1]):
            cached = self._parse(path, text)
            self._cache.keep(key, cached, weight=8 * len(text) + _BASE_WEIGHT)
        if cached.name == path:
            return cached
        _, program, is_empty = cached.trees[-1]
        return ParseResult(path, text, (*cached.trees[:-1], (path, program, is_empty)))

    def _parse(self, path: str, text: str) -> ParseResult:
        try:
            return self._parser.parse(path, text)
        except ParseError as error:
            tokens = str(error).split(": ")
            if len(tokens) == 1:
                raise RenderError(f"parse error in ({path}): {error}") from error
            raise RenderError(f"parse error at ({tokens[1]}): {tokens[-1]}") from error

    def _include(self, name: str, data: Any) -> TemplateCall:
        """Implement the function `include`. A template may include itself up to 1,000 times."""
        depth = self._includes.get(name, 0)
        if depth > _MAX_INCLUDES:
            raise _too_deep(name)
        self._includes[name] = depth + 1
        return name, data, None, self._on_include_end, self._on_include_error, None

    def _finish_include(self, call: TemplateCall, output: str) -> str:
        self._includes[call[0]] -= 1
        return output

    def _fail_include(self, call: TemplateCall, error: GoError) -> GoError:
        self._includes[call[0]] -= 1
        return error

    def _tpl(self, text: str, data: Any) -> TemplateCall | str:
        """Implement the function `tpl`.

        Definitions in the text are visible only to the text and to the templates that it executes.
        """
        if "{{" not in text:
            return text.replace(NO_VALUE, "")
        previous = self._templates
        self._templates = templates = self._with_tpl_string(text)
        return ROOT, data, templates, self._finish_tpl, self._fail_tpl, (text, previous)

    def _finish_tpl(self, call: TemplateCall, output: str) -> str:
        self._templates = call[5][1]
        return output.replace(NO_VALUE, "")

    def _fail_tpl(self, call: TemplateCall, error: GoError) -> GoError:
        text, self._templates = call[5]
        return WrappedError(f"error during tpl function execution for {quoted(text)}: ", error)

    def _with_tpl_string(self, text: str) -> TemplateSet:
        """Return the current templates and those in a string. Charts pass the same strings to `tpl` repeatedly."""
        current = self._templates
        key = (id(current), text)
        found = self._tpl_sets.pop(key, None)
        if found is None:
            parsed = self._parse_tpl_string(text)
            # An empty template replaces no other, not even the one that called `tpl`.
            is_empty = parsed.trees[-1][2]
            base = TemplateSet(ROOT) if is_empty else current
            found = (current, base.with_parsed(parsed))
            if len(self._tpl_sets) >= _MAX_TPL_SETS:
                del self._tpl_sets[
                    next(iter(self._tpl_sets))
                ]  # the one that was used least recently
        self._tpl_sets[key] = found
        return found[1]

    def _parse_tpl_string(self, text: str) -> ParseResult:
        """Parse an argument of `tpl`. It may contain secrets, so it is never stored on disk."""
        key = ("given", self._function_names, text)
        cached: ParseResult | None = self._cache.find(key)
        if cached is not None:
            return cached
        try:
            parsed = self._parser.parse(ROOT, text)
        except ParseError as error:
            raise GoError(f"cannot parse template {quoted(text)}: {error}") from error
        self._cache.keep(key, parsed, weight=8 * len(text) + _BASE_WEIGHT)
        return parsed

    def _required(self, message: str, value: Any) -> Any:
        """Implement the function `required`."""
        if value is not None and value != "":
            return value
        if self._is_lint:
            self._warn(self._dialect.messages.missing_value(message, is_nil=value is None))
            return ""
        raise GoError(f"{_WARN_START}{message}{_WARN_END}")

    def _fail(self, message: str) -> str:
        """Implement the function `fail`."""
        if self._is_lint:
            self._warn(self._dialect.messages.fail_call(message))
            return ""
        raise GoError(f"{_WARN_START}{message}{_WARN_END}")


def _too_deep(name: str) -> GoError:
    return GoError(
        f"rendering template has a nested reference name: {name}: unable to execute template"
    )


def format_failure(error: GoError) -> str:
    """Return the message for a failed execution: only the message of `fail` or `required` if one of them caused it."""
    text = str(error)
    return abort_message(text) or text


def abort_message(text: str) -> str:
    """Return the message for an execution that `fail` or `required` ended; empty for other failures."""
    parts = text.split(": ", 2)
    if len(parts) < 3:
        return ""
    start = parts[2].find(_WARN_START)
    end = parts[2].rfind(_WARN_END)
    if start < 0 or end < start + len(_WARN_START):
        return ""
    return f"execution error at ({parts[1]}): {parts[2][start + len(_WARN_START) : end]}"
