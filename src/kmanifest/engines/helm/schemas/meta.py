"""The metaschema of each draft, without rules that no schema of a chart can break.

They are written as data, each draft by the values that its keywords accept. Drafts 2019-09 and 2020-12 spread their
keywords over several schemas, which is visible in errors.

Source: json-schema.org, the schema of each draft.
"""

from kmanifest.engines.helm.schemas.plain import TYPES
from kmanifest.startup.typing import Any, Final, Mapping

_SELF: Final = {"$ref": "#"}
_ARRAY: Final = {"$ref": "#/$defs/schemaArray"}
_TABLE: Final = {"type": "object", "additionalProperties": _SELF}
_COUNT: Final = {"$ref": "#/$defs/count"}
_STRINGS: Final = {"$ref": "#/$defs/stringArray"}
_TYPES: Final = {
    "anyOf": [
        {"$ref": "#/$defs/simpleTypes"},
        {
            "type": "array",
            "items": {"$ref": "#/$defs/simpleTypes"},
            "minItems": 1,
            "uniqueItems": True,
        },
    ]
}
_SIMPLE: Final = {"enum": [*TYPES]}
_TEXT: Final = {"type": "string"}
_BOOLEAN: Final = {"type": "boolean"}
_NUMBER: Final = {"type": "number"}
_ABOVE_ZERO: Final = {"type": "number", "exclusiveMinimum": 0}
_PATTERN: Final = {"type": "string", "format": "regex"}
_PATTERNS: Final = {**_TABLE, "propertyNames": {"format": "regex"}}
_ADDRESS: Final = {"type": "string", "format": "uri-reference"}
_DEFINITIONS: Final = {
    "schemaArray": {"type": "array", "minItems": 1, "items": _SELF},
    "stringArray": {"type": "array", "items": _TEXT, "uniqueItems": True},
    "simpleTypes": _SIMPLE,
}
_ASSERTIONS: Final = {
    "multipleOf": _ABOVE_ZERO, "maximum": _NUMBER, "exclusiveMaximum": _NUMBER, "minimum": _NUMBER,
    "exclusiveMinimum": _NUMBER, "maxLength": {"$ref": "#/$defs/plainCount"}, "minLength": _COUNT, "pattern": _PATTERN,
    "maxItems": {"$ref": "#/$defs/plainCount"}, "minItems": _COUNT, "uniqueItems": _BOOLEAN,
    "maxProperties": {"$ref": "#/$defs/plainCount"}, "minProperties": _COUNT, "required": _STRINGS,
    "enum": {"type": "array"}, "type": _TYPES,
}  # fmt: skip
_NOTES: Final = {
    "title": _TEXT, "description": _TEXT, "readOnly": _BOOLEAN, "writeOnly": _BOOLEAN, "examples": {"type": "array"},
}  # fmt: skip
_COMMON: Final = {
    "additionalProperties": _SELF, "properties": _TABLE, "patternProperties": _PATTERNS, "contains": _SELF,
    "propertyNames": _SELF, "if": _SELF, "then": _SELF, "else": _SELF, "allOf": _ARRAY, "anyOf": _ARRAY, "oneOf": _ARRAY,
    "not": _SELF,
}  # fmt: skip
_ANCHORS: Final = {2019: "^[A-Za-z][-A-Za-z0-9.:_]*$", 2020: "^[A-Za-z_][-A-Za-z0-9._]*$"}
_NEW_IN_7: Final = frozenset(
    ("$comment", "readOnly", "writeOnly", "examples", "contentMediaType", "contentEncoding", "if", "then", "else")
)  # fmt: skip
_REQUIREMENTS: Final = {"type": "object", "additionalProperties": {"anyOf": [_SELF, _STRINGS]}}
_PLAIN_COUNT: Final = {"type": "integer", "minimum": 0}


