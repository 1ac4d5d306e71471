"""From nodes to text.

Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, encoder.node; emitterc.go. As there, a state machine takes one event after
the other, because what is left of comments and indentation at one of them shapes the next. Lines are never folded:
kustomize's encoder has no width.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.analysis import (
    analyze_scalar,
    select_scalar_style,
    shown_tag,
)
from kmanifest.engines.kustomize.goyaml.writer import INDENT, Writer
from kmanifest.engines.kustomize.yaml_nodes import TAG, Node
from kmanifest.startup.typing import Final, NamedTuple

_LONGEST_KEY: Final = 128
_NOT_IN_TAG: Final = rb"[^0-9A-Za-z_;/?:@&=+$,.~*'()\[\]-]"
_NO_ALLOWED: Final = analyze_scalar("")


class Emission(NamedTuple):
    """A node, or the start or the end of one; `tail` is the foot of the key before it."""

    type: str
    node: Node
    head: str = ""
    line: str = ""
    foot: str = ""
    tail: str = ""


def print_node(root: Node) -> str:
    """A document as go-yaml v3 prints it."""
    return print_documents([(root, False)])


def print_documents(roots: Iterable[tuple[Node, bool]]) -> str:
    """Documents with `---` between them, each with whether its lists are indented under their keys."""
    emitter = _Emitter()
    for root, wide in roots:
        emitter.document(root, wide=wide)
    return "".join(emitter.out)


def _emissions(root: Node) -> Iterator[Emission]:
    """What is to be printed, in order, without recursion."""
    waiting: list[tuple[Node, str] | Emission] = [(root, "")]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Emission):
            yield item
            continue
        node, tail = item
        head, line, foot = node.comments
        if node.kind == "mapping":
            yield Emission(kinds.MAPPING_START, node, head, tail=tail)
            waiting += _pairs(node)
        elif node.kind == "list":
            yield Emission(kinds.SEQUENCE_START, node, head)
            waiting.append(Emission(kinds.SEQUENCE_END, node, "", line, foot))
            waiting += [(each, "") for each in reversed(node.content)]
        elif node.kind == "alias":
            yield Emission(kinds.ALIAS, node, head, line, foot)
        else:
            yield Emission(kinds.SCALAR, node, head, line, foot, tail)


def _pairs(node: Node) -> "list[tuple[Node, str] | Emission]":
    """The pairs of a mapping and its end, last first; the foot of a key goes to the next, as its value comes between."""
    found: list[tuple[Node, str] | Emission] = []
    tail = ""
    for key, value in node.content:
        foot = key.comments.foot
        found += ((key.without_foot() if foot else key, tail), (value, ""))
        tail = foot
    _, line, foot = node.comments
    found.append(Emission(kinds.MAPPING_END, node, "", line, foot, tail))
    return found[::-1]


class _Emitter(Writer):
    """Prints one event after the other; `_states` are the methods that wait for what follows a node."""

    def __init__(self) -> None:
        super().__init__()
        self._state: Callable[[Emission], None] = self._document_content
        self._states: list[Callable[[Emission], None]] = []
        self._indents: list[int] = []
        self._flow_level = 0
        self._compact = True
        self._mapping_context = self._simple_key_context = False
        self._key_line = self._tag = ""
        self._quote = False
        self._allowed = _NO_ALLOWED

    def document(self, root: Node, *, wide: bool) -> None:
        """Print one document."""
        self._compact = not wide
        if self.out:
            self._write_indent()
            self._write_indicator("---", space=True)
            self._write_indent()
        self._head = root.document.head or self._head
        if self._head:
            self._process_head_comment()
            self._put_break()
        self._state = self._document_content
        for event in _emissions(root):
            self._take(event)
            self._state(event)
        self._end_document(root.document.foot)

    def _end_document(self, foot: str) -> None:
        self._foot = foot or self._foot
        self._foot_indent = 0
        self._process_foot_comment()
        self._foot_indent = -1
        self._write_indent()

    def _take(self, event: Emission) -> None:
        """Note the comments and what else is to be known of an event before it is printed."""
        self._head = event.head or self._head
        self._line = event.line or self._line
        self._foot = event.foot or self._foot
        self._tail = event.tail or self._tail
        if event.type in (kinds.SEQUENCE_END, kinds.MAPPING_END, kinds.ALIAS):
            return
        self._tag, self._quote = shown_tag(event.node) if event.node.tag else ("", False)
        if event.type == kinds.SCALAR:
            self._allowed = analyze_scalar(event.node.content)

    # Levels

    def _increase_indent(self, *, flow: bool = False, compact: bool = False) -> None:
        self._indents.append(self._indent)
        if self._indent < 0:
            self._indent = INDENT if flow else 0
        elif self._states[-1] == self._block_sequence_item:
            self._indent += 2
        else:
            self._indent = INDENT * ((self._indent + INDENT) // INDENT) - 2 * compact

    def _decrease_indent(self) -> None:
        self._indent = self._indents.pop()

    # Nodes

    def _document_content(self, event: Emission) -> None:
        self._states.append(self._nothing)
        self._process_head_comment()
        self._node(event)
        self._process_line_comment()
        self._process_foot_comment()

    def _nothing(self, event: Emission) -> None:
        """After the root there is no event."""

    def _node(self, event: Emission, *, mapping: bool = False, simple_key: bool = False) -> None:
        self._mapping_context = mapping
        self._simple_key_context = simple_key
        if event.type == kinds.ALIAS:
            self._write_indicator("*", space=True)
            self._write_word(event.node.content)
            self._state = self._states.pop()
            return
        if event.node.anchor:
            self._write_indicator("&", space=True)
            self._write_word(event.node.anchor)
        if event.type == kinds.SCALAR:
            self._scalar(event.node)
            return
        self._process_tag()
        is_flow = self._flow_level or event.node.style == "{" or not event.node.content
        if event.type == kinds.SEQUENCE_START:
            self._state = self._flow_first_item if is_flow else self._block_sequence_first_item
        else:
            self._state = self._flow_first_key if is_flow else self._block_mapping_first_key

    def _process_tag(self) -> None:
        tag = self._tag
        if not tag:
            return
        space = "" if self._whitespace else " "
        if tag.startswith("!"):
            written = "!" + _tag_text(tag[1:])
        elif tag.startswith(TAG):
            written = "!!" + _tag_text(tag.removeprefix(TAG))
        else:
            written = f"!<{_tag_text(tag)}>"
        self._write_word(space + written)

    def _is_simple_key(self, event: Emission) -> bool:
        """Whether a key needs no `?`."""
        node = event.node
        if event.type == kinds.ALIAS:
            return len(node.content) <= _LONGEST_KEY
        length = len(node.anchor) + _tag_length(self._tag)
        if event.type == kinds.SCALAR:
            if self._allowed.multiline:
                return False
            length += len(node.content.encode("utf-8", "surrogatepass"))
        elif node.content:
            return False
        return length <= _LONGEST_KEY

    # Flow collections

    def _flow_first_item(self, event: Emission) -> None:
        self._begin_flow("[")
        self._flow_item(event, comma=False)

    def _flow_next_item(self, event: Emission) -> None:
        self._flow_item(event, comma=True)

    def _flow_trail_item(self, event: Emission) -> None:
        self._flow_item(event, comma=False)

    def _begin_flow(self, bracket: str) -> None:
        self._write_indicator(bracket, space=True, whitespace=True)
        self._increase_indent(flow=True)
        self._flow_level += 1

    def _end_flow(self, bracket: str) -> None:
        self._write_indicator(bracket, space=False)
        self._process_line_comment()
        self._process_foot_comment()
        self._state = self._states.pop()

    def _flow_item(self, event: Emission, *, comma: bool) -> None:
        """An item, or the end of the list; a comma that a comment follows was written before that comment."""
        if event.type == kinds.SEQUENCE_END:
            self._flow_level -= 1
            self._decrease_indent()
            if self._column == 0:
                self._write_indent()
            self._end_flow("]")
            return
        self._begin_entry(comma=comma)
        has_comment = self._has_comment_behind()
        self._states.append(self._flow_trail_item if has_comment else self._flow_next_item)
        self._node(event)
        self._end_entry()

    def _begin_entry(self, *, comma: bool) -> None:
        if comma:
            self._write_indicator(",", space=False)
        self._process_head_comment()
        if self._column == 0:
            self._write_indent()

    def _end_entry(self) -> None:
        if self._has_comment_behind():
            self._write_indicator(",", space=False)
        self._process_line_comment()
        self._process_foot_comment()

    def _flow_first_key(self, event: Emission) -> None:
        self._begin_flow("{")
        self._flow_key(event, comma=False)

    def _flow_next_key(self, event: Emission) -> None:
        self._flow_key(event, comma=True)

    def _flow_trail_key(self, event: Emission) -> None:
        self._flow_key(event, comma=False)

    def _flow_key(self, event: Emission, *, comma: bool) -> None:
        if event.type == kinds.MAPPING_END:
            if comma and (self._head or self._foot or self._tail):
                self._write_indicator(",", space=False)
            self._process_head_comment()
            self._flow_level -= 1
            self._decrease_indent()
            self._end_flow("}")
            return
        self._begin_entry(comma=comma)
        if self._is_simple_key(event):
            self._states.append(self._flow_simple_value)
            self._node(event, mapping=True, simple_key=True)
        else:
            self._write_indicator("?", space=True)
            self._states.append(self._flow_value)
            self._node(event, mapping=True)

    def _flow_simple_value(self, event: Emission) -> None:
        self._write_indicator(":", space=False)
        self._flow_value_node(event)

    def _flow_value(self, event: Emission) -> None:
        self._write_indicator(":", space=True)
        self._flow_value_node(event)

    def _flow_value_node(self, event: Emission) -> None:
        has_comment = self._has_comment_behind()
        self._states.append(self._flow_trail_key if has_comment else self._flow_next_key)
        self._node(event, mapping=True)
        self._end_entry()

    # Block collections

    def _block_sequence_first_item(self, event: Emission) -> None:
        begins_line = self._column == 0 or not self._indention
        self._increase_indent(compact=self._mapping_context and begins_line and self._compact)
        self._block_sequence_item(event)

    def _block_sequence_item(self, event: Emission) -> None:
        if event.type == kinds.SEQUENCE_END:
            self._decrease_indent()
            self._state = self._states.pop()
            return
        self._process_head_comment()
        self._write_indent()
        self._write_indicator("-", space=True, indention=True)
        self._states.append(self._block_sequence_item)
        self._node(event)
        self._process_line_comment()
        self._process_foot_comment()

    def _block_mapping_first_key(self, event: Emission) -> None:
        self._increase_indent()
        self._block_mapping_key(event)

    def _block_mapping_key(self, event: Emission) -> None:
        self._process_head_comment()
        if event.type == kinds.MAPPING_END:
            self._decrease_indent()
            self._state = self._states.pop()
            return
        self._write_indent()
        if self._line:
            self._key_line, self._line = self._line, ""
        if self._is_simple_key(event):
            self._states.append(self._block_mapping_simple_value)
            self._node(event, mapping=True, simple_key=True)
        else:
            self._write_indicator("?", space=True, indention=True)
            self._states.append(self._block_mapping_value)
            self._node(event, mapping=True)

    def _block_mapping_simple_value(self, event: Emission) -> None:
        self._write_indicator(":", space=False)
        self._block_mapping_value_node(event)

    def _block_mapping_value(self, event: Emission) -> None:
        self._write_indent()
        self._write_indicator(":", space=True, indention=True)
        self._block_mapping_value_node(event)

    def _block_mapping_value_node(self, event: Emission) -> None:
        if self._key_line:
            self._place_key_comment(event)
        self._states.append(self._block_mapping_key)
        self._node(event, mapping=True)
        self._process_line_comment()
        self._process_foot_comment()

    def _place_key_comment(self, event: Emission) -> None:
        """Let the line comment of a key stand behind its value, or at once where a block follows."""
        if event.type == kinds.SCALAR:
            if not self._line:
                self._line, self._key_line = self._key_line, ""
        elif event.type != kinds.ALIAS and event.node.style != "{":
            self._line, self._key_line = self._key_line, self._line
            self._process_line_comment()
            self._line, self._key_line = self._key_line, self._line

    # Scalars

    def _scalar(self, node: Node) -> None:
        style = select_scalar_style(
            node,
            self._allowed,
            flow=self._flow_level > 0,
            key=self._simple_key_context,
            quote=self._quote,
        )
        self._process_tag()
        self._increase_indent(flow=True)
        self._write_scalar(node.content, style)
        self._decrease_indent()
        self._state = self._states.pop()


def _tag_text(text: str) -> str:
    return re.sub(_NOT_IN_TAG, lambda match: b"%%%02X" % match.group()[0], text.encode()).decode()


def _tag_length(tag: str) -> int:
    """The length of a tag with its handle."""
    return len((tag.removeprefix(TAG)).encode()) + 2 if tag.startswith(TAG) else len(tag.encode())
