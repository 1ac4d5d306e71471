"""Test remote bases and files with a real git server and a real web server on loopback."""

import errno
import os
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from urllib3 import HTTPResponse

from kmanifest import MemoryCache, MemoryTree, Options, build
from kmanifest.engines.builtin import default_registry
from kmanifest.io.remote.http import HttpClient
from kmanifest.io.tree import PrefixedTree
from kmanifest.model.errors import FetchError, KmanifestError, LimitError, SourceError
from kmanifest.pipeline.options import RemoteOptions
from kmanifest.pipeline.registry import Plugin
from tests import remotes
from tests.remotes import FixtureServer
from tests.servers import USER, git, git_missing, publish

pytestmark = pytest.mark.skipif(bool(git_missing()), reason=git_missing())

CASES = remotes.find_cases()
BUILT = [case for case in CASES if not case.error.exists()]
REFUSED = [case for case in CASES if case.error.exists()]
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"


@pytest.fixture(scope="module")
def fixtures():
    with remotes.serve_fixtures() as server:
        yield server


@pytest.fixture(autouse=True)
def isolated_home(monkeypatch, tmp_path):
    """Set a home without configuration, and no proxies."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("GIT_", "XDG_")):
            monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def options(store: str = "", **remote_options: Any) -> Options:
    fields: dict[str, Any] = {
        "protocols": ("https", "http", "ssh"),
        "hosts": ("*", "localhost"),
        "store": store,
        **remote_options,
    }
    return Options(allow_remote=True, remote=RemoteOptions(**fields))


def overlay(*entries: str) -> MemoryTree:
    listing = "".join(f"- {entry}\n" for entry in entries)
    return MemoryTree({"kustomization.yaml": f"resources:\n{listing}"})


def build_text(url: str, *, store: str = "", **remote_options: Any) -> str:
    return build(tree=overlay(url), options=options(store, **remote_options)).text()


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.name)
def test_same_bytes_as_the_peer(case, fixtures, store):
    text = build(str(fixtures.input_of(case)), options=options(store)).text()
    assert fixtures.without_address(text) == case.expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.name)
def test_same_bytes_if_each_directory_is_listed_alone(case, fixtures, store, monkeypatch):
    monkeypatch.setattr("kmanifest.io.remote.git._MAX_WHOLE_LISTING", 10)
    text = build(str(fixtures.input_of(case)), options=options(store)).text()
    assert fixtures.without_address(text) == case.expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_in_one_line(case, fixtures, store):
    with pytest.raises(KmanifestError) as caught:
        build(str(fixtures.input_of(case)), options=options(store))
    assert "\n" not in str(caught.value)
    for part in case.error.read_text(encoding="utf-8").splitlines():
        assert part in str(caught.value)


def test_the_argument_may_be_a_repository(fixtures: FixtureServer, store):
    url = f"http://{fixtures.server.address}/base.git//overlay?ref=main"
    assert build(url, options=options(store)).text() == build_text(url, store=store)


# Requests


def take_requests(fixtures: FixtureServer) -> list[str]:
    requests = list(fixtures.server.requests)
    fixtures.server.requests.clear()
    return requests


def test_each_url_is_fetched_once_and_the_next_build_sends_no_request(fixtures, store):
    server = f"http://{fixtures.server.address}"
    entries = [f"{server}/base.git//overlay?ref=main", f"{server}/files/map.yaml"]
    entries.append(f"{server}/super.git?ref=main")
    take_requests(fixtures)
    text = build(tree=overlay(*entries), options=options(store)).text()
    requests = take_requests(fixtures)
    fetched = [path for path in requests if path.endswith("git-upload-pack")]
    repositories = {path.split("/")[1] for path in fetched}
    assert repositories == {"base.git", "super.git"}
    assert requests.count("/files/map.yaml") == 1
    assert build(tree=overlay(*entries), options=options(store)).text() == text
    assert take_requests(fixtures) == []


def test_one_repository_named_twice_is_fetched_once(fixtures, store):
    server = f"http://{fixtures.server.address}"
    tree = MemoryTree(
        {
            "kustomization.yaml": "resources: [one, two]",
            "one/kustomization.yaml": f"namePrefix: a-\nresources: ['{server}/base.git//app?ref=main']",
            "two/kustomization.yaml": f"namePrefix: b-\nresources: ['{server}/base.git//app?ref=main']",
        }
    )
    take_requests(fixtures)
    build(tree=tree, options=options(store))
    requests = take_requests(fixtures)
    build(tree=overlay(f"{server}/base.git//app?ref=main"), options=options(store, max_age=0.0))
    assert len(take_requests(fixtures)) == len(requests)


def test_a_moved_branch_is_fetched_again_and_a_commit_is_not(fixtures, store, tmp_path):
    bare = fixtures.directory / "root/moving.git"
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: [map.yaml]")
    (source / "map.yaml").write_text(MAP % "old")
    commit = publish(source, bare)
    url = f"http://{fixtures.server.address}/moving.git?ref="
    assert "name: old" in build_text(url + commit, store=store)
    assert "name: old" in build_text(url + "main", store=store)
    (source / "map.yaml").write_text(MAP % "new")
    publish(source, bare)
    take_requests(fixtures)
    assert "name: old" in build_text(url + "main", store=store, max_age=60.0)
    assert "name: old" in build_text(url + commit, store=store, max_age=0.0)
    assert take_requests(fixtures) == []
    assert "name: new" in build_text(url + "main", store=store, max_age=0.0)


def test_results_from_a_branch_are_not_reused_from_a_cache(fixtures, store, tmp_path):
    bare = fixtures.directory / "root/cached.git"
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: [map.yaml]")
    (source / "map.yaml").write_text(MAP % "old")
    publish(source, bare)
    tree = MemoryTree(
        {
            "top/kustomization.yaml": "resources: [../base]",
            "base/kustomization.yaml": f"resources: ['http://{fixtures.server.address}/cached.git']",
        }
    )
    cache, fresh = MemoryCache(), options(store, max_age=0.0)
    assert "name: old" in build("top", tree=tree, options=fresh, cache=cache).text()
    (source / "map.yaml").write_text(MAP % "new")
    publish(source, bare)
    assert "name: new" in build("top", tree=tree, options=fresh, cache=cache).text()


def test_offline_uses_the_store_and_sends_no_request(fixtures, store):
    url = f"http://{fixtures.server.address}/base.git//app?ref=main"
    text = build_text(url, store=store)
    take_requests(fixtures)
    assert build_text(url, store=store, offline=True, max_age=0.0) == text
    for other in (url.replace("main", "HEAD"), f"http://{fixtures.server.address}/files/map.yaml"):
        with pytest.raises(FetchError, match="not in the store"):
            build_text(other, store=store, offline=True)
    assert take_requests(fixtures) == []


# Permissions


def test_the_library_fetches_nothing_by_default(fixtures):
    take_requests(fixtures)
    for entry in ("base.git//app?ref=main", "files/map.yaml"):
        with pytest.raises(SourceError, match="allow_remote"):
            build(tree=overlay(f"http://{fixtures.server.address}/{entry}"))
    assert take_requests(fixtures) == []


def test_protocols_that_are_not_allowed_are_refused(fixtures):
    take_requests(fixtures)
    for entry in (
        f"http://{fixtures.server.address}/base.git",
        f"http://{fixtures.server.address}/files/map.yaml",
        f"file://{fixtures.directory}/root/base.git",
    ):
        with pytest.raises(SourceError, match="is not among those allowed"):
            build(tree=overlay(entry), options=Options(allow_remote=True))
    assert take_requests(fixtures) == []


def test_a_local_repository_may_be_used_by_local_kustomizations_only(fixtures, store, tmp_path):
    local = f"file://{fixtures.directory}/root/base.git"
    allowed = ("http", "file")
    assert "base-web" in build_text(f"{local}//app?ref=main", store=store, protocols=allowed)
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text(f"resources: ['{local}//app']")
    publish(source, fixtures.directory / "root/spy.git")
    url = f"http://{fixtures.server.address}/spy.git"
    with pytest.raises(SourceError, match="security"):
        build_text(url, store=store, protocols=allowed)
    with pytest.raises(SourceError, match="security"):
        build(url, options=options(store, protocols=allowed))


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=touch%20x/org/repo",
        "ssh://git@-oProxyCommand=x/org/repo",
        "git@-host:org/repo",
        "git@host:-org/repo",
        "https://host/org/repo?ref=--upload-pack=x",
        "https://host/org/repo?ref=a%0Ab",
        "https://host/org/repo?ref=a:b",
        "https://host/org/repo?ref=%2Bmain*",
    ],
)
def test_urls_that_look_like_options_are_refused(url, store):
    with pytest.raises(SourceError):
        build_text(url, store=store)


def test_a_link_out_of_a_repository_is_refused(fixtures, store, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    secret = tmp_path / "secret.yaml"
    secret.write_text(MAP % "secret")
    (source / "kustomization.yaml").write_text("resources: [link.yaml, up.yaml]")
    (source / "link.yaml").symlink_to(secret)
    (source / "up.yaml").symlink_to("../../../secret.yaml")
    publish(source, fixtures.directory / "root/links.git")
    with pytest.raises(SourceError, match="leads out"):
        build_text(f"http://{fixtures.server.address}/links.git", store=store)


@pytest.mark.parametrize("address", ["ext::sh -c 'touch x'", "--upload-pack=x"])
def test_an_unused_submodule_that_names_a_program_is_refused(address, fixtures, store):
    bare = fixtures.directory / f"root/evil{len(address)}.git"
    work = bare.with_suffix(".work")
    commit = publish(fixtures.directory / "root/sources/base", bare)
    (work / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = s\n\turl = "{address}"\n')
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    git(work, "add", ".gitmodules")
    git(work, "commit", "--quiet", "--message", "a part")
    git(work, "push", "--quiet", "--force", str(bare), "HEAD:main")
    url = f"http://{fixtures.server.address}/{bare.name}//app"
    with pytest.raises(SourceError, match="submodule 's'"):
        build_text(url, store=store, max_age=0.0)
    assert "base-web" in build_text(f"{url}?submodules=false", store=store)


# Logins


def test_a_login_in_the_url(fixtures, store):
    server = f"{USER}@{fixtures.server.address}"
    build_text(f"http://{server}/private/base.git//app?ref=main", store=store)
    assert "from-a-file" in build_text(f"http://{server}/private/files/map.yaml", store=store)
    for url in (
        f"http://{fixtures.server.address}/private/base.git//app?ref=main",
        f"http://alice:other-word@{fixtures.server.address}/private/base.git//app?ref=main",
        f"http://alice:other-word@{fixtures.server.address}/private/files/map.yaml",
    ):
        with pytest.raises(FetchError) as caught:
            build_text(url, store=store)
        assert "other-word" not in str(caught.value)


def test_only_logins_are_read_from_the_users_git_configuration(fixtures, store, tmp_path):
    name, password = USER.split(":")
    helper = f"!f() {{ echo username={name}; echo password={password}; }}; f"
    witness = tmp_path / "witness"
    config = f'[credential]\n\thelper = "{helper}"\n[core]\n\tsshCommand = touch {witness}\n'
    config += f"[uploadpack]\n\tpackObjectsHook = touch {witness}\n[http]\n\tproxy = http://none.example:1\n"
    config += f'[url "http://{fixtures.server.address}/"]\n\tinsteadOf = https://short.example/\n'
    (tmp_path / "home/.gitconfig").write_text(config)
    url = f"http://{fixtures.server.address}/private/base.git//app?ref=main"
    assert "base-web" in build_text(url, store=store, user_credentials=True)
    short = "https://short.example/base.git//app?ref=main"
    assert "base-web" in build_text(short, store=store, user_credentials=True)
    assert not witness.exists()


def test_a_url_in_scp_form_uses_the_users_ssh_command(fixtures, store, tmp_path, monkeypatch):
    script = tmp_path / "ssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(script))
    url = f"git@host.example:{fixtures.directory}/root/base.git//app?ref=main"
    assert "base-web" in build_text(url, store=store, user_credentials=True)


class Body(BytesIO):
    """A body that is empty at its end, but not closed, like those of http.client."""

    def close(self):
        pass


class FakeServers:
    """Replaces the servers: sends a redirection to another server, then a file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[tuple[str, bool, bool]] = []
        monkeypatch.setattr("kmanifest.io.remote.http._DeadlineGuard.send", self.send)

    def send(self, url, headers, _body, *, is_other_server):
        self.requests.append((url.host, "authorization" in headers, is_other_server))
        if url.host == "one.example":
            redirect = {"Location": "https://alice:word@two.example/map.yaml"}
            return HTTPResponse(BytesIO(), status=302, headers=redirect, preload_content=False)
        return HTTPResponse(Body((MAP % "moved").encode()), status=200, preload_content=False)


