"""Results were printed by kustomize v5.8.2."""

from typing import Any

import pytest

from kmanifest.engines.kustomize.generators import (
    absorb,
    config_map,
    fold_base64,
    iam_policy,
    secret,
)
from kmanifest.engines.kustomize.key_values import base_name, load_pairs, parse_env
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, MissingError, RenderError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Registry

FILES: dict[str, bytes | str] = {
    "a.txt": "text\n",
    "b.bin": b"\xff\x00",
    "e.env": "A=1\n",
    "tab.txt": "\ta\nb\n",
}


def context() -> Context:
    return Context(tree=MemoryTree(FILES), registry=Registry())


def make(**args: Any) -> Resource:
    (resource,) = config_map(context(), Resource({"name": "n", **args}))
    return resource


def make_secret(**args: Any) -> Resource:
    (resource,) = secret(context(), Resource({"name": "n", **args}))
    return resource


def test_config_map():
    generated = make(
        files=["a.txt", "k=b.bin"], literals=["q='x'"], envs=["e.env"], options={"immutable": True}
    )
    assert generated.body == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "n"},
        "immutable": True,
        "data": {"A": "1", "a.txt": "text\n", "q": "x"},
        "binaryData": {"k": "/wA="},
    }
    assert generated.needs_hash


def test_secret_has_data_even_if_empty():
    assert make_secret().body == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "n"},
        "type": "Opaque",
        "data": {},
    }


def test_options_and_metadata():
    generated = config_map(
        context(),
        Resource(
            {
                "metadata": {"name": "n", "namespace": "ns"},
                "options": {
                    "labels": {"b": "1"},
                    "annotations": {"a": "2"},
                    "disableNameSuffixHash": True,
                },
            }
        ),
    )[0]
    assert generated.body["metadata"] == {
        "name": "n",
        "namespace": "ns",
        "labels": {"b": "1"},
        "annotations": {"a": "2"},
    }
    assert not generated.needs_hash


@pytest.mark.parametrize(
    "args",
    [
        {"name": ""},
        {"literals": ["a"]},
        {"literals": ["=a"]},
        {"literals": ["a=1", "a=2"]},
        {"literals": ["8080=x"]},
        {"literals": ["<<=x"]},
        {"literals": ["a=\x7f"]},
        {"files": ["none"]},
        {"files": ["a=b=c"]},
        {"files": ["=a.txt"]},
        {"files": ["a="]},
        {"files": ["tab.txt"]},
        {"options": {"labels": {"true": "x"}}},
    ],
)
def test_wrong_config_map(args):
    with pytest.raises(KmanifestError):
        make(**args)


def test_error_names_the_source_and_no_value():
    with pytest.raises(SourceError) as caught:
        make_secret(literals=["a=b", "hidden"])
    assert caught.value.location.field == ("literals", 1)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "pairs"),
    [
        (
            b'A=1\n  B = 2 \n#c\n\nC\nD="q"\r\n=x\n',
            [("A", "1"), ("B ", " 2 "), ("C", ""), ("D", '"q"')],
        ),
        (b"\xef\xbb\xbfA=1\n\xef\xbb\xbfB=2", [("A", "1"), ("\ufeffB", "2")]),
        (b"A=1\n" + b"x" * 65_536 + b"\nB=2", [("A", "1")]),
        ("\xa0A=1\n\x1cB=2".encode(), [("A", "1"), ("\x1cB", "2")]),
    ],
)
def test_env(content, pairs):
    assert list(parse_env(content)) == pairs


def test_env_must_be_text():
    with pytest.raises(SourceError, match="line 2"):
        list(parse_env(b"A=1\nB=\xff"))


def test_order_of_sources():
    sources = {"files": ["a.txt"], "literals": ["l=1"], "envs": ["e.env"]}
    assert [key for key, _ in load_pairs(context(), sources)] == ["A", "l", "a.txt"]


@pytest.mark.parametrize(("path", "name"), [("a/b", "b"), ("a/b/", "b"), ("", "."), ("/", "/")])
def test_base_name(path, name):
    assert base_name(path) == name


def test_base64_is_folded():
    assert fold_base64("x") == "eA=="
    assert fold_base64("x" * 60) == "eHh4" * 17 + "eH\nh4eHh4eHh4\n"


def test_service_account():
    config = {
        "cloud": "gke",
        "kubernetesService": {"name": "k", "namespace": "n"},
        "serviceAccount": {"name": "s", "projectId": "p"},
    }
    (generated,) = iam_policy(context(), Resource(config))
    assert generated.body["metadata"] == {
        "annotations": {"iam.gke.io/gcp-service-account": "s@p.iam.gserviceaccount.com"},
        "name": "k",
        "namespace": "n",
    }
    with pytest.raises(SourceError):
        iam_policy(context(), Resource({"cloud": "x"}))


def test_merge():
    old = make(literals=["a=1", "b=2"], options={"labels": {"x": "1", "y": "1"}})
    new = make(literals=["b=3"], behavior="merge", options={"labels": {"y": "2"}})
    (result,) = absorb(ResourceMap([old]), [new])
    assert result.body["data"] == {"a": "1", "b": "3"}
    assert result.labels == {"x": "1", "y": "2"}
    assert result.needs_hash


def test_replace():
    old = Resource({**make(literals=["a=1"]).body, "extra": 1}, cluster_scoped=False)
    (result,) = absorb(ResourceMap([old]), [make(literals=["b=3"], behavior="replace")])
    assert result.body == make(literals=["b=3"]).body
    assert not result.needs_hash


def test_merge_into_a_renamed_one():
    old = make(literals=["a=1"])
    renamed = old.with_current_id_remembered().put(("metadata", "name"), "p-n")
    (result,) = absorb(ResourceMap([renamed]), [make(literals=["b=2"], behavior="merge")])
    assert result.name == "p-n"
    assert result.previous_ids == renamed.previous_ids


def test_merge_encodes_string_data():
    old = Resource(
        {**make_secret(literals=["a=1", "b=2"]).body, "stringData": {"b": "x", "c": None}},
        cluster_scoped=False,
    )
    (result,) = absorb(ResourceMap([old]), [make_secret(literals=["d=4"], behavior="merge")])
    assert result.body["data"] == {"a": "MQ==", "b": "eA==", "c": "", "d": "NA=="}
    assert "stringData" not in result.body


def test_nothing_to_merge_into():
    with pytest.raises(MissingError) as caught:
        absorb(ResourceMap([make()]), [make(name="m", behavior="merge")])
    assert caught.value.near == ("ConfigMap/n",)


@pytest.mark.parametrize("behavior", ["", "create", "other"])
def test_id_exists_already(behavior):
    with pytest.raises(RenderError):
        absorb(ResourceMap([make()]), [make(behavior=behavior)])
