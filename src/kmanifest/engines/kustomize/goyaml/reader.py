"""A text and the current position in it.

Source: go.yaml.in/yaml/v3 v3.0.5 readerc.go; scannerc.go, skip to read_line.
"""

import re

from kmanifest.engines.kustomize.goyaml.tokens import Mark, yaml_error
from kmanifest.startup.typing import Final

BREAK: Final = "\r\n\x85\u2028\u2029"
BREAKS: Final = frozenset(BREAK)
BLANKS: Final = frozenset(" \t")
SPACE: Final = " \t" + BREAK + "\0"
SPACES: Final = frozenset(SPACE)
"""The characters that end a name or a part of a scalar. NUL is the end of the text and occurs nowhere else."""

BLANK_RUN: Final = re.compile("[ \t]*")
SPACE_RUN: Final = re.compile(" *")
REST_OF_LINE: Final = re.compile(f"[^{BREAK}\0]*")
_FORBIDDEN: Final = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)


class Reader:
    """Reads a text from start to end.

    `newlines` is the number of line breaks since the last non-blank character: blank lines decide to which node a
    comment belongs.
    """

    def __init__(self, text: str) -> None:
        if _FORBIDDEN.search(text) is not None:
            raise yaml_error("control characters are not allowed")
        self.text = text.removeprefix("\ufeff") + "\0\0\0\0"
        self.offset = 0
        self.line = 0
        self.line_start = 0
        self.newlines = 0

    @property
    def column(self) -> int:
        """The number of characters between the start of the line and the position."""
        return self.offset - self.line_start

    def mark(self) -> Mark:
        """Return the current position."""
        return Mark(self.offset, self.line, self.offset - self.line_start)

    def skip_to(self, offset: int) -> None:
        """Advance within the line, over at least one non-blank character."""
        self.offset = offset
        self.newlines = 0

    def skip_line(self) -> None:
        """Advance over one line break."""
        self.offset += 2 if self.text.startswith("\r\n", self.offset) else 1
        self.line += 1
        self.line_start = self.offset
        self.newlines += 1

    def read_line(self) -> str:
        """Advance over one line break, and return it as it appears in a scalar's value."""
        char = self.text[self.offset]
        self.skip_line()
        return char if char in "\u2028\u2029" else "\n"

    def is_at_document_indicator(self) -> bool:
        """Whether the position is at a `---` or `...` that starts a line and is followed by whitespace."""
        return (
            self.offset == self.line_start
            and self.text.startswith(("---", "..."), self.offset)
            and self.text[self.offset + 3] in SPACES
        )
