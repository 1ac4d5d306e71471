"""Where a field stands in its file: found by parsing the file again, and only once an error is on its way."""

from collections.abc import Sequence

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple
from kmanifest.yaml.split import split_documents

NOWHERE: Final = (0, 0)


class _Node(NamedTuple):
    """A node: where it starts, the text of a scalar, and what it holds.

    The children of a mapping are its keys and values in turn.
    """

    place: tuple[int, int]
    text: str | None
    children: list[Any]
    is_mapping: bool


def find_position(data: bytes, field: Sequence[str | int], *, document: int = 0) -> tuple[int, int]:
    """Line and column, from 1, of the key or the list item at `field`, or of its nearest ancestor that there is.

    `document` is the index that `load_documents` gives it. The result is (0, 0) where `data` does not parse.
    """
    limits = DEFAULT_LIMITS._replace(max_input_file=len(data), max_documents=len(data) + 1)
    try:
        parts = split_documents(data, limits)
        found = [
            (part, _parse(part.data))
            for part in parts[document : document + 1 if document else None]
        ]
    except (MarkedYAMLError, ReaderError, SourceError, UnicodeDecodeError):
        return NOWHERE
    for part, root in found:
        if root is not None:
            line, column = _follow(root, field)
            return line + part.line, column
    return NOWHERE


def _follow(node: _Node, field: Sequence[str | int]) -> tuple[int, int]:
    place = node.place
    for step in field:
        if node.is_mapping:
            found = _entry(node, str(step))
        elif isinstance(step, int) and 0 <= step < len(node.children):
            found = node.children[step].place, node.children[step]
        else:
            found = None
        if found is None:
            return place
        place, node = found
    return place


def _entry(node: _Node, key: str) -> tuple[tuple[int, int], _Node] | None:
    """The place of a key of a mapping and its value; the keys that `<<` brings count where there is no other."""
    pending = [node]
    seen = 0
    while seen < len(pending):
        children = pending[seen].children
        seen += 1
        for name, value in zip(children[::2], children[1::2], strict=False):
            if name.text == key:
                return name.place, value
        for name, value in zip(children[::2], children[1::2], strict=False):
            if name.text == "<<" and len(pending) < _MOST_MERGES:
                pending.extend(
                    [value]
                    if value.is_mapping
                    else [item for item in value.children if item.is_mapping]
                )
    return None


_MOST_MERGES: Final = 1000


def _parse(data: bytes) -> _Node | None:
    """The nodes of the first document; an alias is the node of its anchor."""
    get = CParser(data).get_event
    anchors: dict[str, _Node] = {}
    root: _Node | None = None
    stack: list[_Node] = []
    while True:
        event: Any = get()
        kind = event.__class__
        if kind is StreamEndEvent or kind is DocumentEndEvent:
            return root
        if kind is ScalarEvent or kind is MappingStartEvent or kind is SequenceStartEvent:
            place = event.start_mark.line + 1, event.start_mark.column + 1
            node = _Node(
                place, event.value if kind is ScalarEvent else None, [], kind is MappingStartEvent
            )
            if event.anchor is not None:
                anchors[event.anchor] = node
        elif kind is AliasEvent:
            place = event.start_mark.line + 1, event.start_mark.column + 1
            node = anchors.get(event.anchor) or _Node(place, None, [], is_mapping=False)
        else:
            if stack:
                stack.pop()
            continue
        if stack:
            stack[-1].children.append(node)
        root = root or node
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            stack.append(node)
