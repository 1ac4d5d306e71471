"""Errors of programs: as the command `jsonnet` prints them, and as errors of a build.

Source: go-jsonnet v0.22.0 error_formatter.go.
"""

from collections.abc import Callable, Sequence

from kmanifest.engines.jsonnet.programs import Failure, Frame, Outcome
from kmanifest.model.errors import KmanifestError, LimitError, Location, RenderError, SourceError


def format_failure(failure: Failure, max_trace: int, source_line: Callable[[Frame], str]) -> str:
    """Return an error as `jsonnet` prints it: the message, then the stack trace or the line of the source."""
    if failure.kind == "static":
        location = format_location(failure.frames[0]) if failure.frames else ""
        line = source_line(failure.frames[0]) if failure.frames else ""
        return f"{location} {failure.message}\n\n{line}\n\n\n".lstrip()
    frames = "".join(
        _crop([f"\t{format_location(each)}\t{each.name}\n" for each in failure.frames], max_trace)
    )
    return f"RUNTIME ERROR: {failure.message}\n{frames}\n"


def _crop(lines: Sequence[str], max_trace: int) -> list[str]:
    above = max_trace // 2
    below = max_trace - above
    if not max_trace or len(lines) <= max_trace:
        return list(lines)
    return [*lines[:above], "\t...\n", *lines[len(lines) - below :]]


def format_location(frame: Frame) -> str:
    """Return the location of a frame as go-jsonnet prints it (ast/location.go, LocationRange.String)."""
    file, line, column, last_line, last_column, _ = frame
    if not line:
        return file
    if line != last_line:
        return f"{file}:({line}:{column})-({last_line}:{last_column})"
    if column == last_column:
        return f"{file}:{line}:{column}"
    return f"{file}:{line}:{column}-{last_column}"


def raise_failure(outcome: Outcome, locate: Callable[[str], str], path: str) -> None:
    """Raise the error of a failed evaluation, in one line.

    `locate` returns the path in the tree for a path of a frame. `path` is that of the file, if no frame is known.
    """
    failure = outcome.failure
    if failure is None:
        return
    location = next((each for each in failure.frames if each.line), None)
    where = Location(path)
    if location is not None:
        where = Location(locate(location.file), location.line, location.column)
    if isinstance(outcome.cause, KmanifestError):
        raise outcome.cause.within(
            file=where.file, line=where.line, column=where.column
        ) from outcome.cause
    error_type: type[KmanifestError] = RenderError
    if failure.kind == "static":
        error_type = SourceError
    elif failure.kind == "limit":
        error_type = LimitError
    raise error_type(failure.message, location=where) from outcome.cause
