"""Print nodes as YAML.

Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, encoder.node; emitterc.go. As in go-yaml, a state machine processes the
events in order: pending comments and indentation of one event change how the next one is printed. Lines are never
folded, because kustomize's encoder has no width limit.
"""

import re

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.analysis import (
    analyze_scalar,
    select_scalar_style,
    tag_to_print,
)
from kmanifest.engines.kustomize.goyaml.writer import INDENT, Writer
from kmanifest.engines.kustomize.yaml_nodes import TAG, Node
from kmanifest.model.deadline import check_time
from kmanifest.startup.typing import Callable, Final, Iterable, Iterator, NamedTuple

_MAX_KEY_LENGTH: Final = 128
_UNSAFE_IN_TAG: Final = rb"[^0-9A-Za-z_;/?:@&=+$,.~*'()\[\]-]"
_INITIAL_STYLES: Final = analyze_scalar("")


class OutputEvent(NamedTuple):
    """A scalar, an alias, or the start or end of a collection. `tail` is the foot of the key before it."""

    type: str
    node: Node
    head: str = ""
    line: str = ""
    foot: str = ""
    tail: str = ""


def print_node(root: Node) -> str:
    """Return a document as go-yaml v3 prints it."""
    return print_documents([(root, False)])


def print_documents(roots: Iterable[tuple[Node, bool]]) -> str:
    """Return documents as go-yaml v3 prints them, with `---` between them.

    The bool next to each root is whether the lists of that document are indented under their keys.
    """
    emitter = _Emitter()
    for root, wide in roots:
        emitter.emit_document(root, wide=wide)
    return "".join(emitter.out)


def _output_events(root: Node) -> Iterator[OutputEvent]:
    """Yield the events to print, in order, without recursion."""
    pending: list[tuple[Node, str] | OutputEvent] = [(root, "")]
    while pending:
        check_time()
        item = pending.pop()
        if isinstance(item, OutputEvent):
            yield item
            continue
        node, tail = item
        head, line, foot = node.comments
        if node.kind == "mapping":
            yield OutputEvent(kinds.MAPPING_START, node, head, tail=tail)
            pending += _pair_events(node)
        elif node.kind == "list":
            yield OutputEvent(kinds.SEQUENCE_START, node, head)
            pending.append(OutputEvent(kinds.SEQUENCE_END, node, "", line, foot))
            pending += [(each, "") for each in reversed(node.content)]
        elif node.kind == "alias":
            yield OutputEvent(kinds.ALIAS, node, head, line, foot)
        else:
            yield OutputEvent(kinds.SCALAR, node, head, line, foot, tail)


def _pair_events(node: Node) -> "list[tuple[Node, str] | OutputEvent]":
    """Return the pairs of a mapping and its end event, last first.

    The foot of a key moves to the next key, because the value is printed between them.
    """
    events: list[tuple[Node, str] | OutputEvent] = []
    tail = ""
    for key, value in node.content:
        foot = key.comments.foot
        events += ((key.without_foot() if foot else key, tail), (value, ""))
        tail = foot
    _, line, foot = node.comments
    events.append(OutputEvent(kinds.MAPPING_END, node, "", line, foot, tail))
    return events[::-1]


