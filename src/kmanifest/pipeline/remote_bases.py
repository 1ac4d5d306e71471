"""Fetch a remote base and return a context whose tree contains only the fetched files.

Source: kustomize v5.8.2 api/internal/loader/fileloader.go, New and newLoaderAtGitClone.
"""

from kmanifest.io import tree as trees
from kmanifest.io.tree import PrefixedTree
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.findings import DEPRECATED
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.io.remote.urls import Repository


def find_repository(path: str) -> "Repository | None":
    """Return the repository that a `resources` entry or the argument of a build refers to, or None for a path."""
    if (
        "://" not in path
        and "@" not in path
        and not path[:11].lower().startswith(("github.com", "git::"))
    ):
        return None
    from kmanifest.io.remote.urls import parse_repository  # most entries are paths

    return parse_repository(path)


def shown_entry(path: str) -> str:
    """Return an entry of a kustomization for a message: a URL without its secrets, a path as it is."""
    if "://" not in path and "@" not in path and "?" not in path:
        return path
    from kmanifest.model.url_masking import mask_url  # for errors only

    return mask_url(path) if "://" in path or find_repository(path) is not None else path


def find_fetcher(ctx: Context, url: str) -> Plugin | None:
    """Return the fetcher plug-in for the scheme of a URL, or None.

    Fetchers are for URLs that refer neither to a repository nor to a file on a web server.
    """
    scheme, separator, _ = url.partition("://")
    return ctx.registry.get("fetcher", scheme.lower()) if separator else None


def enter_repository(ctx: Context, repository: "Repository") -> tuple[Context, str]:
    """Fetch a repository. Return the context for building a directory of it, and the resolved directory.

    A fetched kustomization never loads files from outside its root, even if the options of the build allow it.
    """
    if repository.has_git_prefix:
        ctx.warn(
            f"the prefix git:: has no effect and will be refused in the future: {repository.name}",
            code=DEPRECATED,
        )
    remote = ctx.require_remote(repository.name)
    name = remote.repository(repository)
    return _enter_directory(ctx, name, repository.directory)


def enter_fetched(ctx: Context, fetcher: Plugin, url: str) -> tuple[Context, str]:
    """Fetch a URL with a plug-in. Return the context for building the fetched files, and their root directory."""
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
