"""The schemas of CustomResourceDefinitions: which keywords the server takes, and whether a schema is structural.

A structural schema gives each field a type outside of `allOf`, `anyOf`, `oneOf` and `not`; what is inside of these only
checks values. Rules in CEL are not compiled here, and defaults are compared with types, enums and required fields only.

Sources: k8s.io/apiextensions-apiserver v0.36.3 pkg/apis/apiextensions/validation/validation.go,
ValidateCustomResourceDefinitionOpenAPISchema; pkg/apiserver/schema/validation.go and complete.go.
"""

import re

from kmanifest.startup.typing import Any, Final, Literal, Mapping, NamedTuple
from kmanifest.validation.rules.reading import Faults, items_of, mapping_of, strings_of, text_of

Level = Literal["root", "items", "field"]
"""The position of a schema: at the root, as the items of a list, or as a field or the values of a map."""

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED: Final = (
    "id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref",
)  # fmt: skip
_AT_ROOT: Final = frozenset({
    "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items", "properties",
    "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
})  # fmt: skip
"""The keywords at the root of a schema with a status. Source: allowedFieldsAtRootSchema."""
_STRUCTURE: Final = (
    ("type", "empty"), ("default", "undefined"), ("title", "empty"), ("description", "empty"), ("nullable", "false"),
    ("x-kubernetes-preserve-unknown-fields", "false"), ("x-kubernetes-embedded-resource", "false"),
    ("x-kubernetes-int-or-string", "false"), ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"), ("x-kubernetes-map-type", "undefined"),
    ("x-kubernetes-validations", "empty"),
)  # fmt: skip
"""The keywords that value validations must not have, and how they must be. Source: validateNestedValueValidation."""
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_LIST_TYPES: Final = ("atomic", "set", "map")
_REASONS: Final = (
    "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired",
)  # fmt: skip
_MISSING: Final = {
    "root": "must not be empty at the root",
    "items": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['([^'\]]*)'\]|\[(\d+)\]")
_CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def check_root_schema(faults: Faults, schema: Mapping[str, Any], *, has_status: bool) -> None:
    """Check the schema of a version."""
    if has_status:
        wrong = [key for key, value in schema.items() if value and key not in _AT_ROOT]
        if wrong:
            allowed = ", ".join(sorted(_AT_ROOT))
            detail = f"only {allowed} fields are allowed at the root of the schema if the status subresource is enabled"
            faults.invalid((), ", ".join(wrong), detail)
    if schema.get("nullable"):
        faults.forbidden(("nullable",), "nullable cannot be true at the root")
    if schema.get("additionalProperties") is not None:
        faults.forbidden(("additionalProperties",), "must not be used at the root")
    _check_structural(faults, schema, "root")
    _check_metadata_of_root(faults, schema)


def _check_metadata_of_root(faults: Faults, schema: Mapping[str, Any]) -> None:
    """Source: validateStructuralMetadataInvariants."""
    metadata = mapping_of(schema, "properties").get("metadata")
    if metadata is None:
        return
    others = {key for key, value in metadata.items() if value} - {"type", "properties", "default"}
    names = mapping_of(metadata, "properties").keys() - {"name", "generateName"}
    if others or names:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        faults.forbidden(("properties", "metadata"), detail)


def _check_structural(faults: Faults, schema: Mapping[str, Any], level: Level) -> None:
    """Check a schema that gives a value its type, and those inside of it."""
    _check_keywords(faults, schema)
    _check_type(faults, schema, level)
    _check_lists(faults, schema)
    _check_rules(faults, schema)
    _check_junctors(faults, schema, _Structure(schema, faults) if level == "root" else None)
    if schema.get("default") is not None:
        _check_default(faults.at("default"), schema, schema["default"])
    if schema.get("type") == "array" and schema.get("items") is None:
        faults.required(("items",), "must be specified")
    if isinstance(schema.get("items"), Mapping):
        _check_structural(faults.at("items"), schema["items"], "items")
    if isinstance(schema.get("additionalProperties"), Mapping):
        _check_structural(
            faults.at("additionalProperties"), schema["additionalProperties"], "field"
        )
    for name, field in mapping_of(schema, "properties").items():
        _check_structural(faults.at("properties", name), field or {}, "field")


