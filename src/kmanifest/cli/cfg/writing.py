"""Resources as text: documents, or the items of one list.

Source: kyaml v0.21.2 kio/byteio_writer.go; kustomize cmd/config v0.21.2 internal/commands/cat.go and grep.go, runE.
"""

import os
from collections.abc import Callable, Sequence

from kmanifest.cli.cfg.nodes import clear_empty, field, is_empty, meta, remove_annotations, text
from kmanifest.cli.cfg.reading import (
    INDEX,
    LEGACY_INDEX,
    LEGACY_PATH,
    PATH,
    PREFIX,
    packages,
    read_package,
    read_stdin,
)
from kmanifest.engines.kustomize.goyaml.emitter import print_documents, print_node
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import Final, NamedTuple

_INDENTATION: Final = PREFIX + "seqindent"
INDEXES: Final = (INDEX, LEGACY_INDEX, _INDENTATION)
PATHS: Final = (LEGACY_PATH, PATH)
# In the order in which they win. Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, encoder.node.
_SCALAR_STYLES: Final = {
    "DoubleQuotedStyle": '"', "SingleQuotedStyle": "'", "LiteralStyle": "|", "FoldedStyle": ">",
}  # fmt: skip
_BARE_LIST: Final = "bareSeqNodeWrappingKey"


class Wrapping(NamedTuple):
    """The list that holds all resources of a package; it is empty where no kind is given."""

    kind: str = ""
    api_version: str = ""
    function_config: Node | None = None


def print_all(path: str | None, to_text: Callable[[Sequence[Node]], str], *, recurse: bool) -> str:
    """The text for the resources below a directory, package by package, or for those on stdin."""
    if path is None:
        return to_text(read_stdin())
    texts = [_package_text(each, to_text) for each in packages(path, recurse=recurse)]
    return "\n".join(text and text + "---" for text in texts).removesuffix("---")


def _package_text(path: str, to_text: Callable[[Sequence[Node]], str]) -> str:
    nodes = read_package(path)
    try:
        return to_text(nodes)
    except KmanifestError as error:
        raise error.within(file=os.path.abspath(path)) from error


def write_nodes(
    nodes: Sequence[Node],
    *,
    without: Sequence[str] = (),
    wrapping: Wrapping = Wrapping(),
    styles: Sequence[str] = (),
) -> str:
    """The text of resources, without some annotations; empty where there are none."""
    if not nodes:
        return ""
    # Both are told by annotations that may be taken away.
    as_json = not wrapping.kind and len(nodes) == 1 and _file(nodes[0]).endswith(".json")
    wide = [_is_wide(node) for node in nodes]
    for node in nodes:
        remove_annotations(node, without)
        clear_empty(node)
        _set_style(node, styles)
    if wrapping.kind:
        return print_node(_wrapped(nodes, wrapping, styles))
    if as_json:
        return _json(nodes[0])
    return print_documents(zip(map(_bare_list, nodes), wide, strict=True))


def _file(node: Node) -> str:
    known = meta(node).annotations
    return known.get(PATH, known.get(LEGACY_PATH, ""))


def _is_wide(node: Node) -> bool:
    """Whether lists are to be indented under their keys; of several annotations here the last counts."""
    metadata = field(node, "metadata")
    annotations = None if metadata is None else field(metadata, "annotations")
    pairs = annotations.content if annotations and annotations.kind == "mapping" else ()
    return {text(key): text(value) for key, value in pairs}.get(_INDENTATION) == "wide"


def _json(node: Node) -> str:
    from kmanifest.engines.kustomize.embedded_documents import json_value, set_values
    from kmanifest.engines.kustomize.hashing import json_text  # for what says that it is JSON

    set_values(node)  # refuses what can't be JSON
    return json_text(json_value(node), indent=2) + "\n"


def _set_style(node: Node, styles: Sequence[str]) -> None:
    """Give a resource other styles than its own."""
    if not styles:
        return
    node.tag = node.tag or node.implied_tag()
    node.tagged = "TaggedStyle" in styles
    # A list may hold a null beside its resources.
    known = _SCALAR_STYLES if node.kind == "scalar" else {"FlowStyle": "{"}
    node.style = next((style for name, style in known.items() if name in styles), "")


def _bare_list(node: Node) -> Node:
    """What is printed for a resource: itself, but for what other commands put around a list."""
    found = field(node, _BARE_LIST)
    return node if found is None or is_empty(found) else found


def _wrapped(nodes: Sequence[Node], wrapping: Wrapping, styles: Sequence[str]) -> Node:
    fields = [
        ("apiVersion", Node("scalar", wrapping.api_version)),
        ("kind", Node("scalar", wrapping.kind)),
        ("items", Node("list", list(nodes))),
    ]
    if wrapping.function_config is not None:
        fields.append(("functionConfig", wrapping.function_config))
    pairs = [(Node("scalar", name), value) for name, value in fields]
    return Node("mapping", pairs, style="{" if "FlowStyle" in styles else "")
