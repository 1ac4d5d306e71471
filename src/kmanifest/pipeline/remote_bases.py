"""From the URL of a remote base to its files: a context whose tree is what was fetched, and nothing else.

Source: kustomize v5.8.2 api/internal/loader/fileloader.go, New and newLoaderAtGitClone.
"""

from kmanifest.io import tree as trees
from kmanifest.io.tree import PrefixedTree
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.io.remote.urls import Repository


def find_repository(path: str) -> "Repository | None":
    """The repository that an entry of a kustomization, or the argument of a build, names; None for a path."""
    if (
        "://" not in path
        and "@" not in path
        and not path[:11].lower().startswith(("github.com", "git::"))
    ):
        return None
    from kmanifest.io.remote.urls import parse_repository  # most entries are paths

    return parse_repository(path)


def find_fetcher(ctx: Context, url: str) -> Plugin | None:
    """The plug-in for the scheme of a URL that is neither of a repository nor of a web server."""
    scheme, separator, _ = url.partition("://")
    return ctx.registry.get("fetcher", scheme.lower()) if separator else None


def enter_repository(ctx: Context, repository: "Repository") -> tuple[Context, str]:
    """The context in which a directory of a repository is built, and that directory, resolved.

    What was fetched never loads files from outside its root, whatever the build may do.
    """
    if repository.forced:
        ctx.warn(f"the prefix git:: is of no use and will not be taken for ever: {repository.name}")
    remote = ctx.require_remote(repository.name)
    name = remote.repository(repository)
    return _enter_directory(ctx, name, repository.directory)


def enter_fetched(ctx: Context, fetcher: Plugin, url: str) -> tuple[Context, str]:
    """The same for what a plug-in fetches, from its root."""
    ctx.require_remote(url)
    return _enter_directory(ctx._replace(tree=PrefixedTree(fetcher.call(ctx, url), url)), url, "")


def _enter_directory(ctx: Context, name: str, directory: str) -> tuple[Context, str]:
    ctx = ctx._replace(
        tree=ctx.tree_of(name), options=ctx.options._replace(load_restrictor="root-only")
    )
    try:
        resolved = ctx.tree.resolve(trees.join(name, directory))
    except KmanifestError as error:
        raise type(error)(f"{name}: {error.message}", near=error.near) from error
    if ctx.tree.kind(resolved) != "dir":
        raise SourceError(f"{name}: {directory!r} is not a directory")
    return ctx, resolved
