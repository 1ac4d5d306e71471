"""Choose the style in which a scalar is printed.

Source: go.yaml.in/yaml/v3 v3.0.5 emitterc.go, yaml_emitter_analyze_scalar and yaml_emitter_select_scalar_style;
encode.go, encoder.node. go-yaml tests character by character; this module uses regular expressions.
"""

import re

from kmanifest.engines.kustomize.yaml_nodes import TAG, Node, resolved
from kmanifest.startup.typing import Final, NamedTuple
from kmanifest.yaml.resolve import tag_of

_BREAK: Final = "\r\n\x85\u2028\u2029"
# Characters that the emitter's is_printable refuses. It accepts none beyond the basic multilingual plane.
SPECIAL: Final = "\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff"
_SPECIAL: Final = re.compile(f"[{SPECIAL}]")
_BREAKS: Final = re.compile(f"[{_BREAK}]")
_SIMPLE_PLAIN: Final = re.compile(r"[\w./](?:[\w./-]| (?=\w))*", re.ASCII)
_BLOCK_INDICATOR: Final = re.compile(
    rf"""\A(?:[#,\[\]{{}}&*!|>'"%@`]|---|\.\.\.|[?:-](?:[ \t]|\Z))|:(?:[ \t]|\Z)|[ \t\0{_BREAK}]#"""
)
_FLOW_INDICATOR: Final = re.compile(r"[,?\[\]{}:]")
_EDGE: Final = re.compile(rf"\A[ {_BREAK}]|[ {_BREAK}]\Z")
_BREAK_SPACE: Final = re.compile(f"[{_BREAK}] ")
_SPACE_BREAK: Final = re.compile(f" [{_BREAK}]")


class AllowedStyles(NamedTuple):
    """The styles in which a string can be printed, and whether it has several lines."""

    multiline: bool
    flow_plain: bool
    block_plain: bool
    single_quoted: bool
    block: bool


_ALL_STYLES: Final = AllowedStyles(
    multiline=False, flow_plain=True, block_plain=True, single_quoted=True, block=True
)
_STYLES_OF_EMPTY: Final = AllowedStyles(
    multiline=False, flow_plain=False, block_plain=True, single_quoted=True, block=False
)


def analyze_scalar(text: str) -> AllowedStyles:
    """Return the styles in which a string can be printed."""
    if not text:
        return _STYLES_OF_EMPTY
    if _SIMPLE_PLAIN.fullmatch(text) is not None and not text.startswith("..."):
        return _ALL_STYLES
    is_multiline = _BREAKS.search(text) is not None
    has_special = _SPECIAL.search(text) is not None
    has_space_break = is_multiline and _SPACE_BREAK.search(text) is not None
    has_break_space = is_multiline and _BREAK_SPACE.search(text) is not None
    forbids_single_quotes = has_special or has_space_break or "\t" in text
    forbids_plain = is_multiline or forbids_single_quotes or _EDGE.search(text) is not None
    block_plain = not forbids_plain and _BLOCK_INDICATOR.search(text) is None
    return AllowedStyles(
        multiline=is_multiline,
        flow_plain=block_plain and _FLOW_INDICATOR.search(text) is None,
        block_plain=block_plain,
        single_quoted=not (forbids_single_quotes or has_break_space),
        block=not (has_special or has_space_break or text.endswith(" ")),
    )


def select_scalar_style(
    node: Node, allowed: AllowedStyles, *, in_flow: bool, is_key: bool, needs_quotes: bool
) -> str:
    """Return the style of a scalar: a quote, `|`, `>`, or empty for plain.

    `needs_quotes` is true if a plain scalar would be read as another type.
    """
    text: str = node.content
    style = node.style if node.style in ("'", '"', "|", ">") else ""
    if not style:
        style = "|" if "\n" in text else '"' if needs_quotes else ""
    if is_key and allowed.multiline:
        style = '"'
    if not style and (
        not (allowed.flow_plain if in_flow else allowed.block_plain)
        or (not text and (in_flow or is_key))
    ):
        style = "'"
    if style == "'" and not allowed.single_quoted:
        return '"'
    if style in ("|", ">") and (not allowed.block or in_flow or is_key):
        return '"'
    return style


def tag_to_print(node: Node) -> tuple[str, bool]:
    """Return the tag to print, empty for none, and whether the scalar needs quotes to be read as a string."""
    tag = node.tag
    if not tag or node.tagged:
        return tag, False
    if node.kind != "scalar":
        return ("", False) if tag == TAG + _IMPLIED_TAGS[node.kind] else (tag, False)
    if tag == TAG + "str" and node.style in ("'", '"', "|", ">"):
        return "", False
    if tag == TAG + tag_of(resolved(node.content)):
        return "", False
    return ("", True) if tag == TAG + "str" else (tag, False)


_IMPLIED_TAGS: Final = {"mapping": "map", "list": "seq", "alias": ""}
