"""Find the directory that an entry of a kustomization names, local or in a repository.

Source: kustomize v5.8.2 api/internal/loader/fileloader.go, New.
"""

from kmanifest.io import tree as trees
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.remote_bases import (
    enter_fetched,
    enter_repository,
    find_fetcher,
    find_repository,
    shown_entry,
)
from kmanifest.startup.typing import Final, NamedTuple

MAX_NESTING: Final = 200


class Root(NamedTuple):
    """A resolved directory that an entry names, the context for reading it, and whether it is remote."""

    ctx: Context
    directory: str
    is_remote: bool


def enter_root(ctx: Context, path: str, ancestors: tuple[str, ...], urls: tuple[str, ...]) -> Root:
    """Return the root that the kustomization in `ctx.directory` names `path`.

    `ancestors` are the directories in progress around that kustomization. `urls` are the entries that named the
    remote ones.
    Raises SourceError for a cycle, and for a path out of a fetched repository.
    """
    if not path:
        raise SourceError("new root cannot be empty")
    repository = find_repository(path)
    if repository is not None:
        from kmanifest.model.url_masking import mask_url  # few entries are URLs

        for url in urls:
            if url.startswith(path):
                raise SourceError(
                    f"cycle detected: URI {mask_url(path)!r} referenced by previous URI {mask_url(url)!r}"
                )
        if "://" in ctx.directory and repository.protocol == "file":
            rule = "a remote kustomization can't use a local repository"
            raise SourceError(f"security; {rule}: {mask_url(path)!r}")
        root = Root(*enter_repository(ctx, repository), is_remote=True)
    elif fetcher := find_fetcher(ctx, path):
        root = Root(*enter_fetched(ctx, fetcher, path), is_remote=True)
    else:
        root = Root(ctx, _directory(ctx, path), is_remote=False)
    _check_visited(path, root.directory, (ctx.directory, *ancestors))
    return root


def _directory(ctx: Context, path: str) -> str:
    if path.startswith("/"):
        raise SourceError(f"new root {path!r} cannot be absolute")
    if any(".." in part and part != ".." for part in path.split("/")):
        raise SourceError(f"path {path!r} is ambiguous; check for YAML indentation errors")
    directory = ctx.resolve(path)
    if ctx.tree.kind(directory) != "dir":
        raise SourceError(f"{path!r} must be a directory")
    return directory


def _check_visited(path: str, directory: str, visited: tuple[str, ...]) -> None:
    """Raise SourceError if the directory is a directory in progress or contains one.

    Raises LimitError if too many are in progress.
    """
    for ancestor in visited:
        if trees.is_below(ancestor, directory):
            message = f"cycle detected: {shown_entry(path)!r} contains the directory {ancestor!r}"
            raise SourceError(f"{message}, which is being built")
    if len(visited) > MAX_NESTING:
        raise LimitError(f"kustomizations are nested more than {MAX_NESTING} deep")
