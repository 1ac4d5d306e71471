"""Remote bases and files, from a real git server and a real web server on loopback."""

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
from kmanifest.io.tree import PrefixedTree
from kmanifest.model.errors import FetchError, KmanifestError, LimitError, SourceError
from kmanifest.pipeline.options import RemoteOptions
from kmanifest.pipeline.registry import Plugin
from tests import remotes
from tests.remotes import World
from tests.servers import USER, git, git_missing, publish

pytestmark = pytest.mark.skipif(bool(git_missing()), reason=git_missing())

CASES = remotes.find_cases()
BUILT = [case for case in CASES if not case.error.exists()]
REFUSED = [case for case in CASES if case.error.exists()]
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"


@pytest.fixture(scope="module")
def world():
    with remotes.world() as here:
        yield here


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """A home without configuration, and no proxies."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("GIT_", "XDG_")):
            monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def options(store: str = "", **remotes_: Any) -> Options:
    given: dict[str, Any] = {"protocols": ("https", "http", "ssh"), "store": store, **remotes_}
    return Options(allow_remote=True, remote=RemoteOptions(**given))


def overlay(*entries: str) -> MemoryTree:
    listed = "".join(f"- {entry}\n" for entry in entries)
    return MemoryTree({"kustomization.yaml": f"resources:\n{listed}"})


def text_of(url: str, *, store: str = "", **remotes_: Any) -> str:
    return build(tree=overlay(url), options=options(store, **remotes_)).text()


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.name)
def test_same_bytes_as_the_peer(case, world, store):
    text = build(str(world.input_of(case)), options=options(store)).text()
    assert world.general(text) == case.expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_in_one_line(case, world, store):
    with pytest.raises(KmanifestError) as caught:
        build(str(world.input_of(case)), options=options(store))
    assert "\n" not in str(caught.value)
    for part in case.error.read_text(encoding="utf-8").splitlines():
        assert part in str(caught.value)


def test_the_argument_may_be_a_repository(world: World, store):
    url = f"http://{world.server.address}/base.git//overlay?ref=main"
    assert build(url, options=options(store)).text() == text_of(url, store=store)


# What is asked for, and when


def asked(world: World) -> list[str]:
    found = list(world.server.requests)
    world.server.requests.clear()
    return found


def test_each_thing_is_fetched_once_and_the_next_build_asks_nobody(world, store):
    server = f"http://{world.server.address}"
    entries = [f"{server}/base.git//overlay?ref=main", f"{server}/files/map.yaml"]
    entries.append(f"{server}/super.git?ref=main")
    asked(world)
    text = build(tree=overlay(*entries), options=options(store)).text()
    requests = asked(world)
    fetched = [path for path in requests if path.endswith("git-upload-pack")]
    repositories = {path.split("/")[1] for path in fetched}
    assert repositories == {"base.git", "super.git"}
    assert requests.count("/files/map.yaml") == 1
    assert build(tree=overlay(*entries), options=options(store)).text() == text
    assert asked(world) == []


def test_one_repository_named_twice_is_fetched_once(world, store):
    server = f"http://{world.server.address}"
    tree = MemoryTree(
        {
            "kustomization.yaml": "resources: [one, two]",
            "one/kustomization.yaml": f"namePrefix: a-\nresources: ['{server}/base.git//app?ref=main']",
            "two/kustomization.yaml": f"namePrefix: b-\nresources: ['{server}/base.git//app?ref=main']",
        }
    )
    asked(world)
    build(tree=tree, options=options(store))
    twice = asked(world)
    build(tree=overlay(f"{server}/base.git//app?ref=main"), options=options(store, max_age=0.0))
    assert len(asked(world)) == len(twice)


def test_a_moved_branch_is_seen_again_and_a_commit_is_not_asked_for(world, store, tmp_path):
    bare = world.directory / "root/moving.git"
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: [map.yaml]")
    (source / "map.yaml").write_text(MAP % "old")
    commit = publish(source, bare)
    url = f"http://{world.server.address}/moving.git?ref="
    assert "name: old" in text_of(url + commit, store=store)
    assert "name: old" in text_of(url + "main", store=store)
    (source / "map.yaml").write_text(MAP % "new")
    publish(source, bare)
    asked(world)
    assert "name: old" in text_of(url + "main", store=store, max_age=60.0)
    assert "name: old" in text_of(url + commit, store=store, max_age=0.0)
    assert asked(world) == []
    assert "name: new" in text_of(url + "main", store=store, max_age=0.0)


def test_what_was_fetched_serves_no_other_build_from_a_cache(world, store, tmp_path):
    bare = world.directory / "root/cached.git"
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: [map.yaml]")
    (source / "map.yaml").write_text(MAP % "old")
    publish(source, bare)
    tree = MemoryTree(
        {
            "top/kustomization.yaml": "resources: [../base]",
            "base/kustomization.yaml": f"resources: ['http://{world.server.address}/cached.git']",
        }
    )
    cache, fresh = MemoryCache(), options(store, max_age=0.0)
    assert "name: old" in build("top", tree=tree, options=fresh, cache=cache).text()
    (source / "map.yaml").write_text(MAP % "new")
    publish(source, bare)
    assert "name: new" in build("top", tree=tree, options=fresh, cache=cache).text()


def test_offline_takes_what_is_there_and_asks_nobody(world, store):
    url = f"http://{world.server.address}/base.git//app?ref=main"
    text = text_of(url, store=store)
    asked(world)
    assert text_of(url, store=store, offline=True, max_age=0.0) == text
    for other in (url.replace("main", "HEAD"), f"http://{world.server.address}/files/map.yaml"):
        with pytest.raises(FetchError, match="not in the store"):
            text_of(other, store=store, offline=True)
    assert asked(world) == []


# What is allowed


def test_the_library_fetches_nothing_unless_it_is_told(world):
    asked(world)
    for entry in ("base.git//app?ref=main", "files/map.yaml"):
        with pytest.raises(SourceError, match="allow_remote"):
            build(tree=overlay(f"http://{world.server.address}/{entry}"))
    assert asked(world) == []


def test_protocols_that_are_not_allowed_are_refused(world):
    asked(world)
    for entry in (
        f"http://{world.server.address}/base.git",
        f"http://{world.server.address}/files/map.yaml",
        f"file://{world.directory}/root/base.git",
    ):
        with pytest.raises(SourceError, match="is not among those allowed"):
            build(tree=overlay(entry), options=Options(allow_remote=True))
    assert asked(world) == []


def test_a_repository_of_this_machine_is_for_its_own_kustomizations(world, store, tmp_path):
    local = f"file://{world.directory}/root/base.git"
    allowed = ("http", "file")
    assert "base-web" in text_of(f"{local}//app?ref=main", store=store, protocols=allowed)
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text(f"resources: ['{local}//app']")
    publish(source, world.directory / "root/spy.git")
    url = f"http://{world.server.address}/spy.git"
    with pytest.raises(SourceError, match="security"):
        text_of(url, store=store, protocols=allowed)
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
def test_what_could_be_an_option_is_refused(url, store):
    with pytest.raises(SourceError):
        text_of(url, store=store)


def test_a_link_that_leads_out_of_a_repository_leads_nowhere(world, store, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    secret = tmp_path / "secret.yaml"
    secret.write_text(MAP % "secret")
    (source / "kustomization.yaml").write_text("resources: [link.yaml, up.yaml]")
    (source / "link.yaml").symlink_to(secret)
    (source / "up.yaml").symlink_to("../../../secret.yaml")
    publish(source, world.directory / "root/links.git")
    with pytest.raises(SourceError, match="leads out"):
        text_of(f"http://{world.server.address}/links.git", store=store)


@pytest.mark.parametrize("address", ["ext::sh -c 'touch x'", "--upload-pack=x"])
def test_a_submodule_that_names_a_program_is_refused_though_nobody_wants_it(address, world, store):
    bare = world.directory / f"root/evil{len(address)}.git"
    work = bare.with_suffix(".work")
    commit = publish(world.directory / "root/sources/base", bare)
    (work / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = s\n\turl = "{address}"\n')
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    git(work, "add", ".gitmodules")
    git(work, "commit", "--quiet", "--message", "a part")
    git(work, "push", "--quiet", "--force", str(bare), "HEAD:main")
    url = f"http://{world.server.address}/{bare.name}//app"
    with pytest.raises(SourceError, match="submodule 's'"):
        text_of(url, store=store, max_age=0.0)
    assert "base-web" in text_of(f"{url}?submodules=false", store=store)


# Logins


def test_a_login_in_the_url(world, store):
    server = f"{USER}@{world.server.address}"
    text_of(f"http://{server}/private/base.git//app?ref=main", store=store)
    assert "from-a-file" in text_of(f"http://{server}/private/files/map.yaml", store=store)
    for url in (
        f"http://{world.server.address}/private/base.git//app?ref=main",
        f"http://alice:other-word@{world.server.address}/private/base.git//app?ref=main",
        f"http://alice:other-word@{world.server.address}/private/files/map.yaml",
    ):
        with pytest.raises(FetchError) as caught:
            text_of(url, store=store)
        assert "other-word" not in str(caught.value)


def test_a_login_of_the_users_configuration_and_nothing_else_of_it(world, store, tmp_path):
    name, word = USER.split(":")
    helper = f"!f() {{ echo username={name}; echo password={word}; }}; f"
    witness = tmp_path / "witness"
    config = f'[credential]\n\thelper = "{helper}"\n[core]\n\tsshCommand = touch {witness}\n'
    config += f"[uploadpack]\n\tpackObjectsHook = touch {witness}\n[http]\n\tproxy = http://none.example:1\n"
    config += f'[url "http://{world.server.address}/"]\n\tinsteadOf = https://short.example/\n'
    (tmp_path / "home/.gitconfig").write_text(config)
    assert "base-web" in text_of(
        f"http://{world.server.address}/private/base.git//app?ref=main", store=store
    )
    assert "base-web" in text_of("https://short.example/base.git//app?ref=main", store=store)
    assert not witness.exists()


def test_an_address_like_scps_goes_through_the_users_ssh(world, store, tmp_path, monkeypatch):
    script = tmp_path / "ssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(script))
    url = f"git@host.example:{world.directory}/root/base.git//app?ref=main"
    assert "base-web" in text_of(url, store=store)


class Body(BytesIO):
    """As http.client's answers are: at its end it is empty, not closed."""

    def close(self):
        pass


