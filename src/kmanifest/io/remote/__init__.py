"""Fetch repositories, files and charts over the network.

No other package opens a socket. Nothing is fetched unless a caller allows it.
"""

from kmanifest.io.tree import Tree
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Protocol

if TYPE_CHECKING:
    from kmanifest.io.remote.network import Network
    from kmanifest.io.remote.urls import Repository


def is_file_url(text: str) -> bool:
    """Return whether an entry that must be a file is fetched from a web server.

    Source: kustomize v5.8.2 api/internal/loader/fileloader.go, IsRemoteFile.
    """
    return text[:8].lower().startswith(("http://", "https://"))


class Remote(Protocol):
    """Fetches the remote bases and files of one build.

    `Network` is the default. A caller may pass another one, for example a mirror or a fake in a test.

    Each fetched repository or file has a name, and its files form a tree. Every path in the tree begins with
    the name. A name contains `://`; the paths of other trees do not.

    >>> from kmanifest import MemoryTree, Options, PrefixedTree, Remote, Repository, Tree, build
    >>> class Mirror:
    ...     name = "mirror://shop"
    ...     tree = PrefixedTree(MemoryTree({"kustomization.yaml": "{resources: [], namePrefix: p-}"}), name)
    ...     def file(self, url: str) -> str:
    ...         raise NotImplementedError
    ...     def repository(self, repository: Repository) -> str:
    ...         return self.name
    ...     def tree_of(self, path: str) -> Tree | None:
    ...         return self.tree if path.startswith(self.name) else None
    >>> remote: Remote = Mirror()
    >>> build("https://example.com/org/shop?ref=v1", options=Options(allow_remote=True), remote=remote).text()
    ''
    """

    def file(self, url: str) -> str:
        """Return the name of the file at a URL and fetch it if needed.

        Raises FetchError or LimitError if that fails.
        """

    def repository(self, repository: "Repository") -> str:
        """Return the name of the root of a repository and fetch it if needed. Raises the same errors as `file`."""

    def tree_of(self, path: str) -> Tree | None:
        """Return the fetched tree that contains the path, or None."""


class LazyNetwork:
    """A `Network` that is created at the first fetch, because most builds fetch nothing."""

    def __init__(self, create_network: "Callable[[], Network]") -> None:
        self._create_network = create_network
        self._network: Network | None = None

    def file(self, url: str) -> str:
        return self._get_network().file(url)

    def repository(self, repository: "Repository") -> str:
        return self._get_network().repository(repository)

    def tree_of(self, path: str) -> Tree | None:
        return None if self._network is None else self._network.tree_of(path)

    def close(self) -> None:
        """Remove the temporary files of this build. Content that was already read stays available."""
        if self._network is not None:
            self._network.close()

    def _get_network(self) -> "Network":
        if self._network is None:
            self._network = self._create_network()
        return self._network
