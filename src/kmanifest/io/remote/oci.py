"""Artifacts in OCI registries: tags, manifests and blobs, each checked against its digest and its size.

Source: the OCI distribution specification 1.1 (pull), and Docker's token authentication, which registries ask for: by GET with a
login, by POST with an identity token (oras.land/oras-go/v2 v2.6.2 registry/remote/auth/client.go, fetchOAuth2Token).
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import urlencode

from kmanifest.io.remote.access import Credential, Login
from kmanifest.io.remote.http import HttpClient, HttpResponse
from kmanifest.model.errors import FetchError
from kmanifest.startup.typing import Any, Final, NamedTuple

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_MAX_TAG_PAGES: Final = 100
_CLIENT_ID: Final = "kmanifest"
_FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Artifact(NamedTuple):
    """A repository of a registry, and a tag or digest in it: `host/name:tag`, `host/name@sha256:…`."""

    host: str
    name: str
    reference: str = ""

    def __str__(self) -> str:
        mark = "@" if ":" in self.reference else ":"
        return f"{self.host}/{self.name}" + (mark + self.reference if self.reference else "")


class Descriptor(NamedTuple):
    """A blob, as a manifest tells it."""

    media_type: str
    digest: str
    size: int


class Manifest(NamedTuple):
    """What an artifact is made of; `digest` is that of the manifest."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


class RegistryClient:
    """Asks registries. `login_for` gives what is shown to a host, `is_plain` says which are asked without TLS."""

    def __init__(
        self,
        http: HttpClient,
        *,
        login_for: Callable[[str], Credential | None] = lambda _: None,
        is_plain: Callable[[str], bool] = lambda _: False,
        max_blob: int,
    ) -> None:
        self._http = http
        self._login_for = login_for
        self._is_plain = is_plain
        self._max_blob = max_blob
        self._authorizations: dict[tuple[str, str], str] = {}

    def tags(self, artifact: Artifact) -> list[str]:
        """The tags of a repository, as the registry orders them."""
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
        """The manifest of a tag or digest."""
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
        """The content of a blob; FetchError where it is not what its descriptor says."""
        if descriptor.size > self._max_blob:
            raise FetchError(f"{artifact}: a blob of {descriptor.size} bytes is too large")
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
        """The header that a registry asks for."""
        scheme_name, values = _parse_challenge(response.headers.get("www-authenticate", ""))
        credential = self._login_for(artifact.host) or Credential()
        if scheme_name == "basic" and credential.login is not None:
            return basic_authorization(credential.login)
        if scheme_name != "bearer":
            raise FetchError(f"{artifact}: it wants a login")
        realm = values.get("realm", "")
        registry_url = f"{scheme}://{artifact.host}/"
        if not realm.startswith("https://") and not realm.startswith(registry_url):
            raise FetchError(f"{artifact}: it sends for a token to {realm!r}, which is not safe")
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
    """A login as a header has it."""
    return "Basic " + b64encode(":".join(login).encode()).decode()


def _parse_challenge(header: str) -> tuple[str, Mapping[str, str]]:
    """The scheme and the parameters of a `WWW-Authenticate` header."""
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
    raise FetchError(f"{artifact}: its manifest has a descriptor that is not whole")


def _parse_object(content: bytes, artifact: Artifact) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"{artifact}: the registry's answer is not JSON") from error
    return document if isinstance(document, Mapping) else {}


def _error_detail(response: HttpResponse) -> str:
    """What the registry says of an error, for the reader."""
    try:
        errors: Sequence[Any] = json.loads(response.content)["errors"]
        return f" ({errors[0]['message']})"
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def _digest_of(content: bytes) -> str:
    return "sha256:" + sha256(content).hexdigest()