def _check_keywords(faults: Faults, schema: Mapping[str, Any]) -> None:
    """Check the keywords that hold for all schemas. Source: specStandardValidatorV3.validate."""
    type_ = text_of(schema, "type")
    if type_:
        faults.one_of(("type",), type_, _TYPES)
    for keyword in _UNSUPPORTED:
        if schema.get(keyword) not in (None, "", {}):
            faults.forbidden((keyword,), f"{keyword} is not supported")
    if isinstance(schema.get("items"), list):
        faults.forbidden(("items",), "items must be a schema object and not an array")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        faults.forbidden(("uniqueItems",), detail)
    values = schema.get("additionalProperties")
    if values is not None and values is not True and mapping_of(schema, "properties"):
        detail = "additionalProperties and properties are mutual exclusive"
        faults.forbidden(("additionalProperties",), detail)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        path = ("x-kubernetes-preserve-unknown-fields",)
        faults.invalid(path, schema[path[0]], "must be true or undefined")
    pattern = text_of(schema, "pattern")
    if pattern:
        problem = _find_pattern_fault(pattern)
        if problem:
            detail = f"must be a valid regular expression, but isn't: {problem}"
            faults.invalid(("pattern",), pattern, detail)


def _find_pattern_fault(pattern: str) -> str | None:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        message = error.args[0] if error.args else ""
        return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return None


def _check_type(faults: Faults, schema: Mapping[str, Any], level: Level) -> None:
    """Source: validateStructuralInvariants, validateExtensions."""
    type_ = text_of(schema, "type")
    is_open = schema.get("x-kubernetes-preserve-unknown-fields")
    is_either = schema.get("x-kubernetes-int-or-string")
    is_embedded = schema.get("x-kubernetes-embedded-resource")
    if is_either:
        for keyword in ("preserve-unknown-fields", "embedded-resource"):
            if schema.get(f"x-kubernetes-{keyword}"):
                detail = "must be false if x-kubernetes-int-or-string is true"
                faults.invalid(
                    (f"x-kubernetes-{keyword}",), schema[f"x-kubernetes-{keyword}"], detail
                )
    if is_embedded and type_ != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        if type_:
            faults.invalid(("type",), type_, detail)
        else:
            faults.required(("type",), detail)
    elif not type_ and not is_either and not is_open:
        faults.required(("type",), _MISSING[level])
    if level == "root" and type_ and type_ != "object":
        faults.invalid(("type",), type_, "must be object at the root")
    if is_embedded:
        if schema.get("additionalProperties") is not None:
            detail = "must not be used if x-kubernetes-embedded-resource is set"
            faults.forbidden(("additionalProperties",), detail)
        if not is_open and not mapping_of(schema, "properties"):
            detail = (
                "must not be empty if x-kubernetes-embedded-resource is true without "
                "x-kubernetes-preserve-unknown-fields"
            )
            faults.required(("properties",), detail)
    if level == "root" or is_embedded:
        _check_meta_types(faults, mapping_of(schema, "properties"))


def _check_meta_types(faults: Faults, properties: Mapping[str, Any]) -> None:
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if properties.get(name) is not None and text_of(properties[name], "type") != wanted:
            path = ("properties", name, "type")
            faults.invalid(path, text_of(properties[name], "type"), f"must be {wanted}")


def _check_lists(faults: Faults, schema: Mapping[str, Any]) -> None:
    """Check how lists and maps are merged. Source: ValidateCustomResourceDefinitionOpenAPISchema."""
    type_ = text_of(schema, "type")
    list_type, map_type = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-map-type")
    for keyword, value, wanted, supported in (
        ("x-kubernetes-map-type", map_type, "object", ("atomic", "granular")),
        ("x-kubernetes-list-type", list_type, "array", _LIST_TYPES),
    ):
        if value is None:
            continue
        if type_ != wanted:
            detail = f"must be {wanted} if {keyword} is specified"
            if type_:
                faults.invalid(("type",), type_, detail)
            else:
                faults.required(("type",), detail)
        faults.one_of((keyword,), value, supported)
    keys, items = strings_of(schema, "x-kubernetes-list-map-keys"), schema.get("items")
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        if list_type is None:
            faults.required(("x-kubernetes-list-type",), detail)
        else:
            faults.invalid(("x-kubernetes-list-type",), list_type, detail)
    if list_type in {"set", "map"} and isinstance(items, Mapping) and items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        faults.forbidden(("items", "nullable"), detail)
    if list_type == "set" and type_ == "array" and isinstance(items, Mapping):
        _check_set_items(faults.at("items"), items)
    if list_type == "map":
        _check_keys(faults, items, keys)


