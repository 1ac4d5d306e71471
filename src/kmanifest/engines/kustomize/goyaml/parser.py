"""Parse tokens to events, with the comments of each event.

Source: go.yaml.in/yaml/v3 v3.0.5 parserc.go. The states of go-yaml's state machine are methods here. Each returns one
event and sets the next state. A stack holds the states that continue after a node.
"""

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.scanner import Scanner
from kmanifest.engines.kustomize.goyaml.tokens import Event, Token, yaml_error
from kmanifest.engines.kustomize.yaml_nodes import NO_COMMENTS, Comments
from kmanifest.model.deadline import check_time
from kmanifest.startup.typing import Callable, Final

# Before these tokens, a document, an item, or the key or value of a pair is empty.
_NO_CONTENT: Final = frozenset(
    (
        kinds.VERSION_DIRECTIVE,
        kinds.TAG_DIRECTIVE,
        kinds.DOCUMENT_START,
        kinds.DOCUMENT_END,
        kinds.STREAM_END,
    )
)
_NO_ITEM: Final = frozenset((kinds.BLOCK_ENTRY, kinds.BLOCK_END))
_NO_PAIR_PART: Final = frozenset((kinds.KEY, kinds.VALUE, kinds.BLOCK_END))
_NO_INDENTLESS_ITEM: Final = _NO_PAIR_PART | {kinds.BLOCK_ENTRY}
_FLOW_SEQUENCE_STOPS: Final = frozenset((kinds.FLOW_ENTRY, kinds.FLOW_SEQUENCE_END))
_FLOW_MAPPING_STOPS: Final = frozenset((kinds.FLOW_ENTRY, kinds.FLOW_MAPPING_END))
_EMPTY: Final = Event(kinds.SCALAR)
_DEFAULT_HANDLES: Final = {"!": "!", "!!": "tag:yaml.org,2002:"}
_MAX_PARSED_TOKENS: Final = 1_000


