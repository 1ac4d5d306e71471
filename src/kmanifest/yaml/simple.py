"""Read the plainest YAML line by line, without a parser. It is three times as fast, and most manifests are plain.

The invariant: `read_simple` returns the same value as the parser for the same bytes, or NOT_SIMPLE. In the
second case the parser reads the document. `read_simple` reads only printable ASCII: block mappings and lists;
keys of word characters or in quotes without escapes; values on the line of their key, in quotes without
escapes or of words that can only be a plain scalar; `[a, "b"]` and `{a: 1}` of such words; `|` blocks.
Errors, anchors, tags, merges, folded and continued text, and all doubtful cases are left to the parser.

Each line is one match of `_LINE`. The stack holds the open containers with their columns. A container is
opened at its first line, and closed by the first line that starts further left.

`tests/unit/test_yaml_simple.py` compares this reader with the parser.
"""

import re
from functools import cache

from kmanifest.model.deadline import current_check
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Callable, Final
from kmanifest.yaml.resolve import Scalar

NOT_SIMPLE: Final = object()
_MAX_FLOW: Final = 10_000
"""The maximum length of a list in brackets or a mapping in braces. The parser reads longer ones event by event."""

_PRINTABLE: Final = bytes([10, *range(32, 127)])
_WORD: Final = r"[^\s:#]+(?::[^\s:#]+)*"
_ITEM: Final = r"""(?:"[^"\\\n]*"|'[^'\n]*'|-{0,2}[A-Za-z0-9_./$][\w./$%=-]*)"""
_FLOW_KEY: Final = r"[A-Za-z_][\w./-]{0,200}"
_LINE: Final = re.compile(
    r"( *)((?:- +)*)"  # 1: indentation, 2: list items that start here
    r"""(?:([A-Za-z_][\w./-]{0,200}|"[^"\\\n]{0,200}"|'[^'\n]{0,200}'):(?=[ \n]))?"""  # 3: key
    r"(?: *(?:"
    rf"((?=[A-Za-z0-9_/.$(~+<=]|-[\w.]){_WORD}(?: +{_WORD})*)"  # 4: plain
    r"""|("[^"\\\n]*"|'[^'\n]*')"""  # 5: quoted
    r"|(\[[^\[\]\n]*\]|\{[^{}\[\]\n]*\}|\|[-+]?(?=\n))"  # 6: flow list or mapping, block
    r"))?(?:(?: +|^)\#[^\n]*| *)\n",
    re.ASCII | re.MULTILINE,
)
_BLOCK_INDENT: Final = re.compile(r"\n*( +)[^ \n]")


@cache
def _flow_list_patterns() -> "tuple[re.Pattern[str], re.Pattern[str]]":
    """The patterns of a list in brackets, and of one of its items. Many files need neither."""
    whole = rf"\[(?: *{_ITEM}(?: *, *{_ITEM})*)? *\]"
    return re.compile(whole, re.ASCII), re.compile(_ITEM, re.ASCII)


@cache
def _flow_mapping_patterns() -> "tuple[re.Pattern[str], re.Pattern[str]]":
    """The patterns of a mapping in braces, and of the key and value of one of its entries."""
    entry = rf"(?:{_FLOW_KEY}): +(?:{_ITEM})"
    whole = rf"\{{(?: *{entry}(?: *, *{entry})*)? *\}}"
    entries = rf"({_FLOW_KEY}): +({_ITEM})"
    return re.compile(whole, re.ASCII), re.compile(entries, re.ASCII)


def read_simple(
    data: bytes,
    scalar_cache: dict[str, Any],
    resolve: Callable[[str], Scalar],
    null_key: Callable[[str, str], str] | None,
    max_depth: int,
) -> Any:
    """The value of a document, or NOT_SIMPLE.

    `scalar_cache` keeps the values of plain scalars. `null_key` returns the key of a null that is written as some text;
    without it the key is a plain string.
    Source: none; apart from `resolve`, the accepted syntax has the same meaning in every YAML reader.
    """
    if data.translate(None, _PRINTABLE):
        return NOT_SIMPLE
    if not data.endswith(b"\n"):
        if b"|" in data:  # a block would gain a line break
            return NOT_SIMPLE
        data += b"\n"
    text = data.decode("ascii")
    reader = _LineReader(text, scalar_cache, resolve, null_key, max_depth)
    try:
        return reader.read(4 if text.startswith("---\n") else 0)
    except (_NotSimpleError, SourceError):
        return NOT_SIMPLE


