"""The values of environments: layers, the schema that the first one is, merging, and the location of each fault."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest import (
    KmanifestError,
    LimitError,
    Limits,
    MemoryTree,
    MissingError,
    Options,
    SourceError,
)
from kmanifest.engines.environment.values.declarations import find_faults
from kmanifest.engines.environment.values.jsonnet_positions import find_key
from kmanifest.engines.environment.values.layers import (
    Layer,
    LayerEntry,
    ListRule,
    load_layers,
    read_entries,
)
from kmanifest.engines.environment.values.merging import MergedValues, merge_layers
from kmanifest.engines.environment.values.paths import format_path, parse_path
from kmanifest.engines.environment.values.reading import plain_values, read_values
from kmanifest.engines.environment.values.schema_steps import check_steps
from kmanifest.engines.environment.values.toml_positions import TomlIndex
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import FieldPath, Location
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin, Registry

FILE = "app/kmanifest.yaml"


def load(
    files: Mapping[str, str | bytes],
    values: Any,
    row: dict[str, str] | None = None,
    *,
    options: Options = Options(),
    reader: Plugin | None = None,
) -> tuple[Layer, ...]:
    """Load the layers of app/kmanifest.yaml. `files` are relative to its directory."""
    tree = MemoryTree({f"app/{name}": content for name, content in files.items()})
    registry = Registry([reader] if reader else [])
    ctx = Context(tree, registry, options=options, directory="app")
    return load_layers(ctx, read_entries(values), FILE, row or {})


def merge(*texts: str, lists: Any = None) -> MergedValues:
    """Merge YAML strings: values.yaml, then layer1.yaml and so on. `lists` are the rules of the last layer."""
    names = ["values.yaml", *(f"layer{number}.yaml" for number in range(1, len(texts)))]
    entries: list[Any] = list(names)
    if lists is not None:
        entries[-1] = {"file": names[-1], "lists": lists}
    return merge_layers(load(dict(zip(names, texts, strict=True)), entries))


def fault(*texts: str, lists: Any = None) -> KmanifestError:
    with pytest.raises(KmanifestError) as caught:
        merge(*texts, lists=lists)
    return caught.value


# --- merging -------------------------------------------------------------------------------------------------------

MERGES = {
    "later scalars win": (["a: 1\nb: 2", "b: 3"], {"a": 1, "b": 3}),
    "mappings are merged deeply": (["a: {b: {c: 1, d: 2}}", "a: {b: {d: 3}}"], {"a": {"b": {"c": 1, "d": 3}}}),
    "lists are replaced": (["a: [1, 2, 3]", "a: [4]"], {"a": [4]}),
    "an empty list refields": (["a: [1]", "a: []"], {"a": []}),
    "an empty mapping changes nothing": (["a: {b: 1}", "a: {}"], {"a": {"b": 1}}),
    "an open mapping takes any keys": (["a: {}", "a: {b: {c: [x]}}", "a: {b: {d: null}}"], {"a": {"b": {"c": ["x"], "d": None}}}),
    "an open list takes any items": (["a: []", "a: [1, b, {c: d}, null]"], {"a": [1, "b", {"c": "d"}, None]}),
    "null takes a scalar": (["a: null", "a: 5"], {"a": 5}),
    "null takes a mapping": (["a: null", "a: {b: 1}", "a: {c: 2}"], {"a": {"b": 1, "c": 2}}),
    "null takes null again": (["a: null", "a: {b: 1}", "a: null"], {"a": None}),
    "null takes another type later": (["a: null", "a: [1]", "a: x"], {"a": "x"}),
    "an integer is a number": (["a: 0.5", "a: 2"], {"a": 2}),
    "an item fits one of several": (["a: [1, x]", "a: [y, 2, z]"], {"a": ["y", 2, "z"]}),
    "items have the keys of all items": (["a: [{b: 1}, {c: x}]", "a: [{c: y, b: 2}]"], {"a": [{"c": "y", "b": 2}]}),
    "an item may lack keys": (["a: [{b: 1, c: 2}]", "a: [{c: 3}]"], {"a": [{"c": 3}]}),
    "one empty item opens all": (["a: [{b: 1}, {}]", "a: [{c: x}]"], {"a": [{"c": "x"}]}),
    "a null item allows any": (["a: [1, null]", "a: [x, [y]]"], {"a": ["x", ["y"]]}),
    "lists in lists": (["a: [[1], [x]]", "a: [[2, y]]"], {"a": [[2, "y"]]}),
    "an empty first layer is open": (["", "a: 1"], {"a": 1}),
    "an empty later layer": (["a: 1", ""], {"a": 1}),
    "a comment alone is empty": (["# nothing", "a: 1"], {"a": 1}),
    "one layer": (["a: 1"], {"a": 1}),
    "yes and on are strings": (["a: on\nb: yes\nc: 2001-01-01", "a: off"], {"a": "off", "b": "yes", "c": "2001-01-01"}),
    "numbers have no source text": (["a: 0x1F\nb: 1.50"], {"a": 31, "b": 1.5}),
    "anchors": (["a: &x {b: 1}\nc: *x", "c: {b: 2}"], {"a": {"b": 1}, "c": {"b": 2}}),
}  # fmt: skip


@pytest.mark.parametrize("name", MERGES)
def test_merge(name: str):
    texts, expected = MERGES[name]
    assert merge(*texts).value == expected


def test_keys_have_the_order_of_the_first_layer_then_new_ones():
    assert list(merge("b: {}\na: 1\nc: 2", "c: 3\na: 4").value) == ["b", "a", "c"]
    assert list(merge("{}", "z: 1", "y: 2\nz: 3").value) == ["z", "y"]


def test_values_are_plain():
    value = merge("a: 0x1F\nb: 1.50\nc: 2001-01-01\nd: ~").value
    assert [item.__class__ for item in value.values()] == [int, float, str, type(None)]
    assert {key.__class__ for key in value} == {str}


LISTS = {
    "append": ("a: [1, 2]", "a: [3]", {"a": "append"}, {"a": [1, 2, 3]}),
    "append to an empty list": ("a: []", "a: [3]", {"a": "append"}, {"a": [3]}),
    "append in a mapping": ("a: {b: [1]}", "a: {b: [2]}", {"a.b": "append"}, {"a": {"b": [1, 2]}}),
    "a dot before the path": ("a: {b: [1]}", "a: {b: [2]}", {".a.b": "append"}, {"a": {"b": [1, 2]}}),
    "a key with a dot": ("{a.b: [1]}", "{a.b: [2]}", {'"a.b"': "append"}, {"a.b": [1, 2]}),
    "a rule without a list": ("a: [1]\nb: 1", "b: 2", {"a": "append"}, {"a": [1], "b": 2}),
    "by a key": (
        "a: [{name: x, v: 1, w: 2}, {name: y, v: 3}]",
        "a: [{name: z, v: 5}, {name: x, v: 4}]",
        {"a": {"by": "name"}},
        {"a": [{"name": "x", "v": 4, "w": 2}, {"name": "y", "v": 3}, {"name": "z", "v": 5}]},
    ),
    "by a number": (
        "a: [{port: 80, n: {x: 1}}]", "a: [{port: 80, n: {x: 2}}]", {"a": {"by": "port"}},
        {"a": [{"port": 80, "n": {"x": 2}}]},
    ),
    "true is not 1": (
        "a: [{k: 1, v: 1}, {k: true, v: 2}]", "a: [{k: true, v: 3}]", {"a": {"by": "k"}},
        {"a": [{"k": 1, "v": 1}, {"k": True, "v": 3}]},
    ),
    "other lists are replaced": ("a: [1]\nb: [1]", "a: [2]\nb: [2]", {"b": "append"}, {"a": [2], "b": [1, 2]}),
    "lists in merged items are replaced": (
        "a: [{name: x, l: [1]}]", "a: [{name: x, l: [2]}]", {"a": {"by": "name"}},
        {"a": [{"name": "x", "l": [2]}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_list_rules(name: str):
    first, second, lists, expected = LISTS[name]
    assert merge(first, second, lists=lists).value == expected


# --- faults --------------------------------------------------------------------------------------------------------

FAULTS = {
    "unknown key": (
        ["web:\n  replicas: 1", "web:\n  replcas: 2"],
        "app/layer1.yaml:2:3: web.replcas: not declared in values.yaml (did you mean replicas?)",
    ),
    "unknown key without a near one": (
        ["a: 1", "other: 2"], "app/layer1.yaml:1:1: other: not declared in values.yaml",
    ),
    "unknown key in an item": (
        ["a: [{name: x}, {port: 1}]", "a:\n- prt: 2"],
        "app/layer1.yaml:2:3: a.0.prt: not declared in values.yaml (did you mean port?)",
    ),
    "null": (
        ["web: {replicas: 1}", "web: {replicas: null}"],
        "app/layer1.yaml:1:7: web.replicas: expected an integer, got null (declared in values.yaml:1:7)",
    ),
    "null for a mapping": (
        ["web: {replicas: 1}", "web:"],
        "app/layer1.yaml:1:1: web: expected a mapping, got null (declared in values.yaml:1:1)",
    ),
    "null in an open position": (
        ["web: {}", "web: null"],
        "app/layer1.yaml:1:1: web: expected a mapping, got null (declared in values.yaml:1:1)",
    ),
    "number for an integer": (
        ["a: 1", "a: 1.0"], "app/layer1.yaml:1:1: a: expected an integer, got number (declared in values.yaml:1:1)",
    ),
    "boolean for an integer": (
        ["a: 1", "a: true"], "app/layer1.yaml:1:1: a: expected an integer, got boolean (declared in values.yaml:1:1)",
    ),
    "integer for a boolean": (
        ["a: true", "a: 1"], "app/layer1.yaml:1:1: a: expected a boolean, got integer (declared in values.yaml:1:1)",
    ),
    "boolean for a number": (
        ["a: 1.5", "a: true"], "app/layer1.yaml:1:1: a: expected a number, got boolean (declared in values.yaml:1:1)",
    ),
    "integer for a string": (
        ["a: x", "a: 1"], "app/layer1.yaml:1:1: a: expected a string, got integer; quote it (declared in values.yaml:1:1)",
    ),
    "mapping for a scalar": (
        ["x: 0\na: 1", "x: 1\na: {b: 2}"],
        "app/layer1.yaml:2:1: a: expected an integer, got mapping (declared in values.yaml:2:1)",
    ),
    "scalar for a mapping": (
        ["a: {b: 2}", "a: 1"], "app/layer1.yaml:1:1: a: expected a mapping, got integer (declared in values.yaml:1:1)",
    ),
    "list for a mapping": (
        ["a: {b: 2}", "a: [1]"], "app/layer1.yaml:1:1: a: expected a mapping, got list (declared in values.yaml:1:1)",
    ),
    "scalar for a list": (
        ["a: []", "a: 1"], "app/layer1.yaml:1:1: a: expected a list, got integer (declared in values.yaml:1:1)",
    ),
    "item": (
        ["a: [80]", "a: [443, http]"],
        "app/layer1.yaml:1:10: a.1: expected an integer, got string (declared in values.yaml:1:1)",
    ),
    "item of several types": (
        ["a: [80, {b: 1}]", "a: [x]"],
        "app/layer1.yaml:1:5: a.0: expected an integer or a mapping, got string (declared in values.yaml:1:1)",
    ),
    "null item": (
        ["a: [80]", "a: [null]"],
        "app/layer1.yaml:1:5: a.0: expected an integer, got null (declared in values.yaml:1:1)",
    ),
    "in the third layer": (
        ["a: 1", "a: 2", "a: x"],
        "app/layer2.yaml:1:1: a: expected an integer, got string (declared in values.yaml:1:1)",
    ),
    "a key with a dot": (
        ["{a.b: 1}", "{a.c: 1}"], "app/layer1.yaml:1:2: [a.c]: not declared in values.yaml (did you mean a.b?)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str):
    texts, expected = FAULTS[name]
    error = fault(*texts)
    assert str(error) == expected
    assert not error.causes


def test_a_missing_key_is_a_missing_error_and_a_type_a_source_error():
    unknown = fault("a: 1", "b: 1")
    assert isinstance(unknown, MissingError)
    assert unknown.location == Location("app/layer1.yaml", 1, 1, ("b",))
    assert isinstance(fault("a: 1", "a: x"), SourceError)


def test_all_faults_come_at_once_in_the_order_of_layers_and_lines():
    error = fault("a: 1\nb: {c: 1}", "b:\n  d: 1\na: x", "c: 1\na: 2\nb: 3")
    assert [str(cause) for cause in error.causes] == [
        "app/layer1.yaml:2:3: b.d: not declared in values.yaml",
        "app/layer1.yaml:3:1: a: expected an integer, got string (declared in values.yaml:1:1)",
        "app/layer2.yaml:1:1: c: not declared in values.yaml",
        "app/layer2.yaml:3:1: b: expected a mapping, got integer (declared in values.yaml:2:1)",
    ]
    assert str(error) == str(error.causes[0])
    assert isinstance(error, MissingError)


def test_the_number_of_faults_is_bounded():
    layer = "".join(f"k{number}: 1\n" for number in range(1000))
    assert len(fault("a: 1", layer).causes) == 100


LIST_FAULTS = {
    "no such list": (
        "web: {env: []}", "{}", {"web.evn": "append"},
        "app/kmanifest.yaml: values.1.lists.[web.evn]: values.yaml declares no list 'web.evn' (did you mean web.env?)",
    ),
    "no list": (
        "web: {env: 1}", "{}", {"web.env": "append"},
        "app/kmanifest.yaml: values.1.lists.[web.env]: values.yaml declares no list 'web.env'",
    ),
    "item without the key": (
        "a: [{name: x, v: 1}]", "a:\n- name: x\n- v: 2", {"a": {"by": "name"}},
        "app/layer1.yaml:3:3: a.1: expected a mapping with the key 'name', by which the list is merged",
    ),
    "item that is no mapping": (
        "a: []", "a: [1]", {"a": {"by": "name"}},
        "app/layer1.yaml:1:5: a.0: expected a mapping with the key 'name', by which the list is merged",
    ),
    "two items with one key": (
        "a: [{name: x}]", "a: [{name: y}, {name: y}]", {"a": {"by": "name"}},
        "app/layer1.yaml:1:16: a.1: an earlier item has the same 'name', by which the list is merged",
    ),
    "two earlier items with one key": (
        "a: [{name: x}, {name: x}]", "a: [{name: y}]", {"a": {"by": "name"}},
        "app/values.yaml:1:16: a.1: an earlier item has the same 'name', by which the list is merged",
    ),
    "a key that is a list": (
        "a: []", "a: [{name: [x]}]", {"a": {"by": "name"}},
        "app/layer1.yaml:1:5: a.0: expected a mapping with the key 'name', by which the list is merged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIST_FAULTS)
def test_list_fault(name: str):
    first, second, lists, expected = LIST_FAULTS[name]
    assert str(fault(first, second, lists=lists)) == expected


def test_the_location_of_a_rule_has_a_line():
    files = {
        "values.yaml": "web: {env: []}",
        "b.yaml": "",
        "kmanifest.yaml": "values:\n- values.yaml\n- file: b.yaml\n  lists:\n    web.evn: append\n",
    }
    layers = load(files, ["values.yaml", {"file": "b.yaml", "lists": {"web.evn": "append"}}])
    with pytest.raises(MissingError) as caught:
        merge_layers(layers)
    assert str(caught.value.location) == "app/kmanifest.yaml:5:5"


# --- where values were set -----------------------------------------------------------------------------------------

ORIGINS = """
web: {replicas: 1, tag: a}
env: [{name: x, value: 1}, {name: y, value: 2}]
ports: [80]
open: {}
""", """
web:
  tag: b
