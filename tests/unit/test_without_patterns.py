"""Tests of strings without regular expressions have the results of the patterns that they replace."""

import re
from itertools import product

import pytest

from kmanifest.engines.helm import render
from kmanifest.engines.helm.objects import capabilities
from kmanifest.engines.helm.sprig import json_writer, strconv
from kmanifest.engines.kustomize import resource_files, scalars
from kmanifest.engines.kustomize.transformers import images
from kmanifest.model.errors import SourceError
from kmanifest.yaml import resolve

UINT64_MAX = (1 << 64) - 1


def strings(alphabet: str, most: int) -> list[str]:
    return ["".join(one) for size in range(most + 1) for one in product(alphabet, repeat=size)]


def test_plain_text():
    for text in strings("a1#:-.? ,\t\x7f\u0085é", 4):
        expected = re.match(scalars._NOT_PLAIN, text) is None
        assert scalars.can_be_plain(text) is expected, text
    for first in map(chr, range(0x180)):
        for text in (first, f"{first}a", f"a{first}", f"a{first}b", f"a {first}b", f"a{first} b"):
            expected = re.match(scalars._NOT_PLAIN, text) is None
            assert scalars.can_be_plain(text) is expected, text


def test_tags_and_digests():
    for text in (*strings(":@a._/", 6), ":é", "@é:a", "@a:é", "@a+b-c:{A-1}"):
        assert images._is_tag(text) is (re.fullmatch(images._TAG, text) is not None), text


def test_integers():
    for text in (*strings("01x_+-.a", 5), "٣", "²"):
        plain = text.replace("_", "")
        patterns = (resolve._INTEGER, resolve._SIGNED_INTEGER)
        expected = any(re.fullmatch(pattern, plain) for pattern in patterns)
        assert (resolve.parse_integer(text) is not None) is expected, text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", UINT64_MAX),
        ("18446744073709551616", None),
        ("99999999999999999999", None),
        ("1" + "0" * 5000, None),
    ],
)
def test_integers_of_64_bits(text: str, value: int | None):
    assert resolve.parse_integer(text) == value


def test_floats():
    for text in (*strings("01._+-e", 5), "٣.٣", "1.²"):
        plain = text.replace("_", "")
        expected = (
            re.fullmatch(resolve._POINT_FLOAT, text)
            if text[:1] == "."
            else re.fullmatch(resolve._FLOAT, plain)
        )
        value = resolve.parse_float(text)
        assert value == (None if expected is None else float(plain)), text


def test_objects_in_comments():
    for text in strings('#{ \n"}', 5):
        expected = re.search(r'#[#\s]*\{\s*(["}]|\Z)', text) is not None
        assert resource_files._has_object_in_comment(text.encode()) is expected, text


def test_release_names():
    for text in strings("a.-A1\n", 5):
        assert render._is_dns_name(text) is (re.fullmatch(render._NAME, text) is not None), text


def test_floats_of_go():
    for text in strings("1._+-e0 ", 5):
        expected = re.fullmatch(strconv._DECIMAL, text) is not None
        assert (strconv.parse_float(text) is not None) is expected, text


def test_versions_of_kubernetes():
    for text in strings("1v. \n0x", 6):
        match = re.fullmatch(r"[\t\n\f\r ]*v?([0-9]+(?:\.[0-9]+)*).*", text)
        parts = match[1].split(".") if match else []
        is_valid = len(parts) > 1 and (parts[0][0] != "0" or parts[0] == "0")
        assert _is_kube_version(text) is is_valid, text


def _is_kube_version(text: str) -> bool:
    try:
        capabilities.parse_kube_version(text)
    except SourceError:
        return False
    return True


def test_escapes_of_json():
    for char in (*map(chr, range(0x180)), "\u2028", "\u2029", "\ud800", "\uffff"):
        for escape, pattern in (
            (json_writer._escape, json_writer._ESCAPED_PATTERN),
            (json_writer._escape_html, json_writer._ESCAPED_HTML_PATTERN),
        ):
            text = f"a{char}b"
            assert escape(text) == re.sub(pattern, json_writer._escape_char, text)
