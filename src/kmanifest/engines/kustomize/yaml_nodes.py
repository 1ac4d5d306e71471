"""Nodes of YAML inside a string: unlike values, they keep order, style and comments.

A change is made on the plain values, which share all unchanged parts. `Node.with_value` then compares nodes with the
new values and replaces strings and nodes that differ.
"""

from kmanifest.engines.kustomize.scalars import resolve_plain
from kmanifest.model.errors import SourceError
from kmanifest.model.values import ScalarNode, is_string, scalar_text
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple
from kmanifest.yaml.resolve import tag_of

TAG: Final = "tag:yaml.org,2002:"


class ScalarChange(NamedTuple):
    """A new text for a scalar that keeps its type."""

    text: str


class NodeReplacement(NamedTuple):
    """A value that replaces a whole mapping or list, even if old and new are similar.

    `node` is its node, if it has a style or comments to keep.
    """

    value: Any
    node: "Node | None" = None


class Alias(tuple[str, ...]):
    """The target of `*name`.

    It is neither searched nor changed.
    """

    __slots__ = ()


class Comments(NamedTuple):
    """The comments of a node: above it, at the end of its line, and below it.

    Each may have several lines.
    """

    head: str = ""
    line: str = ""
    foot: str = ""


NO_COMMENTS: Final = Comments()


class Node:
    """One node of a document: a scalar with its text, a list of nodes, a mapping of pairs, or an alias.

    `style` is that of the source: a quote, `|`, `>`, `{` for flow, or empty. `tag` is empty if none was written.
    `tagged` means that a tag was written; it is then printed even if it is implied. `document` has the comments
    before and after the whole document, if this node is its root.
    """

    __slots__ = (
        "anchor", "comments", "content", "document", "kind", "style", "tag", "tagged", "value",
    )  # fmt: skip

    def __init__(
        self, kind: str, content: Any, *, style: str = "", tag: str = "", anchor: str = ""
    ) -> None:
        self.kind = kind
        self.content = content
        self.style = style
        self.tag = tag
        self.anchor = anchor
        self.tagged = False
        self.comments = self.document = NO_COMMENTS
        self.value: Any = None

    def _with(self, kind: str, content: Any) -> "Node":
        new = Node(kind, content, style=self.style, tag=self.tag, anchor=self.anchor)
        new.tagged, new.comments, new.document = self.tagged, self.comments, self.document
        return new

    def with_value(self, new: Any) -> "Node":
        """Return this node with the value `new`, in which a `ScalarChange` is a new text."""
        if new is self.value:
            return self
        if isinstance(new, NodeReplacement):
            return to_node(new)
        if isinstance(new, ScalarChange):
            return self._with_text(new.text)
        if self.kind == "mapping" and isinstance(new, Mapping):
            return self._with("mapping", self._pairs_with_values(new))
        if self.kind == "list" and isinstance(new, list):
            items = [node.with_value(item) for node, item in zip(self.content, new, strict=False)]
            return self._with("list", items + [to_node(item) for item in new[len(items) :]])
        return to_node(new)

    def with_content(self, content: Any) -> "Node":
        """Return a copy of this node with other content and without an anchor."""
        new = self._with(self.kind, content)
        new.anchor = ""
        return new

    def implied_tag(self) -> str:
        """Return the tag that this node has if none is written."""
        if self.kind != "scalar":
            return TAG + {"mapping": "map", "list": "seq"}.get(self.kind, "")
        return TAG + "str" if self.style else _short_tag(self.content)

    def without_foot(self) -> "Node":
        """Return this node without the comment below it."""
        new = self._with(self.kind, self.content)
        new.comments = self.comments._replace(foot="")
        return new

    def _with_text(self, text: str) -> "Node":
        new = self._with("scalar", text)
        if not self.tag and not self.style:
            new.tag = _short_tag(self.content)
        return new

    def _pairs_with_values(self, new: Mapping[str, Any]) -> list[tuple["Node", "Node"]]:
        pairs = [(key, node.with_value(new[key.value])) for key, node in self.content]
        old_keys = {key.value for key, _ in self.content}
        return pairs + [
            (to_node_key(name), to_node(item)) for name, item in new.items() if name not in old_keys
        ]


def to_node_key(name: str) -> Node:
    """Return a node for a new key, which is quoted only if needed."""
    return Node("scalar", name)


def to_node(value: Any) -> Node:
    """Return a node for a new value, or for one from another document."""
    if isinstance(value, NodeReplacement):
        return to_node(value.value) if value.node is None else value.node
    if isinstance(value, ScalarChange):
        return Node("scalar", value.text)
    if isinstance(value, Mapping):
        return Node("mapping", [(to_node_key(key), to_node(item)) for key, item in value.items()])
    if isinstance(value, list):
        return Node("list", [to_node(item) for item in value])
    text = scalar_text(value)
    if value.__class__ is ScalarNode:
        tag = TAG + value.tag if value.tag else ""
        return Node("scalar", text, tag=tag, style='"' if value.quoted else "")
    return Node("scalar", text, tag=TAG + "str" if is_string(value) else "")


def _short_tag(text: str) -> str:
    """Return the tag of a plain scalar with this text."""
    return TAG + tag_of(resolved(text))


def resolved(text: str) -> Any:
    """Return the value of a plain scalar; a number if its text is invalid."""
    try:
        return resolve_plain(text)
    except SourceError:
        return 0.0
