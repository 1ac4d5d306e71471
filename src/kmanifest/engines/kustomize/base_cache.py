"""Bases that are built once: within a build always, between builds where the caller gives a cache.

What a directory builds is decided by the files that are read for it, by the options, and by the little that flows
down to it: the schema that was declared above, and the trail of `buildMetadata`. Within one build files are taken to stay as they are, so
a directory that is reached again is not built again. Between builds the answers that the tree gave are remembered, and
the result counts as long as the tree still gives the same ones.
"""

from collections.abc import Callable, Hashable, Sequence

from kmanifest.io.tree import RecordingTree, Tree
from kmanifest.model.errors import KmanifestError
from kmanifest.model.findings import Finding
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

TreeRead = tuple[Any, ...]  # what was asked, the path, the answer

_FETCHED: Final = "://"  # among the directories that were passed: something remote was, too


class BaseResult(NamedTuple):
    """What a directory gave, the findings on the way, and the directories that were passed."""

    result: Any
    findings: tuple[Finding, ...]
    directories: frozenset[str]


class CachedBase(NamedTuple):
    """A `BaseResult` that outlives its build, with the answers of the tree on which it rests."""

    result: BaseResult
    reads: tuple[TreeRead, ...]


class KustomizeBuildState:
    """The directories that one build has built, and those that it is building."""

    def __init__(self) -> None:
        self._results: dict[Hashable, BaseResult] = {}
        self._in_progress: list[set[str]] = []
        self._shared: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> BaseResult | None:
        """What was built for this key in this build."""
        return self._results.get(key)

    def keep(self, key: Hashable, result: BaseResult) -> None:
        """Remember what was built; whatever is being built around it has passed the same directories."""
        self._results[key] = result
        for directories in self._in_progress:
            directories.update(result.directories)

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What transformers of this build share under `key`, made when it is first asked for."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def note_fetch(self) -> None:
        """Remember that everything that is being built rests on something remote."""
        for directories in self._in_progress:
            directories.add(_FETCHED)

    def begin_directory(self, directory: str) -> set[str]:
        """Begin to build a directory; the set will hold the directories that are passed until `end_directory`."""
        directories = {directory}
        if _FETCHED in directory:  # remote itself
            directories.add(_FETCHED)
        self._in_progress.append(directories)
        return directories

    def end_directory(self) -> None:
        """End what was begun last."""
        self._in_progress.pop()


def find_base(ctx: Context, key: Hashable, ancestors: Sequence[str]) -> Any:
    """What is known of the directory that `key` stands for, its findings reported again; None where it is to be built.

    `ancestors` are the directories that are being built: what passes through one of them is a cycle, which is found by
    building it. A traced build makes everything anew, as each place has changes of its own.
    """
    state = _state(ctx)
    if state is None:
        return None
    base = state.get(key) or _from_cache(ctx, key)
    if base is None or not base.directories.isdisjoint(ancestors):
        return None
    for finding in base.findings:
        ctx.on_finding(finding)
    state.keep(key, base)
    return base.result


class BaseRecorder:
    """While a directory is built, notes what the result rests on; `keep` ends it well.

    `ctx` is the context to build with. It takes no function to call, because bases may be nested 200 deep, and each
    level has only five frames of Python's stack.
    """

    def __init__(self, ctx: Context, key: Hashable, directory: str) -> None:
        self.ctx = self._outer = ctx
        self._key = key
        self._state = _state(ctx)
        self._findings: list[Finding] = []
        self._reads: list[TreeRead] = []
        if self._state is not None:
            self._directories = self._state.begin_directory(directory)
            self.ctx = ctx._replace(on_finding=self._record_finding)
            if ctx.caches_bases:
                self.ctx = self.ctx._replace(tree=RecordingTree(ctx.tree, self._record_read))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._state is not None:
            self._state.end_directory()

    def keep(self, result: Any) -> None:
        """Remember the result for this build, and for later ones where there is a cache."""
        if self._state is None:
            return
        base_result = BaseResult(result, tuple(self._findings), frozenset(self._directories))
        self._state.keep(self._key, base_result)
        if self._outer.caches_bases and _FETCHED not in self._directories:
            weight = sum(
                len(content) for operation, _, content in self._reads if operation == "read"
            )
            cached = CachedBase(base_result, tuple(self._reads))
            self._outer.cache.keep(
                (self._key, self._outer.options), cached, weight=8 * weight + 1000
            )

    def _record_finding(self, finding: Finding) -> None:
        self._findings.append(finding)
        self._outer.on_finding(finding)

    def _record_read(self, *read: Any) -> None:
        self._reads.append(read)


def _state(ctx: Context) -> KustomizeBuildState | None:
    return (
        ctx.state if isinstance(ctx.state, KustomizeBuildState) and ctx.on_change is None else None
    )


def _from_cache(ctx: Context, key: Hashable) -> BaseResult | None:
    if not ctx.caches_bases:
        return None
    cached = ctx.cache.find((key, ctx.options))
    if cached is None or not _is_current(ctx, cached.reads):
        return None
    result: BaseResult = cached.result
    return result


def _is_current(ctx: Context, reads: Sequence[TreeRead]) -> bool:
    try:
        return all(
            _read_tree(ctx.tree, operation, path, ctx.options.limits.max_input_file) == answer
            for operation, path, answer in reads
        )
    except KmanifestError:
        return False


def _read_tree(tree: Tree, operation: str, path: str, limit: int) -> Any:
    if operation == "read":
        return tree.read(path, limit=limit)
    if operation == "list":
        return tuple(tree.list(path))
    if operation == "kind":
        return tree.kind(path)
    try:
        return tree.resolve(path)
    except KmanifestError:
        return None
