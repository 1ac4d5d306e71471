"""Compose nodes from events.

Source: go.yaml.in/yaml/v3 v3.0.5 decode.go, parser.parse to parser.mapping.
"""

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.parser import Parser
from kmanifest.engines.kustomize.goyaml.tokens import Event, yaml_error
from kmanifest.engines.kustomize.yaml_nodes import TAG, Comments, Node
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Final

_COLLECTION_KINDS: Final = {kinds.SEQUENCE_START: "list", kinds.MAPPING_START: "mapping"}
_COLLECTION_ENDS: Final = frozenset((kinds.SEQUENCE_END, kinds.MAPPING_END))


def parse_node(text: str) -> Node | None:
    """Return the root node of a text's first document, or None if the text has no document.

    Raises SourceError if the text is not YAML, LimitError if it is nested too deeply.
    """
    parser = Parser(text)
    parser.parse()
    start = parser.parse()
    if start.type == kinds.STREAM_END:
        return None
    root = _Composer(parser).compose()
    root.document = Comments(start.comments.head, "", parser.parse().comments.foot)
    return root


class _Composer:
    """Composes the nodes of one document, with a stack of the open collections."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._anchors: set[str] = set()
        self._open_collections: list[tuple[Node, list[Node]]] = []

    def compose(self) -> Node:
        """Return the root node of the document."""
        while True:
            event = self._parser.parse()
            if event.type in _COLLECTION_KINDS:
                self._begin_collection(event)
                continue
            node = (
                self._end_collection(event)
                if event.type in _COLLECTION_ENDS
                else self._compose_leaf(event)
            )
            if not self._open_collections:
                return node
            parent, children = self._open_collections[-1]
            children.append(node)
            if node.comments.foot and parent.kind == "mapping":
                _move_foot(parent, children)

    def _begin_collection(self, event: Event) -> None:
        if len(self._open_collections) >= DEFAULT_LIMITS.max_depth:
            raise LimitError(f"nested more than {DEFAULT_LIMITS.max_depth} deep (max_depth)")
        node = self._new_node(_COLLECTION_KINDS[event.type], [], event)
        self._open_collections.append((node, []))

    def _end_collection(self, event: Event) -> Node:
        node, children = self._open_collections.pop()
        if event.comments is not node.comments:
            node.comments = Comments(node.comments.head, event.comments.line, event.comments.foot)
        if node.kind == "list":
            node.content = children
            return node
        if node.comments.foot and children and not node.style:
            _set_foot(children[-2], node.comments.foot)
            _set_foot(node, "")
        node.content = list(zip(children[::2], children[1::2], strict=True))
        return node

    def _compose_leaf(self, event: Event) -> Node:
        if event.type == kinds.ALIAS:
            if event.value not in self._anchors:
                raise yaml_error(f"unknown anchor '{event.value}' referenced")
            return self._new_node("alias", event.value, event)
        node = self._new_node("scalar", event.value, event)
        if event.value == "<<" and not event.style and not node.tag:
            # Without a tag, a printed `<<` would be read as a string. So it is printed with this tag.
            node.tag = TAG + "merge"
        return node

    def _new_node(self, kind: str, content: object, event: Event) -> Node:
        node = Node(kind, content, style=event.style, anchor=event.anchor)
        node.comments = event.comments
        if event.tag not in ("", "!"):
            node.tag = long_tag(event.tag)
            node.tagged = True
        if event.anchor:
            self._anchors.add(event.anchor)
        return node


def long_tag(tag: str) -> str:
    """Return a tag with the shorthand `!!` written in full."""
    return TAG + tag[2:] if tag.startswith("!!") else tag


def _move_foot(parent: Node, children: list[Node]) -> None:
    """Move the foot of a value to its key, and the foot of a key in a block mapping to the key before it."""
    last = children[-1]
    if len(children) % 2 == 0:
        key = children[-2]
        if not key.comments.foot:
            _set_foot(key, last.comments.foot)
            _set_foot(last, "")
    elif len(children) > 2 and not parent.style:  # a pair precedes the key
        _set_foot(children[-3], last.comments.foot)
        _set_foot(last, "")


def _set_foot(node: Node, foot: str) -> None:
    node.comments = node.comments._replace(foot=foot)
