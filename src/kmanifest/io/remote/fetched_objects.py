"""The objects of fetched repositories, read with git when they are needed."""

import stat

from kmanifest.io.git_tree import Entry
from kmanifest.io.remote.git import Git
from kmanifest.io.remote.urls import Repository
from kmanifest.model.errors import FetchError, LimitError, MissingError, SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Callable, Final, Mapping, NamedTuple

_MAX_BATCH_SIZE: Final = 16 << 20  # bytes read with one command
_SUBMODULE_MODE: Final = 0o160000


class FetchedObjects:
    """The objects of a fetched commit and of its submodules.

    A submodule is fetched when one of its files is first read. `open_submodule` fetches a repository and returns
    its directory and the commit id. The directories of a commit with very many files are listed when they are needed.
    """

    def __init__(
        self,
        git: Git,
        repository: Repository,
        directory: str,
        revision: str,
        open_submodule: Callable[[Repository], tuple[str, str]],
    ) -> None:
        self._git = git
        self._open_submodule = open_submodule
        self._entries: dict[bytes, dict[str, Entry]] = {}
        self._unlisted: dict[bytes, tuple[_FetchedCommit, bytes]] = {}  # with their paths
        self._blobs: dict[bytes, _Blob] = {}
        self._contents: dict[bytes, bytes] = {}
        self._gitlinks: dict[bytes, tuple[_FetchedCommit, str]] = {}
        self._add_commit(_FetchedCommit(repository, directory, revision), revision.encode())

    def entries(self, identity: bytes) -> Mapping[str, Entry]:
        """Return the entries of the tree or submodule with this id."""
        if identity not in self._entries:
            if identity in self._gitlinks:
                self._add_submodule(identity, *self._gitlinks[identity])
            elif identity in self._unlisted:
                commit, path = self._unlisted.pop(identity)
                listing = self._git.list_directory(
                    commit.repository, commit.directory, identity.decode()
                )
                self._add_entries(commit, listing, identity, path)
        return self._entries.get(identity, {})

    def blob(self, identity: bytes, limit: int) -> bytes:
        """Return the content of a file. Raises LimitError, without reading it, if it has more than `limit` bytes."""
        if identity not in self._contents:
            blob = self._blobs.get(identity)
            if blob is None:
                raise FetchError("an object of the repository is missing")
            if blob.size > limit:
                raise LimitError(
                    f"a file has {blob.size} bytes, more than {limit} (max_input_file)"
                )
            self._read_with_siblings(identity, blob, limit)
        return self._contents[identity]

    def _read_with_siblings(self, identity: bytes, blob: "_Blob", limit: int) -> None:
        """Read a blob together with the other files of its directory.

        Starting a process takes longer than reading the files.
        """
        identities, total = [identity], blob.size
        for _, sibling in self._entries[blob.parent].values():
            size = self._blobs[sibling].size if sibling in self._blobs else limit + 1
            if sibling not in self._contents and size <= limit and total + size <= _MAX_BATCH_SIZE:
                identities.append(sibling)
                total += size
        commit = blob.commit
        contents = self._git.read_objects(commit.repository, commit.directory, identities)
        if identity not in contents:
            raise FetchError(f"{commit.repository.name}: an object is missing")
        self._contents.update(contents)

    def _add_commit(self, commit: "_FetchedCommit", root: bytes) -> None:
        """Add the entries of a commit. Its root directory gets the id `root`."""
        listing = self._git.list_commit(commit.repository, commit.directory, commit.revision)
        is_whole = listing is not None
        if listing is None:
            listing = self._git.list_directory(commit.repository, commit.directory, commit.revision)
        has_submodules = self._add_entries(commit, listing, root, b"", is_whole=is_whole)
        if not is_whole:  # the submodules below are not known
            has_submodules = ".gitmodules" in self._entries[root]
        if has_submodules and commit.repository.submodules:
            self._check_submodules(commit)

    def _add_entries(
        self,
        commit: "_FetchedCommit",
        listing: bytes,
        directory: bytes,
        path: bytes,
        *,
        is_whole: bool = False,
    ) -> bool:
        """Add the entries in a listing of the directory with an id and a path. Return whether there are submodules.

        With `is_whole`, the listing also contains all that is below.
        """
        gitlinks_before = len(self._gitlinks)
        identities = {b"": directory}
        self._entries.setdefault(directory, {})
        prefix = path + b"/" if path else b""
        for record in listing.split(b"\0")[:-1]:
            metadata, _, entry_path = record.partition(b"\t")
            mode_text, _, identity, size = metadata.split()
            parent_path, _, name = entry_path.rpartition(b"/")
            mode = int(mode_text, 8)
            parent = identities.get(parent_path)
            if parent is None or name.lower() == b".git":  # only a forged tree has such an entry
                continue
            if mode == _SUBMODULE_MODE:
                mode = stat.S_IFDIR
                shown_path = (prefix + entry_path).decode("utf-8", "surrogateescape")
                self._gitlinks.setdefault(identity, (commit, shown_path))
            elif stat.S_ISDIR(mode):
                identities[entry_path] = identity
                if is_whole:
                    self._entries.setdefault(identity, {})
                elif identity not in self._entries:
                    self._unlisted.setdefault(identity, (commit, prefix + entry_path))
            elif size.isdigit():
                self._blobs.setdefault(identity, _Blob(commit, int(size), parent))
            self._entries[parent][name.decode("utf-8", "surrogateescape")] = (mode, identity)
        return len(self._gitlinks) > gitlinks_before

    def _check_submodules(self, commit: "_FetchedCommit") -> None:
        """Raise SourceError if a submodule URL could run an executable or be taken for an option.

        Unused submodules are checked, too: such a URL is an attack.
        """
        repository = commit.repository
        try:
            urls = self._git.submodule_urls(repository, commit.directory, commit.revision)
        except FetchError:  # without URLs, only a build that uses a submodule fails
            return
        for path, url in urls.items():
            if "::" in url or url.startswith("-"):
                raise SourceError(
                    f"{repository.name}: the submodule {path!r} has the unsafe URL {mask_url(url)!r}"
                )

    def _add_submodule(self, identity: bytes, commit: "_FetchedCommit", path: str) -> None:
        parent = commit.repository
        self._entries[identity] = {}
        if not parent.submodules:
            return
        url = self._git.submodule_urls(parent, commit.directory, commit.revision).get(path)
        if not url:
            raise MissingError(f"{parent.name}: .gitmodules has no URL for the submodule {path!r}")
        submodule = resolve_submodule(parent, url, identity.decode())
        directory, revision = self._open_submodule(submodule)
        self._add_commit(_FetchedCommit(submodule, directory, revision), identity)