class Parser:
    """Parses a text to events. Comments are kept until an event takes them."""

    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)
        self._token: Token | None = None
        self._states: list[Callable[[], Event]] = []
        self._state: Callable[[], Event] = self._parse_stream_start
        self._handles: dict[str, str] = {}
        self._head = self._line = self._foot = self._stem = ""

    def parse(self) -> Event:
        """Return the next event."""
        check_time()
        return self._state()

    # Tokens and comments

    def _peek(self) -> Token:
        if self._token is None:
            self._scanner.fetch_more_tokens()
            self._token = self._scanner.tokens[self._scanner.tokens_head]
        if self._scanner.comments:
            self._unfold_comments(self._token)
        return self._token

    def _skip(self) -> None:
        scanner = self._scanner
        self._token = None
        scanner.tokens_parsed += 1
        scanner.tokens_head += 1
        if scanner.tokens_head > _MAX_PARSED_TOKENS:
            del scanner.tokens[: scanner.tokens_head]
            scanner.tokens_head = 0

    def _unfold_comments(self, token: Token) -> None:
        """Take the comments of this token and of the tokens before it."""
        comments = self._scanner.comments
        count = 0
        for comment in comments:
            # The end of a block takes no head: a head belongs to the token that follows.
            if comment.token_offset > token.offset or (
                comment.head and token.type == kinds.BLOCK_END
            ):
                break
            count += 1
        if count:
            current = comments[:count]
            del comments[:count]
            self._head = _join_comments(self._head, [each.head for each in current])
            self._line = _join_comments(self._line, [each.line for each in current])
            self._foot = _join_comments(self._foot, [each.foot for each in current])

    def _take_comments(self) -> Comments:
        """Return the kept comments for the current event, and clear them."""
        self._stem = ""
        if not (self._head or self._line or self._foot):
            return NO_COMMENTS
        taken = Comments(self._head, self._line, self._foot)
        self._head = self._line = self._foot = ""
        return taken

    def _take_stem(self) -> Comments:
        stem, self._stem = self._stem, ""
        return Comments(stem) if stem else NO_COMMENTS

    def _split_stem(self, stem_length: int) -> None:
        """Store the head above a dash as the stem if a block collection follows: it belongs to the whole collection."""
        if not stem_length:
            return
        if self._peek().type in (kinds.BLOCK_SEQUENCE_START, kinds.BLOCK_MAPPING_START):
            self._stem = self._head[:stem_length]
            self._head = self._head[stem_length + 1 :]

    # Documents

    def _parse_stream_start(self) -> Event:
        self._peek()
        self._skip()
        self._state = self._parse_implicit_document_start
        return Event(kinds.STREAM_START)

    def _parse_implicit_document_start(self) -> Event:
        token = self._peek()
        if token.type == kinds.STREAM_END:
            return Event(kinds.STREAM_END)
        if token.type in _NO_CONTENT - {kinds.DOCUMENT_END}:
            return self._parse_explicit_document_start()
        self._process_directives()
        self._states.append(self._parse_document_end)
        self._state = self._parse_block_node
        return Event(kinds.DOCUMENT_START, comments=Comments(self._split_document_head()))

    def _split_document_head(self) -> str:
        """Return the first comments above their last blank line, which belong to the document."""
        head = self._head
        if len(head) > 1 and head.endswith("\n"):
            self._head = ""
            return head[:-1]
        end = head.rfind("\n\n")
        if end < 0:
            return ""
        self._head = head[end + 2 :]
        return head[:end]

    def _parse_explicit_document_start(self) -> Event:
        self._process_directives()
        if self._peek().type != kinds.DOCUMENT_START:
            raise yaml_error("did not find expected <document start>")
        self._states.append(self._parse_document_end)
        self._state = self._parse_document_content
        self._skip()
        return Event(kinds.DOCUMENT_START)

    def _parse_document_content(self) -> Event:
        if self._peek().type in _NO_CONTENT:
            self._state = self._states.pop()
            return _EMPTY
        return self._parse_block_node()

    def _parse_document_end(self) -> Event:
        if self._peek().type == kinds.DOCUMENT_END:
            self._skip()
        comments = self._take_comments()
        if comments.head and not comments.foot:
            comments = Comments("", comments.line, comments.head)
        return Event(kinds.DOCUMENT_END, comments=comments)

    def _process_directives(self) -> None:
        versions = 0
        token = self._peek()
        while token.type in (kinds.VERSION_DIRECTIVE, kinds.TAG_DIRECTIVE):
            check_time()
            if token.type == kinds.VERSION_DIRECTIVE:
                versions += 1
                if versions > 1:
                    raise yaml_error("found duplicate %YAML directive")
                if token.value != "1.1":
                    raise yaml_error("found incompatible YAML document")
            elif token.value in self._handles:
                raise yaml_error("found duplicate %TAG directive")
            else:
                self._handles[token.value] = token.suffix
            self._skip()
            token = self._peek()
        self._handles = _DEFAULT_HANDLES | self._handles

    # Nodes

    def _parse_block_node(self) -> Event:
        return self._parse_node(block=True)

    def _parse_node(self, *, block: bool = False, indentless: bool = False) -> Event:
        token = self._peek()
        if token.type == kinds.ALIAS:
            self._state = self._states.pop()
            comments = self._take_comments()
            self._skip()
            return Event(kinds.ALIAS, token.value, comments=comments)
        anchor = tag = ""
        if token.type in (kinds.ANCHOR, kinds.TAG):
            anchor, tag = self._parse_properties(token)
            token = self._peek()
        if token.type == kinds.SCALAR:
            self._state = self._states.pop()
            comments = self._take_comments()
            self._skip()
            return Event(kinds.SCALAR, token.value, token.style, anchor, tag, comments)
        event = self._parse_collection_start(token, block=block, indentless=indentless)
        if event is not None:
            return event._replace(anchor=anchor, tag=tag) if anchor or tag else event
        if anchor or tag:
            self._state = self._states.pop()
            return Event(kinds.SCALAR, anchor=anchor, tag=tag)
        raise yaml_error("did not find expected node content")

    def _parse_properties(self, token: Token) -> tuple[str, str]:
        """Return the anchor and the tag, which may come in either order."""
        anchor = tag = ""
        first = token.type
        while True:
            if token.type == kinds.ANCHOR:
                anchor = token.value
            else:
                tag = self._resolve_tag(token)
            self._skip()
            token = self._peek()
            if (
                token.type not in (kinds.ANCHOR, kinds.TAG)
                or token.type == first
                or (anchor and tag)
            ):
                return anchor, tag

    def _resolve_tag(self, token: Token) -> str:
        if not token.value:
            return token.suffix
        prefix = self._handles.get(token.value)
        if prefix is None:
            raise yaml_error("found undefined tag handle")
        return prefix + token.suffix

    def _parse_collection_start(
        self, token: Token, *, block: bool, indentless: bool
    ) -> Event | None:
        """Return the start event of a list or mapping, or None if the token starts neither."""
        if indentless and token.type == kinds.BLOCK_ENTRY:
            self._state = self._parse_indentless_sequence_entry
            return Event(kinds.SEQUENCE_START)
        if token.type == kinds.FLOW_SEQUENCE_START:
            self._state = self._parse_flow_sequence_first_entry
            return Event(kinds.SEQUENCE_START, style="{", comments=self._take_comments())
        if token.type == kinds.FLOW_MAPPING_START:
            self._state = self._parse_flow_mapping_first_key
            return Event(kinds.MAPPING_START, style="{", comments=self._take_comments())
        if block and token.type == kinds.BLOCK_SEQUENCE_START:
            self._state = self._parse_block_sequence_first_entry
            return Event(kinds.SEQUENCE_START, comments=self._take_stem())
        if block and token.type == kinds.BLOCK_MAPPING_START:
            self._state = self._parse_block_mapping_first_key
            return Event(kinds.MAPPING_START, comments=self._take_stem())
        return None

    def _process_empty_scalar(self, next_state: Callable[[], Event]) -> Event:
        """Return an empty scalar, without the kept comments."""
        self._state = next_state
        return _EMPTY

    # Block collections

    def _parse_block_sequence_first_entry(self) -> Event:
        self._peek()
        self._skip()
        return self._parse_block_sequence_entry()

    def _parse_block_sequence_entry(self) -> Event:
        token = self._peek()
        if token.type == kinds.BLOCK_ENTRY:
            return self._parse_item(self._parse_block_sequence_entry, _NO_ITEM)
        if token.type != kinds.BLOCK_END:
            raise yaml_error("did not find expected '-' indicator")
        self._state = self._states.pop()
        self._skip()
        return Event(kinds.SEQUENCE_END)

    def _parse_indentless_sequence_entry(self) -> Event:
        if self._peek().type == kinds.BLOCK_ENTRY:
            return self._parse_item(self._parse_indentless_sequence_entry, _NO_INDENTLESS_ITEM)
        self._state = self._states.pop()
        return Event(kinds.SEQUENCE_END)

    def _parse_item(self, next_state: Callable[[], Event], empty_before: frozenset[str]) -> Event:
        stem_length = len(self._head)
        self._skip()
        self._split_stem(stem_length)
        if self._peek().type in empty_before:
            return self._process_empty_scalar(next_state)
        self._states.append(next_state)
        return self._parse_block_node()

    def _parse_block_mapping_first_key(self) -> Event:
        self._peek()
        self._skip()
        return self._parse_block_mapping_key()

    def _parse_block_mapping_key(self) -> Event:
        token = self._peek()
        if token.type == kinds.KEY:
            return self._parse_key_or_value(self._parse_block_mapping_value)
        if token.type != kinds.BLOCK_END:
            raise yaml_error("did not find expected key")
        self._state = self._states.pop()
        comments = self._take_comments()
        self._skip()
        return Event(kinds.MAPPING_END, comments=comments)

    def _parse_block_mapping_value(self) -> Event:
        if self._peek().type == kinds.VALUE:
            return self._parse_key_or_value(self._parse_block_mapping_key)
        return self._process_empty_scalar(self._parse_block_mapping_key)

    def _parse_key_or_value(self, next_state: Callable[[], Event]) -> Event:
        """Parse the key after `?` or the value after `:`."""
        self._skip()
        if self._peek().type in _NO_PAIR_PART:
            return self._process_empty_scalar(next_state)
        self._states.append(next_state)
        return self._parse_node(block=True, indentless=True)

    # Flow collections

    def _parse_flow_sequence_first_entry(self) -> Event:
        self._peek()
        self._skip()
        if self._peek().type == kinds.FLOW_SEQUENCE_END:
            return self._end_flow(kinds.SEQUENCE_END)
        return self._parse_flow_item()

    def _parse_flow_sequence_entry(self) -> Event:
        token = self._peek()
        if token.type == kinds.FLOW_ENTRY:
            self._skip()
            token = self._peek()
        elif token.type != kinds.FLOW_SEQUENCE_END:
            raise yaml_error("did not find expected ',' or ']'")
        if token.type == kinds.FLOW_SEQUENCE_END:
            return self._end_flow(kinds.SEQUENCE_END)
        return self._parse_flow_item()

    def _parse_flow_item(self) -> Event:
        if self._peek().type == kinds.KEY:
            self._state = self._parse_flow_sequence_entry_mapping_key
            self._skip()
            return Event(kinds.MAPPING_START, style="{")
        self._states.append(self._parse_flow_sequence_entry)
        return self._parse_node()

    def _end_flow(self, kind: str) -> Event:
        self._state = self._states.pop()
        comments = self._take_comments()
        self._skip()
        return Event(kind, comments=comments)

    def _parse_flow_sequence_entry_mapping_key(self) -> Event:
        next_state = self._parse_flow_sequence_entry_mapping_value
        kind = self._peek().type
        if kind == kinds.VALUE or kind in _FLOW_SEQUENCE_STOPS:
            # go-yaml skips this token, although it needs it afterwards. So `[? : a]` is refused.
            self._skip()
            return self._process_empty_scalar(next_state)
        self._states.append(next_state)
        return self._parse_node()

    def _parse_flow_sequence_entry_mapping_value(self) -> Event:
        return self._parse_flow_value(
            self._parse_flow_sequence_entry_mapping_end, _FLOW_SEQUENCE_STOPS
        )

    def _parse_flow_sequence_entry_mapping_end(self) -> Event:
        self._peek()
        self._state = self._parse_flow_sequence_entry
        return Event(kinds.MAPPING_END)

    def _parse_flow_mapping_first_key(self) -> Event:
        self._peek()
        self._skip()
        return self._parse_flow_key(self._peek())

    def _parse_flow_mapping_key(self) -> Event:
        token = self._peek()
        if token.type == kinds.FLOW_ENTRY:
            self._skip()
            token = self._peek()
        elif token.type != kinds.FLOW_MAPPING_END:
            raise yaml_error("did not find expected ',' or '}'")
        return self._parse_flow_key(token)

    def _parse_flow_key(self, token: Token) -> Event:
        if token.type == kinds.FLOW_MAPPING_END:
            return self._end_flow(kinds.MAPPING_END)
        if token.type != kinds.KEY:
            self._states.append(self._parse_flow_mapping_empty_value)
            return self._parse_node()
        self._skip()
        kind = self._peek().type
        if kind == kinds.VALUE or kind in _FLOW_MAPPING_STOPS:
            return self._process_empty_scalar(self._parse_flow_mapping_value)
        self._states.append(self._parse_flow_mapping_value)
        return self._parse_node()

    def _parse_flow_mapping_empty_value(self) -> Event:
        self._peek()
        return self._process_empty_scalar(self._parse_flow_mapping_key)

    def _parse_flow_mapping_value(self) -> Event:
        return self._parse_flow_value(self._parse_flow_mapping_key, _FLOW_MAPPING_STOPS)

    def _parse_flow_value(
        self, next_state: Callable[[], Event], empty_before: frozenset[str]
    ) -> Event:
        if self._peek().type == kinds.VALUE:
            self._skip()
            if self._peek().type not in empty_before:
                self._states.append(next_state)
                return self._parse_node()
        return self._process_empty_scalar(next_state)


def _join_comments(first: str, comments: list[str]) -> str:
    return "\n".join(filter(None, (first, *comments)))
