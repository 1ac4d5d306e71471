"""Test parsing of remote bases against a table from kustomize's own parser (v5.8.2, NewRepoSpecFromURL)."""

import json
from contextlib import nullcontext

import pytest
from urllib3.util import parse_url

from kmanifest.io.remote.fetched_objects import resolve_submodule
from kmanifest.io.remote.hosts import HostPolicy
from kmanifest.io.remote.http import _DeadlineGuard
from kmanifest.io.remote.network import Network
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.urls import parse_repository
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import SourceError
from tests.cases import FIXTURES

TABLE = [json.loads(line) for line in (FIXTURES / "urls.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("text", "parts"), TABLE, ids=[row[0] for row in TABLE])
def test_parsed_as_kustomize_does(text, parts):
    """The parts are host, path, directory, ref, seconds and submodules, or null if the text is no repository."""
    repository = parse_repository(text)
    assert (list(repository[1:7]) if repository else None) == parts


@pytest.mark.parametrize(
    ("parent", "url", "expected"),
    [
        ("https://host.example/org/repo.git", "../other.git", "https://host.example/org/other.git"),
        ("https://host.example/org/repo", "./part", "https://host.example/org/repo/part"),
        ("https://host.example/org/repo/", "../../a/b", "https://host.example/a/b"),
        ("git@host.example:org/repo", "../other", "git@host.example:org/other"),
        ("git@host.example:org/repo", "../../other", "git@host.example:other"),
        (
            "https://host.example/org/repo",
            "ssh://git@host.example/x/y",
            "ssh://git@host.example/x/y",
        ),
    ],
)
def test_the_address_of_a_submodule(parent, url, expected):
    repository = parse_repository(parent)
    assert repository is not None
    assert resolve_submodule(repository, url, "c0ffee").clone_url == expected


@pytest.mark.parametrize("url", ["/srv/repo", "plain", "-x:y", "ext::sh -c x"])
def test_a_submodule_that_is_no_url(url):
    repository = parse_repository("https://host.example/org/repo")
    assert repository is not None
    with pytest.raises(SourceError):
        resolve_submodule(repository, url, "c0ffee")


def test_a_file_whose_url_begins_like_that_of_a_repository():
    network = Network(FetchSettings(offline=True))
    network._mount(
        "repository", "https://h.example/a/b", MemoryTree({"x.yaml": "in the repository"})
    )
    network._mount("file", "https://h.example/a/b/y.yaml", MemoryTree({"": "a file"}))
    for name, content in (("x.yaml", b"in the repository"), ("y.yaml", b"a file")):
        path = f"https://h.example/a/b/{name}"
        tree = network.tree_of(path)
        assert tree is not None
        assert tree.read(path, limit=100) == content
    assert network.tree_of("https://h.example/a/bc") is None


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [("8.8.8.8", "10.0.0.1", True), ("10.0.0.1", "10.0.0.2", False), ("8.8.8.8", "1.1.1.1", False)],
)
def test_no_redirection_from_the_open_network_into_an_inner_one(first, second, is_refused):
    with _DeadlineGuard(5.0, hosts=HostPolicy(("*", "private"))) as guard:
        assert guard._addresses(parse_url(f"https://{first}/"), is_other_server=False) == [first]
        with pytest.raises(OSError, match="internal network") if is_refused else nullcontext():
            guard._addresses(parse_url(f"https://{second}/"), is_other_server=True)
