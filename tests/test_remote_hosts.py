"""The policy of hosts: each connection is checked before it is made, whoever names the host."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kmanifest.io.remote.access import Access, Credential
from kmanifest.io.remote.hosts import HostPolicy, is_inner, literal_address, to_address
from kmanifest.io.remote.oci import Artifact
from kmanifest.model.errors import FetchError, KmanifestError, SourceError
from tests import chart_servers
from tests.chart_fixtures import problem
from tests.chart_servers import (
    Handler,
    serve_charts,
)
from tests.fetching import (
    NEEDS_GIT,
    build_text,
    chart_client,
    resolving,
)
from tests.servers import USER

pytestmark = pytest.mark.usefixtures("plain_home")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.1", "192.168.1.1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
     "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::7f00:1",
     "64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:a00:1::", "2002:7f00:1::", "2001:0:1::1", "fec0::1"],
)  # fmt: skip
def test_inner_addresses(text):
    address = to_address(text)
    assert is_inner(address)
    assert not HostPolicy().allows("host.example", 443, address)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(text):
    assert not is_inner(to_address(text))
    assert HostPolicy().allows("host.example", 443, to_address(text))


@pytest.mark.parametrize(
    ("patterns", "host", "port", "address", "is_allowed"),
    [
        (("*",), "host.example", 443, "10.0.0.1", False),
        (("private",), "host.example", 443, "10.0.0.1", True),
        (("private",), "host.example", 443, "8.8.8.8", False),
        (("private",), "host.example", 443, "127.0.0.1", False),
        (("private",), "host.example", 443, "169.254.169.254", False),
        (("private",), "host.example", 443, "fd00:ec2::254", False),
        (("host.example",), "HOST.example.", 443, "10.0.0.1", True),
        (("host.example",), "a.host.example", 443, "8.8.8.8", False),
        (("*.example",), "host.example", 443, "10.0.0.1", True),
        (("*.example",), "example", 443, "8.8.8.8", False),
        (("*.example",), "evil-example", 443, "8.8.8.8", False),
        (("host.example:8443",), "host.example", 8443, "10.0.0.1", True),
        (("host.example:8443",), "host.example", 443, "10.0.0.1", False),
        (("10.0.0.0/8",), "host.example", 443, "10.0.0.1", True),
        (("10.0.0.0/8",), "host.example", 443, "11.0.0.1", False),
        (("10.0.0.1",), "host.example", 443, "10.0.0.1", True),
        (("10.0.0.1:80",), "10.0.0.1", 443, "10.0.0.1", False),
        (("[::1]:80",), "::1", 80, "::1", True),
        (("localhost",), "127.0.0.1", 80, "127.0.0.1", True),
        (("127.0.0.1",), "localhost", 80, "::1", True),
        ((), "host.example", 443, "8.8.8.8", False),
    ],
)
def test_patterns_of_hosts(patterns, host, port, address, is_allowed):
    assert HostPolicy(patterns).allows(host, port, to_address(address)) is is_allowed


@pytest.mark.parametrize(
    ("patterns", "host", "is_allowed"),
    [
        (("*",), "host.example", True),
        (("*",), "10.0.0.1", False),
        (("*",), "0x7f.1", False),
        (("*",), "2130706433", False),
        (("*",), "localhost", False),
        (("*",), "metadata", False),
        (("*",), "\uff11\uff12\uff17.0.0.1", False),
        (("*",), "metadata.google.internal", False),
        (("*", "private"), "git", True),
        (("*", "private"), "localhost", False),
        (("*", "private"), "app.localhost", False),
        (("git.internal",), "git.internal", True),
        (("git.internal",), "host.example", False),
    ],
)
def test_a_proxy_gets_the_names_that_are_allowed(patterns, host, is_allowed):
    assert HostPolicy(patterns).allows_name(host, 443) is is_allowed


def test_numbers_are_addresses():
    assert str(literal_address("0x7f.1")) == "127.0.0.1"
    assert literal_address("host.example") is None


@pytest.mark.parametrize(
    "pattern", ["", "a*.example", "https://host", "host/x", "10.0.0.1/8", "*.*", "host:99999"]
)
def test_a_pattern_that_is_not_understood_is_refused(pattern):
    with pytest.raises(SourceError, match="is not a pattern of hosts"):
        HostPolicy((pattern,))


@NEEDS_GIT
@pytest.mark.parametrize("path", ["map.yaml", "base.git?ref=main"])
def test_a_tree_names_no_inner_address(web_server, path):
    for hosts in (("*",), ("*", "private"), ("other.example",)):
        with pytest.raises(SourceError, match=r"127\.0\.0\.1 is not among those allowed"):
            build_text(f"http://{web_server.address}/{path}", hosts=hosts)
    assert web_server.requests == []
    assert "name: in-" in build_text(
        f"http://{web_server.address}/{path}", hosts=(web_server.address,)
    )


def test_an_index_and_a_chart_and_a_registry_are_on_allowed_hosts(server, store):
    client = chart_client(store, hosts=HostPolicy(("*", "private")))
    artifact = Artifact(f"127.0.0.1:{server.port}", "c", "1.0.0")
    for call in (
        lambda: client.index(f"{server.url}/index.yaml", Access()),
        lambda: client.archive(f"{server.url}/c-1.0.0.tgz", Access()),
        lambda: client.provenance(f"{server.url}/c-1.0.0.tgz", Access()),
        lambda: client.pull(artifact, Access()),
        lambda: client.tags(artifact, Access()),
    ):
        with pytest.raises(SourceError, match="not among those allowed"):
            call()
    assert server.requests == []


@NEEDS_GIT
@pytest.mark.parametrize("host", ["host.example", "HOST.example", "host.example."])
@pytest.mark.parametrize("path", ["map.yaml", "base.git?ref=main"])
def test_the_checked_address_is_the_one_that_is_used(web_server, path, host, monkeypatch):
    """A name with a short life must not lead to another address after it was checked. git can't resolve this name."""
    asked = resolving(monkeypatch, "127.0.0.1", "192.0.2.1")
    url = f"http://{host}:{web_server.address.partition(':')[2]}/{path}"
    assert "name: in-" in build_text(url, hosts=("127.0.0.1",))
    assert asked == ["host.example"]


