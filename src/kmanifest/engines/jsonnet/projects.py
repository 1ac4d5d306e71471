"""Projects of Tanka or jsonnet-bundler, and the time that a build has left."""

from kmanifest.io import tree as trees
from kmanifest.io.tree import Tree
from kmanifest.startup.typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kmanifest.pipeline.context import Context

PROJECT_FILES: Final = ("tkrc.yaml", "jsonnetfile.json")
"""The files that mark the root of a project of Tanka or jsonnet-bundler."""


def find_project(tree: Tree, directory: str) -> str | None:
    """Return the nearest parent of a resolved directory with a file of `PROJECT_FILES`, or None."""
    for name in PROJECT_FILES:
        candidate = directory
        while True:
            if tree.kind(trees.join(candidate, name)) == "file":
                return candidate
            if not candidate:
                break
            candidate = trees.parent(candidate)
    return None


def seconds_left(ctx: "Context") -> float:
    """Return the seconds until the deadline of the build; 0 without one."""
    if ctx.meter is None:
        return 0.0
    seconds = ctx.meter.seconds_left()
    return 0.0 if seconds == float("inf") else seconds
