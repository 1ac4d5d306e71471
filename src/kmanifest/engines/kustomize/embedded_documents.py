"""Change YAML or JSON inside a string.

1. The string is parsed into nodes, which keep order, style and comments.
2. A change is made on the plain values, which share all unchanged parts.
3. `with_value` compares nodes with the new values and replaces strings and nodes that differ.
4. JSON is printed compactly with sorted keys, or indented if it was. YAML is printed as go-yaml v3 prints nodes.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, serializeStructuredData.
"""

from kmanifest.engines.kustomize.hashing import json_text
from kmanifest.engines.kustomize.scalars import resolve_plain
from kmanifest.engines.kustomize.yaml_nodes import TAG, Alias, Node, resolved
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.values import BlankKey
from kmanifest.startup.typing import Any, Final, NamedTuple, Self
from kmanifest.yaml.resolve import resolve_tagged, resolve_v3

_MAX_DEPTH: Final = 1_000


class EmbeddedDocument(NamedTuple):
    """A document inside a string, as nodes and as values."""

    root: Node

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the first document of a string.

        Raises SourceError if the string is empty or not YAML.
        """
        from kmanifest.engines.kustomize.goyaml.compose import (
            parse_node,  # for documents in strings only
        )

        root = parse_node(text)
        if root is None:
            raise SourceError("the document is empty")
        set_values(root)
        return cls(root)

    @property
    def value(self) -> Any:
        """The document as plain values."""
        return self.root.value

    def text_with(self, value: Any, original: str) -> str:
        """Return the text of this document with other values.

        Raises SourceError if they can't be written as JSON.
        """
        root = self.root.with_value(value)
        if original.strip()[:1] in ("{", "["):
            is_indented = "\n" in original and "  " in original
            return json_text(json_value(root), indent=2 if is_indented else 0)
        from kmanifest.engines.kustomize.goyaml.emitter import (
            print_node,  # for documents in strings only
        )

        return print_node(root).strip()


def parse_value(text: str) -> Any:
    """Return the first document of a string as plain values; MISSING if there is none."""
    from kmanifest.engines.kustomize.goyaml.compose import (
        parse_node,  # for documents in strings only
    )

    root = parse_node(text)
    if root is None:
        return MISSING
    set_values(root)
    return root.value


def set_values(node: Node) -> None:
    """Set `value`, by which paths find a node, on this node and on all nodes below it."""
    if node.kind == "mapping":
        for key, item in node.content:
            set_values(item)
            key.value = key.content if key.kind == "scalar" else str(id(key))
            if item.value is None and not item.content:
                key.value = BlankKey(key.value)
        node.value = {key.value: item.value for key, item in node.content}
        if len(node.value) != len(node.content):
            raise SourceError("duplicate key in a mapping")
    elif node.kind == "list":
        for item in node.content:
            set_values(item)
        node.value = [item.value for item in node.content]
    elif node.kind == "alias":
        node.value = Alias((node.content,))
    else:
        node.value = _scalar_value(node)


def _scalar_value(node: Node) -> Any:
    text: str = node.content
    if node.tag.startswith(TAG):
        try:
            return resolve_tagged(node.tag, text, resolve_v3)
        except SourceError:
            return text
    if node.style:
        return text
    return resolved(text)


def json_value(node: Node) -> Any:
    """Return the value that a node has after it is printed and parsed again.

    Scalars are read from their text, tag and quotes.
    """
    if node.kind == "mapping":
        return {_json_key(key): json_value(item) for key, item in node.content}
    if node.kind == "list":
        return [json_value(item) for item in node.content]
    if node.kind == "alias":
        raise SourceError("an alias can't be written as JSON")
    text: str = node.content
    if node.tag.startswith(TAG) and (text or node.tag != TAG + "null"):
        return resolve_tagged(node.tag, text, resolve_v3)
    # JSON is flow style, in which an empty string is quoted.
    return text if node.style or not text else resolve_plain(text)


def _json_key(key: Node) -> str:
    if key.kind != "scalar" or json_value(key).__class__ is not str:
        raise SourceError("a JSON key must be a string")
    text: str = key.content
    return text