@NEEDS_GIT
@pytest.mark.parametrize("path", ["map.yaml", "base.git?ref=main"])
def test_a_name_with_an_inner_address_is_refused(web_server, path, monkeypatch):
    resolving(monkeypatch, "127.0.0.1")
    url = f"http://host.example:{web_server.address.partition(':')[2]}/{path}"
    with pytest.raises(SourceError, match="an inner address must be named"):
        build_text(url, hosts=("*",))
    assert web_server.requests == []


def test_a_proxy_does_not_make_inner_servers_reachable(server, tmp_path, monkeypatch):
    """The proxy is in an inner network. What it returns must not lead past it to another inner server."""
    with serve_charts(tmp_path / "proxy") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        target = f"https://127.0.0.1:{server.port}/c-1.0.0.tgz"
        proxy.answers["http://outside.example/x.yaml"] = lambda handler: handler.answer(
            b"", 302, ("Location", target)
        )
        with pytest.raises(SourceError, match=r"127\.0\.0\.1 is not among those allowed"):
            build_text("http://outside.example/x.yaml", hosts=("*",))
        assert proxy.take_requests() == ["http://outside.example/x.yaml"]
        for name in ("localhost", "10.0.0.1", "metadata.google.internal"):
            with pytest.raises(SourceError, match="not among those allowed"):
                build_text(f"http://{name}/x.yaml", hosts=("*",))
        assert proxy.requests == server.requests == []


