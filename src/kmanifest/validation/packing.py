"""Packed definitions: the types of several versions of Kubernetes as one text, and how it is written and read.

The text has three sections, each ended by an empty line.

1. The names of all definitions, one a line, each with the type that it defines, if any: `NAME apps/v1 Deployment`.
2. The distinct definitions of all versions, one a line. A definition is a list of fields, `name=type`, or `name!type` if the
   field is required. `:name` is one of the types that Go decodes with code of their own.
3. The versions, oldest first: `1.25`, then what differs from the version before. `7:12` means that the name with index 7 has
   the definition with index 12, and `7:` that the version does not have it.

A type is one letter (`SCALARS`), `@7` for the definition with the name of index 7, `[` and the type of a list's items, or `{` and
the type of a mapping's values. A list whose items are a set has `[()`, one whose items have keys `[(name,protocol)`. `|Always|Never`
after a string are its allowed values (`%20` is a space), `~"Always"` its default as JSON. `~{}` after a definition means that Go's
field is no pointer: the object always has the value, with empty fields if it is not set. The letter `p` is a string behind a
pointer, for which an empty string and an absent one differ.
"""

from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple

Version = tuple[int, int]


class FieldFacts(NamedTuple):
    """What the published definitions lack of a field: allowed values, the default as JSON, and Go's type."""

    enum: tuple[str, ...] = ()
    default: str = ""
    is_pointer: bool = False


Facts = dict[tuple[str, str], FieldFacts]
"""Facts by the names of definition and field."""

SCALARS: Final = {
    ("string", ""): "s",
    ("string", "byte"): "y",
    ("string", "date-time"): "s",
    ("integer", "int32"): "i",
    ("integer", "int64"): "l",
    ("integer", ""): "l",
    ("number", "double"): "d",
    ("number", ""): "d",
    ("boolean", ""): "b",
}
SPECIAL: Final = {
    "Quantity": ":quantity",
    "IntOrString": ":int-or-string",
    "Time": ":time",
    "MicroTime": ":micro-time",
    "FieldsV1": ":any",
    "Patch": ":any",
    "RawExtension": ":any",
    "JSON": ":any",
    "JSONSchemaPropsOrBool": ":schema-or-bool",
    "JSONSchemaPropsOrArray": ":schema-or-list",
    "JSONSchemaPropsOrStringArray": ":schema-or-strings",
}
SPACE: Final = "%20"
"""Stands for a space in an allowed value."""


def read_bundle(data: bytes) -> dict[str, Any]:
    """Return the definitions of a file `_definitions.json` of `kubernetes-validate`, by name."""
    import json  # for new data only

    bundle = json.loads(data)
    definitions: dict[str, Any] = bundle.get("$defs") or bundle["definitions"]
    return definitions


def pack_versions(versions: Mapping[Version, Mapping[str, Any]], facts: Facts) -> str:
    """Return the packed text of the definitions of some versions."""
    names = sorted({name for definitions in versions.values() for name in definitions})
    indexes = {name: index for index, name in enumerate(names)}
    types: dict[str, str] = {}
    lines: dict[str, int] = {}
    rows: list[str] = []
    before: dict[int, int] = {}
    for version, definitions in sorted(versions.items()):
        current: dict[int, int] = {}
        for name in sorted(definitions):
            definition = definitions[name]
            types[name] = types.get(name) or _type_name(definition)
            line = _definition_line(name, definition, indexes, facts)
            current[indexes[name]] = lines.setdefault(line, len(lines))
        changes = [
            f"{name}:{current.get(name, '')}"
            for name in sorted({*before, *current})
            if before.get(name) != current.get(name)
        ]
        rows.append(" ".join([f"{version[0]}.{version[1]}", *changes]))
        before = current
    sections = ([f"{name} {types[name]}".rstrip() for name in names], list(lines), rows)
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _type_name(definition: Mapping[str, Any]) -> str:
    """Return `apiVersion kind` of the type that a definition describes, empty for none and for lists of objects."""
    entries = definition.get("x-kubernetes-group-version-kind", ())
    properties = definition.get("properties", {})
    if len(entries) != 1 or ("items" in properties and entries[0]["kind"].endswith("List")):
        return ""
    group, version, kind = (entries[0][key] for key in ("group", "version", "kind"))
    return f"{group}/{version} {kind}" if group else f"{version} {kind}"


def _definition_line(
    name: str, definition: Mapping[str, Any], indexes: Mapping[str, int], facts: Facts
) -> str:
    special = SPECIAL.get(name.rpartition(".")[2])
    if special is not None and "properties" not in definition:
        return special
    required = set(definition.get("required", ()))
    fields = []
    for field, node in sorted(definition.get("properties", {}).items()):
        values, default, is_pointer = facts.get((name, field), FieldFacts())
        text = _type_text(node, indexes)
        if default == "{}" and text[0] != "@":
            default = ""
        if values and text[-1] == "s":
            if is_pointer:
                text = text[:-1] + "p"
            text += "".join(f"|{value.replace(' ', SPACE)}" for value in values)
        fields.append(
            f"{field}{'!' if field in required else '='}{text}{'~' if default else ''}{default}"
        )
    return " ".join(fields) or ":empty"


def _type_text(node: Mapping[str, Any], indexes: Mapping[str, int]) -> str:
    reference = node.get("$ref")
    if reference is not None:
        return f"@{indexes[reference.rpartition('/')[2]]}"
    type_ = node.get("type")
    if isinstance(type_, list):
        type_ = next(name for name in type_ if name != "null")
    if type_ == "array":
        return "[" + _list_kind(node) + _type_text(node["items"], indexes)
    if type_ == "object":
        values = node.get("additionalProperties")
        return "{" + _type_text(values, indexes) if isinstance(values, dict) else "a"
    return SCALARS[type_, node.get("format", "")] if type_ else "a"


def _list_kind(node: Mapping[str, Any]) -> str:
    kind = node.get("x-kubernetes-list-type")
    if kind == "map":
        return f"({','.join(node['x-kubernetes-list-map-keys'])})"
    return "()" if kind == "set" else ""
