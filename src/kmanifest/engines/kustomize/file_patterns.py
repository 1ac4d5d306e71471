"""The ResourcesGenerator, which kustomize does not have: the resources of all files that patterns mean.

One walk serves all patterns. A directory is entered with the places that its path leads to in each of them, and only where it
leads somewhere in one that takes files in; a directory that is reached again with the same places is not entered again,
so no links lead in circles. What is read are the files that were found, each once, by the paths that they really have.
"""

from collections.abc import Mapping, Sequence

from kmanifest.engines.kustomize import resource_files
from kmanifest.engines.kustomize.decoding import (
    ANY,
    CONFIGURATION,
    STRING,
    STRINGS,
    RecordShape,
    decode,
)
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
from kmanifest.model.globs import PathPattern, Places
from kmanifest.model.resource import Resource
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

_CONFIG: Final = RecordShape(
    {"apiVersion": STRING, "kind": STRING, "metadata": ANY, "resources": STRINGS}
)
_MAX_COMPARED_NAMES: Final = 2_000  # names that are looked through for one like a pattern

# by the number of the pattern; those that lead nowhere are left out
PatternPositions = Mapping[int, Places]


class _Pattern(NamedTuple):
    """One entry of `resources`: files to be taken in or, behind a `!`, left out."""

    text: str
    path: PathPattern
    includes: bool

    @classmethod
    def of(cls, entry: str) -> Self:
        """The pattern of an entry; SourceError for one that means nothing in or below the directory."""
        text = entry.removeprefix("!").removeprefix("./")
        steps = text.split("/")
        if text.startswith("/") or ".." in steps:
            rule = "a pattern is for files in or below the directory of the kustomization"
            raise SourceError(f"security; {rule}: {entry!r}")
        if "" in steps or "." in steps:
            raise SourceError(f"a pattern is for the paths of files: {entry!r}")
        return cls(text, PathPattern.of(text), not entry.startswith("!"))


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """The resources of all files that the patterns of the config mean, in the order of the paths.

    Of the patterns that fit a file the last one tells whether it is meant, as in a .gitignore. MissingError for a pattern that
    takes in, or leaves out, no file; RenderError where two resources have one id.
    """
    resources: list[Resource] = []
    for file in sorted(_walk(ctx, config).included):
        resources += resource_files.parse(ctx, ctx.read_resolved(file), file)
    _check_unique(resources)
    return resources


def files_of(ctx: Context, config: Resource) -> list[str]:
    """The real paths of all files that the patterns of the config are for, those that are left out with them."""
    return sorted(_walk(ctx, config).matched)


def _walk(ctx: Context, config: Resource) -> "_DirectoryWalk":
    entries = decode(config.body, _CONFIG, CONFIGURATION).get("resources", ())
    patterns = [_parse_pattern(index, entry) for index, entry in enumerate(entries)]
    walk = _DirectoryWalk(ctx, patterns, config.origin.file)
    walk.run()
    return walk


def _parse_pattern(index: int, entry: str) -> _Pattern:
    try:
        return _Pattern.of(entry)
    except SourceError as error:
        raise error.within(field=("resources", index)) from None


def _check_unique(resources: Sequence[Resource]) -> None:
    """RenderError at the second of two resources with one id."""
    keys: set[Any] = set()
    for resource in resources:
        if resource.key in keys:
            file, document = resource.origin.file, resource.origin.document
            message = f"{resource.id} is in the files of one generator twice"
            raise RenderError(message).within(
                file=file, document=document, field=("metadata", "name")
            )
        keys.add(resource.key)


