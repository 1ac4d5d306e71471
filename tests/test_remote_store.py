"""A store for several tenants: what was fetched on behalf of one is never given to another."""

import os
import stat
import time
from pathlib import Path

import pytest

from kmanifest.io.remote.access import Access, Principal
from kmanifest.io.remote.oci import Artifact
from kmanifest.io.remote.store import Key, Store
from kmanifest.model.errors import FetchError
from tests import chart_servers
from tests.chart_servers import (
    LOGIN,
    package,
    serve_as_registry,
)
from tests.fetching import (
    NEEDS_GIT,
    build_text,
    chart_client,
)
from tests.servers import USER, git

pytestmark = pytest.mark.usefixtures("plain_home")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


def test_a_login_that_is_wrong_gets_nothing_from_the_store(private_server, store):
    url = f"{private_server.url}/c-1.0.0.tgz"
    client = chart_client(store)
    content = client.archive(url, Access(LOGIN))
    assert client.archive(url, Access(LOGIN)) == content
    assert len(private_server.requests) == 1
    for access in (Access((LOGIN[0], "WRONG")), Access()):
        with pytest.raises(FetchError, match="401"):
            client.archive(url, access)


def test_the_digest_of_a_private_chart_is_not_enough_to_get_it(private_server, server, store):
    content = package("c", "1.0.0")
    digest = chart_servers.digest(content)
    client = chart_client(store)
    assert client.archive(f"{private_server.url}/c-1.0.0.tgz", Access(LOGIN)) == content
    with pytest.raises(FetchError, match="404"):
        client.archive(f"{server.url}/gone.tgz", Access(), digest=digest)
    # A registry of one's own, whose manifest names the digest.
    manifest, blob = serve_as_registry(server, "c", "1.0.0")
    del server.answers[blob]
    assert digest in blob
    with pytest.raises(FetchError, match="404"):
        client.pull(Artifact(f"127.0.0.1:{server.port}", "c", "1.0.0"), Access())
    assert manifest in server.requests


def test_a_chart_of_a_private_registry_needs_the_login_each_time(server, store):
    manifest, blob = serve_as_registry(server, "c", "1.0.0")
    server.login = chart_servers.basic_authorization(LOGIN)
    artifact = Artifact(f"127.0.0.1:{server.port}", "c", "1.0.0")
    first = chart_client(store).pull(artifact, Access(LOGIN))
    server.take_requests()
    assert chart_client(store).pull(artifact, Access(LOGIN)) == first
    assert server.take_requests() == []
    for access in (Access(), Access((LOGIN[0], "WRONG"))):
        with pytest.raises(FetchError):
            chart_client(store).pull(artifact, access)
    assert {manifest} <= set(server.take_requests()) - {blob}


def test_tenants_share_nothing(server, store):
    url = f"{server.url}/c-1.0.0.tgz"
    digest = chart_servers.digest(package("c", "1.0.0"))
    for tenant in ("a", "b", "a", "b"):
        chart_client(store, tenant=tenant).archive(url, Access(), digest=digest)
    assert server.take_requests() == ["/c-1.0.0.tgz"] * 2


@NEEDS_GIT
def test_a_commit_id_is_not_enough_to_get_a_repository_of_another_tenant(
    web_server, store, tmp_path
):
    url = f"file://{tmp_path}/root/base.git?ref="
    commit = git(tmp_path / "root/base.git", "rev-parse", "main")
    common = {"store": store, "protocols": ("file",), "max_age": 60.0}
    assert "in-the-repository" in build_text(url + "main", tenant="a", **common)
    (tmp_path / "root/base.git").rename(tmp_path / "gone.git")
    assert "in-the-repository" in build_text(url + commit, tenant="a", **common)
    for ref in (commit, "main"):
        with pytest.raises(FetchError):
            build_text(url + ref, tenant="b", **common)


@NEEDS_GIT
def test_the_users_credentials_are_a_principal_of_their_own(web_server, store, plain_home):
    name, password = USER.split(":")
    host, _, _ = web_server.address.partition(":")
    (plain_home / ".netrc").write_text(f"machine {host} login {name} password {password}\n")
    (plain_home / ".netrc").chmod(0o600)
    url = f"http://{web_server.address}/private/base.git?ref=main"
    assert "in-the-repository" in build_text(url, store=store, user_credentials=True)
    with pytest.raises(FetchError):
        build_text(url, store=store)


def test_names_of_partitions_do_not_contain_what_they_are_made_of(store, tmp_path):
    one, two = Store(store), Store(str(tmp_path / "other"))
    assert one.is_usable()
    assert two.is_usable()
    principal = Principal("tenant", "host", ("alice", "guessed"))
    assert one.partition(principal)._root == Store(store).partition(principal)._root
    names = {os.path.basename(each.partition(principal)._root) for each in (one, two)}
    assert len(names) == 2  # so it can't be computed from a guessed password
    assert "guessed" not in repr(principal)


def test_keys_of_different_kinds_are_different():
    url = "https://host/x main"
    keys = [
        Key("file", url),
        Key("ref", url),
        Key("ref", "https://host/x", "main"),
        Key("repository", "https://host/x", "main"),
        Key("ref", "https://host/x main", ""),
    ]
    assert len({key.digest() for key in keys}) == 4
    assert "host" not in repr(keys)


def test_only_the_owner_can_read_a_partition(store, server):
    client = chart_client(store)
    client.archive(f"{server.url}/c-1.0.0.tgz", Access())
    paths = [path for path in Path(store).rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o700}


# The size of the store


def test_the_oldest_content_of_a_store_is_removed(store):
    opened = Store(store, 100_000)
    assert opened.is_usable()
    partition = opened.partition(Principal())
    other = Store(store).partition(Principal("other"))
    contents = [bytes([number]) * 30_000 for number in range(3)]
    digests = [partition.keep_content(content) for content in contents]
    directory = opened.begin_directory()
    Path(directory, "pack").write_bytes(bytes(30_000))
    key = Key("repository", "https://host/x")
    other.keep_directory(directory, key, "a" * 40)
    foreign = Path(store, "fetched-v2", "notes.txt")
    foreign.write_text("not of the store")
    now = time.time()
    for path in Path(store).rglob("*"):
        os.utime(path, (now - 5_000, now - 5_000))
    assert partition.content(digests[0]) == contents[0]  # it is used, so it stays
    opened.remove_if_too_large()
    kept = [partition.content(digest) for digest in digests]
    assert kept[0] == contents[0]
    assert other.directory(key, "a" * 40) is None or None in kept
    assert sum(path.stat().st_size for path in Path(store).rglob("*") if path.is_file()) < 100_000
    assert foreign.exists()
    assert not [path for path in Path(store, "fetched-v2").iterdir() if "begun-" in path.name]


def test_content_that_a_build_may_still_read_is_not_removed(store):
    opened = Store(store, 1)
    assert opened.is_usable()
    partition = opened.partition(Principal())
    digests = [partition.keep_content(bytes([number])) for number in range(5)]
    (Path(store) / "fetched-v2/measured").unlink()
    opened.remove_if_too_large()
    assert None not in [partition.content(digest) for digest in digests]
