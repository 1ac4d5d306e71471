"""Parse YAML to nodes exactly as go-yaml v2 does, with its errors and their lines.

go-yaml parses a whole document before it decodes the first value. An alias without an anchor is an error of the
parser, all other errors of values come later (`go_yaml_decoder`).

Source: go.yaml.in/yaml/v2 v2.4.4 parserc.go; decode.go, parser.parse to parser.mapping; readerc.go.
"""

import re

from kmanifest.engines.helm.formats import go_yaml_scanner as kinds
from kmanifest.engines.helm.formats.go_yaml_scanner import Scanner, SyntaxProblem, Token
from kmanifest.startup.typing import Any, Callable, Final, NoReturn

MAPPING: Final = "mapping"
SEQUENCE: Final = "sequence"
SCALAR: Final = "scalar"
ALIAS: Final = "alias"

_END: Final = "end"
_TAG_PREFIXES: Final = {"!": "!", "!!": "tag:yaml.org,2002:"}
_DIRECTIVES: Final = frozenset((kinds.VERSION_DIRECTIVE, kinds.TAG_DIRECTIVE))
_CONTENT_STOPS: Final = _DIRECTIVES | {kinds.DOCUMENT_START, kinds.DOCUMENT_END, kinds.STREAM_END}
_ENTRY_STOPS: Final = frozenset((kinds.BLOCK_ENTRY, kinds.BLOCK_END))
_MAPPING_STOPS: Final = frozenset((kinds.KEY, kinds.VALUE, kinds.BLOCK_END))
_FLOW_SEQUENCE_STOPS: Final = frozenset((kinds.FLOW_ENTRY, kinds.FLOW_SEQUENCE_END))
_FLOW_MAPPING_STOPS: Final = frozenset((kinds.FLOW_ENTRY, kinds.FLOW_MAPPING_END))

# The reader decodes the text in pieces of this size. A problem in one is found when the scanner needs its first character.
_PIECE: Final = 512
_LOOK_AHEAD: Final = 4
_FORBIDDEN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


class Node:
    """A node of a document.

    `value` is the text of a scalar or the name of an alias. `children` are the items of a sequence, or the keys and
    values of a mapping in turn. `target` is the node that an alias stands for. A tag is written in full.
    """

    __slots__ = ("children", "is_implicit", "kind", "tag", "target", "value")

    def __init__(
        self, kind: str, value: str = "", tag: str = "", *, is_implicit: bool = False
    ) -> None:
        self.kind = kind
        self.value = value
        self.tag = tag
        self.is_implicit = is_implicit
        self.children: list[Node] = []
        self.target: Node = self


def parse_document(data: bytes) -> Node | None:
    """Return the root of the first document, or None if there is none. Raises SyntaxProblem."""
    text, problem = _decode(data)
    parser = _Parser(text)
    try:
        root = parser.parse_document()
    except SyntaxProblem:
        if problem is None or parser.offset + _LOOK_AHEAD <= len(text):
            raise
    else:
        if problem is None or parser.offset + _LOOK_AHEAD <= len(text):
            return root
    raise problem


