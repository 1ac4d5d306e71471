"""Scan a text to tokens and comments.

Source: go.yaml.in/yaml/v3 v3.0.5 scannerc.go, yaml_parser_fetch_more_tokens to yaml_parser_scan_to_next_token.
"""

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.comments import CommentScanner
from kmanifest.engines.kustomize.goyaml.reader import BLANK_RUN, BREAKS, SPACE_RUN, SPACES
from kmanifest.engines.kustomize.goyaml.scalars import (
    scan_block_scalar,
    scan_flow_scalar,
    scan_plain_scalar,
)
from kmanifest.engines.kustomize.goyaml.tags import scan_anchor, scan_directive, scan_tag
from kmanifest.engines.kustomize.goyaml.tokens import Mark, Token, yaml_error
from kmanifest.startup.typing import Callable, Final

_MAX_KEY_LENGTH: Final = 1024
_MAX_DEPTH: Final = 10_000
_LOOK_AHEAD: Final = 2
"""The number of tokens that must follow the parser's current token, so that its comments are known."""

_NEVER_PLAIN: Final = SPACES | frozenset(",[]{}#&*!|>'\"%@`")


class _SimpleKey:
    """A position where a key without `?` may start. It is a key if `:` follows on the same line."""

    __slots__ = ("mark", "possible", "required", "token_number")

    def __init__(self, mark: Mark, token_number: int, *, possible: bool, required: bool) -> None:
        self.mark = mark
        self.token_number = token_number
        self.possible = possible
        self.required = required


