"""The causes of an error form a chain that ends, so that a logger that follows it ends, too."""

from typing import Any

import pytest

from kmanifest import KmanifestError, MemoryTree, Options, RemoteOptions, build
from kmanifest.api import network_of
from kmanifest.engines.builtin import default_registry
from kmanifest.engines.kustomize.localize import LocalizeRequest, localize
from kmanifest.pipeline.context import Context
from tests.builds import fixture_jobs


def check_chain(error: BaseException) -> None:
    """Fail if the causes and contexts of an error, or of one of its causes, form a circle."""
    seen: list[int] = []
    current: BaseException | None = error
    while current is not None:
        assert id(current) not in seen, f"{error!r} is among its own causes"
        seen.append(id(current))
        current = current.__cause__ or current.__context__


def error_of(**arguments: Any) -> KmanifestError:
    with pytest.raises(KmanifestError) as caught:
        build(**arguments)
    return caught.value


def test_fixtures():
    failures = 0
    for job in fixture_jobs():
        try:
            job.build()
        except KmanifestError as error:
            check_chain(error)
            failures += 1
    assert failures > 10


FILES = {
    "resources": "resources: [broken.yaml]",
    "nested": "resources: [base]",
    "generator": "configMapGenerator: [{name: a, files: [missing]}]",
    "patch": "resources: [map.yaml]\npatches: [{patch: '[{op: remove, path: /nothing}]', target: {kind: ConfigMap}}]",
    "replacement": "resources: [map.yaml]\nreplacements: [{path: broken.yaml}]",
    "transformer": "transformers: [broken.yaml]",
}


@pytest.mark.parametrize("kind", FILES)
def test_errors_in_files(kind):
    files = {
        "kustomization.yaml": FILES[kind],
        "map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
        "broken.yaml": "a: [",
        "base/kustomization.yaml": "resources: [broken.yaml]",
        "base/broken.yaml": "a: [",
    }
    check_chain(error_of(tree=MemoryTree(files)))


@pytest.mark.parametrize("path", ["x.git?ref=m", "a/b", "x.yaml"])
def test_a_server_that_does_not_answer(path):
    url = f"http://127.0.0.1:1/{path}"
    remote = RemoteOptions(timeout=5.0, protocols=("http",), hosts=("127.0.0.1",))
    tree = MemoryTree({"kustomization.yaml": f"resources: ['{url}']"})
    check_chain(error_of(tree=tree, options=Options(allow_remote=True, remote=remote)))


@pytest.mark.parametrize(
    "entry", ["http://127.0.0.1:1/a/b?ref=m", "missing", "broken.yaml", "base", "a: ["]
)
def test_localize(entry):
    remote = RemoteOptions(timeout=5.0, protocols=("http",), hosts=("127.0.0.1",))
    options = Options(allow_remote=True, remote=remote)
    files = {
        "app/kustomization.yaml": f"resources: ['{entry}']\npatchesStrategicMerge: ['{entry}']",
        "app/broken.yaml": "a: [",
        "app/base/kustomization.yaml": "resources: [broken.yaml]",
        "app/base/broken.yaml": "a: [",
    }
    ctx = Context(
        tree=MemoryTree(files),
        registry=default_registry(),
        options=options,
        remote=network_of(options),
    )
    with pytest.raises(KmanifestError) as caught:
        localize(ctx, LocalizeRequest("app", "app", destination="copy"))
    check_chain(caught.value)
