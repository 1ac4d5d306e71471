"""Errors and findings as a person reads them, on stderr.

One line for each where stderr is no terminal. On a terminal an error also shows the source around the place with a
caret, the directories it was reached through, and the names that are near to one that was not found.
"""

import os
import stat
import sys
from collections.abc import Iterable, Sequence

from kmanifest.model.errors import KmanifestError, Location, format_field, one_line
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.model.findings import Finding

LARGEST_SOURCE = 10 << 20
SECRET_FIELDS = ("secretGenerator",)
RED, BLUE, BOLD, PLAIN = "\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
INTERNAL = "internal error: {kind}: {text} (please report it with the output of --stack-trace)"


def tell(text: str) -> None:
    """Print `text` on stderr; nothing happens where there is no stderr."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody can be told
        return


def findings(found: "Iterable[Finding]") -> None:
    """Print each finding once; a warning is exactly its message, as the reference prints it."""
    texts: dict[str, None] = {}
    for finding in found:
        lines = [one_line(line) for line in finding.message.split("\n")]
        place = "" if finding.severity == "warning" else f"{finding.severity}: {_place(finding)}"
        near = (
            f" (did you mean {' or '.join(map(one_line, finding.near))}?)" if finding.near else ""
        )
        texts[place + "\n".join(lines) + near] = None
    tell("".join(f"{text}\n" for text in texts))


def failure(error: BaseException, *, stack_trace: bool = False) -> None:
    """Print why the command failed."""
    if stack_trace:
        import traceback  # only where it is asked for

        tell("".join(traceback.format_exception(error)))
    if isinstance(error, KmanifestError):
        tell(describe(error, terminal=_is_terminal(), colour=_has_colour()))
    elif isinstance(error, MemoryError):
        tell("error: out of memory\n")
    elif isinstance(error, RecursionError):
        tell("error: nested too deeply for this interpreter\n")
    else:
        text = one_line(str(error))
        tell(f"error: {INTERNAL.format(kind=type(error).__name__, text=text)}\n")


def describe(error: KmanifestError, *, terminal: bool, colour: bool) -> str:
    """The text for an error: one line, or on a terminal several for each of its causes."""
    if not terminal:
        return _line(error) + "\n"
    text = "".join(_full(each) for each in error.causes or (error,))
    if not colour:
        return text
    return "".join(_painted(line) for line in text.splitlines(keepends=True))


def _line(error: KmanifestError) -> str:
    """The error in one line; of several, the first and how many follow."""
    if not error.causes:
        return f"error: {_relative(error)}"
    more = len(error.causes) - 1
    return _line(error.causes[0]) + (f" (and {more} more)" if more else "")


def _full(error: KmanifestError) -> str:
    bare = KmanifestError(_message(error), location=_shown(error.location))
    text = f"error: {one_line(str(bare))}\n{_excerpt(error.location)}"
    if len(error.trail) > 1:
        text += f"in: {' -> '.join(one_line(_near_path(directory)) for directory in error.trail)}\n"
    if error.near:
        text += f"help: did you mean {' or '.join(one_line(name) for name in error.near)}?\n"
    return text


def _relative(error: KmanifestError) -> str:
    return one_line(
        str(KmanifestError(_message(error), location=_shown(error.location), near=error.near))
    )


def _place(finding: "Finding") -> str:
    """Where a finding is; the field is told only where the reader is to mend it."""
    from kmanifest.model import findings as codes  # there is a finding, so it is there

    # A template is told by the name that helm has for it, which is no path.
    is_path = finding.code != codes.IMPURE
    parts = [str(_shown(finding.location) if is_path else finding.location)]
    if finding.code in codes.OF_FIELDS:
        parts.append(format_field(finding.location.field))
    return "".join(f"{one_line(part)}: " for part in parts if part)


def _shown(location: Location) -> Location:
    return location._replace(file=_near_path(location.file))


def _near_path(path: str) -> str:
    """`path` as seen from the current directory where it lies below it, else as it is."""
    return _on_disk(path).removeprefix(_here()) if path else path


def _on_disk(path: str) -> str:
    """A path that can be opened: the engine names files from the root of its tree, here `/`; URLs and flags stay what they are."""
    is_none = "://" in path or path.startswith("-")
    return path if is_none or os.path.isabs(path) or os.path.lexists(path) else f"/{path}"


def _here() -> str:
    """The current directory with a slash behind it, empty where it is gone."""
    try:
        return os.path.join(os.getcwd(), "")
    except OSError:
        return ""


def _message(error: KmanifestError) -> str:
    """The message with the paths in it as seen from the current directory."""
    here = _here()
    if len(here) < len("/a/"):
        return error.message
    return error.message.replace(here, "").replace(f"'{here[1:]}", "'")


def _excerpt(location: Location) -> str:
    """Three lines of the source with a caret; nothing where they can't be had or might hold a secret."""
    lines = _source(_on_disk(location.file)) if location.line else []
    if not 0 < location.line <= len(lines) or _is_secret(lines, location):
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


def _source(path: str) -> Sequence[str]:
    """The lines of a regular file of bearable size, none for anything else."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        with open(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_SOURCE:
                return []
            return stream.read(LARGEST_SOURCE).decode("utf-8", "replace").rstrip("\n").split("\n")
    except (OSError, ValueError):
        return []


def _is_secret(lines: Sequence[str], location: Location) -> bool:
    """Whether the lines around the place may hold a secret's value."""
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


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _has_colour() -> bool:
    return _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _painted(line: str) -> str:
    """A line of a report in colour: its first word, or the caret."""
    for word, paint in (("error:", RED), ("in:", BLUE), ("help:", BLUE)):
        if line.startswith(word):
            return f"{paint}{word}{PLAIN}{line[len(word) :]}"
    head, bar, rest = line.partition(" | ")
    return f"{BLUE}{head}{bar}{PLAIN}{rest}" if bar else line
