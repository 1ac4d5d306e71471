"""Nodes to YAML text, as go-yaml v3 prints its own: an indent of two, lists not indented under their key, lines never folded.

Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, node; emitterc.go, yaml_emitter_select_scalar_style and the writers of scalars.
"""

import re
from collections.abc import Iterable

from kmanifest.errors import SourceError
from kmanifest.kustomize.scalars import must_be_quoted, resolve_plain
from kmanifest.kustomize.yamlnodes import Node
from kmanifest.typed import Final
from kmanifest.yaml.resolve import tag_of
from kmanifest.yaml.scalars import chomping, escape

_TAG: Final = "tag:yaml.org,2002:"
_PRINTABLE: Final = "\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_SPECIAL: Final = re.compile(f"[^{_PRINTABLE}]")
_NOT_BLOCK: Final = re.compile(f" \n| \\Z|[^\t{_PRINTABLE}]")
_ESCAPED: Final = re.compile(f'[^{_PRINTABLE}]|["\\\\\n\x85\u2028\u2029\ufeff]')
_FLOW_INDICATOR: Final = re.compile(r"[,\[\]{}?]|:")


def print_node(root: Node) -> str:
    """A document as go-yaml v3 prints it."""
    out: list[str] = []
    head = root.comments.head
    _print_head(out, head, "")
    if root.kind in ("mapping", "list") and root.content and root.style != "{":
        _print_block(out, root, "", first=False)
    else:
        out.append(_inline(root, "") + "\n")
    _print_head(out, root.comments.foot, "")
    return "".join(out)


def _print_head(out: list[str], head: Iterable[str], pad: str) -> None:
    out.extend(f"{pad}{line}\n" if line else "\n" for line in head)


def _print_block(out: list[str], node: Node, pad: str, *, first: bool) -> None:
    """The lines of a mapping or list; `first` where its first line goes on behind the `- ` of a list item."""
    last = len(node.content) - 1
    for index, entry in enumerate(node.content):
        lead = "" if first and index == 0 else pad
        if node.kind == "mapping":
            key, item = entry
            if key.comments.head and key is not node:
                _print_key_head(out, key.comments.head, lead, pad)
                lead = lead if not lead else pad
            out.append(f"{lead}{_inline(key, pad, key=True)}:")
            _print_value(out, key, item, pad)
            foot = key.comments.foot + item.comments.foot
        else:
            if entry.comments.head:
                _print_key_head(out, entry.comments.head, lead, pad)
                lead = lead if not lead else pad
            out.append(lead + "-")
            _print_item(out, entry, pad)
            foot = entry.comments.foot
        if foot:
            _print_head(out, foot, pad)
            if index < last:
                out.append("\n")


def _print_key_head(out: list[str], head: Iterable[str], lead: str, pad: str) -> None:
    lines = [*head]
    if not lead:
        out.append(lines[0] + "\n")
        _print_head(out, lines[1:], pad)
        out.append(pad)
    else:
        _print_head(out, lines, pad)


def _print_value(out: list[str], key: Node, item: Node, pad: str) -> None:
    opening = _properties(item)
    if item.kind in ("mapping", "list") and item.content and item.style != "{":
        out.append(f"{' ' + opening if opening else ''}{_line_comment(key)}\n")
        _print_block(out, item, pad if item.kind == "list" else pad + "  ", first=False)
        return
    out.append(_after(item, pad, key.comments.line))


def _print_item(out: list[str], item: Node, pad: str) -> None:
    if item.kind in ("mapping", "list") and item.content and item.style != "{":
        opening = _properties(item)
        if opening:
            out.append(f" {opening}\n")
            _print_block(out, item, pad + "  ", first=False)
        else:
            out.append(" ")
            _print_block(out, item, pad + "  ", first=True)
        return
    out.append(_after(item, pad))


def _after(item: Node, pad: str, line: str = "") -> str:
    """What follows a colon or a dash on its line, with the line's end."""
    text = _inline(item, pad)
    first, newline, rest = text.partition("\n")
    comment = _line_comment(item) or (f" {line}" if line else "")
    return f"{' ' if first else ''}{first}{comment}\n{rest + chr(10) if newline else ''}"


