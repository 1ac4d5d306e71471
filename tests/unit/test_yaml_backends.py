"""The compiled YAML backend prints what the pure-Python one prints: the same text, or the same error."""

import json
from collections import OrderedDict, UserDict, UserList
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.model.values import BlankKey, FloatText, IntText, SharedText, TimeText

pytest.importorskip("kmanifest_native")

from kmanifest.yaml import native, python

TABLE = Path(__file__).parents[3] / "shared" / "spec" / "emit.jsonl"


def pure(value: Any, limit: int) -> str:
    return python.Dumper(DEFAULT_LIMITS._replace(max_output=limit)).dump(value)


def compiled(value: Any, limit: int) -> str:
    text = native.Dumper(DEFAULT_LIMITS._replace(max_output=limit)).dump(value)
    assert type(text) is str
    return text


def outcome(dump: Any, value: Any, limit: int) -> Any:
    """Return the text, or the exception that is raised instead."""
    try:
        return dump(value, limit)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
        return type(error), str(error)


def assert_equal(value: Any, limit: int = DEFAULT_LIMITS.max_output) -> Any:
    expected = outcome(pure, value, limit)
    assert outcome(compiled, value, limit) == expected
    return expected


def title(value: Any) -> str:
    return type(value).__name__


# --- chosen values -------------------------------------------------------------------------------------------------


class Letter(StrEnum):
    A = "a: b"


class Mixed(str, Enum):  # noqa: UP042 - its `__str__` is that of Enum
    ONE = "1"
    LONG = "k" * 200


class Number(IntEnum):
    SEVEN = 7


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "loud"


class Part(Mapping[Any, Any]):
    """A mapping type that is not a dict; each value is looked up when it is printed."""

    def __init__(self, *keys: Any, size: int | None = None) -> None:
        self.keys_ = keys
        self.size = len(keys) if size is None else size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Any) -> Any:
        if key == "missing":
            raise KeyError(key)
        return [key]


class Reluctant:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


class Empty(list[Any]):
    """A list with a length above zero and no items."""

    def __bool__(self) -> bool:
        return True