class _FetchedCommit(NamedTuple):
    """A commit in a local bare repository."""

    repository: Repository
    directory: str
    revision: str


class _Blob(NamedTuple):
    """A file: the commit that it is read from, its size in bytes and the id of its directory."""

    commit: _FetchedCommit
    size: int
    parent: bytes


def resolve_submodule(parent: Repository, url: str, commit: str) -> Repository:
    """Return the repository of a submodule. Its URL may be relative to the URL of `parent`.

    Raises SourceError unless the URL is relative, has a scheme, or has the form `user@host:path`.
    Source: git's documentation of `git submodule add`.
    """
    if url.startswith(("./", "../")):
        url = _join_relative_url(parent.clone_url, url)
    scheme, separator, path = url.partition("://")
    host = f"{scheme.lower()}://"
    if not separator:
        scheme, separator, path = url.partition(":")
        host = f"{scheme}:"
    if not separator or (host[-1] == ":" and "@" not in host):
        raise SourceError(
            f"{parent.name}: the submodule URL {mask_url(url)!r} must be relative, "
            "or have a scheme, or the form user@host:path"
        )
    return parent._replace(url=url, host=host, path=path, directory="", ref=commit)


def _join_relative_url(base: str, url: str) -> str:
    base = base.rstrip("/")
    while True:
        if url.startswith("./"):
            url = url[2:]
        elif url.startswith("../"):
            url = url[3:]
            slash = max(base.rfind("/"), base.rfind(":"))
            base = base[:slash] if base[slash : slash + 1] == "/" else base[: slash + 1]
        else:
            return base + url if base.endswith(":") else f"{base}/{url}"
