"""Strategic merge patches; every expectation was printed by `kustomize build` v5.8.2 for the same two documents."""

import contextlib
import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.engines.kustomize.merge import DELETED, WORDS_QUOTED_AFTER_PATCH, merge
from kmanifest.engines.kustomize.scalars import must_be_quoted
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.values import IntText, TimeText
from kmanifest.schema.openapi import BUILTIN
from kmanifest.yaml.resolve import WORDS_OF_OTHER_TYPES


def deployment(pod_spec: str) -> Any:
    return yaml.safe_load(
        f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: x}}, spec: {{template: {{spec: {pod_spec}}}}}}}"
    )


def service(ports: str) -> Any:
    return yaml.safe_load(
        f"{{apiVersion: v1, kind: Service, metadata: {{name: x}}, spec: {{ports: {ports}}}}}"
    )


def custom(spec: str) -> Any:
    return yaml.safe_load(
        f"{{apiVersion: e.com/v1, kind: Foo, metadata: {{name: x}}, spec: {spec}}}"
    )


CASES = {
    "merged list begins with the patch": (
        deployment("{containers: [{name: a, image: 'a:1'}, {name: b, image: 'b:1'}]}"),
        deployment("{containers: [{name: c, image: 'c:1'}, {name: b, image: 'b:2'}]}"),
        deployment(
            "{containers: [{name: c, image: 'c:1'}, {name: b, image: 'b:2'}, {name: a, image: 'a:1'}]}"
        ),
    ),
    "list of an unknown type is replaced": (
        custom("{items: [{name: a}, {name: b}]}"),
        custom("{items: [{name: c}]}"),
        custom("{items: [{name: c}]}"),
    ),
    "null deletes and adds nothing": (
        custom("{a: 1, b: null, c: {d: 1}}"),
        custom("{a: null, e: null, f: {g: null, h: 1}}"),
        custom("{b: null, c: {d: 1}, f: {h: 1}}"),
    ),
    "delete of an element": (
        deployment("{containers: [{name: a}, {name: b}]}"),
        deployment("{containers: [{name: a, $patch: delete}]}"),
        deployment("{containers: [{name: b}]}"),
    ),
    "delete of a mapping": (
        custom("{a: {b: 1}, c: 1}"),
        custom("{a: {$patch: delete}}"),
        custom("{c: 1}"),
    ),
    "replace of a mapping": (
        custom("{a: {b: 1}, c: 1}"),
        custom("{a: {$patch: replace, d: 1, e: null}}"),
        custom("{a: {d: 1}, c: 1}"),
    ),
    "replace of a list": (
        deployment("{containers: [{name: a}, {name: b}]}"),
        deployment("{containers: [{name: c}, {$patch: replace}]}"),
        deployment("{containers: [{name: c}]}"),
    ),
    "delete of a list": (
        deployment("{containers: [{name: a}], volumes: [{name: v}]}"),
        deployment("{volumes: [{$patch: delete}]}"),
        deployment("{containers: [{name: a}]}"),
    ),
    "replace of an element does nothing": (
        deployment("{containers: [{name: a, image: x}]}"),
        deployment("{containers: [{name: a, $patch: replace, command: [y]}]}"),
        deployment("{containers: [{name: a, image: x}]}"),
    ),
    "an element without its key takes those before it away": (
        deployment("{containers: [{name: a}, {image: x}, {name: c}]}"),
        deployment("{containers: [{name: b}]}"),
        deployment("{containers: [{image: x}]}"),
    ),
    "of elements with equal keys the last stays, though the patch is elsewhere": (
        deployment(
            "{containers: [{name: a, env: [{name: E, value: one}, {name: E, value: two}]}]}"
        ),
        deployment("{hostname: h}"),
        deployment("{containers: [{name: a, env: [{name: E, value: two}]}], hostname: h}"),
    ),
    "with two keys the new elements come first, then the base's": (
        service("[{port: 80, protocol: TCP, name: a}, {port: 80, protocol: UDP, name: b}]"),
        service("[{port: 80, protocol: UDP, name: c}, {port: 81, protocol: TCP}]"),
        service(
            "[{port: 81, protocol: TCP}, {port: 80, protocol: TCP, name: a}, {port: 80, protocol: UDP, name: c}]"
        ),
    ),
    "ports without a protocol have one key": (
        service("[{port: 80, name: a}, {port: 81}]"),
        service("[{port: 81, name: c}, {port: 82}]"),
        service("[{port: 81, name: c}, {port: 82}, {port: 80, name: a}]"),
    ),
    "a port without a protocol is lost on one with": (
        service("[{port: 80, protocol: TCP, name: a}]"),
        service("[{port: 80, name: c}]"),
        service("[{port: 80, protocol: TCP, name: a}]"),
    ),
    "keys are compared as text": (
        service("[{port: 80, name: a}]"),
        service("[{port: '80', targetPort: 1}]"),
        service("[{port: '80', name: a, targetPort: 1}]"),
    ),
    "a type inside a field that is not known": (
        custom("{t: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}}"),
        custom("{t: {spec: {containers: [{name: b}]}}}"),
        custom("{t: {apiVersion: v1, kind: Pod, spec: {containers: [{name: b}, {name: a}]}}}"),
    ),
    "directives that kustomize does not implement are fields": (
        custom("{a: {b: 1}}"),
        custom("{a: {$retainKeys: [b], $setElementOrder/l: [x]}}"),
        custom("{a: {b: 1, $retainKeys: [b], $setElementOrder/l: [x]}}"),
    ),
    "scalars merge too": (
        yaml.safe_load("{apiVersion: v1, kind: Pod, metadata: {name: x, finalizers: [a, b]}}"),
        yaml.safe_load("{apiVersion: v1, kind: Pod, metadata: {name: x, finalizers: [c, b]}}"),
        yaml.safe_load("{apiVersion: v1, kind: Pod, metadata: {name: x, finalizers: [c, b, a]}}"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_merge_as_kustomize_does(name: str) -> None:
    base, patch, expected = CASES[name]
    before = copy.deepcopy((base, patch))
    assert merge(base, patch, BUILTIN) == expected
    assert (base, patch) == before


def test_quoted_string_stays_a_string() -> None:
    base = {"kind": "Foo", "a": "1", "b": "plain", "c": 1, "d": "null", "e": "true"}
    patch = {
        "a": 2,
        "b": 3,
        "c": "4",
        "d": IntText(31, "0x1F"),
        "e": TimeText("2001-01-01T00:00:00Z", "2001-01-01"),
    }
    assert merge(base, patch, BUILTIN) == {
        "kind": "Foo",
        "a": "2",
        "b": 3,
        "c": "4",
        "d": "0x1F",
        "e": "2001-01-01",
    }


def test_whole_resource() -> None:
    base = custom("{a: 1}")
    assert merge(base, {"$patch": "delete", **custom("{}")}, BUILTIN) is DELETED
    assert merge(base, {"$patch": "replace", **custom("{b: 1}")}, BUILTIN) == base
    assert merge(base, dict.fromkeys(base), BUILTIN) == {}


@pytest.mark.parametrize(
    ("base", "patch", "message"),
    [
        (custom("{a: {b: 1}}"), custom("{a: [1]}"), "spec.a: expected a mapping, got list"),
        (custom("{a: [1]}"), custom("{a: {b: 1}}"), "spec.a: expected a list, got mapping"),
        (custom("{a: 1}"), custom("{a: {b: 1}}"), "spec.a: expected a scalar, got mapping"),
        (
            custom("{a: {b: 1}}"),
            custom("{a: {$patch: erase}}"),
            'spec.a.$patch: expected delete, replace or merge, got "erase"',
        ),
        (
            deployment("{containers: [str]}"),
            deployment("{containers: [{name: a}]}"),
            "spec.template.spec.containers: expected a mapping, got string",
        ),
    ],
)
def test_errors_name_the_field(base: Any, patch: Any, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        merge(base, patch, BUILTIN)
    assert str(caught.value) == message


def test_unchanged_branches_are_shared() -> None:
    base = deployment(
        "{containers: [{name: a, args: [x]}, {name: b, env: [{name: E}]}], volumes: [{name: v}]}"
    )
    result: Any = merge(base, deployment("{containers: [{name: a, image: i}]}"), BUILTIN)
    old, new = base["spec"]["template"]["spec"], result["spec"]["template"]["spec"]
    assert new["volumes"] is old["volumes"]
    assert new["containers"][1] is old["containers"][1]
    assert new["containers"][0]["args"] is old["containers"][0]["args"]


def test_too_deep_is_an_error_of_one_line() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": deep}
    with pytest.raises(LimitError, match="max_depth"):
        merge(custom("{}"), {"spec": deep}, BUILTIN)


def test_depth_does_not_matter_where_the_patch_has_nothing() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": deep}
    result: Any = merge({"deep": deep}, {"b": 1}, BUILTIN)
    assert result["deep"] is deep


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab1", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abcd"), VALUES))
def test_merging_nothing_changes_nothing(base: dict[str, Any]) -> None:
    assert merge(base, {}, BUILTIN) is base


@given(
    st.dictionaries(st.sampled_from("abcd"), VALUES),
    st.dictionaries(st.sampled_from("abcd"), VALUES),
)
def test_merging_changes_no_input(base: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((base, patch))
    with contextlib.suppress(SourceError):
        merge(base, patch, BUILTIN)
    assert (base, patch) == before


def test_words_that_are_quoted_after_a_patch():
    expected = {word for word in WORDS_OF_OTHER_TYPES if not must_be_quoted(word)}
    assert expected == WORDS_QUOTED_AFTER_PATCH
