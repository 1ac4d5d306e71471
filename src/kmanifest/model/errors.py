"""The hierarchy of errors. Each error has one message and a location in a source file.

The lowest level knows the problem. Each level above adds its part of the location with `within`.
Messages have one line. `cli.report` formats them for a terminal.
"""

from collections.abc import Callable, Iterable, Sequence

from kmanifest.startup.typing import NamedTuple, Self

FieldPath = tuple[str | int, ...]


class Location(NamedTuple):
    """A location in a source file.

    `line` and `column` count from 1; 0 means unknown. `document` is the index of the YAML document in the file, or
    None if the file is not read as YAML documents.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    field: FieldPath = ()
    document: int | None = None

    def __str__(self) -> str:
        numbers = "".join(f":{number}" for number in (self.line, self.column) if number)
        return self.file + numbers


Locate = Callable[[FieldPath], Location | None]
"""Returns where the value at a path was set; None if that is not known."""


class KmanifestError(Exception):
    """Base class of all errors that a public call raises.

    `message`: the problem, in one line. `near`: the known names nearest to a name that was not found. `trail`: the
    directories that the build had entered, outermost first. `causes`: the single errors, if several independent errors
    are reported together.
    """

    def __init__(
        self,
        message: str,
        *,
        location: Location = Location(),
        near: Iterable[str] = (),
        trail: Iterable[str] = (),
        causes: Iterable["KmanifestError"] = (),
    ) -> None:
        if "://" in message and "@" in message:
            # Messages mask URLs when they are written. This is for URLs in paths, values and texts of templates.
            from kmanifest.model.url_masking import mask_logins

            message = mask_logins(message)
        super().__init__(message)
        self.message = message
        self.location = location
        self.near = tuple(near)
        self.trail = tuple(trail)
        self.causes = tuple(causes)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (
            type(self),
            self.message,
            self.location,
            self.near,
            self.trail,
            self.causes,
        )

    def __str__(self) -> str:
        location = str(self.location)
        field = format_field(self.location.field)
        suggestion = f" (did you mean {' or '.join(self.near)}?)" if self.near else ""
        return one_line(
            "".join(
                [
                    f"{location}: " if location else "",
                    f"{field}: " if field else "",
                    self.message,
                    suggestion,
                ]
            )
        )

    def within(
        self,
        *,
        file: str = "",
        field: Sequence[str | int] = (),
        line: int = 0,
        column: int = 0,
        document: int | None = None,
        directory: str = "",
    ) -> Self:
        """Return a copy with the parts of the location that this error does not know yet.

        A known file is never replaced. `field` is put in front of the known field, `directory` in front of the trail.
        """
        known = self.location
        if known.file and file and known.file != file:
            field, line, column = (), 0, 0
        location = Location(
            known.file or file,
            known.line or line,
            known.column or (0 if known.line else column),
            (*field, *known.field),
            document if known.document is None else known.document,
        )
        trail = (directory, *self.trail) if directory else self.trail
        return type(self)(
            self.message, location=location, near=self.near, trail=trail, causes=self.causes
        )

    def copy(self) -> Self:
        """Return a copy. An error is raised from another one, never from itself: its causes would have no end."""
        return self.at(self.location)

    def at(self, location: Location) -> Self:
        """Return a copy with another location."""
        return type(self)(
            self.message, location=location, near=self.near, trail=self.trail, causes=self.causes
        )


class SourceError(KmanifestError):
    """Invalid input: a file that can't be parsed, a field of the wrong type, a path that is not allowed."""


class MissingError(KmanifestError):
    """Something with this name does not exist. `near` lists similar names that exist."""


class FetchError(KmanifestError):
    """A download failed."""


class RenderError(KmanifestError):
    """The input is well formed, but the build can't apply it."""


class LimitError(RenderError):
    """A limit of `Limits` is exceeded. The message contains the limit and the name of its field."""


class PluginError(KmanifestError):
    """A plug-in failed or returned an invalid result."""


class FindingsError(KmanifestError):
    """A strict build has findings that count as errors. `causes` has one error for each finding."""


def _restore(
    error_type: type[KmanifestError],
    message: str,
    location: Location,
    near: tuple[str, ...],
    trail: tuple[str, ...],
    causes: tuple[KmanifestError, ...],
) -> KmanifestError:
    return error_type(message, location=location, near=near, trail=trail, causes=causes)


def format_field(field: Iterable[str | int]) -> str:
    """Return a field path as text: `("patches", 0, "target")` is `patches.0.target`.

    A step that contains a dot is put in brackets.
    """
    return ".".join(f"[{step}]" if "." in str(step) else str(step) for step in field)


def one_line(text: str) -> str:
    """Return the text with line breaks and other unprintable characters escaped.

    Such characters could also control a terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def near_names(name: str, candidates: Iterable[str], *, most: int = 3) -> list[str]:
    """Return at most `most` candidates that are similar to the name, nearest first."""
    from difflib import get_close_matches  # takes 9 ms; needed for errors only

    return get_close_matches(name, sorted(set(candidates)), n=most, cutoff=0.6)
