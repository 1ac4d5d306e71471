"""Printed YAML; sigs.k8s.io/yaml v1.6.0 and kustomize v5.8.2 printed every expectation for the same values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.model.values import FloatText, IntText, TimeText, Value
from kmanifest.yaml import Dumper, dump, load_documents, load_values
from kmanifest.yaml.dumper import natural_order

LONG = "word " * 20 + "end"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("", '""'), ("a", "a"), (" a", "' a'"), ("a ", "'a '"), ("a: b", "'a: b'"), ("a #b", "'a #b'"),
        ("it's", "it's"), ("- a", "'- a'"), ("-a", "-a"), ("?", "'?'"), (":", "':'"), ("#", "'#'"), ("a:", "'a:'"),
        ("---", "'---'"), ("yes", '"yes"'), ("1", '"1"'), ("0x1F", '"0x1F"'), ("0o17", '"0o17"'), ("1e3", '"1e3"'),
        ("2001-01-01", '"2001-01-01"'), ("12:30", '"12:30"'), ("~", '"~"'), ("<<", "<<"), ("=", "="),
        ("a\tb", '"a\\tb"'), ("é", "é"), ("\U0001f600", '"\\U0001F600"'), ("\ufeffx", '"\\uFEFF\\x78"'),
        ("a\x85b", "a b"), ("\u2028", "'\u2028'"), ("a\u2028b", "'a\u2028  b'"),
        ("a\n", "|\n  a"), ("a\nb", "|-\n  a\n  b"), ("a\n\n", "|+\n  a\n"), (" a\nb", "|2-\n   a\n  b"),
        ("\n", "|2+\n"), ("a\n\n\nb\n", "|\n  a\n\n\n  b"), ("a \nb", '"a \\nb"'), ("a\r\nb", '"a\\r\\nb"'),
        (True, "true"), (None, "null"), ([], "[]"), ({}, "{}"), ((1,), "\n- 1"),
        (1.5, "1.5"), (1e3, "1000"), (1e21, "1e+21"), (1e20, "1e+20"), (123456789.123, "1.23456789123e+08"),
        (123456.789, "123456.789"), (562949953421312.25, "5.629499534213122e+14"), (0.000001, "1e-06"), (0.0001, "0.0001"), (-0.0, "0"), (2.0**60, "1152921504606847000"),
        (1 << 63, "9223372036854775808"), (1 << 64, "1.8446744073709552e+19"),
        (IntText(31, "0x1F"), "31"), (FloatText(1.5, "1.50"), "1.5"),
        (TimeText("2001-01-01T00:00:00Z", "2001-01-01"), '"2001-01-01T00:00:00Z"'),
    ],
)  # fmt: skip
def test_values(value: Any, printed: str) -> None:
    assert dump({"k": value}) == f"k: {printed}\n".replace("k: \n", "k:\n")


def test_containers() -> None:
    value: Value = {"b": [1, {"c": [], "d": {}}, [["x"], {"e": 1}]], "a": {"n": {"m": None}}}
    assert dump(value) == (
        'a:\n  "n":\n    m: null\nb:\n- 1\n- c: []\n  d: {}\n- - - x\n  - e: 1\n'
    )
    assert dump([]) == "[]\n"
    assert dump("x") == "x\n"


def test_lines_are_folded_after_column_80() -> None:
    words = ("word " * 15).strip()
    assert dump({"k": f"{words} more and more"}) == f"k: {words} more\n  and more\n"
    assert dump({"k": f"{words} more' and: more"}) == f"k: '{words} more''\n  and: more'\n"
    assert dump({"k": f"{words} more\t and more"}) == f'k: "{words} more\\t\n  and more"\n'
    assert dump({"k": "x" * 90 + "  y z"}) == "k: " + "x" * 90 + "  y\n  z\n"


def test_keys_that_do_not_fit_before_a_colon() -> None:
    key = "k" * 129
    assert dump({key: {"a": 1}}) == f"? {key}\n: a: 1\n"
    assert dump({key: ["a"]}) == f"? {key}\n: - a\n"
    assert dump({"a\nb": "c"}) == "? |-\n  a\n  b\n: c\n"
    assert dump({key[1:]: 1}) == f"{key[1:]}: 1\n"


def test_order_of_keys() -> None:
    expected = ["-y", ".z", "_x", "~", "1", "01", "2", "10", "A", "B", "a", "a2", "a10", "b"]
    assert natural_order(reversed(expected)) == expected
    circular = ["v1", "v1alpha1", "v1beta1", "v2", "v10"]
    assert natural_order(circular) == natural_order(reversed(circular))


def test_where_the_order_goes_in_a_circle_the_way_of_sorting_is_fixed() -> None:
    circular = ["v1", "v1alpha1", "v1beta1", "v2", "v10"]
    expected = ["v1", "v2", "v10", "v1alpha1", "v1beta1"]
    assert natural_order(circular) == natural_order(reversed(circular)) == expected


def test_many_keys_that_must_be_compared_one_by_one() -> None:
    keys = [f"key_{number}" for number in range(5_000)]
    assert natural_order(reversed(keys)) == keys


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\x7f", "\x80", "\ufffe", "\ud800", {1: 2}, object()]
)
def test_what_can_not_be_printed(value: Any) -> None:
    with pytest.raises(SourceError):
        dump({"k": value})


def test_depth_does_not_depend_on_the_stack_of_python() -> None:
    value: Any = "x"
    for _ in range(5_000):
        value = [value]
    assert dump(value) == "- " * 5_000 + "x\n"


def limited(value: Any, limit: int) -> str:
    return Dumper(DEFAULT_LIMITS._replace(max_output=limit)).dump(value)


@pytest.mark.parametrize(
    "value",
    ["text", {}, {"é": "ü"}, [[1, {"a": LONG}]], {"a": "b\n\nc", "k" * 200: ["\u2028x"]}, ["x"] * 50_000],
)  # fmt: skip
def test_bound_on_the_output_is_exact(value: Any) -> None:
    printed = dump(value)
    assert limited(value, len(printed)) == printed
    with pytest.raises(LimitError, match=r"more than \d+ characters \(max_output\)"):
        limited(value, len(printed) - 1)


def test_what_comes_first_in_the_text_is_raised() -> None:
    value = {"a": "x", "b": "\x7f"}
    with pytest.raises(SourceError):
        limited(value, 5)
    with pytest.raises(LimitError):
        limited(value, 4)


def test_what_has_no_end_is_out_of_bounds() -> None:
    mapping: dict[str, Any] = {}
    mapping["a"] = {"b": mapping}
    circle: list[Any] = []
    circle.append([circle])
    for value in (mapping, circle, [1, circle]):
        with pytest.raises(LimitError):
            limited(value, 1_000_000)


@pytest.mark.parametrize("text", ["a\n" * 9_999, "a " * 9_999, "a\t " * 9_999, "a\u2028" * 9_999])
def test_deep_text_of_many_lines_is_out_of_bounds(text: str) -> None:
    value: Any = text
    for _ in range(99):
        value = {"k": value}
    with pytest.raises(LimitError):
        limited(value, 1_000_000)


def test_one_dumper_prints_many_documents() -> None:
    dumper = Dumper()
    assert [dumper.dump({"k": LONG}), dumper.dump({"deeper": [{"k": LONG}]})] == [
        dump({"k": LONG}),
        dump({"deeper": [{"k": LONG}]}),
    ]


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x85\ufffe\uffff"), max_size=200
).filter(lambda text: not any("\x7f" <= char <= "\x9f" for char in text))
scalars = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | texts
keys = texts.filter(lambda key: key != "<<")
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20
)


@given(trees)
def test_what_is_printed_is_read_back(value: Any) -> None:
    assert load_values(dump(value).encode()) == value


@given(st.dictionaries(keys, trees, min_size=1))
def test_printing_is_stable(value: Any) -> None:
    once = dump(load_documents(dump(value).encode())[0])
    assert dump(load_documents(once.encode())[0]) == once
