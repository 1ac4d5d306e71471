"""The plainest YAML, line by line, without a parser: three times as fast, for what most manifests are made of.

The invariant: what `read_simple` gives is what the parser gives for the same bytes, and for anything else it gives
NOT_SIMPLE and the parser decides. So it knows only printable ASCII; keys of word characters or quoted without
escapes; values on the line of their key, quoted without escapes or of words that can be nothing but a plain scalar;
`[a, "b"]` and `{a: 1}` of such words; `|` blocks; block mappings and lists. It leaves all errors, anchors, tags, merges, folded
and continued text, and everything it is in doubt about, to the parser.

Each line is one match of `_LINE`. The stack holds the open containers with their columns; a container is opened
where its first line stands, and closed by the first line that starts before it.

`tests/unit/test_yaml_simple.py` holds the two readers against each other.
"""

import re
from collections.abc import Callable
from functools import cache

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final
from kmanifest.yaml.resolve import Scalar

NOT_SIMPLE: Final = object()

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
    """A whole list in brackets, and one of its items; many files have none."""
    whole = rf"\[(?: *{_ITEM}(?: *, *{_ITEM})*)? *\]"
    return re.compile(whole, re.ASCII), re.compile(_ITEM, re.ASCII)


@cache
def _flow_mapping_patterns() -> "tuple[re.Pattern[str], re.Pattern[str]]":
    """A whole mapping in braces, and key and value of one of its entries."""
    entry = rf"(?:{_FLOW_KEY}): +(?:{_ITEM})"
    whole = rf"\{{(?: *{entry}(?: *, *{entry})*)? *\}}"
    entries = rf"({_FLOW_KEY}): +({_ITEM})"
    return re.compile(whole, re.ASCII), re.compile(entries, re.ASCII)


def read_simple(
    data: bytes,
    plain: dict[str, Any],
    resolve: Callable[[str], Scalar],
    blank: type[str],
    max_depth: int,
) -> Any:
    """The value of a document, or NOT_SIMPLE; `plain` remembers what words mean, `blank` is the key of an empty value.

    Source: none; what it accepts means the same in every YAML reader, `resolve` apart.
    """
    if data.translate(None, _PRINTABLE):
        return NOT_SIMPLE
    if not data.endswith(b"\n"):
        if b"|" in data:  # a block would gain a line break
            return NOT_SIMPLE
        data += b"\n"
    text = data.decode("ascii")
    reader = _LineReader(text, plain, resolve, blank, max_depth)
    try:
        return reader.read(4 if text.startswith("---\n") else 0)
    except (_NotSimpleError, SourceError):
        return NOT_SIMPLE


class _NotSimpleError(Exception):
    """Leave it to the parser."""


