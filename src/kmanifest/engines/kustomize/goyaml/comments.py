"""Scan comments: line comments, heads and feet.

Source: go.yaml.in/yaml/v3 v3.0.5 scannerc.go, yaml_parser_scan_comments and yaml_parser_scan_line_comment.
"""

from kmanifest.engines.kustomize.goyaml.reader import (
    BLANK_RUN,
    BLANKS,
    BREAKS,
    REST_OF_LINE,
    Reader,
)
from kmanifest.engines.kustomize.goyaml.tokens import FLOW_ENTRY, VALUE, Comment, Mark, Token
from kmanifest.startup.typing import Final

_MAX_BLANKS: Final = 512
"""The scanner looks for a comment over at most this many blanks and line breaks."""

_WIDE_BREAKS: Final = frozenset("\x85\u2028\u2029")
_NO_MARK: Final = Mark(0, 0, 0)


class CommentScanner(Reader):
    """A reader that collects tokens and comments."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.indent = -1
        self.flow_level = 0

    def scan_line_comment(self, token_offset: int) -> None:
        """Record the comment on the rest of this line. It belongs to the token at `token_offset`."""
        if self.newlines:
            return
        start = BLANK_RUN.match(self.text, self.offset).end()  # type: ignore[union-attr]  # matches all
        if self.text[start] != "#" or start - self.offset >= _MAX_BLANKS:
            return
        self.offset = start
        mark = self.mark()
        self.comments.append(Comment(0, token_offset, mark, 0, line=self._read_comment()))

    def scan_comments(self, scan_mark: Mark) -> None:
        """Record the comment here and all comments before the next token."""
        _CommentRun(self, scan_mark).scan_all()

    def _read_comment(self) -> str:
        """Read and return the rest of the line, which starts with a comment."""
        end = REST_OF_LINE.match(self.text, self.offset).end()  # type: ignore[union-attr]  # matches all
        text = self.text[self.offset : end]
        self.skip_to(end)
        return text

    def read_comment_at(self, offset: int) -> str:
        """Skip blanks and line breaks up to the comment at `offset`, and return the comment."""
        while self.offset < offset:
            if self.text[self.offset] in BREAKS:
                self.skip_line()
            else:
                self.offset += 1
        return self._read_comment()


class _CommentRun:
    """Comments with only blanks and line breaks between them, split into feet and at most one head.

    Columns start at 1 here, as in go-yaml. The line break after a comment does not count as a line.
    """

    def __init__(self, scanner: CommentScanner, scan_mark: Mark) -> None:
        self.scanner = scanner
        self.token = _last_token(scanner.tokens)
        self.token_offset = self.token.offset
        self.scan_offset = scan_mark.offset
        self.foot_line = _foot_line(scanner, scan_mark)
        self.start = _NO_MARK
        self.parts: list[str] = []
        self.line = scanner.line
        self.first_empty = scanner.newlines <= 1
        self.recent_empty = False
        self.next_indent = max(scanner.indent, 0)

    def scan_all(self) -> None:
        """Record all comments of the run."""
        scanner = self.scanner
        text = scanner.text
        column = scanner.column
        peek = 0
        while peek < _MAX_BLANKS:
            column += 1
            char = text[scanner.offset + peek]
            if char in BREAKS:
                self._handle_line_end(scanner.offset + peek, char)
                column = 0
            elif char == "#":
                self._split_if_dedented(scanner.offset + peek, column)
                self._add_comment(scanner.offset + peek, column)
                peek = column = 0
                char = text[scanner.offset]
            elif char not in BLANKS:
                self._end_run(scanner.offset + peek, column, char)
                break
            peek += 1
            if char in _WIDE_BREAKS:
                # go-yaml advances by one byte only, so it reads the rest of the line break as a token.
                self._split_if_dedented(scanner.offset + peek, 1)
                break
        if self.parts:
            end = scanner.offset + peek - 1
            scanner.comments.append(
                Comment(
                    self.scan_offset, self.start.offset, self.start, end, head="".join(self.parts)
                )
            )

    def _end_run(self, offset: int, column: int, char: str) -> None:
        """Handle the character that ends the run: the start of a token, or the end of the text."""
        if char == "\0" or (self.scanner.flow_level and char in "]}"):
            self._handle_empty_line(offset, char)
        else:
            self._split_if_dedented(offset, column)

    def _handle_line_end(self, offset: int, char: str) -> None:
        self._handle_empty_line(offset, char)
        self.first_empty = False
        self.recent_empty = True
        self.line += 1

    def _handle_empty_line(self, offset: int, char: str) -> None:
        """Handle an empty line, or the end of a flow collection or of the text."""
        is_closing = char in "]}"
        if self.recent_empty and not is_closing:
            return
        if is_closing or (self.first_empty and self._is_foot()):
            if self.parts:
                if self._is_dedented():
                    self.token_offset = self.start.offset
                self._append_foot(offset)
        elif self.parts and char != "\0":
            self.parts.append("\n")

    def _is_foot(self) -> bool:
        is_on_foot_line = self.start.line == self.foot_line and self.token.type != VALUE
        return is_on_foot_line or self._is_dedented()

    def _is_dedented(self) -> bool:
        return self.start.column - 1 < self.next_indent

    def _split_if_dedented(self, offset: int, column: int) -> None:
        """Record the comments so far as a foot if they are deeper than what follows."""
        if self.parts and column - 1 < self.next_indent and column != self.start.column:
            self._append_foot(offset)

    def _append_foot(self, end: int) -> None:
        self.scanner.comments.append(
            Comment(self.scan_offset, self.token_offset, self.start, end, foot="".join(self.parts))
        )
        self.scan_offset = self.token_offset = end
        self.parts = []

    def _add_comment(self, offset: int, column: int) -> None:
        scanner = self.scanner
        if self.parts:
            self.parts.append("\n")
        else:
            self.start = Mark(offset, self.line, column)
        self.recent_empty = False
        self.parts.append(scanner.read_comment_at(offset))
        self.line = scanner.line


def _last_token(tokens: list[Token]) -> Token:
    if tokens[-1].type == FLOW_ENTRY and len(tokens) > 1:
        return tokens[-2]
    return tokens[-1]


def _foot_line(scanner: CommentScanner, scan_mark: Mark) -> int:
    """Return the line where a comment must start to be a foot: the line below the last token."""
    if scan_mark.line == 0:
        return -1
    is_after_text = scanner.newlines == 0 and scanner.column > 1
    return scanner.line - scanner.newlines + 1 + is_after_text
