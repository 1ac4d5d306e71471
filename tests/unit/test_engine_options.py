"""The options of engines: records of their own types, which the core passes on without knowing them."""

import pickle
from typing import Any, NamedTuple

import pytest

from kmanifest import (
    HelmOptions,
    KmanifestError,
    KustomizeOptions,
    MemoryCache,
    MemoryTree,
    Options,
    Plugin,
    Rendered,
    ResourceMap,
    SourceError,
    build,
    default_registry,
)
from kmanifest.model.resource import Resource
from kmanifest.plugin import Context


class CueOptions(NamedTuple):
    """The options of a third-party renderer."""

    package: str = "main"


def render_cue(ctx: Context, path: str) -> Rendered:
    package = ctx.engine_options(CueOptions).package
    content = ctx.tree.read(f"{path}/cue.mod".lstrip("/"), limit=100).decode()
    body = {"kind": "Cue", "metadata": {"name": package}, "content": content}
    return Rendered(ResourceMap().append([Resource(body)]))


REGISTRY = default_registry().with_plugins([Plugin("renderer", "cue", render_cue, ("cue.mod",))])
CUE = MemoryTree({"cue.mod": "text"})


def test_a_third_party_renderer_has_options_of_its_own_type():
    (default,) = build(tree=CUE, registry=REGISTRY).resources
    assert default.name == "main"
    chosen = Options(engines=(KustomizeOptions(reorder="none"), CueOptions("other")))
    (other,) = build(tree=CUE, registry=REGISTRY, options=chosen).resources
    assert (other.name, other.body["content"]) == ("other", "text")


@pytest.mark.parametrize(
    ("engines", "problem"),
    [
        (({"package": "main"},), "dict must be hashable"),
        ((CueOptions(), CueOptions("other")), "two records of CueOptions"),
    ],
)
def test_records_that_can_not_be_part_of_a_key_are_refused(engines: Any, problem: str):
    with pytest.raises(SourceError, match=problem):
        build(tree=CUE, registry=REGISTRY, options=Options(engines=engines))


def test_helm_options_are_immutable_and_copy_the_values():
    values = {"image": {"tag": "1"}, "ports": [80]}
    options = HelmOptions(values=values)
    values["image"]["tag"] = "2"  # type: ignore[index]
    assert options.values == {"image": {"tag": "1"}, "ports": [80]}
    with pytest.raises(AttributeError):
        options.release = "other"
    with pytest.raises(TypeError):
        options.values["image"] = {}  # type: ignore[index]
    assert options.replace(release="other").values == options.values


def test_helm_options_that_render_differently_are_different_keys():
    different: list[Any] = [1, 1.0, True, "1", None, [1], {}]
    records = [HelmOptions(values={"a": value}) for value in different]
    assert len(set(records)) == len(records)
    assert HelmOptions(values={"a": [1, {"b": 2}]}) == HelmOptions(values={"a": [1, {"b": 2}]})
    assert HelmOptions() != HelmOptions(kube_version="1.30")


def test_helm_options_are_pickled_and_show_no_values():
    options = HelmOptions(values={"password": "geheim"}, release="mine")
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - just made
    assert repr(options) == "HelmOptions(values=Ellipsis, release='mine')"


def test_a_shared_cache_keeps_builds_with_different_options_apart():
    tree = MemoryTree(
        {
            "kustomization.yaml": "resources: [base]\n",
            "base/kustomization.yaml": "helmCharts: [{name: c}]\n",
            "base/charts/c/Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
            "base/charts/c/templates/m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {v: {{ .Capabilities.KubeVersion.Minor | quote }}}\n",
        }
    )
    cache, helm = MemoryCache(), KustomizeOptions(enable_helm=True)
    for minor in ("28", "30"):
        options = Options(engines=(helm, HelmOptions(kube_version=f"1.{minor}")))
        (made,) = build(tree=tree, options=options, cache=cache).resources
        assert made.body["data"] == {"v": minor}
    with pytest.raises(KmanifestError, match="--enable-helm") as caught:
        build(tree=tree, cache=cache)
    assert str(caught.value.location) == "base/kustomization.yaml:1:14"
