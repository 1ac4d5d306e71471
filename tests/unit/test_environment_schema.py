"""The JSON Schema of an environment's values: what it finds, where, and what it refuses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest import (
    KmanifestError,
    LimitError,
    Limits,
    MemoryTree,
    MissingError,
    Options,
    SourceError,
)
from kmanifest.engines.environment.values.json_schema import check_schema
from kmanifest.engines.environment.values.layers import Layer, load_layers, read_entries
from kmanifest.engines.environment.values.merging import merge_layers
from kmanifest.engines.environment.values.schema_steps import check_steps
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Registry

VALUES = "web:\n  replicas: 1\n  tier: dev\nports: [80]\nname: x\n"
LAYER = "web:\n  replicas: 20\n  tier: prd\nports: [443, 0]\n"


def check(
    schema: Any, *texts: str, options: Options = Options(), name: str = "schema.json"
) -> None:
    names = [f"layer{number}.yaml" for number in range(len(texts))]
    files = dict(zip(names, texts, strict=True))
    content = schema if isinstance(schema, str) else json.dumps(schema)
    tree = MemoryTree({f"app/{file}": text for file, text in {**files, name: content}.items()})
    ctx = Context(tree, Registry(), options=options, directory="app")
    layers = load_layers(ctx, read_entries(names), "app/kmanifest.yaml", {})
    check_schema(ctx, name, merge_layers(layers))


def fault(schema: Any, *texts: str, options: Options = Options()) -> KmanifestError:
    with pytest.raises(KmanifestError) as caught:
        check(schema, *texts, options=options)
    return caught.value


def web(**properties: Any) -> dict[str, Any]:
    return {"properties": {"web": {"properties": properties}}}


def test_values_that_match():
    check(web(replicas={"maximum": 20}, tier={"enum": ["prd"]}), VALUES, LAYER)
    check({}, "")


def test_a_schema_in_yaml():
    with pytest.raises(SourceError) as caught:
        check("properties:\n  a: {minimum: 2}\n", "a: 1", name="schema.yaml")
    assert (
        str(caught.value) == "app/layer0.yaml:1:1: a: 1 is less than the minimum of 2 (schema.yaml)"
    )


FAULTS: dict[str, tuple[Mapping[str, Any], str]] = {
    "range": (
        web(replicas={"maximum": 10}),
        "app/layer1.yaml:2:3: web.replicas: 20 is greater than the maximum of 10 (schema.json)",
    ),
    "enum": (
        web(tier={"enum": ["dev", "prod"]}),
        """app/layer1.yaml:3:3: web.tier: "prd" is not one of "dev" or "prod" (schema.json) (did you mean prod?)""",
    ),
    "item": (
        {"properties": {"ports": {"items": {"minimum": 1}}}},
        "app/layer1.yaml:4:14: ports.1: 0 is less than the minimum of 1 (schema.json)",
    ),
    "pattern in the first layer": (
        {"properties": {"name": {"pattern": "^[a-f]+$"}}},
        """app/layer0.yaml:5:1: name: "x" does not match "^[a-f]+$" (schema.json)""",
    ),
    "required": (
        {"properties": {"web": {"required": ["tag"]}}},
        """app/layer1.yaml:1:1: web: "tag" is a required property (schema.json)""",
    ),
    "additional": (
        {"properties": {"web": {"properties": {"tier": True}, "additionalProperties": False}}},
        "app/layer1.yaml:2:3: web.replicas: Additional properties are not allowed ('replicas' was unexpected) (schema.json)",
    ),
    "reference": (
        {**web(replicas={"$ref": "#/$defs/a~1b%25"}), "$defs": {"a/b%": {"maximum": 10}}},
        "app/layer1.yaml:2:3: web.replicas: 20 is greater than the maximum of 10 (schema.json)",
    ),
    "anchor": (
        {**web(replicas={"$ref": "#few"}), "$defs": {"a": {"$anchor": "few", "maximum": 10}}},
        "app/layer1.yaml:2:3: web.replicas: 20 is greater than the maximum of 10 (schema.json)",
    ),
    "recursive": (
        {"additionalProperties": {"$ref": "#"}, "not": {"const": "prd"}},
        """app/layer1.yaml:3:3: web.tier: {"const":"prd"} is not allowed for "prd" (schema.json)""",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str):
    schema, expected = FAULTS[name]
    error = fault(schema, VALUES, LAYER)
    assert str(error) == expected
    assert not error.causes


def test_all_faults_come_at_once():
    error = fault(web(replicas={"maximum": 10}, tier={"maxLength": 2}), VALUES, LAYER)
    assert [str(cause.location) for cause in error.causes] == [
        "app/layer1.yaml:2:3",
        "app/layer1.yaml:3:3",
    ]


def test_a_long_value_is_cut():
    error = fault({"properties": {"a": {"const": "x"}}}, f"a: {'y' * 1000}")
    assert len(error.message) < 350


BAD_SCHEMAS: dict[str, tuple[Any, str]] = {
    "JSON": ("{", "app/schema.json:1:2: invalid JSON: expecting property name enclosed in double quotes"),
    "list": ([], "app/schema.json: expected a mapping, got list"),
    "type": (
        {"properties": {"a": {"type": "strin"}}},
        """app/schema.json:1:23: properties.a.type: invalid schema: "strin" is not valid under any of the schemas listed in the 'anyOf' keyword""",
    ),
    "lookahead": (
        {"properties": {"a": {"pattern": "(?=x)y"}}},
        """app/schema.json:1:23: properties.a.pattern: invalid schema: "(?=x)y" is not a "regex\"""",
    ),
    "file": (
        {"$ref": "other.json"},
        "app/schema.json:1:2: $ref: a reference must begin with #, as no other file is read: 'other.json'",
    ),
    "URL": (
        {"$ref": "https://example.com/s.json"},
        "app/schema.json:1:2: $ref: a reference must begin with #, as no other file is read: 'https://example.com/s.json'",
    ),
    "unknown part": ({"$ref": "#/$defs/a"}, "app/schema.json:1:2: $ref: the schema has no part '#/$defs/a'"),
    "unknown anchor": ({"$ref": "#a"}, "app/schema.json:1:2: $ref: the schema has no part '#a'"),
    "unknown index": (
        {"$ref": "#/allOf/7", "allOf": [{}]}, "app/schema.json:1:2: $ref: the schema has no part '#/allOf/7'",
    ),
    "itself": ({"$ref": "#"}, "app/schema.json: the schema refers to itself for the same value"),
    "each other": (
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"},
        "app/schema.json:1:12: $defs.a: the schema refers to itself for the same value",
    ),
    "two anchors": (
        {"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}},
        "app/schema.json:1:18: $defs.a.$anchor: 'x' is given twice",
    ),
    "inner id": (
        {"$id": "https://example.com/a", "$defs": {"a": {"$id": "b"}}},
        "app/schema.json:1:50: $defs.a.$id: only the outermost schema may have an $id",
    ),
    "dynamic": ({"$dynamicRef": "#"}, "app/schema.json:1:2: $dynamicRef: $dynamicRef is not supported"),
    "dialect": (
        {"$schema": "https://example.com/s"},
        "app/schema.json: invalid schema: Unknown meta-schema: 'https://example.com/s'. Custom meta-schemas must be registered in the registry before use",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SCHEMAS)
def test_bad_schema(name: str):
    schema, expected = BAD_SCHEMAS[name]
    assert str(fault(schema, "a: x")) == expected


def test_a_reference_that_no_value_reaches_reads_no_file_either():
    error = fault({"properties": {"b": {"$ref": "file:///etc/passwd"}}}, "a: x")
    assert isinstance(error, SourceError)
    assert error.message.startswith("invalid schema: Resource 'file:///etc/passwd' is not present")


@pytest.mark.parametrize("schema", [{}, {"properties": {"b": {}}}])
def test_a_password_in_a_reference_is_not_shown(schema: dict[str, Any]):
    reference = {"$ref": "https://me:secret@example.com/s.json"}
    error = fault({"properties": {"b": reference}} if schema else reference, "a: x")
    assert "example.com" in str(error)
    assert "secret" not in str(error)


def test_a_schema_that_does_not_exist():
    ctx = Context(MemoryTree({"app/values.schema.json": ""}), Registry(), directory="app")
    with pytest.raises(MissingError) as caught:
        check_schema(ctx, "value.schema.json", merge_layers([Layer("a", {})]))
    assert caught.value.near == ("values.schema.json",)


# --- bounds --------------------------------------------------------------------------------------------------------


def doubling(levels: int) -> dict[str, Any]:
    """Return a schema whose parts refer to the next part twice."""
    definitions: dict[str, Any] = {
        f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}] * 2} for level in range(levels)
    }
    return {"$defs": {**definitions, f"a{levels}": {"type": "object"}}, "$ref": "#/$defs/a0"}


