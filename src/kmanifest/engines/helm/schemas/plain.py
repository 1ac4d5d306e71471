"""A fast check that accepts most schemas and most values.

Acceptance is final. If a check does not accept, nothing is known. Then the schema is checked against its metaschema
(`meta`), or the values by the full validator (`compile`, `check`). That takes ten times as long and produces the
messages.

Source: json-schema.org, drafts 6 to 2020-12; santhosh-tekuri/jsonschema v6.0.3 validator.go.
"""

import json

from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NoReturn

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_DRAFTS: Final = frozenset(
    f"{scheme}://json-schema.org/{name}{end}"
    for scheme in ("http", "https")
    for name in (
        "schema",
        "draft/2020-12/schema",
        "draft/2019-09/schema",
        "draft-07/schema",
        "draft-06/schema",
    )
    for end in ("", "#")
)
_CLASSES: Final[Mapping[str, type]] = {
    "array": list,
    "boolean": bool,
    "null": type(None),
    "string": str,
}

Instances = tuple[Any, ...]
Pending = list[tuple[Any, Instances]]


def accepts(schema: bytes, values: Any) -> bool:
    """Return whether the values certainly match a schema that has only plain keywords of a draft since 6."""
    try:
        document = json.loads(schema.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    if isinstance(document, dict) and document.pop("$schema", "http://json-schema.org/schema") not in _DRAFTS:  # fmt: skip
        return False
    # Each schema with the values that it applies to. There are none if no value reaches it.
    pending: Pending = [(document, (values,))]
    while pending:
        check_time()
        node, instances = pending.pop()
        if node is True or (node is False and not instances):
            continue
        if not isinstance(node, dict):
            return False
        for keyword, value in checked(node.items()):
            check = _CHECKS.get(keyword)
            if not (
                _is_annotation(keyword, value)
                if check is None
                else check(value, instances, node, pending)
            ):
                return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_annotation(keyword: str, value: Any) -> bool:
    """Return whether a keyword does not constrain values."""
    if keyword in ("title", "description"):
        return isinstance(value, str)
    if keyword == "examples":
        return isinstance(value, list)
    return keyword == "default" or (keyword not in _KNOWN and keyword[:1] != "$")


def _check_type(value: Any, instances: Instances, _: Any, __: Pending) -> bool:
    types = (value,) if isinstance(value, str) else value
    if not _has_usual_value("type", value):
        return False
    return all(any(_has_type(instance, name) for name in types) for instance in instances)


def _has_type(value: Any, kind: str) -> bool:
    if kind == "object":
        return isinstance(value, dict)
    if kind in ("number", "integer"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (kind == "number" or isinstance(value, int) or value.is_integer())
    return isinstance(value, _CLASSES[kind])


def _check_properties(value: Any, instances: Instances, _: Any, pending: Pending) -> bool:
    if not isinstance(value, dict):
        return False
    tables = [instance for instance in instances if isinstance(instance, dict)]
    for name, inner in checked(value.items()):
        pending.append((inner, tuple([table[name] for table in tables if name in table])))
    return True


def _check_additional(value: Any, instances: Instances, node: Any, pending: Pending) -> bool:
    names = node.get("properties", ())
    tables = (instance for instance in instances if isinstance(instance, dict))
    others = tuple(
        [instance for table in tables for name, instance in table.items() if name not in names]
    )
    pending.append((value, others))
    return True


def _check_items(value: Any, instances: Instances, _: Any, pending: Pending) -> bool:
    elements = tuple(
        [instance for values in instances if isinstance(values, list) for instance in values]
    )
    pending.append((value, elements))
    return True


def _check_enum(value: Any, instances: Instances, _: Any, __: Pending) -> bool:
    return _has_usual_value("enum", value) and all(
        isinstance(instance, str) and instance in value for instance in instances
    )


def _check_required(value: Any, instances: Instances, _: Any, __: Pending) -> bool:
    return _has_usual_value("required", value) and all(
        not isinstance(instance, dict) or all(name in instance for name in value)
        for instance in instances
    )


_CHECKS: Final[Mapping[str, Callable[[Any, Instances, Any, Pending], bool]]] = {
    "additionalProperties": _check_additional,
    "enum": _check_enum,
    "items": _check_items,
    "properties": _check_properties,
    "required": _check_required,
    "type": _check_type,
}


_SCHEMA_KEYWORDS: Final = ("additionalProperties", "contains", "propertyNames", "if", "then", "else", "not", "additionalItems")  # fmt: skip
_SCHEMA_LIST_KEYWORDS: Final = ("allOf", "anyOf", "oneOf")
_SCHEMA_MAP_KEYWORDS: Final = ("properties", "definitions", "$defs")
_NUMBER_KEYWORDS: Final = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_COUNT_KEYWORDS: Final = ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")  # fmt: skip
_STRING_KEYWORDS: Final = ("title", "description", "format", "$comment", "$schema", "$ref")
_BOOLEAN_KEYWORDS: Final = ("uniqueItems", "readOnly", "writeOnly", "deprecated")
_ANY_VALUE_KEYWORDS: Final = ("default", "const")


def is_plain(schema: Any, draft: int) -> bool:
    """Return whether a schema has only usual keywords with usual values, so that it is certainly valid."""
    if draft == 4:
        return False
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, bool):
            continue
        if not isinstance(node, dict):
            return False
        for keyword, value in node.items():
            inner = _subschemas(keyword, value)
            if inner is None:
                return False
            pending.extend(inner)
    return True


def _subschemas(keyword: str, value: Any) -> list[Any] | None:
    """Return the schemas in the value of a keyword, or None if the value is unusual."""
    if keyword in _SCHEMA_MAP_KEYWORDS:
        return list(value.values()) if isinstance(value, dict) else None
    if keyword in _SCHEMA_KEYWORDS:
        return [value]
    if keyword in _SCHEMA_LIST_KEYWORDS:
        return value if isinstance(value, list) and value else None
    if keyword == "items":
        return [value] if isinstance(value, dict | bool) else None
    return [] if _has_usual_value(keyword, value) else None


def _has_usual_value(keyword: str, value: Any) -> bool:
    if keyword == "type":
        types = value if isinstance(value, list) and value else [value]
        is_known = all(isinstance(name, str) and name in TYPES for name in types)
        return is_known and len(set(types)) == len(types)
    if keyword in _STRING_KEYWORDS:
        return isinstance(value, str) and "\\" not in (value if keyword == "$ref" else "")
    if keyword == "required":
        is_string_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return is_string_list and len(set(value)) == len(value)
    if keyword in _COUNT_KEYWORDS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if keyword in _NUMBER_KEYWORDS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if keyword in _BOOLEAN_KEYWORDS:
        return isinstance(value, bool)
    if keyword == "enum":
        is_scalar_list = isinstance(value, list) and not any(
            isinstance(item, dict | list) for item in value
        )
        return is_scalar_list and 0 < len(value) == len(
            {(item is True or item is False, item) for item in value}
        )
    if keyword == "examples":
        return isinstance(value, list)
    # A keyword that no draft defines may have any value. `$schema` was checked before.
    return keyword in _ANY_VALUE_KEYWORDS or (keyword not in _KNOWN and not keyword.startswith("$"))


_KNOWN: Final = frozenset(
    (
        *_SCHEMA_KEYWORDS, *_SCHEMA_LIST_KEYWORDS, *_SCHEMA_MAP_KEYWORDS, *_NUMBER_KEYWORDS, *_COUNT_KEYWORDS, *_STRING_KEYWORDS, *_BOOLEAN_KEYWORDS, *_ANY_VALUE_KEYWORDS,
        "type", "items", "required", "enum", "examples", "pattern", "multipleOf", "patternProperties", "dependentSchemas",
        "dependentRequired", "dependencies", "prefixItems", "unevaluatedItems", "unevaluatedProperties", "minContains",
        "maxContains", "contentMediaType", "contentEncoding", "contentSchema",
    )
)  # fmt: skip
"""Every keyword that a draft since 6 defines."""
