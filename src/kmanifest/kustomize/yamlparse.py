"""YAML text to nodes with their styles and comments, as go-yaml v3 reads it.

A comment hangs on the key or list item below it, or, where a blank line follows, on the one above it.
Source: go.yaml.in/yaml/v3 v3.0.5 parserc.go; for comments only what its output shows was followed.
"""

import re

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from kmanifest.errors import LimitError, SourceError
from kmanifest.kustomize.yamlnodes import Node
from kmanifest.limits import DEFAULT_LIMITS
from kmanifest.typed import Any, Final

_COMMENT: Final = re.compile(r"\s*(#.*)")


def parse_node(text: str) -> Node | None:
    """The first document of a text as nodes; None where there is none, SourceError where it is not YAML."""
    parser = CParser(text)
    try:
        return _Reader(parser, text).read()
    except (YAMLError, UnicodeDecodeError) as error:
        problem = getattr(error, "problem", None) or "not YAML"
        raise SourceError(f"the text is not YAML: {problem}") from None
    finally:
        parser.dispose()


class _Reader:
    """Builds the nodes of one document, and hangs its comments on them."""

    def __init__(self, parser: Any, text: str) -> None:
        self._parser = parser
        self._lines = text.split("\n")
        self._inside: set[int] = set()
        self._keys: dict[int, Node] = {}
        self._items: dict[int, Node] = {}
        self._ends: dict[int, Node] = {}
        self._column_of: dict[int, int] = {}
        self._line_of: dict[int, int] = {}
        self._ends_at: dict[int, int] = {}

    def read(self) -> Node | None:
        while True:
            event = self._parser.get_event()
            if isinstance(event, StreamEndEvent):
                return None
            if isinstance(event, DocumentStartEvent):
                break
        root = self._node(self._parser.get_event())
        self._parser.get_event()
        if any("#" in line for line in self._lines):
            self._hang_comments(root)
        return root

    def _node(self, first: Any) -> Node:
        """A node and all that is in it, with a stack of the containers that are open."""
        stack: list[tuple[Node, list[Node]]] = []
        event = first
        while True:
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                if len(stack) >= DEFAULT_LIMITS.max_depth:
                    raise LimitError(
                        f"nested more than {DEFAULT_LIMITS.max_depth} deep (max_depth)"
                    )
                stack.append((self._container(event), []))
                event = self._parser.get_event()
                continue
            if isinstance(event, MappingEndEvent | SequenceEndEvent):
                node, items = stack.pop()
                self._close(node, items, event)
            else:
                node = self._leaf(event)
            if not stack:
                return node
            stack[-1][1].append(node)
            event = self._parser.get_event()

    def _close(self, node: Node, items: list[Node], event: Any) -> None:
        # An outer container is closed after an inner one, so that of what begins on one line the outermost stays.
        if node.kind == "mapping":
            node.content = list(zip(items[::2], items[1::2], strict=True))
            self._keys.update((self._line_of[id(key)], key) for key, _ in node.content)
        else:
            node.content = items
            self._items.update((self._line_of[id(item)], item) for item in items)
        if node.style == "{":
            self._note_end(node, event)

    def _container(self, event: Any) -> Node:
        kind = "mapping" if isinstance(event, MappingStartEvent) else "list"
        node = Node(
            kind,
            [],
            style="{" if event.flow_style else "",
            tag=event.tag or "",
            anchor=event.anchor or "",
        )
        self._note_start(node, event)
        return node

    def _leaf(self, event: Any) -> Node:
        node: Node
        if isinstance(event, AliasEvent):
            node = Node("alias", event.anchor)
        else:
            style = event.style if event.style in ('"', "'", "|", ">") else ""
            node = Node(
                "scalar", event.value, style=style, tag=event.tag or "", anchor=event.anchor or ""
            )
            self._inside.update(
                range(event.start_mark.line + 1, event.end_mark.line + (style not in ("|", ">")))
            )
        self._note_start(node, event)
        self._note_end(node, event)
        return node

    def _note_start(self, node: Node, event: Any) -> None:
        self._line_of[id(node)] = event.start_mark.line
        self._column_of[id(node)] = event.start_mark.column

    def _note_end(self, node: Node, event: Any) -> None:
        if node.kind == "scalar" and event.style in ("|", ">"):
            self._ends[event.start_mark.line] = node
        else:
            self._ends[event.end_mark.line] = node
            self._ends_at[event.end_mark.line] = event.end_mark.column

    def _hang_comments(self, root: Node) -> None:
        block: list[str] = []
        for number, line in enumerate(self._lines):
            if number in self._inside:
                continue
            match = _COMMENT.match(line)
            if match is not None:
                block.append(match.group(1))
                continue
            if number in self._ends and "#" in line:
                self._hang_line(number, line)
            if block:
                self._hang_block(root, block, number, line)
                block = []
        if block:
            self._lines.append("")
            self._hang_block(root, block, len(self._lines) - 1, "")

    def _hang_line(self, number: int, line: str) -> None:
        rest = line[self._ends_at.get(number, 0) :]
        match = re.search(r"(?:^|\s)(#.*)", rest)
        if match is not None:
            node = self._ends[number]
            node.comments = node.comments._replace(line=match.group(1))

    def _hang_block(self, root: Node, block: list[str], number: int, line: str) -> None:
        before = number - len(block) - 1
        follows_text = before >= 0 and self._lines[before].strip()
        at_start = not any(map(str.strip, self._lines[: before + 1]))
        if not line.strip() and (follows_text or at_start):
            column = len(self._lines[number - 1]) - len(self._lines[number - 1].lstrip())
            if at_start:
                root.comments = root.comments._replace(head=(*root.comments.head, *block, ""))
                return
            if self._hang_foot(block, before, column):
                return
        following = next(
            (at for at in range(number, len(self._lines)) if self._lines[at].strip()), None
        )
        node = None if following is None else self._first_at(following)
        if node is not None:
            node.comments = node.comments._replace(head=(*node.comments.head, *block))
        elif following is None:
            root.comments = root.comments._replace(foot=(*root.comments.foot, "", *block))

    def _first_at(self, number: int) -> Node | None:
        """What begins a line: a list item, or a key."""
        starts = self._items if self._lines[number].lstrip().startswith("-") else self._keys
        return starts.get(number)

    def _hang_foot(self, block: list[str], before: int, column: int) -> bool:
        """Hang a block below the last node that begins in this column, at or above the line `before`."""
        for number in range(before, -1, -1):
            line = self._lines[number]
            indent = len(line) - len(line.lstrip())
            if not line.strip() or indent > column or number in self._inside:
                continue
            node = self._first_at(number)
            if indent < column:
                node = self._keys.get(number)
                if (
                    node is None
                    or not line.lstrip().startswith("-")
                    or self._column_of[id(node)] != column
                ):
                    return False
            if node is None or (line.rstrip().endswith(":") and number == before):
                return False
            node.comments = node.comments._replace(foot=(*node.comments.foot, *block))
            return True
        return False
