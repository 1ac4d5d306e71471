"""The YAML nodes of a value of a resource, with the style and the comments of its file.

A replacement can put a mapping or a list into YAML inside a string, where its style is visible: `{port: 80}` keeps its
braces. Bodies do not keep styles. So the file of the resource is parsed again, and its nodes are compared with the
current value: a node whose value is the same keeps its style, and everything else gets a new node.

Objects that kustomize has written and parsed since have another style: see `Origin.rewritten`. What a patch added has
the style of new nodes, whatever the patch looks like.
"""

from contextlib import suppress

from kmanifest.engines.kustomize.embedded_documents import set_values
from kmanifest.engines.kustomize.yaml_nodes import Node, to_node, to_node_key
from kmanifest.model.errors import FieldPath, KmanifestError
from kmanifest.model.limits import Limits
from kmanifest.model.resource import REWRITTEN_AS_FLOW, Resource
from kmanifest.model.values import scalar_text
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Mapping
from kmanifest.yaml.split import split_documents

_FLOW: Any = "{"
_QUOTED: Any = '"'


class SourceNodes:
    """Makes nodes for the value at a field of a resource; the file is parsed once, when a node is first needed."""

    def __init__(self, ctx: Context, resource: Resource, field: FieldPath) -> None:
        self._ctx = ctx
        self._resource = resource
        self._field = field
        self._anchors: dict[str, Node] = {}
        self._is_loaded = False
        self._node: Node | None = None

    def node(self, value: Any) -> Node:
        """Return a node for `value`, the current value at the field."""
        rewritten = self._resource.origin.rewritten
        if rewritten:
            return _json_node(value) if rewritten == REWRITTEN_AS_FLOW else to_node(_sorted(value))
        if not self._is_loaded:
            self._is_loaded = True
            with suppress(KmanifestError):
                self._node = self._find()
        return to_node(value) if self._node is None else self._with_value(self._node, value)

    def _find(self) -> Node | None:
        file, document = self._resource.origin.file, self._resource.origin.document
        if not file:
            return None
        content = self._ctx.read_resolved(file)
        root = _parse_document(content, document, self._ctx.options.limits)
        if root is None:
            return None
        _collect_anchors(root, self._anchors)
        node = _object_in(root, self._resource)
        for step in self._field:
            node = None if node is None else _child(node, step)
        return node

    def _with_value(self, node: Node, value: Any) -> Node:
        """Return a copy of a node with another value, which has no anchor."""
        if node.kind == "alias":
            node = self._anchors[node.content]
        if node.kind == "mapping" and isinstance(value, Mapping):
            pairs = [
                (key, self._with_value(item, value[key.value]))
                for key, item in node.content
                if key.value in value
            ]
            known = {key.value for key, _ in pairs}
            pairs += [
                (to_node_key(key), to_node(item)) for key, item in value.items() if key not in known
            ]
            return node.with_content(pairs)
        if node.kind == "list" and isinstance(value, list):
            items = [self._with_value(*pair) for pair in zip(node.content, value, strict=False)]
            return node.with_content(items + [to_node(item) for item in value[len(items) :]])
        if node.kind == "scalar" and type(node.value) is type(value) and node.value == value:
            return node.with_content(node.content)
        return to_node(value)


def find_object_node(content: bytes, resource: Resource, limits: Limits) -> Node | None:
    """Return the node of a resource in the content of its file; None if it is not found."""
    root = _parse_document(content, resource.origin.document, limits)
    return None if root is None else _object_in(root, resource)


def _parse_document(content: bytes, document: int, limits: Limits) -> Node | None:
    from kmanifest.engines.kustomize.goyaml.compose import parse_node  # few builds need it

    documents = split_documents(content, limits)
    if document >= len(documents):  # a template may have written the resource
        return None
    root = parse_node(documents[document].data.decode("utf-8", "replace"))
    if root is not None:
        set_values(root)
    return root


def _collect_anchors(root: Node, anchors: dict[str, Node]) -> None:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.anchor:
            anchors[node.anchor] = node
        if node.kind == "mapping":
            todo += [item for _, item in node.content]
        elif node.kind == "list":
            todo += node.content


def _object_in(root: Node, resource: Resource) -> Node | None:
    """Return the node of a resource in its document, which may be a List of objects."""
    items = _child(root, "items")
    if resource.kind == "List" or items is None or root.value.get("kind") != "List":
        return root
    _, _, kind, name, _ = resource.original_id
    for item in items.content:
        value = item.value
        if isinstance(value, Mapping) and value.get("kind") == kind:
            metadata = value.get("metadata")
            if isinstance(metadata, Mapping) and scalar_text(metadata.get("name")) == name:
                found: Node = item
                return found
    return None


def _child(node: Node, step: str | int) -> Node | None:
    if node.kind == "mapping":
        return next((item for key, item in node.content if key.value == step), None)
    if node.kind == "list" and isinstance(step, int) and step < len(node.content):
        child: Node = node.content[step]
        return child
    return None


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _json_node(value: Any) -> Node:
    if isinstance(value, Mapping):
        pairs = [
            (Node("scalar", key, style=_QUOTED), _json_node(value[key])) for key in sorted(value)
        ]
        return Node("mapping", pairs, style=_FLOW)
    if isinstance(value, list):
        return Node("list", [_json_node(item) for item in value], style=_FLOW)
    node = to_node(value)
    node.style = _QUOTED if isinstance(value, str) else ""
    return node