def redirecting_git(web_server: Any, location: str) -> chart_servers.AnswerFunction:
    def answer(handler: Handler) -> None:
        url = location.format(port=web_server.address.partition(":")[2])
        handler.answer(b"", 301, ("Location", url))

    return answer


@NEEDS_GIT
@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://localhost:{port}/base.git/info/refs?service=git-upload-pack", "not by https"),
        ("https://10.0.0.1/base.git/info/refs?service=git-upload-pack", "not among those allowed"),
        ("file:///etc/info/refs?service=git-upload-pack", "is no repository"),
        ("https://host.example/login", "is no repository"),
        ("/base.git/info/refs?service=git-upload-pack", "more than 3 redirections"),
        ("ssh://git@host.example/info/refs?service=git-upload-pack", "is no repository"),
    ],
)
def test_redirections_of_git_are_checked(server, web_server, store, location, expected):
    server.answers["/base.git/info/refs"] = redirecting_git(web_server, location)
    with pytest.raises(KmanifestError, match=expected):
        build_text(f"{server.url}/base.git?ref=main", store=store)
    assert web_server.requests == []


@NEEDS_GIT
@pytest.mark.parametrize("login", ["", f"{USER}@"])
def test_git_follows_a_redirection_on_its_server(web_server, store, login, monkeypatch):
    name = "private/base.git" if login else "base.git"
    handler_class = web_server._server.RequestHandlerClass
    serve = handler_class.do_GET

    def redirect_or_serve(handler: Any) -> None:
        if handler.path.startswith("/old.git/info/refs"):
            web_server.requests.append(handler.path)
            path = handler.path.replace("/old.git", f"/{name}")
            handler._answer(301, b"", ("Location", path))
        else:
            serve(handler)

    monkeypatch.setattr(handler_class, "do_GET", redirect_or_serve)
    url = f"http://{login}{web_server.address}/old.git?ref=main"
    if login:  # a redirection does not get the login of the URL
        with pytest.raises(FetchError):
            build_text(url, store=store)
        credential = Credential((USER.split(":")[0], USER.split(":")[1]))
        url = url.replace(login, "")
        text = build_text(url, store=store, credentials=lambda host, path: credential)
    else:
        text = build_text(url, store=store)
    assert "in-the-repository" in text


# The command


@NEEDS_GIT
@pytest.mark.parametrize("path", ["map.yaml", "base.git?ref=main"])
def test_a_tree_names_no_server_on_this_machine_to_the_command(web_server, path):
    Path("kustomization.yaml").write_text(f"resources: ['http://{web_server.address}/{path}']")
    command = [sys.executable, "-m", "kmanifest", "build", "--allow-protocol", "http"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "--allow-host 127.0.0.1 allows it" in refused.stderr
    assert web_server.requests == []
    for flags, variables in (
        (["--allow-host", "127.0.0.1"], {}),
        ([], {"KMANIFEST_ALLOW_HOST": "localhost"}),
    ):
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [*command, *flags], capture_output=True, text=True, env=environment, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_a_dependency_names_no_server_on_this_machine(server, run):
    Path("app").mkdir()
    dependency = f"{{name: c, version: 1.0.0, repository: '{server.url}'}}"
    Path("app/Chart.yaml").write_text(
        f"apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies: [{dependency}]\n"
    )
    outcome = run("dependency", "update", "app")
    assert outcome.code == 1
    assert "not among those allowed" in outcome.errors
    assert server.requests == []
    assert run("dependency", "update", "app", "--allow-host", "localhost").code == 0


def test_hosts_on_the_command_line_are_allowed(server, run):
    assert run("template", "c", "--repo", server.url).code == 0
    assert run("pull", f"{server.url}/c-1.0.0.tgz", "--allow-host", "other.example").code == 0
    error = problem(run("template", "c", "--repo", "https://one.invalid", "--allow-host", "a*b"))
    assert "is not a pattern of hosts" in error
