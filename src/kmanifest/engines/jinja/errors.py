"""Turn an exception of a template into one error with the file, the line and, where it is known, the column.

jinja2 compiles a template to a Python module, so the frames of a traceback show where a template was. A frame knows
the line on which its statement begins; the column is found by looking for the name there.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import FrameType, TracebackType

from jinja2 import (
    Template,
    TemplateError,
    TemplateNotFound,
    TemplatesNotFound,
    TemplateSyntaxError,
)
from jinja2.environment import Environment
from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from kmanifest.engines.jinja.environment import UnknownNameError
from kmanifest.model.errors import (
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.startup.typing import Any, Final

_UNKNOWN_FILTER: Final = re.compile(r"No (filter|test) named '([^']*)'")
_NOT_EXPORTED: Final = re.compile(r"the template '([^']*)' .*does not export the requested name")
_EXPORT: Final = re.compile(r"\{%[-+]?\s*(?:macro|set)\s+(\w+)")
_UNKNOWN_TAG: Final = re.compile(r"unknown tag '([^']*)'")
_LOCAL_NAME: Final = re.compile(r"l_\d+_(.+)")
_STRING: Final = "<template>"  # jinja2's name for a template that is a string
_MAX_STATEMENT_LINES: Final = 200
_MAX_MESSAGE: Final = 1_000
_MAX_NAME: Final = 200
_MAX_CANDIDATES: Final = 2_000
_TAGS: Final = (
    "block", "call", "else", "elif", "endblock", "endcall", "endfilter", "endfor", "endif", "endmacro", "endraw",
    "endset", "endwith", "extends", "filter", "for", "from", "if", "import", "include", "macro", "raw", "set", "with",
)  # fmt: skip


class Sources:
    """The sources of the loaded templates, by path. Lines are looked up in them for errors."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def add(self, path: str, text: str) -> None:
        """Keep the text of a template."""
        self._texts[path] = text

    def exported_names(self, name: str) -> list[str]:
        """Return the macros and variables that the template with this name, or the end of its path, defines."""
        for path, text in self._texts.items():
            if path == name or path.endswith(f"/{name}"):
                return _EXPORT.findall(text)
        return []

    def column(self, path: str, line: int, name: str) -> tuple[int, int]:
        """Return the line and column of a name in the statement at a line; column 0 if it is not found.

        jinja2 knows only one line of a statement: its first, or that of its last filter.
        """
        lines = self._texts.get(path, "").split("\n")
        if not name or len(name) > _MAX_NAME or not 0 < line <= len(lines):
            return line, 0
        pattern = re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])")
        for number in (*_statement_after(lines, line), *_statement_before(lines, line)):
            column = _column_in(lines[number - 1], pattern)
            if column:
                return number, column
        return line, 0


def _statement_after(lines: list[str], line: int) -> Iterator[int]:
    """Yield the numbers of the lines from a line to the end of its statement."""
    for number in range(line, min(line + _MAX_STATEMENT_LINES, len(lines) + 1)):
        yield number
        if number > line and ("}}" in lines[number - 1] or "%}" in lines[number - 1]):
            return


def _statement_before(lines: list[str], line: int) -> Iterator[int]:
    """Yield the numbers of the lines before a line, back to the start of its statement."""
    if "{{" in lines[line - 1] or "{%" in lines[line - 1]:
        return
    for number in range(line - 1, max(line - _MAX_STATEMENT_LINES, 0), -1):
        yield number
        if "{{" in lines[number - 1] or "{%" in lines[number - 1]:
            return


def _column_in(text: str, pattern: re.Pattern[str]) -> int:
    """Return the column of a match, of one inside an expression if there is one; 0 without a match."""
    inside = _expression_spans(text)
    found = [match.start() for match in pattern.finditer(text)]
    columns = [start for start in found if any(a <= start < b for a, b in inside)] or found
    return columns[0] + 1 if columns else 0


def _expression_spans(text: str) -> list[tuple[int, int]]:
    """Return where the expressions and tags of a line are."""
    return [match.span() for match in re.finditer(r"\{[{%].*?(?:[}%]\}|$)", text)]


