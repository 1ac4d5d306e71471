"""Values of Python programs: each becomes what Helm would read from a YAML file, or an error with its path."""

import copy
import datetime
import enum
from collections import UserDict, UserList, deque
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest

from kmanifest import HelmOptions, Options, build, render_chart
from kmanifest.helm import Int64, find_origins, load_chart

FILES = {
    "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "templates/a.yaml": "kind: A\nmetadata: {name: a}\nv: {{ toJson .Values.v }}\n",
}


class Color(enum.StrEnum):
    """A str of another class."""

    RED = "red"


class Index:
    """A number like those of numpy, which are no `int`."""

    def __index__(self) -> int:
        return 3


class Real:
    """A number like those of numpy, which are no `float`."""

    def __float__(self) -> float:
        return 1.5


class Scalar(Index):
    """A boolean of numpy."""

    dtype = "bool"

    def item(self) -> bool:
        return True


class Array(Index):
    """An array of numpy with one number."""

    def __len__(self) -> int:
        return 1


def rendered(value: Any) -> str:
    text = render_chart("", tree=FILES, values={"v": value}).text()
    return text.rpartition("v: ")[2].strip()


ACCEPTED: list[tuple[Any, str]] = [
    (("a", ("b",)), '["a",["b"]]'),
    (range(3), "[0,1,2]"),
    (UserList(["a"]), '["a"]'),
    (deque([1]), "[1]"),
    (UserDict(a=MappingProxyType({"b": ()})), '{"a":{"b":[]}}'),
    (datetime.date(2020, 1, 1), '"2020-01-01"'),
    (datetime.datetime(2020, 1, 1, 3, 4, 5, tzinfo=datetime.UTC), '"2020-01-01T03:04:05+00:00"'),
    (Decimal("1.50"), "1.5"),
    (Fraction(1, 4), "0.25"),
    (Color.RED, '"red"'),
    (Index(), "3"),
    (Real(), "1.5"),
    (Scalar(), "true"),
    (None, "null"),
    ({1: "a", 1.5: "b", False: "c", Index(): "d"}, '{"1":"a","1.5":"b","3":"d","false":"c"}'),
    ({datetime.date(2020, 1, 1): 1, Color.RED: 2}, '{"2020-01-01":1,"red":2}'),
    ({"n": Int64(7)}, '{"n":7}'),
]


@pytest.mark.parametrize(("value", "text"), ACCEPTED)
def test_values_become_those_of_yaml(value: Any, text: str):
    assert rendered(value) == text


CYCLE: dict[str, Any] = {}
CYCLE["a"] = [CYCLE]
TYPES = "a mapping, a list, a str, a number, a bool, a date or None"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": [{"b": {1}}]}, TypeError, f"values.v.a.0.b must be {TYPES}, not set"),
        (b"x", TypeError, f"values.v must be {TYPES}, not bytes"),
        (1j, TypeError, f"values.v must be {TYPES}, not complex"),
        (iter("x"), TypeError, f"values.v must be {TYPES}, not str_ascii_iterator"),
        (Array(), TypeError, f"values.v must be {TYPES}, not Array"),
        (object, TypeError, f"values.v must be {TYPES}, not type"),
        ([float("nan")], ValueError, "values.v.0: JSON has no such number"),
        (float("-inf"), ValueError, "values.v: JSON has no such number"),
        (10**400, ValueError, "values.v: JSON has no such number"),
        (Decimal("sNaN"), ValueError, "values.v: JSON has no such number"),
        ({None: 1}, TypeError, "values.v.None: a key must be a str, a number, a bool or a date, not NoneType"),
        ({(1,): 1}, TypeError, "values.v.(1,): a key must be a str, a number, a bool or a date, not tuple"),
        ({1: "a", "1": "b"}, ValueError, "values.v.1: the key is set twice"),
        (CYCLE, ValueError, "values.v.a.0: the value contains itself"),
    ],
)  # fmt: skip
def test_other_values_are_errors_with_their_path(value: Any, error: type[Exception], message: str):
    with pytest.raises(error) as caught:
        rendered(value)
    assert str(caught.value) == message


def test_options_and_origins_take_the_same_values():
    values = {"v": ("a", Decimal(1))}
    options = Options(engines=(HelmOptions(values=values),))
    assert build(tree=FILES, options=options).to_dicts()[0]["v"] == ["a", 1]
    assert HelmOptions(values=values) == HelmOptions(values={"v": ["a", 1.0]})
    assert set(find_origins(load_chart(FILES, ""), values=values)) == {("v", 0), ("v", 1)}


def test_a_render_does_not_change_the_values():
    shared = {"a": [1, {"b": None}]}
    values = {"v": shared, "w": shared, "global": {"g": {}}, "sub": {"x": None}}
    files = {
        **FILES,
        "values.yaml": "v: {a: 1, c: 2}\nsub: {x: 1}",
        "templates/b.yaml": "b: {{ set .Values.v `new` 1 | len }}{{ unset .Values `w` | len }}",
        "charts/sub/Chart.yaml": "{apiVersion: v2, name: sub, version: 1.0.0}",
        "charts/sub/values.yaml": "global: {g: {h: 1}}",
    }
    before = copy.deepcopy(values)
    render_chart("", tree=files, values=values)
    assert values == before
    assert values["v"] is values["w"]
