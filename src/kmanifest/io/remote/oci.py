"""Fetch artifacts from OCI registries: tags, manifests and blobs.

Manifests and blobs are checked against their digests, blobs also against their sizes.
Source: the OCI distribution specification 1.1 (pull), and Docker's token authentication. A token is requested with
GET and a login, or with POST and an identity token (oras.land/oras-go/v2 v2.6.2 registry/remote/auth/client.go,
fetchOAuth2Token).
"""

import json
from base64 import b64encode
from hashlib import sha256
from urllib.parse import urlencode

from kmanifest.io.remote.access import Credential, Login
from kmanifest.io.remote.http import HttpClient, HttpResponse
from kmanifest.model.errors import FetchError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Sequence

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_MAX_TAG_PAGES: Final = 100
_CLIENT_ID: Final = "kmanifest"
_FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Artifact(NamedTuple):
    """A repository in a registry, with a tag or digest: `host/name:tag` or `host/name@sha256:…`."""

    host: str
    name: str
    reference: str = ""

    def __str__(self) -> str:
        mark = "@" if ":" in self.reference else ":"
        return f"{self.host}/{self.name}" + (mark + self.reference if self.reference else "")


class Descriptor(NamedTuple):
    """A manifest's description of a blob. `size` is in bytes."""

    media_type: str
    digest: str
    size: int


class Manifest(NamedTuple):
    """The config and layers of an artifact. `digest` is the digest of the manifest itself."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


class RegistryClient:
    """Sends requests to registries.

    `login_for` returns the credential for an artifact's registry. `is_plain` returns whether requests to a host use no TLS.
    `max_blob` is the maximal size of a blob, in bytes.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        login_for: Callable[[Artifact], Credential | None] = lambda _: None,
        is_plain: Callable[[str], bool] = lambda _: False,
        max_blob: int,
    ) -> None:
        self._http = http
        self._login_for = login_for
        self._is_plain = is_plain
        self._max_blob = max_blob
        self._authorizations: dict[tuple[str, str], str] = {}

    def tags(self, artifact: Artifact) -> list[str]:
        """Return the tags of a repository, in the registry's order."""
        path, tags = "tags/list", list[str]()
        for _ in range(_MAX_TAG_PAGES):
            response = self._get(artifact, path)
            document = _parse_object(response.content, artifact)
            tags += [tag for tag in document.get("tags") or () if isinstance(tag, str)]
            link = response.headers.get("link", "")
            if 'rel="next"' not in link or not document.get("tags"):
                return tags
            path = "tags/list?" + urlencode({"last": tags[-1]})
        raise FetchError(f"{artifact}: more than {_MAX_TAG_PAGES} pages of tags")

    def manifest(self, artifact: Artifact) -> Manifest:
        """Return the manifest of a tag or digest. Raises FetchError if it does not match its digest."""
        response = self._get(artifact, f"manifests/{artifact.reference or 'latest'}")
        actual_digest = _digest_of(response.content)
        expected_digest = response.headers.get("docker-content-digest", actual_digest)
        if ":" in artifact.reference:
            expected_digest = artifact.reference
        if expected_digest != actual_digest:
            raise FetchError(
                f"{artifact}: the manifest has the digest {actual_digest}, not {expected_digest}"
            )
        document = _parse_object(response.content, artifact)
        layers = document.get("layers")
        if not isinstance(layers, list):
            raise FetchError(f"{artifact}: its manifest has no layers")
        config = _parse_descriptor(document.get("config"), artifact)
        return Manifest(
            actual_digest, config, tuple(_parse_descriptor(layer, artifact) for layer in layers)
        )

    def blob(self, artifact: Artifact, descriptor: Descriptor) -> bytes:
        """Return the content of a blob. Raises FetchError if it does not match its descriptor."""
        if descriptor.size > self._max_blob:
            raise FetchError(
                f"{artifact}: a blob has {descriptor.size} bytes, more than {self._max_blob}"
            )
        content = self._get(artifact, f"blobs/{descriptor.digest}").content
        if len(content) != descriptor.size or _digest_of(content) != descriptor.digest:
            raise FetchError(
                f"{artifact}: a blob of {len(content)} bytes has the digest {_digest_of(content)}, "
                f"not {descriptor.size} bytes and {descriptor.digest}"
            )
        return content

    def _get(self, artifact: Artifact, path: str) -> HttpResponse:
        scheme = "http" if self._is_plain(artifact.host) else "https"
        url = f"{scheme}://{artifact.host}/v2/{artifact.name}/{path}"
        key = (artifact.host, artifact.name)
        response = self._http.request(url, self._headers(key))
        if response.status == 401 and key not in self._authorizations:
            if response.is_redirected:
                raise FetchError(
                    f"{artifact}: the registry redirects to another server, and that server requires a login"
                )
            self._authorizations[key] = self._authorization(artifact, scheme, response)
            response = self._http.request(url, self._headers(key))
        if not 200 <= response.status <= 299:
            raise FetchError(f"{artifact}: HTTP status {response.status}{_error_detail(response)}")
        return response

    def _headers(self, key: tuple[str, str]) -> dict[str, str]:
        headers = {"Accept": f"{MANIFEST}, */*"}
        if key in self._authorizations:
            headers["Authorization"] = self._authorizations[key]
        return headers

    def _authorization(self, artifact: Artifact, scheme: str, response: HttpResponse) -> str:
        """Return the `Authorization` header that the registry's challenge requires.

        The challenge must come from the registry itself: the login is sent to the address in the challenge.
        An access token is requested over https or from the registry itself, else FetchError is raised.
        """
        scheme_name, values = _parse_challenge(response.headers.get("www-authenticate", ""))
        credential = self._login_for(artifact) or Credential()
        if scheme_name == "basic" and credential.login is not None:
            return basic_authorization(credential.login)
        if scheme_name != "bearer":
            raise FetchError(f"{artifact}: the registry requires a login")
        realm = values.get("realm", "")
        registry_url = f"{scheme}://{artifact.host}/"
        if not realm.startswith("https://") and not realm.startswith(registry_url):
            raise FetchError(
                f"{artifact}: the token server {mask_url(realm)!r} is not safe: it must use https"
            )
        parameters = {name: values[name] for name in ("service", "scope") if name in values}
        token_response = self._request_token(realm, parameters, credential)
        document = (
            _parse_object(token_response.content, artifact) if token_response.status == 200 else {}
        )
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str):
            raise FetchError(f"{artifact}: no token was given: HTTP status {token_response.status}")
        return f"Bearer {token}"

    def _request_token(
        self, realm: str, parameters: Mapping[str, str], credential: Credential
    ) -> HttpResponse:
        if credential.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": credential.identity_token,
                "client_id": _CLIENT_ID,
                **parameters,
            }
            return self._http.request(realm, _FORM_HEADERS, urlencode(form).encode())
        headers = (
            {}
            if credential.login is None
            else {"Authorization": basic_authorization(credential.login)}
        )
        return self._http.request(f"{realm}?{urlencode(parameters)}", headers)


