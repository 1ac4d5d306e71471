"""Charts in `helmCharts` of a kustomization, and charts that are built directly."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kmanifest import HelmOptions, KustomizeOptions, MemoryTree, Options, build
from kmanifest.model.errors import FetchError, KmanifestError, PluginError, SourceError
from kmanifest.pipeline.options import RemoteOptions
from tests.servers import serving

CHART = {
    "Chart.yaml": "{apiVersion: v2, name: demo, version: 1.2.0}",
    "values.yaml": "{colour: red, size: 1}",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "  namespace: {{ .Release.Namespace }}\ndata: {values: {{ toJson .Values | quote }}}\n"
    ),
}
INDEX = (
    "apiVersion: v1\nentries:\n  demo:\n  - {name: demo, version: 1.2.0, urls: [demo-1.2.0.tgz]}\n"
)


def kustomization(**chart: str) -> str:
    fields = "".join(f"  {name}: {text}\n" for name, text in chart.items())
    return f"namespace: shop\nhelmCharts:\n- name: demo\n{fields}"


def in_home(**chart: str) -> MemoryTree:
    files = {f"charts/demo/{name}": text for name, text in CHART.items()}
    return MemoryTree({"kustomization.yaml": kustomization(**chart), **files})


def packaged() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in CHART.items():
            entry = tarfile.TarInfo(f"demo/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    (root / "index.yaml").write_text(INDEX)
    (root / "demo-1.2.0.tgz").write_bytes(packaged())
    with serving(root) as running:
        yield running


def fetching(store: Path, **remotes: Any) -> Options:
    protocols = ("http", "https")
    hosts = ("127.0.0.1",)
    given = RemoteOptions(store=str(store), protocols=protocols, hosts=hosts, **remotes)
    return Options(engines=(KustomizeOptions(enable_helm=True),), allow_remote=True, remote=given)


def test_a_chart_of_the_chart_home_gets_the_namespace():
    tree = in_home(releaseName="rel", valuesInline="{colour: blue}")
    text = build(tree=tree, options=Options(engines=(KustomizeOptions(enable_helm=True),))).text()
    assert "namespace: shop" in text
    assert """values: '{"colour":"blue","size":1}'""" in text


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("override", '{"colour":"blue","size":1}'),
        ("merge", '{"colour":"red","size":1}'),
        ("replace", '{"colour":"blue","size":1}'),
    ],
)
def test_inline_values_are_merged_by_values_merge(merge, expected):
    tree = in_home(valuesInline="{colour: blue}", valuesMerge=merge)
    assert (
        expected
        in build(tree=tree, options=Options(engines=(KustomizeOptions(enable_helm=True),))).text()
    )


def test_charts_are_rendered_only_if_allowed():
    with pytest.raises(PluginError, match="--enable-helm"):
        build(tree=in_home())


def test_a_name_that_could_be_an_option_is_refused():
    with pytest.raises(SourceError, match="must not start with '-'") as caught:
        build(
            tree=in_home(releaseName="--post-renderer=x"),
            options=Options(engines=(KustomizeOptions(enable_helm=True),)),
        )
    assert caught.value.location.line == 4


def test_a_chart_of_a_repository_is_fetched_once(server, tmp_path):
    text = kustomization(repo=f"http://{server.address}", version="1.2.0", releaseName="rel")
    tree = MemoryTree({"kustomization.yaml": text})
    first = build(tree=tree, options=fetching(tmp_path)).text()
    assert """values: '{"colour":"red","size":1}'""" in first
    server.requests.clear()
    assert build(tree=tree, options=fetching(tmp_path)).text() == first
    assert build(tree=tree, options=fetching(tmp_path, offline=True)).text() == first
    assert server.requests == []
    with pytest.raises(SourceError, match="allow_remote"):
        build(tree=tree, options=Options(engines=(KustomizeOptions(enable_helm=True),)))
    with pytest.raises(SourceError, match="not among those allowed"):
        build(
            tree=tree,
            options=Options(engines=(KustomizeOptions(enable_helm=True),), allow_remote=True),
        )


def test_a_chart_that_does_not_exist(server, tmp_path):
    text = kustomization(repo=f"http://{server.address}/nothing")
    with pytest.raises(FetchError):
        build(tree=MemoryTree({"kustomization.yaml": text}), options=fetching(tmp_path))
    with pytest.raises(KmanifestError, match="no repo specified"):
        build(
            tree=MemoryTree({"kustomization.yaml": kustomization()}),
            options=Options(engines=(KustomizeOptions(enable_helm=True),)),
        )


def test_a_chart_is_built_directly():
    chart = HelmOptions(values={"colour": "green"}, release="mine", namespace="prod")
    rendered = build(tree=MemoryTree(CHART), options=Options(engines=(chart,)))
    assert rendered.text().startswith("---\n# Source: demo/templates/map.yaml\n")
    assert rendered.resources[0].body["data"]["values"] == '{"colour":"green","size":1}'


def test_a_kustomization_next_to_a_chart_is_built_instead():
    files = {**CHART, "kustomization.yaml": "resources: [values.yaml]"}
    with pytest.raises(KmanifestError) as caught:
        build(tree=MemoryTree(files))
    assert caught.value.location.file == "values.yaml"
