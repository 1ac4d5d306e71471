"""From what names a chart on a command line to the packaged chart.

A URL, a name in a repository (`--repo`), `REPOSITORY/NAME` of a repository that helm knows, or a reference to a registry.
A login goes to the server that it is for; a chart that an index places on another server is asked for without one, unless the
user wants it so. Source: helm v3.22.0 pkg/action/install.go, LocateChart; pkg/downloader/chart_downloader.go.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from kmanifest.engines.helm.charts.versions import is_version
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources import registries, urls
from kmanifest.engines.helm.sources.config import RepositoryEntry, find_by_name
from kmanifest.engines.helm.sources.index import Entry, Index, load_index
from kmanifest.engines.helm.sources.registries import Reference
from kmanifest.io.remote.access import Access
from kmanifest.io.remote.urls import shown_url, without_password
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.startup.typing import NamedTuple, Protocol

Warn = Callable[[str], None]


class Fetcher(Protocol):
    """What brings contents from servers; each method raises FetchError or LimitError where it can't."""

    def index(self, url: str, access: Access) -> bytes:
        """The index at a URL."""

    def archive(self, url: str, access: Access, digest: str) -> bytes:
        """The packaged chart at a URL, whose SHA-256 is `digest` where that is not empty."""

    def provenance(self, url: str, access: Access) -> bytes:
        """The provenance file of the packaged chart at a URL."""

    def tags(self, reference: Reference, access: Access) -> list[str]:
        """The tags in a repository of a registry."""

    def pull(self, reference: Reference, access: Access) -> tuple[str, bytes]:
        """The digest of the manifest, and the packaged chart."""

    def pull_provenance(self, reference: Reference, access: Access) -> bytes:
        """The provenance file in a registry."""

    def is_same(self, reference: Reference, digest: str, access: Access) -> bool:
        """Whether the tag of a reference, if it is there, stands for a digest."""


class Asked(NamedTuple):
    """What is asked for: a range of versions, the URL of a repository, and what is shown to servers."""

    version: str = ""
    repository: str = ""
    access: Access = Access()


class Place(NamedTuple):
    """Where a packaged chart is: a URL or a reference, and what is shown there."""

    file_name: str
    access: Access
    url: str = ""
    digest: str = ""
    reference: Reference | None = None