class Scripted:
    """Answers in the place of servers: a redirection to another one, then a file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, bool, bool]] = []
        monkeypatch.setattr("kmanifest.io.remote.http._Watch.ask", self.ask)

    def ask(self, asked, headers, _body, *, is_elsewhere):
        self.asked.append((asked.host, "authorization" in headers, is_elsewhere))
        if asked.host == "one.example":
            moved = {"Location": "https://alice:word@two.example/map.yaml"}
            return HTTPResponse(BytesIO(), status=302, headers=moved, preload_content=False)
        return HTTPResponse(Body((MAP % "moved").encode()), status=200, preload_content=False)


def test_a_login_is_sent_to_no_other_host(store, monkeypatch):
    script = Scripted(monkeypatch)
    assert "name: moved" in text_of(f"https://{USER}@one.example/map.yaml", store=store)
    assert script.asked == [("one.example", True, False), ("two.example", False, True)]


# Hostile servers


@pytest.mark.parametrize(
    ("what", "error"),
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
def test_hostile_files_end_in_one_line(what, error, world, store):
    url = f"http://{USER}@{world.server.address}/hostile/{what}"
    began = time.monotonic()
    with pytest.raises(error) as caught:
        text_of(url, store=store, timeout=1.0)
    assert time.monotonic() - began < 10
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(FetchError):  # and nothing of it was kept
        text_of(url, store=store, offline=True)


@pytest.mark.parametrize(
    "what",
    ["stall", "trickle", "trickle_header", "truncated", "endless", "bomb", "loop", "garbage"],
)
def test_hostile_repositories_end_in_one_line(what, world, store):
    url = f"http://{world.server.address}/hostile/{what}/base.git//app?ref=main"
    began = time.monotonic()
    with pytest.raises((FetchError, LimitError)) as caught:
        text_of(url, store=store, timeout=1.0)
    assert time.monotonic() - began < 15
    assert "\n" not in str(caught.value)
    assert not [name for name in os.listdir(store) if name.startswith("begun-")]


def test_a_repository_that_is_too_large(world, store, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: []")
    (source / "noise").write_bytes(os.urandom(3 << 20))
    publish(source, world.directory / "root/large.git")
    url = f"http://{world.server.address}/large.git"
    with pytest.raises(LimitError, match="bytes were written"):
        text_of(url, store=store, max_size=1 << 20)
    assert text_of(url, store=store, max_size=16 << 20) == ""


# What is kept


def test_a_spoiled_content_is_fetched_again(world, store):
    url = f"http://{world.server.address}/files/map.yaml"
    text = text_of(url, store=store)
    for path in (Path(store) / "contents").iterdir():
        path.write_bytes(b"not what it was")
    assert text_of(url, store=store) == text


def test_a_store_without_room_keeps_nothing(world, store, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kmanifest.io.remote.store.os.replace", full)
    assert "from-a-file" in text_of(f"http://{world.server.address}/files/map.yaml", store=store)
    assert [path for path in Path(store).rglob("*") if path.is_file()] == []
    monkeypatch.setattr("kmanifest.io.remote.store.os.rename", full)
    with pytest.raises(FetchError, match="No space left"):
        text_of(f"http://{world.server.address}/base.git//app", store=store)


def test_the_store_is_for_its_owner_alone(world, store):
    text_of(f"http://{world.server.address}/files/map.yaml", store=store)
    modes = {path: path.stat().st_mode & 0o077 for path in [Path(store), *Path(store).rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0}


def test_a_store_that_others_can_write_is_not_used(world, store):
    Path(store).mkdir()
    Path(store).chmod(0o777)
    assert "from-a-file" in text_of(f"http://{world.server.address}/files/map.yaml", store=store)
    assert os.listdir(store) == []


def test_without_a_store_nothing_is_left(world, monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert "base-web" in text_of(f"http://{world.server.address}/base.git//app")
    with pytest.raises(KmanifestError):
        text_of(f"http://{world.server.address}/base.git//none")
    assert os.listdir(tmp_path / "temporary") == []


def test_the_command_fetches_and_keeps(world, tmp_path):
    url = f"http://{world.server.address}/base.git//app?ref=main"
    command = [sys.executable, "-m", "kmanifest", "build"]
    flags = ["--allow-protocol", "http", "--cache-dir", str(tmp_path / "kept")]
    first = subprocess.run([*command, *flags, url], capture_output=True, check=False)
    assert (first.returncode, first.stderr) == (0, b"")
    asked(world)
    again = subprocess.run([*command, *flags, url, "--offline"], capture_output=True, check=False)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert asked(world) == []
    refused = subprocess.run([*command, url], capture_output=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.count(b"\n") == 1
    assert b"--allow-protocol" in refused.stderr


def test_create_takes_the_url_of_a_repository_that_is_there(world, tmp_path):
    server = f"http://{world.server.address}"
    command = [sys.executable, "-m", "kmanifest", "create", "--allow-protocol=http"]
    (tmp_path / "made").mkdir()
    for name, code in (("base.git?ref=none", 1), ("base.git//app?ref=main", 0)):
        url = f"{server}/{name}"
        done = subprocess.run(
            [*command, "--resources", url],
            cwd=tmp_path / "made",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        assert done.stderr.count("\n") == code
    text = (tmp_path / "made/kustomization.yaml").read_text()
    assert text.endswith(f"resources:\n- {url}\n")


# What stands for the network


def test_a_caller_may_bring_what_fetches():
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


def test_a_plug_in_fetches_what_has_its_scheme():
    def fetch(ctx, url):
        assert url == "bucket://shelf/app"
        return MemoryTree({"kustomization.yaml": "resources: [map.yaml]", "map.yaml": MAP % "kept"})

    registry = default_registry().with_plugins([Plugin("fetcher", "bucket", fetch)])
    tree = overlay("bucket://shelf/app")
    rendered = build(tree=tree, registry=registry, options=options())
    assert "name: kept" in rendered.text()
    with pytest.raises(KmanifestError):
        build(tree=tree, options=options())
