"""The string forms of values that templates alone do not produce. test_gotemplate_goldens.py tests the verbs.

The floats and quoted strings are as Go 1.26 prints them (strconv.FormatFloat, strconv.Quote).
"""

from typing import Any

import pytest

from kmanifest.engines.helm.gotemplate import gofmt
from kmanifest.engines.helm.gotemplate.builtins import truth
from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.printable import is_printable
from kmanifest.engines.helm.gotemplate.quoting import quoted, unquoted
from kmanifest.engines.helm.gotemplate.values import (
    GoError,
    GoObject,
    Int32,
    Int64,
    StringMap,
    Strings,
    Uint8,
)


class Map(GoObject):
    kind = "map"


@pytest.mark.parametrize(
    ("value", "verb", "precision", "text"),
    [
        (100000.0, "g", -1, "100000"),
        (1000000.0, "g", -1, "1e+06"),
        (999999.5, "g", -1, "999999.5"),
        (0.0001, "g", -1, "0.0001"),
        (0.00001, "g", -1, "1e-05"),
        (-0.0, "g", -1, "-0"),
        (1e21, "f", -1, "1000000000000000000000"),
        (5e-324, "g", -1, "5e-324"),
        (5e-324, "b", -1, "1p-1074"),
        (5e-324, "x", -1, "0x1p-1074"),
        (0.0, "b", -1, "0p-1074"),
        (0.0, "x", -1, "0x0p+00"),
        (1.5, "x", 0, "0x1p+01"),
        (2.5, "f", 0, "2"),
        (3.5, "f", 0, "4"),
        (0.1, "X", -1, "0X1.999999999999AP-04"),
        (1e100, "e", -1, "1e+100"),
        (123456.0, "g", 3, "1.23e+05"),
        (100.0, "G", 0, "1E+02"),
        (float("nan"), "g", -1, "NaN"),
        (float("-inf"), "f", 2, "-Inf"),
    ],
)
def test_floats(value: float, verb: str, precision: int, text: str):
    assert float_text(value, verb, precision) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a"b\\c\n\t', '"a\\"b\\\\c\\n\\t"'),
        ("é☃\U0001f600", '"é☃\U0001f600"'),
        ("\x00\x7f\xa0\ufeff\ue000", '"\\x00\\x7f\\u00a0\\ufeff\\ue000"'),
        ("\udcff", '"\\xff"'),
        ("\U000e0001", '"\\U000e0001"'),
        (
            "\u0cf3\U00031350",
            '"\u0cf3\U00031350"',
        ),  # of Unicode 15, which Python 3.11 does not know
    ],
)
def test_quoted(text: str, expected: str):
    assert quoted(text) == expected
    assert unquoted(expected) == text


def test_escapes_of_bytes_make_characters():
    assert unquoted('"\\xc3\\xa9\\303\\251\\xff"') == "éé\udcff"


@pytest.mark.parametrize("text", ['"\\q"', '"\\x4"', '"\\ud800"', '"\\400"', '"\\\'"'])
def test_invalid_escapes_are_errors(text: str):
    with pytest.raises(GoError, match="invalid syntax"):
        unquoted(text)


def test_types_and_kinds():
    values: tuple[Any, ...] = (
        "",
        1,
        1.5,
        True,
        None,
        [],
        {},
        Int64(1),
        Int32(1),
        Uint8(1),
        Strings(),
        StringMap(),
        b"",
    )
    assert [gofmt.type_name(value) for value in values] == [
        "string", "int", "float64", "bool", "<nil>", "[]interface {}", "map[string]interface {}",
        "int64", "int32", "uint8", "[]string", "map[string]string", "[]uint8",
    ]  # fmt: skip
    assert [gofmt.kind_name(value) for value in values] == [
        "string", "int", "float64", "bool", "invalid", "slice", "map",
        "int64", "int32", "uint8", "slice", "map", "slice",
    ]  # fmt: skip


def test_truth():
    true = (1, -1.5, "a", [0], {"a": None}, float("nan"), True, GoObject(), b"a", Int64(3))
    false: tuple[Any, ...] = (0, 0.0, -0.0, "", [], {}, None, False, Map(), b"", Int64(0), 0j)
    assert [truth(value) for value in (*true, *false)] == [True] * len(true) + [False] * len(false)


def test_keys_are_in_the_order_of_their_bytes():
    keys = ["\U0001f600", "\uffff", "z", "\udcff", "é", "a"]
    sorted_keys = [key for key, _ in gofmt.sorted_items(dict.fromkeys(keys, 0))]
    assert sorted_keys == sorted(keys, key=lambda key: key.encode("utf-8", "surrogateescape"))


def test_printable_characters():
    assert [is_printable(char) for char in " ~\x7f\x80é\u2028\u0378\ud800\U0010ffff"] == [
        True, True, False, False, True, False, False, False, False,
    ]  # fmt: skip


def test_sprint_puts_spaces_between_values_that_are_not_strings():
    assert gofmt.sprint([1, 2, "a", 3, None, [1]]) == "1 2a3 <nil> [1]"
    assert gofmt.sprintln(["a", 1, None]) == "a 1 <nil>\n"
