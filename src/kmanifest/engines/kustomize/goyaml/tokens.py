"""Tokens and comments, which the scanner produces, and events, which the parser produces.

Source: go.yaml.in/yaml/v3 v3.0.5 yamlh.go.
"""

from kmanifest.engines.kustomize.yaml_nodes import NO_COMMENTS, Comments
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

STREAM_START: Final = "stream start"
STREAM_END: Final = "stream end"
VERSION_DIRECTIVE: Final = "version directive"
TAG_DIRECTIVE: Final = "tag directive"
DOCUMENT_START: Final = "document start"
DOCUMENT_END: Final = "document end"
BLOCK_SEQUENCE_START: Final = "block sequence start"
BLOCK_MAPPING_START: Final = "block mapping start"
BLOCK_END: Final = "block end"
FLOW_SEQUENCE_START: Final = "["
FLOW_SEQUENCE_END: Final = "]"
FLOW_MAPPING_START: Final = "{"
FLOW_MAPPING_END: Final = "}"
BLOCK_ENTRY: Final = "-"
FLOW_ENTRY: Final = ","
KEY: Final = "?"
VALUE: Final = ":"
ALIAS: Final = "*"
ANCHOR: Final = "&"
TAG: Final = "!"
SCALAR: Final = "scalar"

SEQUENCE_START: Final = "sequence start"
SEQUENCE_END: Final = "sequence end"
MAPPING_START: Final = "mapping start"
MAPPING_END: Final = "mapping end"


class Mark(NamedTuple):
    """A position in the text. All numbers start at 0."""

    offset: int
    line: int
    column: int


class Token(NamedTuple):
    """A token and the offset where it starts.

    `value` is the text of a scalar, a name, or the handle of a tag. `suffix` is the rest of a tag, or in a %TAG
    directive the prefix that the handle stands for. `style` is a quote, `|`, `>` or empty.
    """

    type: str
    offset: int
    value: str = ""
    style: str = ""
    suffix: str = ""


class Comment(NamedTuple):
    """A comment: a head, a line comment or a foot; the other two are empty.

    The scanner found it when it searched for a token from `scan_offset` on. The parser takes it with the first token
    at or after `token_offset`.
    """

    scan_offset: int
    token_offset: int
    start: Mark
    end_offset: int
    head: str = ""
    line: str = ""
    foot: str = ""


class Event(NamedTuple):
    """A parser event. `style` is the style of a scalar token, or `{` for a flow collection."""

    type: str
    value: str = ""
    style: str = ""
    anchor: str = ""
    tag: str = ""
    comments: Comments = NO_COMMENTS


def yaml_error(problem: str) -> SourceError:
    """Return the error for a text that go-yaml refuses, too."""
    return SourceError(f"the text is not YAML: {problem}")
