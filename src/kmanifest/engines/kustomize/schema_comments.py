"""Schemas in comments, which decide how lists of a field are merged: `parts: # {"x-kubernetes-patch-strategy": "merge"}`.

kyaml keeps comments. In a strategic merge patch it looks at the comments of each field, first of the base's, then of
the patch's. A comment that is a JSON object is a schema. It takes the place of what is known of the field, also if the
object means something else. So `containers: # {"setter": "x"}` makes a patch replace the list.

Bodies do not keep comments. Files with such comments are parsed once more, and the key of each commented field becomes
a `SchemaKey`. `CommentedFields` is the schema of a mapping with such keys.
Source: kyaml v0.21.2 fieldmeta/fieldmeta.go, Read; yaml/walk/map.go, fieldValue and valueIfPresent; yaml/walk/walk.go,
GetSchema; yaml/merge2/merge2.go, SetComments.
"""

import json

from kmanifest.engines.kustomize.source_nodes import find_object_node
from kmanifest.engines.kustomize.yaml_nodes import Comments, Node
from kmanifest.model.errors import KmanifestError
from kmanifest.model.limits import Limits
from kmanifest.model.resource import Resource
from kmanifest.model.values import Body, SchemaKey
from kmanifest.schema import Schema, TypeSchema
from kmanifest.startup.typing import Any, Final, Mapping

# Types of the fields that are read: with another one, Go can't decode the comment as a schema.
_FIELD_TYPES: Final[Mapping[str, Any]] = {
    "type": (str, list),
    "items": (dict, list),
    "properties": dict,
    "$ref": str,
    "format": str,
    "description": str,
}


def with_schema_keys(resource: Resource, content: bytes, limits: Limits) -> Resource:
    """Return the resource with a SchemaKey for each field with a schema in a comment; `content` is that of its file."""
    if resource.origin.rewritten:
        return resource
    try:
        node = find_object_node(content, resource, limits)
    except KmanifestError:
        return resource
    body = resource.body if node is None else _with_keys(resource.body, node)
    if body is resource.body:
        return resource
    return resource.with_body(body).with_origin(resource.origin._replace(has_schema_comments=True))


def _with_keys(value: Any, node: Node) -> Any:
    if node.kind == "list" and isinstance(value, list) and len(value) == len(node.content):
        items = [_with_keys(*pair) for pair in zip(value, node.content, strict=True)]
        return (
            items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        )
    if node.kind != "mapping" or not isinstance(value, Mapping):
        return value
    nodes = {key.value: (key, item) for key, item in node.content}
    result = {}
    is_changed = False
    for name, old in value.items():
        key, item = nodes.get(name, (None, None))
        new = old if item is None else _with_keys(old, item)
        new_name = name
        if key is not None and item is not None and old is not None:
            of_key, of_value = _schema_in(key.comments), _schema_in(item.comments)
            if of_key or of_value:
                new_name = SchemaKey(name, of_key, of_value)
        is_changed = is_changed or new is not old or new_name is not name
        result[new_name] = new
    return result if is_changed else value


def _schema_in(comments: Comments) -> Mapping[str, Any] | None:
    """Return the schema in the first of a node's comments; None if that is no schema."""
    text = comments.line or comments.head
    if "{" not in text:
        return None
    try:
        schema = json.loads(text.lstrip("#"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(schema, dict):
        return None
    has_types = all(
        isinstance(schema[name], types) for name, types in _FIELD_TYPES.items() if name in schema
    )
    return schema if has_types else None


class CommentedFields(TypeSchema):
    """The schema of a mapping: the comments of its fields decide, then the schema that is otherwise known."""

    __slots__ = ("_known", "_mappings", "_schemas")

    def __init__(
        self, known: TypeSchema | None, mappings: tuple[Body, ...], schemas: Schema
    ) -> None:
        self._known = known
        self._mappings = mappings
        self._schemas = schemas

    def field(self, name: str) -> TypeSchema | None:
        """Return the schema of a field."""
        for mapping in self._mappings:
            key = next((key for key in mapping if key == name), None)
            schema = (key.of_value or key.of_key) if isinstance(key, SchemaKey) else None
            if schema is not None:
                return self._schemas.of_comment(schema)
        return None if self._known is None else self._known.field(name)


def merged_keys(merged: Body, base: Body, patch: Body, schemas: Schema) -> dict[str, Any]:
    """Return a merged mapping with the keys that kyaml's nodes then have.

    A comment of a key stays where it is, and is lost with a key that only the patch has, because kyaml makes a new one.
    A comment of a value moves from the patch to the base. A list that is merged is a new list without comments.
    """
    base_keys = {key: key for key in base}
    patch_keys = {key: key for key in patch}
    result = {}
    for name, value in merged.items():
        old, new = base_keys.get(name), patch_keys.get(name)
        of_key, of_value = _schemas_of(old)
        if new is not None:
            of_value = _schemas_of(new)[1] or (None if isinstance(value, list) else of_value)
        if isinstance(value, list) and _is_merged(old, new, schemas):
            of_value = None
        result[_key(name if old is None else old, of_key, of_value)] = value
    return result


def walked_keys(mapping: Body, schemas: Schema) -> dict[str, Any]:
    """Return a mapping with the keys that kyaml's nodes have after its values were merged with themselves."""
    return {
        _key(key, _schemas_of(key)[0], None)
        if isinstance(value, list) and _is_merged(key, None, schemas)
        else key: value
        for key, value in mapping.items()
    }


def _schemas_of(key: str | None) -> tuple[Body | None, Body | None]:
    return (key.of_key, key.of_value) if isinstance(key, SchemaKey) else (None, None)


def _is_merged(old: str | None, new: str | None, schemas: Schema) -> bool:
    """Return whether a list is merged by the comments: those of the base, or else those of the patch."""
    for key in (old, new):
        of_key, of_value = _schemas_of(key)
        schema = of_value or of_key
        if schema is not None:
            return schemas.of_comment(schema).merges
    return False


def _key(key: str, of_key: Body | None, of_value: Body | None) -> str:
    """Return a key with these schemas, or a plain one without any."""
    if of_key is None and of_value is None:
        return str(key) if isinstance(key, SchemaKey) else key
    return SchemaKey(key, of_key, of_value)
