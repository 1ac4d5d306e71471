"""Charts of repositories and registries: what is asked of servers, what is shown to them, and what the reference makes of the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import chartservers
from tests.chartfixtures import NEEDS_HELM, NEEDS_REGISTRY, Outcome, known, problem, reference
from tests.chartservers import LOGIN, TOKEN, Handler, Site, index, package, wants_token

pytestmark = pytest.mark.usefixtures("own_home")


def shown(outcome: Outcome) -> str:
    """The version that was rendered."""
    assert outcome.code == 0, outcome.errors
    return outcome.output.partition("name: 'c-")[2].partition("'")[0]


# What is picked


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
    assert shown(run("template", "c", "--repo", server.url, *flags)) == version


def test_what_is_not_there(server, run):
    said = problem(run("template", "c", "--repo", server.url, "--version", "9"))
    assert said == f'Error: chart "c" version "9" not found in {server.url} repository'
    assert 'chart "e" not found' in problem(run("template", "e", "--repo", server.url))
    assert "HTTP status 404" in problem(run("template", f"{server.url}/c-9.tgz"))
    assert "repo x not found" in problem(run("template", "x/c"))
    assert 'path "./c" not found' in problem(run("template", "./c"))


def test_a_known_repository_and_its_kept_index(server, run, tmp_path):
    known(tmp_path, f"{{name: here, url: {server.url}/}}")
    assert shown(run("template", "here/c", "--version", "1.0")) == "1.0.0"
    assert server.asked() == ["/index.yaml", "/c-1.0.0.tgz"]
    kept = tmp_path / "home/.cache/helm/repository/here-index.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(index({"name": "c", "version": "1.1.0", "urls": ["c-1.1.0.tgz"]}))
    assert shown(run("template", "here/c")) == "1.1.0"
    assert server.asked() == ["/c-1.1.0.tgz"]


@NEEDS_REGISTRY
@pytest.mark.parametrize(
    ("reference", "flags", "version"),
    [
        ("c", (), "2.0.0"),
        ("c", ("--version", "^1"), "1.5.0+b1"),
        ("c:1.0.0", (), "1.0.0"),
        ("c", ("--version", "1.5.0+b1"), "1.5.0+b1"),
        ("c", ("--version", ">1.1.0-0 <1.3.0"), "1.2.0-rc.1"),
    ],
)
def test_a_version_of_a_registry(registry, run, reference, flags, version):
    # The one with a prerelease in its range takes prereleases.
    assert shown(run("template", f"oci://{registry.host}/charts/{reference}", *flags)) == version


@NEEDS_REGISTRY
def test_a_digest_is_asked_for_once(registry, run):
    digest = registry.push("once", "1.0.0")
    name = f"oci://{registry.host}/charts/once@{digest}"
    assert run("template", name).code == 0
    before = registry.asked()
    assert run("template", name).code == 0
    assert registry.asked() == before


@NEEDS_REGISTRY
def test_wrong_references(registry, run):
    name = f"oci://{registry.host}/charts/c"
    assert "mismatch" in problem(run("template", f"{name}:1.0.0", "--version", "1.1.0"))
    assert "404" in problem(run("template", name, "--version", "7.0.0"))
    assert "invalid repository" in problem(run("template", f"{name}/../d"))
    assert "invalid digest" in problem(run("template", f"{name}@sha256:0"))


# What is kept


def test_the_second_run_asks_nobody(server, run):
    first = run("template", "c", "--repo", server.url)
    assert server.asked() == ["/index.yaml", "/c-2.0.0.tgz"]
    assert run("template", "c", "--repo", server.url) == first
    assert server.asked() == []
    assert run("template", "c", "--repo", server.url, "--refresh") == first
    assert server.asked() == ["/index.yaml"]
    server.close()
    assert run("template", "c", "--repo", server.url, "--offline") == first
    other = problem(run("template", "c", "--repo", server.url, "--offline", "--version", "1.0.0"))
    assert "not in the store" in other


def test_what_is_damaged_in_the_store_is_fetched_again(server, run, tmp_path):
    first = run("template", "c", "--repo", server.url)
    for path in (tmp_path / "home/.cache/kmanifest/contents").iterdir():
        path.write_bytes(b"damaged")
    server.asked()
    assert run("template", "c", "--repo", server.url) == first
    assert server.asked() == ["/index.yaml", "/c-2.0.0.tgz"]


# Whom the login is shown


def test_a_login_is_for_its_repository(private, run, tmp_path):
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    assert "401" in problem(run("template", "c", "--repo", private.url))
    assert shown(run("template", "c", "--repo", private.url, *login)) == "2.0.0"
    known(tmp_path, f"{{name: here, url: {private.url}, username: alice, password: s3cret-word}}")
    assert shown(run("template", "here/c", "--refresh")) == "2.0.0"
    assert shown(run("template", f"{private.url}/c-1.0.0.tgz")) == "1.0.0"


def test_an_index_does_not_get_the_login_to_another_server(private, server, run, tmp_path):
    other = f"http://localhost:{server.port}/c-1.0.0.tgz"
    entry = {"name": "c", "version": "1.0.0", "urls": [other]}
    (tmp_path / "private" / "index.yaml").write_bytes(index(entry))
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    said = problem(run("template", "c", "--repo", private.url, *login))
    assert "places the chart on another server, not by https" in said
    assert LOGIN[1] not in said
    assert server.requests == []
    assert (
        shown(run("template", "c", "--repo", private.url, *login, "--pass-credentials")) == "1.0.0"
    )
    assert server.logins == [private.login]


def test_without_a_login_an_index_may_name_another_server(server, run, tmp_path):
    other = f"http://localhost:{server.port}/c-1.0.0.tgz"
    (tmp_path / "served" / "index.yaml").write_bytes(
        index({"name": "c", "version": "1.0.0", "urls": [other]})
    )
    assert shown(run("template", "c", "--repo", server.url)) == "1.0.0"


def test_a_password_in_a_url_is_used_and_not_shown(private, run):
    url = private.url.replace("//", f"//{LOGIN[0]}:{LOGIN[1]}@")
    assert shown(run("template", "c", "--repo", url)) == "2.0.0"
    chart = Path("app/Chart.yaml")
    chart.parent.mkdir()
    said = [problem(run("template", "e", "--repo", url)), problem(run("pull", f"{url}/gone.tgz"))]
    for needs in ("name: c, version: 1.x", "name: c, version: 9", "name: e, version: 1"):
        facts = "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n"
        chart.write_text(f"{facts}- {{{needs}, repository: '{url}'}}\n", encoding="utf-8")
        outcome = run("dependency", "update", "app", "--refresh")
        said += [outcome.output, outcome.errors]
    private.login = "other"
    said.append(problem(run("template", "c", "--repo", url, "--refresh")))
    assert Path("app/charts/c-1.1.0.tgz").exists()
    assert not any(LOGIN[1] in text for text in said)


def test_a_login_of_a_known_repository_is_for_what_lies_in_it(private, server, run, tmp_path):
    known(
        tmp_path,
        f"{{name: here, url: {private.url}/below, username: alice, password: s3cret-word}}",
    )
    problem(run("template", f"{private.url}/c-1.0.0.tgz"))
    problem(run("template", f"{private.url}/below/../c-1.0.0.tgz"))
    assert shown(run("template", f"{server.url}/c-1.0.0.tgz")) == "1.0.0"
    assert server.logins == [""]


def realm(handler: Handler, other: str) -> None:
    handler.answer(b"{}", 401, ("WWW-Authenticate", f'Bearer realm="{other}/token",service="x"'))


def test_a_registry_does_not_get_the_login_to_another_server(private, server, run):
    private.login = ""
    private.answers["/v2/c/manifests/1.0.0"] = lambda handler: realm(handler, server.url)
    name = f"oci://127.0.0.1:{private.port}/c:1.0.0"
    said = problem(run("template", name, "--username", "u", "--password", "word"))
    assert "not safe" in said
    assert server.requests == []


def test_logins_of_helm_and_docker(private, run, tmp_path):
    host = f"127.0.0.1:{private.port}"
    name = f"oci://{host}/c:1.0.0"
    assert "wants a login" in problem(run("template", name))
    docker_knows(tmp_path, f'{{"auths": {{"{host}": {{"auth": "{private.login[6:]}"}}}}}}')
    assert "404" in problem(run("template", name))
    assert private.logins[-1] == private.login


def docker_knows(tmp_path: Path, config: str) -> None:
    """Let docker know logins."""
    path = tmp_path / "home/.docker/config.json"
    path.parent.mkdir()
    path.write_text(config, encoding="utf-8")


def helper_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Let there be a credential helper `here`."""
    helper = tmp_path / "bin" / "docker-credential-here"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\nread server\necho '{answer}'\n", encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}{os.pathsep}{os.environ['PATH']}")


