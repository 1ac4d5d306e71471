"""Fetch charts and indexes, from the store if possible, else from chart repositories or registries.

Content with a known digest is never fetched twice. An index, a tag or a URL has no digest. It is fetched again
if the last fetch is more than `max_age` seconds ago.
Source of the media types: helm v3.22.0 pkg/registry/constants.go, client.go Pull.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256

from kmanifest.io.remote.access import Access, Certificates, Credential, Login
from kmanifest.io.remote.http import HttpClient, NoTlsError
from kmanifest.io.remote.oci import (
    Artifact,
    Descriptor,
    Manifest,
    RegistryClient,
    basic_authorization,
)
from kmanifest.io.remote.store import Store
from kmanifest.io.remote.urls import shown_url
from kmanifest.model.errors import FetchError
from kmanifest.startup.typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

MAX_INDEX_SIZE: Final = 64 << 20
MAX_ARCHIVE_SIZE: Final = 100 << 20
MAX_PROVENANCE_SIZE: Final = 1 << 20
CONFIG_MEDIA_TYPE: Final = "application/vnd.cncf.helm.config.v1+json"
CHART_MEDIA_TYPE: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
OLD_CHART_MEDIA_TYPE: Final = "application/tar+gzip"
PROVENANCE_MEDIA_TYPE: Final = "application/vnd.cncf.helm.chart.provenance.v1.prov"

_ACCEPT: Final = "application/gzip,application/octet-stream"
_PROTOCOLS: Final = ("https", "http")
_LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")

CredentialFor = Callable[[str], Credential | None]


class PulledChart(NamedTuple):
    """A chart or provenance file from a registry, with the digest of its manifest."""

    digest: str
    content: bytes


class ChartClient:
    """Fetches charts and indexes for one command.

    `store` caches fetched content; without a store, nothing is cached. With `offline`, only the store is used.
    `login_for` returns the credential for a registry host. `plain_http` allows registries without TLS. Registries
    on loopback may always lack TLS. `timeout` is the time limit of one request, in seconds.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        offline: bool = False,
        max_age: float = 60.0,
        timeout: float = 30.0,
        login_for: CredentialFor = lambda _: None,
        plain_http: bool = False,
    ) -> None:
        self._store = store
        self._offline = offline
        self._max_age = max_age
        self._timeout = timeout
        self._login_for = login_for
        self._plain_http = plain_http
        self._plain_hosts: set[str] = set()
        self._registry_clients: dict[tuple[Certificates, str, Login | None], RegistryClient] = {}

    def index(self, url: str, access: Access) -> bytes:
        """Return the index at a URL. Raises FetchError or LimitError if it can't be fetched."""
        return self._fetch_file(url, access, "index", MAX_INDEX_SIZE)

    def archive(self, url: str, access: Access, *, digest: str = "") -> bytes:
        """Return the packaged chart at a URL.

        Raises FetchError or LimitError if it can't be fetched, and FetchError if it does not match `digest`.
        """
        expected_digest = digest.lower().removeprefix("sha256:")
        content = self._cached_content(expected_digest) if expected_digest else None
        if content is None:
            content = self._fetch_file(
                url, access, "chart", MAX_ARCHIVE_SIZE, uses_cache=not expected_digest
            )
        actual_digest = sha256(content).hexdigest()
        if expected_digest and actual_digest != expected_digest:
            raise FetchError(
                f"{shown_url(url)}: the chart has the digest {actual_digest}, but the index lists {digest}"
            )
        return content

    def provenance(self, url: str, access: Access) -> bytes:
        """Return the provenance file of the packaged chart at a URL."""
        path, separator, query = url.partition("?")
        return self._fetch_file(
            f"{path}.prov{separator}{query}", access, "provenance", MAX_PROVENANCE_SIZE
        )

    def tags(self, artifact: Artifact, access: Access) -> list[str]:
        """Return the tags of a repository in a registry."""
        name = f"helm tags {artifact._replace(reference='')}"
        cached = self._cached_by_name(name)
        if cached is not None:
            return cached.decode().split("\n")
        tags = self._query_registry(artifact, access, lambda client: client.tags(artifact))
        self._cache_content(name, "\n".join(tags).encode())
        return tags

    def pull(
        self, artifact: Artifact, access: Access, media_type: str = CHART_MEDIA_TYPE
    ) -> PulledChart:
        """Return a chart, or its provenance file, from a registry. All content is checked against its digest."""
        digest, blob_digest = self._cached_digests(artifact, media_type)
        content = self._cached_content(blob_digest)
        if content is not None:
            return PulledChart(digest, content)
        manifest = self._query_registry(artifact, access, lambda client: client.manifest(artifact))
        layer = _find_layer(manifest, artifact, media_type)
        content = self._cached_content(layer.digest.removeprefix("sha256:"))
        if content is None:
            content = self._query_registry(
                artifact, access, lambda client: client.blob(artifact, layer)
            )
        self._cache_content(_blob_name(manifest.digest, media_type), content)
        self._cache_content(f"helm tag {artifact}", manifest.digest.encode())
        return PulledChart(manifest.digest, content)

    def tag_has_digest(self, artifact: Artifact, digest: str, access: Access) -> bool:
        """Return whether a tag has this manifest digest. A tag that can't be fetched counts as a match."""
        try:
            manifest = self._query_registry(
                artifact, access, lambda client: client.manifest(artifact)
            )
        except FetchError:
            return True
        return manifest.digest == digest

    def _cached_digests(self, artifact: Artifact, media_type: str) -> tuple[str, str]:
        """Return the digests of the manifest and the blob if they are cached. A digest that is not is empty."""
        digest = artifact.reference
        if ":" not in digest:
            cached = self._cached_by_name(f"helm tag {artifact}")
            digest = "" if cached is None else cached.decode("ascii", "replace")
        resolution = (
            self._store.last_resolution(_blob_name(digest, media_type))
            if self._store and digest
            else None
        )
        return digest, resolution.identity if resolution else ""

    def _query_registry(
        self, artifact: Artifact, access: Access, query: Callable[[RegistryClient], T]
    ) -> T:
        """Call `query` with a registry client and return the result.

        If a registry on loopback has no TLS, the query is repeated without TLS.
        """
        self._refuse_offline(str(artifact))
        client = self._registry_client_for(artifact, access)
        try:
            return query(client)
        except NoTlsError:
            host = artifact.host
            if host not in _LOOPBACK_HOSTS and host.rpartition(":")[0] not in _LOOPBACK_HOSTS:
                raise
            self._plain_hosts.add(host)
            return query(client)

    def _registry_client_for(self, artifact: Artifact, access: Access) -> RegistryClient:
        key = (access.certificates, artifact.host, access.login)
        if key not in self._registry_clients:
            self._registry_clients[key] = RegistryClient(
                self._http(access, MAX_ARCHIVE_SIZE),
                login_for=partial(self._credential_for, artifact.host, access.login),
                is_plain=self._is_plain,
                max_blob=MAX_ARCHIVE_SIZE,
            )
        return self._registry_clients[key]

    def _credential_for(
        self, registry_host: str, login: Login | None, host: str
    ) -> Credential | None:
        return (
            Credential(login)
            if login is not None and host == registry_host
            else self._login_for(host)
        )

    def _is_plain(self, host: str) -> bool:
        return self._plain_http or host in self._plain_hosts

    def _fetch_file(
        self, url: str, access: Access, kind: str, limit: int, *, uses_cache: bool = True
    ) -> bytes:
        name = f"helm {kind} {url} {access.login[0] if access.login else ''}"
        cached = self._cached_by_name(name) if uses_cache else None
        if cached is not None:
            return cached
        self._refuse_offline(shown_url(url))
        content = self._http(access, limit).get(url, _headers(access, kind))
        self._cache_content(name, content)
        return content

    def _http(self, access: Access, limit: int) -> HttpClient:
        return HttpClient(
            protocols=_PROTOCOLS,
            timeout=self._timeout,
            max_size=limit,
            keeps_encoding=True,
            certificates=access.certificates,
        )

    def _cached_by_name(self, name: str) -> bytes | None:
        """Return the content cached under a name, or None if there is none or it is too old.

        In offline mode, the age does not matter.
        """
        resolution = self._store.last_resolution(name) if self._store else None
        if resolution is None or not (self._offline or resolution.age <= self._max_age):
            return None
        return self._cached_content(resolution.identity)

    def _cached_content(self, digest: str) -> bytes | None:
        is_digest = len(digest) == 64 and not digest.strip("0123456789abcdef")
        return self._store.content(digest) if self._store and is_digest else None

    def _cache_content(self, name: str, content: bytes) -> None:
        if self._store:
            self._store.keep_name(name, self._store.keep_content(content))

    def _refuse_offline(self, name: str) -> None:
        if self._offline:
            raise FetchError(f"{name}: it is not in the store, and nothing is fetched (offline)")


def _headers(access: Access, kind: str) -> Mapping[str, str]:
    accept = {"Accept": _ACCEPT} if kind == "chart" else {}
    return (
        accept
        if access.login is None
        else {**accept, "Authorization": basic_authorization(access.login)}
    )


def _blob_name(digest: str, media_type: str) -> str:
    return f"helm blob {digest} {media_type}"


def _find_layer(manifest: Manifest, artifact: Artifact, media_type: str) -> Descriptor:
    """Return the last layer with the media type. Source: pkg/registry/client.go, Pull."""
    if manifest.config.media_type != CONFIG_MEDIA_TYPE:
        raise FetchError(f"{artifact}: could not load config with mediatype {CONFIG_MEDIA_TYPE}")
    media_types = (
        (CHART_MEDIA_TYPE, OLD_CHART_MEDIA_TYPE)
        if media_type == CHART_MEDIA_TYPE
        else (media_type,)
    )
    layers = [layer for layer in manifest.layers if layer.media_type in media_types]
    if not layers:
        raise FetchError(
            f"{artifact}: manifest does not contain a layer with mediatype {media_type}"
        )
    return layers[-1]
