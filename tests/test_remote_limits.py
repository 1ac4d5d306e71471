"""Downloads are bounded: by the deadline of the build, by protocols, by sizes, and by what is decoded and listed."""

import gzip
import os
import subprocess
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from kmanifest import Limits
from kmanifest.engines.helm.sources.find import ChartQuery, Finder
from kmanifest.engines.helm.sources.index import load_index
from kmanifest.engines.helm.sources.servers import RemoteFetcher
from kmanifest.io.remote import git as git_module
from kmanifest.io.remote.access import Access
from kmanifest.io.remote.hosts import HostPolicy
from kmanifest.io.remote.http import HttpClient
from kmanifest.model.errors import FetchError, LimitError, SourceError
from tests import chart_servers
from tests.chart_servers import (
    Handler,
    index,
    package,
    serve_as_registry,
)
from tests.fetching import (
    MAP,
    NEEDS_GIT,
    build_chart,
    build_text,
    chart_client,
    git_with_input,
)
from tests.servers import git, publish

pytestmark = pytest.mark.usefixtures("plain_home")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


def slow(seconds: float) -> chart_servers.AnswerFunction:
    def answer(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer(b"{}")

    return answer


def test_the_deadline_counts_for_an_index(server):
    server.answers["/index.yaml"] = slow(5.0)
    began = time.monotonic()
    with pytest.raises(LimitError, match="deadline"):
        build_chart(server.url, limits=Limits(deadline=0.5))
    assert time.monotonic() - began < 2.0


def test_the_deadline_counts_for_all_pages_of_tags(server):
    def next_page(handler: Handler) -> None:
        time.sleep(0.3)
        link = ("Link", '</v2/c/tags/list?last=x>; rel="next"')
        handler.answer(b'{"tags": ["1.0.0"]}', 200, link)

    server.answers["/v2/c/tags/list"] = next_page
    began = time.monotonic()
    with pytest.raises(LimitError, match="deadline"):
        build_chart(
            f"oci://127.0.0.1:{server.port}",
            version=">1",
            protocols=("oci", "http"),
            limits=Limits(deadline=1.0),
        )
    assert time.monotonic() - began < 4.0
    assert len(server.requests) < 8


@NEEDS_GIT
@pytest.mark.parametrize("path", ["hostile/stall", "hostile/trickle/base.git?ref=main"])
def test_the_deadline_counts_for_files_and_repositories(web_server, path):
    began = time.monotonic()
    with pytest.raises(LimitError, match="deadline"):
        build_text(f"http://{web_server.address}/{path}", limits=Limits(deadline=0.7))
    assert time.monotonic() - began < 5.0


def test_connecting_to_many_addresses_takes_no_longer_than_the_request(monkeypatch):
    def never(*_: object, **__: object) -> None:
        time.sleep(0.3)
        raise TimeoutError

    addresses = [f"192.0.2.{number}" for number in range(50)]
    monkeypatch.setattr("kmanifest.io.remote.hosts.resolve", lambda *_: addresses)
    monkeypatch.setattr("urllib3.util.connection.create_connection", never)
    client = HttpClient(
        protocols=("http",), timeout=0.7, max_size=100, hosts=HostPolicy(("host.example",))
    )
    began = time.monotonic()
    with pytest.raises(LimitError, match=r"longer than 0\.7 seconds"):
        client.get("http://host.example/x")
    assert time.monotonic() - began < 3.0


def test_an_index_names_no_chart_with_another_protocol(server, store):
    client = chart_client(store, protocols=("https", "oci"))
    with pytest.raises(SourceError, match="http is not among those allowed"):
        client.archive(f"{server.url}/c-1.0.0.tgz", Access())
    with pytest.raises(SourceError, match="http is not among those allowed"):
        client.index(f"{server.url}/index.yaml", Access())
    assert server.requests == []


@pytest.mark.parametrize("protocols", [(), ("ssh",), ("https",), ("https", "http")])
def test_registries_need_the_protocol_oci(server, protocols):
    serve_as_registry(server, "c", "1.0.0")
    with pytest.raises(SourceError, match="oci is not among those allowed"):
        build_chart(f"oci://127.0.0.1:{server.port}", protocols=protocols)
    assert server.requests == []


def test_a_registry_on_this_machine_lacks_tls_only_if_http_is_allowed(server):
    serve_as_registry(server, "c", "1.0.0")
    url = f"oci://127.0.0.1:{server.port}"
    with pytest.raises(SourceError, match="http is not among those allowed"):
        build_chart(url, protocols=("https", "oci"))
    assert server.requests == []
    assert "c-1.0.0" in build_chart(url, protocols=("https", "oci", "http"))


def test_sizes_count_for_charts(server):
    noise = package("c", "1.0.0", {"noise": os.urandom(200_000).hex()})
    server.answers["/c-1.0.0.tgz"] = lambda handler: handler.answer(noise)
    server.answers["/index.yaml"] = lambda handler: handler.answer(
        index({"name": "c", "version": "1.0.0", "urls": ["c-1.0.0.tgz"]})
    )
    assert "c-1.0.0" in build_chart(server.url)
    for arguments in (
        {"max_size": 100_000},
        {"limits": Limits(max_total_input=100_000)},
        {"max_total": 100_000},
    ):
        with pytest.raises(LimitError):
            build_chart(server.url, **arguments)


# Encodings


def encoded(encoding: str, body: bytes) -> chart_servers.AnswerFunction:
    return lambda handler: handler.answer(body, 200, ("Content-Encoding", encoding))


def compress(data: bytes) -> bytes:
    """Return the data with gzip, always with the same bytes."""
    return gzip.compress(data, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CONTENT = (MAP % "decoded").encode()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", CONTENT),
        ("gzip", compress(CONTENT)),
        ("X-GZIP", compress(CONTENT) + bytes(100)),
        ("gzip", compress(CONTENT[:20]) + compress(CONTENT[20:])),
        ("deflate", zlib.compress(CONTENT)),
        ("deflate", raw_deflate(CONTENT)),
    ],
)
def test_one_encoding_is_decoded(server, encoding, body):
    server.answers["/x.yaml"] = encoded(encoding, body)
    assert "decoded" in build_text(f"{server.url}/x.yaml")


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip, gzip", compress(compress(CONTENT)), "is not supported"),
        ("br", CONTENT, "is not supported"),
        ("gzip", CONTENT, "is not valid gzip"),
        ("gzip", compress(CONTENT)[:-9], "is not complete"),
        ("deflate", b"\xff\xff", "is not valid deflate"),
    ],
)
def test_other_encodings_are_refused(server, encoding, body, expected):
    server.answers["/x.yaml"] = encoded(encoding, body)
    with pytest.raises(FetchError, match=expected):
        build_text(f"{server.url}/x.yaml")


