"""Find and fetch the packaged chart that a name on the command line refers to.

The name is a URL, a chart in a repository (`--repo`), `REPOSITORY/NAME` with a repository in Helm's configuration,
or a reference to a registry. A login is sent to its own server only. If an index refers to another server, the chart
is fetched without the login, unless the user allows it.
Source: helm v3.22.0 pkg/action/install.go, LocateChart; pkg/downloader/chart_downloader.go.
"""

from hashlib import sha256

from kmanifest.engines.helm.charts.versions import is_version
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources import registries, urls
from kmanifest.engines.helm.sources.config import RepositoryEntry, find_by_name
from kmanifest.engines.helm.sources.index import Index, IndexEntry, load_index
from kmanifest.engines.helm.sources.registries import Reference
from kmanifest.io.remote.access import Access
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Callable, NamedTuple, Protocol, Sequence

Warn = Callable[[str], None]


class Fetcher(Protocol):
    """Fetches content from servers. Each method raises FetchError or LimitError if that fails."""

    def index(self, url: str, access: Access) -> bytes:
        """Return the index at a URL."""

    def archive(self, url: str, access: Access, digest: str) -> bytes:
        """Return the packaged chart at a URL. Its SHA-256 must be `digest` if that is not empty."""

    def provenance(self, url: str, access: Access) -> bytes:
        """Return the provenance file of the packaged chart at a URL."""

    def tags(self, reference: Reference, access: Access) -> list[str]:
        """Return the tags of a repository in a registry."""

    def pull(self, reference: Reference, access: Access) -> tuple[str, bytes]:
        """Return the digest of the manifest and the packaged chart."""

    def pull_provenance(self, reference: Reference, access: Access) -> bytes:
        """Return the provenance file from a registry."""

    def tag_has_digest(self, reference: Reference, digest: str, access: Access) -> bool:
        """Return whether the reference's tag has this digest. A missing tag counts as a match."""


class ChartQuery(NamedTuple):
    """A version or version range, the URL of a repository, and the access for its server."""

    version: str = ""
    repository: str = ""
    access: Access = Access()

    def __repr__(self) -> str:  # without the secrets in the URL
        return f"ChartQuery({self.version!r}, {mask_url(self.repository)!r}, {self.access!r})"


class ChartLocation(NamedTuple):
    """The URL or registry reference of a packaged chart, and the access for its server.

    `file_name` is the name under which the chart is saved. `digest` is empty if the index has none.
    """

    file_name: str
    access: Access
    url: str = ""
    digest: str = ""
    reference: Reference | None = None

    def __repr__(self) -> str:  # without the secrets in the URL
        return f"ChartLocation({self.file_name!r}, {str(self.reference or mask_url(self.url))!r})"


