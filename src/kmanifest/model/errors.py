"""One hierarchy of errors, each with one cause and the place where it was written.

The lowest level knows what is wrong; each level above it adds its part of the place with `within`.
Texts are one line. Nothing here knows how a terminal shows them (that is `cli.report`).
"""

from collections.abc import Iterable, Sequence

from kmanifest.startup.typing import NamedTuple, Self

FieldPath = tuple[str | int, ...]


class Location(NamedTuple):
    """A place in a source file; lines and columns count from 1, 0 where they are not known.

    `document` is the index of the YAML document, None where the file is not read as such.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    field: FieldPath = ()
    document: int | None = None

    def __str__(self) -> str:
        numbers = "".join(f":{number}" for number in (self.line, self.column) if number)
        return self.file + numbers


class KmanifestError(Exception):
    """The root of everything that a public call raises.

    `message` is the cause in one line, `location` the place, `near` the known names nearest to one that was
    not found, `trail` the directories through which the build went, outermost first, and `causes` holds
    the single errors where several independent ones came together.
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
        """This error with the parts of the place that were not known below; a known file is never replaced."""
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

    def at(self, location: Location) -> Self:
        """This error at another place."""
        return type(self)(
            self.message, location=location, near=self.near, trail=self.trail, causes=self.causes
        )


class SourceError(KmanifestError):
    """What was written is wrong: a file that does not parse, a field of the wrong type, a path out of bounds."""


class MissingError(KmanifestError):
    """Something that is named is not there; `near` holds the names that are."""


class FetchError(KmanifestError):
    """Something remote could not be fetched."""


class RenderError(KmanifestError):
    """The sources are well formed, yet the build can't be carried out."""


class LimitError(RenderError):
    """A bound of `Limits` was reached; the message names the bound and its key."""


class PluginError(KmanifestError):
    """A plug-in failed or broke its protocol."""


class FindingsError(KmanifestError):
    """Findings of severity error; `causes` holds one error each."""


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
    """`("patches", 0, "target")` as `patches.0.target`; a step with a dot in it is put in brackets."""
    return ".".join(f"[{step}]" if "." in str(step) else str(step) for step in field)


def one_line(text: str) -> str:
    """`text` with what would break a line, or steer a terminal, escaped."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def near_names(wanted: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known names most like `wanted`, nearest first; none where nothing is like it."""
    from difflib import get_close_matches  # 9 ms, and only where an error is on its way

    return get_close_matches(wanted, sorted(set(known)), n=most, cutoff=0.6)