def template_error(
    error: BaseException,
    environment: Environment,
    sources: Sources,
    list_templates: Callable[[str], Iterable[str]],
) -> KmanifestError:
    """Return the error for an exception of a render. `list_templates` returns the names in the directory of a name."""
    frame = _last_frame(error.__traceback__)
    path, line, names = _frame_location(frame)
    if isinstance(error, TemplateSyntaxError):
        located = _syntax_error(error, environment, sources)
        return located if located.location.file else located.at(Location(path, line))
    if isinstance(error, KmanifestError):
        return error if error.location.file else _of_value(error).at(Location(path, line))
    if isinstance(error, RecursionError):
        message = "templates include or call each other more deeply than this thread's stack allows (max_depth)"
        return LimitError(message, location=Location(path, line))
    result: KmanifestError
    name = ""
    if isinstance(error, UnknownNameError):
        name = error.name if isinstance(error.name, str) else ""
        candidates: Iterable[str] = names if _is_missing(error.owner) else _keys(error.owner)
        exporter = _NOT_EXPORTED.search(str(error))
        if exporter is not None:
            candidates = sources.exported_names(exporter[1])
        result = MissingError(_short(str(error)), near=_near(name, candidates))
    elif isinstance(error, TemplateNotFound):
        name = _missing_name(error)
        others = (each for each in list_templates(name) if each != name)  # it may be a directory
        result = MissingError(f"no template {name!r}", near=near_names(name, others))
    elif isinstance(error, SecurityError):
        result = SourceError(_short(str(error)))
    else:
        name, known = _unknown_name(_short(str(error)), environment)
        result = RenderError(_message(error), near=_near(name, known))
    shown_line, column = sources.column(path, line, name)
    return result.at(Location(path, shown_line, column))


def _of_value(error: KmanifestError) -> KmanifestError:
    """Return an error in a text that a filter reads, with the line of that text in its message."""
    if not error.location.line:
        return error
    return type(error)(f"{error.message} (line {error.location.line} of the text)", near=error.near)


def _message(error: BaseException) -> str:
    text = _short(str(error))
    if isinstance(error, TemplateError | TypeError | ValueError | ArithmeticError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _missing_name(error: TemplateNotFound) -> str:
    if isinstance(error, TemplatesNotFound):
        return ", ".join(map(str, error.templates))
    return str(error.name)


def _is_missing(owner: object) -> bool:
    return owner is missing


def _keys(owner: object) -> list[str]:
    return [key for key in owner if isinstance(key, str)] if isinstance(owner, Mapping) else []


def _syntax_error(
    error: TemplateSyntaxError, environment: Environment, sources: Sources
) -> KmanifestError:
    message = _short(error.message or "")
    path = error.filename or error.name or ""
    name, candidates = _unknown_name(message, environment)
    result: KmanifestError
    if candidates:
        result = MissingError(message, near=_near(name, candidates))
    else:
        result = SourceError(message)
    line, column = sources.column(path, error.lineno, name)
    return result.at(Location(path, line, column))


def _unknown_name(message: str, environment: Environment) -> tuple[str, Iterable[str]]:
    found = _UNKNOWN_FILTER.search(message)
    if found is not None:
        return found[2], environment.filters if found[1] == "filter" else environment.tests
    found = _UNKNOWN_TAG.search(message)
    return (found[1], _TAGS) if found is not None else ("", ())


def _near(name: str, candidates: Iterable[str]) -> list[str]:
    """Return the names near a name; for a short one, those with the same letters in another order."""
    if len(name) > _MAX_NAME:
        return []
    known = [each for each in islice(candidates, _MAX_CANDIDATES) if len(each) <= _MAX_NAME]
    return near_names(name, known) or [each for each in known if sorted(each) == sorted(name)]


def _short(message: str) -> str:
    """Return a message in one line, without its end if it is very long: it can contain values of the template."""
    text = " ".join(message[: 2 * _MAX_MESSAGE].split())
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}..."


def _last_frame(traceback: TracebackType | None) -> tuple[FrameType, int] | None:
    """Return the innermost frame of a template in a file, and its line of Python."""
    last = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template.filename != _STRING:
            last = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return last


def _frame_location(frame: tuple[FrameType, int] | None) -> tuple[str, int, list[str]]:
    """Return the path and line of a template, and the names that its variables have there."""
    if frame is None:
        return "", 0, []
    python_frame, python_line = frame
    template: Template = python_frame.f_globals["__jinja_template__"]
    line = template.get_corresponding_lineno(python_line)
    return template.filename or template.name or "", line, _visible_names(python_frame)


def _visible_names(frame: FrameType) -> list[str]:
    names: list[str] = []
    context: Any = frame.f_locals.get("context")
    if context is not None:
        names += [*context.parent, *context.vars]
    for local, value in frame.f_locals.items():
        match = _LOCAL_NAME.fullmatch(local)
        if match is not None and not _is_missing(value):
            names.append(match[1])
    return names
