"""The fast check of a schema may accept only what the full check accepts."""

import json
import random
from typing import Any

import pytest

from kmanifest.engines.helm.schemas import LOCATION
from kmanifest.engines.helm.schemas.check import Checker
from kmanifest.engines.helm.schemas.compile import Compiler
from kmanifest.engines.helm.schemas.document import load_schema
from kmanifest.engines.helm.schemas.meta_check import find_meta_fault
from kmanifest.engines.helm.schemas.plain import accepts
from kmanifest.model.errors import SourceError

VALUES: tuple[Any, ...] = (None, True, False, 0, 1, 1.0, 1.5, "", "a", "b", [], [1.0], ["a", None], {}, {"a": 1.0}, {"b": "b", "c": {}})  # fmt: skip
KINDS = ("array", "boolean", "integer", "null", "number", "object", "string", "text", 1)


def is_valid(schema: Any, values: Any) -> bool:
    try:
        document = load_schema(json.dumps(schema).encode())
        compiled = Compiler(document, LOCATION, find_meta_fault).compile()
    except SourceError:
        return False
    return not Checker(compiled).fault(values)


def random_schema(draw: random.Random, depth: int) -> Any:
    if depth == 0 or draw.random() < 0.1:
        return draw.choice([True, False, {}, {"type": draw.choice(KINDS)}, 3])
    schema: dict[str, Any] = {}
    for keyword in draw.sample(sorted(MAKERS), draw.randrange(1, 5)):
        schema[keyword] = MAKERS[keyword](draw, depth - 1)
    return schema


def random_table(draw: random.Random, depth: int) -> Any:
    return {name: random_schema(draw, depth) for name in draw.sample("abc", draw.randrange(3))}


MAKERS: dict[str, Any] = {
    "$schema": lambda draw, _: draw.choice(
        [
            "http://json-schema.org/schema#",
            "http://json-schema.org/draft-04/schema#",
            "https://json-schema.org/draft-07/schema",
            "x",
        ]
    ),
    "$ref": lambda draw, _: draw.choice(["#", "#/properties/a", "urn:x"]),
    "additionalProperties": random_schema,
    "anyOf": lambda draw, depth: [random_schema(draw, depth)],
    "default": lambda draw, _: draw.choice(VALUES),
    "description": lambda draw, _: draw.choice(["text", "text", 1]),
    "enum": lambda draw, _: draw.sample(VALUES, draw.randrange(4)),
    "form": lambda draw, _: draw.choice(VALUES),
    "items": random_schema,
    "maximum": lambda draw, _: draw.choice([0, 1, "1"]),
    "minLength": lambda draw, _: draw.choice([0, 1, -1]),
    "patternProperties": random_table,
    "properties": random_table,
    "required": lambda draw, _: draw.choice([[], ["a"], ["a", "b"], ["a", "a"], "a"]),
    "title": lambda draw, _: draw.choice(["text", "text", None]),
    "type": lambda draw, _: draw.choice([*KINDS, ["string", "object"], [], ["null", "null"]]),
}


def test_accepted_values_are_valid() -> None:
    draw = random.Random(6)  # noqa: S311 - nothing secret
    found = 0
    for _ in range(20_000):
        schema, values = random_schema(draw, 3), draw.choice(VALUES)
        if accepts(json.dumps(schema).encode(), values):
            found += 1
            assert is_valid(schema, values), (schema, values)
    assert found > 1_000


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({}, {}),
        ({"$schema": "http://json-schema.org/schema#", "type": "object"}, {"a": 1.0}),
        ({"properties": {"a": {"type": "integer", "form": True}}, "required": ["a"]}, {"a": 1.0}),
        ({"additionalProperties": False, "properties": {"a": True}}, {"a": None}),
        ({"type": ["array", "null"], "items": {"enum": ["x", "y"]}}, ["x"]),
        ({"properties": {"a": {"properties": {"b": {"type": "string"}}}}}, {"a": {"b": "c"}}),
    ],
)
def test_usual_schemas_of_charts_are_accepted(schema: Any, values: Any) -> None:
    assert accepts(json.dumps(schema).encode(), values)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b"{} {}", b"\xff{}", b'{"default": NaN}', b"[" * 100_000]
)
def test_invalid_schemas_are_not_accepted(text: bytes) -> None:
    assert not accepts(text, {})