class _NotSimpleError(Exception):
    """The parser must read the document."""


class _LineReader:
    """Reads one document: its state is the open containers and the key whose value has not been read."""

    def __init__(
        self,
        text: str,
        scalar_cache: dict[str, Any],
        resolve: Callable[[str], Scalar],
        null_key: Callable[[str, str], str] | None,
        max_depth: int,
    ) -> None:
        self._text = text
        self._scalar_cache = scalar_cache
        self._resolve = resolve
        self._null_key = null_key
        self._max_depth = max_depth
        self._columns: list[int] = []
        self._nodes: list[Any] = []
        self._root: Any = NOT_SIMPLE
        self._pending_entry: tuple[dict[str, Any], str] | None = None

    def read(self, position: int) -> Any:
        text, size, match = self._text, len(self._text), _LINE.match
        columns, nodes, scalar_cache = self._columns, self._nodes, self._scalar_cache
        check = current_check()
        while position < size:
            if check is not None:
                check()
            line = match(text, position)
            if line is None:
                raise _NotSimpleError
            position = line.end()
            indent, dashes, key, word, quoted, other = line.groups()
            if key is None and not dashes:
                if word is None and quoted is None and other is None and self._is_empty(line):
                    continue
                raise _NotSimpleError
            column = len(indent)
            node: Any
            if not dashes and columns and columns[-1] == column and nodes[-1].__class__ is dict:
                node = nodes[-1]
                if self._pending_entry is not None:
                    self._set_blank_value(self._pending_entry)
                    self._pending_entry = None
            else:
                node = self._enter(column, dashes, is_mapping=key is not None)
                column += len(dashes)
            value: Any
            if word is not None:
                value = scalar_cache.get(word)
                if value is None:
                    value = scalar_cache[word] = self._resolve(word)
            elif quoted is not None:
                value = quoted[1:-1]
            elif other is None:
                value = None
            elif other[0] == "|":
                value, position = self._block(position, other, columns[-1])
            else:
                value = self._flow_mapping(other) if other[0] == "{" else self._flow_list(other)
            if key is None:
                if word is None and quoted is None and other is None:
                    raise _NotSimpleError
                node.append(value)
                continue
            if key[0] in "\"'":
                key = key[1:-1]
            else:
                cached = scalar_cache.get(key)
                key = cached if cached == key else self._plain_key(key)
            if key in node or key == "<<":
                raise _NotSimpleError
            if value is not None:
                node[key] = value
            elif word is None:
                self._pending_entry = node, key
            else:
                node[self._key_of_null(key, word)] = None
        if self._pending_entry is not None:
            self._set_blank_value(self._pending_entry)
        return self._root

    def _set_blank_value(self, pending_entry: tuple[dict[str, Any], str]) -> None:
        """Give a key without a value the value null."""
        node, key = pending_entry
        node[self._key_of_null(key, "")] = None

    def _key_of_null(self, key: str, text: str) -> str:
        return key if self._null_key is None else self._null_key(key, text)

    def _is_empty(self, line: "re.Match[str]") -> bool:
        """Whether a line without a value is empty or a comment. A line of spaces is left to the parser."""
        text = line.group()
        return text == "\n" or text.lstrip(" ")[:1] == "#"

    def _plain_key(self, key: str) -> str:
        """A key without quotes, which must be a string."""
        value = self._scalar_cache.get(key)
        if value is None:
            value = self._scalar_cache[key] = self._resolve(key)
        if value.__class__ is not str:
            raise _NotSimpleError
        return str(value)

    def _enter(self, column: int, dashes: str, *, is_mapping: bool) -> Any:
        """The container for a line at `column`. Close the containers that end before it and open those that begin."""
        columns, nodes = self._columns, self._nodes
        pending_entry, self._pending_entry = self._pending_entry, None
        while columns and columns[-1] > column:
            columns.pop()
            nodes.pop()
            if pending_entry is not None:
                self._set_blank_value(pending_entry)
                pending_entry = None
        if dashes:
            return self._enter_list(column, dashes, pending_entry, is_mapping=is_mapping)
        if columns and columns[-1] == column:
            if nodes[-1].__class__ is list:  # a list in the same column as its key ends here
                columns.pop()
                nodes.pop()
            if columns and columns[-1] == column and nodes[-1].__class__ is dict:
                return nodes[-1]
            raise _NotSimpleError
        return self._open({}, column, pending_entry)

    def _enter_list(self, column: int, dashes: str, pending_entry: Any, *, is_mapping: bool) -> Any:
        """The container for the line of a list item. Open a container for each further `-` and for a key."""
        nodes = self._nodes
        if not (self._columns and self._columns[-1] == column and nodes[-1].__class__ is list):
            self._open([], column, pending_entry)
        elif pending_entry is not None:
            raise _NotSimpleError
        if dashes.count("-") > 1:
            starts = [index + column for index, char in enumerate(dashes) if char == "-"]
            for start in starts[1:]:
                self._open_within([], start)
        if is_mapping:
            self._open_within({}, column + len(dashes))
        return nodes[-1]

    def _open(self, node: Any, column: int, pending_entry: Any) -> Any:
        """Open a container as the value of the pending key, or as the root."""
        if pending_entry is not None:
            parent, key = pending_entry
            parent[key] = node
        elif self._root is NOT_SIMPLE and not self._columns:
            self._root = node
        else:
            raise _NotSimpleError
        self._push(node, column)
        return node

    def _open_within(self, node: Any, column: int) -> None:
        """Open a container as an item of the innermost list, on the line of its `-`."""
        self._nodes[-1].append(node)
        self._push(node, column)

    def _push(self, node: Any, column: int) -> None:
        if len(self._columns) >= self._max_depth:
            raise _NotSimpleError
        self._columns.append(column)
        self._nodes.append(node)

    def _flow_list(self, text: str) -> list[Any]:
        whole, items = _flow_list_patterns()
        if (
            len(text) > _MAX_FLOW
            or whole.fullmatch(text) is None
            or len(self._columns) >= self._max_depth
        ):
            raise _NotSimpleError
        return [
            item[1:-1] if item[0] in "\"'" else self._resolve(item) for item in items.findall(text)
        ]

    def _flow_mapping(self, text: str) -> dict[str, Any]:
        whole, entries = _flow_mapping_patterns()
        if (
            len(text) > _MAX_FLOW
            or whole.fullmatch(text) is None
            or len(self._columns) >= self._max_depth
        ):
            raise _NotSimpleError
        result: dict[str, Any] = {}
        for key, item in entries.findall(text):
            name = self._plain_key(key)
            if name in result:
                raise _NotSimpleError
            value = item[1:-1] if item[0] in "\"'" else self._resolve(item)
            result[name if value is not None else self._key_of_null(name, item)] = value
        return result

    def _block(self, position: int, header: str, column: int) -> tuple[str, int]:
        """The text of a `|` block whose lines begin at `position`, and the index after it."""
        first = _BLOCK_INDENT.match(self._text, position)
        if first is None or len(first.group(1)) <= column:
            raise _NotSimpleError
        pad = first.group(1)
        body = re.compile(rf"(?:{pad}[^\n]*\n|\n)*").match(self._text, position)
        assert body is not None  # noqa: S101 - the pattern also matches the empty string
        text = ("\n" + body.group()).replace("\n" + pad, "\n")[1:]
        if header == "|+":
            return text, body.end()
        text = text.rstrip("\n")
        return (text if header == "|-" else text + "\n"), body.end()
