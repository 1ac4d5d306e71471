"""Test charts of repositories and registries: requests, logins, and the same results as helm."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import chart_servers
from tests.chart_fixtures import (
    NEEDS_HELM,
    NEEDS_REGISTRY,
    Outcome,
    add_known_repositories,
    problem,
    run_helm,
)
from tests.chart_servers import LOGIN, TOKEN, ChartServer, Handler, index, package, require_token

pytestmark = pytest.mark.usefixtures("isolated_home")


def rendered_version(outcome: Outcome) -> str:
    """Return the version of the rendered chart."""
    assert outcome.code == 0, outcome.errors
    return outcome.output.partition("name: 'c-")[2].partition("'")[0]


# Versions


@pytest.mark.parametrize(
    ("flags", "version"),
    [
        ((), "2.0.0"),
        (("--version", "1.x"), "1.1.0"),
        (("--version", "1.0.0"), "1.0.0"),
        (("--version", "~1.2.0-0"), "1.2.0-rc.1"),
        (("--version", "1.2.0-rc.1"), "1.2.0-rc.1"),
        (("--version", "<2", "--devel"), "1.1.0"),
    ],
)
def test_a_version_of_a_repository(server, run, flags, version):
    assert rendered_version(run("template", "c", "--repo", server.url, *flags)) == version


def test_charts_that_are_not_found(server, run):
    error = problem(run("template", "c", "--repo", server.url, "--version", "9"))
    assert error == f'Error: chart "c" version "9" not found in {server.url} repository'
    assert 'chart "e" not found' in problem(run("template", "e", "--repo", server.url))
    assert "HTTP status 404" in problem(run("template", f"{server.url}/c-9.tgz"))
    assert "repo x not found" in problem(run("template", "x/c"))
    assert 'path "./c" not found' in problem(run("template", "./c"))


def test_a_known_repository_and_its_cached_index(server, run, tmp_path):
    add_known_repositories(tmp_path, f"{{name: here, url: {server.url}/}}")
    assert rendered_version(run("template", "here/c", "--version", "1.0")) == "1.0.0"
    assert server.take_requests() == ["/index.yaml", "/c-1.0.0.tgz"]
    cached_index = tmp_path / "home/.cache/helm/repository/here-index.yaml"
    cached_index.parent.mkdir(parents=True)
    cached_index.write_bytes(index({"name": "c", "version": "1.1.0", "urls": ["c-1.1.0.tgz"]}))
    assert rendered_version(run("template", "here/c")) == "1.1.0"
    assert server.take_requests() == ["/c-1.1.0.tgz"]


@NEEDS_REGISTRY
@pytest.mark.parametrize(
    ("name", "flags", "version"),
    [
        ("c", (), "2.0.0"),
        ("c", ("--version", "^1"), "1.5.0+b1"),
        ("c:1.0.0", (), "1.0.0"),
        ("c", ("--version", "1.5.0+b1"), "1.5.0+b1"),
        ("c", ("--version", ">1.1.0-0 <1.3.0"), "1.2.0-rc.1"),
    ],
)
def test_a_version_of_a_registry(registry, run, name, flags, version):
    # Only a range with a prerelease in it matches prereleases.
    assert (
        rendered_version(run("template", f"oci://{registry.host}/charts/{name}", *flags)) == version
    )


@NEEDS_REGISTRY
def test_a_digest_is_fetched_once(registry, run):
    digest = registry.push("once", "1.0.0")
    name = f"oci://{registry.host}/charts/once@{digest}"
    assert run("template", name).code == 0
    requests_before = registry.count_requests()
    assert run("template", name).code == 0
    assert registry.count_requests() == requests_before


@NEEDS_REGISTRY
def test_wrong_references(registry, run):
    name = f"oci://{registry.host}/charts/c"
    assert "mismatch" in problem(run("template", f"{name}:1.0.0", "--version", "1.1.0"))
    assert "404" in problem(run("template", name, "--version", "7.0.0"))
    assert "invalid repository" in problem(run("template", f"{name}/../d"))
    assert "invalid digest" in problem(run("template", f"{name}@sha256:0"))


# The store


def test_the_second_run_sends_no_request(server, run):
    first = run("template", "c", "--repo", server.url)
    assert server.take_requests() == ["/index.yaml", "/c-2.0.0.tgz"]
    assert run("template", "c", "--repo", server.url) == first
    assert server.take_requests() == []
    assert run("template", "c", "--repo", server.url, "--refresh") == first
    assert server.take_requests() == ["/index.yaml"]
    server.close()
    assert run("template", "c", "--repo", server.url, "--offline") == first
    error = problem(run("template", "c", "--repo", server.url, "--offline", "--version", "1.0.0"))
    assert "not in the store" in error


def test_damaged_content_in_the_store_is_fetched_again(server, run, tmp_path):
    first = run("template", "c", "--repo", server.url)
    for path in (tmp_path / "home/.cache/kmanifest").rglob("contents/*"):
        path.write_bytes(b"damaged")
    server.take_requests()
    assert run("template", "c", "--repo", server.url) == first
    assert server.take_requests() == ["/index.yaml", "/c-2.0.0.tgz"]


# Logins


def test_a_login_is_for_its_repository(private_server, run, tmp_path):
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    assert "401" in problem(run("template", "c", "--repo", private_server.url))
    assert rendered_version(run("template", "c", "--repo", private_server.url, *login)) == "2.0.0"
    add_known_repositories(
        tmp_path,
        f"{{name: here, url: {private_server.url}, username: alice, password: s3cret-word}}",
    )
    assert rendered_version(run("template", "here/c", "--refresh")) == "2.0.0"
    assert rendered_version(run("template", f"{private_server.url}/c-1.0.0.tgz")) == "1.0.0"


def test_an_index_does_not_get_the_login_to_another_server(private_server, server, run, tmp_path):
    other_url = f"http://localhost:{server.port}/c-1.0.0.tgz"
    entry = {"name": "c", "version": "1.0.0", "urls": [other_url]}
    (tmp_path / "private" / "index.yaml").write_bytes(index(entry))
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    error = problem(run("template", "c", "--repo", private_server.url, *login))
    assert "places the chart on another server, not by https" in error
    assert LOGIN[1] not in error
    assert server.requests == []
    assert (
        rendered_version(
            run("template", "c", "--repo", private_server.url, *login, "--pass-credentials")
        )
        == "1.0.0"
    )
    assert server.logins == [private_server.login]


def test_without_a_login_an_index_may_name_another_server(server, run, tmp_path):
    other_url = f"http://localhost:{server.port}/c-1.0.0.tgz"
    (tmp_path / "served" / "index.yaml").write_bytes(
        index({"name": "c", "version": "1.0.0", "urls": [other_url]})
    )
    assert rendered_version(run("template", "c", "--repo", server.url)) == "1.0.0"


def test_a_password_in_a_url_is_used_and_not_shown(private_server, run):
    url = private_server.url.replace("//", f"//{LOGIN[0]}:{LOGIN[1]}@")
    assert rendered_version(run("template", "c", "--repo", url)) == "2.0.0"
    chart = Path("app/Chart.yaml")
    chart.parent.mkdir()
    messages = [
        problem(run("template", "e", "--repo", url)),
        problem(run("pull", f"{url}/gone.tgz")),
    ]
    for dependency in ("name: c, version: 1.x", "name: c, version: 9", "name: e, version: 1"):
        head = "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n"
        chart.write_text(f"{head}- {{{dependency}, repository: '{url}'}}\n", encoding="utf-8")
        outcome = run("dependency", "update", "app", "--refresh")
        messages += [outcome.output, outcome.errors]
    private_server.login = "other"
    messages.append(problem(run("template", "c", "--repo", url, "--refresh")))
    assert Path("app/charts/c-1.1.0.tgz").exists()
    assert not any(LOGIN[1] in text for text in messages)


def test_a_login_of_a_known_repository_is_for_urls_below_it(private_server, server, run, tmp_path):
    add_known_repositories(
        tmp_path,
        f"{{name: here, url: {private_server.url}/below, username: alice, password: s3cret-word}}",
    )
    problem(run("template", f"{private_server.url}/c-1.0.0.tgz"))
    problem(run("template", f"{private_server.url}/below/../c-1.0.0.tgz"))
    assert rendered_version(run("template", f"{server.url}/c-1.0.0.tgz")) == "1.0.0"
    assert server.logins == [""]


def challenge_with_realm(handler: Handler, server_url: str) -> None:
    handler.answer(
        b"{}", 401, ("WWW-Authenticate", f'Bearer realm="{server_url}/token",service="x"')
    )


def test_a_registry_does_not_get_the_login_to_another_server(private_server, server, run):
    private_server.login = ""
    private_server.answers["/v2/c/manifests/1.0.0"] = lambda handler: challenge_with_realm(
        handler, server.url
    )
    name = f"oci://127.0.0.1:{private_server.port}/c:1.0.0"
    error = problem(run("template", name, "--username", "u", "--password", "word"))
    assert "not safe" in error
    assert server.requests == []


def test_logins_of_helm_and_docker(private_server, run, tmp_path):
    host = f"127.0.0.1:{private_server.port}"
    name = f"oci://{host}/c:1.0.0"
    assert "requires a login" in problem(run("template", name))
    write_docker_config(
        tmp_path, f'{{"auths": {{"{host}": {{"auth": "{private_server.login[6:]}"}}}}}}'
    )
    assert "404" in problem(run("template", name))
    assert private_server.logins[-1] == private_server.login


def write_docker_config(tmp_path: Path, config: str) -> None:
    """Write Docker's `config.json`."""
    path = tmp_path / "home/.docker/config.json"
    path.parent.mkdir()
    path.write_text(config, encoding="utf-8")