def test_a_login_is_sent_to_no_other_host(store, monkeypatch):
    servers = FakeServers(monkeypatch)
    assert "name: moved" in build_text(f"https://{USER}@one.example/map.yaml", store=store)
    assert servers.requests == [("one.example", True, False), ("two.example", False, True)]


def test_a_response_of_another_server_is_marked(monkeypatch):
    """A registry's client must know which server requests a login."""
    FakeServers(monkeypatch)
    client = HttpClient(protocols=("https",), timeout=5.0, max_size=1000)
    assert client.request("https://one.example/x").is_redirected
    assert not client.request("https://two.example/x").is_redirected


# Hostile servers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("stall", LimitError),
        ("trickle", LimitError),
        ("trickle_header", LimitError),
        ("trickle_chunk", LimitError),
        ("truncated", FetchError),
        ("endless", LimitError),
        ("bomb", LimitError),
        ("loop", FetchError),
        ("elsewhere", FetchError),
        ("to_file", FetchError),
        ("garbage", FetchError),
        ("headers", FetchError),
    ],
)
def test_hostile_files_end_in_one_line(answer, error, fixtures, store):
    url = f"http://{USER}@{fixtures.server.address}/hostile/{answer}"
    began = time.monotonic()
    with pytest.raises(error) as caught:
        build_text(url, store=store, timeout=1.0)
    assert time.monotonic() - began < 10
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(FetchError):  # the store has nothing of it
        build_text(url, store=store, offline=True)