class Finder:
    """Finds charts; `repositories` are those that helm knows, `kept_index` gives the index of one that helm has kept."""

    def __init__(
        self,
        fetcher: Fetcher,
        repositories: Sequence[RepositoryEntry] = (),
        kept_index: Callable[[str], bytes | None] = lambda _: None,
        warn: Warn = lambda _: None,
    ) -> None:
        self.fetcher = fetcher
        self.repositories = repositories
        self._kept_index = kept_index
        self._warn = warn

    def find(self, text: str, asked: Asked) -> Place:
        """Where the chart is that a text names."""
        if asked.repository:
            return self._in_repository(text, asked)
        if urls.is_oci(text):
            return self._in_registry(text, asked)
        if urls.is_absolute(text):
            urls.check_web(text)
            access = self._access_for(text, asked.access)
            return Place(urls.file_name(text), access, url=text)
        return self._in_known(text, asked)

    def fetch(self, place: Place) -> bytes:
        """The packaged chart at a place."""
        if place.reference is None:
            return self.fetcher.archive(place.url, place.access, place.digest)
        digest, content = self.fetcher.pull(place.reference, place.access)
        found, wanted = sha256(content).hexdigest(), place.digest.lower().removeprefix("sha256:")
        if wanted and found != wanted:
            raise SourceError(
                f"{place.reference}: it has the digest {found}, and the index says {place.digest}"
            )
        self._warn(f"Pulled: {place.reference}\nDigest: {digest}")
        return content

    def fetch_provenance(self, place: Place) -> bytes:
        """The provenance file of the packaged chart at a place; SourceError where it can't be had."""
        try:
            if place.reference is not None:
                return self.fetcher.pull_provenance(place.reference, place.access)
            return self.fetcher.provenance(place.url, place.access)
        except LimitError:
            raise
        except KmanifestError as error:
            where = place.reference or shown_url(place.url)
            problem = f"failed to fetch provenance {quoted(f'{where}.prov')}"
            raise SourceError(f"{problem}: {error.message}") from error

    def index_of(self, url: str, access: Access) -> Index:
        """The index of the repository at a URL."""
        urls.check_web(url)
        content = self.fetcher.index(urls.resolve(url, "index.yaml"), access)
        return load_index(content, without_password(url))

    def _in_repository(self, name: str, asked: Asked) -> Place:
        """A chart of the repository whose URL is given. Source: pkg/repo/chartrepo.go, FindChartInAuthAndTLSAndPassRepoURL."""
        url = asked.repository
        try:
            index = self.index_of(url, asked.access)
        except LimitError:
            raise
        except KmanifestError as error:
            problem = f"looks like {quoted(without_password(url))} is not a valid chart repository or cannot be reached"
            raise type(error)(f"{problem}: {error.message}") from error
        shown = f"chart {quoted(name)}" + (
            f" version {quoted(asked.version)}" if asked.version else ""
        )
        try:
            entry = index.pick(name, asked.version)
        except SourceError as error:
            raise SourceError(f"{shown} not found in {without_password(url)} repository") from error
        finally:
            self._tell(index)
        return self.place_of(entry, url, asked.access, shown)

    def _in_known(self, text: str, asked: Asked) -> Place:
        """A chart of a repository that helm knows by name."""
        repository, slash, name = text.partition("/")
        if not slash:
            raise SourceError(
                f"non-absolute URLs should be in form of repo_name/path_to_chart, got: {text}"
            )
        known = find_by_name(self.repositories, repository)
        refuse_insecure(known)
        access = (
            known.access if known.access.login else known.access._replace(login=asked.access.login)
        )
        content = self._kept_index(known.name)
        index = (
            load_index(content, without_password(known.url))
            if content
            else self.index_of(known.url, access)
        )
        try:
            entry = index.pick(name, asked.version)
        except SourceError as error:
            raise SourceError(
                f"chart {quoted(name)} matching {asked.version} not found in {known.name} index. "
                f"(try 'helm repo update'): {error.message}"
            ) from error
        finally:
            self._tell(index)
        return self.place_of(entry, known.url, access, f"chart {quoted(text)}")

    def place_of(self, entry: Entry, repository: str, access: Access, shown: str) -> Place:
        """Where a version is that an index tells of."""
        if not entry.urls:
            raise SourceError(f"{shown} has no downloadable URLs")
        url = urls.resolve(repository, entry.urls[0])
        if urls.is_oci(url):
            reference = registries.parse_reference(url)
            return Place(reference.file_name, access.without_login(), "", entry.digest, reference)
        urls.check_web(url)
        if not access.passes_login and not urls.is_same_server(repository, url):
            access = _elsewhere(access, repository, url)
        return Place(urls.file_name(url), access, url=url, digest=entry.digest)

    def _access_for(self, url: str, given: Access) -> Access:
        """What is shown at the URL of a chart: what is given, else that of the known repository which it lies in."""
        if given.login is not None or "/../" in url:
            return given
        for each in self.repositories:
            if url.startswith(each.url.rstrip("/") + "/") and urls.is_same_server(each.url, url):
                refuse_insecure(each)
                return each.access
        return given

    def _in_registry(self, text: str, asked: Asked) -> Place:
        reference = registries.parse_reference(text)
        version = registries.check_version(reference, asked.version)
        access = asked.access
        if reference.digest:
            tagged = reference._replace(tag=version, digest="")
            if version and not self.fetcher.is_same(tagged, reference.digest, access):
                raise SourceError(
                    f"chart reference digest mismatch: {tagged} is not {reference.digest}"
                )
        elif is_version(version):
            reference = reference._replace(tag=version)
        else:
            reference = reference._replace(tag=self._pick_tag(reference, version, access))
        return Place(reference.file_name, access, reference=reference)

    def _pick_tag(self, reference: Reference, version: str, access: Access) -> str:
        bare = reference._replace(tag="")
        versions = registries.versions_of(self.fetcher.tags(bare, access))
        if not versions:
            raise SourceError(f"Unable to locate any tags in provided repository: oci://{bare}")
        return registries.pick_tag(versions, version)

    def _tell(self, index: Index) -> None:
        for line in index.skipped:
            self._warn(line)
        index.skipped.clear()


def _elsewhere(access: Access, repository: str, url: str) -> Access:
    """What is shown to another server than that of the index; SourceError where one with a login sends to one without TLS."""
    if access.login is not None and not url.startswith("https://"):
        raise SourceError(
            f"the index of {without_password(repository)}, which is asked with a login, places the chart on another server, "
            f"not by https: {shown_url(url)} "
            "(--pass-credentials trusts it)"
        )
    return access.without_login()


def refuse_insecure(repository: RepositoryEntry) -> None:
    """SourceError where a repository wants certificates not to be checked."""
    if repository.is_insecure:
        raise SourceError(
            f"repository {repository.name} has insecure_skip_tls_verify, which is refused: caFile names a certificate to trust"
        )