def test_references_that_double():
    check(doubling(10), "a: 1")
    assert (
        fault(doubling(60), "a: 1").message
        == "checking the values takes more than 5000000 steps (max_steps)"
    )


def test_references_that_double_with_the_depth_of_the_value():
    schema = {"additionalProperties": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}
    check(schema, "{a: " * 5 + "1" + "}" * 5)
    assert isinstance(fault(schema, "{a: " * 50 + "1" + "}" * 50), LimitError)


def test_a_chain_of_references():
    chain: dict[str, Any] = {
        f"a{index}": {"not": {"$ref": f"#/$defs/a{index + 1}"}} for index in range(30_000)
    }
    schema = {"$defs": {**chain, "a30000": True}, "$ref": "#/$defs/a0"}
    assert fault(schema, "a: 1").message == "more than 250 schemas inside each other"


def test_many_values_and_many_schemas():
    schema = {"additionalProperties": {"enum": list(range(10_000))}}
    values = merge_layers([Layer("a", {str(number): number for number in range(1_000)})])
    with pytest.raises(LimitError):
        check_steps(schema, values.value, max_steps=5_000_000)


def test_deep_values():
    values = "{a: " * 400 + "1" + "}" * 400
    check({"type": "object"}, values)
    assert isinstance(fault({"maxProperties": 0}, values), LimitError)
    assert (
        fault({"additionalProperties": {"$ref": "#"}}, values).message
        == "more than 250 schemas inside each other"
    )


def test_a_pattern_that_would_backtrack():
    check({"properties": {"a": {"pattern": "^(a+)+$"}}}, f"a: {'a' * 100_000}")
    assert isinstance(
        fault({"properties": {"a": {"pattern": "^(a+)+$"}}}, f"a: {'a' * 100_000}!"), SourceError
    )


def test_a_pattern_that_would_be_large():
    error = fault({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}, "a: x")
    assert error.message == 'invalid schema: "(a{1000}){1000}" is not a "regex"'


def test_the_steps_are_an_option():
    options = Options(limits=Limits(max_steps=10))
    assert isinstance(
        fault({"properties": {"a": {"enum": list(range(20))}}}, "a: 1", options=options), LimitError
    )