class _DirectoryWalk:
    """A walk over what patterns lead to in and below the directory of the kustomization.

    `included` are the real paths of the files that are meant, `matched` also those that are left out; kustomizations and `config_file`, which holds the config, never are.
    """

    def __init__(self, ctx: Context, patterns: Sequence[_Pattern], config_file: str) -> None:
        self.included: set[str] = set()
        self.matched: set[str] = set()
        self._ctx = ctx
        self._patterns = patterns
        self._config_file = config_file
        self._used_patterns: set[int] = set()
        self._seen_names: list[str] = []
        self._pending: list[tuple[str, str, PatternPositions]] = []

    def run(self) -> None:
        """Find the files; MissingError for the first pattern that is for none."""
        entered = set()
        start = {index: pattern.path.start() for index, pattern in enumerate(self._patterns)}
        self._pending = [(self._ctx.directory, "", start)]
        while self._pending:
            directory, prefix, positions = self._pending.pop()
            key = (directory, tuple(positions.items()))
            if key in entered:
                continue
            entered.add(key)
            if self._ctx.meter is not None:
                self._ctx.meter.check_time()
            for name in self._ctx.tree.list(directory):
                self._visit_entry(directory, prefix + name, name, positions)
        for index in range(len(self._patterns)):
            if index not in self._used_patterns:
                raise self._unused_error(index)

    def _visit_entry(
        self, directory: str, path: str, name: str, positions: PatternPositions
    ) -> None:
        """Note one entry of a directory, if the patterns lead to it."""
        limit = self._ctx.options.limits.max_documents
        if len(self._seen_names) >= limit:
            raise LimitError(f"the patterns lead to more than {limit} names (max_documents)")
        self._seen_names.append(path)
        advanced = self._advance(positions, name)
        if not advanced:
            return
        real = f"{directory}/{name}" if directory else name
        kind = self._ctx.tree.kind(real)
        if kind is None:
            inner = self._advance(positions, name, is_followed=False)
            if not inner and not self._is_match(advanced):
                return
            try:
                real, kind = self._resolve_link(path, is_match=self._is_match(advanced))
            except KmanifestError as error:
                raise error.within(field=("resources", self._first_including(advanced))) from error
            advanced = inner if kind == "dir" else advanced
        if kind == "dir" and advanced:
            self._pending.append((real, f"{path}/", advanced))
        elif (
            kind == "file"
            and real != self._config_file
            and real.rpartition("/")[2] not in FILE_NAMES
        ):
            self._classify_file(real, advanced)

    def _advance(
        self, positions: PatternPositions, name: str, *, is_followed: bool = True
    ) -> PatternPositions:
        """Where the patterns lead with one more name: nowhere, if no pattern leads on that takes files in."""
        advanced: dict[int, Places] = {}
        if "/" in name or name in (".", ".."):  # which only a commit may hold
            return advanced
        for index, pattern_positions in positions.items():
            if next_positions := self._patterns[index].path.after(
                pattern_positions, name, is_followed=is_followed
            ):
                advanced[index] = next_positions
        return advanced if any(self._patterns[index].includes for index in advanced) else {}

    def _first_including(self, positions: PatternPositions) -> int:
        return next(index for index in positions if self._patterns[index].includes)

    def _is_match(self, positions: PatternPositions) -> bool:
        return any(
            self._patterns[index].path.fits(pattern_positions)
            for index, pattern_positions in positions.items()
        )

    def _resolve_link(self, path: str, *, is_match: bool) -> tuple[str, Kind | None]:
        """Where a link leads and what is there; one to nothing is an error only if it is meant itself."""
        try:
            real = self._ctx.locate(path)
        except MissingError:
            if is_match:
                raise
            return "", None
        kind = self._ctx.tree.kind(real)
        if kind is None and is_match:
            raise SourceError(f"{path!r} is neither a file nor a directory")
        return real, kind

    def _classify_file(self, file: str, positions: PatternPositions) -> None:
        """Note a file if it is meant, and which patterns are of use for that."""
        is_included = False
        for index, pattern_positions in positions.items():
            pattern = self._patterns[index]
            if pattern.path.fits(pattern_positions) and (is_included or pattern.includes):
                self._used_patterns.add(index)
                is_included = pattern.includes
                self.matched.add(file)
        if is_included:
            self.included.add(file)

    def _unused_error(self, index: int) -> KmanifestError:
        """The error of a pattern that is for no file."""
        pattern, field = self._patterns[index], ("resources", index)
        if not pattern.includes:
            message = f"no file that the patterns above take in fits {pattern.text!r}"
            return MissingError(message, near=self._near_names(pattern)).within(field=field)
        if pattern.text in self._seen_names:
            message = f"{pattern.text!r} is a directory, a kustomization or this config: no file of resources"
            return SourceError(message).within(field=field)
        message = f"no file fits {pattern.text!r}"
        return MissingError(message, near=self._near_names(pattern)).within(field=field)

    def _near_names(self, pattern: _Pattern) -> list[str]:
        names = [name for name in self._seen_names[:_MAX_COMPARED_NAMES] if name != pattern.text]
        return near_names(pattern.text, names)
