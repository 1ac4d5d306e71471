"""The quick look: most schemas say little, and most values fit them.

What it finds good is good. Of all else it says nothing: then a schema is held against that of its draft (`meta`), or values
are held against it (`compile`, `check`), which takes ten times as long and knows the words for what is wrong.
Source: json-schema.org, drafts 6 to 2020-12; santhosh-tekuri/jsonschema v6.0.3 validator.go.
"""

import json
from collections.abc import Callable, Mapping

from kmanifest.startup.typing import Any, Final, NoReturn

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

Values = tuple[Any, ...]
Todo = list[tuple[Any, Values]]


def fits(schema: bytes, values: Any) -> bool:
    """Whether a schema is a plain one of a draft since 6 and the values are as it wants them; False also where it is in doubt."""
    try:
        document = json.loads(schema.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    if isinstance(document, dict) and document.pop("$schema", "http://json-schema.org/schema") not in _DRAFTS:  # fmt: skip
        return False
    # Each schema with the values that it is about: none, where no value reaches it.
    todo: Todo = [(document, (values,))]
    while todo:
        node, given = todo.pop()
        if node is True or (node is False and not given):
            continue
        if not isinstance(node, dict):
            return False
        for word, value in node.items():
            check = _CHECKS.get(word)
            if not (_is_note(word, value) if check is None else check(value, given, node, todo)):
                return False
    return True


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _is_note(word: str, value: Any) -> bool:
    """Whether a keyword asks nothing of a value."""
    if word in ("title", "description"):
        return isinstance(value, str)
    return word in ("default", "examples") or (word not in _KNOWN and word[:1] != "$")


def _type(value: Any, given: Values, _: Any, __: Todo) -> bool:
    kinds = (value,) if isinstance(value, str) else value
    if not _is_usual("type", value):
        return False
    return all(any(_has_type(each, kind) for kind in kinds) for each in given)


def _has_type(value: Any, kind: str) -> bool:
    if kind == "object":
        return isinstance(value, dict)
    if kind in ("number", "integer"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (kind == "number" or isinstance(value, int) or value.is_integer())
    return isinstance(value, _CLASSES[kind])


def _properties(value: Any, given: Values, _: Any, todo: Todo) -> bool:
    if not isinstance(value, dict):
        return False
    tables = [each for each in given if isinstance(each, dict)]
    for name, inner in value.items():
        todo.append((inner, tuple([table[name] for table in tables if name in table])))
    return True


def _additional(value: Any, given: Values, node: Any, todo: Todo) -> bool:
    names = node.get("properties", ())
    tables = (each for each in given if isinstance(each, dict))
    others = tuple([each for table in tables for name, each in table.items() if name not in names])
    todo.append((value, others))
    return True


def _items(value: Any, given: Values, _: Any, todo: Todo) -> bool:
    elements = tuple([each for values in given if isinstance(values, list) for each in values])
    todo.append((value, elements))
    return True


def _enum(value: Any, given: Values, _: Any, __: Todo) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, str) and each in value for each in given
    )


def _required(value: Any, given: Values, _: Any, __: Todo) -> bool:
    return _is_usual("required", value) and all(
        not isinstance(each, dict) or all(name in each for name in value) for each in given
    )


_CHECKS: Final[Mapping[str, Callable[[Any, Values, Any, Todo], bool]]] = {
    "additionalProperties": _additional,
    "enum": _enum,
    "items": _items,
    "properties": _properties,
    "required": _required,
    "type": _type,
}


_SCHEMAS: Final = ("additionalProperties", "contains", "propertyNames", "if", "then", "else", "not", "additionalItems")  # fmt: skip
_SCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SCHEMA_TABLES: Final = ("properties", "definitions", "$defs")
_NUMBER_WORDS: Final = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_COUNT_WORDS: Final = ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")  # fmt: skip
_TEXT_WORDS: Final = ("title", "description", "format", "$comment", "$schema", "$ref")
_BOOLEAN_WORDS: Final = ("uniqueItems", "readOnly", "writeOnly", "deprecated")
_FREE: Final = ("default", "const")


def is_plain(schema: Any, draft: int) -> bool:
    """Whether a schema has nothing but the usual keywords with the usual values: then it is one, and cheaply told."""
    if draft == 4:
        return False
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, bool):
            continue
        if not isinstance(node, dict):
            return False
        for word, value in node.items():
            inner = _plain_parts(word, value)
            if inner is None:
                return False
            todo.extend(inner)
    return True


def _plain_parts(word: str, value: Any) -> list[Any] | None:
    """The schemas that a keyword holds; None where its value is not a usual one."""
    if word in _SCHEMA_TABLES:
        return list(value.values()) if isinstance(value, dict) else None
    if word in _SCHEMAS:
        return [value]
    if word in _SCHEMA_LISTS:
        return value if isinstance(value, list) and value else None
    if word == "items":
        return [value] if isinstance(value, dict | bool) else None
    return [] if _is_usual(word, value) else None


def _is_usual(word: str, value: Any) -> bool:
    if word == "type":
        kinds = value if isinstance(value, list) and value else [value]
        is_known = all(isinstance(kind, str) and kind in TYPES for kind in kinds)
        return is_known and len(set(kinds)) == len(kinds)
    if word in _TEXT_WORDS:
        return isinstance(value, str) and "\\" not in (value if word == "$ref" else "")
    if word == "required":
        is_texts = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return is_texts and len(set(value)) == len(value)
    if word in _COUNT_WORDS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if word in _NUMBER_WORDS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if word in _BOOLEAN_WORDS:
        return isinstance(value, bool)
    if word in ("enum", "examples"):
        return isinstance(value, list)
    # A keyword that no draft knows may hold anything; `$schema` was looked at before.
    return word in _FREE or (word not in _KNOWN and not word.startswith("$"))


_KNOWN: Final = frozenset(
    (
        *_SCHEMAS, *_SCHEMA_LISTS, *_SCHEMA_TABLES, *_NUMBER_WORDS, *_COUNT_WORDS, *_TEXT_WORDS, *_BOOLEAN_WORDS, *_FREE,
        "type", "items", "required", "enum", "examples", "pattern", "multipleOf", "patternProperties", "dependentSchemas",
        "dependentRequired", "dependencies", "prefixItems", "unevaluatedItems", "unevaluatedProperties", "minContains",
        "maxContains", "contentMediaType", "contentEncoding", "contentSchema",
    )
)  # fmt: skip
"""Every keyword that a draft since 6 knows."""
