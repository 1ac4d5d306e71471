"""What helm and docker keep about repositories and registries: their names, URLs and logins.

Source: helm v3.22.0 pkg/repo/repo.go, chartrepo.go (Entry); docker's config.json as oras.land/oras-go/v2
registry/remote/credentials reads it (file_store.go, internal/config/config.go).
"""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence

from kmanifest.engines.helm.formats.go_json import BOOL, STRING, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.sources.urls import are_same
from kmanifest.io.remote.access import Access, Certificates, Credential, Login
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final, NamedTuple

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
_DOCKER: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_DOCKER_KEY: Final = "https://index.docker.io/v1/"
_TOKEN: Final = "<token>"


class RepositoryEntry(NamedTuple):
    """A repository that the user has named; its access is for its server alone."""

    name: str
    url: str
    access: Access = Access()
    is_insecure: bool = False

    def __repr__(self) -> str:  # without the password
        return f"RepositoryEntry({self.name!r}, {self.url!r})"


def load_repositories(content: bytes) -> list[RepositoryEntry]:
    """The repositories in a `repositories.yaml`; SourceError with helm's text where it is none."""
    facts = decode(load_yaml(content), _FILE) or {}
    return [_repository(each) for each in facts.get("repositories", ()) if each]


def _repository(facts: Mapping[str, Any]) -> RepositoryEntry:
    name, password = facts.get("username", ""), facts.get("password", "")
    return RepositoryEntry(
        facts.get("name", ""),
        facts.get("url", ""),
        Access(
            (name, password) if name and password else None,
            facts.get("pass_credentials_all", False),
            Certificates(
                facts.get("caFile", ""), facts.get("certFile", ""), facts.get("keyFile", "")
            ),
        ),
        facts.get("insecure_skip_tls_verify", False),
    )


def find_by_name(repositories: Sequence[RepositoryEntry], name: str) -> RepositoryEntry:
    """The repository of a name. Source: pkg/downloader/chart_downloader.go, pickChartRepositoryConfigByName."""
    for each in repositories:
        if each.name == name:
            if not each.url:
                raise SourceError(f"no URL found for repository {name}")
            return each
    raise SourceError(f"repo {name} not found")


def find_by_url(repositories: Sequence[RepositoryEntry], url: str) -> RepositoryEntry | None:
    """The repository with a URL, if the user has named it."""
    return next((each for each in repositories if are_same(each.url, url)), None)


class Logins:
    """The logins for registries in files like docker's, the first that knows a host counts."""

    def __init__(self, contents: Sequence[bytes]) -> None:
        self._documents = [_document(content) for content in contents]

    def login(self, host: str) -> Credential | None:
        """What a file says itself: name and password, or an identity token."""
        for document in self._documents:
            there = document.get("auths")
            auths: Mapping[str, Any] = there if isinstance(there, dict) else {}
            for key in _keys(host, auths):
                found = _credential(auths[key])
                if found is not None:
                    return found
        return None

    def helpers(self, host: str) -> list[tuple[str, str]]:
        """The programs that know logins, each with the name by which it knows the host."""
        found: list[tuple[str, str]] = []
        for document in self._documents:
            own = document.get("credHelpers")
            name = own.get(host) if isinstance(own, dict) else None
            name = name or document.get("credsStore")
            if isinstance(name, str) and name:
                found.append((name, _DOCKER_KEY if host in _DOCKER else host))
        return found


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _keys(host: str, auths: Mapping[str, Any]) -> list[str]:
    """The keys for a host: its name alone, else old ones with a scheme or a path."""
    wanted = set(_DOCKER) if host in _DOCKER else {host}
    found = [key for key in auths if key in wanted]
    return found + [key for key in auths if key not in found and _host(key) in wanted]


def _host(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _credential(value: Any) -> Credential | None:
    if not isinstance(value, dict):
        return None
    token = value.get("identitytoken")
    found = Credential(_login(value), token if isinstance(token, str) else "")
    return found if any(found) else None


def _login(value: Mapping[str, Any]) -> Login | None:
    name, password = value.get("username"), value.get("password")
    text = value.get("auth")
    if isinstance(text, str) and text:
        try:
            name, _, password = b64decode(text).decode().rstrip("\0").partition(":")
        except (ValueError, UnicodeDecodeError):
            return None
    return (
        (name, password) if name and isinstance(name, str) and isinstance(password, str) else None
    )


def read_helper_answer(content: bytes) -> Credential | None:
    """What a credential helper says."""
    match _document(content):
        case {"Username": str(name), "Secret": str(secret)} if name == _TOKEN and secret:
            return Credential(identity_token=secret)
        case {"Username": str(name), "Secret": str(secret)} if name and secret:
            return Credential((name, secret))
    return None
