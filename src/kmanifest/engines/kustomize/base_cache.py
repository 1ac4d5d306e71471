"""Build each base once: always within a build, and between builds if the caller passes a cache.

The result of a directory depends on three things: the files that are read for it, the options, and the context from
its ancestors. That context is the declared schema, the namespace for charts and the origin path of `buildMetadata`.
Files are assumed not to change during a build, so a directory that is reached again is not built again. Between
builds, a cached result is valid while the tree returns the same answers to the recorded reads and the registry has the
same plug-ins.

Some results depend on more. What was fetched, or made by a plug-in that is not built in, is not shared with other
builds. What depends on randomness or time is not reused at all: kustomize runs Helm each time, too.
"""

from kmanifest.io.tree import RecordingTree, Tree
from kmanifest.model.errors import KmanifestError
from kmanifest.model.findings import Finding
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final, Hashable, NamedTuple, Self, Sequence

TreeRead = tuple[Any, ...]  # operation, path, answer

_REMOTE: Final = "://"  # part of the name of a remote directory
# Marks in a set of visited directories. No directory has such a name.
_NOT_SHARED: Final = "//not shared"
_NOT_REUSED: Final = "//not reused"


class BaseResult(NamedTuple):
    """The result of a directory, its findings, and the directories that were visited for it."""

    result: Any
    findings: tuple[Finding, ...]
    directories: frozenset[str]


class CachedBase(NamedTuple):
    """A `BaseResult` that outlives its build, with the tree reads that it depends on."""

    result: BaseResult
    reads: tuple[TreeRead, ...]


class KustomizeBuildState:
    """The state of one build: results of directories, directories in progress, and values shared by steps.

    `has_merged_patch` is set when the first strategic merge patch is merged. `node_details` is one of the constants of
    `node_details`.
    """

    def __init__(self, node_details: str = "assumed") -> None:
        self.node_details = node_details
        self.has_merged_patch = False
        self._results: dict[Hashable, BaseResult] = {}
        self._in_progress: list[set[str]] = []
        self._shared: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> BaseResult | None:
        """Return the result for this key in this build; None if there is none."""
        return self._results.get(key)

    def keep(self, key: Hashable, result: BaseResult) -> None:
        """Remember a result.

        The directories that are in progress now depend on the directories of that result, too.
        """
        if _NOT_REUSED in result.directories:
            return
        self._results[key] = result
        for directories in self._in_progress:
            directories.update(result.directories)

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value that transformers of this build share under `key`; the first call makes it."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def prevent_sharing(self) -> None:
        """Record that no other build may reuse the result of any directory in progress."""
        for directories in self._in_progress:
            directories.add(_NOT_SHARED)

    def prevent_reuse(self) -> None:
        """Record that neither this build nor another may reuse the result of any directory in progress."""
        for directories in self._in_progress:
            directories.update((_NOT_SHARED, _NOT_REUSED))

    def begin_directory(self, directory: str) -> set[str]:
        """Begin a directory and return the set that collects the visited directories until `end_directory`."""
        directories = {directory}
        if _REMOTE in directory:
            directories.add(_NOT_SHARED)
        self._in_progress.append(directories)
        return directories

    def end_directory(self) -> None:
        """End the directory that was begun last."""
        self._in_progress.pop()


def find_base(ctx: Context, key: Hashable, ancestors: Sequence[str]) -> Any:
    """Return the cached result for the directory with this key; None if it must be built.

    Its findings are reported again. `ancestors` are the directories in progress. A result that visited one of them is
    a cycle, which building it again reports. A traced build uses no cached results, because each use of a base
    reports its own changes.
    """
    state = _state(ctx)
    if state is None:
        return None
    base = state.get((key, ctx.options.engines)) or _from_cache(ctx, key)
    if base is None or not base.directories.isdisjoint(ancestors):
        return None
    for finding in base.findings:
        ctx.on_finding(finding)
    state.keep((key, ctx.options.engines), base)
    return base.result


class BaseRecorder:
    """Context manager that records what a directory's result depends on.

    Build the directory with `ctx` and call `keep` with the result on success. A wrapper that calls a build function
    would use more of Python's stack. Bases can be nested 200 deep, and each level has only five frames.
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
        """Remember the result for this build, and for later builds if there is a cache."""
        if self._state is None:
            return
        base_result = BaseResult(result, tuple(self._findings), frozenset(self._directories))
        self._state.keep((self._key, self._outer.options.engines), base_result)
        if self._outer.caches_bases and _NOT_SHARED not in self._directories:
            weight = sum(
                len(content) for operation, _, content in self._reads if operation == "read"
            )
            cached = CachedBase(base_result, tuple(self._reads))
            self._outer.cache.keep(
                _cache_key(self._outer, self._key), cached, weight=8 * weight + 1000
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


def _cache_key(ctx: Context, key: Hashable) -> Hashable:
    """Return the key of a directory in the cache.

    Without the records that have `prevents_sharing`: whoever reads one of these calls `BuildState.prevent_sharing`.
    """
    engines = tuple(
        record for record in ctx.options.engines if not getattr(record, "prevents_sharing", False)
    )
    return key, ctx.options._replace(engines=engines), ctx.registry.identity


def _from_cache(ctx: Context, key: Hashable) -> BaseResult | None:
    if not ctx.caches_bases:
        return None
    cached = ctx.cache.find(_cache_key(ctx, key))
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
