"""The ResourcesGenerator, which kustomize does not have: load the resources of all files that match patterns.

One walk through the directories serves all patterns. For each directory it keeps the positions that its path reaches
in each pattern. A directory is entered only if it can lead to a match of a pattern that includes files.
A directory that is reached again with the same positions is not entered again, so links cause no loop. Each matched
file is read once, by its real path.
"""

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
from kmanifest.model.globs import PathPattern, States
from kmanifest.model.resource import Resource
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, Self, Sequence

_CONFIG: Final = RecordShape(
    {"apiVersion": STRING, "kind": STRING, "metadata": ANY, "resources": STRINGS}
)
_MAX_COMPARED_NAMES: Final = 2_000  # names that are compared with a pattern without a match

# By the index of the pattern, without the patterns that can no longer match.
PatternPositions = Mapping[int, States]


class _Pattern(NamedTuple):
    """One entry of `resources`: it includes files or, after a `!`, excludes them."""

    text: str
    path: PathPattern
    includes: bool

    @classmethod
    def of(cls, entry: str) -> Self:
        """Return the pattern of an entry.

        Raises SourceError if it can match nothing in or below the directory.
        """
        text = entry.removeprefix("!").removeprefix("./")
        steps = text.split("/")
        if text.startswith("/") or ".." in steps:
            rule = "a pattern must match files in or below the directory of the kustomization"
            raise SourceError(f"security; {rule}: {entry!r}")
        if "" in steps or "." in steps:
            raise SourceError(f"a pattern can't have an empty step or the step '.': {entry!r}")
        return cls(text, PathPattern.parse(text), not entry.startswith("!"))


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources of all files that the config's patterns include, in the order of the paths.

    As in a .gitignore, the last pattern that matches a file decides whether the file is included.
    Raises MissingError if a pattern includes, or excludes, no file. Raises RenderError if two resources have one id.
    """
    resources: list[Resource] = []
    for file in sorted(_walk(ctx, config).included):
        resources += resource_files.parse(ctx, ctx.read_resolved(file), file)
    _check_unique(resources)
    return resources


def files_of(ctx: Context, config: Resource) -> list[str]:
    """Return the real paths of all files that a pattern matches, also of excluded ones."""
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
    """Raise RenderError at the second of two resources with one id."""
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
    """A walk through the files and directories in and below the kustomization's directory that patterns can match.

    `included` and `matched` are real paths of files; `matched` also has the excluded ones. Kustomizations, and
    `config_file`, which contains the config, are never in them.
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
        """Find the files.

        Raises MissingError for the first pattern that has no effect.
        """
        entered = set()
        start = {index: pattern.path.start_states() for index, pattern in enumerate(self._patterns)}
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
        """Record one entry of a directory if the patterns can match it."""
        limit = self._ctx.options.limits.max_documents
        if len(self._seen_names) >= limit:
            raise LimitError(
                f"more than {limit} names to compare with the patterns (max_documents)"
            )
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
        """Return the positions after one more name; none if no pattern that includes files can still match."""
        advanced: dict[int, States] = {}
        if "/" in name or name in (".", ".."):  # only a Git commit can have such names
            return advanced
        for index, pattern_positions in positions.items():
            if next_positions := self._patterns[index].path.advance(
                pattern_positions, name, is_followed=is_followed
            ):
                advanced[index] = next_positions
        return advanced if any(self._patterns[index].includes for index in advanced) else {}

    def _first_including(self, positions: PatternPositions) -> int:
        return next(index for index in positions if self._patterns[index].includes)

    def _is_match(self, positions: PatternPositions) -> bool:
        return any(
            self._patterns[index].path.accepts(pattern_positions)
            for index, pattern_positions in positions.items()
        )

    def _resolve_link(self, path: str, *, is_match: bool) -> tuple[str, Kind | None]:
        """Return the real path and the kind of a link.

        A link to nothing is an error only if the link itself is a match.
        """
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
        """Decide whether a file is included, and record which patterns had an effect."""
        is_included = False
        for index, pattern_positions in positions.items():
            pattern = self._patterns[index]
            if pattern.path.accepts(pattern_positions) and (is_included or pattern.includes):
                self._used_patterns.add(index)
                is_included = pattern.includes
                self.matched.add(file)
        if is_included:
            self.included.add(file)

    def _unused_error(self, index: int) -> KmanifestError:
        """Return the error for a pattern without effect."""
        pattern, field = self._patterns[index], ("resources", index)
        if not pattern.includes:
            message = f"{pattern.text!r} excludes none of the files that the patterns above include"
            return MissingError(message, near=self._near_names(pattern)).within(field=field)
        if pattern.text in self._seen_names:
            message = f"{pattern.text!r} is a directory, a kustomization or this config, not a file of resources"
            return SourceError(message).within(field=field)
        message = f"no file matches {pattern.text!r}"
        return MissingError(message, near=self._near_names(pattern)).within(field=field)

    def _near_names(self, pattern: _Pattern) -> list[str]:
        names = [name for name in self._seen_names[:_MAX_COMPARED_NAMES] if name != pattern.text]
        return near_names(pattern.text, names)