class Finder:
    """Finds charts.

    `repositories` are those in Helm's configuration. `kept_index` returns Helm's cached index of a repository, by
    name. `warn` is called with each warning.
    """

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

    def find(self, name: str, query: ChartQuery) -> ChartLocation:
        """Return the location of the chart that a name refers to."""
        if query.repository:
            return self._find_in_repository(name, query)
        if urls.is_oci(name):
            return self._find_in_registry(name, query)
        if urls.is_absolute(name):
            urls.check_web(name)
            access = self._access_for_url(name, query.access)
            return ChartLocation(urls.file_name(name), access, url=name)
        return self._find_in_known_repository(name, query)

    def fetch(self, location: ChartLocation) -> bytes:
        """Return the packaged chart at a location. Raises an error if it does not match `location.digest`."""
        if location.reference is None:
            return self.fetcher.archive(location.url, location.access, location.digest)
        digest, content = self.fetcher.pull(location.reference, location.access)
        actual_digest = sha256(content).hexdigest()
        expected_digest = location.digest.lower().removeprefix("sha256:")
        if expected_digest and actual_digest != expected_digest:
            raise SourceError(
                f"{location.reference}: the chart has the digest {actual_digest}, "
                f"but the index lists {location.digest}"
            )
        self._warn(f"Pulled: {location.reference}\nDigest: {digest}")
        return content

    def fetch_provenance(self, location: ChartLocation) -> bytes:
        """Return the provenance file of the packaged chart at a location. Raises SourceError if that fails."""
        try:
            if location.reference is not None:
                return self.fetcher.pull_provenance(location.reference, location.access)
            return self.fetcher.provenance(location.url, location.access)
        except LimitError:
            raise
        except KmanifestError as error:
            shown_location = location.reference or mask_url(location.url)
            problem = f"failed to fetch provenance {quoted(f'{shown_location}.prov')}"
            raise SourceError(f"{problem}: {error.message}") from error

    def index_of(self, url: str, access: Access) -> Index:
        """Return the index of the repository at a URL."""
        urls.check_web(url)
        content = self.fetcher.index(urls.resolve(url, "index.yaml"), access)
        return load_index(content, mask_url(url))

    def _find_in_repository(self, name: str, query: ChartQuery) -> ChartLocation:
        """Return the location of a chart in the repository of `query`.

        Source: pkg/repo/chartrepo.go, FindChartInAuthAndTLSAndPassRepoURL.
        """
        url = query.repository
        try:
            index = self.index_of(url, query.access)
        except LimitError:
            raise
        except KmanifestError as error:
            problem = f"looks like {quoted(mask_url(url))} is not a valid chart repository or cannot be reached"
            raise type(error)(f"{problem}: {error.message}") from error
        description = f"chart {quoted(name)}" + (
            f" version {quoted(query.version)}" if query.version else ""
        )
        try:
            entry = index.pick(name, query.version)
        except SourceError as error:
            raise SourceError(f"{description} not found in {mask_url(url)} repository") from error
        finally:
            self._warn_of_skipped_entries(index)
        return self.location_of(entry, url, query.access, description)

    def _find_in_known_repository(self, name: str, query: ChartQuery) -> ChartLocation:
        """Return the location of a chart in a repository of Helm's configuration."""
        repository_name, slash, chart_name = name.partition("/")
        if not slash:
            raise SourceError(
                f"non-absolute URLs should be in form of repo_name/path_to_chart, got: {mask_url(name)}"
            )
        repository = find_by_name(self.repositories, repository_name)
        refuse_insecure(repository)
        access = (
            repository.access
            if repository.access.login
            else repository.access._replace(login=query.access.login)
        )
        content = self._kept_index(repository.name)
        index = (
            load_index(content, mask_url(repository.url))
            if content
            else self.index_of(repository.url, access)
        )
        try:
            entry = index.pick(chart_name, query.version)
        except SourceError as error:
            raise SourceError(
                f"chart {quoted(chart_name)} matching {query.version} not found in {repository.name} index. "
                f"(try 'helm repo update'): {error.message}"
            ) from error
        finally:
            self._warn_of_skipped_entries(index)
        return self.location_of(entry, repository.url, access, f"chart {quoted(name)}")

    def location_of(
        self, entry: IndexEntry, repository: str, access: Access, description: str
    ) -> ChartLocation:
        """Return the location of a chart version in the index of `repository`.

        `description` identifies the chart in errors.
        """
        if not entry.urls:
            raise SourceError(f"{description} has no downloadable URLs")
        url = urls.resolve(repository, entry.urls[0])
        if urls.is_oci(url):
            reference = registries.parse_reference(url)
            return ChartLocation(
                reference.file_name, access.without_login(), "", entry.digest, reference
            )
        urls.check_web(url)
        if not access.passes_login and not urls.is_same_server(repository, url):
            access = _access_for_other_server(access, repository, url)
        return ChartLocation(urls.file_name(url), access, url=url, digest=entry.digest)

    def _access_for_url(self, url: str, access: Access) -> Access:
        """Return the access for a chart's URL.

        Without a login in `access`, it is the access of the configured repository whose URL begins the chart's URL.
        """
        if access.login is not None or "/../" in url:
            return access
        for repository in self.repositories:
            if url.startswith(repository.url.rstrip("/") + "/") and urls.is_same_server(
                repository.url, url
            ):
                refuse_insecure(repository)
                return repository.access
        return access

    def _find_in_registry(self, name: str, query: ChartQuery) -> ChartLocation:
        reference = registries.parse_reference(name)
        version = registries.check_version(reference, query.version)
        access = query.access
        if reference.digest:
            tagged = reference._replace(tag=version, digest="")
            if version and not self.fetcher.tag_has_digest(tagged, reference.digest, access):
                raise SourceError(
                    f"chart reference digest mismatch: {tagged} is not {reference.digest}"
                )
        elif is_version(version):
            reference = reference._replace(tag=version)
        else:
            reference = reference._replace(tag=self._pick_tag(reference, version, access))
        return ChartLocation(reference.file_name, access, reference=reference)

    def _pick_tag(self, reference: Reference, version: str, access: Access) -> str:
        untagged = reference._replace(tag="")
        versions = registries.versions_from_tags(self.fetcher.tags(untagged, access))
        if not versions:
            raise SourceError(f"Unable to locate any tags in provided repository: oci://{untagged}")
        return registries.pick_tag(versions, version)

    def _warn_of_skipped_entries(self, index: Index) -> None:
        if index.skip_messages:  # one call, because there may be very many
            self._warn("\n".join(index.skip_messages))
            index.skip_messages.clear()


def _access_for_other_server(access: Access, repository: str, url: str) -> Access:
    """Return the access for a server other than the repository's.

    Raises SourceError if the index was fetched with a login and the other server has no TLS.
    """
    if access.login is not None and not url.startswith("https://"):
        raise SourceError(
            f"the index of {mask_url(repository)}, which is fetched with a login, "
            f"places the chart on another server, not by https: {mask_url(url)} "
            "(--pass-credentials allows it)"
        )
    return access.without_login()


def refuse_insecure(repository: RepositoryEntry) -> None:
    """Raise SourceError if a repository's configuration turns off the verification of certificates."""
    if repository.is_insecure:
        raise SourceError(
            f"repository {repository.name} has insecure_skip_tls_verify, which is refused: "
            "set caFile to a trusted CA certificate instead"
        )
