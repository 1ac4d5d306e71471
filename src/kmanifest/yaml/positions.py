"""The position of a field in its file, found by parsing the file again. Only errors and listings need it."""

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

from kmanifest.model.deadline import timed
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple, Sequence
from kmanifest.yaml.resolve import resolve_v2
from kmanifest.yaml.split import split_documents

UNKNOWN_POSITION: Final = (0, 0)

_MAX_MERGES: Final = 1000
"""A search that follows `<<` adds no more mappings once it has this many."""


class _Node(NamedTuple):
    """A node of a document.

    `position` is the line and column of its start, `text` the text of a scalar. `children` holds the items of
    a list, or the keys and values of a mapping in turn.
    """

    position: tuple[int, int]
    text: str | None
    children: list[Any]
    is_mapping: bool
    is_quoted: bool = False


def find_position(data: bytes, field: Sequence[str | int], *, document: int = 0) -> tuple[int, int]:
    """Line and column, counted from 1, of the key or list item at `field`, or of its nearest existing ancestor.

    `document` is its index in the result of `load_documents`; 0 is the first document that is not empty. The
    result is (0, 0) if `data` does not parse.
    """
    return PositionIndex(data, document=document).find(field)


class PositionIndex:
    """The positions of many fields of one document, which is parsed once. They are those of `find_position`."""

    __slots__ = ("_entries", "_line", "_root")

    def __init__(self, data: bytes, *, document: int = 0) -> None:
        self._root: _Node | None = None
        self._line = 0
        self._entries: dict[int, dict[str, tuple[tuple[int, int], _Node]]] = {}
        limits = DEFAULT_LIMITS._replace(max_input_file=len(data), max_documents=len(data) + 1)
        try:
            parts = split_documents(data, limits)
            parsed = [
                (part, _parse(part.data))
                for part in parts[document : document + 1 if document else None]
            ]
        except (MarkedYAMLError, ReaderError, SourceError, UnicodeDecodeError):
            return
        for part, root in parsed:
            if root is not None:
                self._root, self._line = root, part.line
                return

    def find(self, field: Sequence[str | int]) -> tuple[int, int]:
        """Return the line and column of the field or of its nearest existing ancestor; (0, 0) if there is no document."""
        node = self._root
        if node is None:
            return UNKNOWN_POSITION
        position = node.position
        for step in field:
            if node.is_mapping:
                child = self._own_entries(node).get(str(step)) or _entry(node, str(step))
            elif isinstance(step, int) and 0 <= step < len(node.children):
                child = node.children[step].position, node.children[step]
            else:
                child = None
            if child is None:
                break
            position, node = child
        line, column = position
        return line + self._line, column

    def _own_entries(self, node: _Node) -> dict[str, tuple[tuple[int, int], _Node]]:
        """Return the positions and values of a mapping by their keys. Of equal keys, the first counts."""
        entries = self._entries.get(id(node))
        if entries is None:
            pairs = list(zip(node.children[::2], node.children[1::2], strict=False))
            entries = {
                name.text: (name.position, value)
                for name, value in reversed(pairs)
                if name.text is not None
            }
            self._entries[id(node)] = entries
        return entries


def _entry(node: _Node, key: str) -> tuple[tuple[int, int], _Node] | None:
    """The position and the value of a key in a mapping. Its own keys come first, then those that `<<` merges."""
    pending = [node]
    searched = 0
    while searched < len(pending):
        children = pending[searched].children
        searched += 1
        for name, value in zip(children[::2], children[1::2], strict=False):
            if name.text == key:
                return name.position, value
        for name, value in zip(children[::2], children[1::2], strict=False):
            if name.text == "<<" and len(pending) < _MAX_MERGES:
                pending.extend(
                    [value]
                    if value.is_mapping
                    else [item for item in value.children if item.is_mapping]
                )
    return None


def _parse(data: bytes) -> _Node | None:
    """Parse the first document and return its root. An alias becomes the node of its anchor."""
    next_event = timed(CParser(data).get_event)
    anchors: dict[str, _Node] = {}
    root: _Node | None = None
    stack: list[_Node] = []
    while True:
        event: Any = next_event()
        kind = event.__class__
        if kind is StreamEndEvent or kind is DocumentEndEvent:
            return root
        if kind is ScalarEvent or kind is MappingStartEvent or kind is SequenceStartEvent:
            position = event.start_mark.line + 1, event.start_mark.column + 1
            node = _Node(
                position,
                event.value if kind is ScalarEvent else None,
                [],
                kind is MappingStartEvent,
                kind is ScalarEvent and bool(event.style or event.tag),
            )
            if event.anchor is not None:
                anchors[event.anchor] = node
        elif kind is AliasEvent:
            position = event.start_mark.line + 1, event.start_mark.column + 1
            node = anchors.get(event.anchor) or _Node(position, None, [], is_mapping=False)
        else:
            if stack:
                stack.pop()
            continue
        if stack:
            stack[-1].children.append(node)
        root = root or node
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            stack.append(node)


class DuplicateKey(NamedTuple):
    """A key that its mapping has already. `path`: the mapping's path and the key. `line`: counted from 1."""

    path: tuple[str | int, ...]
    line: int


def find_duplicate_keys(data: bytes) -> list[DuplicateKey]:
    """Return the keys that the first document sets twice, in a mapping itself or with a `<<`, in the order of the file.

    The result is empty if `data` does not parse. Source: go.yaml.in/yaml/v2 decode.go, mapping and setMapIndex, when strict.
    """
    try:
        root = _parse(data)
    except (MarkedYAMLError, ReaderError, UnicodeDecodeError):
        return []
    found: list[DuplicateKey] = []
    visited: set[int] = set()
    stack: list[tuple[_Node, tuple[str | int, ...]]] = [(root, ())] if root is not None else []
    while stack:
        node, path = stack.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if node.is_mapping:
            found.extend(_duplicates_of(node, path))
            pairs = zip(node.children[::2], node.children[1::2], strict=False)
            stack.extend((value, (*path, key.text or "")) for key, value in pairs)
        else:
            stack.extend((item, (*path, index)) for index, item in enumerate(node.children))
    return sorted(found, key=lambda duplicate: duplicate.line)


def _duplicates_of(mapping: _Node, path: tuple[str | int, ...]) -> list[DuplicateKey]:
    found: list[DuplicateKey] = []
    seen: set[tuple[str, object]] = set()
    for key, value in zip(mapping.children[::2], mapping.children[1::2], strict=False):
        if key.text == "<<":
            sources = [value] if value.is_mapping else value.children[:_MAX_MERGES]
            keys = [
                name for source in sources if source.is_mapping for name in source.children[::2]
            ]
        else:
            keys = [key]
        for name in keys:
            if name.text is None:
                continue
            identity = _identity(name)
            if identity in seen:
                found.append(DuplicateKey((*path, name.text), key.position[0]))
            seen.add(identity)
    return found


def _identity(key: _Node) -> tuple[str, object]:
    """Return type and value of a key: `1` and `"1"` are different keys."""
    text = key.text or ""
    try:
        value = text if key.is_quoted else resolve_v2(text)
    except SourceError:
        value = text
    return type(value).__name__, value
