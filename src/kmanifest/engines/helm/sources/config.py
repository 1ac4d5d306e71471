"""Load the configuration files of Helm and Docker: repositories and logins for registries.

Source: helm v3.22.0 pkg/repo/repo.go, chartrepo.go (Entry). Docker's config.json is read as in oras.land/oras-go/v2
registry/remote/credentials (file_store.go, internal/config/config.go).
"""

import json
from base64 import b64decode

from kmanifest.engines.helm.formats.go_json import BOOL, STRING, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.sources.urls import are_same_url
from kmanifest.io.remote.access import Access, Certificates, Credential, Login
from kmanifest.model.errors import SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, Sequence

_ENTRY: Final = Shape(
    "struct",
    "repo.Entry",
    fields={
        "name": STRING,
        "url": STRING,
        "username": STRING,
        "password": STRING,
        "certFile": STRING,
        "keyFile": STRING,
        "caFile": STRING,
        "insecure_skip_tls_verify": BOOL,
        "pass_credentials_all": BOOL,
    },
    struct="Entry",
)
_FILE: Final = Shape(
    "struct",
    "repo.File",
    fields={"repositories": Shape("list", "[]*repo.Entry", _ENTRY)},
    struct="File",
)
_DOCKER_HUB_HOSTS: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_DOCKER_HUB_KEY: Final = "https://index.docker.io/v1/"
_TOKEN_USER: Final = "<token>"


class RepositoryEntry(NamedTuple):
    """A repository from `repositories.yaml`. Its access is for its own server only."""

    name: str
    url: str
    access: Access = Access()
    is_insecure: bool = False

    def __repr__(self) -> str:  # without the password
        return f"RepositoryEntry({self.name!r}, {mask_url(self.url)!r})"


def load_repositories(content: bytes) -> list[RepositoryEntry]:
    """Return the repositories in a `repositories.yaml`. Raises SourceError with Helm's text if it is invalid."""
    document = decode(load_yaml(content), _FILE) or {}
    return [_to_entry(fields) for fields in document.get("repositories", ()) if fields]


def _to_entry(fields: Mapping[str, Any]) -> RepositoryEntry:
    name, password = fields.get("username", ""), fields.get("password", "")
    return RepositoryEntry(
        fields.get("name", ""),
        fields.get("url", ""),
        Access(
            (name, password) if name and password else None,
            fields.get("pass_credentials_all", False),
            Certificates(
                fields.get("caFile", ""), fields.get("certFile", ""), fields.get("keyFile", "")
            ),
        ),
        fields.get("insecure_skip_tls_verify", False),
    )


def find_by_name(repositories: Sequence[RepositoryEntry], name: str) -> RepositoryEntry:
    """Return the repository with a name. Raises SourceError if there is none.

    Source: pkg/downloader/chart_downloader.go, pickChartRepositoryConfigByName.
    """
    for repository in repositories:
        if repository.name == name:
            if not repository.url:
                raise SourceError(f"no URL found for repository {name}")
            return repository
    raise SourceError(f"repo {name} not found")


def get_by_url(repositories: Sequence[RepositoryEntry], url: str) -> RepositoryEntry | None:
    """Return the repository with a URL, or None."""
    return next(
        (repository for repository in repositories if are_same_url(repository.url, url)), None
    )


class Logins:
    """The logins for registries in files with the format of Docker's `config.json`.

    The first file with a login for a host counts.
    """

    def __init__(self, contents: Sequence[bytes]) -> None:
        self._documents = [_load_object(content) for content in contents]

    def login(self, host: str) -> Credential | None:
        """Return the credential for a host that is stored in a file itself, or None."""
        for document in self._documents:
            value = document.get("auths")
            auths: Mapping[str, Any] = value if isinstance(value, dict) else {}
            for key in _matching_keys(host, auths):
                credential = _credential(auths[key])
                if credential is not None:
                    return credential
        return None

    def helpers(self, host: str) -> list[tuple[str, str]]:
        """Return the credential helpers for a host, each with the server name to pass to it."""
        helpers: list[tuple[str, str]] = []
        for document in self._documents:
            helper_by_host = document.get("credHelpers")
            name = helper_by_host.get(host) if isinstance(helper_by_host, dict) else None
            name = name or document.get("credsStore")
            if isinstance(name, str) and name:
                helpers.append((name, _DOCKER_HUB_KEY if host in _DOCKER_HUB_HOSTS else host))
        return helpers


def _load_object(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _matching_keys(host: str, auths: Mapping[str, Any]) -> list[str]:
    """Return the keys for a host: first the plain host name, then old keys with a scheme or a path."""
    names = set(_DOCKER_HUB_HOSTS) if host in _DOCKER_HUB_HOSTS else {host}
    exact = [key for key in auths if key in names]
    return exact + [key for key in auths if key not in exact and _host_of_key(key) in names]


def _host_of_key(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _credential(value: Any) -> Credential | None:
    if not isinstance(value, dict):
        return None
    token = value.get("identitytoken")
    credential = Credential(_login(value), token if isinstance(token, str) else "")
    return credential if any(credential) else None


def _login(value: Mapping[str, Any]) -> Login | None:
    name, password = value.get("username"), value.get("password")
    encoded = value.get("auth")
    if isinstance(encoded, str) and encoded:
        try:
            name, _, password = b64decode(encoded).decode().rstrip("\0").partition(":")
        except (ValueError, UnicodeDecodeError):
            return None
    return (
        (name, password) if name and isinstance(name, str) and isinstance(password, str) else None
    )


def load_helper_output(content: bytes) -> Credential | None:
    """Return the credential in the output of a credential helper, or None."""
    match _load_object(content):
        case {"Username": str(name), "Secret": str(secret)} if name == _TOKEN_USER and secret:
            return Credential(identity_token=secret)
        case {"Username": str(name), "Secret": str(secret)} if name and secret:
            return Credential((name, secret))
    return None
