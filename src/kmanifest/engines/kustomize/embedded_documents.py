"""YAML or JSON inside of a string, changed at some places and written again.

The text is read into nodes that keep order, style and comments. A change is made on the plain values, which share whatever
does not change; `with_value` then walks nodes and new values side by side, and puts new texts and new nodes where they differ.
JSON is written compactly with sorted keys (spread over lines if it was), YAML as go-yaml v3 writes nodes.
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
    """A text as nodes and as values."""

    root: Node

    @classmethod
    def parse(cls, text: str) -> Self:
        """The first document of a text; SourceError where it is not YAML, or empty."""
        from kmanifest.engines.kustomize.goyaml.compose import (
            parse_node,  # for text inside of text only
        )

        root = parse_node(text)
        if root is None:
            raise SourceError("the text is empty")
        set_values(root)
        return cls(root)

    @property
    def value(self) -> Any:
        """The document as plain values."""
        return self.root.value

    def text_with(self, value: Any, original: str) -> str:
        """The text of this document with other values; SourceError where it can't be written as JSON."""
        root = self.root.with_value(value)
        if original.strip()[:1] in ("{", "["):
            is_indented = "\n" in original and "  " in original
            return json_text(json_value(root), indent=2 if is_indented else 0)
        from kmanifest.engines.kustomize.goyaml.emitter import (
            print_node,  # for text inside of text only
        )

        return print_node(root).strip()


def parse_value(text: str) -> Any:
    """The first document of a text as plain values; MISSING where there is none."""
    from kmanifest.engines.kustomize.goyaml.compose import (
        parse_node,  # for text inside of text only
    )

    root = parse_node(text)
    if root is None:
        return MISSING
    set_values(root)
    return root.value


def set_values(node: Node) -> None:
    """Give each node below this one the value by which paths find it."""
    if node.kind == "mapping":
        for key, item in node.content:
            set_values(item)
            key.value = key.content if key.kind == "scalar" else str(id(key))
            if item.value is None and not item.content:
                key.value = BlankKey(key.value)
        node.value = {key.value: item.value for key, item in node.content}
        if len(node.value) != len(node.content):
            raise SourceError("a key stands twice in a mapping")
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
        # Not `text` itself: a value that is put into its place must not be taken for the old one.
        return text
    return resolved(text)


def json_value(node: Node) -> Any:
    """What a node is when it is printed and read again: scalars by their text, tag and quotes."""
    if node.kind == "mapping":
        return {_json_key(key): json_value(item) for key, item in node.content}
    if node.kind == "list":
        return [json_value(item) for item in node.content]
    if node.kind == "alias":
        raise SourceError("an alias can't be written as JSON")
    text: str = node.content
    if node.tag.startswith(TAG) and (text or node.tag != TAG + "null"):
        return resolve_tagged(node.tag, text, resolve_v3)
    # JSON is flow style, where an empty text is written in quotes.
    return text if node.style or not text else resolve_plain(text)


def _json_key(key: Node) -> str:
    if key.kind != "scalar" or json_value(key).__class__ is not str:
        raise SourceError("JSON has no keys but strings")
    text: str = key.content
    return text