WORDS = "word " * 30
CHARACTERS = [
    *map(chr, range(0x20)), "\x7e", "\x7f", "\x80", "\x84", "\x85", "\x86", "\x9f", "\xa0", "\xad", "é", "\u07ff",
    "\u0800", "\u0660", "\u0661", "\u0669", "\u2027", "\u2028", "\u2029", "\u202a", "\ud7ff", "\ud800", "\udc80",
    "\udfff", "\ue000", "\ufdd0", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001f600",
    "\U0001d7ce", "\U0010fffd", "\U0010ffff",
]  # fmt: skip
TEXTS = [
    "", " ", "  ", "a", "a ", " a", "a: b", "a:b", "a :b", ":", "a:", ": a", "a #b", "a# b", "#", "-", "- a", "-a",
    "--", "---", "---a", "...", "....", ".", "..", "?", "? a", "?a", "yes", "No", "~", "null", "on", "offs", "1", "01",
    "08", "0x1F", "0x", "0b1", "0o17", "0o-1", "0b-1", "1_000", "_1", "1e3", "1e400", ".5", "+.inf", "-.INF", ".nan",
    "12:30", "1:60", "1:2:3.4", "190:20:30.15_", "-1:2", "+1:2:", "1:2.", "2001-01-01", "2001-1-1", "2001-02-30",
    "2001-01-01T00:00:00Z", "2001-01-01 1:02:03.5", "2001-01-01t00:00:00+24:00", "2001-01-01 00:00:00 Z", "100m",
    "128Mi", "10.0.0.1", "=", "<<", "!a", "&a", "*a", "@a", "`a", "%a", "{a", "}", "[a", "]", ",", "|", ">", "'", '"',
    "it's", "'a' 'b'", '"a"', "a\\b", "a\n", "a\n\n", "\n", "\n\n", "\na", " \na", "a\n b", "a \nb", "a\nb ", "a\n\n\nb",
    "a\r\nb", "a\tb", "\ta", "a\n\tb", "\u2028", "a\u2028", "a\u2028b", "a\u2028\n", "a\u2028\nb", "\u2029\n", "a \u2028b",
    "a\u2028 b", "a\u2028\u2029b'c", "a\u2028b\n", "a\n\u2028b c", "\ufeff", "\ufeffa b\u2028c\xa0", "a\ufeff", "é: ü",
    "\x85", "a\x85b", "a \x85 b", "a\x85\x85b", " \x85 \x85 ", "a\x85--- b", "a\x85...\x85", "a\x85---b", "\x85\x85\x85",
    "a\x85\nb", "a\x85\tb", "\x7f\ud800", "\ud800\x7f", "a\x85\udfff", "\uffff\x85--- ", "\U0001f600\ud83d\ude00",
    "1\x85", "\x851", "y\x85", "a\x85\x85 \u2028",
    WORDS, WORDS.strip(), f"{WORDS.strip()}: {WORDS}", f"'{WORDS}'", f"{WORDS}\t{WORDS}", WORDS.replace(" ", "  "),
    f"{WORDS}\t{WORDS.replace(' ', '  ')}x", "x" * 200, "x" * 78 + " y", "x" * 76 + "  y z", "é " * 90, "é" * 80 + " é é",
    "é" * 79 + " " + "ü" * 90 + " a", "1" * 90, "'" * 90 + " ' ' #' '", "\u2028" + WORDS, WORDS.strip() + "\u2028b c'd e",
    ("é" * 40 + "\u2028") * 3 + "' ' a  b" * 20, "a b\n" * 40, "\U0001f600 " * 40,
]  # fmt: skip
SCALARS = [
    None, True, False, 0, -1, 7, (1 << 63) - 1, 1 << 63, -(1 << 63), -(1 << 63) - 1, (1 << 64) - 1, 1 << 64, -(1 << 64),
    1 << 100, -(1 << 1000), 10**308, 10**309, -(10**400), 1 << 20_000, IntText(31, "0x1F"), IntText(1 << 70, "big"), Number.SEVEN,
    0.0, -0.0, 1.0, 1.5, -1.5, 0.1, 1e-4, 1e-5, 123456.789, 999999.5, 1000000.5, 1e20, 1e21, 1e22, 2.0**53, 562949953421312.25, 524288.00048828125, 2.0**60, 2.0**63,
    2.0**64, -(2.0**63), -(2.0**64), 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), float("-inf"),
    FloatText(1.5, "1.50"), FloatText(float("inf"), "x"), TimeText("2001-01-01T00:00:00Z", "2001-01-01"), TimeText("", ""),
    SharedText("yes"), SharedText("a\nb"), BlankKey("a"), Letter.A, Mixed.ONE, Loud("quiet"), Loud(""),
    b"bytes", {1}, object, 1j, Reluctant(), range(3), UserList("ab"), Ellipsis,
]  # fmt: skip
KEYS = [
    "k" * 128, "k" * 129, "é" * 64, "é" * 65, "k" * 1022, "k" * 1023, "<" * 170, "<" * 171, "\0" * 170 + "ab",
    "\0" * 170 + "abc", "\t" * 1022, "\u2028" * 170, "\u2028" * 171, "\ud800" * 43, "a: " * 50, BlankKey("k"), BlankKey("k" * 200),
    Letter.A, Mixed.ONE, Mixed.LONG, Loud("quiet"), Loud("q" * 200), "x" * 100,
]  # fmt: skip
CONTAINERS: list[Any] = [
    {}, [], (), [[]], [{}], {"a": {}}, {"a": []}, {"a": ()}, [[[1, [2]], 3], {"a": [{"b": []}, "c"]}], ({"a": (1, "b")},),
    {"a": {"b": {"c": "d"}}}, {"k" * 200: {"a": {"b": 1}, "c": 2}}, {"a\nb": [[1, 2], {"c\nd": {}}]}, [{"a\nb": "c\nd"}, {"e": "f\n"}],
    OrderedDict(b=1, a={}), UserDict({"b": 1, "a": UserDict()}), MappingProxyType({"b": [MappingProxyType({})]}),
    Part("b", "a"), [Part("b", "a"), Part()], {"a\nb": Part("b", "a"), "c": Part()}, Part("b", "missing", "\x7f"), Part("a", 1, []),
    Part(1, "a"), Part("a", "a", "10", "9"), Part(size=1), [[Part(size=1), 1], 2], {"a": Part(size=1), "a\nb": Part(size=1), "b": 1},
    [[Empty(), 1], [[Empty()]], 2], {"a": Empty(), "b": [Empty([1])]}, Part("a", size=0), [Part("a", size=0)],
    {1: 2}, {"a": 1, None: 2, 3: 4}, {"a": {(1, "\ud800"): 2}}, {b"a": 1}, {"\ud800": 1, "a": "\x7f"}, {"\ud800": 1, "\x7f": 2},
    {"b": float("nan"), "a": object()}, {"\x85": 1, "\x7f": 2}, {"a\x85": "\x7f"}, {"a": 1, "\ud800\n": {}},
]  # fmt: skip


