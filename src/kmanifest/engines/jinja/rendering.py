"""Render templates of a tree: the text, and for errors in it the lines of the templates that wrote it."""

from collections.abc import Callable, Mapping

from jinja2.environment import Environment

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.builtin_filters import (
    bounded_filters,
    bounded_tests,
    with_counted_arguments,
)
from kmanifest.engines.jinja.environment import (
    BoundedEnvironment,
    PrintedText,
    TracingEnvironment,
    check_template_name,
)
from kmanifest.engines.jinja.errors import Sources, template_error
from kmanifest.engines.jinja.filters.table import Toolbox, make_filters, make_functions, make_tests
from kmanifest.engines.jinja.options import JinjaOptions
from kmanifest.io.tree import parent
from kmanifest.model.errors import KmanifestError, Location, PluginError, SourceError
from kmanifest.model.frozen import copy_value
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin
from kmanifest.startup.typing import Any, Final, TypeVar

FILTER_ROLE: Final = "jinja-filter"
Result = TypeVar("Result")
_MUTABLE_DIALECTS: Final = ("kapitan", "kluctl")


class TemplateRenderer:
    """Renders templates with one set of values. Names of templates are paths relative to `ctx.directory`."""

    def __init__(self, ctx: Context, options: JinjaOptions) -> None:
        self._ctx = ctx
        self._options = options
        self._sources = Sources()
        self._environment = self._make_environment(BoundedEnvironment)

    def render(self, name: str) -> str:
        """Return the text of a template. Raises a KmanifestError with a location in a template."""
        return self._guarded(self._environment, lambda: self._render(self._environment, name))

    def find_writer(self, name: str, line: int, column: int = 0) -> Location:
        """Return which line of which template wrote a position of the output. The template is rendered again."""
        environment = self._make_environment(TracingEnvironment)
        return self._guarded(
            environment, lambda: _trace(environment, name, self._values(), line, column)
        )

    def path_of(self, name: str) -> str:
        """Return the path of a template in the tree."""
        return self._ctx.locate(check_template_name(name))

    def _render(self, environment: BoundedEnvironment, name: str) -> str:
        template = environment.get_template(name)
        context = template.new_context(self._values())
        return environment.concat(template.root_render_func(context))

    def _guarded(self, environment: Environment, run: Callable[[], Result]) -> Result:
        try:
            return run()
        except (Exception, RecursionError) as error:
            if isinstance(error, MemoryError):
                raise
            raise template_error(error, environment, self._sources, self._list_templates) from error

    def _list_templates(self, name: str) -> list[str]:
        """Return the names of the files in the directory of a template's name."""
        prefix = f"{parent(name)}/" if "/" in name else ""
        try:
            directory = self._ctx.locate(prefix or ".")
            return [f"{prefix}{entry}" for entry in self._ctx.tree.list(directory)]
        except KmanifestError:
            return []

    def _values(self) -> dict[str, Any]:
        options = self._options
        copy = copy_value if options.dialect in _MUTABLE_DIALECTS else dict
        values, env = copy(options.values), copy(options.env)
        return {**(values if options.flat else {}), "values": values, "env": env}

    def _make_environment(self, kind: type[BoundedEnvironment]) -> BoundedEnvironment:
        ctx, options = self._ctx, self._options
        check_time = _do_nothing if ctx.meter is None else ctx.meter.check_time
        budget = Budget(ctx.options.limits, check_time)
        dialect = options.dialect
        environment = kind(
            budget,
            self._read,
            is_mutable=dialect in _MUTABLE_DIALECTS,
            trim_blocks=options.trim_blocks,
            lstrip_blocks=options.lstrip_blocks,
            keep_trailing_newline=options.keep_trailing_newline,
            extensions=["jinja2.ext.do"] if dialect else [],
        )
        reproducible = ctx.options.reproducible
        toolbox = Toolbox(
            budget, environment, self._read, dialect, reproducible.seed, reproducible.now
        )
        environment.filters = PluginFilters(
            with_counted_arguments(budget, {**bounded_filters(budget), **make_filters(toolbox)}),
            ctx,
            budget,
        )
        tests = {**bounded_tests(budget), **make_tests(toolbox)}
        environment.tests = {**with_counted_arguments(budget, tests)}
        environment.globals.update(make_functions(toolbox))
        return environment

    def _read(self, name: str) -> tuple[str, str]:
        """Return the text and the path of a template. Raises the errors of `Context.read`."""
        path = self.path_of(name)
        try:
            content = self._ctx.read_resolved(path)
        except KmanifestError as error:
            raise error.within(file=path) from error
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            problem = SourceError(f"this template is not UTF-8: byte {error.start}")
            raise problem.within(file=path, line=line) from None
        self._sources.add(path, text)
        return text, path