def _line_comment(item: Node) -> str:
    return " " + item.comments.line if item.comments.line else ""


def _properties(node: Node) -> str:
    parts = []
    if node.anchor:
        parts.append("&" + node.anchor)
    tag = _shown_tag(node)
    if tag:
        parts.append(tag)
    return " ".join(parts)


def _shown_tag(node: Node) -> str:
    """The tag that must be written, because the text alone would mean something else."""
    tag = node.tag
    if not tag:
        return ""
    if node.kind != "scalar":
        implied = "map" if node.kind == "mapping" else "seq"
        return "" if tag == _TAG + implied else _written_tag(tag)
    if tag == _TAG + "str" or (not node.style and tag == _TAG + _plain_tag(node.content)):
        return ""
    return _written_tag(tag)


def _written_tag(tag: str) -> str:
    return (
        "!!" + tag.removeprefix(_TAG)
        if tag.startswith(_TAG)
        else tag
        if tag.startswith("!")
        else f"!<{tag}>"
    )


def _plain_tag(text: str) -> str:
    try:
        return tag_of(resolve_plain(text))
    except SourceError:
        return "float"


def _inline(node: Node, pad: str, *, key: bool = False, flow: bool = False) -> str:
    """A node that stands on its line, or begins there."""
    if node.kind == "alias":
        return "*" + str(node.content)
    opening = _properties(node)
    body = (
        _flow(node) if node.kind in ("mapping", "list") else _scalar(node, pad, key=key, flow=flow)
    )
    return f"{opening} {body}" if opening and body else opening or body


def _flow(node: Node) -> str:
    if node.kind == "mapping":
        pairs = [
            f"{_inline(key, '', key=True, flow=True)}: {_inline(item, '', flow=True)}"
            for key, item in node.content
        ]
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join(_inline(item, "", flow=True) for item in node.content) + "]"


def _scalar(node: Node, pad: str, *, key: bool, flow: bool) -> str:
    text: str = node.content
    style = node.style or ("|" if "\n" in text else "")
    if not style and node.tag == _TAG + "str" and _plain_tag(text) != "str":
        style = '"'
    if style in ("|", ">"):
        if key or flow or _NOT_BLOCK.search(text) is not None or not text:
            return _double(text)
        return _literal(text, pad) if style == "|" else _folded(text, pad)
    if not style:
        if not text:
            return "''" if key or flow else ""
        if not _may_be_plain(text, flow=flow):
            style = "'"
    if style == "'" and (
        _SPECIAL.search(text) is not None or re.search(r" \n|\n ", text) or (key and "\n" in text)
    ):
        style = '"'
    if style == "'":
        return "'" + text.replace("'", "''").replace("\n", "\n\n" + pad + "  ") + "'"
    return _double(text) if style == '"' else text


def _may_be_plain(text: str, *, flow: bool) -> bool:
    if flow and _FLOW_INDICATOR.search(text) is not None:
        return False
    if _plain_tag(text) != "str":
        return True
    return not must_be_quoted(text)


def _double(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda match: escape(match.group()), text) + '"'


def _literal(text: str, pad: str) -> str:
    header = "|2" if text[0] in " \n\u2028\u2029" else "|"
    lines = text.removesuffix("\n").split("\n")
    body = "\n".join(f"{pad}  {line}" if line else "" for line in lines)
    return f"{header}{chomping(text)}\n{body}"


def _folded(text: str, pad: str) -> str:
    header = ">2" if text[0] in " \n\u2028\u2029" else ">"
    lines = text.removesuffix("\n").split("\n")
    out = []
    for index, line in enumerate(lines):
        if index and line[:1] not in ("", " ", "\t") and lines[index - 1][:1] not in (" ", "\t"):
            out.append("")
        out.append(f"{pad}  {line}" if line else "")
    return f"{header}{chomping(text)}\n" + "\n".join(out)