@pytest.mark.parametrize(
    "answer",
    ["stall", "trickle", "trickle_header", "truncated", "endless", "bomb", "loop", "garbage"],
)
def test_hostile_repositories_end_in_one_line(answer, fixtures, store):
    url = f"http://{fixtures.server.address}/hostile/{answer}/base.git//app?ref=main"
    began = time.monotonic()
    with pytest.raises((FetchError, LimitError)) as caught:
        build_text(url, store=store, timeout=1.0)
    assert time.monotonic() - began < 15
    assert "\n" not in str(caught.value)
    assert not [name for name in os.listdir(store) if name.startswith("begun-")]


def test_a_repository_that_is_too_large(fixtures, store, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: []")
    (source / "noise").write_bytes(os.urandom(3 << 20))
    publish(source, fixtures.directory / "root/large.git")
    url = f"http://{fixtures.server.address}/large.git"
    with pytest.raises(LimitError, match="bytes were written"):
        build_text(url, store=store, max_size=1 << 20)
    assert build_text(url, store=store, max_size=16 << 20) == ""


# The store


def test_damaged_content_is_fetched_again(fixtures, store):
    url = f"http://{fixtures.server.address}/files/map.yaml"
    text = build_text(url, store=store)
    for path in Path(store).rglob("contents/*"):
        path.write_bytes(b"not what it was")
    assert build_text(url, store=store) == text


def test_a_store_without_room_keeps_nothing(fixtures, store, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kmanifest.io.remote.store.os.replace", full)
    assert "from-a-file" in build_text(
        f"http://{fixtures.server.address}/files/map.yaml", store=store
    )
    assert [path for path in Path(store).rglob("*") if path.is_file()] == []
    monkeypatch.setattr("kmanifest.io.remote.store.os.rename", full)
    with pytest.raises(FetchError, match="No space left"):
        build_text(f"http://{fixtures.server.address}/base.git//app", store=store)


def test_only_the_owner_can_read_the_store(fixtures, store):
    build_text(f"http://{fixtures.server.address}/files/map.yaml", store=store)
    modes = {path: path.stat().st_mode & 0o077 for path in [Path(store), *Path(store).rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0}


def test_a_store_that_others_can_write_is_not_used(fixtures, store):
    Path(store).mkdir()
    Path(store).chmod(0o777)
    assert "from-a-file" in build_text(
        f"http://{fixtures.server.address}/files/map.yaml", store=store
    )
    assert os.listdir(store) == []


def test_without_a_store_nothing_is_left(fixtures, monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert "base-web" in build_text(f"http://{fixtures.server.address}/base.git//app")
    with pytest.raises(KmanifestError):
        build_text(f"http://{fixtures.server.address}/base.git//none")
    assert os.listdir(tmp_path / "temporary") == []


def test_the_command_fetches_and_fills_the_store(fixtures, tmp_path):
    url = f"http://{fixtures.server.address}/base.git//app?ref=main"
    command = [sys.executable, "-m", "kmanifest", "build"]
    flags = ["--allow-protocol", "http", "--cache-dir", str(tmp_path / "kept")]
    first = subprocess.run([*command, *flags, url], capture_output=True, check=False)
    assert (first.returncode, first.stderr) == (0, b"")
    take_requests(fixtures)
    again = subprocess.run([*command, *flags, url, "--offline"], capture_output=True, check=False)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert take_requests(fixtures) == []
    refused = subprocess.run([*command, url], capture_output=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.count(b"\n") == 1
    assert b"--allow-protocol" in refused.stderr


def test_create_takes_the_url_of_a_repository_that_is_there(fixtures, tmp_path):
    server = f"http://{fixtures.server.address}"
    command = [sys.executable, "-m", "kmanifest", "create", "--allow-protocol=http"]
    (tmp_path / "made").mkdir()
    for name, code in (("base.git?ref=none", 1), ("base.git//app?ref=main", 0)):
        url = f"{server}/{name}"
        result = subprocess.run(
            [*command, "--resources", url],
            cwd=tmp_path / "made",
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == code
        assert result.stderr.count("\n") == code
    text = (tmp_path / "made/kustomization.yaml").read_text()
    assert text.endswith(f"resources:\n- {url}\n")


# Replacements for the network


def test_a_caller_may_pass_a_remote():
    class Mirror:
        def file(self, url):
            return url

        def repository(self, repository):
            return repository.name

        def tree_of(self, path):
            files = {
                "x/kustomization.yaml": "resources: [map.yaml]",
                "x/map.yaml": MAP % "mirrored",
            }
            name = "https://host.example/org/repo@v1"
            return PrefixedTree(MemoryTree(files), name) if path.startswith(name) else None

    rendered = build(tree=overlay("https://host.example/org/repo//x?ref=v1"), remote=Mirror())
    assert "name: mirrored" in rendered.text()


def test_a_plug_in_fetches_urls_with_its_scheme():
    def fetch(ctx, url):
        assert url == "bucket://shelf/app"
        return MemoryTree({"kustomization.yaml": "resources: [map.yaml]", "map.yaml": MAP % "kept"})

    registry = default_registry().with_plugins([Plugin("fetcher", "bucket", fetch)])
    tree = overlay("bucket://shelf/app")
    rendered = build(tree=tree, registry=registry, options=options())
    assert "name: kept" in rendered.text()
    with pytest.raises(KmanifestError):
        build(tree=tree, options=options())