def _decode(data: bytes) -> tuple[str, SyntaxProblem | None]:
    """Return the text, and the first problem of the reader. The text ends before the piece with the problem."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = data[2:].decode(encoding, "replace")
            return text, None
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text, message = data.decode(), ""
    except UnicodeDecodeError as error:
        text, message = data[: error.start].decode(), _octet_problem(data, error.start)
    match = _FORBIDDEN.search(text)
    if match is not None:
        text, message = text[: match.start()], "control characters are not allowed"
    if not message:
        return text, None
    size = len(text.encode())
    readable = text.encode()[: size - size % _PIECE].decode("utf-8", "ignore")
    return readable, SyntaxProblem(message)


def _octet_problem(data: bytes, start: int) -> str:
    """Return the message for the invalid UTF-8 sequence at `start`."""
    width = kinds.utf8_width(data[start])
    if not width:
        return "invalid leading UTF-8 octet"
    octets = data[start : start + width]
    if len(octets) < width:
        return "incomplete UTF-8 octet sequence"
    if any(octet & 0xC0 != 0x80 for octet in octets[1:]):
        return "invalid trailing UTF-8 octet"
    value = octets[0] & (0x7F >> width)
    for octet in octets[1:]:
        value = value << 6 | octet & 0x3F
    if value < (0, 0, 0x80, 0x800, 0x10000)[width]:
        return "invalid length of a UTF-8 sequence"
    return "invalid Unicode character"


class _Parser(Scanner):
    """A state machine: a state is a method that returns the next node, the end of a collection, or starts one.

    `_open` are the collections around the current position.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._prefixes: dict[str, str] = {}
        self._state: Callable[[], Node | str] = self._parse_block_node
        self._states: list[Callable[[], Node | str]] = []
        self._anchors: dict[str, Node] = {}

    def parse_document(self) -> Node | None:
        self._take()  # the start of the stream
        if not self._parse_document_start():
            return None
        root = self._compose()
        # go-yaml reads the token after the document, so an error in it is reported, too.
        self._peek()
        return root

    def _compose(self) -> Node:
        """Return the node that the next events describe, with all its children."""
        open_nodes: list[Node] = []
        while True:
            event = self._state()
            if isinstance(event, Node):
                node = event
                if node.kind in (MAPPING, SEQUENCE):
                    open_nodes.append(node)
                    continue
            else:
                node = open_nodes.pop()
            if not open_nodes:
                return node
            open_nodes[-1].children.append(node)

    # --- tokens -----------------------------------------------------------------------------------------------------

    def _peek(self) -> Token:
        self.fetch_more_tokens()
        return self.tokens[self.tokens_head]

    def _take(self) -> Token:
        token = self._peek()
        self.tokens_head += 1
        self.tokens_parsed += 1
        return token

    def _refuse(self, problem: str, token: Token) -> NoReturn:
        raise SyntaxProblem(problem, token.line)

    # --- documents --------------------------------------------------------------------------------------------------

    def _parse_document_start(self) -> bool:
        """Skip the start of the document. Return whether there is one."""
        kind = self._peek().kind
        if kind == kinds.STREAM_END:
            return False
        is_explicit = kind in _DIRECTIVES or kind == kinds.DOCUMENT_START
        self._process_directives()
        self._states.append(self._end_collection)
        if is_explicit:
            token = self._peek()
            if token.kind != kinds.DOCUMENT_START:
                self._refuse("did not find expected <document start>", token)
            self._take()
            self._state = self._parse_document_content
        return True

    def _parse_document_content(self) -> Node | str:
        return self._parse_block_node_unless(_CONTENT_STOPS, self._states.pop())

    def _process_directives(self) -> None:
        has_version = False
        while (token := self._peek()).kind in _DIRECTIVES:
            if token.kind == kinds.VERSION_DIRECTIVE:
                if has_version:
                    self._refuse("found duplicate %YAML directive", token)
                if token.value != "1.1":
                    self._refuse("found incompatible YAML document", token)
                has_version = True
            elif token.value in self._prefixes:
                self._refuse("found duplicate %TAG directive", token)
            else:
                self._prefixes[token.value] = token.suffix
            self._take()
        self._prefixes = {**_TAG_PREFIXES, **self._prefixes}

    # --- nodes ------------------------------------------------------------------------------------------------------

    def _parse_block_node(self) -> Node | str:
        return self._parse_node(is_block=True)

    def _parse_block_node_unless(
        self, stops: frozenset[str], next_state: Callable[[], Node | str]
    ) -> Node | str:
        """Parse a node, or an empty one before one of these tokens."""
        if self._peek().kind in stops:
            self._state = next_state
            return _empty_node()
        self._states.append(next_state)
        return self._parse_node(is_block=True, allows_indentless=stops is _MAPPING_STOPS)

    def _parse_flow_node_unless(
        self, stops: frozenset[str], next_state: Callable[[], Node | str]
    ) -> Node | str:
        if self._peek().kind in stops:
            self._state = next_state
            return _empty_node()
        self._states.append(next_state)
        return self._parse_node()

    def _parse_node(self, *, is_block: bool = False, allows_indentless: bool = False) -> Node | str:
        token = self._peek()
        if token.kind == kinds.ALIAS:
            self._state = self._states.pop()
            return self._find_anchor(self._take().value)
        anchor, tag = self._parse_properties()
        token = self._peek()
        if allows_indentless and token.kind == kinds.BLOCK_ENTRY:
            self._state = self._parse_indentless_entry
            return self._new_node(SEQUENCE, anchor)
        if token.kind == kinds.SCALAR:
            self._state = self._states.pop()
            is_implicit = tag == "!" or (token.is_plain and not tag)
            return self._new_node(SCALAR, anchor, self._take().value, tag, is_implicit=is_implicit)
        collections: dict[str, tuple[str, Any]] = {
            kinds.FLOW_SEQUENCE_START: (SEQUENCE, self._parse_first_flow_item),
            kinds.FLOW_MAPPING_START: (MAPPING, self._parse_first_flow_key),
        }
        if is_block:
            collections[kinds.BLOCK_SEQUENCE_START] = SEQUENCE, self._parse_first_block_entry
            collections[kinds.BLOCK_MAPPING_START] = MAPPING, self._parse_first_block_key
        if token.kind in collections:
            kind, self._state = collections[token.kind]
            return self._new_node(kind, anchor)
        if anchor or tag:
            self._state = self._states.pop()
            return self._new_node(SCALAR, anchor, "", tag, is_implicit=not tag)
        return self._refuse("did not find expected node content", token)

    def _parse_properties(self) -> tuple[str, str]:
        """Return the anchor and the tag before a node."""
        anchor = tag = ""
        has_anchor = has_tag = False
        while True:
            token = self._peek()
            if token.kind == kinds.ANCHOR and not has_anchor:
                anchor, has_anchor = self._take().value, True
            elif token.kind == kinds.TAG and not has_tag:
                tag_token, has_tag = self._take(), True
            else:
                break
        if has_tag:
            handle = tag_token.value
            tag = self._prefixes.get(handle, "") if handle else ""
            tag += tag_token.suffix if tag or not handle else ""
            if handle and not tag:
                self._refuse("found undefined tag handle", tag_token)
        return anchor, tag

    def _new_node(
        self, kind: str, anchor: str, value: str = "", tag: str = "", *, is_implicit: bool = False
    ) -> Node:
        node = Node(kind, value, tag, is_implicit=is_implicit)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _find_anchor(self, name: str) -> Node:
        target = self._anchors.get(name)
        if target is None:
            raise SyntaxProblem(f"unknown anchor '{name}' referenced")
        node = Node(ALIAS, name)
        node.target = target
        return node

    # --- block collections ------------------------------------------------------------------------------------------

    def _end_collection(self) -> str:
        return _END

    def _close(self) -> str:
        """Skip the token that ends a collection."""
        self._take()
        self._state = self._states.pop()
        return _END

    def _parse_first_block_entry(self) -> Node | str:
        self._take()
        return self._parse_block_entry()

    def _parse_block_entry(self) -> Node | str:
        token = self._peek()
        if token.kind == kinds.BLOCK_ENTRY:
            self._take()
            return self._parse_block_node_unless(_ENTRY_STOPS, self._parse_block_entry)
        if token.kind == kinds.BLOCK_END:
            return self._close()
        return self._refuse("did not find expected '-' indicator", token)

    def _parse_indentless_entry(self) -> Node | str:
        if self._peek().kind != kinds.BLOCK_ENTRY:
            self._state = self._states.pop()
            return _END
        self._take()
        if self._peek().kind in _ENTRY_STOPS or self._peek().kind in _MAPPING_STOPS:
            self._state = self._parse_indentless_entry
            return _empty_node()
        self._states.append(self._parse_indentless_entry)
        return self._parse_node(is_block=True)

    def _parse_first_block_key(self) -> Node | str:
        self._take()
        return self._parse_block_key()

    def _parse_block_key(self) -> Node | str:
        token = self._peek()
        if token.kind == kinds.KEY:
            self._take()
            return self._parse_block_node_unless(_MAPPING_STOPS, self._parse_block_value)
        if token.kind == kinds.BLOCK_END:
            return self._close()
        return self._refuse("did not find expected key", token)

    def _parse_block_value(self) -> Node | str:
        if self._peek().kind == kinds.VALUE:
            self._take()
            return self._parse_block_node_unless(_MAPPING_STOPS, self._parse_block_key)
        self._state = self._parse_block_key
        return _empty_node()

    # --- flow collections -------------------------------------------------------------------------------------------

    def _next_entry(self, end: str, *, is_first: bool) -> Token:
        """Return the token at which an entry begins, after its comma, or the token that ends the collection."""
        token = self._peek()
        if is_first or token.kind == end:
            return token
        if token.kind != kinds.FLOW_ENTRY:
            self._refuse(f"did not find expected ',' or '{end}'", token)
        self._take()
        return self._peek()

    def _parse_first_flow_item(self) -> Node | str:
        self._take()
        return self._parse_flow_item(is_first=True)

    def _parse_flow_item(self, *, is_first: bool = False) -> Node | str:
        token = self._next_entry(kinds.FLOW_SEQUENCE_END, is_first=is_first)
        if token.kind == kinds.FLOW_SEQUENCE_END:
            return self._close()
        if token.kind == kinds.KEY:
            self._take()
            self._state = self._parse_pair_key
            return Node(MAPPING)
        self._states.append(self._parse_flow_item)
        return self._parse_node()

    def _parse_pair_key(self) -> Node | str:
        """Parse the key of a mapping with one entry, such as `[a: b]`."""
        kind = self._peek().kind
        if kind == kinds.VALUE or kind in _FLOW_SEQUENCE_STOPS:
            # go-yaml skips this token, although it needs it afterwards. So it refuses `[? : a]`.
            self._take()
            self._state = self._parse_pair_value
            return _empty_node()
        self._states.append(self._parse_pair_value)
        return self._parse_node()

    def _parse_pair_value(self) -> Node | str:
        return self._parse_flow_value(_FLOW_SEQUENCE_STOPS, self._parse_pair_end)

    def _parse_pair_end(self) -> str:
        self._peek()
        self._state = self._parse_flow_item
        return _END

    def _parse_first_flow_key(self) -> Node | str:
        self._take()
        return self._parse_flow_key(is_first=True)

    def _parse_flow_key(self, *, is_first: bool = False) -> Node | str:
        token = self._next_entry(kinds.FLOW_MAPPING_END, is_first=is_first)
        if token.kind == kinds.FLOW_MAPPING_END:
            return self._close()
        if token.kind == kinds.KEY:
            self._take()
            stops = _FLOW_MAPPING_STOPS | {kinds.VALUE}
            return self._parse_flow_node_unless(stops, self._parse_flow_mapping_value)
        self._states.append(self._parse_missing_value)
        return self._parse_node()

    def _parse_missing_value(self) -> Node:
        self._peek()
        self._state = self._parse_flow_key
        return _empty_node()

    def _parse_flow_mapping_value(self) -> Node | str:
        return self._parse_flow_value(_FLOW_MAPPING_STOPS, self._parse_flow_key)

    def _parse_flow_value(
        self, stops: frozenset[str], next_state: Callable[[], Node | str]
    ) -> Node | str:
        if self._peek().kind == kinds.VALUE:
            self._take()
            return self._parse_flow_node_unless(stops, next_state)
        self._state = next_state
        return _empty_node()


def _empty_node() -> Node:
    """Return the null that stands for nothing."""
    return Node(SCALAR, is_implicit=True)