@NEEDS_HELM
def test_an_identity_token_as_the_reference(server, run, tmp_path):
    wants_token(server, f"{server.url}/token")
    host = f"127.0.0.1:{server.port}"
    docker_knows(tmp_path, json.dumps({"auths": {host: {"identitytoken": TOKEN, "auth": "MDo="}}}))
    arguments = ("template", f"oci://{host}/c:1.0.0", "--plain-http")
    assert run(*arguments)[:2] == reference(*arguments)[:2]
    ours, theirs = server.forms
    assert ours == {**theirs, "client_id": "kmanifest"}
    assert not any(login.startswith("Basic") for login in server.logins)


@pytest.mark.skipif(os.name == "nt", reason="the helper is a shell script")
def test_an_identity_token_of_a_credential_helper(server, run, tmp_path, monkeypatch):
    wants_token(server, f"{server.url}/token")
    docker_knows(tmp_path, json.dumps({"credHelpers": {f"127.0.0.1:{server.port}": "here"}}))
    helper_says(tmp_path, monkeypatch, json.dumps({"Username": "<token>", "Secret": TOKEN}))
    assert shown(run("template", f"oci://127.0.0.1:{server.port}/c:1.0.0")) == "1.0.0"


def test_an_identity_token_goes_nowhere_else(private, server, run, tmp_path):
    host = f"127.0.0.1:{server.port}"
    docker_knows(tmp_path, json.dumps({"auths": {host: {"identitytoken": TOKEN}}}))
    private.login = ""
    elsewhere = f"http://localhost:{private.port}/token"
    wants_token(server, elsewhere)
    said = [problem(run("template", f"oci://{host}/c:1.0.0"))]
    assert "not safe" in said[0]
    for code in (302, 307, 308):
        wants_token(server, f"{server.url}/token")
        server.answers["/token"] = lambda handler, code=code: handler.answer(
            b"", code, ("Location", elsewhere)
        )
        said.append(problem(run("template", f"oci://{host}/c:1.0.0")))
        assert f"no token was given: HTTP status {code}" in said[-1]
    assert private.requests == []
    assert not any(TOKEN in text for text in said)
    assert not any(TOKEN in path for path in server.requests)