def install_credential_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """Install a credential helper `here` that prints `output`."""
    helper = tmp_path / "bin" / "docker-credential-here"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\nread server\necho '{output}'\n", encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}{os.pathsep}{os.environ['PATH']}")


@NEEDS_HELM
def test_an_identity_token_as_helm(server, run, tmp_path):
    require_token(server, f"{server.url}/token")
    host = f"127.0.0.1:{server.port}"
    write_docker_config(
        tmp_path, json.dumps({"auths": {host: {"identitytoken": TOKEN, "auth": "MDo="}}})
    )
    arguments = ("template", f"oci://{host}/c:1.0.0", "--plain-http")
    assert run(*arguments)[:2] == run_helm(*arguments)[:2]
    actual, expected = server.forms
    assert actual == {**expected, "client_id": "kmanifest"}
    assert not any(login.startswith("Basic") for login in server.logins)


@pytest.mark.skipif(os.name == "nt", reason="the helper is a shell script")
def test_an_identity_token_of_a_credential_helper(server, run, tmp_path, monkeypatch):
    require_token(server, f"{server.url}/token")
    write_docker_config(tmp_path, json.dumps({"credHelpers": {f"127.0.0.1:{server.port}": "here"}}))
    install_credential_helper(
        tmp_path, monkeypatch, json.dumps({"Username": "<token>", "Secret": TOKEN})
    )
    assert rendered_version(run("template", f"oci://127.0.0.1:{server.port}/c:1.0.0")) == "1.0.0"