def _check_set_items(faults: Faults, items: Mapping[str, Any]) -> None:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    type_ = text_of(items, "type")
    list_type, map_type = items.get("x-kubernetes-list-type"), items.get("x-kubernetes-map-type")
    if type_ == "array" and list_type not in {None, "atomic"}:
        faults.invalid(("x-kubernetes-list-type",), list_type, detail)
    if type_ == "object" and map_type != "atomic":
        faults.invalid(("x-kubernetes-map-type",), map_type, detail)


def _check_keys(faults: Faults, items: Any, keys: list[str]) -> None:
    """Check the keys of a list that is a map. Source: also validateMapListKeysMapSet."""
    at = faults.at("x-kubernetes-list-map-keys")
    if not keys:
        at.required((), "must not be empty if x-kubernetes-list-type is map")
    if len(set(keys)) < len(keys):
        at.invalid((), keys, "must not contain duplicate entries")
    if items is None:
        faults.required(("items",), "must have a schema if x-kubernetes-list-type is map")
    if not isinstance(items, Mapping):
        return
    if text_of(items, "type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        faults.invalid(("items", "type"), text_of(items, "type"), detail)
        return
    properties, required = mapping_of(items, "properties"), strings_of(items, "required")
    for key in keys:
        field = properties.get(key)
        if field is None:
            at.invalid((), keys, "entries must all be names of item properties")
            continue
        inner = faults.at("items", "properties", key)
        if text_of(field, "type") in {"array", "object"}:
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            inner.invalid(("type",), text_of(field, "type"), detail)
        listed = "this property is in x-kubernetes-list-map-keys, so it"
        if key not in required and field.get("default") is None:
            inner.required(("default",), f"{listed} must have a default or be a required property")
        if field.get("nullable"):
            inner.forbidden(("nullable",), f"{listed} cannot be nullable")


def _check_rules(faults: Faults, schema: Mapping[str, Any]) -> None:
    """Check rules in CEL, without their expressions."""
    for index, rule in enumerate(items_of(schema, "x-kubernetes-validations")):
        at = faults.at("x-kubernetes-validations", index)
        expression, message = text_of(rule, "rule").strip(), text_of(rule, "message")
        if not expression:
            at.required(("rule",), "rule is not specified")
        elif message and not message.strip():
            at.invalid(("message",), message, "must be non-empty if specified")
        elif _has_line_breaks(message.strip()):
            at.invalid(("message",), message, "must not contain line breaks")
        elif _has_line_breaks(expression) and not message:
            at.required(("message",), "message must be specified if rule contains line breaks")
        computed, path, reason = (
            text_of(rule, "messageExpression"),
            text_of(rule, "fieldPath"),
            rule.get("reason"),
        )
        if computed and not computed.strip():
            at.required(("messageExpression",), "messageExpression must be non-empty if specified")
        if reason is not None:
            at.one_of(("reason",), reason, _REASONS)
        if path and find_schema(schema, path) is None:
            at.invalid(("fieldPath",), path, "must be a valid path")


def _has_line_breaks(text: str) -> bool:
    return "\n" in text or "\r" in text


def find_schema(
    schema: Mapping[str, Any], path: str, *, with_indexes: bool = True
) -> Mapping[str, Any] | None:
    """Return the schema of a field such as `.spec.ports[0].name`, or None.

    Source: pkg/apiserver/schema/cel/validation.go, ValidFieldPath.
    """
    position = 0
    current: Any = schema
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or not isinstance(current, Mapping):
            return None
        name = match[1] if match[1] is not None else match[2]
        if name is None:
            current = current.get("items") if with_indexes else None
        elif name in mapping_of(current, "properties"):
            current = current["properties"][name]
        else:
            current = current.get("additionalProperties")
        position = match.end()
    return current if isinstance(current, Mapping) else None


class _Structure(NamedTuple):
    """The schema that gives a value its type, and the reporter for its path."""

    schema: Mapping[str, Any]
    faults: Faults

    def field(self, name: str) -> "_Structure | None":
        """Return the structure of a field, or None."""
        schema = mapping_of(self.schema, "properties").get(name)
        return None if schema is None else _Structure(schema, self.faults.at("properties", name))

    def items(self) -> "_Structure | None":
        """Return the structure of the items of a list, or None."""
        schema = self.schema.get("items")
        if not isinstance(schema, Mapping):
            return None
        return _Structure(schema, self.faults.at("items"))


def _check_junctors(
    faults: Faults, schema: Mapping[str, Any], structure: _Structure | None
) -> None:
    """Check the value validations of a schema. Only those of the root are compared with a structure."""
    all_of = items_of(schema, "allOf")
    for junctor in _JUNCTORS:
        if junctor == "anyOf" and schema.get("anyOf") == _INT_OR_STRING:
            continue
        for index, nested in enumerate(items_of(schema, junctor)):
            skips = junctor == "allOf" and index == 0 and all_of[0].get("anyOf") == _INT_OR_STRING
            _check_nested(faults.at(junctor, index), nested, structure, skips_any_of=skips)
    negated = schema.get("not")
    if negated is not None:
        _check_nested(faults.at("not"), negated, structure)


def _check_nested(
    faults: Faults,
    schema: Mapping[str, Any],
    structure: _Structure | None,
    *,
    skips_any_of: bool = False,
) -> None:
    """Check a value validation, which has no structure of its own. Source: validateNestedValueValidation."""
    _check_keywords(faults, schema)
    for keyword, state in _STRUCTURE:
        if schema.get(keyword) not in (None, "", False, [], {}):
            faults.forbidden((keyword,), f"must be {state} to be structural")
    if schema.get("additionalProperties") not in (None, False):
        faults.forbidden(("additionalProperties",), "must be undefined to be structural")
    without = {key: value for key, value in schema.items() if key != "anyOf"}
    _check_junctors(faults, without if skips_any_of else schema, structure)
    items = schema.get("items")
    if isinstance(items, Mapping):
        inner = structure.items() if structure is not None else None
        if structure is not None and inner is None:
            structure.faults.required(("items",), f"because it is defined in {_shown(faults)}")
        _check_nested(faults.at("items"), items, inner)
    for name, field in mapping_of(schema, "properties").items():
        at = faults.at("properties", name)
        if name == "metadata":
            at.forbidden((), "must not be specified in a nested context")
        inner = structure.field(name) if structure is not None else None
        if structure is not None and inner is None:
            detail = f"because it is defined in {_shown(at)}"
            structure.faults.required(("properties", name), detail)
        _check_nested(at, field or {}, inner)


def _shown(faults: Faults) -> str:
    return ".".join(str(step) for step in faults.base)


def _check_default(faults: Faults, schema: Mapping[str, Any], value: Any) -> None:
    """Check that a default fits its schema. Source: pkg/apiserver/schema/defaulting/validation.go, ValidateDefaults."""
    type_ = text_of(schema, "type")
    classes = _CLASSES.get(type_)
    if value is None:
        return
    if classes is not None and not schema.get("x-kubernetes-int-or-string"):
        is_bool = isinstance(value, bool) and bool not in classes
        is_whole = type_ == "integer" and isinstance(value, float) and value.is_integer()
        if (not isinstance(value, classes) or is_bool) and not is_whole:
            faults.invalid((), value, f"must be of type {type_}")
            return
    allowed = schema.get("enum") or []
    if allowed and value not in allowed:
        faults.unsupported((), value, [str(each) for each in allowed])
    if isinstance(value, dict):
        properties = mapping_of(schema, "properties")
        for name in strings_of(schema, "required"):
            if name not in value:
                faults.required((name,))
        for name, field in value.items():
            if name in properties:
                _check_default(faults.at(name), properties[name] or {}, field)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for index, item in enumerate(value):
            _check_default(faults.at(index), schema["items"], item)