env:
- {name: z, value: 3}
- name: y
  value: 4
ports:
- 443
open: {a: {b: 1}}
"""  # fmt: skip
RULES = {"env": {"by": "name"}, "ports": "append"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "app/layer1.yaml:2:1"),
        (("web",), "app/layer1.yaml:2:1"),
        (("web", "replicas"), "app/values.yaml:2:7"),
        (("web", "tag"), "app/layer1.yaml:3:3"),
        (("env",), "app/layer1.yaml:4:1"),
        (("env", 0), "app/values.yaml:3:7"),
        (("env", 0, "value"), "app/values.yaml:3:17"),
        (("env", 1), "app/layer1.yaml:6:3"),
        (("env", 1, "value"), "app/layer1.yaml:7:3"),
        (("env", 2, "value"), "app/layer1.yaml:5:13"),
        (("ports", 0), "app/values.yaml:4:9"),
        (("ports", 1), "app/layer1.yaml:9:3"),
        (("open", "a", "b"), "app/layer1.yaml:10:12"),
    ],
)
def test_locate(path: tuple[str | int, ...], expected: str):
    assert str(merge(*ORIGINS, lists=RULES).locate(path)) == expected


def test_the_field_of_a_location_is_the_path_in_its_layer():
    values = merge(*ORIGINS, lists=RULES)
    assert values.locate(("env", 2, "value")).field == ("env", 0, "value")


def test_later_layers_win_over_all_earlier_ones():
    values = merge("a: {b: {c: 1, d: 1, e: 1}}", "a: {b: {c: 2, d: 2}}", "\na: {b: {d: 3}}")
    assert values.value == {"a": {"b": {"c": 2, "d": 3, "e": 1}}}
    locations = [str(values.locate(("a", "b", key))) for key in "cde"]
    assert locations == ["app/layer1.yaml:1:9", "app/layer2.yaml:2:9", "app/values.yaml:1:21"]


def test_a_value_that_is_replaced_twice():
    values = merge("a: null", "a: {b: 1}", "a: {b: 2, c: 3}", "a: x", "a: {b: 4}")
    assert str(values.locate(("a", "b"))) == "app/layer4.yaml:1:5"
    assert str(values.locate(("a",))) == "app/layer4.yaml:1:1"


def test_the_second_location_in_a_file_is_found_as_the_first():
    text = "a: &x {b: 1, c: [1, {d: 2}]}\ne:\n  <<: *x\n  f: 1\n"
    files = {"a.yaml": text, "b.json": '{"a": {"b": 1, "\\ud83d\\ude00": 2}, "c": [3]}'}
    fields: dict[str, list[tuple[str | int, ...]]] = {
        "a.yaml": [
            ("a",),
            ("a", "c", 1, "d"),
            ("e", "f"),
            ("e", "b"),
            ("e", "x"),
            ("a", "c", 7),
            (),
        ],
        "b.json": [("a", "b"), ("c", 0), ("a", "\U0001f600")],
    }
    for name, paths in fields.items():
        (layer,) = load(files, [name])
        layer.locate(())
        for path in paths:
            (fresh,) = load(files, [name])
            assert layer.locate(path) == fresh.locate(path)


def test_many_locations_take_linear_time():
    text = "".join(f"key{number}: {number}\n" for number in range(5_000))
    (layer,) = load({"a.yaml": text}, ["a.yaml"])
    assert [layer.locate((f"key{number}",)).line for number in range(5_000)] == list(
        range(1, 5_001)
    )


# --- parts ---------------------------------------------------------------------------------------------------------

PARTS = "web: {env: {a.b: 1, tag: x}, ports: [80, {n: 1}]}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".web.env.tag", "x"),
        ("web.env.tag", "x"),
        ('.web.env."a.b"', 1),
        (".web.ports.0", 80),
        (".web.ports.1.n", 1),
        (".web.env", {"a.b": 1, "tag": "x"}),
    ],
)
def test_part(path: str, expected: Any):
    assert merge(PARTS).part(path).value == expected


def test_the_whole_is_a_part():
    values = merge(PARTS)
    assert values.part(".").value is values.value


@pytest.mark.parametrize(
    ("path", "message", "near"),
    [
        (".wbe", "there is no value .wbe", (".web",)),
        (".web.evn", "there is no value .web.evn", (".web.env",)),
        (".web.env.a_b", "there is no value .web.env.a_b", ('.web.env."a.b"',)),
        (".web.ports.2", "there is no value .web.ports.2", ()),
        (".web.ports.x", "there is no value .web.ports.x", ()),
        (".web.env.tag.x", "there is no value .web.env.tag.x", ()),
    ],
)
def test_a_part_that_does_not_exist(path: str, message: str, near: tuple[str, ...]):
    with pytest.raises(MissingError) as caught:
        merge(PARTS).part(path)
    assert (caught.value.message, caught.value.near) == (message, near)


@pytest.mark.parametrize("path", ["", "..", ".a.", ".a..b", '."a', 'a"b"', '."a"b', "a b", ".a[0]"])
def test_a_path_that_is_not_well_formed(path: str):
    with pytest.raises(SourceError, match="expected a path such as"):
        parse_path(path)


@given(st.lists(st.text(), max_size=4))
def test_paths_are_read_as_they_are_written(steps: list[str]):
    assert parse_path(format_path(steps)) == tuple(steps)


def test_a_part_locates_values_by_their_path_in_it():
    part = merge("web: {env: {tag: x}}", "web:\n  env:\n    tag: y").part(".web").part("env")
    assert str(part.locate(("tag",))) == "app/layer1.yaml:3:5"


def test_a_part_as_a_layer_of_other_values():
    parent = merge("shop: {}", "shop:\n  web:\n    replcas: 2").part(".shop")
    child = load({"values.yaml": "web: {replicas: 1}"}, ["values.yaml"])
    with pytest.raises(MissingError) as caught:
        merge_layers((*child, parent.as_layer("layer1.yaml")))
    error = "app/layer1.yaml:3:5: shop.web.replcas: not declared in values.yaml (did you mean replicas?)"
    assert str(caught.value) == error


def test_a_part_that_is_no_mapping_is_no_layer():
    with pytest.raises(SourceError) as caught:
        merge("a: {b: 1}").part(".a.b").as_layer(".a.b")
    assert str(caught.value) == "app/values.yaml:1:5: a.b: expected a mapping, got integer"


def test_no_layers():
    values = merge_layers(())
    assert values.value == {}
    assert values.locate(("a",)) == Location(field=("a",))


# --- the field -----------------------------------------------------------------------------------------------------


def test_entries():
    entries = read_entries(
        [
            "values.yaml",
            "env/{env}.yaml?",
            {"a": {"b": 1}},
            {"file": "c.yaml?", "lists": {"p": "append", "w.e": {"by": "name"}}},
        ]
    )
    assert entries == (
        LayerEntry(("values", 0), "values.yaml", path_field=("values", 0)),
        LayerEntry(("values", 1), "env/{env}.yaml", is_optional=True, path_field=("values", 1)),
        LayerEntry(("values", 2), inline={"a": {"b": 1}}),
        LayerEntry(
            ("values", 3),
            "c.yaml",
            is_optional=True,
            lists={
                ("p",): ListRule("", ("values", 3, "lists", "p")),
                ("w", "e"): ListRule("name", ("values", 3, "lists", "w.e")),
            },
            path_field=("values", 3, "file"),
        ),
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a.yaml", "expected a list, got string"),
        ({"a": 1}, "expected a list, got mapping"),
        ([1], "0: expected a path, or a mapping of values"),
        ([""], "0: the path of a file is missing"),
        (["a.yaml?"], "0: the first layer declares the values, so it can't be optional"),
        ([{"file": "a.yaml?"}], "0.file: the first layer declares the values, so it can't be optional"),
        ([{"file": "a.yaml", "lists": {"a": "append"}}], "0.lists: the first layer has no earlier lists to change"),
        (
            ["a", {"file": "b", "list": {}}],
            "1.list: unknown field 'list': a layer with `file` has no other fields than `lists` (did you mean lists?)",
        ),
        (["a", {"file": 1}], "1.file: expected a string, got integer"),
        (["a", {"file": "?"}], "1.file: the path of a file is missing"),
        (["a", {"file": "b", "lists": []}], "1.lists: expected a mapping, got list"),
        (["a", {"file": "b", "lists": {"a": "appnd"}}], "1.lists.a: expected append or {by: KEY} (did you mean append?)"),
        (["a", {"file": "b", "lists": {"a": {"by": 1}}}], "1.lists.a.by: expected a string, got integer"),
        (["a", {"file": "b", "lists": {"a": {"key": "x"}}}], "1.lists.a: expected append or {by: KEY}"),
        (["a", {"file": "b", "lists": {"a": {}}}], "1.lists.a: expected append or {by: KEY}"),
        (
            ["a", {"file": "b", "lists": {"a..b": "append"}}],
            """1.lists.[a..b]: expected a path such as . or .web.env or .web."a.b", got 'a..b'""",
        ),
    ],
)  # fmt: skip
def test_a_field_with_a_fault(value: Any, message: str):
    with pytest.raises(KmanifestError) as caught:
        read_entries(value)
    assert str(caught.value) == message


# --- files ---------------------------------------------------------------------------------------------------------


def test_paths_have_the_values_of_axes():
    files = {"values.yaml": "a: 1", "env/prod.yaml": "a: 2", "env/prod.eu.yaml": "a: 3"}
    row = {"env": "prod", "region": "eu"}
    layers = load(files, ["values.yaml", "env/{env}.yaml", "env/{env}.{region}.yaml?"], row)
    assert [(layer.name, layer.value) for layer in layers] == [
        ("values.yaml", {"a": 1}),
        ("env/prod.yaml", {"a": 2}),
        ("env/prod.eu.yaml", {"a": 3}),
    ]


def test_an_optional_layer_may_be_absent():
    assert [layer.name for layer in load({"a.yaml": ""}, ["a.yaml", "b.yaml?", "c/d.yaml?"])] == [
        "a.yaml"
    ]


def test_an_inline_layer():
    files = {"kmanifest.yaml": "values:\n- {a: 1, b: {c: 1}}\n- a: 2\n  b: {d: 1}\n"}
    layers = load(files, [{"a": 1, "b": {"c": 1}}, {"a": 2, "b": {"d": 1}}])
    with pytest.raises(MissingError) as caught:
        merge_layers(layers)
    assert (
        str(caught.value) == "app/kmanifest.yaml:4:7: values.1.b.d: not declared in kmanifest.yaml"
    )


def test_json():
    layers = load(
        {"a.json": '\ufeff{"a": 1, "b": 1.0, "c": "\\ud83d\\ude00", "d": [true, null]}'}, ["a.json"]
    )
    assert layers[0].value == {"a": 1, "b": 1.0, "c": "\U0001f600", "d": [True, None]}
    assert str(layers[0].locate(("b",))) == "app/a.json:1:10"


def test_toml():
    text = 'a = 1\nd = 2001-01-01T00:00:00Z\nl = [2001-01-01]\n[web]\nreplicas = 0x10\n[[w.e]]\nn.m = "x"\n'
    layers = load({"a.toml": text}, ["a.toml"])
    assert layers[0].value == {
        "a": 1, "d": "2001-01-01T00:00:00Z", "l": ["2001-01-01"], "web": {"replicas": 16},
        "w": {"e": [{"n": {"m": "x"}}]},
    }  # fmt: skip
    assert str(layers[0].locate(("web", "replicas"))) == "app/a.toml:5:1"


def test_jsonnet():
    def evaluate(ctx: Context, path: str) -> Any:
        assert path == "app/a.jsonnet"
        return {"a": 2.0, "b": 0.5, "c": [1e20]}

    reader = Plugin("values-reader", "jsonnet", evaluate, ("*.jsonnet",))
    layers = load({"a.jsonnet": "..."}, ["a.jsonnet"], reader=reader)
    assert layers[0].value == {"a": 2, "b": 0.5, "c": [10**20]}
    assert layers[0].value["a"].__class__ is int
    assert layers[0].locate(("a",)) == Location("app/a.jsonnet", field=("a",))


FILE_FAULTS: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "missing": ({"vals.yaml": ""}, "values.yaml", "app/kmanifest.yaml: values.0: no such file or directory: 'app/values.yaml' (did you mean vals.yaml?)"),
    "missing in a directory": ({"env/prod.yaml": ""}, "env/prd.yaml", "app/kmanifest.yaml: values.0: no such file or directory: 'app/env/prd.yaml' (did you mean env/prod.yaml?)"),
    "directory": ({"env/a.yaml": ""}, "env", "app/kmanifest.yaml: values.0: no such file: 'app/env'"),
    "unknown axis": ({}, "{evn}.yaml", "app/kmanifest.yaml: values.0: no axis is called 'evn'; the axes are env (did you mean env?)"),
    "list": ({"a.yaml": "- a"}, "a.yaml", "app/a.yaml: expected a mapping, got list"),
    "several documents": ({"a.yaml": "a: 1\n---\nb: 1\n"}, "a.yaml", "app/a.yaml: expected one YAML document, got several"),
    "YAML syntax": ({"a.yaml": "a: [1"}, "a.yaml", "app/a.yaml:2:1: did not find expected ',' or ']'"),
    "infinite": ({"a.yaml": "a: [1, .inf]"}, "a.yaml", "app/a.yaml:1:8: +Inf can't be written as JSON: put it in quotes"),
    "JSON syntax": ({"a.json": '{"a": 1,\n "b" 2}'}, "a.json", "app/a.json:2:6: invalid JSON: expecting ':' delimiter"),
    "JSON duplicate": ({"a.json": '{"a": 1, "a": 2}'}, "a.json", "app/a.json: invalid JSON: the key 'a' is given twice"),
    "JSON NaN": ({"a.json": '{"a": NaN}'}, "a.json", "app/a.json: invalid JSON: NaN is no number"),
    "JSON infinite": ({"a.json": '{"a": 1e999}'}, "a.json", "app/a.json:1:2: a: expected a finite number, got inf"),
    "JSON encoding": ({"a.json": b'{"a":\n "\xff"}'}, "a.json", "app/a.json:2: the file is not UTF-8"),
    "JSON depth": ({"a.json": '{"a":' * 100_000}, "a.json", "app/a.json: the input is nested too deeply (max_depth)"),
    "JSON digits": ({"a.json": '{"a":' + "1" * 5000 + "}"}, "a.json", "app/a.json: invalid JSON: a number is too long"),
    "TOML syntax": ({"a.toml": "a = 1\nb = = 2"}, "a.toml", "app/a.toml:2:5: invalid TOML: invalid value"),
    "TOML end": ({"a.toml": "a = 1\nb ="}, "a.toml", "app/a.toml:2:4: invalid TOML: invalid value"),
    "TOML depth": ({"a.toml": "a = " + "[" * 100_000}, "a.toml", "app/a.toml: the input is nested too deeply (max_depth)"),
    "TOML dots": ({"a.toml": "x = 1\n" + "a." * 1000 + "a = 1"}, "a.toml", "app/a.toml:2: a key of more than 100 parts"),
    "TOML quoted dots": ({"a.toml": '"\\"" . ' * 1000 + "a = 1"}, "a.toml", "app/a.toml:1: a key of more than 100 parts"),
    "TOML infinite": ({"a.toml": "b = 1\n[a]\nc = [1.0, inf]"}, "a.toml", "app/a.toml:3:1: a.c.1: expected a finite number, got inf"),
    "TOML open strings": ({"a.toml": 'a = "' + 'x\\"' * 300_000}, "a.toml", "app/a.toml:1:900006: invalid TOML: unterminated string"),
    "TOML size": ({"a.toml": "#" * (1 << 20) + "\n"}, "a.toml", "app/a.toml: a TOML file of more than 1048576 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_file_fault(name: str):
    files, path, expected = FILE_FAULTS[name]
    with pytest.raises(KmanifestError) as caught:
        load(files, [path], {"env": "prod"})
    assert str(caught.value) == expected


def test_a_file_outside_of_the_directory():
    ctx = Context(MemoryTree({"a.yaml": "", "app/b.yaml": ""}), Registry(), directory="app")
    entries = read_entries(["../a.yaml"])
    with pytest.raises(SourceError) as caught:
        load_layers(ctx, entries, FILE, {})
    assert caught.value.location == Location(FILE, field=("values", 0))
    ctx = ctx._replace(options=Options(load_restrictor="none"))
    assert load_layers(ctx, entries, FILE, {})[0].value == {}


def test_an_inline_number_is_finite():
    with pytest.raises(SourceError) as caught:
        load({}, [{"a": [float("inf")]}])
    assert (
        str(caught.value) == "app/kmanifest.yaml: values.0.a.0: expected a finite number, got inf"
    )


def test_a_path_in_a_mapping_is_where_its_error_is():
    with pytest.raises(MissingError) as caught:
        load({"a.yaml": ""}, ["a.yaml", {"file": "x.yaml"}])
    assert caught.value.location == Location(FILE, field=("values", 1, "file"))


def test_the_depth_of_all_layers_is_limited():
    options = Options(limits=Limits(max_depth=5))
    deep = {"a": {"a": {"a": {"a": {"a": 1}}}}}
    assert load({}, [deep], options=options)[0].value == deep
    with pytest.raises(LimitError, match="max_depth"):
        load({}, [{"a": deep}], options=options)
    with pytest.raises(LimitError, match="max_depth"):
        load({"a.json": '{"a": [[[[[1]]]]]}'}, ["a.json"], options=options)


def test_very_deep_values_are_merged():
    deep: dict[str, Any] = {}
    for _ in range(50_000):
        deep = {"a": deep}
    layers = [Layer("a", deep), Layer("b", deep)]
    value = merge_layers(layers).value
    for _ in range(50_000):
        value = value["a"]
    assert value == {}
    with pytest.raises(SourceError):
        merge_layers([Layer("a", {"a": deep}), Layer("b", {"a": {"a": 1}})])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("a",), (1, 1)),
        (("b", "c"), (2, 1)),
        (("long",), (3, 1)),
        (("web",), (7, 2)),
        (("web", "x y"), (8, 3)),
        (("arr", 0, "n"), (10, 1)),
        (("arr", 1, "n"), (12, 1)),
        (("arr", 1, "sub", "k"), (14, 1)),
        (("web", "none"), (7, 2)),
        (("none",), (1, 1)),
    ],
)
def test_positions_in_toml(path: tuple[str | int, ...], expected: tuple[int, int]):
    text = (
        'a = 1\nb.c = 2\nlong = """\n[web]\nnone = 1\n"""\n[web]\n  "x y" = 1\n'
        "[[arr]]\nn = 1\n[[arr]]\nn = 2\n[arr.sub]\nk = 1\n"
    )
    assert TomlIndex(text.encode()).find(path) == expected


# --- properties ----------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "y", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
OPEN = Layer("values.yaml", {})


def deep_merge(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {
        key: deep_merge(old[key], value) if key in old else value for key, value in new.items()
    }


@given(st.lists(MAPPINGS, max_size=4))
def test_merging_is_that_of_mappings_and_changes_no_input(values: list[dict[str, Any]]):
    before = copy.deepcopy(values)
    merged = merge_layers([OPEN, *(Layer(str(index), value) for index, value in enumerate(values))])
    expected: Any = {}
    for value in values:
        expected = deep_merge(expected, value)
    assert merged.value == expected
    assert list(merged.value) == list(expected)
    assert values == before


@given(st.tuples(MAPPINGS, MAPPINGS, MAPPINGS))
def test_merging_is_associative(values: tuple[dict[str, Any], ...]):
    first, second, third = (Layer(str(index), value) for index, value in enumerate(values))
    left = merge_layers([OPEN, first, second]).as_layer("left")
    right = merge_layers([OPEN, second, third]).as_layer("right")
    # A mapping over a scalar over a mapping: the inner merge does not know that the scalar was there.
    if no_type_changes(*values):
        assert merge_layers([OPEN, left, third]).value == merge_layers([OPEN, first, right]).value


def no_type_changes(*values: Any) -> bool:
    """Whether at each path all values are mappings, or none."""
    mappings = [value for value in values if isinstance(value, dict)]
    if not mappings:
        return True
    keys = {key for mapping in mappings for key in mapping}
    return len(mappings) == len(values) and all(
        no_type_changes(*(mapping[key] for mapping in mappings if key in mapping)) for key in keys
    )


@given(MAPPINGS, MAPPINGS)
def test_each_value_is_where_its_location_says(first: dict[str, Any], second: dict[str, Any]):
    layers = [OPEN, Layer("first", first), Layer("second", second)]
    located = [layer._replace(locate=locator(layer.name)) for layer in layers]
    values = {layer.name: layer.value for layer in layers}
    merged = merge_layers(located)
    for path, leaf in leaves(merged.value):
        location = merged.locate(path)
        value: Any = values[location.file]
        for step in location.field:
            value = value[step]
        assert value == leaf


def locator(name: str) -> Any:
    return lambda path: Location(name, field=path)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [] if isinstance(value, dict) else [(path, value)]


@given(MAPPINGS)
def test_the_first_layer_fits_itself(values: dict[str, Any]):
    assert merge_layers([Layer("a", values), Layer("b", values)]).value == values


# --- the deadline --------------------------------------------------------------------------------------------------


class ShortTime:
    """A time limit that is over after a number of checks."""

    def __init__(self, checks: int) -> None:
        self.checks = checks

    def check_time(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise LimitError("too late")

    def seconds_left(self) -> float:
        self.check_time()
        return 1.0


MANY = {f"k{number}": {"a": [{"name": number}]} for number in range(1_000)}
ITEMS = [{"name": number} for number in range(1_000)]
WORK: dict[str, Callable[[], object]] = {
    "plain values": lambda: plain_values(MANY, Limits()),
    "faults": lambda: list(find_faults(MANY, MANY)),
    "declaration": lambda: list(find_faults({"a": ITEMS}, {"a": [{}]})),
    "merge": lambda: merge_layers([Layer("a", {}), Layer("b", MANY), Layer("c", MANY)]),
    "merge by a key": lambda: merge_layers(
        [Layer("a", {"a": []}), Layer("b", {"a": ITEMS}, lists={("a",): ListRule("name")})]
    ),
    "rules": lambda: merge_layers(
        [Layer("a", {"a": []}), Layer("b", {}, lists={(str(n),): ListRule() for n in range(1_000)})]
    ),
    "dotted keys": lambda: read_values(b"a = 1 # " + b". " * 1_000, "a.toml", Limits()),
    "positions in TOML": lambda: TomlIndex(b"a = 1\n" * 1_000),
    "schema": lambda: check_steps(
        {"additionalProperties": {"type": "object"}}, MANY, max_steps=10**6
    ),
}


@pytest.mark.parametrize("name", WORK)
def test_the_deadline_ends_it(name: str):
    with pytest.raises(LimitError, match="too late"), limited_by(ShortTime(50)):
        WORK[name]()


JSONNET_LAYER = b"""\
local sizes = { small: 1 };
{
  web: sizes { replicas: 3, 'a.b': 4 },
  other: (import 'other.libsonnet'),
  twice: 1, nested: { twice: 2, list: [{ name: 1 }] },
}
"""


@pytest.mark.parametrize(
    ("path", "position"),
    [
        (("web",), (3, 3)),
        (("web", "replicas"), (3, 16)),
        (("web", "a.b"), (3, 29)),
        (("web", "small"), (3, 3)),  # it is written above
        (("other", "replicas"), (4, 3)),
        (("nested", "twice"), (5, 13)),
        (("nested", "list", 0, "name"), (5, 33)),
        (("twice",), (0, 0)),
        (("none",), (0, 0)),
        ((), (0, 0)),
    ],
)
def test_positions_in_jsonnet(path: FieldPath, position: tuple[int, int]):
    assert find_key(JSONNET_LAYER, path) == position