def meta_schema(draft: int) -> Mapping[str, Any]:
    """Return the metaschema of a draft."""
    if draft >= 2019:
        return _vocabulary_schema(draft)
    if draft == 4:
        return _draft_4()
    keywords = {
        **_COMMON, **_ASSERTIONS, **_NOTES, "$id": _ADDRESS, "$schema": {"type": "string", "format": "uri"}, "$ref": _ADDRESS,
        "$comment": _TEXT, "additionalItems": _SELF, "items": {"anyOf": [_SELF, _ARRAY]}, "definitions": _TABLE,
        "dependencies": _REQUIREMENTS, "format": _TEXT, "contentMediaType": _TEXT, "contentEncoding": _TEXT,
    }  # fmt: skip
    keywords["enum"] = {"type": "array", "minItems": 1, "uniqueItems": True}
    if draft == 6:
        keywords = {name: rule for name, rule in keywords.items() if name not in _NEW_IN_7}
        keywords["patternProperties"] = _TABLE
    counts = {
        "plainCount": _PLAIN_COUNT,
        "count": {"allOf": [{"$ref": "#/$defs/plainCount"}, {"default": 0}]},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": ["object", "boolean"],
        "properties": keywords,
        "$defs": {**_DEFINITIONS, **counts},
    }


def _draft_4() -> Mapping[str, Any]:
    keywords = {
        **{keyword: _COMMON[keyword] for keyword in ("properties", "patternProperties", "allOf", "anyOf", "oneOf", "not")},
        **_ASSERTIONS, "id": _TEXT, "$schema": _TEXT, "$ref": _TEXT, "title": _TEXT, "description": _TEXT,
        "patternProperties": _TABLE,
        "exclusiveMinimum": _BOOLEAN, "exclusiveMaximum": _BOOLEAN,
        "required": _STRINGS,
        "enum": {"type": "array", "minItems": 1, "uniqueItems": True},
        "additionalProperties": {"anyOf": [_BOOLEAN, _SELF]}, "additionalItems": {"anyOf": [_BOOLEAN, _SELF]},
        "items": {"anyOf": [_SELF, _ARRAY]}, "definitions": _TABLE, "dependencies": _REQUIREMENTS, "format": _TEXT,
    }  # fmt: skip
    counts = {
        "plainCount": _PLAIN_COUNT,
        "count": {"allOf": [{"$ref": "#/$defs/plainCount"}, {"default": 0}]},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": keywords,
        "$defs": {
            **_DEFINITIONS,
            **counts,
            "stringArray": {"type": "array", "minItems": 1, "items": _TEXT, "uniqueItems": True},
        },
        "dependencies": {"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]},
    }


def _vocabulary_schema(draft: int) -> Mapping[str, Any]:
    """Return the metaschema of a draft that spreads its keywords over several schemas."""
    kinds = ["object", "boolean"]
    core = {
        "$id": {**_ADDRESS, "pattern": "^[^#]*#?$"}, "$schema": {"type": "string", "format": "uri"}, "$ref": _ADDRESS,
        "$anchor": {"type": "string", "pattern": _ANCHORS[draft]}, "$comment": _TEXT, "$defs": _TABLE,
        "$vocabulary": {"type": "object", "additionalProperties": _BOOLEAN},
    }  # fmt: skip
    unevaluated = {"unevaluatedItems": _SELF, "unevaluatedProperties": _SELF}
    applicator = {**_COMMON, "dependentSchemas": _TABLE}
    if draft == 2019:
        applicator |= {"additionalItems": _SELF, "items": {"anyOf": [_SELF, _ARRAY]}, **unevaluated}
    else:
        applicator |= {"prefixItems": _ARRAY, "items": _SELF}
    validation = {
        **_ASSERTIONS,
        "minContains": _COUNT,
        "maxContains": {"$ref": "#/$defs/plainCount"},
        "dependentRequired": {"type": "object", "additionalProperties": _STRINGS},
    }
    content = {"contentMediaType": _TEXT, "contentEncoding": _TEXT, "contentSchema": _SELF}
    parts = [core, applicator, *([unevaluated] if draft == 2020 else []), validation]
    parts += [{**_NOTES, "deprecated": _BOOLEAN}, {"format": _TEXT}, content]
    counts = {
        "plainCount": _PLAIN_COUNT,
        "count": {"$ref": "#/$defs/plainCount", "default": 0},
    }
    names = {
        f"part{index}": {"type": kinds, "properties": part} for index, part in enumerate(parts)
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [{"$ref": f"#/$defs/{name}"} for name in names],
        "type": kinds,
        "properties": {"definitions": _TABLE, "dependencies": _REQUIREMENTS},
        "$defs": {**_DEFINITIONS, **counts, **names},
    }