def test_an_identity_token_goes_nowhere_else(private_server, server, run, tmp_path):
    host = f"127.0.0.1:{server.port}"
    write_docker_config(tmp_path, json.dumps({"auths": {host: {"identitytoken": TOKEN}}}))
    private_server.login = ""
    other_url = f"http://localhost:{private_server.port}/token"
    require_token(server, other_url)
    messages = [problem(run("template", f"oci://{host}/c:1.0.0"))]
    assert "not safe" in messages[0]
    for code in (302, 307, 308):
        require_token(server, f"{server.url}/token")
        server.answers["/token"] = lambda handler, code=code: handler.answer(
            b"", code, ("Location", other_url)
        )
        messages.append(problem(run("template", f"oci://{host}/c:1.0.0")))
        assert f"no token was given: HTTP status {code}" in messages[-1]
    assert private_server.requests == []
    assert not any(TOKEN in text for text in messages)
    assert not any(TOKEN in path for path in server.requests)


def test_a_refused_identity_token(server, run, tmp_path):
    require_token(server, f"{server.url}/token")
    host = f"127.0.0.1:{server.port}"
    write_docker_config(tmp_path, json.dumps({"auths": {host: {"identitytoken": "old"}}}))
    error = problem(run("template", f"oci://{host}/c:1.0.0"))
    assert "no token was given: HTTP status 401" in error