def test_an_identity_token_that_is_not_taken(server, run, tmp_path):
    wants_token(server, f"{server.url}/token")
    host = f"127.0.0.1:{server.port}"
    docker_knows(tmp_path, json.dumps({"auths": {host: {"identitytoken": "old"}}}))
    said = problem(run("template", f"oci://{host}/c:1.0.0"))
    assert "no token was given: HTTP status 401" in said


@pytest.mark.skipif(os.name == "nt", reason="the helper is a shell script")
def test_a_credential_helper(private, run, tmp_path, monkeypatch):
    docker_knows(tmp_path, '{"credsStore": "here"}')
    helper_says(tmp_path, monkeypatch, '{"Username": "alice", "Secret": "s3cret-word"}')
    assert "404" in problem(run("template", f"oci://127.0.0.1:{private.port}/c:1.0.0"))
    assert private.logins[-1] == private.login


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
    port = handler.site.port
    handler.answer(b"", 302, ("Location", f"http://localhost:{port}/c-1.0.0.tgz"))


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/index.yaml", endless, "more than 67108864 bytes"),
        ("/index.yaml", truncated, "the connection ended"),
        ("/index.yaml", elsewhere, "redirects to another server"),
        ("/c-2.0.0.tgz", endless, "more than 104857600 bytes"),
        ("/c-2.0.0.tgz", truncated, "the connection ended"),
        ("/c-2.0.0.tgz", elsewhere, "redirects to another server"),
        ("/c-2.0.0.tgz", lambda handler: handler.answer(b"other"), "it has the digest"),
        ("/index.yaml", lambda handler: handler.answer(b""), "empty index.yaml file"),
        ("/index.yaml", lambda handler: handler.answer(b"entries: 1"), "entries"),
        ("/index.yaml", lambda handler: handler.answer(b"{}"), "no API version specified"),
        ("/index.yaml", lambda handler: handler.answer(b"[" * 99999), "nested"),
    ],
)
def test_hostile_repositories_end_in_one_line(server, run, path, answer, said):
    server.answers[path] = answer
    assert said in problem(run("template", "c", "--repo", server.url))