def basic_authorization(login: Login) -> str:
    """Return the value of the `Authorization` header for a login."""
    return "Basic " + b64encode(":".join(login).encode()).decode()


def _parse_challenge(header: str) -> tuple[str, Mapping[str, str]]:
    """Return the scheme, in lower case, and the parameters of a `WWW-Authenticate` header."""
    from urllib.request import parse_http_list, parse_keqv_list

    scheme, _, parameters = header.partition(" ")
    try:
        return scheme.lower(), parse_keqv_list(parse_http_list(parameters))
    except (ValueError, IndexError):
        return scheme.lower(), {}


def _parse_descriptor(value: Any, artifact: Artifact) -> Descriptor:
    match value:
        case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)} if size >= 0:
            if digest.startswith("sha256:"):
                return Descriptor(media_type, digest, size)
    raise FetchError(f"{artifact}: its manifest has an invalid descriptor")


def _parse_object(content: bytes, artifact: Artifact) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"{artifact}: the registry's response is not JSON") from error
    return document if isinstance(document, Mapping) else {}


def _error_detail(response: HttpResponse) -> str:
    """Return the registry's error message in parentheses, or an empty string."""
    try:
        errors: Sequence[Any] = json.loads(response.content)["errors"]
        return f" ({errors[0]['message']})"
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def _digest_of(content: bytes) -> str:
    return "sha256:" + sha256(content).hexdigest()
