"""Fetch the remote bases and files of one build: from the store if possible, else with git or HTTP."""

import shutil
import tempfile
from collections.abc import Sequence

from kmanifest.io import tree as trees
from kmanifest.io.git_tree import GitTree
from kmanifest.io.remote.store import Store, open_store
from kmanifest.io.remote.urls import Repository, check_protocol, check_repository, shown_url
from kmanifest.io.tree import MemoryTree, PrefixedTree, Tree
from kmanifest.model.cancel import CancelEvent
from kmanifest.model.errors import FetchError
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.io.remote.git import Git

Commit = tuple[str, str]  # the directory of a repository, and the id of the commit in it


class Network:
    """Fetches repositories and files for one build, each once, with the given protocols.

    `store`: directory of the download cache; empty means a temporary directory. `offline`: use the store only.
    `max_age`: seconds for which a resolved branch, tag or URL is reused; full commit ids are never resolved again.
    `timeout`: seconds for one download. `max_file`, `max_repository`: maximal sizes in bytes. `pass_variables`: patterns of
    the environment variables to pass to git. `cancel` ends git; an HTTP request ends at its own timeout.
    """

    def __init__(
        self,
        *,
        store: str = "",
        offline: bool = False,
        protocols: Sequence[str] = ("https", "ssh"),
        max_age: float = 0.0,
        timeout: float = 300.0,
        max_file: int = 10 << 20,
        max_repository: int = 1 << 30,
        pass_variables: Sequence[str] = (),
        cancel: CancelEvent | None = None,
    ) -> None:
        self._store_directory = store
        self._offline = offline
        self._protocols = protocols
        self._max_age = max_age
        self._timeout = timeout
        self._max_file = max_file
        self._max_repository = max_repository
        self._pass_variables = pass_variables
        self._cancel = cancel
        self._trees: dict[str, Tree] = {}
        self._names: dict[object, str] = {}
        self._temporary_directory = ""
        self._lazy_store: Store | None = None
        self._lazy_git: Git | None = None

    def file(self, url: str) -> str:
        """Return the name of the file at a URL. Raises FetchError or LimitError if it can't be fetched."""
        if url not in self._names:
            check_protocol(url.partition(":")[0].lower(), self._protocols, shown_url(url))
            self._mount(url, shown_url(url), MemoryTree({"": self._file_content(url)}))
        return self._names[url]

    def repository(self, repository: Repository) -> str:
        """Return the name of the root of a repository. Raises FetchError or LimitError if it can't be fetched."""
        key = (repository.clone_url, repository.ref, repository.submodules)
        if key not in self._names:
            from kmanifest.io.remote.git import FetchedObjects  # see _git

            directory, revision = self._resolve_commit(repository)
            objects = FetchedObjects(
                self._git(), repository, directory, revision, self._resolve_commit
            )
            self._mount(key, repository.name, GitTree(objects, revision.encode()))
        return self._names[key]

    def tree_of(self, path: str) -> Tree | None:
        """Return the fetched tree that contains the path, or None."""
        if path in self._trees:  # the URL of a file may begin like that of a repository
            return self._trees[path]
        for name, tree in self._trees.items():
            if trees.is_below(path, name):
                return tree
        return None

    def close(self) -> None:
        """Remove the temporary files of this build."""
        if self._temporary_directory:
            shutil.rmtree(self._temporary_directory, ignore_errors=True)

    def _mount(self, key: object, name: str, tree: Tree) -> None:
        # Names have no passwords and queries, so two different URLs may have the same name.
        unique_name = name
        while unique_name in self._trees:
            unique_name = f"{name}#{len(self._trees)}"
        self._trees[unique_name] = PrefixedTree(tree, unique_name)
        self._names[key] = unique_name

    def _file_content(self, url: str) -> bytes:
        store = self._store()
        resolution = store.last_resolution(url)
        if resolution is not None and (self._offline or resolution.age <= self._max_age):
            content = store.content(resolution.identity)
            if content is not None:
                return content
        self._refuse_offline(shown_url(url))
        from kmanifest.io.remote.http import HttpClient  # only web servers need urllib3

        client = HttpClient(
            protocols=self._protocols, timeout=min(30.0, self._timeout), max_size=self._max_file
        )
        content = client.get(url)
        store.keep_name(url, store.keep_content(content))
        return content

    def _resolve_commit(self, repository: Repository) -> Commit:
        """Return the commit of a repository's ref and fetch it into the store if needed."""
        check_repository(repository)
        check_protocol(repository.protocol, self._protocols, repository.name)
        store = self._store()
        identity = self._cached_commit(repository)
        directory = store.directory(repository.clone_url, identity) if identity else None
        if directory is not None:
            return directory, identity
        self._refuse_offline(repository.name)
        try:
            directory, identity = self._fetch_commit(repository, store)
        except OSError as error:
            raise FetchError(f"{repository.name}: {error.strerror or error}") from error
        store.keep_name(_name_in_store(repository), identity)
        return directory, identity

    def _fetch_commit(self, repository: Repository, store: Store) -> Commit:
        limited = repository._replace(timeout=min(repository.timeout, self._timeout))
        unfinished = store.begin_directory()
        try:
            identity = self._git().fetch(limited, unfinished)
            return store.keep_directory(unfinished, repository.clone_url, identity), identity
        finally:
            store.remove_directory(unfinished)

    def _cached_commit(self, repository: Repository) -> str:
        """Return the id of the ref's commit if it is known and current, else an empty string."""
        ref = repository.ref
        if len(ref) in (40, 64) and not ref.strip("0123456789abcdef"):
            return ref
        resolution = self._store().last_resolution(_name_in_store(repository))
        return (
            resolution.identity
            if resolution and (self._offline or resolution.age <= self._max_age)
            else ""
        )

    def _refuse_offline(self, name: str) -> None:
        if self._offline:
            raise FetchError(f"{name}: it is not in the store, and nothing is fetched (offline)")

    def _store(self) -> Store:
        if self._lazy_store is None:
            self._lazy_store = open_store(self._store_directory)
        if self._lazy_store is None:
            self._temporary_directory = tempfile.mkdtemp(prefix="kmanifest-")
            self._lazy_store = Store(self._temporary_directory)
        return self._lazy_store

    def _git(self) -> "Git":
        if self._lazy_git is None:
            from kmanifest.io.remote.git import Git  # only builds with repositories need it

            path = shutil.which("git")
            if path is None:
                raise FetchError("no 'git' program on path")
            self._lazy_git = Git(
                path,
                protocols=self._protocols,
                pass_variables=self._pass_variables,
                max_size=self._max_repository,
                cancel=self._cancel,
            )
        return self._lazy_git


def _name_in_store(repository: Repository) -> str:
    return f"{repository.clone_url} {repository.ref}"
