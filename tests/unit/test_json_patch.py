"""JSON patches; every expectation was printed by `kustomize build` v5.8.2 for the same two documents."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.engines.kustomize.json_patch import apply_patch, decode_patch, json_round_trip
from kmanifest.model.errors import SourceError
from kmanifest.model.values import FloatText, IntText, TimeText, scalar_text


def patched(body: dict[str, Any], *operations: dict[str, Any]) -> Any:
    before = copy.deepcopy(body)
    result = apply_patch(decode_patch(list(operations)), body)
    assert body == before
    return result


def op(kind: str, path: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": kind, "path": path, "value": value, **more}


def test_operations() -> None:
    body = {
        "a": {"b": [1, 2, 3]},
        "n": 9007199254740993,
        "d": TimeText("2001-01-01T00:00:00Z", "2001-01-01"),
        "h": IntText(31, "0x1F"),
        "f": FloatText(1.5, "1.50"),
        "m": 1000000,
    }
    result = patched(
        body,
        op("replace", "/a/new", 1),
        op("add", "/a/b/-", 4),
        op("add", "/a/b/-1", 5),
        op("remove", "/a/b/-5"),
        op("copy", "/a/self", **{"from": "/a"}),
        op("move", "/moved", **{"from": "/h"}),
        op("test", "/f", 1.5),
        op("test", "/none", None),
    )
    inner = {"b": [2, 3, 4, 5], "new": 1}
    assert result == {
        "a": {**inner, "self": inner},
        "d": "2001-01-01T00:00:00Z",
        "f": 1.5,
        "m": 1000000,
        "moved": 31,
        "n": 9007199254740992,
    }
    assert type(result["d"]) is str


def test_paths() -> None:
    body = {"a/b": 1, "c~d": 2, "~1": 3}
    result = patched(
        body,
        op("replace", "/a~1b", 3),
        op("remove", "/c~0d"),
        op("add", "ignored/z", 1),
        op("remove", "/~01"),
    )
    assert result == {"a/b": 3, "z": 1}


def test_root() -> None:
    assert patched({"a": 1}, op("replace", "", {"b": 2}), op("add", "/c", 3)) == {"b": 2, "c": 3}
    assert patched({"a": [1]}, op("test", "", {"a": [1]})) == {"a": [1]}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            op("add", "/x/y", 1),
            "operation 0 (add /x/y): no such path: /x/y (there is nothing at /x)",
        ),
        (op("remove", "/x"), 'operation 0 (remove /x): there is no field "x" to remove'),
        (
            op("test", "/a", 2),
            "operation 0 (test /a): the value is not the expected one",
        ),
        (
            op("replace", "/l/1", 2),
            "operation 0 (replace /l/1): there is no element 1 in a list of 1",
        ),
        (
            op("replace", "/l/-", 2),
            'operation 0 (replace /l/-): expected a list index, got "-"',
        ),
        (op("add", "/l/3", 2), "operation 0 (add /l/3): there is no element 3 in a list of 2"),
        (
            op("bad", "/l"),
            'operation 0 (bad /l): expected one of add, remove, replace, move, test, copy, got "bad"',
        ),
        (op("add", "", 1), "operation 0 (add /): the operation needs a path below the root"),
        (op("add", "word", 1), "operation 0 (add word): no such path: word"),
        (
            op("replace", "", 1),
            "operation 0 (replace /): expected a mapping or a list, got integer",
        ),
        (
            {"op": "add", "value": 1},
            "operation 0 (add /): the operation needs a path below the root",
        ),
        (
            op("move", "/b", **{"from": "/x/y"}),
            "operation 0 (move /b): no such path: from: /x/y (there is nothing at /x)",
        ),
    ],
)
def test_errors(operation: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        patched({"a": 1, "l": [1]}, operation)
    assert (caught.value.message, caught.value.location.field) == (message, (0,))


@pytest.mark.parametrize("operations", [{}, "text", 1, [1], [[]]])
def test_invalid_json_patch(operations: Any) -> None:
    with pytest.raises(SourceError):
        decode_patch(operations)


@pytest.mark.parametrize("operations", [None, [], [None], [{"op": 1}], [{"path": []}]])
def test_decodes_even_if_it_cannot_apply(operations: Any) -> None:
    assert len(decode_patch(operations)) == len(operations or [])


def test_a_patch_can_be_applied_again() -> None:
    operations = decode_patch([op("add", "/x", {"l": [1]}), op("add", "/x/l/-", 2)])
    assert apply_patch(operations, {}) == apply_patch(operations, {}) == {"x": {"l": [1, 2]}}


def test_written_as_json_a_test_compares_text() -> None:
    operations = [op("test", "/a", FloatText(1.0, "1.0"))]
    assert apply_patch(decode_patch(operations), {"a": 1}) == {"a": 1}
    with pytest.raises(SourceError):
        apply_patch(decode_patch(operations, json_text=True), {"a": 1})


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (999999, "999999"),
        (1000000, "1e+06"),
        (1234567, "1.234567e+06"),
        (-1234567.5, "-1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (0.0000125, "1.25e-05"),
        (1e21, "1e+21"),
        (FloatText(1.0, "1.00"), "1"),
        (FloatText(1000.0, "1e3"), "1000"),
        (123456789.123, "1.23456789123e+08"),
        (18446744073709551615, "1.8446744073709552e+19"),
        (-0.0, "-0"),
    ],
)
def test_numbers_get_the_text_that_go_prints(number: float, text: str) -> None:
    # Seen in a replacement that copies the number into a string.
    assert scalar_text(json_round_trip(number)) == text


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 10**400])
def test_numbers_that_json_does_not_have(number: float) -> None:
    with pytest.raises(SourceError):
        patched({"a": number}, op("add", "/b", 1))


def test_depth_does_not_matter() -> None:
    deep: Any = {}
    for _ in range(20_000):
        deep = {"a": [deep]}
    assert apply_patch(decode_patch([op("add", "/b", 1)]), {"deep": deep})["deep"] is deep


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab1", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.sampled_from("abcd"), VALUES))
def test_no_operation_changes_nothing(body: dict[str, Any]) -> None:
    assert apply_patch((), body) is body
