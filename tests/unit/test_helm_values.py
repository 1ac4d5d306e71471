"""The values of a chart: the syntax of --set, layers, and merged tables."""

import pytest

from kmanifest.engines.helm.gotemplate.values import Int64
from kmanifest.engines.helm.values import set_flags
from kmanifest.engines.helm.values.layers import ValueSources, merge_sources
from kmanifest.model.errors import KmanifestError, SourceError

FILES = {"a.yaml": b"x: 1\nt: {a: 1, b: null}\n", "b.yaml": b"t: {b: 2, c: [1]}\n", "l.yaml": b"[]"}


def read(path: str) -> bytes:
    return FILES[path]


def set_typed(*texts: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for text in texts:
        set_flags.set_typed(text, values)
    return values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1", {"a": 1}),
        ("a.b=x,c=", {"a": {"b": "x"}, "c": ""}),
        ("a[1]=x", {"a": [None, "x"]}),
        ("a[0]", {"a": []}),
        ("a[0][1].b=x", {"a": [[None, {"b": "x"}]]}),
        ("a={1,x},b=2", {"a": [1, "x"], "b": 2}),
        ("a={}", {"a": [""]}),
        ("a=\\,b\\=c", {"a": ",b=c"}),
        ("a=TRUE,b=null,c=007,d=0,e=1.5", {"a": True, "b": None, "c": "007", "d": 0, "e": "1.5"}),
        ("a=9223372036854775808", {"a": "9223372036854775808"}),
        ("a=+007,b=-7," + "c=-" + "0" * 30 + "7", {"a": 7, "b": -7, "c": -7}),
        ("a={1}b=2", {"a": [1], "b": 2}),
        ("a[1000000000000000000]", {"a": []}),
        ("=1,a.=2"[:2], {}),
    ],
)
def test_set(text: str, values: dict[str, object]):
    assert set_typed(text) == values


def test_integers_of_flags_are_int64_and_those_of_files_float64():
    values = merge_sources(ValueSources(files=("a.yaml",), typed=("n=1",)), read)
    assert isinstance(values["n"], Int64)
    assert isinstance(values["x"], float)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("a",), 'key "a" has no value'),
        (("a,b=1",), 'key "a" has no value (cannot end with ,)'),
        (("a[70000]=1",), "index of 70000 is greater than maximum supported index of 65536"),
        (
            ("a[1000000000000000000]=1",),
            "index of 1000000000000000000 is greater than maximum supported index of 65536",
        ),
        (
            ("a[9223372036854775808]=1",),
            'error parsing index: strconv.Atoi: parsing "9223372036854775808": value out of range',
        ),
        (
            ("a[x]=1",),
            'error parsing index: strconv.Atoi: parsing "x": invalid syntax',
        ),
        (("a[-1]=1",), "negative -1 index not allowed"),
        (("a={1",), "list must terminate with '}'"),
        (
            ("a=1", "a.b=1"),
            "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
        ),
    ],
)
def test_refused(texts: tuple[str, ...], message: str):
    with pytest.raises(SourceError) as caught:
        set_typed(*texts)
    assert caught.value.message == message


def test_the_number_of_list_items_is_limited():
    with pytest.raises(KmanifestError, match="one --set flag adds more than 4000000 list items"):
        set_typed(",".join(f"a{index}[65536]=1" for index in range(100)))


def test_nested_indexes_do_not_exhaust_the_stack():
    with pytest.raises((KmanifestError, RecursionError)):
        set_typed("a" + "[0]" * 100_000 + "=1")


def test_layers_keep_null_and_are_merged_in_the_order_of_their_flags():
    sources = ValueSources(files=("a.yaml", "b.yaml"), json=('t={"d":1}',), strings=("x=2",))
    assert merge_sources(sources, read) == {"x": "2", "t": {"d": 1.0}}
    assert merge_sources(ValueSources(files=("a.yaml",)), read)["t"] == {"a": 1.0, "b": None}


def test_a_values_file_must_contain_a_table():
    with pytest.raises(SourceError, match=r"failed to parse l\.yaml: .*cannot unmarshal array"):
        merge_sources(ValueSources(files=("l.yaml",)), read)
