"""Print errors and findings to stderr.

Each is one line if stderr is not a terminal. On a terminal, an error is followed by the source lines around its
location, the chain of directories that leads to it, and similar names if a name was not found.
"""

import os
import stat
import sys
from contextvars import ContextVar

from kmanifest.model.errors import KmanifestError, Location, format_field, one_line
from kmanifest.startup.typing import TYPE_CHECKING, Final, Iterable, Sequence

if TYPE_CHECKING:
    from kmanifest.model.findings import Finding

MAX_SOURCE_BYTES = 10 << 20
SECRET_FIELDS = ("secretGenerator",)
RED, BLUE, RESET = "\x1b[1;31m", "\x1b[1;34m", "\x1b[0m"
INTERNAL_ERROR = (
    "internal error: {kind}: {text} (please report it with the output of --stack-trace)"
)


_QUIET: Final = ContextVar("kmanifest.quiet", default=False)
"""Whether the code runs inside `quiet`."""


class quiet:  # noqa: N801 - reads as a sentence where it is used
    """Print no warnings and notes inside the block."""

    def __enter__(self) -> None:
        self._token = _QUIET.set(True)

    def __exit__(self, *_: object) -> None:
        _QUIET.reset(self._token)


def print_note(text: str) -> None:
    """Print `text`, a warning or a note, to stderr. Does nothing after `--quiet`."""
    if not _QUIET.get():
        print_message(text)


def print_message(text: str) -> None:
    """Print `text` to stderr. Does nothing if stderr is closed."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):  # there is nowhere else to report it
        return


def print_findings(findings: "Iterable[Finding]") -> None:
    """Print each finding once. A warning is printed as its bare message, as kustomize does, and not after `--quiet`."""
    messages: dict[str, None] = {}
    for finding in findings:
        if finding.severity == "warning" and _QUIET.get():
            continue
        lines = [one_line(line) for line in finding.message.split("\n")]
        prefix = (
            ""
            if finding.severity == "warning"
            else f"{finding.severity}: {_location_prefix(finding)}"
        )
        suggestion = (
            f" (did you mean {' or '.join(map(one_line, finding.near))}?)" if finding.near else ""
        )
        messages[prefix + "\n".join(lines) + suggestion] = None
    print_message("".join(f"{text}\n" for text in messages))


def print_usage_error(message: str, *, color: str = "auto") -> None:
    """Print the message about a wrong command line or setting."""
    text = f"error: {message}\n"
    print_message(_coloured(text) if has_colour(color) else text)


def print_error(error: BaseException, *, stack_trace: bool = False, color: str = "auto") -> None:
    """Print the error that ended the command. `color` is the value of `--color`."""
    if stack_trace:
        import traceback  # imported for --stack-trace only

        print_message("".join(traceback.format_exception(error)))
    if isinstance(error, KmanifestError):
        print_message(format_error(error, terminal=is_terminal(), colour=has_colour(color)))
    elif isinstance(error, MemoryError):
        print_message("error: out of memory\n")
    elif isinstance(error, RecursionError):
        print_message("error: nested too deeply for this interpreter\n")
    else:
        text = one_line(str(error))
        print_message(f"error: {INTERNAL_ERROR.format(kind=type(error).__name__, text=text)}\n")


def format_error(error: KmanifestError, *, terminal: bool, colour: bool) -> str:
    """The text of an error: one line for each of its causes, on a terminal several lines."""
    format_cause = _format_for_terminal if terminal else _format_one_line
    text = "".join(format_cause(cause) for cause in error.causes or (error,))
    if not colour:
        return text
    return "".join(_coloured(line) for line in text.splitlines(keepends=True))


def _format_one_line(error: KmanifestError) -> str:
    return f"error: {_with_relative_paths(error)}\n"


def _format_for_terminal(error: KmanifestError) -> str:
    shown_error = KmanifestError(
        _relative_message(error), location=_relative_location(error.location)
    )
    text = f"error: {one_line(str(shown_error))}\n{source_excerpt(error.location)}"
    if len(error.trail) > 1:
        text += (
            f"in: {' -> '.join(one_line(relative_path(directory)) for directory in error.trail)}\n"
        )
    if error.near:
        text += f"help: did you mean {' or '.join(one_line(name) for name in error.near)}?\n"
    return text


def _with_relative_paths(error: KmanifestError) -> str:
    return one_line(
        str(
            KmanifestError(
                _relative_message(error),
                location=_relative_location(error.location),
                near=error.near,
            )
        )
    )


def _location_prefix(finding: "Finding") -> str:
    """The location of a finding, with the field if the finding is about one field."""
    from kmanifest.model import findings  # already loaded by whatever made the finding

    # An impure call is located by the template name that Helm uses, which is not a path.
    is_path = finding.code != findings.IMPURE
    parts = [str(_relative_location(finding.location) if is_path else finding.location)]
    if finding.code in findings.OF_FIELDS:
        parts.append(format_field(finding.location.field))
    return "".join(f"{one_line(part)}: " for part in parts if part)


def _relative_location(location: Location) -> Location:
    return location._replace(file=relative_path(location.file))


def relative_path(path: str) -> str:
    """`path` relative to the current directory if it is below it, else unchanged."""
    return _openable_path(path).removeprefix(_current_directory_prefix()) if path else path


def _openable_path(path: str) -> str:
    """`path` as it can be opened.

    Engines name files relative to the root of the tree, here `/`. URLs and flags are unchanged.
    """
    is_no_path = "://" in path or path.startswith("-")
    return path if is_no_path or os.path.isabs(path) or os.path.lexists(path) else f"/{path}"


def _current_directory_prefix() -> str:
    """The current directory with a trailing slash; empty if it no longer exists."""
    try:
        return os.path.join(os.getcwd(), "")
    except OSError:
        return ""


def _relative_message(error: KmanifestError) -> str:
    """The message with the paths in it relative to the current directory."""
    directory = _current_directory_prefix()
    if len(directory) < len("/a/"):
        return error.message
    return error.message.replace(directory, "").replace(f"'{directory[1:]}", "'")


def source_excerpt(location: Location) -> str:
    """Three source lines with a caret; empty if they can't be read or may contain a secret."""
    lines = _source_lines(_openable_path(location.file)) if location.line else []
    if not 0 < location.line <= len(lines) or _may_show_secret(lines, location):
        return ""
    first, last = max(location.line - 1, 1), min(location.line + 1, len(lines))
    width = len(str(last))
    text = ""
    for number in range(first, last + 1):
        source = lines[number - 1].expandtabs(4)
        text += f"  {number:{width}} | {one_line(source)}\n"
        if number == location.line and location.column:
            before = lines[number - 1][: location.column - 1].expandtabs(4)
            text += f"  {'':{width}} | {' ' * len(one_line(before))}^\n"
    return text


