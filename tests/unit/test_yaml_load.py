"""Loaded YAML; every expectation is the result of kustomize v5.8.2 or sigs.k8s.io/yaml v1.6.0 for the same text."""

import pickle
from typing import Any

import pytest

from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.model.values import FloatText, IntText, TimeText
from kmanifest.yaml import dump, load_documents, load_values


def load(text: str) -> Any:
    return load_documents(text.encode())[0]


def value(text: str) -> Any:
    return load(f"v: {text}\n")["v"]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("yes", '"yes"'), ("off", '"off"'), ("True", "true"), ("~", "null"), ("", "null"),
        ("0777", "511"), ("0o17", "15"), ("0x1F", "31"), ("0b1010", "10"), ("1_000", "1000"), ("08", "8"),
        ("1e3", "1000"), ("1.10", "1.1"), ("-0.0", "0"), ("1e400", "1e400"), (".1_0", "0.1"),
        ("18446744073709551616", "1.8446744073709552e+19"), ("12:30:45", '"12:30:45"'), ("=", "="),
        ("2001-01-01", '"2001-01-01T00:00:00Z"'), ("2001-02-30", "2001-02-30"),
        ("2001-12-14t21:59:43.10-05:00", '"2001-12-14T21:59:43.1-05:00"'),
        ("2001-12-14 21:59:43", '"2001-12-14T21:59:43Z"'),
        ("!!str 12", '"12"'), ("!!binary aGVsbG8=", "hello"), ("!!float 1", "1"), ("! 12", "12"), ("!foo 12", '"12"'),
    ],
)  # fmt: skip
def test_scalars_of_resource_files(text: str, printed: str) -> None:
    assert dump(load(f"v: {text}\n")) == f"v: {printed}\n"


def test_numbers_and_dates_keep_their_text() -> None:
    for text, kind in (
        ("0x1F", IntText),
        ("1.50", FloatText),
        ("1e3", FloatText),
        ("2001-1-1", TimeText),
    ):
        kept = value(text)
        assert type(kept) is kind
        assert kept.text == text
        assert pickle.loads(pickle.dumps(kept)).text == text  # noqa: S301 - our own bytes
    assert type(value("31")) is int
    assert type(value("1.5")) is float


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v: yes", {"v": True}), ("v: 'yes'", {"v": "yes"}), ("v: 2001-01-01", {"v": "2001-01-01"}),
        ("v: 0o17", {"v": 15}), ("y: 1", {"true": 1}), ("1: a", {"1": "a"}), ("1.5: a", {"1.5": "a"}),
        ("a: 1\na: 2", {"a": 2}), ('"<<": {a: 1}', {"<<": {"a": 1}}), ("# nothing", None),
        ("x: &x {a: 1}\nz:\n  a: 2\n  <<: *x", {"x": {"a": 1}, "z": {"a": 1}}),
    ],
)  # fmt: skip
def test_values_files(text: str, expected: Any) -> None:
    assert load_values(text.encode()) == expected


def test_own_keys_win_over_merged_ones_and_the_first_of_a_list() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\n"
    assert load(text)["z"] == {"a": 0, "b": 1, "c": 2}


def test_documents_are_cut_where_kyaml_cuts_them() -> None:
    assert load_documents(b"a: 1\n---\n# none\n--- # comment\r\nb: |\r\n  x\r\n") == [
        {"a": 1},
        None,
        {"b": "x\n"},
    ]
    assert load_documents(b"a: 1\n---\n---\nb: 1\n") == [{"a": 1}, {"b": 1}]
    assert load_documents(b"") == [None]


def test_folded_text_gains_lines_before_indented_ones() -> None:
    assert value(">\n  x\n   y\n  z") == "x\n\n y\nz\n"


def test_empty_value_in_brackets_is_an_empty_string() -> None:
    assert load("{a:1}") == {"a:1": ""}
    assert load("v: {a: }\nw:\n") == {"v": {"a": ""}, "w": None}


def test_aliases_share_their_object() -> None:
    document = load("a: &a {x: [1]}\nb: *a\n")
    assert document["a"] is document["b"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "5:3", '"c" is already set at line 3'),
        ("a: 1\n---\nb: 1\nb: 2\n", "4:1", '"b" is already set at line 3'),
        ("a: *x\n", "1:4", "unknown anchor `x`"),
        ("a: &x [*x]\n", "1:8", "the anchor `x` contains itself"),
        ("data:\n  8080: web\n", "2:3", "the key `8080` is not a string: put it in quotes"),
        ("a: .inf\n", "1:4", "+Inf can't be written as JSON: put it in quotes"),
        ("a: 1\n--- b: 1\nc: 2\n", "2:5", "text after the document separator `---`"),
        ("%YAML 1.2\n--- \na: 1", "", "did not find expected <document start>"),
        ("a:\n\tb: 1\n", "2:1", "found character that cannot start any token"),
        ("a: \x00\n", "1:4", "control characters are not allowed"),
        ("a: \x7f\n", "1:4", "control characters are not allowed"),
        ('a: "\\/"\n', "1:4", "unknown escape `\\/` in double quotes: write `/`"),
        ("a:\n  <<: 1\n", "2:7", "`<<` merges a mapping or a list of mappings"),
        ("? [a]\n: b\n", "1:3", "a key must be a string, not a mapping or a list"),
        ("a: !!int 1.5\n", "1:4", "!!float `1.5` is not a !!int"),
    ],
)
def test_errors_tell_the_place(text: str, place: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_documents(text.encode())
    assert message in caught.value.message
    assert str(caught.value.location).lstrip(":") == place or not place
    assert "\n" not in str(caught.value)


def test_version_directive() -> None:
    with pytest.raises(SourceError, match="incompatible"):
        load_values(b"%YAML 1.2\n---\na: 1\n")


def test_bytes_that_are_not_utf8() -> None:
    with pytest.raises(SourceError) as caught:
        load_documents(b"a: 1\nb: \xff\n")
    assert (caught.value.location.line, caught.value.location.column) == (2, 4)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[\n"])
def test_depth_is_bounded(opening: str) -> None:
    with pytest.raises(LimitError, match="max_depth"):
        load_documents(opening.encode() * 200_000)


def test_bounds() -> None:
    with pytest.raises(LimitError, match="max_input_file"):
        load_documents(b"a: 1\n" * 3, limits=DEFAULT_LIMITS._replace(max_input_file=10))
    with pytest.raises(LimitError, match="max_documents"):
        load_documents(b"a: 1\n---\n" * 3, limits=DEFAULT_LIMITS._replace(max_documents=2))
    with pytest.raises(LimitError, match="max_string"):
        load_documents(b"a: " + b"x" * 100, limits=DEFAULT_LIMITS._replace(max_string=50))


def test_alias_bombs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)
    ]
    with pytest.raises(SourceError, match="excessive aliasing"):
        load("\n".join(lines))


def test_many_uses_of_a_small_anchor_are_fine() -> None:
    document = load("a: &a x\nb: [" + "*a, " * 500 + "]\n")
    assert document["b"] == ["x"] * 500


@pytest.mark.parametrize(
    ("text", "key"), [("0.0", "0"), ("-0.0", "-0"), ("-0", "0"), ("0.5", "0.5"), ("1e-9", "1e-09")]
)
def test_numbers_as_keys_of_kustomization_files(text: str, key: str):
    assert load_values(f"{text}: x\n".encode()) == {key: "x"}
