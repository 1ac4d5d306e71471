"""Bases that are built once: within a build always, between builds where the caller gives a cache.

What a directory builds is decided by the files that are read for it, by the options, and by the little that flows
down to it: the schema that was declared above, and the trail of `buildMetadata`. Within one build files are taken to stay as they are, so
a directory that is reached again is not built again. Between builds the answers that the tree gave are remembered, and
the result counts as long as the tree still gives the same ones.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from kmanifest.errors import KmanifestError
from kmanifest.plugin import Context
from kmanifest.rendered import Finding
from kmanifest.tree import RecordingTree, Tree

Answer = tuple[str, str, Any]


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

    def get(self, key: Hashable) -> Built | None:
        """What was built for this key in this build."""
        return self._built.get(key)

    def keep(self, key: Hashable, built: Built) -> None:
        """Remember what was built."""
        self._built[key] = built
        for passed in self._passing:
            passed |= built.directories

    @contextmanager
    def passing(self, directory: str) -> Iterator[set[str]]:
        """While inside, the directories that are built are noted in the set that this gives."""
        passed = {directory}
        self._passing.append(passed)
        try:
            yield passed
        finally:
            self._passing.pop()


def build_once(
    ctx: Context, directory: str, inherited: Hashable, above: Sequence[str], make: Callable[[Context], Any]
) -> Any:
    """What `make` gives for a directory, made anew only where nothing that is known serves.

    `above` are the directories that are being built: one that passes through them again is left to `make`, which
    finds the cycle. A traced build makes everything anew, as each place has its own changes.
    """
    memo = ctx.memo
    if ctx.on_change is not None or not isinstance(memo, Memo):
        return make(ctx)
    key = ("base", directory, inherited)
    built = memo.get(key) or _from_cache(ctx, key)
    if built is None or not built.directories.isdisjoint(above):
        built = _make(ctx, memo, key, directory, make)
    else:
        for finding in built.findings:
            ctx.on_finding(finding)
    memo.keep(key, built)
    return built.result


def _make(ctx: Context, memo: Memo, key: Hashable, directory: str, make: Callable[[Context], Any]) -> Built:
    findings: list[Finding] = []
    answers: list[Answer] = []

    def report(finding: Finding) -> None:
        findings.append(finding)
        ctx.on_finding(finding)

    inside = ctx._replace(on_finding=report)
    if ctx.keeps_bases:
        inside = inside._replace(tree=RecordingTree(ctx.tree, lambda *answer: answers.append(answer)))
    with memo.passing(directory) as passed:
        result = make(inside)
    built = Built(result, tuple(findings), frozenset(passed))
    if ctx.keeps_bases:
        weight = sum(len(content) for ask, _, content in answers if ask == "read")
        ctx.cache.keep((key, ctx.options), Base(built, tuple(answers)), weight=8 * weight + 1000)
    return built


def _from_cache(ctx: Context, key: Hashable) -> Built | None:
    if not ctx.keeps_bases:
        return None
    base = ctx.cache.find((key, ctx.options))
    if base is None or not _still_true(ctx, base.answers):
        return None
    built: Built = base.built
    return built


def _still_true(ctx: Context, answers: Sequence[Answer]) -> bool:
    try:
        return all(_ask(ctx.tree, ask, path, ctx.options.limits.max_input_file) == answer for ask, path, answer in answers)
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