def test_content_is_decoded_to_the_limit_and_not_further(server, monkeypatch):
    produced = 0
    original = zlib.decompressobj

    class Counting:
        def __init__(self, bits: int) -> None:
            self.decoder = original(bits)

        def decompress(self, data: bytes, limit: int) -> bytes:
            nonlocal produced
            decoded = self.decoder.decompress(data, limit)
            produced += len(decoded)
            return decoded

        def __getattr__(self, name: str) -> Any:
            return getattr(self.decoder, name)

    monkeypatch.setattr("kmanifest.io.remote.http.zlib.decompressobj", Counting)
    server.answers["/x.yaml"] = encoded("gzip", compress(bytes(64 << 20)))
    client = HttpClient(
        protocols=("http",), timeout=10.0, max_size=10_000, hosts=HostPolicy(("localhost",))
    )
    with pytest.raises(LimitError, match="more than 10000 bytes"):
        client.get(f"{server.url}/x.yaml")
    assert produced <= 10_001


# Repositories with very many files


@NEEDS_GIT
def test_directories_of_a_large_commit_are_listed_when_they_are_needed(tmp_path, store):
    bare = tmp_path / "large.git"
    work = tmp_path / "large"
    work.mkdir()
    git(work, "init", "--quiet")
    (work / "kustomization.yaml").write_text("resources: [app/base]")
    (work / "app/base").mkdir(parents=True)
    (work / "app/base/kustomization.yaml").write_text("resources: [../../other]")
    (work / "other").mkdir()
    (work / "other/kustomization.yaml").write_text("resources: [map.yaml]")
    (work / "other/map.yaml").write_text(MAP % "far-away")
    git(work, "add", "--all")
    blob = git(work, "rev-parse", ":other/map.yaml")
    tree = git_with_input(
        work, "mktree", "".join(f"100644 blob {blob}\tf{n}.yaml\n" for n in range(30))
    )
    for _ in range(3):
        tree = git_with_input(
            work, "mktree", "".join(f"040000 tree {tree}\td{n}\n" for n in range(30))
        )
    listing = git(work, "ls-tree", git(work, "write-tree"))
    root = git_with_input(work, "mktree", f"{listing}\n040000 tree {tree}\thuge\n")
    commit = git(work, "commit-tree", root, "-m", "810,000 files")
    git(work, "update-ref", "refs/heads/main", commit)
    git(work, "clone", "--quiet", "--bare", str(work), str(bare))
    listed: list[str] = []
    original = git_module.Git.list_directory

    def list_directory(self: Any, repository: Any, directory: str, identity: str) -> bytes:
        listed.append(identity)
        return original(self, repository, directory, identity)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git_module.Git, "list_directory", list_directory)
        text = build_text(f"file://{bare}?ref=main", protocols=("file",), store=store)
    assert "far-away" in text
    assert len(listed) == 4  # the root, app, app/base and other