@pytest.mark.parametrize("value", [*CHARACTERS, *TEXTS, *SCALARS, *CONTAINERS], ids=title)
def test_chosen_value(value: Any) -> None:
    deep: Any = value
    for _ in range(45):
        deep = {"d": deep}
    for holder in (
        value,
        {"k": value},
        [value],
        [[value, 1]],
        {"k" * 200: value, "b": {"k": [value, value]}},
        deep,
        [[[[[[{"key": value}, "x"]]]]]],
    ):
        assert_equal(holder)


@pytest.mark.parametrize("key", [*CHARACTERS, *TEXTS, *KEYS], ids=title)
def test_chosen_key(key: str) -> None:
    assert_equal({key: 1})
    assert_equal({key: WORDS})
    assert_equal([{key: {"a": [1]}, "b": {key: ["c", {key: "d\n"}]}}])
    assert_equal({f"a{key}": 1, f"{key}b": "x\ny", "a1": 2, "a\u0661": 3, "\x7f": "last"})


def test_characters_between_others() -> None:
    for a in CHARACTERS:
        for b in ("x", " ", "\n", "\x85", "\u2028", "\ud800", "'", "\ufeff"):
            assert_equal([f"{a}{b}"])
            assert_equal([f"m {b}{a} n"])
            assert_equal({f"m{a}{b}": f"{b}{WORDS}{a}{WORDS}"})


@pytest.mark.parametrize(
    "keys",
    [
        ["v1", "v1alpha1", "v1beta1", "v2", "v10"],
        ["a10", "a9", "a010", "a09", "a1b", "a", "A", "_", "~", "-", "a-b", "a_b", "ab", "a.b", "0", "00", "a0b"],
        ["a99999999999999999999", "a18446744073709551616", "a9223372036854775808", "a1", "a0"],
        ["\u0661", "\u0660", "1", "a\u0661", "a1", "a\u0660\u0669", "é", "e", "\u00aa", "\u2160", "\u0345", "\u24d0", "\U0001d7ce1"],
        ["x\u0661\u0662", "x\u0660", "x10", "x1\u0660", "x1\u06600", "x100", "x1\u07c0", "\ud800", "\udfff", "\ue000", "\U00010000"],
        [f"v{n}{tail}" for n in range(12) for tail in ("", "alpha1", "beta10", ".x", "_", "0")],
    ],
)  # fmt: skip
def test_order_of_keys(keys: list[str]) -> None:
    texts = {outcome(pure, dict.fromkeys(part), 9999) for part in (keys, keys[::-1], sorted(keys))}
    assert len(texts) == 1
    assert_equal(dict.fromkeys(keys))
    assert_equal({key: dict.fromkeys(keys[::-1]) for key in keys})


# --- max_output ------------------------------------------------------------------------------------------------------

