"""The hierarchy of errors. Each error has one message and a location in a source file.

The lowest level knows the problem. Each level above adds its part of the location with `within`.
Messages have one line. `cli.report` formats them for a terminal.
"""

from kmanifest.startup.typing import Any, Callable, Final, Iterable, NamedTuple, Self, Sequence

FieldPath = tuple[str | int, ...]


class Location(NamedTuple):
    """A location in a source file.

    `file`: the path, or the URL without a password; a flag such as `--set` for a value of a chart. `line`, `column`:
    counted from 1; 0 means unknown. `field`: the keys and list indexes that lead to a field. `document`: the index of
    the YAML document in the file, or None if the file is not read as YAML documents.

    >>> from kmanifest import Location
    >>> location = Location("app/kustomization.yaml", 3, 9, ("images", 0, "name"))
    >>> print(location, location.field)
    app/kustomization.yaml:3:9 ('images', 0, 'name')
    """

    file: str = ""
    line: int = 0
    column: int = 0
    field: FieldPath = ()
    document: int | None = None

    def __str__(self) -> str:
        numbers = "".join(f":{number}" for number in (self.line, self.column) if number)
        return self.file + numbers

    def as_dict(self) -> dict[str, Any]:
        """Return file, line, column and field as plain values. The field is a list of keys and list indexes."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "field": [step if step.__class__ is int else str(step) for step in self.field],
        }


Locate = Callable[[FieldPath], Location | None]
"""Returns where the value at a path was set; None if that is not known."""


class KmanifestError(Exception):
    """Base class of all errors that a public call raises.

    `message`: the problem, in one line. `near`: the known names nearest to a name that was not found. `trail`: the
    directories that the build had entered, outermost first. `causes`: the single errors, if several independent errors
    are reported together. `code`: the kind of error, for programs; subclasses have codes of their own.

    >>> from kmanifest import KmanifestError, build
    >>> try:
    ...     build(tree={"kustomization.yaml": "resources: [ap.yaml]", "app.yaml": ""})
    ... except KmanifestError as error:
    ...     print(error.code, error.location, error.near)
    ...     print(error)
    missing-error kustomization.yaml:1:13 ('app.yaml',)
    kustomization.yaml:1:13: resources.0: no such file or directory: 'ap.yaml' (did you mean app.yaml?)
    """

    code = "error"

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
            # Messages mask URLs when they are written. This is for URLs in paths, values and template output.
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

    def as_dict(self) -> dict[str, Any]:
        """Return the error as a dictionary of plain values, which JSON can represent.

        The keys are those of `Finding.as_dict`, and `trail`. `causes` are such dictionaries as well.
        """
        return {
            "code": self.code,
            "message": self.message,
            "severity": "error",
            **self.location.as_dict(),
            "near": list(self.near),
            "causes": [cause.as_dict() for cause in self.causes],
            "trail": list(self.trail),
        }

    def copy(self) -> Self:
        """Return a copy. An error is raised from another one, never from itself: its causes would have no end."""
        return self.at(self.location)

    def at(self, location: Location) -> Self:
        """Return a copy with another location."""
        return type(self)(
            self.message, location=location, near=self.near, trail=self.trail, causes=self.causes
        )


class SourceError(KmanifestError):
    """Invalid input: a file that can't be parsed, a field of the wrong type, a path that is not allowed.

    >>> from kmanifest import build
    >>> build(tree={"kustomization.yaml": "namePrefix: [a]"})
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.SourceError: kustomization.yaml:1:1: namePrefix: expected a string, got list
    """

    code = "source-error"


class MissingError(KmanifestError):
    """Something with this name does not exist. `near` lists similar names that exist.

    >>> from kmanifest import build
    >>> build("ap", tree={"app/kustomization.yaml": ""})
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.MissingError: ap: no such file or directory: 'ap'
    """

    code = "missing-error"


class FetchError(KmanifestError):
    """A download failed.

    >>> from kmanifest import FetchError, Options, RemoteOptions, build
    >>> options = Options(allow_remote=True, remote=RemoteOptions(offline=True))
    >>> try:
    ...     build(tree={"kustomization.yaml": "resources: ['https://example.com/a.yaml']"}, options=options)
    ... except FetchError as error:
    ...     print(error.message)
    https://example.com/a.yaml: it is not in the store, and nothing is fetched (offline)
    """

    code = "fetch-error"


class RenderError(KmanifestError):
    """The input is well formed, but the build can't apply it.

    >>> from kmanifest import RenderError, build
    >>> files = {"kustomization.yaml": "resources: [a.yaml, a.yaml]", "a.yaml": "{kind: Job, metadata: {name: a}}"}
    >>> try:
    ...     build(tree=files)
    ... except RenderError as error:
    ...     print(error)
    a.yaml:1:24: metadata.name: may not add Job/a: the id is already registered in a.yaml
    """

    code = "render-error"


class LimitError(RenderError):
    """A limit of `Limits` is exceeded. The message contains the limit and the name of its field.

    >>> from kmanifest import LimitError, Limits, Options, build
    >>> try:
    ...     build(tree={"kustomization.yaml": "namePrefix: p-"}, options=Options(limits=Limits(max_total_input=10)))
    ... except LimitError as error:
    ...     print(error.message)
    more than 10 bytes of input (max_total_input)
    """

    code = "limit-error"


class CancelledError(LimitError):
    """The caller's `cancel` event is set.

    It is a LimitError, as it ends a build at the same points and in the same way as the deadline.

    >>> import threading
    >>> from kmanifest import CancelledError, build
    >>> event = threading.Event()
    >>> event.set()  # usually by another thread, while the build runs
    >>> try:
    ...     build(tree={"kustomization.yaml": "namePrefix: p-"}, cancel=event)
    ... except CancelledError as error:
    ...     print(error.message)
    cancelled by the caller
    """

    code = "cancelled"


class PluginError(KmanifestError):
    """A plug-in failed or returned an invalid result.

    >>> from kmanifest import Plugin, PluginError, build, default_registry
    >>> def transform(ctx, config, resources):
    ...     return resources[0].body["metadata"]
    >>> registry = default_registry().with_plugins([Plugin("transformer", "acme.io/v1/Bad", transform)])
    >>> files = {"kustomization.yaml": "transformers: [t.yaml]", "t.yaml": "{apiVersion: acme.io/v1, kind: Bad, metadata: {name: t}}"}
    >>> try:
    ...     build(tree=files, registry=registry)
    ... except PluginError as error:
    ...     print(error)
    t.yaml:1:1: acme.io/v1/Bad: IndexError: tuple index out of range
    """

    code = "plugin-error"


class FindingsError(KmanifestError):
    """A strict build has findings that count as errors. `causes` has one error for each finding.

    >>> from kmanifest import FindingsError, Options, build
    >>> files = {
    ...     "kustomization.yaml": "{resources: [a.yaml], images: [{name: web, newTag: '2'}, {name: api, newTag: '2'}]}",
    ...     "a.yaml": "{kind: Job, metadata: {name: a}}",
    ... }
    >>> try:
    ...     build(tree=files, options=Options(strict=True))
    ... except FindingsError as error:
    ...     print([str(cause.location) for cause in error.causes])
    ['kustomization.yaml:1:33', 'kustomization.yaml:1:59']
    """

    code = "findings-error"


class InternalError(KmanifestError):
    """The machine or a library failed in a way that kmanifest did not expect. `__cause__` is the original exception.

    Examples are a full disk for temporary files, or a damaged installation.

    >>> from kmanifest import InternalError, MemoryTree, build
    >>> class BrokenDisk(MemoryTree):
    ...     def read(self, path, *, limit):
    ...         raise OSError("input/output error")
    >>> try:
    ...     build(tree=BrokenDisk({"kustomization.yaml": "namePrefix: p-"}))
    ... except InternalError as error:
    ...     print(error.message)
    internal error: OSError: input/output error
    """

    code = "internal-error"


def internal_error(error: Exception) -> InternalError:
    """Return the error for an unexpected exception, in one line."""
    problem = " ".join(str(error).split())
    return InternalError(f"internal error: {type(error).__name__}: {problem}")


UNEXPECTED: Final = (OSError, UnicodeError, LookupError)
"""Exceptions that the public functions turn into an InternalError, so a caller only needs to handle KmanifestError."""


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