def directory_context(ctx: Context, path: str) -> tuple[Context, str]:
    """Return the context whose directory contains the template at a path, and the template's name in it."""
    directory = parent(path)
    return ctx._replace(directory=directory), path[len(directory) :].lstrip("/")


class PluginFilters(dict[str, Callable[..., Any]]):
    """The filters of a render by name. What is not in the table is looked up among the plug-ins."""

    def __init__(
        self, filters: Mapping[str, Callable[..., Any]], ctx: Context, budget: Budget
    ) -> None:
        super().__init__(filters)
        self._ctx = ctx
        self._budget = budget

    def get(self, name: str, default: Any = None) -> Any:
        """Return a filter. jinja2 looks for one here when it compiles a template."""
        if name in self:
            return self[name]
        plugin = self._ctx.registry.get(FILTER_ROLE, name)
        if plugin is None:
            return default
        self[name] = self._bounded(plugin)
        return self[name]

    def _bounded(self, plugin: Plugin) -> Callable[..., Any]:
        """Return the function of a plug-in. It receives copies, and its result is counted."""
        ctx, budget = self._ctx, self._budget

        def call(value: Any, *args: Any, **kwargs: Any) -> Any:
            if ctx.state is not None:
                ctx.state.prevent_sharing()
            budget.work(value)
            budget.whole(value)
            try:
                result = plugin.call(copy_value(value), *args, **kwargs)
            except KmanifestError:
                raise
            except Exception as error:
                problem = ": ".join(
                    [plugin.name, type(error).__name__, *str(error).splitlines()[:1]]
                )
                raise PluginError(problem) from error
            budget.text(budget.whole(result))
            return result

        return call


def _trace(
    environment: BoundedEnvironment, name: str, values: dict[str, Any], line: int, column: int
) -> Location:
    """Return the location of the template's text, or expression, that wrote a character of the output."""
    template = environment.get_template(name)
    pieces = template.root_render_func(template.new_context(values))
    location = Location(template.filename or name, 1)
    wanted = _LineReader(line, column)
    for piece in pieces:
        if not piece:
            continue
        environment.budget.step()
        location = _writer(pieces)
        start = wanted.size
        target = wanted.add(piece)
        if start <= target < wanted.size:
            if isinstance(piece, PrintedText):
                return location
            return location._replace(line=location.line + piece.count("\n", 0, target - start))
    return location


class _LineReader:
    """Finds a character of a text that comes in pieces: that of a line and column, or the first of a line that is no blank."""

    def __init__(self, line: int, column: int) -> None:
        self.size = 0
        self._lines_before = line - 1
        self._column = column
        self._is_done = False

    def add(self, piece: str) -> int:
        """Return the index of the character in the whole text; -1 if it is not in this piece."""
        before, start = self.size, 0
        self.size += len(piece)
        while self._lines_before > 0:
            start = piece.find("\n", start) + 1
            if start == 0:
                return -1
            self._lines_before -= 1
        if self._is_done:
            return -1
        end = piece.find("\n", start)
        self._is_done = end >= 0
        index = self._index(piece[start : end if end >= 0 else len(piece)])
        return -1 if index < 0 else before + start + index

    def _index(self, text: str) -> int:
        """Return the index of the character in a part of the line; -1 if it is not there."""
        if not self._column:
            rest = text.lstrip(" -")
            return len(text) - len(rest) if rest else -1
        if self._column <= len(text):
            return self._column - 1
        self._column -= len(text)
        return -1


def _writer(pieces: Any) -> Location:
    """Return the location of the innermost template that has just yielded a piece of text."""
    location = Location()
    generator = pieces
    while getattr(generator, "gi_frame", None) is not None:
        frame = generator.gi_frame
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(frame.f_lineno)
            location = Location(template.filename or template.name, line)
        generator = generator.gi_yieldfrom or frame.f_locals.get("gen")
    return location


def _do_nothing() -> None:
    """Check no deadline."""
