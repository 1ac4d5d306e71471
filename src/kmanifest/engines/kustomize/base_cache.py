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

Answer = tuple[Any, ...]  # what was asked, the path, the answer

_FETCHED: Final = "://"  # among the directories that were passed: something remote was, too


class Built(NamedTuple):
    """What a directory gave, the findings on the way, and the directories that were passed."""

    result: Any
    findings: tuple[Finding, ...]
    directories: frozenset[str]


class Base(NamedTuple):
    """A `Built` that outlives its build, with the answers of the tree on which it rests."""

    built: Built
    answers: tuple[Answer, ...]


class Memo:
    """The directories that one build has built, and those that it is building."""

    def __init__(self) -> None:
        self._built: dict[Hashable, Built] = {}
        self._passing: list[set[str]] = []
        self._tools: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> Built | None:
        """What was built for this key in this build."""
        return self._built.get(key)

    def keep(self, key: Hashable, built: Built) -> None:
        """Remember what was built; whatever is being built around it has passed the same directories."""
        self._built[key] = built
        for passed in self._passing:
            passed.update(built.directories)

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What transformers of this build share under `key`, made when it is first asked for."""
        if key not in self._tools:
            self._tools[key] = make()
        return self._tools[key]

    def note_fetch(self) -> None:
        """Remember that everything that is being built rests on something remote."""
        for passed in self._passing:
            passed.add(_FETCHED)

    def enter(self, directory: str) -> set[str]:
        """Begin to build a directory; the set will hold the directories that are passed until `leave`."""
        passed = {directory}
        if _FETCHED in directory:  # remote itself
            passed.add(_FETCHED)
        self._passing.append(passed)
        return passed

    def leave(self) -> None:
        """End what was begun last."""
        self._passing.pop()


def find_built(ctx: Context, key: Hashable, above: Sequence[str]) -> Any:
    """What is known of the directory that `key` stands for, its findings reported again; None where it is to be built.

    `above` are the directories that are being built: what passes through one of them is a cycle, which is found by
    building it. A traced build makes everything anew, as each place has changes of its own.
    """
    memo = _memo(ctx)
    if memo is None:
        return None
    built = memo.get(key) or _from_cache(ctx, key)
    if built is None or not built.directories.isdisjoint(above):
        return None
    for finding in built.findings:
        ctx.on_finding(finding)
    memo.keep(key, built)
    return built.result


class Building:
    """While a directory is built, notes what the result rests on; `keep` ends it well.

    `ctx` is the context to build with. It takes no function to call, because bases may be nested 200 deep, and each
    level has only five frames of Python's stack.
    """

    def __init__(self, ctx: Context, key: Hashable, directory: str) -> None:
        self.ctx = self._outer = ctx
        self._key = key
        self._memo = _memo(ctx)
        self._findings: list[Finding] = []
        self._answers: list[Answer] = []
        if self._memo is not None:
            self._passed = self._memo.enter(directory)
            self.ctx = ctx._replace(on_finding=self._report)
            if ctx.caches_bases:
                self.ctx = self.ctx._replace(tree=RecordingTree(ctx.tree, self._note))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._memo is not None:
            self._memo.leave()

    def keep(self, result: Any) -> None:
        """Remember the result for this build, and for later ones where there is a cache."""
        if self._memo is None:
            return
        built = Built(result, tuple(self._findings), frozenset(self._passed))
        self._memo.keep(self._key, built)
        if self._outer.caches_bases and _FETCHED not in self._passed:
            weight = sum(len(content) for ask, _, content in self._answers if ask == "read")
            base = Base(built, tuple(self._answers))
            self._outer.cache.keep((self._key, self._outer.options), base, weight=8 * weight + 1000)

    def _report(self, finding: Finding) -> None:
        self._findings.append(finding)
        self._outer.on_finding(finding)

    def _note(self, *answer: Any) -> None:
        self._answers.append(answer)


def _memo(ctx: Context) -> Memo | None:
    return ctx.state if isinstance(ctx.state, Memo) and ctx.on_change is None else None


def _from_cache(ctx: Context, key: Hashable) -> Built | None:
    if not ctx.caches_bases:
        return None
    base = ctx.cache.find((key, ctx.options))
    if base is None or not _still_true(ctx, base.answers):
        return None
    built: Built = base.built
    return built


def _still_true(ctx: Context, answers: Sequence[Answer]) -> bool:
    try:
        return all(
            _ask(ctx.tree, ask, path, ctx.options.limits.max_input_file) == answer
            for ask, path, answer in answers
        )
    except KmanifestError:
        return False


def _ask(tree: Tree, ask: str, path: str, limit: int) -> Any:
    if ask == "read":
        return tree.read(path, limit=limit)
    if ask == "list":
        return tuple(tree.list(path))
    if ask == "kind":
        return tree.kind(path)
    try:
        return tree.resolve(path)
    except KmanifestError:
        return None