def _source_lines(path: str) -> Sequence[str]:
    """The lines of a regular file up to `MAX_SOURCE_BYTES`; empty for anything else."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        with open(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SOURCE_BYTES:
                return []
            return stream.read(MAX_SOURCE_BYTES).decode("utf-8", "replace").rstrip("\n").split("\n")
    except (OSError, ValueError):
        return []


def _may_show_secret(lines: Sequence[str], location: Location) -> bool:
    """Whether the lines around the location may contain a secret value."""
    if location.field and location.field[0] in SECRET_FIELDS:
        return True
    field = ""
    for number, line in enumerate(lines, 1):
        if "kind" in line and "Secret" in line:
            return True
        if line[:1] not in ("", " ", "#", "-"):
            field = line.split(":", 1)[0].strip("\"'")
        if abs(number - location.line) <= 1 and field in SECRET_FIELDS:
            return True
    return False


def is_terminal() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def has_colour(color: str) -> bool:
    """Whether to print colours, for a value of `--color`."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal() and os.environ.get("TERM") != "dumb"


def _coloured(line: str) -> str:
    """A line of an error report with its first word or its margin in colour."""
    for word, colour in (("error:", RED), ("in:", BLUE), ("help:", BLUE)):
        if line.startswith(word):
            return f"{colour}{word}{RESET}{line[len(word) :]}"
    margin, bar, source = line.partition(" | ")
    return f"{BLUE}{margin}{bar}{RESET}{source}" if bar else line
