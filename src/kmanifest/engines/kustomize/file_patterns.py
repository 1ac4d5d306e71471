"""The ResourcesGenerator, which kustomize does not have: the resources of all files that patterns mean.

One walk serves all patterns. A directory is entered with the places that its path leads to in each of them, and only where it
leads somewhere in one that takes files in; a directory that is reached again with the same places is not entered again,
so no links lead in circles. What is read are the files that were found, each once, by the paths that they really have.
"""

from collections.abc import Mapping, Sequence

from kmanifest.engines.kustomize import resource_files as loading
from kmanifest.engines.kustomize.decoding import CONFIGURATION, TEXTS, Record, fit
from kmanifest.engines.kustomize.kustomization import FILE_NAMES
from kmanifest.io.tree import Kind
from kmanifest.model.errors import (
    KmanifestError,
    LimitError,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.model.globs import PathPattern, States
from kmanifest.model.resource import Resource
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

_CONFIG: Final = Record(
    {"apiVersion": "text", "kind": "text", "metadata": "any", "resources": TEXTS}
)
_MOST_COMPARED: Final = 2_000  # names that are looked through for one like a pattern

Leads = Mapping[int, States]  # by the number of the pattern; those that lead nowhere are left out


class _Pattern(NamedTuple):
    """One entry of `resources`: files to be taken in or, behind a `!`, left out."""

    text: str
    path: PathPattern
    takes_in: bool

    @classmethod
    def of(cls, written: str) -> Self:
        """The pattern of an entry; SourceError for one that means nothing in or below the directory."""
        text = written.removeprefix("!").removeprefix("./")
        steps = text.split("/")
        if text.startswith("/") or ".." in steps:
            rule = "a pattern is for files in or below the directory of the kustomization"
            raise SourceError(f"security; {rule}: {written!r}")
        if "" in steps or "." in steps:
            raise SourceError(f"a pattern is for the paths of files: {written!r}")
        return cls(text, PathPattern.parse(text), not written.startswith("!"))


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """The resources of all files that the patterns of the config mean, in the order of the paths.

    Of the patterns that fit a file the last one tells whether it is meant, as in a .gitignore. MissingError for a pattern that
    takes in, or leaves out, no file; RenderError where two resources have one id.
    """
    found: list[Resource] = []
    for file in sorted(_walked(ctx, config).files):
        found += loading.parse(ctx, ctx.read_resolved(file), file)
    _check_unique(found)
    return found


def files_of(ctx: Context, config: Resource) -> list[str]:
    """The real paths of all files that the patterns of the config are for, those that are left out with them."""
    return sorted(_walked(ctx, config).fitting)


def _walked(ctx: Context, config: Resource) -> "_Walk":
    written = fit(config.body, _CONFIG, CONFIGURATION).get("resources", ())
    patterns = [_pattern(index, text) for index, text in enumerate(written)]
    walk = _Walk(ctx, patterns, config.origin.file)
    walk.run()
    return walk


def _pattern(index: int, written: str) -> _Pattern:
    try:
        return _Pattern.of(written)
    except SourceError as error:
        raise error.within(field=("resources", index)) from None


def _check_unique(resources: Sequence[Resource]) -> None:
    """RenderError at the second of two resources with one id."""
    seen: set[Any] = set()
    for resource in resources:
        if resource.key in seen:
            file, document = resource.origin.file, resource.origin.document
            message = f"{resource.id} is in the files of one generator twice"
            raise RenderError(message).within(
                file=file, document=document, field=("metadata", "name")
            )
        seen.add(resource.key)


class _Walk:
    """A walk over what patterns lead to in and below the directory of the kustomization.

    `files` are the real paths of the files that are meant, `fitting` also those that are left out; kustomizations and `own_file`, which holds the config, never are.
    """

    def __init__(self, ctx: Context, patterns: Sequence[_Pattern], own_file: str) -> None:
        self.files: set[str] = set()
        self.fitting: set[str] = set()
        self._ctx = ctx
        self._patterns = patterns
        self._own_file = own_file
        self._used: set[int] = set()
        self._seen: list[str] = []
        self._waiting: list[tuple[str, str, Leads]] = []

    def run(self) -> None:
        """Find the files; MissingError for the first pattern that is for none."""
        entered = set()
        start = {index: pattern.path.start_states() for index, pattern in enumerate(self._patterns)}
        self._waiting = [(self._ctx.directory, "", start)]
        while self._waiting:
            directory, prefix, leads = self._waiting.pop()
            key = (directory, tuple(leads.items()))
            if key in entered:
                continue
            entered.add(key)
            if self._ctx.meter is not None:
                self._ctx.meter.check_time()
            for name in self._ctx.tree.list(directory):
                self._look(directory, prefix + name, name, leads)
        for index in range(len(self._patterns)):
            if index not in self._used:
                raise self._unused(index)

    def _look(self, directory: str, written: str, name: str, leads: Leads) -> None:
        """Note one entry of a directory, if the patterns lead to it."""
        most = self._ctx.options.limits.max_documents
        if len(self._seen) >= most:
            raise LimitError(f"the patterns lead to more than {most} names (max_documents)")
        self._seen.append(written)
        here = self._after(leads, name)
        if not here:
            return
        real = f"{directory}/{name}" if directory else name
        kind = self._ctx.tree.kind(real)
        if kind is None:
            inside = self._after(leads, name, is_followed=False)
            if not inside and not self._fits(here):
                return
            try:
                real, kind = self._behind_link(written, is_meant=self._fits(here))
            except KmanifestError as error:
                raise error.within(field=("resources", self._first(here))) from error
            here = inside if kind == "dir" else here
        if kind == "dir" and here:
            self._waiting.append((real, f"{written}/", here))
        elif (
            kind == "file" and real != self._own_file and real.rpartition("/")[2] not in FILE_NAMES
        ):
            self._judge(real, here)

    def _after(self, leads: Leads, name: str, *, is_followed: bool = True) -> Leads:
        """Where the patterns lead with one more name: nowhere, if no pattern leads on that takes files in."""
        found: dict[int, States] = {}
        if "/" in name or name in (".", ".."):  # which only a commit may hold
            return found
        for index, places in leads.items():
            if after := self._patterns[index].path.advance(places, name, is_followed=is_followed):
                found[index] = after
        return found if any(self._patterns[index].takes_in for index in found) else {}

    def _first(self, here: Leads) -> int:
        return next(index for index in here if self._patterns[index].takes_in)

    def _fits(self, here: Leads) -> bool:
        return any(self._patterns[index].path.accepts(places) for index, places in here.items())

    def _behind_link(self, written: str, *, is_meant: bool) -> tuple[str, Kind | None]:
        """Where a link leads and what is there; one to nothing is an error only if it is meant itself."""
        try:
            real = self._ctx.locate(written)
        except MissingError:
            if is_meant:
                raise
            return "", None
        kind = self._ctx.tree.kind(real)
        if kind is None and is_meant:
            raise SourceError(f"{written!r} is neither a file nor a directory")
        return real, kind

    def _judge(self, file: str, here: Leads) -> None:
        """Note a file if it is meant, and which patterns are of use for that."""
        is_meant = False
        for index, places in here.items():
            pattern = self._patterns[index]
            if pattern.path.accepts(places) and (is_meant or pattern.takes_in):
                self._used.add(index)
                is_meant = pattern.takes_in
                self.fitting.add(file)
        if is_meant:
            self.files.add(file)

    def _unused(self, index: int) -> KmanifestError:
        """The error of a pattern that is for no file."""
        pattern, field = self._patterns[index], ("resources", index)
        if not pattern.takes_in:
            message = f"no file that the patterns above take in fits {pattern.text!r}"
            return MissingError(message, near=self._near(pattern)).within(field=field)
        if pattern.text in self._seen:
            message = f"{pattern.text!r} is a directory, a kustomization or this config: no file of resources"
            return SourceError(message).within(field=field)
        message = f"no file fits {pattern.text!r}"
        return MissingError(message, near=self._near(pattern)).within(field=field)

    def _near(self, pattern: _Pattern) -> list[str]:
        known = [name for name in self._seen[:_MOST_COMPARED] if name != pattern.text]
        return near_names(pattern.text, known)