def test_a_package_is_taken_as_it_was_sent(server, run):
    server.answers["/c-2.0.0.tgz"] = encoded
    assert shown(run("template", "c", "--repo", server.url)) == "2.0.0"


def test_entries_that_are_not_whole_are_skipped(server, run):
    entries = '[null, {"name": "../c", "version": "9.0.0"}, {"name": "c"}, {"name": "c", "version": "1.0.0", "urls": ["c-1.0.0.tgz"]}]'
    whole = f'{{"apiVersion": "v1", "entries": {{"c": {entries}, "d": null}}}}'
    server.answers["/index.yaml"] = lambda handler: handler.answer(whole.encode())
    outcome = run("template", "c", "--repo", server.url)
    assert shown(outcome) == "1.0.0"
    assert outcome.errors.count("skipping loading invalid entry") == 3


# pull


def test_pull_saves_what_was_sent(server, run):
    assert run("pull", "c", "--repo", server.url) == Outcome(0, "", "")
    assert Path("c-2.0.0.tgz").read_bytes() == package("c", "2.0.0")


def test_pull_replaces_a_link(server, run):
    Path("victim").write_text("keep me", encoding="utf-8")
    Path("c-2.0.0.tgz").symlink_to("victim")
    assert run("pull", "c", "--repo", server.url).code == 0
    assert Path("victim").read_text(encoding="utf-8") == "keep me"


def test_untar(server, run):
    assert run("pull", "c", "--repo", server.url, "--untar", "--untardir", "a/b").code == 0
    assert Path("a/b/c/templates/map.yaml").read_text(encoding="utf-8") == chartservers.MAP
    assert "already exists" in problem(
        run("pull", "c", "--repo", server.url, "--untar", "--untardir", "a/b")
    )


@pytest.mark.parametrize("name", ["../c", "a/b", "..", ".", '"a\\0b"'])
def test_untar_stays_inside(server, run, name):
    facts = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
    server.answers["/x.tgz"] = lambda handler: handler.answer(
        package("c", "1.0.0", {"Chart.yaml": facts})
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


# The reference

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
def test_same_as_the_reference(server, registry, run, arguments):
    given = [
        each.replace("URL", server.url).replace("OCI", f"oci://{registry.host}/charts")
        for each in arguments
    ]
    for verb in (["template"], ["pull", "-d", "PLACE"]):
        Path("theirs").mkdir(exist_ok=True)
        Path("ours").mkdir(exist_ok=True)
        theirs = reference(*[each.replace("PLACE", "theirs") for each in verb], *given)
        ours = run(*[each.replace("PLACE", "ours") for each in verb], *given)
        assert (ours.code, ours.output) == (theirs.code, theirs.output)
    assert contents("ours") == contents("theirs")


def contents(directory: str) -> dict[str, bytes]:
    """The files below a directory."""
    files = (path for path in Path(directory).rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_a_site_is_a_site(server: Site) -> None:
    """The log of requests is what these tests rest on."""
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import urllib.request as u; u.urlopen('{server.url}/c-1.0.0.tgz')",
        ],
        check=True,
    )
    assert server.asked() == ["/c-1.0.0.tgz"]
