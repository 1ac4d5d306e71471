"""Credentials go to the hosts that they are for: those of registries, of the user and of the library's caller."""

import os
from pathlib import Path
from typing import Any

import pytest

from kmanifest.io.remote.access import Credential
from kmanifest.io.remote.http import HttpResponse
from kmanifest.io.remote.oci import Artifact, RegistryClient
from kmanifest.model.errors import FetchError
from kmanifest.pipeline.options import RemoteOptions
from tests import chart_servers
from tests.chart_servers import (
    LOGIN,
    serve_as_registry,
)
from tests.fetching import (
    NEEDS_GIT,
    POSIX_ONLY,
    build_chart,
    build_text,
    resolving,
)
from tests.servers import USER

pytestmark = pytest.mark.usefixtures("plain_home")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


class RedirectedHttp:
    """A client whose answers come from another server, which requests a login."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bool]] = []

    def request(self, url: str, headers: Any = None, body: bytes = b"") -> HttpResponse:
        self.requests.append((url, "Authorization" in (headers or {}) or bool(body)))
        challenge = 'Bearer realm="https://evil.example/token"'
        return HttpResponse(401, {"www-authenticate": challenge}, b"{}", is_redirected=True)


@pytest.mark.parametrize("credential", [Credential(LOGIN), Credential(None, "t0ken")])
def test_a_challenge_of_another_server_does_not_get_the_login(credential):
    http: Any = RedirectedHttp()
    client = RegistryClient(http, login_for=lambda _: credential, max_blob=100)
    with pytest.raises(FetchError, match="redirects to another server"):
        client.manifest(Artifact("registry.example", "c", "1.0.0"))
    assert http.requests == [("https://registry.example/v2/c/manifests/1.0.0", False)]


# Credentials for git, files and charts


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Path:
    """Put a fake executable on PATH. Return the file that gets its arguments and its environment."""
    witness = tmp_path / f"{name}.txt"
    script = tmp_path / "bin" / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\necho "$@" >>{witness}\nenv >>{witness}\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return witness


SECRET_VARIABLES = {
    "GH_TOKEN": "SECRET-1",
    "GITHUB_TOKEN": "SECRET-2",
    "GIT_ASKPASS": "/SECRET-3",
    "SSH_AUTH_SOCK": "/SECRET-4",
    "GIT_PASSWORD": "SECRET-5",
    "XDG_CONFIG_HOME": "/SECRET-6",
}


@POSIX_ONLY
@NEEDS_GIT
@pytest.mark.parametrize("user_credentials", [False, True])
def test_git_gets_the_credentials_of_the_user_in_the_command_only(
    user_credentials, tmp_path, monkeypatch, plain_home
):
    for name, text in SECRET_VARIABLES.items():
        monkeypatch.setenv(name, text)
    resolving(monkeypatch, "127.0.0.1")
    witness = install(tmp_path, monkeypatch, "git")
    with pytest.raises(FetchError):
        build_text(
            "https://host.example/o/r.git",
            hosts=("host.example",),
            user_credentials=user_credentials,
        )
    seen = witness.read_text()
    found = [text for text in (*SECRET_VARIABLES.values(),) if text in seen]
    assert found == (list(SECRET_VARIABLES.values()) if user_credentials else [])


@POSIX_ONLY
@NEEDS_GIT
def test_ssh_gets_a_checked_address_and_nothing_of_the_user(tmp_path, monkeypatch, plain_home):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/SECRET")
    resolving(monkeypatch, "127.0.0.1")
    witness = install(tmp_path, monkeypatch, "ssh")
    url = "ssh://git@host.example:2222/o/r.git"
    with pytest.raises(FetchError):
        build_text(url, hosts=("host.example",))
    seen = witness.read_text()
    assert "-F none" in seen
    assert "-oIdentityAgent=none -oIdentityFile=none -oHostName=127.0.0.1" in seen
    assert "-oHostKeyAlias=[host.example]:2222" in seen
    assert "SECRET" not in seen
    assert f"HOME={plain_home}" not in seen
    witness.unlink()
    asked: list[tuple[str, str]] = []

    def credentials(host: str, path: str) -> Credential:
        asked.append((host, path))
        return Credential(ssh_key_file="/keys/of a deployment")

    with pytest.raises(FetchError):
        build_text(url, hosts=("host.example",), credentials=credentials)
    assert "-oIdentityFile=/keys/of a deployment" in witness.read_text()
    assert ("host.example:2222", "/o/r.git") in asked
    witness.unlink()
    with pytest.raises(FetchError):
        build_text(url, hosts=("host.example",), user_credentials=True)
    assert "-F none" not in witness.read_text()
    assert "SSH_AUTH_SOCK=/SECRET" in witness.read_text()


@NEEDS_GIT
def test_the_caller_gives_credentials_by_host_and_path(web_server, private_server, store):
    asked: list[tuple[str, str]] = []

    def credentials(host: str, path: str) -> Credential | None:
        asked.append((host, path))
        name, password = USER.split(":")
        return Credential((name, password)) if "private" in path else None

    url = f"http://{web_server.address}/private/base.git?ref=main"
    with pytest.raises(FetchError):
        build_text(url, store=store)
    assert "in-the-repository" in build_text(url, store=store, credentials=credentials)
    file_url = f"http://{web_server.address}/private/map.yaml"
    assert "in-a-file" in build_text(file_url, store=store, credentials=credentials)
    assert (web_server.address, "/private/base.git") in asked
    host = f"127.0.0.1:{private_server.port}"
    given: dict[str, Any] = {
        "credentials": lambda name, _: Credential(LOGIN) if name == host else None
    }
    assert "c-1.0.0" in build_chart(private_server.url, store=store, **given)
    with pytest.raises(FetchError):
        build_chart(private_server.url, store=store)


def test_the_caller_gives_credentials_for_registries(server, store):
    serve_as_registry(server, "c", "1.0.0")
    server.login = chart_servers.basic_authorization(LOGIN)
    url, protocols = f"oci://127.0.0.1:{server.port}", ("oci", "http")
    given: dict[str, Any] = {
        "credentials": lambda host, path: Credential(LOGIN) if path == "c" else None
    }
    assert "c-1.0.0" in build_chart(url, store=store, protocols=protocols, **given)
    with pytest.raises(FetchError, match="requires a login"):
        build_chart(url, store=store, protocols=protocols)


def test_options_show_no_function_with_secrets():
    remote = RemoteOptions(credentials=lambda *_: Credential(LOGIN))
    assert "lambda" not in repr(remote)
    assert LOGIN[1] not in repr(Credential(LOGIN, "t0ken"))
