"""YAML or JSON inside of a string, changed at some places and written again.

The text is read into nodes that keep order, style and comments. A change is made on the plain values, which share whatever
does not change; `changed` then walks nodes and new values side by side, and puts new texts and new nodes where they differ.
JSON is written compactly with sorted keys (spread over lines if it was), YAML as go-yaml v3 writes nodes.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, serializeStructuredData.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from kmanifest.errors import SourceError
from kmanifest.fieldpath import MISSING
from kmanifest.kustomize.hashing import json_text
from kmanifest.kustomize.scalars import resolve_plain
from kmanifest.values import BlankKey, is_string, scalar_text
from kmanifest.yaml.resolve import resolve_tagged, resolve_v3

_TAG: Final = "tag:yaml.org,2002:"
_MAX_DEPTH: Final = 1_000


class Change(NamedTuple):
    """A new text for a scalar that keeps its type."""

    text: str


class Whole(NamedTuple):
    """A value that takes the place of a mapping or a list, however alike the two are."""

    value: Any


class Alias(tuple[str, ...]):
    """What `*name` stands for; it is neither looked into nor changed."""

    __slots__ = ()


class Comments(NamedTuple):
    """Comments of a node: lines above it, at the end of its line, and below it."""

    head: tuple[str, ...] = ()
    line: str = ""
    foot: tuple[str, ...] = ()


class Node:
    """One node of a document: a scalar with its text, a list of nodes, a mapping of pairs, or an alias.

    `style` is that of the source: a quote, `|`, `>`, `{` for flow, or empty; `tag` is empty where none was written.
    """

    __slots__ = ("anchor", "comments", "content", "kind", "style", "tag", "value")

    def __init__(
        self, kind: str, content: Any, *, style: str = "", tag: str = "", anchor: str = ""
    ) -> None:
        self.kind = kind
        self.content = content
        self.style = style
        self.tag = tag
        self.anchor = anchor
        self.comments = Comments()
        self.value: Any = None

    def _with(self, kind: str, content: Any) -> "Node":
        new = Node(kind, content, style=self.style, tag=self.tag, anchor=self.anchor)
        new.comments = self.comments
        return new

    def changed(self, new: Any) -> "Node":
        """This node with the value `new`, in which a `Change` stands for a new text."""
        if new is self.value:
            return self
        if isinstance(new, Whole):
            return to_node(new.value)
        if isinstance(new, Change):
            return self._retexted(new.text)
        if self.kind == "mapping" and isinstance(new, Mapping):
            return self._with("mapping", self._changed_pairs(new))
        if self.kind == "list" and isinstance(new, list):
            items = [node.changed(item) for node, item in zip(self.content, new, strict=False)]
            return self._with("list", items + [to_node(item) for item in new[len(items) :]])
        return to_node(new)

    def _retexted(self, text: str) -> "Node":
        new = self._with("scalar", text)
        if not self.tag and not self.style:
            new.tag = _short_tag(self.content)
        return new

    def _changed_pairs(self, new: Mapping[str, Any]) -> list[tuple["Node", "Node"]]:
        pairs = [(key, node.changed(new[key.value])) for key, node in self.content]
        known = {key.value for key, _ in self.content}
        return pairs + [
            (to_node_key(name), to_node(item)) for name, item in new.items() if name not in known
        ]


def to_node_key(name: str) -> Node:
    """A key that was made: it has no quotes but where it needs them."""
    return Node("scalar", name)


def to_node(value: Any) -> Node:
    """A value that was made, or that comes from elsewhere, as a node."""
    if isinstance(value, Whole):
        return to_node(value.value)
    if isinstance(value, Change):
        return Node("scalar", value.text)
    if isinstance(value, Mapping):
        return Node("mapping", [(to_node_key(key), to_node(item)) for key, item in value.items()])
    if isinstance(value, list):
        return Node("list", [to_node(item) for item in value])
    text = scalar_text(value)
    return Node("scalar", text, tag=_TAG + "str" if is_string(value) else "")


def _short_tag(text: str) -> str:
    """The tag that a plain scalar of this text has."""
    from kmanifest.kustomize.scalars import tag_of  # one user

    return _TAG + tag_of(_resolved(text))


def _resolved(text: str) -> Any:
    try:
        return resolve_plain(text)
    except SourceError:
        return 0.0


class Document(NamedTuple):
    """A text as nodes and as values."""

    root: Node

    @classmethod
    def parse(cls, text: str) -> Self:
        """The first document of a text; SourceError where it is not YAML, or empty."""
        from kmanifest.kustomize.yamlnodes import parse_node  # for text inside of text only

        root = parse_node(text)
        if root is None:
            raise SourceError("the text is empty")
        set_values(root)
        return cls(root)

    @property
    def value(self) -> Any:
        """The document as plain values."""
        return self.root.value

    def changed(self, value: Any, original: str) -> str:
        """The text of this document with other values; SourceError where it can't be written as JSON."""
        root = self.root.changed(value)
        if original.strip()[:1] in ("{", "["):
            spread = "\n" in original and "  " in original
            return json_text(json_value(root), indent=2 if spread else 0)
        from kmanifest.kustomize.yamlprint import print_node  # for text inside of text only

        return print_node(root).strip()


def parse_value(text: str) -> Any:
    """The first document of a text as plain values; MISSING where there is none."""
    from kmanifest.kustomize.yamlnodes import parse_node  # for text inside of text only

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
    if node.tag.startswith(_TAG):
        try:
            return resolve_tagged(node.tag, text, resolve_v3)
        except SourceError:
            return text
    if node.style:
        # Not `text` itself: a value that is put into its place must not be taken for the old one.
        return text
    return _resolved(text)


def json_value(node: Node) -> Any:
    """What a node is when it is printed and read again: scalars by their text, tag and quotes."""
    if node.kind == "mapping":
        return {_json_key(key): json_value(item) for key, item in node.content}
    if node.kind == "list":
        return [json_value(item) for item in node.content]
    if node.kind == "alias":
        raise SourceError("an alias can't be written as JSON")
    text: str = node.content
    if node.tag.startswith(_TAG) and (text or node.tag != _TAG + "null"):
        return resolve_tagged(node.tag, text, resolve_v3)
    # JSON is flow style, where an empty text is written in quotes.
    return text if node.style or not text else resolve_plain(text)


def _json_key(key: Node) -> str:
    if key.kind != "scalar" or json_value(key).__class__ is not str:
        raise SourceError("JSON has no keys but strings")
    text: str = key.content
    return text