class _LineReader:
    """The state of one reading: the open containers and the key that still waits for its value."""

    def __init__(
        self,
        text: str,
        plain: dict[str, Any],
        resolve: Callable[[str], Scalar],
        blank: type[str],
        max_depth: int,
    ) -> None:
        self._text = text
        self._plain = plain
        self._resolve = resolve
        self._blank = blank
        self._max_depth = max_depth
        self._columns: list[int] = []
        self._nodes: list[Any] = []
        self._root: Any = NOT_SIMPLE
        self._waiting: tuple[dict[str, Any], str] | None = None

    def read(self, position: int) -> Any:
        text, size, match = self._text, len(self._text), _LINE.match
        columns, nodes, plain = self._columns, self._nodes, self._plain
        while position < size:
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
                if self._waiting is not None:
                    self._close_blank(self._waiting)
                    self._waiting = None
            else:
                node = self._place(column, dashes, is_mapping=key is not None)
                column += len(dashes)
            value: Any
            if word is not None:
                value = plain.get(word)
                if value is None:
                    value = plain[word] = self._resolve(word)
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
                known = plain.get(key)
                key = known if known == key else self._plain_key(key)
            if key in node or key == "<<":
                raise _NotSimpleError
            if value is None and word is None:
                self._waiting = node, key
            else:
                node[key] = value
        if self._waiting is not None:
            self._close_blank(self._waiting)
        return self._root

    def _close_blank(self, waiting: tuple[dict[str, Any], str]) -> None:
        """Settle that nothing is the value of a key."""
        node, key = waiting
        node[self._blank(key)] = None

    def _is_empty(self, line: "re.Match[str]") -> bool:
        """Whether a line without a value is an empty one or a comment; blanks alone are left to the parser."""
        shown = line.group()
        return shown == "\n" or shown.lstrip(" ")[:1] == "#"

    def _plain_key(self, key: str) -> str:
        """A key without quotes, which must be a string, for the parser otherwise."""
        known = self._plain.get(key)
        if known is None:
            known = self._plain[key] = self._resolve(key)
        if known.__class__ is not str:
            raise _NotSimpleError
        return str(known)

    def _place(self, column: int, dashes: str, *, is_mapping: bool) -> Any:
        """The container for a line at `column`: those that end before it are closed, those that begin opened."""
        columns, nodes = self._columns, self._nodes
        waiting, self._waiting = self._waiting, None
        while columns and columns[-1] > column:
            columns.pop()
            nodes.pop()
            if waiting is not None:
                self._close_blank(waiting)
                waiting = None
        if dashes:
            return self._place_item(column, dashes, waiting, is_mapping=is_mapping)
        if columns and columns[-1] == column:
            if nodes[-1].__class__ is list:  # a list that stands as far left as its key ends
                columns.pop()
                nodes.pop()
            if columns and columns[-1] == column and nodes[-1].__class__ is dict:
                return nodes[-1]
            raise _NotSimpleError
        return self._open({}, column, waiting)

    def _place_item(self, column: int, dashes: str, waiting: Any, *, is_mapping: bool) -> Any:
        """The container for the line of a list item, which opens a container for each further `-` and for a key."""
        nodes = self._nodes
        if not (self._columns and self._columns[-1] == column and nodes[-1].__class__ is list):
            self._open([], column, waiting)
        elif waiting is not None:
            raise _NotSimpleError
        if dashes.count("-") > 1:
            starts = [index + column for index, char in enumerate(dashes) if char == "-"]
            for start in starts[1:]:
                self._open_within([], start)
        if is_mapping:
            self._open_within({}, column + len(dashes))
        return nodes[-1]

    def _open(self, node: Any, column: int, waiting: Any) -> Any:
        """Open the value of the waiting key, or the root."""
        if waiting is not None:
            parent, key = waiting
            parent[key] = node
        elif self._root is NOT_SIMPLE and not self._columns:
            self._root = node
        else:
            raise _NotSimpleError
        self._push(node, column)
        return node

    def _open_within(self, node: Any, column: int) -> None:
        """Open an item of the innermost list, on the line of its `-`."""
        self._nodes[-1].append(node)
        self._push(node, column)

    def _push(self, node: Any, column: int) -> None:
        if len(self._columns) >= self._max_depth:
            raise _NotSimpleError
        self._columns.append(column)
        self._nodes.append(node)

    def _flow_list(self, text: str) -> list[Any]:
        whole, items = _flow_list_patterns()
        if whole.fullmatch(text) is None or len(self._columns) >= self._max_depth:
            raise _NotSimpleError
        return [
            item[1:-1] if item[0] in "\"'" else self._resolve(item) for item in items.findall(text)
        ]

    def _flow_mapping(self, text: str) -> dict[str, Any]:
        whole, entries = _flow_mapping_patterns()
        if whole.fullmatch(text) is None or len(self._columns) >= self._max_depth:
            raise _NotSimpleError
        result: dict[str, Any] = {}
        for key, item in entries.findall(text):
            name = self._plain_key(key)
            if name in result:
                raise _NotSimpleError
            result[name] = item[1:-1] if item[0] in "\"'" else self._resolve(item)
        return result

    def _block(self, position: int, header: str, column: int) -> tuple[str, int]:
        """The text of a `|` block whose lines begin at `position`, and where it ends."""
        first = _BLOCK_INDENT.match(self._text, position)
        if first is None or len(first.group(1)) <= column:
            raise _NotSimpleError
        pad = first.group(1)
        body = re.compile(rf"(?:{pad}[^\n]*\n|\n)*").match(self._text, position)
        assert body is not None  # noqa: S101 - it matches nothing, too
        text = ("\n" + body.group()).replace("\n" + pad, "\n")[1:]
        if header == "|+":
            return text, body.end()
        text = text.rstrip("\n")
        return (text if header == "|-" else text + "\n"), body.end()
