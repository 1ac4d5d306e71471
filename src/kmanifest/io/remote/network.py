"""Fetch the remote bases and files of one build: from the store if possible, else with git or HTTP."""

import shutil
import tempfile

from kmanifest.io import tree as trees
from kmanifest.io.git_tree import GitTree
from kmanifest.io.remote.access import Credential
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.store import Key, Partition, Store, open_store, remove_directory
from kmanifest.io.remote.urls import Repository, check_protocol, check_repository, find_endpoint
from kmanifest.io.tree import MemoryTree, PrefixedTree, Tree
from kmanifest.model.cancel import CancelEvent
from kmanifest.model.errors import FetchError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import TYPE_CHECKING, Final, Mapping, NamedTuple, Sequence

if TYPE_CHECKING:
    from kmanifest.io.remote.git import Git
    from kmanifest.io.remote.urls import Endpoint

Commit = tuple[str, str]  # the directory of a repository, and the id of the commit in it

_FILE_TIMEOUT: Final = 30.0  # seconds


class Network:
    """Fetches repositories and files for one build, each once, as `settings` allow.

    `store`: directory of the download cache; empty means a temporary directory. `max_store`: its maximal size in bytes.
    `max_file`: maximal size of a file in bytes. `pass_variables`: patterns of the environment variables to pass to git,
    if it gets the user's credentials. `cancel` ends git.
    """

    def __init__(
        self,
        settings: FetchSettings = FetchSettings(),
        *,
        store: str = "",
        max_store: int = 0,
        max_file: int = 10 << 20,
        pass_variables: Sequence[str] = (),
        cancel: CancelEvent | None = None,
    ) -> None:
        self._settings = settings
        self._cancel = cancel
        self._store_directory = store
        self._max_store = max_store
        self._max_file = max_file
        self._pass_variables = pass_variables
        self._trees: dict[str, Tree] = {}
        self._names: dict[object, str] = {}
        self._temporary_directory = ""
        self._lazy_store: Store | None = None
        self._lazy_git: Git | None = None

    def file(self, url: str) -> str:
        """Return the name of the file at a URL. Raises FetchError or LimitError if it can't be fetched."""
        if url not in self._names:
            check_protocol(url.partition(":")[0].lower(), self._settings.protocols, mask_url(url))
            self._mount(url, mask_url(url), MemoryTree({"": self._file_content(url)}))
        return self._names[url]

    def repository(self, repository: Repository) -> str:
        """Return the name of the root of a repository. Raises FetchError or LimitError if it can't be fetched."""
        key = (repository.clone_url, repository.ref, repository.submodules)
        if key not in self._names:
            from kmanifest.io.remote.fetched_objects import FetchedObjects  # see _git

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
        grant = self._grant(url)
        key = Key("file", url)
        resolution = grant.partition.last_resolution(key)
        if resolution is not None and self._is_current(resolution.age):
            content = grant.partition.content(resolution.identity)
            if content is not None:
                return content
        self._refuse_offline(mask_url(url))
        from kmanifest.io.remote.http import HttpClient  # only web servers need urllib3

        settings = self._settings
        client = HttpClient(
            protocols=settings.protocols,
            timeout=min(_FILE_TIMEOUT, settings.timeout),
            max_size=self._max_file,
            hosts=settings.hosts,
            budget=settings.budget,
        )
        content = client.get(url, _headers(grant.credential))
        grant.partition.keep_name(key, grant.partition.keep_content(content))
        return content

    def _resolve_commit(self, repository: Repository) -> Commit:
        """Return the commit of a repository's ref and fetch it into the store if needed."""
        check_repository(repository)
        check_protocol(repository.protocol, self._settings.protocols, repository.name)
        grant = self._grant(repository.clone_url)
        identity = self._cached_commit(repository, grant.partition)
        key = _commit_key(repository)
        directory = grant.partition.directory(key, identity) if identity else None
        if directory is not None:
            return directory, identity
        self._refuse_offline(repository.name)
        try:
            directory, identity = self._fetch_commit(repository, grant)
        except OSError as error:
            raise FetchError(f"{repository.name}: {error.strerror or error}") from error
        grant.partition.keep_name(_ref_key(repository), identity)
        return directory, identity

    def _fetch_commit(self, repository: Repository, grant: "_Grant") -> Commit:
        store = self._store()
        unfinished = store.begin_directory()
        try:
            identity = self._git().fetch(repository, unfinished, grant.credential)
            key = _commit_key(repository)
            return grant.partition.keep_directory(unfinished, key, identity), identity
        finally:
            remove_directory(unfinished)

    def _cached_commit(self, repository: Repository, partition: Partition) -> str:
        """Return the id of the ref's commit if it is known and current, else an empty string."""
        ref = repository.ref
        if len(ref) in (40, 64) and not ref.strip("0123456789abcdef"):
            return ref
        resolution = partition.last_resolution(_ref_key(repository))
        return resolution.identity if resolution and self._is_current(resolution.age) else ""

    def _is_current(self, age: float) -> bool:
        return self._settings.offline or age <= self._settings.max_age

    def _grant(self, url: str) -> "_Grant":
        """Return the credential that the caller has for a URL, and the part of the store that belongs to it."""
        settings = self._settings
        endpoint = find_endpoint(url)
        host, login = (endpoint.address, endpoint.login) if endpoint else ("", "")
        credential = None
        if endpoint is not None and not _has_password(endpoint):
            credential = settings.credential_for(endpoint.address, endpoint.path)
        principal = settings.principal(host, credential, login)
        return _Grant(credential, self._store().partition(principal))

    def _refuse_offline(self, name: str) -> None:
        if self._settings.offline:
            raise FetchError(f"{name}: it is not in the store, and nothing is fetched (offline)")

    def _store(self) -> Store:
        if self._lazy_store is None:
            self._lazy_store = open_store(self._store_directory, self._max_store)
        if self._lazy_store is None:
            try:
                self._temporary_directory = tempfile.mkdtemp(prefix="kmanifest-")
            except OSError as error:
                problem = f"no directory for temporary files: {error.strerror or error}"
                raise FetchError(problem) from error
            self._lazy_store = Store(self._temporary_directory)
            if not self._lazy_store.is_usable():
                raise FetchError("the directory for temporary files can't be written")
        return self._lazy_store

    def _git(self) -> "Git":
        if self._lazy_git is None:
            from kmanifest.io.remote.git import Git  # only builds with repositories need it

            path = shutil.which("git")
            if path is None:
                raise FetchError("no 'git' program on path")
            self._lazy_git = Git(
                path, self._settings, pass_variables=self._pass_variables, cancel=self._cancel
            )
        return self._lazy_git


class _Grant(NamedTuple):
    """The credential for a URL that the caller gives, and the part of the store that belongs to it."""

    credential: Credential | None
    partition: Partition


def _has_password(endpoint: "Endpoint") -> bool:
    """Return whether a URL has a login of its own. The user name in an SSH URL is none."""
    return bool(endpoint.login) and endpoint.scheme != "ssh"


def _headers(credential: Credential | None) -> Mapping[str, str]:
    if credential is None or credential.login is None:
        return {}
    from kmanifest.io.remote.oci import basic_authorization

    return {"Authorization": basic_authorization(credential.login)}


def _commit_key(repository: Repository) -> Key:
    return Key("repository", repository.clone_url)


def _ref_key(repository: Repository) -> Key:
    return Key("ref", repository.clone_url, repository.ref)
