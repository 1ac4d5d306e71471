"""Fetch charts and indexes, from the store if possible, else from chart repositories or registries.

Content with a known digest is never fetched twice on behalf of the same principal. An index, a tag or a URL has no
digest. It is fetched again if the last fetch is more than `max_age` seconds ago.
Source of the media types: helm v3.22.0 pkg/registry/constants.go, client.go Pull.
"""

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
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.store import Key, Partition, Store
from kmanifest.io.remote.urls import check_protocol, find_endpoint
from kmanifest.model.errors import FetchError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Callable, Final, Mapping, NamedTuple, Sequence, TypeVar

T = TypeVar("T")

MAX_INDEX_SIZE: Final = 64 << 20
MAX_ARCHIVE_SIZE: Final = 100 << 20
MAX_PROVENANCE_SIZE: Final = 1 << 20
CONFIG_MEDIA_TYPE: Final = "application/vnd.cncf.helm.config.v1+json"
CHART_MEDIA_TYPE: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
OLD_CHART_MEDIA_TYPE: Final = "application/tar+gzip"
PROVENANCE_MEDIA_TYPE: Final = "application/vnd.cncf.helm.chart.provenance.v1.prov"

_ACCEPT: Final = "application/gzip,application/octet-stream"
_REQUEST_TIMEOUT: Final = 30.0  # seconds
_WEB_PROTOCOLS: Final = ("https", "http")
_LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")

LoginFor = Callable[[str], Credential | None]


class PulledChart(NamedTuple):
    """A chart or provenance file from a registry, with the digest of its manifest."""

    digest: str
    content: bytes