@NEEDS_GIT
def test_submodules_of_a_large_commit(web_server, store, tmp_path, monkeypatch):
    monkeypatch.setattr(git_module, "_MAX_WHOLE_LISTING", 10)
    work = tmp_path / "root/super.work"
    source = tmp_path / "super"
    (source / "sub").mkdir(parents=True)
    (source / "kustomization.yaml").write_text("resources: [sub/part]")
    (source / ".gitmodules").write_text(
        '[submodule "part"]\n\tpath = sub/part\n\turl = ../base.git\n'
    )
    (source / "sub/x").write_text("")
    publish(source, tmp_path / "root/super.git")
    commit = git(tmp_path / "root/base.git", "rev-parse", "main")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub/part")
    git(work, "commit", "--quiet", "--message", "a part")
    git(work, "push", "--quiet", str(tmp_path / "root/super.git"), "HEAD:main")
    url = f"http://{web_server.address}/super.git?ref=main"
    assert "in-the-repository" in build_text(url, store=store)
    (work / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ext::sh\n')
    git(work, "commit", "--all", "--quiet", "--message", "unsafe")
    git(work, "push", "--quiet", str(tmp_path / "root/super.git"), "HEAD:main")
    with pytest.raises(SourceError, match="unsafe URL"):
        build_text(url)


# The bytes of a build


@NEEDS_GIT
def test_the_bytes_of_all_downloads_are_bounded(web_server, tmp_path):
    body = f"#{'x' * 600_000}\n{MAP % 'x'}"
    for name in ("one", "two"):
        (tmp_path / f"root/{name}.yaml").write_text(body.replace("name: x", f"name: {name}"))
    one, two = (f"http://{web_server.address}/{name}.yaml" for name in ("one", "two"))
    build_text(one, two, max_total=2_000_000)
    build_text(one, max_total=1_000_000)
    with pytest.raises(LimitError, match=r"1000000 bytes were downloaded \(max_total\)"):
        build_text(one, two, max_total=1_000_000)
    source = tmp_path / "noise"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: []")
    (source / "noise").write_bytes(os.urandom(600_000))
    for name in ("a", "b"):
        publish(source, tmp_path / f"root/{name}.git")
    repositories = [f"http://{web_server.address}/{name}.git?ref=main" for name in ("a", "b")]
    build_text(*repositories, max_total=2_000_000)
    with pytest.raises(LimitError, match="max_total"):
        build_text(*repositories, max_total=1_000_000)


# Errors of the machine


@NEEDS_GIT
def test_a_ref_that_is_not_utf8(web_server, store, tmp_path):
    work = tmp_path / "root/base.work"
    subprocess.run([b"git", b"branch", b"b\xff"], cwd=work, check=True)
    subprocess.run(
        [b"git", b"push", b"-q", bytes(tmp_path / "root/base.git"), b"b\xff"], cwd=work, check=True
    )
    assert "in-the-repository" in build_text(
        f"http://{web_server.address}/base.git?ref=b%ff", store=store
    )


def test_no_directory_for_temporary_files(web_server, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(FetchError, match="temporary files"):
        build_text(f"http://{web_server.address}/map.yaml")


# Broken versions in an index


def test_messages_about_broken_versions_are_one_warning(server, store):
    entries = ", ".join('{"name": "c", "version": "x"}' for _ in range(50))
    document = f'{{"apiVersion": "v1", "entries": {{"c": [{entries}]}}}}'.encode()
    server.answers["/index.yaml"] = lambda handler: handler.answer(document)
    warnings: list[str] = []
    finder = Finder(RemoteFetcher(chart_client(store)), warn=warnings.append)
    with pytest.raises(SourceError, match="not found"):
        finder.find("c", ChartQuery("", server.url))
    assert len(warnings) == 1
    assert len(warnings[0].splitlines()) == 50


def test_the_names_of_an_entry_are_compared_once(monkeypatch):
    from kmanifest.engines.helm.formats import go_json

    folded = 0

    class Name(str):
        __slots__ = ()

        def casefold(self) -> str:
            nonlocal folded
            folded += 1
            return super().casefold()

    shape = go_json.Shape("struct", "x", fields={Name("version"): go_json.STRING}, struct="X")
    assert go_json.decode({"version": "1"}, shape) == {"version": "1"}
    assert folded == 0
    assert go_json.decode({"VERSION": "1"}, shape) == {"version": "1"}
    assert load_index(b"{apiVersion: v1, entries: {c: [{name: c, Version: 1.0.0}]}}", "u").pick(
        "c", ""
    )
