"""Three verbs that fetch, from four kinds of servers: the reference's bytes, no second request, and how hostile servers end.

The servers are Debian's docker-registry, open and with a password, and chart repositories over HTTP, open and with a password, all on
loopback.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import chartservers
from tests.chartfixtures import (
    NEEDS_HELM,
    NEEDS_REGISTRY,
    VERSIONS,
    Outcome,
    known,
    problem,
    reference,
)
from tests.chartservers import LOGIN, Answering, Handler, Registry, Site, be_registry, package

pytestmark = pytest.mark.usefixtures("own_home")

VERBS = ("template", "pull", "dependency build")
KINDS = ("repository", "private repository", "registry", "private registry")


class Source(NamedTuple):
    """A server with charts: what a dependency names, what stands on a command line, and how many requests there were.

    `entry` lets helm know a repository: it builds dependencies of known ones only.
    """

    repository: str
    arguments: tuple[str, ...]
    flags: tuple[str, ...]
    asked: Callable[[], int]
    entry: str = ""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with charts that wants the login."""
    with chartservers.registry(tmp_path_factory.mktemp("closed"), LOGIN) as here:
        for name, version in VERSIONS:
            here.push(name, version)
        yield here


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """The source of the kind that the test is for, with the login where it wants one."""
    kind = request.param
    is_private = kind.startswith("private")
    if kind.endswith("registry"):
        there: Registry = request.getfixturevalue("closed" if is_private else "registry")
        if is_private:
            auths = {there.host: {"auth": there.login.removeprefix("Basic ")}}
            config = tmp_path / "home/.config/helm/registry/config.json"
            config.parent.mkdir(parents=True)
            config.write_text(json.dumps({"auths": auths}), encoding="utf-8")
        place = f"oci://{there.host}/charts"
        return Source(place, (f"{place}/c",), ("--plain-http",), there.asked)
    site: Site = request.getfixturevalue("private" if is_private else "server")
    login = f", username: {LOGIN[0]}, password: {LOGIN[1]}" if is_private else ""
    entry = f"{{name: here, url: {site.url}{login}}}"
    flags = ("--username", LOGIN[0], "--password", LOGIN[1]) if is_private else ()
    return Source(
        site.url, ("c", "--repo", site.url, *flags), (), lambda: len(site.requests), entry
    )


def arguments_of(source: Source, verb: str) -> tuple[str, ...]:
    """The command line of a verb, in a directory with the chart `app`."""
    if verb == "dependency build":
        return ("dependency", "build", "app", *source.flags)
    return (verb, *source.arguments, "--version", "1.x", *source.flags)


def depending(place: str, repository: str) -> None:
    """Put the chart `app` into a directory, which asks for a chart of a repository."""
    chart = Path(place, "app/Chart.yaml")
    chart.parent.mkdir(parents=True)
    needs = f"dependencies:\n- {{name: c, version: 1.x, repository: '{repository}'}}\n"
    chart.write_text(f"apiVersion: v2\nname: app\nversion: 0.1.0\n{needs}", encoding="utf-8")


def files(place: str) -> dict[str, bytes]:
    """The files below a directory."""
    found = (path for path in Path(place).rglob("*") if path.is_file())
    return {str(path.relative_to(place)): path.read_bytes() for path in found}


@NEEDS_HELM
@NEEDS_REGISTRY
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("source", KINDS, indirect=True)
def test_the_bytes_of_the_reference_and_no_second_request(source, run, verb, monkeypatch, tmp_path):
    depending("theirs", source.repository)
    theirs: Callable[..., Outcome] = reference
    monkeypatch.chdir("theirs")
    if verb == "dependency build":  # what is locked is for both to build
        if source.entry:
            known(tmp_path, source.entry)
        assert theirs("dependency", "update", "app", *source.flags).code == 0
        shutil.rmtree("app/charts")
    monkeypatch.chdir("..")
    shutil.copytree("theirs", "ours")
    shutil.copytree("theirs", "again")
    arguments = arguments_of(source, verb)
    monkeypatch.chdir("theirs")
    wanted = theirs(*arguments)
    assert wanted.code == 0, wanted.errors
    for place in ("ours", "again"):
        monkeypatch.chdir(f"../{place}")
        before = source.asked()
        assert run(*arguments)[:2] == wanted[:2]
        assert (source.asked() > before) == (place == "ours")
    monkeypatch.chdir("..")
    assert files("ours") == files("again") == files("theirs")
    kept = any(name.endswith(".tgz") for name in files("ours"))
    assert kept == (verb != "template")


# Hostile servers


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"[" * (64 << 10))


def truncated(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(package("c", "1.0.0")[:100])
    handler.close_connection = True


def elsewhere(handler: Handler) -> None:
    place = f"http://localhost:{handler.site.port}/c-1.0.0.tgz"
    handler.answer(b"", 302, ("Location", place))


def other(handler: Handler) -> None:
    handler.answer(package("c", "1.0.1"))


ANSWERS: dict[str, tuple[Answering, str]] = {
    "endless": (endless, "more than 104857600 bytes"),
    "truncated": (truncated, "the connection ended before the whole file had come"),
    "elsewhere": (elsewhere, "redirects to another server, not by https"),
    "other": (other, "digest"),
}


def ends_in_one_line(run: Callable[..., Outcome], verb: str, name: tuple[str, ...]) -> str:
    """The error of a verb, which has written nothing."""
    if verb != "dependency build":
        said = problem(run(verb, *name, "--version", "1.0.0"))
        assert list(Path().iterdir()) == []
        return said
    depending(".", name[-1] if len(name) > 1 else name[0].rpartition("/")[0])
    chart = Path("app/Chart.yaml")
    chart.write_text(chart.read_text(encoding="utf-8").replace("1.x", "1.0.0"), encoding="utf-8")
    outcome = run("dependency", "build", "app")
    assert outcome.code == 1
    assert list(files(".")) == ["app/Chart.yaml"]
    (line,) = outcome.errors.splitlines()
    return line


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_hostile_repositories(server, run, verb, answer):
    answering, said = ANSWERS[answer]
    server.answers["/c-1.0.0.tgz"] = answering
    assert said in ends_in_one_line(run, verb, ("c", "--repo", server.url))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("part", ["manifest", "blob"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_hostile_registries(server, run, verb, part, answer):
    place = be_registry(server, "c", "1.0.0")[("manifest", "blob").index(part)]
    answering, said = ANSWERS[answer]
    if answer == "other" and part == "manifest":
        body = b'{"schemaVersion": 2}'
        digest = ("Docker-Content-Digest", "sha256:" + "0" * 64)
        server.answers[place] = lambda handler: handler.answer(body, 200, digest)
    else:
        server.answers[place] = answering
    assert said in ends_in_one_line(run, verb, (f"oci://127.0.0.1:{server.port}/c",))


def test_a_blob_on_another_server_is_asked_for_without_the_login(server, private, run):
    """A registry may keep blobs elsewhere; what it asks of the user stays with it."""
    _, blob = be_registry(private, "c", "1.0.0")
    private.answers[blob] = lambda handler: handler.answer(
        b"", 307, ("Location", f"http://localhost:{server.port}/c-1.0.0.tgz")
    )
    name = f"oci://127.0.0.1:{private.port}/c:1.0.0"
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    assert "redirects to another server" in problem(run("template", name, *login))
    assert server.requests == []