class _Emitter(Writer):
    """Prints one event after the other. `_states` is a stack of the methods that print what follows a node."""

    def __init__(self) -> None:
        super().__init__()
        self._state: Callable[[OutputEvent], None] = self._emit_document_content
        self._states: list[Callable[[OutputEvent], None]] = []
        self._indents: list[int] = []
        self._flow_level = 0
        self._compact = True
        self._mapping_context = self._simple_key_context = False
        self._key_line_comment = self._tag = ""
        self._needs_quotes = False
        self._allowed_styles = _INITIAL_STYLES

    def emit_document(self, root: Node, *, wide: bool) -> None:
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
        self._state = self._emit_document_content
        for event in _output_events(root):
            self._analyze_event(event)
            self._state(event)
        self._end_document(root.document.foot)

    def _end_document(self, foot: str) -> None:
        self._foot = foot or self._foot
        self._foot_indent = 0
        self._process_foot_comment()
        self._foot_indent = -1
        self._write_indent()

    def _analyze_event(self, event: OutputEvent) -> None:
        """Store the comments, the tag and the allowed styles of an event before it is printed."""
        self._head = event.head or self._head
        self._line = event.line or self._line
        self._foot = event.foot or self._foot
        self._tail = event.tail or self._tail
        if event.type in (kinds.SEQUENCE_END, kinds.MAPPING_END, kinds.ALIAS):
            return
        self._tag, self._needs_quotes = tag_to_print(event.node) if event.node.tag else ("", False)
        if event.type == kinds.SCALAR:
            self._allowed_styles = analyze_scalar(event.node.content)

    # Indentation

    def _increase_indent(self, *, flow: bool = False, compact: bool = False) -> None:
        self._indents.append(self._indent)
        if self._indent < 0:
            self._indent = INDENT if flow else 0
        elif self._states[-1] == self._emit_block_sequence_item:
            self._indent += 2
        else:
            self._indent = INDENT * ((self._indent + INDENT) // INDENT) - 2 * compact

    def _decrease_indent(self) -> None:
        self._indent = self._indents.pop()

    # Nodes

    def _emit_document_content(self, event: OutputEvent) -> None:
        self._states.append(self._ignore_event)
        self._process_head_comment()
        self._emit_node(event)
        self._process_line_comment()
        self._process_foot_comment()

    def _ignore_event(self, event: OutputEvent) -> None:
        """Do nothing: no event follows the root."""

    def _emit_node(
        self, event: OutputEvent, *, mapping: bool = False, simple_key: bool = False
    ) -> None:
        self._mapping_context = mapping
        self._simple_key_context = simple_key
        if event.type == kinds.ALIAS:
            self._write_indicator("*", space=True)
            self._write_text(event.node.content)
            self._state = self._states.pop()
            return
        if event.node.anchor:
            self._write_indicator("&", space=True)
            self._write_text(event.node.anchor)
        if event.type == kinds.SCALAR:
            self._emit_scalar(event.node)
            return
        self._process_tag()
        is_flow = self._flow_level or event.node.style == "{" or not event.node.content
        if event.type == kinds.SEQUENCE_START:
            self._state = (
                self._emit_flow_first_item if is_flow else self._emit_block_sequence_first_item
            )
        else:
            self._state = (
                self._emit_flow_first_key if is_flow else self._emit_block_mapping_first_key
            )

    def _process_tag(self) -> None:
        tag = self._tag
        if not tag:
            return
        space = "" if self._whitespace else " "
        if tag.startswith("!"):
            tag_text = "!" + _escape_tag(tag[1:])
        elif tag.startswith(TAG):
            tag_text = "!!" + _escape_tag(tag.removeprefix(TAG))
        else:
            tag_text = f"!<{_escape_tag(tag)}>"
        self._write_text(space + tag_text)

    def _is_simple_key(self, event: OutputEvent) -> bool:
        """Whether a key can be printed without `?`."""
        node = event.node
        if event.type == kinds.ALIAS:
            return len(node.content) <= _MAX_KEY_LENGTH
        length = len(node.anchor) + _tag_length(self._tag)
        if event.type == kinds.SCALAR:
            if self._allowed_styles.multiline:
                return False
            length += len(node.content.encode("utf-8", "surrogatepass"))
        elif node.content:
            return False
        return length <= _MAX_KEY_LENGTH

    # Flow collections

    def _emit_flow_first_item(self, event: OutputEvent) -> None:
        self._begin_flow("[")
        self._emit_flow_item(event, comma=False)

    def _emit_flow_next_item(self, event: OutputEvent) -> None:
        self._emit_flow_item(event, comma=True)

    def _emit_flow_trail_item(self, event: OutputEvent) -> None:
        self._emit_flow_item(event, comma=False)

    def _begin_flow(self, bracket: str) -> None:
        self._write_indicator(bracket, space=True, whitespace=True)
        self._increase_indent(flow=True)
        self._flow_level += 1

    def _end_flow(self, bracket: str) -> None:
        self._write_indicator(bracket, space=False)
        self._process_line_comment()
        self._process_foot_comment()
        self._state = self._states.pop()

    def _emit_flow_item(self, event: OutputEvent, *, comma: bool) -> None:
        """Print an item, or the end of the list.

        `comma` is false for the first item and after a comment, because the comma is printed before the comment.
        """
        if event.type == kinds.SEQUENCE_END:
            self._flow_level -= 1
            self._decrease_indent()
            if self._column == 0:
                self._write_indent()
            self._end_flow("]")
            return
        self._begin_entry(comma=comma)
        has_comment = self._has_trailing_comment()
        self._states.append(
            self._emit_flow_trail_item if has_comment else self._emit_flow_next_item
        )
        self._emit_node(event)
        self._end_entry()

    def _begin_entry(self, *, comma: bool) -> None:
        if comma:
            self._write_indicator(",", space=False)
        self._process_head_comment()
        if self._column == 0:
            self._write_indent()

    def _end_entry(self) -> None:
        if self._has_trailing_comment():
            self._write_indicator(",", space=False)
        self._process_line_comment()
        self._process_foot_comment()

    def _emit_flow_first_key(self, event: OutputEvent) -> None:
        self._begin_flow("{")
        self._emit_flow_key(event, comma=False)

    def _emit_flow_next_key(self, event: OutputEvent) -> None:
        self._emit_flow_key(event, comma=True)

    def _emit_flow_trail_key(self, event: OutputEvent) -> None:
        self._emit_flow_key(event, comma=False)

    def _emit_flow_key(self, event: OutputEvent, *, comma: bool) -> None:
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
            self._states.append(self._emit_flow_simple_value)
            self._emit_node(event, mapping=True, simple_key=True)
        else:
            self._write_indicator("?", space=True)
            self._states.append(self._emit_flow_value)
            self._emit_node(event, mapping=True)

    def _emit_flow_simple_value(self, event: OutputEvent) -> None:
        self._write_indicator(":", space=False)
        self._emit_flow_value_node(event)

    def _emit_flow_value(self, event: OutputEvent) -> None:
        self._write_indicator(":", space=True)
        self._emit_flow_value_node(event)

    def _emit_flow_value_node(self, event: OutputEvent) -> None:
        has_comment = self._has_trailing_comment()
        self._states.append(self._emit_flow_trail_key if has_comment else self._emit_flow_next_key)
        self._emit_node(event, mapping=True)
        self._end_entry()

    # Block collections

    def _emit_block_sequence_first_item(self, event: OutputEvent) -> None:
        begins_line = self._column == 0 or not self._indention
        self._increase_indent(compact=self._mapping_context and begins_line and self._compact)
        self._emit_block_sequence_item(event)

    def _emit_block_sequence_item(self, event: OutputEvent) -> None:
        if event.type == kinds.SEQUENCE_END:
            self._decrease_indent()
            self._state = self._states.pop()
            return
        self._process_head_comment()
        self._write_indent()
        self._write_indicator("-", space=True, indention=True)
        self._states.append(self._emit_block_sequence_item)
        self._emit_node(event)
        self._process_line_comment()
        self._process_foot_comment()

    def _emit_block_mapping_first_key(self, event: OutputEvent) -> None:
        self._increase_indent()
        self._emit_block_mapping_key(event)

    def _emit_block_mapping_key(self, event: OutputEvent) -> None:
        self._process_head_comment()
        if event.type == kinds.MAPPING_END:
            self._decrease_indent()
            self._state = self._states.pop()
            return
        self._write_indent()
        if self._line:
            self._key_line_comment, self._line = self._line, ""
        if self._is_simple_key(event):
            self._states.append(self._emit_block_mapping_simple_value)
            self._emit_node(event, mapping=True, simple_key=True)
        else:
            self._write_indicator("?", space=True, indention=True)
            self._states.append(self._emit_block_mapping_value)
            self._emit_node(event, mapping=True)

    def _emit_block_mapping_simple_value(self, event: OutputEvent) -> None:
        self._write_indicator(":", space=False)
        self._emit_block_mapping_value_node(event)

    def _emit_block_mapping_value(self, event: OutputEvent) -> None:
        self._write_indent()
        self._write_indicator(":", space=True, indention=True)
        self._emit_block_mapping_value_node(event)

    def _emit_block_mapping_value_node(self, event: OutputEvent) -> None:
        if self._key_line_comment:
            self._move_key_comment(event)
        self._states.append(self._emit_block_mapping_key)
        self._emit_node(event, mapping=True)
        self._process_line_comment()
        self._process_foot_comment()

    def _move_key_comment(self, event: OutputEvent) -> None:
        """Move the line comment of a key after its value, or print it at once if a block collection follows."""
        if event.type == kinds.SCALAR:
            if not self._line:
                self._line, self._key_line_comment = self._key_line_comment, ""
        elif event.type != kinds.ALIAS and event.node.style != "{":
            self._line, self._key_line_comment = self._key_line_comment, self._line
            self._process_line_comment()
            self._line, self._key_line_comment = self._key_line_comment, self._line

    # Scalars

    def _emit_scalar(self, node: Node) -> None:
        style = select_scalar_style(
            node,
            self._allowed_styles,
            in_flow=self._flow_level > 0,
            is_key=self._simple_key_context,
            needs_quotes=self._needs_quotes,
        )
        self._process_tag()
        self._increase_indent(flow=True)
        self._write_scalar(node.content, style)
        self._decrease_indent()
        self._state = self._states.pop()


def _escape_tag(text: str) -> str:
    return re.sub(
        _UNSAFE_IN_TAG, lambda match: b"%%%02X" % match.group()[0], text.encode()
    ).decode()


def _tag_length(tag: str) -> int:
    """Return the length of a tag with its handle, in bytes."""
    return len((tag.removeprefix(TAG)).encode()) + 2 if tag.startswith(TAG) else len(tag.encode())
