"""Test three verbs that fetch charts from four kinds of servers.

They must print helm's bytes, send no second request, and fail in one line with hostile servers. The servers are
Debian's docker-registry and chart repositories over HTTP, each with and without a password, all on loopback.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import chart_servers
from tests.chart_fixtures import (
    NEEDS_HELM,
    NEEDS_REGISTRY,
    VERSIONS,
    Outcome,
    add_known_repositories,
    problem,
    run_helm,
)
from tests.chart_servers import (
    LOGIN,
    AnswerFunction,
    ChartServer,
    Handler,
    Registry,
    package,
    serve_as_registry,
)

pytestmark = pytest.mark.usefixtures("isolated_home")

VERBS = ("template", "pull", "dependency build")
KINDS = ("repository", "private repository", "registry", "private registry")


class Source(NamedTuple):
    """A server with charts.

    `repository` is the URL for a dependency. `arguments` and `flags` are for a command line. `count_requests` returns
    the number of requests so far. `entry` is the repository's entry in Helm's configuration: helm builds dependencies
    of configured repositories only.
    """

    repository: str
    arguments: tuple[str, ...]
    flags: tuple[str, ...]
    count_requests: Callable[[], int]
    entry: str = ""


@pytest.fixture(scope="module")
def private_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A running registry with charts that requires the login."""
    with chart_servers.registry(tmp_path_factory.mktemp("private"), LOGIN) as registry:
        for name, version in VERSIONS:
            registry.push(name, version)
        yield registry


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """The source of the requested kind, with the login if needed."""
    kind = request.param
    is_private = kind.startswith("private")
    if kind.endswith("registry"):
        registry: Registry = request.getfixturevalue(
            "private_registry" if is_private else "registry"
        )
        if is_private:
            auths = {registry.host: {"auth": registry.login.removeprefix("Basic ")}}
            config = tmp_path / "home/.config/helm/registry/config.json"
            config.parent.mkdir(parents=True)
            config.write_text(json.dumps({"auths": auths}), encoding="utf-8")
        repository = f"oci://{registry.host}/charts"
        return Source(repository, (f"{repository}/c",), ("--plain-http",), registry.count_requests)
    server: ChartServer = request.getfixturevalue("private_server" if is_private else "server")
    login = f", username: {LOGIN[0]}, password: {LOGIN[1]}" if is_private else ""
    entry = f"{{name: here, url: {server.url}{login}}}"
    flags = ("--username", LOGIN[0], "--password", LOGIN[1]) if is_private else ()
    return Source(
        server.url, ("c", "--repo", server.url, *flags), (), lambda: len(server.requests), entry
    )


def arguments_of(source: Source, verb: str) -> tuple[str, ...]:
    """Return the command line of a verb, in a directory with the chart `app`."""
    if verb == "dependency build":
        return ("dependency", "build", "app", *source.flags)
    return (verb, *source.arguments, "--version", "1.x", *source.flags)


def write_dependent_chart(directory: str, repository: str) -> None:
    """Write the chart `app`, which depends on a chart of a repository, into a directory."""
    chart = Path(directory, "app/Chart.yaml")
    chart.parent.mkdir(parents=True)
    dependencies = f"dependencies:\n- {{name: c, version: 1.x, repository: '{repository}'}}\n"
    chart.write_text(f"apiVersion: v2\nname: app\nversion: 0.1.0\n{dependencies}", encoding="utf-8")


def files(directory: str) -> dict[str, bytes]:
    """Return the files below a directory."""
    paths = (path for path in Path(directory).rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


@NEEDS_HELM
@NEEDS_REGISTRY
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("source", KINDS, indirect=True)
def test_same_bytes_as_helm_and_no_second_request(source, run, verb, monkeypatch, tmp_path):
    write_dependent_chart("expected", source.repository)
    monkeypatch.chdir("expected")
    if verb == "dependency build":  # both build from the same lock
        if source.entry:
            add_known_repositories(tmp_path, source.entry)
        assert run_helm("dependency", "update", "app", *source.flags).code == 0
        shutil.rmtree("app/charts")
    monkeypatch.chdir("..")
    shutil.copytree("expected", "actual")
    shutil.copytree("expected", "again")
    arguments = arguments_of(source, verb)
    monkeypatch.chdir("expected")
    expected = run_helm(*arguments)
    assert expected.code == 0, expected.errors
    for directory in ("actual", "again"):
        monkeypatch.chdir(f"../{directory}")
        requests_before = source.count_requests()
        assert run(*arguments)[:2] == expected[:2]
        assert (source.count_requests() > requests_before) == (directory == "actual")
    monkeypatch.chdir("..")
    assert files("actual") == files("again") == files("expected")
    saves_packages = any(name.endswith(".tgz") for name in files("actual"))
    assert saves_packages == (verb != "template")


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
    location = f"http://localhost:{handler.chart_server.port}/c-1.0.0.tgz"
    handler.answer(b"", 302, ("Location", location))


def other_version(handler: Handler) -> None:
    handler.answer(package("c", "1.0.1"))


ANSWERS: dict[str, tuple[AnswerFunction, str]] = {
    "endless": (endless, "more than 104857600 bytes"),
    "truncated": (truncated, "the connection ended before the whole file had come"),
    "elsewhere": (elsewhere, "redirects to another server, not by https"),
    "other": (other_version, "digest"),
}


def error_of_verb(run: Callable[..., Outcome], verb: str, name: tuple[str, ...]) -> str:
    """Run a verb that fails and writes nothing, and return its one-line error."""
    if verb != "dependency build":
        error = problem(run(verb, *name, "--version", "1.0.0"))
        assert list(Path().iterdir()) == []
        return error
    write_dependent_chart(".", name[-1] if len(name) > 1 else name[0].rpartition("/")[0])
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
    answer_function, expected = ANSWERS[answer]
    server.answers["/c-1.0.0.tgz"] = answer_function
    assert expected in error_of_verb(run, verb, ("c", "--repo", server.url))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("part", ["manifest", "blob"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_hostile_registries(server, run, verb, part, answer):
    path = serve_as_registry(server, "c", "1.0.0")[("manifest", "blob").index(part)]
    answer_function, expected = ANSWERS[answer]
    if answer == "other" and part == "manifest":
        body = b'{"schemaVersion": 2}'
        digest = ("Docker-Content-Digest", "sha256:" + "0" * 64)
        server.answers[path] = lambda handler: handler.answer(body, 200, digest)
    else:
        server.answers[path] = answer_function
    assert expected in error_of_verb(run, verb, (f"oci://127.0.0.1:{server.port}/c",))


def test_a_blob_on_another_server_is_requested_without_the_login(server, private_server, run):
    """A registry may store blobs on another server; that server must not get the login."""
    _, blob = serve_as_registry(private_server, "c", "1.0.0")
    private_server.answers[blob] = lambda handler: handler.answer(
        b"", 307, ("Location", f"http://localhost:{server.port}/c-1.0.0.tgz")
    )
    name = f"oci://127.0.0.1:{private_server.port}/c:1.0.0"
    login = ("--username", LOGIN[0], "--password", LOGIN[1])
    assert "redirects to another server" in problem(run("template", name, *login))
    assert server.requests == []