class Scanner(CommentScanner):
    """Scans a text to tokens.

    `tokens_head` is the index in `tokens` of the parser's next token. `tokens_parsed` is the number of tokens that the
    parser has taken.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tokens_head = 0
        self.tokens_parsed = 0
        self._indents: list[int] = []
        self._simple_key_allowed = True
        self._simple_keys: list[_SimpleKey] = []
        self._simple_keys_by_token: dict[int, int] = {}
        self._fetchers: dict[str, Callable[[], None]] = {
            "[": lambda: self._fetch_flow_collection_start(kinds.FLOW_SEQUENCE_START),
            "{": lambda: self._fetch_flow_collection_start(kinds.FLOW_MAPPING_START),
            "]": lambda: self._fetch_flow_collection_end(kinds.FLOW_SEQUENCE_END),
            "}": lambda: self._fetch_flow_collection_end(kinds.FLOW_MAPPING_END),
            ",": self._fetch_flow_entry,
            "*": lambda: self._fetch_anchor(kinds.ALIAS),
            "&": lambda: self._fetch_anchor(kinds.ANCHOR),
            "!": self._fetch_tag,
            "'": self._fetch_flow_scalar,
            '"': self._fetch_flow_scalar,
        }

    def fetch_more_tokens(self) -> None:
        """Scan until the next token, its type and its comments are known."""
        while self.tokens_head >= len(self.tokens) - _LOOK_AHEAD or self._may_start_simple_key():
            self._fetch_next_token()

    def _may_start_simple_key(self) -> bool:
        index = self._simple_keys_by_token.get(self.tokens_parsed)
        if index is None or index >= len(self._simple_keys):
            return False
        return self._is_valid(self._simple_keys[index])

    def _fetch_next_token(self) -> None:
        if not self.tokens:
            self._simple_keys.append(_SimpleKey(self.mark(), 0, possible=False, required=False))
            self._append_token(kinds.STREAM_START)
            return
        scan_mark = self.mark()
        self._scan_to_next_token(scan_mark)
        column = self.offset - self.line_start
        self._unroll_indent(column, scan_mark.offset)
        char = self.text[self.offset]
        if char == "\0":
            self._fetch_stream_end()
        elif column == 0 and char == "%":
            self._fetch_directive()
        elif column == 0 and self.is_at_document_indicator():
            self._fetch_document_indicator(char)
        else:
            self._fetch_with_comment(char)

    def _fetch_with_comment(self, char: str) -> None:
        token_offset = self.offset
        if char == (":" if self.flow_level == 0 else ","):
            # A comment on the rest of the line belongs to the token before.
            token_offset = self.tokens[-1].offset
        self._fetch(char)
        # A dash alone has no line comment: the comment becomes the head of what follows.
        if self.tokens[-1].type != kinds.BLOCK_ENTRY:
            self.scan_line_comment(token_offset)

    def _fetch(self, char: str) -> None:
        """Scan the token that starts with `char`."""
        fetch = self._fetchers.get(char)
        if fetch is not None:
            fetch()
            return
        is_before_space = self.text[self.offset + 1] in SPACES
        if char == "-" and is_before_space:
            self._fetch_block_entry()
        elif char == "?" and (self.flow_level or is_before_space):
            self._fetch_key()
        elif char == ":" and (self.flow_level or is_before_space):
            self._fetch_value()
        elif char in "|>" and not self.flow_level:
            self._fetch_block_scalar()
        elif char in _NEVER_PLAIN:
            raise yaml_error("found character that cannot start any token")
        else:
            self._fetch_plain_scalar()

    def _append_token(self, kind: str) -> None:
        self.tokens.append(Token(kind, self.offset))

    def _append_indicator(self, kind: str) -> None:
        """Append the token of a one-character indicator and skip the indicator."""
        self._append_token(kind)
        self.skip_to(self.offset + 1)

    # Simple keys

    def _is_valid(self, key: _SimpleKey) -> bool:
        if not key.possible:
            return False
        if key.mark.line < self.line or key.mark.offset + _MAX_KEY_LENGTH < self.offset:
            if key.required:
                raise yaml_error("could not find expected ':'")
            key.possible = False
        return key.possible

    def _save_simple_key(self) -> None:
        if not self._simple_key_allowed:
            return
        mark = self.mark()
        token_number = self.tokens_parsed + len(self.tokens) - self.tokens_head
        required = self.flow_level == 0 and self.indent == mark.column
        self._remove_simple_key()
        self._simple_keys[-1] = _SimpleKey(mark, token_number, possible=True, required=required)
        self._simple_keys_by_token[token_number] = len(self._simple_keys) - 1

    def _remove_simple_key(self) -> None:
        key = self._simple_keys[-1]
        if key.possible:
            if key.required:
                raise yaml_error("could not find expected ':'")
            self._discard_simple_key(key)

    def _discard_simple_key(self, key: _SimpleKey) -> None:
        key.possible = False
        self._simple_keys_by_token.pop(key.token_number, None)

    # Levels of collections

    def _increase_flow_level(self) -> None:
        token_number = self.tokens_parsed + len(self.tokens) - self.tokens_head
        self._simple_keys.append(
            _SimpleKey(self.mark(), token_number, possible=False, required=False)
        )
        self.flow_level += 1
        if self.flow_level > _MAX_DEPTH:
            raise yaml_error(f"exceeded max depth of {_MAX_DEPTH}")

    def _decrease_flow_level(self) -> None:
        if self.flow_level:
            self.flow_level -= 1
            self._simple_keys_by_token.pop(self._simple_keys.pop().token_number, None)

    def _roll_indent(self, kind: str, mark: Mark, token_number: int | None = None) -> None:
        """Start a block collection if the column is deeper than the current one.

        Its token gets the number `token_number`, or is appended if that is None.
        """
        if self.flow_level or self.indent >= mark.column:
            return
        self._indents.append(self.indent)
        self.indent = mark.column
        if len(self._indents) > _MAX_DEPTH:
            raise yaml_error(f"exceeded max depth of {_MAX_DEPTH}")
        self._insert_token(Token(kind, mark.offset), token_number)

    def _insert_token(self, token: Token, token_number: int | None) -> None:
        if token_number is None:
            self.tokens.append(token)
        else:
            self.tokens.insert(self.tokens_head + token_number - self.tokens_parsed, token)

    def _unroll_indent(self, column: int, scan_offset: int) -> None:
        """End the block collections that are deeper than `column`.

        A collection ends before the first of the last comments that starts in the collection's own column. So that
        comment becomes a foot inside the collection.
        """
        if self.flow_level or self.indent <= column:
            return
        end = scan_offset - 1
        starts = self._comment_starts(end)
        while self.indent > column:
            # Columns of comments start at 1.
            end = starts.get(self.indent + 1, end)
            self.tokens.append(Token(kinds.BLOCK_END, end))
            self.indent = self._indents.pop()

    def _comment_starts(self, stop_offset: int) -> dict[int, int]:
        """Return the offset of the first comment in each column.

        Only the last comments count: those after the last token that have only blanks between them.
        """
        starts: dict[int, int] = {}
        for comment in reversed(self.comments):
            if comment.end_offset < stop_offset:
                break
            starts[comment.start.column] = comment.start.offset
            stop_offset = comment.scan_offset
        return starts

    # Tokens

    def _fetch_stream_end(self) -> None:
        if self.column:
            self.line_start = self.offset
            self.line += 1
        self._unroll_indent(-1, self.offset)
        self._remove_simple_key()
        self._simple_key_allowed = False
        self._append_token(kinds.STREAM_END)

    def _fetch_directive(self) -> None:
        self._unroll_indent(-1, self.offset)
        self._remove_simple_key()
        self._simple_key_allowed = False
        self.tokens.append(scan_directive(self))

    def _fetch_document_indicator(self, char: str) -> None:
        self._unroll_indent(-1, self.offset)
        self._remove_simple_key()
        self._simple_key_allowed = False
        self._append_token(kinds.DOCUMENT_START if char == "-" else kinds.DOCUMENT_END)
        self.skip_to(self.offset + 3)

    def _fetch_flow_collection_start(self, kind: str) -> None:
        self._save_simple_key()
        self._increase_flow_level()
        self._simple_key_allowed = True
        self._append_indicator(kind)

    def _fetch_flow_collection_end(self, kind: str) -> None:
        self._remove_simple_key()
        self._decrease_flow_level()
        self._simple_key_allowed = False
        self._append_indicator(kind)

    def _fetch_flow_entry(self) -> None:
        self._remove_simple_key()
        self._simple_key_allowed = True
        self._append_indicator(kinds.FLOW_ENTRY)

    def _fetch_block_entry(self) -> None:
        if not self.flow_level:
            if not self._simple_key_allowed:
                raise yaml_error("block sequence entries are not allowed in this context")
            self._roll_indent(kinds.BLOCK_SEQUENCE_START, self.mark())
        self._remove_simple_key()
        self._simple_key_allowed = True
        self._append_indicator(kinds.BLOCK_ENTRY)

    def _fetch_key(self) -> None:
        if not self.flow_level:
            if not self._simple_key_allowed:
                raise yaml_error("mapping keys are not allowed in this context")
            self._roll_indent(kinds.BLOCK_MAPPING_START, self.mark())
        self._remove_simple_key()
        self._simple_key_allowed = not self.flow_level
        self._append_indicator(kinds.KEY)

    def _fetch_value(self) -> None:
        key = self._simple_keys[-1]
        if self._is_valid(key):
            self._insert_token(Token(kinds.KEY, key.mark.offset), key.token_number)
            self._roll_indent(kinds.BLOCK_MAPPING_START, key.mark, key.token_number)
            self._discard_simple_key(key)
            self._simple_key_allowed = False
        else:
            if not self.flow_level:
                if not self._simple_key_allowed:
                    raise yaml_error("mapping values are not allowed in this context")
                self._roll_indent(kinds.BLOCK_MAPPING_START, self.mark())
            self._simple_key_allowed = not self.flow_level
        self._append_indicator(kinds.VALUE)

    def _fetch_anchor(self, kind: str) -> None:
        self._save_simple_key()
        self._simple_key_allowed = False
        self.tokens.append(scan_anchor(self, kind))

    def _fetch_tag(self) -> None:
        self._save_simple_key()
        self._simple_key_allowed = False
        self.tokens.append(scan_tag(self))

    def _fetch_block_scalar(self) -> None:
        self._remove_simple_key()
        self._simple_key_allowed = True
        self.tokens.append(scan_block_scalar(self))

    def _fetch_flow_scalar(self) -> None:
        self._save_simple_key()
        self._simple_key_allowed = False
        self.tokens.append(scan_flow_scalar(self))

    def _fetch_plain_scalar(self) -> None:
        self._save_simple_key()
        token, ends_line = scan_plain_scalar(self)
        self._simple_key_allowed = ends_line
        self.tokens.append(token)

    # Between tokens

    def _scan_to_next_token(self, scan_mark: Mark) -> None:
        """Advance over blanks, line breaks and comments."""
        text = self.text
        while True:
            allows_tabs = self.flow_level or not self._simple_key_allowed
            run = BLANK_RUN if allows_tabs else SPACE_RUN
            self.offset = run.match(text, self.offset).end()  # type: ignore[union-attr]  # matches all
            char = text[self.offset]
            if self.comments and char not in BREAKS:
                self._convert_line_comment()
            if char == "#":
                self.scan_comments(scan_mark)
                char = text[self.offset]
            if char not in BREAKS:
                return
            self.skip_line()
            if not self.flow_level:
                self._simple_key_allowed = True

    def _convert_line_comment(self) -> None:
        """Make the comment after the first dash of a list the head of what follows on the next line."""
        comment = self.comments[-1]
        if (
            comment.line
            and self.tokens[-1].type == kinds.BLOCK_ENTRY
            and self.tokens[-2].type == kinds.BLOCK_SEQUENCE_START
        ):
            token_offset = (
                self.offset if comment.start.line == self.line - 1 else comment.token_offset
            )
            self.comments[-1] = comment._replace(
                head=comment.line, line="", token_offset=token_offset
            )
