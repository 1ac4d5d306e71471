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
from kmanifest.io.remote.http import Answer, Http
from kmanifest.model.errors import FetchError, SourceError
from kmanifest.startup.typing import Any, Final, NamedTuple

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_MOST_PAGES: Final = 100
_CLIENT: Final = "kmanifest"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Artifact(NamedTuple):
    """A repository of a registry, and a tag or digest in it: `host/name:tag`, `host/name@sha256:…`."""

    host: str
    name: str
    reference: str = ""

    @classmethod
    def of(cls, text: str) -> "Artifact":
        """What `oci://…`, with or without that, names; SourceError where it names nothing."""
        rest, _, digest = text.removeprefix("oci://").partition("@")
        host, _, path = rest.partition("/")
        name, _, tag = path.partition(":")
        steps = name.strip("/").split("/")
        if not host or not all(steps) or any(step in (".", "..") for step in steps):
            raise SourceError(f"{text!r} is no reference to a registry")
        return cls(host, "/".join(steps), digest or tag)

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


class Registries:
    """Asks registries. `login_for` gives what is shown to a host, `is_plain` says which are asked without TLS."""

    def __init__(
        self,
        http: Http,
        *,
        login_for: Callable[[str], Credential | None] = lambda _: None,
        is_plain: Callable[[str], bool] = lambda _: False,
        max_blob: int,
    ) -> None:
        self._http = http
        self._login_for = login_for
        self._is_plain = is_plain
        self._max_blob = max_blob
        self._authorized: dict[tuple[str, str], str] = {}

    def tags(self, artifact: Artifact) -> list[str]:
        """The tags of a repository, as the registry orders them."""
        path, found = "tags/list", list[str]()
        for _ in range(_MOST_PAGES):
            answer = self._get(artifact, path)
            document = _document(answer.content, artifact)
            found += [tag for tag in document.get("tags") or () if isinstance(tag, str)]
            link = answer.headers.get("link", "")
            if 'rel="next"' not in link or not document.get("tags"):
                return found
            path = "tags/list?" + urlencode({"last": found[-1]})
        raise FetchError(f"{artifact}: more than {_MOST_PAGES} pages of tags")

    def manifest(self, artifact: Artifact) -> Manifest:
        """The manifest of a tag or digest."""
        answer = self._get(artifact, f"manifests/{artifact.reference or 'latest'}")
        digest = _digest(answer.content)
        wanted = answer.headers.get("docker-content-digest", digest)
        if ":" in artifact.reference:
            wanted = artifact.reference
        if wanted != digest:
            raise FetchError(f"{artifact}: the manifest has the digest {digest}, not {wanted}")
        document = _document(answer.content, artifact)
        layers = document.get("layers")
        if not isinstance(layers, list):
            raise FetchError(f"{artifact}: its manifest has no layers")
        config = _descriptor(document.get("config"), artifact)
        return Manifest(digest, config, tuple(_descriptor(layer, artifact) for layer in layers))

    def blob(self, artifact: Artifact, descriptor: Descriptor) -> bytes:
        """The content of a blob; FetchError where it is not what its descriptor says."""
        if descriptor.size > self._max_blob:
            raise FetchError(f"{artifact}: a blob of {descriptor.size} bytes is too large")
        content = self._get(artifact, f"blobs/{descriptor.digest}").content
        if len(content) != descriptor.size or _digest(content) != descriptor.digest:
            raise FetchError(
                f"{artifact}: a blob of {len(content)} bytes has the digest {_digest(content)}, "
                f"not {descriptor.size} bytes and {descriptor.digest}"
            )
        return content

    def _get(self, artifact: Artifact, path: str) -> Answer:
        scheme = "http" if self._is_plain(artifact.host) else "https"
        url = f"{scheme}://{artifact.host}/v2/{artifact.name}/{path}"
        key = (artifact.host, artifact.name)
        answer = self._http.ask(url, self._headers(key))
        if answer.status == 401 and key not in self._authorized:
            self._authorized[key] = self._authorization(artifact, scheme, answer)
            answer = self._http.ask(url, self._headers(key))
        if not 200 <= answer.status <= 299:
            raise FetchError(f"{artifact}: HTTP status {answer.status}{_reason(answer)}")
        return answer

    def _headers(self, key: tuple[str, str]) -> dict[str, str]:
        headers = {"Accept": f"{MANIFEST}, */*"}
        if key in self._authorized:
            headers["Authorization"] = self._authorized[key]
        return headers

    def _authorization(self, artifact: Artifact, scheme: str, answer: Answer) -> str:
        """The header that a registry asks for."""
        kind, values = _challenge(answer.headers.get("www-authenticate", ""))
        shown = self._login_for(artifact.host) or Credential()
        if kind == "basic" and shown.login is not None:
            return basic(shown.login)
        if kind != "bearer":
            raise FetchError(f"{artifact}: it wants a login")
        realm = values.get("realm", "")
        own = f"{scheme}://{artifact.host}/"
        if not realm.startswith("https://") and not realm.startswith(own):
            raise FetchError(f"{artifact}: it sends for a token to {realm!r}, which is not safe")
        asked = {name: values[name] for name in ("service", "scope") if name in values}
        said = self._ask_for_token(realm, asked, shown)
        document = _document(said.content, artifact) if said.status == 200 else {}
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str):
            raise FetchError(f"{artifact}: no token was given: HTTP status {said.status}")
        return f"Bearer {token}"

    def _ask_for_token(self, realm: str, asked: Mapping[str, str], shown: Credential) -> Answer:
        if shown.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": shown.identity_token,
                "client_id": _CLIENT,
                **asked,
            }
            return self._http.ask(realm, _FORM, urlencode(form).encode())
        headers = {} if shown.login is None else {"Authorization": basic(shown.login)}
        return self._http.ask(f"{realm}?{urlencode(asked)}", headers)


def basic(login: Login) -> str:
    """A login as a header has it."""
    return "Basic " + b64encode(":".join(login).encode()).decode()


def _challenge(header: str) -> tuple[str, Mapping[str, str]]:
    """The scheme and the parameters of a `WWW-Authenticate` header."""
    from urllib.request import parse_http_list, parse_keqv_list

    scheme, _, rest = header.partition(" ")
    try:
        return scheme.lower(), parse_keqv_list(parse_http_list(rest))
    except (ValueError, IndexError):
        return scheme.lower(), {}


def _descriptor(value: Any, artifact: Artifact) -> Descriptor:
    match value:
        case {"mediaType": str(kind), "digest": str(digest), "size": int(size)} if size >= 0:
            if digest.startswith("sha256:"):
                return Descriptor(kind, digest, size)
    raise FetchError(f"{artifact}: its manifest has a descriptor that is not whole")


def _document(content: bytes, artifact: Artifact) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"{artifact}: the registry's answer is not JSON") from error
    return document if isinstance(document, Mapping) else {}


def _reason(answer: Answer) -> str:
    """What the registry says of an error, for the reader."""
    try:
        errors: Sequence[Any] = json.loads(answer.content)["errors"]
        return f" ({errors[0]['message']})"
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def _digest(content: bytes) -> str:
    return "sha256:" + sha256(content).hexdigest()