@pytest.mark.skipif(os.name == "nt", reason="the helper is a shell script")
def test_a_credential_helper(private_server, run, tmp_path, monkeypatch):
    write_docker_config(tmp_path, '{"credsStore": "here"}')
    install_credential_helper(
        tmp_path, monkeypatch, '{"Username": "alice", "Secret": "s3cret-word"}'
    )
    assert "404" in problem(run("template", f"oci://127.0.0.1:{private_server.port}/c:1.0.0"))
    assert private_server.logins[-1] == private_server.login


# Hostile servers


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"# and on it goes\n" * 4096)


def truncated(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(package("c", "2.0.0")[:100])
    handler.close_connection = True


def encoded(handler: Handler) -> None:
    handler.answer(package("c", "2.0.0"), 200, ("Content-Encoding", "gzip"))


def elsewhere(handler: Handler) -> None:
    port = handler.chart_server.port
    handler.answer(b"", 302, ("Location", f"http://localhost:{port}/c-1.0.0.tgz"))


@pytest.mark.parametrize(
    ("path", "answer", "expected"),
    [
        ("/index.yaml", endless, "more than 67108864 bytes"),
        ("/index.yaml", truncated, "the connection ended"),
        ("/index.yaml", elsewhere, "redirects to another server"),
        ("/c-2.0.0.tgz", endless, "more than 104857600 bytes"),
        ("/c-2.0.0.tgz", truncated, "the connection ended"),
        ("/c-2.0.0.tgz", elsewhere, "redirects to another server"),
        ("/c-2.0.0.tgz", lambda handler: handler.answer(b"other"), "the chart has the digest"),
        ("/index.yaml", lambda handler: handler.answer(b""), "empty index.yaml file"),
        ("/index.yaml", lambda handler: handler.answer(b"entries: 1"), "entries"),
        ("/index.yaml", lambda handler: handler.answer(b"{}"), "no API version specified"),
        ("/index.yaml", lambda handler: handler.answer(b"[" * 99999), "nested"),
    ],
)
def test_hostile_repositories_end_in_one_line(server, run, path, answer, expected):
    server.answers[path] = answer
    assert expected in problem(run("template", "c", "--repo", server.url))


def test_a_package_is_taken_as_it_was_sent(server, run):
    server.answers["/c-2.0.0.tgz"] = encoded
    assert rendered_version(run("template", "c", "--repo", server.url)) == "2.0.0"


def test_incomplete_entries_are_skipped(server, run):
    entries = '[null, {"name": "../c", "version": "9.0.0"}, {"name": "c"}, {"name": "c", "version": "1.0.0", "urls": ["c-1.0.0.tgz"]}]'
    document = f'{{"apiVersion": "v1", "entries": {{"c": {entries}, "d": null}}}}'
    server.answers["/index.yaml"] = lambda handler: handler.answer(document.encode())
    outcome = run("template", "c", "--repo", server.url)
    assert rendered_version(outcome) == "1.0.0"
    assert outcome.errors.count("skipping loading invalid entry") == 3


# pull


def test_pull_saves_the_bytes_that_were_sent(server, run):
    assert run("pull", "c", "--repo", server.url) == Outcome(0, "", "")
    assert Path("c-2.0.0.tgz").read_bytes() == package("c", "2.0.0")


def test_pull_replaces_a_link(server, run):
    Path("victim").write_text("keep me", encoding="utf-8")
    Path("c-2.0.0.tgz").symlink_to("victim")
    assert run("pull", "c", "--repo", server.url).code == 0
    assert Path("victim").read_text(encoding="utf-8") == "keep me"


def test_untar(server, run):
    assert run("pull", "c", "--repo", server.url, "--untar", "--untardir", "a/b").code == 0
    assert Path("a/b/c/templates/map.yaml").read_text(encoding="utf-8") == chart_servers.MAP
    assert "already exists" in problem(
        run("pull", "c", "--repo", server.url, "--untar", "--untardir", "a/b")
    )


@pytest.mark.parametrize("name", ["../c", "a/b", "..", ".", '"a\\0b"'])
def test_untar_stays_inside(server, run, name):
    chart_yaml = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
    server.answers["/x.tgz"] = lambda handler: handler.answer(
        package("c", "1.0.0", {"Chart.yaml": chart_yaml})
    )
    problem(run("pull", f"{server.url}/x.tgz", "--untar"))
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("path", ["../../out", "templates/map.yaml/more"])
def test_untar_of_a_bad_path(server, run, path):
    server.answers["/x.tgz"] = lambda handler: handler.answer(package("c", "1.0.0", {path: "x"}))
    problem(run("pull", f"{server.url}/x.tgz", "--untar"))
    assert list(Path().iterdir()) == []


def test_no_name_leads_out(server, run):
    assert "can't be the name of a file" in problem(run("pull", f"{server.url}/a/%2e%2e"))
    assert "can't be the name of a file" in problem(run("pull", f"{server.url}/a%5cb"))


# Comparison with helm

NAMES = (
    ("c", "--repo", "URL"),
    ("c", "--repo", "URL", "--version", "1.x"),
    ("c", "--repo", "URL", "--devel", "--version", ">1.1.0-0, <2-0"),
    ("c", "--repo", "URL", "--version", "9"),
    ("URL/c-1.0.0.tgz",),
    ("OCI/c", "--plain-http"),
    ("OCI/c:1.0.0", "--plain-http"),
    ("OCI/c", "--plain-http", "--version", "1.5.0+b1"),
    ("OCI/c", "--plain-http", "--version", "8.0"),
)


@NEEDS_HELM
@NEEDS_REGISTRY
@pytest.mark.parametrize("arguments", NAMES, ids=" ".join)
def test_same_as_helm(server, registry, run, arguments):
    names = [
        argument.replace("URL", server.url).replace("OCI", f"oci://{registry.host}/charts")
        for argument in arguments
    ]
    for verb in (["template"], ["pull", "-d", "PLACE"]):
        Path("expected").mkdir(exist_ok=True)
        Path("actual").mkdir(exist_ok=True)
        expected = run_helm(*[argument.replace("PLACE", "expected") for argument in verb], *names)
        actual = run(*[argument.replace("PLACE", "actual") for argument in verb], *names)
        assert (actual.code, actual.output) == (expected.code, expected.output)
    assert contents("actual") == contents("expected")


def contents(directory: str) -> dict[str, bytes]:
    """Return the files below a directory."""
    files = (path for path in Path(directory).rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_the_server_records_its_requests(server: ChartServer) -> None:
    """The other tests depend on the log of requests."""
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import urllib.request as u; u.urlopen('{server.url}/c-1.0.0.tgz')",
        ],
        check=True,
    )
    assert server.take_requests() == ["/c-1.0.0.tgz"]
