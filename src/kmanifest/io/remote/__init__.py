"""Repositories and files of other machines. Nothing else opens a socket, and nothing is fetched unless a caller says so."""

from collections.abc import Callable

from kmanifest.io.tree import Tree
from kmanifest.startup.typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kmanifest.io.remote.network import Network
    from kmanifest.io.remote.urls import Repository


def is_file_url(text: str) -> bool:
    """Whether an entry is fetched from a web server where a file is wanted.

    Source: kustomize v5.8.2 api/internal/loader/fileloader.go, IsRemoteFile.
    """
    return text[:8].lower().startswith(("http://", "https://"))


class Remote(Protocol):
    """What one build fetches, or something that stands for it: a mirror, a fake in a test.

    What was fetched is a tree of its own, whose paths all begin with the name that it was given. Such a name holds `://`,
    which no path of another tree does.
    """

    def file(self, url: str) -> str:
        """The name of the file at a URL, fetched unless it was before; FetchError or LimitError where that fails."""

    def repository(self, repository: "Repository") -> str:
        """The name of the root of a repository; errors as of `file`."""

    def tree_of(self, path: str) -> Tree | None:
        """The tree that has the path, if it is in what was fetched."""


class LazyNetwork:
    """A `Network` that is made when something is first fetched, as most builds fetch nothing."""

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
        """Remove what was kept for this build only; what was read can still be read."""
        if self._network is not None:
            self._network.close()

    def _get_network(self) -> "Network":
        if self._network is None:
            self._network = self._create_network()
        return self._network
