"""Literals were printed by kustomize v5.8.2."""

import pytest

from kmanifest.engines.kustomize.hashing import float_text, json_text, name_hash, plain_float
from kmanifest.model.errors import SourceError

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n"}, "type": "Opaque"}


@pytest.mark.parametrize(
    ("body", "suffix"),
    [
        (CONFIG_MAP, "6ct58987ht"),
        ({**CONFIG_MAP, "data": {"a": "1"}}, "h29d89cmmt"),
        ({**CONFIG_MAP, "data": {"a": "<&>\u2028é"}}, "5kff75b427"),
        ({**CONFIG_MAP, "data": {"k": 'a"\\\b\f\n\r\t\x01'}}, "m7kc7fddb5"),
        ({**CONFIG_MAP, "binaryData": {"b.bin": "/wA="}}, "4mccgkhk5g"),
        ({**SECRET, "data": {}}, "46f8b28mk5"),
        ({**SECRET, "data": {"a": "MQ=="}}, "25khgmg44c"),
    ],
)
def test_suffix(body, suffix):
    assert name_hash(body) == suffix


def test_name_does_not_count():
    assert name_hash({**CONFIG_MAP, "metadata": {"name": "other"}}) == name_hash(CONFIG_MAP)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-2.5, "-2.5"),
    ],
)
def test_float_in_json(value, text):
    assert float_text(value) == text


def test_plain_float_has_no_exponent():
    assert plain_float(1.5e21) == "1500000000000000000000"
    assert plain_float(1.5e-9) == "0.0000000015"


def test_not_finite():
    with pytest.raises(SourceError):
        json_text(float("inf"))


def test_spread_json():
    assert (
        json_text({"b": [1, {}], "a": []}, indent=2)
        == '{\n  "a": [],\n  "b": [\n    1,\n    {}\n  ]\n}'
    )
