"""Charts and indexes of chart repositories, from the store where they are known, else by HTTP or from a registry.

What has a digest is never asked for twice. What has none, an index, a tag, a URL, is asked for again when it was last seen
more than `max_age` seconds ago. Source of media types: helm v3.22.0 pkg/registry/constants.go, client.go Pull.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256

from kmanifest.io.remote.access import Access, Certificates, Credential, Login
from kmanifest.io.remote.http import Http, NoTlsError
from kmanifest.io.remote.oci import Artifact, Descriptor, Manifest, Registries, basic
from kmanifest.io.remote.store import Store
from kmanifest.io.remote.urls import shown_url
from kmanifest.model.errors import FetchError
from kmanifest.startup.typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

MAX_INDEX: Final = 64 << 20
MAX_ARCHIVE: Final = 100 << 20
MAX_PROVENANCE: Final = 1 << 20
CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
OLD_CHART: Final = "application/tar+gzip"
PROVENANCE: Final = "application/vnd.cncf.helm.chart.provenance.v1.prov"

_ACCEPT: Final = "application/gzip,application/octet-stream"
_PROTOCOLS: Final = ("https", "http")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

LoginFor = Callable[[str], Credential | None]


class Pulled(NamedTuple):
    """What a registry has of a chart; `digest` is that of the manifest."""

    digest: str
    content: bytes


class Charts:
    """Fetches for one command.

    `store` keeps what was fetched; without one nothing is kept. When `offline`, only the store is used. `login_for` gives what is
    shown to a registry, `plain_http` lets registries be asked without TLS, as those on loopback are where they have none. `timeout` bounds each
    request, in seconds.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        offline: bool = False,
        max_age: float = 60.0,
        timeout: float = 30.0,
        login_for: LoginFor = lambda _: None,
        plain_http: bool = False,
    ) -> None:
        self._store = store
        self._offline = offline
        self._max_age = max_age
        self._timeout = timeout
        self._login_for = login_for
        self._plain_http = plain_http
        self._plain_hosts: set[str] = set()
        self._registries: dict[tuple[Certificates, str, Login | None], Registries] = {}

    def index(self, url: str, access: Access) -> bytes:
        """The index at a URL; FetchError or LimitError where it can't be had."""
        return self._file(url, access, "index", MAX_INDEX)

    def archive(self, url: str, access: Access, *, digest: str = "") -> bytes:
        """The packaged chart at a URL; FetchError also where it has not the digest that is told of it."""
        wanted = digest.lower().removeprefix("sha256:")
        content = self._kept(wanted) if wanted else None
        if content is None:
            content = self._file(url, access, "chart", MAX_ARCHIVE, believes=not wanted)
        found = sha256(content).hexdigest()
        if wanted and found != wanted:
            raise FetchError(
                f"{shown_url(url)}: it has the digest {found}, and the index says {digest}"
            )
        return content

    def provenance(self, url: str, access: Access) -> bytes:
        """The provenance file of the packaged chart at a URL."""
        path, mark, query = url.partition("?")
        return self._file(f"{path}.prov{mark}{query}", access, "provenance", MAX_PROVENANCE)

    def tags(self, artifact: Artifact, access: Access) -> list[str]:
        """The tags of a repository in a registry."""
        name = f"helm tags {artifact._replace(reference='')}"
        kept = self._named(name)
        if kept is not None:
            return kept.decode().split("\n")
        tags = self._ask(artifact, access, lambda registries: registries.tags(artifact))
        self._keep(name, "\n".join(tags).encode())
        return tags

    def pull(self, artifact: Artifact, access: Access, kind: str = CHART) -> Pulled:
        """The chart, or its provenance file, in a registry; each thing is checked against its digest."""
        digest, blob = self._known_artifact(artifact, kind)
        content = self._kept(blob)
        if content is not None:
            return Pulled(digest, content)
        manifest = self._ask(artifact, access, lambda registries: registries.manifest(artifact))
        layer = _layer(manifest, artifact, kind)
        content = self._kept(layer.digest.removeprefix("sha256:"))
        if content is None:
            content = self._ask(
                artifact, access, lambda registries: registries.blob(artifact, layer)
            )
        self._keep(_blob_name(manifest.digest, kind), content)
        self._keep(f"helm tag {artifact}", manifest.digest.encode())
        return Pulled(manifest.digest, content)

    def is_same_artifact(self, artifact: Artifact, digest: str, access: Access) -> bool:
        """Whether a tag stands for a digest; it also does where there is no such tag."""
        try:
            found = self._ask(artifact, access, lambda registries: registries.manifest(artifact))
        except FetchError:
            return True
        return found.digest == digest

    def _known_artifact(self, artifact: Artifact, kind: str) -> tuple[str, str]:
        """The digests of manifest and blob where they need not be asked for; empty where they have to be."""
        digest = artifact.reference
        if ":" not in digest:
            kept = self._named(f"helm tag {artifact}")
            digest = "" if kept is None else kept.decode("ascii", "replace")
        known = self._store.known(_blob_name(digest, kind)) if self._store and digest else None
        return digest, known.identity if known else ""

    def _ask(self, artifact: Artifact, access: Access, ask: Callable[[Registries], T]) -> T:
        """What a registry answers; without TLS where that was allowed, or where one on loopback has none."""
        self._refuse_offline(str(artifact))
        registries = self._registries_for(artifact, access)
        try:
            return ask(registries)
        except NoTlsError:
            host = artifact.host
            if host not in _LOOPBACK and host.rpartition(":")[0] not in _LOOPBACK:
                raise
            self._plain_hosts.add(host)
            return ask(registries)

    def _registries_for(self, artifact: Artifact, access: Access) -> Registries:
        key = (access.certificates, artifact.host, access.login)
        if key not in self._registries:
            self._registries[key] = Registries(
                self._http(access, MAX_ARCHIVE),
                login_for=partial(self._login, artifact.host, access.login),
                is_plain=self._is_plain,
                max_blob=MAX_ARCHIVE,
            )
        return self._registries[key]

    def _login(self, own: str, given: Login | None, host: str) -> Credential | None:
        return Credential(given) if given is not None and host == own else self._login_for(host)

    def _is_plain(self, host: str) -> bool:
        return self._plain_http or host in self._plain_hosts

    def _file(
        self, url: str, access: Access, what: str, limit: int, *, believes: bool = True
    ) -> bytes:
        name = f"helm {what} {url} {access.login[0] if access.login else ''}"
        kept = self._named(name) if believes else None
        if kept is not None:
            return kept
        self._refuse_offline(shown_url(url))
        answer = self._http(access, limit).get(url, _headers(access, what))
        self._keep(name, answer)
        return answer

    def _http(self, access: Access, limit: int) -> Http:
        return Http(
            protocols=_PROTOCOLS,
            timeout=self._timeout,
            max_size=limit,
            as_sent=True,
            certificates=access.certificates,
        )

    def _named(self, name: str) -> bytes | None:
        """What a name stands for, where that is believed."""
        known = self._store.known(name) if self._store else None
        if known is None or not (self._offline or known.age <= self._max_age):
            return None
        return self._kept(known.identity)

    def _kept(self, identity: str) -> bytes | None:
        is_digest = len(identity) == 64 and not identity.strip("0123456789abcdef")
        return self._store.content(identity) if self._store and is_digest else None

    def _keep(self, name: str, content: bytes) -> None:
        if self._store:
            self._store.keep_name(name, self._store.keep_content(content))

    def _refuse_offline(self, name: str) -> None:
        if self._offline:
            raise FetchError(f"{name}: it is not in the store, and nothing is fetched (offline)")


def _headers(access: Access, what: str) -> Mapping[str, str]:
    accept = {"Accept": _ACCEPT} if what == "chart" else {}
    return accept if access.login is None else {**accept, "Authorization": basic(access.login)}


def _blob_name(digest: str, kind: str) -> str:
    return f"helm blob {digest} {kind}"


def _layer(manifest: Manifest, artifact: Artifact, kind: str) -> Descriptor:
    """The layer of a kind. Source: pkg/registry/client.go, Pull."""
    if manifest.config.media_type != CONFIG:
        raise FetchError(f"{artifact}: could not load config with mediatype {CONFIG}")
    kinds = (CHART, OLD_CHART) if kind == CHART else (kind,)
    found = [layer for layer in manifest.layers if layer.media_type in kinds]
    if not found:
        raise FetchError(f"{artifact}: manifest does not contain a layer with mediatype {kind}")
    return found[-1]
