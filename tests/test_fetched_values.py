"""Value files that are URLs: the command fetches them as Helm does, the library only if it is allowed to."""

from pathlib import Path

import pytest

from kmanifest import KmanifestError, RemoteOptions, render_chart
from kmanifest.helm import ValueSources, find_origins, load_chart
from tests.chart_fixtures import NEEDS_HELM, run_helm
from tests.chart_servers import LOGIN, ChartServer, serve_charts

pytestmark = pytest.mark.usefixtures("isolated_home")

FILES = {
    "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "templates/a.yaml": "v: {{ toJson .Values }}\n",
}


@pytest.fixture
def chart() -> Path:
    directory = Path("c")
    for name, content in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return directory


@pytest.fixture
def values(server: ChartServer) -> str:
    (server.root / "v.yaml").write_text("a: 1\n")
    (server.root / "bad.yaml").write_text("a: [\n")
    return f"{server.url}/v.yaml"


def arguments_of(url: str) -> list[tuple[str, ...]]:
    return [
        ("-f", url),
        ("-f", url.replace("http:", "HTTP:")),
        ("-f", f"{url}?x=1"),
        ("-f", url, "--set", "a=2,b=3"),
        ("--set-file", f"text={url}"),
        ("-f", url.replace("v.yaml", "bad.yaml")),
        ("-f", "s3://bucket/v.yaml"),
        ("-f", "http://[bad"),
        ("-f", "%zz.yaml"),
        ("-f", "1:b.yaml"),
    ]


@NEEDS_HELM
def test_urls_are_read_as_by_helm(chart, values, run):
    for arguments in arguments_of(values):
        assert run("template", "r", "c", *arguments) == run_helm("template", "r", "c", *arguments)


def test_all_verbs_with_values_fetch_them(chart, values, run):
    assert run("template", "r", "c", "-f", values).output.endswith('v: {"a":1}\n')
    assert run("lint", "c", "-f", values).code == 0
    assert run("template", "r", "c", "-f", values, "--offline").output.endswith('v: {"a":1}\n')


def test_failures_are_one_line(chart, server, values, run):
    outcome = run("template", "r", "c", "-f", f"{server.url}/none.yaml")
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.errors == f"Error: {server.url}/none.yaml: HTTP status 404 Not Found\n"
    outcome = run("template", "r", "c", "-f", f"{server.url}/v2.yaml", "--offline")
    assert "nothing is fetched (offline)" in outcome.errors
    assert run("template", "r", "c", "-f", "oci://host/c").code == 1


def test_a_login_is_taken_from_the_url_alone(chart, tmp_path, run):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "v.yaml").write_text("a: 1\n")
    user, password = LOGIN
    with serve_charts(tmp_path / "secret", LOGIN) as server:
        url = f"{server.url}/v.yaml"
        assert run("template", "r", "c", "-f", url, "--username", user, "--password", password).code
        url = url.replace("http://", f"http://{user}:{password}@")
        assert run("template", "r", "c", "-f", url).output.endswith('v: {"a":1}\n')
        refused = run("template", "r", "c", "-f", url.replace("v.yaml", "none"))
    assert password not in refused.errors


def test_the_library_fetches_only_what_it_may(values):
    sources = ValueSources(files=(values,))

    def text(remote: RemoteOptions | None) -> str:
        return render_chart("", tree=FILES, sources=sources, remote=remote).text()

    with pytest.raises(KmanifestError, match="only with `remote`"):
        text(None)
    with pytest.raises(KmanifestError, match="the protocol http is not among those allowed"):
        text(RemoteOptions())
    with pytest.raises(KmanifestError, match=r"the host 127\.0\.0\.1 is not among those allowed"):
        text(RemoteOptions(protocols=("http",)))
    allowed = RemoteOptions(protocols=("http",), hosts=("127.0.0.1",))
    assert text(allowed).endswith('v: {"a":1}\n')
    origins = find_origins(load_chart(FILES, ""), sources=sources, remote=allowed)
    assert str(origins["a",]) == f"{values}:1:1"