class ChartClient:
    """Fetches charts and indexes for one command or build, as `settings` allow.

    `store` caches fetched content; without a store, nothing is cached. `login_for` returns the login that the user of
    this process has for a registry host. `plain_http` allows registries without TLS. With the protocol `http`,
    registries on this machine may lack TLS.
    """

    def __init__(
        self,
        settings: FetchSettings = FetchSettings(),
        *,
        store: Store | None = None,
        login_for: LoginFor = lambda _: None,
        plain_http: bool = False,
    ) -> None:
        self._settings = settings
        self._store = store
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
        content = None
        if expected_digest:
            content = self._cached_content(self._partition_of_url(url, access), expected_digest)
        if content is None:
            content = self._fetch_file(
                url, access, "chart", MAX_ARCHIVE_SIZE, uses_cache=not expected_digest
            )
        actual_digest = sha256(content).hexdigest()
        if expected_digest and actual_digest != expected_digest:
            raise FetchError(
                f"{mask_url(url)}: the chart has the digest {actual_digest}, but the index lists {digest}"
            )
        return content

    def provenance(self, url: str, access: Access) -> bytes:
        """Return the provenance file of the packaged chart at a URL."""
        path, separator, query = url.partition("?")
        return self._fetch_file(
            f"{path}.prov{separator}{query}", access, "provenance", MAX_PROVENANCE_SIZE
        )

    def values(self, url: str, max_size: int) -> bytes:
        """Return the values file at a URL. Raises FetchError or LimitError if it can't be fetched."""
        return self._fetch_file(url, Access(), "values", max_size)

    def tags(self, artifact: Artifact, access: Access) -> list[str]:
        """Return the tags of a repository in a registry."""
        key = Key("tags", str(artifact._replace(reference="")))
        partition = self._partition_of_artifact(artifact, access)
        cached = self._cached_by_name(partition, key)
        if cached is not None:
            return cached.decode().split("\n")
        tags = self._query_registry(artifact, access, lambda client: client.tags(artifact))
        _cache_content(partition, key, "\n".join(tags).encode())
        return tags

    def pull(
        self, artifact: Artifact, access: Access, media_type: str = CHART_MEDIA_TYPE
    ) -> PulledChart:
        """Return a chart, or its provenance file, from a registry. All content is checked against its digest."""
        partition = self._partition_of_artifact(artifact, access)
        digest, blob_digest = self._cached_digests(partition, artifact, media_type)
        content = self._cached_content(partition, blob_digest)
        if content is not None:
            return PulledChart(digest, content)
        manifest = self._query_registry(artifact, access, lambda client: client.manifest(artifact))
        layer = _find_layer(manifest, artifact, media_type)
        content = self._cached_content(partition, layer.digest.removeprefix("sha256:"))
        if content is None:
            content = self._query_registry(
                artifact, access, lambda client: client.blob(artifact, layer)
            )
        _cache_content(partition, Key("blob", manifest.digest, media_type), content)
        _cache_content(partition, Key("tag", str(artifact)), manifest.digest.encode())
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

    def _cached_digests(
        self, partition: Partition | None, artifact: Artifact, media_type: str
    ) -> tuple[str, str]:
        """Return the digests of the manifest and the blob if they are cached. A digest that is not is empty."""
        digest = artifact.reference
        if ":" not in digest:
            cached = self._cached_by_name(partition, Key("tag", str(artifact)))
            digest = "" if cached is None else cached.decode("ascii", "replace")
        resolution = (
            partition.last_resolution(Key("blob", digest, media_type))
            if partition and digest
            else None
        )
        return digest, resolution.identity if resolution else ""

    def _query_registry(
        self, artifact: Artifact, access: Access, query: Callable[[RegistryClient], T]
    ) -> T:
        """Call `query` with a registry client and return the result.

        If a registry on loopback has no TLS, the query is repeated without TLS. The protocol `http` must be allowed.
        """
        check_protocol("oci", self._settings.protocols, f"oci://{artifact}")
        self._refuse_offline(str(artifact))
        client = self._registry_client_for(artifact, access)
        try:
            return query(client)
        except NoTlsError:
            host = artifact.host
            if host not in _LOOPBACK_HOSTS and host.rpartition(":")[0] not in _LOOPBACK_HOSTS:
                raise
            check_protocol("http", self._settings.protocols, f"oci://{artifact}: it has no TLS")
            self._plain_hosts.add(host)
            return query(client)

    def _registry_client_for(self, artifact: Artifact, access: Access) -> RegistryClient:
        key = (access.certificates, artifact.host, access.login)
        if key not in self._registry_clients:
            max_size = min(MAX_ARCHIVE_SIZE, self._settings.max_size)
            # A token server, and a server with blobs, is a part of the registry.
            is_plain = self._plain_http or "http" in self._settings.protocols
            self._registry_clients[key] = RegistryClient(
                self._http(access, max_size, _WEB_PROTOCOLS if is_plain else ("https",)),
                login_for=partial(self._credential_for, access.login),
                is_plain=self._is_plain,
                max_blob=max_size,
            )
        return self._registry_clients[key]

    def _credential_for(self, login: Login | None, artifact: Artifact) -> Credential | None:
        return (
            Credential(login)
            if login is not None
            else self._settings.credential_for(artifact.host, artifact.name)
            or self._login_for(artifact.host)
        )

    def _is_plain(self, host: str) -> bool:
        return self._plain_http or host in self._plain_hosts

    def _fetch_file(
        self, url: str, access: Access, kind: str, limit: int, *, uses_cache: bool = True
    ) -> bytes:
        settings = self._settings
        check_protocol(url.partition(":")[0].lower(), settings.protocols, mask_url(url))
        key = Key(kind, url)
        partition = self._partition_of_url(url, access)
        cached = self._cached_by_name(partition, key) if uses_cache else None
        if cached is not None:
            return cached
        self._refuse_offline(mask_url(url))
        protocols = [name for name in _WEB_PROTOCOLS if name in settings.protocols]
        client = self._http(access, min(limit, settings.max_size), protocols)
        content = client.get(url, _headers(self._login_for_url(url, access), kind))
        _cache_content(partition, key, content)
        return content

    def _login_for_url(self, url: str, access: Access) -> Login | None:
        """Return the login to send with a request for a URL, or None. A login in the URL itself comes first."""
        endpoint = find_endpoint(url)
        if access.login is not None or endpoint is None or endpoint.login:
            return access.login
        credential = self._settings.credential_for(endpoint.address, endpoint.path)
        return credential.login if credential else None

    def _http(self, access: Access, limit: int, protocols: Sequence[str]) -> HttpClient:
        return HttpClient(
            protocols=protocols,
            timeout=min(_REQUEST_TIMEOUT, self._settings.timeout),
            max_size=limit,
            hosts=self._settings.hosts,
            budget=self._settings.budget,
            keeps_encoding=True,
            certificates=access.certificates,
        )

    def _partition_of_url(self, url: str, access: Access) -> Partition | None:
        endpoint = find_endpoint(url)
        host, login = (endpoint.address, endpoint.login) if endpoint else ("", "")
        return self._partition(host, Credential(self._login_for_url(url, access)), access, login)

    def _partition_of_artifact(self, artifact: Artifact, access: Access) -> Partition | None:
        credential = self._settings.credential_for(artifact.host, artifact.name)
        if access.login is not None:
            credential = Credential(access.login)
        return self._partition(artifact.host, credential, access)

    def _partition(
        self, host: str, credential: Credential | None, access: Access, *secrets: str
    ) -> Partition | None:
        """Return the part of the store for a request to a host, or None without a store."""
        if self._store is None:
            return None
        certificates = access.certificates
        more = (*secrets, certificates.cert_file, certificates.key_file)
        return self._store.partition(self._settings.principal(host, credential, *more))

    def _cached_by_name(self, partition: Partition | None, key: Key) -> bytes | None:
        """Return the content cached under a key, or None if there is none or it is too old.

        In offline mode, the age does not matter.
        """
        resolution = partition.last_resolution(key) if partition else None
        settings = self._settings
        if resolution is None or not (settings.offline or resolution.age <= settings.max_age):
            return None
        return self._cached_content(partition, resolution.identity)

    def _cached_content(self, partition: Partition | None, digest: str) -> bytes | None:
        return partition.content(digest) if partition else None

    def _refuse_offline(self, name: str) -> None:
        if self._settings.offline:
            raise FetchError(f"{name}: it is not in the store, and nothing is fetched (offline)")


def _cache_content(partition: Partition | None, key: Key, content: bytes) -> None:
    if partition:
        partition.keep_name(key, partition.keep_content(content))


def _headers(login: Login | None, kind: str) -> Mapping[str, str]:
    accept = {"Accept": _ACCEPT} if kind == "chart" else {}
    return accept if login is None else {**accept, "Authorization": basic_authorization(login)}


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