BOUNDED: list[Any] = [
    "abc", {"é": "ü\n\U0001f600", "b": [1, {}]}, {"a": "x\ny\n\nz"}, {"k" * 200: ["é " * 90]}, [[[["a\u2028b\nc"]]]],
    {"a": "ok", "b": "\x7f"}, {"a": {"b": 1}, "c": {"d": {1: 2}}}, ["éé", float("nan")], {"a\nb": {1: 2}}, Part("b", "missing"),
    [{"a": WORDS + "\t" + WORDS, "b": ["'" + WORDS]}], {"a": "é\u2028b c " * 30},
]  # fmt: skip


@pytest.mark.parametrize("value", BOUNDED, ids=title)
def test_bound_is_exact(value: Any) -> None:
    """For every limit up to the size of the text, the error that comes first in the text is raised."""
    whole = assert_equal(value)
    for limit in range(len(whole) + 2 if isinstance(whole, str) else 60):
        got = assert_equal(value, limit)
        if isinstance(whole, str):
            over = (LimitError, f"a document of more than {limit} characters (max_output)")
            assert got == (whole if limit >= len(whole) else over)


def bombs() -> Iterator[Any]:
    shared: Any = ["x"]
    for _ in range(200):
        shared = [shared, shared]
    yield shared
    around: dict[str, Any] = {"a": 1}
    around["b"] = {"c": [around]}
    yield around
    circle: list[Any] = []
    circle.append([[circle]])
    yield [[circle]]
    yield dict.fromkeys(map(str, range(100_000)), "x" * 100_000)
    for text in (
        "a\n" * 50_000,
        "a " * 50_000,
        "a\u2028" * 50_000,
        "a\u2028\n" * 50_000,
        "\n" * 50_000 + "a\n" * 9000,
    ):
        deep: Any = text
        for _ in range(500):
            deep = {"": deep}
        yield deep


@pytest.mark.parametrize("value", list(bombs()), ids=title)
def test_bombs_end(value: Any) -> None:
    kind, _ = assert_equal(value, 1_000_000)
    assert kind is LimitError


def test_depth() -> None:
    deep: Any = "x"
    for _ in range(20_000):
        deep = [deep]
    assert_equal(deep)
    for _ in range(2_000):
        deep = {"a": deep, "b": 1}
    assert_equal(deep)


# --- all other values ------------------------------------------------------------------------------------------------

odd = st.sampled_from(CHARACTERS + list(" '\"\\#:-?.0159aAyx~"))
pieces = odd | st.sampled_from(
    ["a", "b ", " ", "\n", ": ", " #", "word ", "eight words and a half with a comma, "]
)
texts = (
    st.text(st.characters() | odd, max_size=12)
    | st.lists(pieces, max_size=40).map("".join)
    | st.sampled_from(TEXTS)
    | st.from_regex(r"[-+.]?[0-9][0-9a-fox_:.+-]{0,8}|[a-z0-9]{1,9}", fullmatch=True)
)
orders = st.text(st.sampled_from("019av-_.\u0661\u0660é\u2160"), max_size=8)
keys = texts | orders | orders.map(BlankKey) | st.text(st.characters() | odd, max_size=400)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | texts
    | texts.map(SharedText)
    | texts.map(lambda text: TimeText(text, ""))
    | st.integers().map(lambda number: IntText(number, ""))
    | st.floats().map(lambda number: FloatText(number, ""))
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=6)
        | st.dictionaries(orders, inner, max_size=12)
        | st.dictionaries(orders, inner, max_size=3).map(MappingProxyType)
    ),
    max_leaves=15,
)


@given(trees)
def test_any_value(value: Any) -> None:
    assert_equal(value)


@given(trees, st.integers(0, 300))
def test_any_bound(value: Any, limit: int) -> None:
    assert_equal(value, limit)


@given(st.sets(orders, max_size=40))
def test_any_order(keys: set[str]) -> None:
    assert_equal(dict.fromkeys(keys))


@pytest.mark.skipif(not TABLE.exists(), reason="the table (../shared/spec) is not here")
def test_table() -> None:
    for line in TABLE.read_text("utf-8").splitlines():
        assert_equal(json.loads(line)["value"])
