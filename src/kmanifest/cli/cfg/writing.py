"""Format resources as YAML documents, or as the items of one list.

Source: kyaml v0.21.2 kio/byteio_writer.go; kustomize cmd/config v0.21.2 internal/commands/cat.go and grep.go, runE.
"""

import os

from kmanifest.cli.cfg.nodes import (
    get_field,
    is_empty,
    remove_annotations,
    remove_empty_metadata,
    resource_meta,
    scalar_text,
)
from kmanifest.cli.cfg.reading import (
    ANNOTATION_PREFIX,
    INDEX_ANNOTATION,
    LEGACY_INDEX_ANNOTATION,
    LEGACY_PATH_ANNOTATION,
    PATH_ANNOTATION,
    find_packages,
    read_resources,
    read_stdin,
)
from kmanifest.engines.kustomize.goyaml.emitter import print_documents, print_node
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.io.local_tree import Boundary, find_boundary
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import Callable, Final, NamedTuple, Sequence

_SEQUENCE_INDENT: Final = ANNOTATION_PREFIX + "seqindent"
INDEX_ANNOTATIONS: Final = (INDEX_ANNOTATION, LEGACY_INDEX_ANNOTATION, _SEQUENCE_INDENT)
PATH_ANNOTATIONS: Final = (LEGACY_PATH_ANNOTATION, PATH_ANNOTATION)
# In order of precedence. Source: go.yaml.in/yaml/v3 v3.0.5 encode.go, encoder.node.
_SCALAR_STYLES: Final = {
    "DoubleQuotedStyle": '"', "SingleQuotedStyle": "'", "LiteralStyle": "|", "FoldedStyle": ">",
}  # fmt: skip
_BARE_LIST_KEY: Final = "bareSeqNodeWrappingKey"


class ResourceListWrapper(NamedTuple):
    """A list to wrap all resources of a package in. Without a kind they are not wrapped."""

    kind: str = ""
    api_version: str = ""
    function_config: Node | None = None


def format_all(
    path: str | None, to_text: Callable[[Sequence[Node]], str], *, recurse: bool, root: str | None
) -> str:
    """The text of the resources below a directory, package by package, or of those on stdin."""
    if path is None:
        return to_text(read_stdin())
    boundary = find_boundary(os.path.realpath(path), root)
    packages = find_packages(path, recurse=recurse)
    texts = [_package_text(package, boundary, to_text) for package in packages]
    return "\n".join(text and text + "---" for text in texts).removesuffix("---")


def _package_text(path: str, boundary: Boundary, to_text: Callable[[Sequence[Node]], str]) -> str:
    nodes = read_resources(path, boundary=boundary)
    try:
        return to_text(nodes)
    except KmanifestError as error:
        raise error.within(file=os.path.abspath(path)) from error


def format_nodes(
    nodes: Sequence[Node],
    *,
    removed_annotations: Sequence[str] = (),
    wrapper: ResourceListWrapper = ResourceListWrapper(),
    styles: Sequence[str] = (),
) -> str:
    """The text of the resources, without the `removed_annotations`; empty if there are no resources."""
    if not nodes:
        return ""
    # Read first, since both depend on annotations that may be removed.
    as_json = not wrapper.kind and len(nodes) == 1 and _file_of(nodes[0]).endswith(".json")
    indented_lists = [_has_indented_lists(node) for node in nodes]
    for node in nodes:
        remove_annotations(node, removed_annotations)
        remove_empty_metadata(node)
        _set_styles(node, styles)
    if wrapper.kind:
        return print_node(_wrapper_node(nodes, wrapper, styles))
    if as_json:
        return _format_json(nodes[0])
    return print_documents(zip(map(_bare_list, nodes), indented_lists, strict=True))


def _file_of(node: Node) -> str:
    annotations = resource_meta(node).annotations
    return annotations.get(PATH_ANNOTATION, annotations.get(LEGACY_PATH_ANNOTATION, ""))


def _has_indented_lists(node: Node) -> bool:
    """Whether lists are indented below their keys. The last of several annotations with the name counts."""
    metadata = get_field(node, "metadata")
    annotations = None if metadata is None else get_field(metadata, "annotations")
    pairs = annotations.content if annotations and annotations.kind == "mapping" else ()
    return {scalar_text(key): scalar_text(value) for key, value in pairs}.get(
        _SEQUENCE_INDENT
    ) == "wide"


def _format_json(node: Node) -> str:
    from kmanifest.engines.kustomize.embedded_documents import json_value, set_values
    from kmanifest.engines.kustomize.hashing import json_text  # imported for JSON files only

    set_values(node)  # raises an error for what JSON can't express
    return json_text(json_value(node), indent=2) + "\n"


def _set_styles(node: Node, styles: Sequence[str]) -> None:
    """Set the YAML style of a resource."""
    if not styles:
        return
    node.tag = node.tag or node.implied_tag()
    node.tagged = "TaggedStyle" in styles
    # A list of resources may also contain null, which is a scalar.
    style_names = _SCALAR_STYLES if node.kind == "scalar" else {"FlowStyle": "{"}
    node.style = next((style for name, style in style_names.items() if name in styles), "")


def _bare_list(node: Node) -> Node:
    """The node to print for a resource: the resource, or the list that other commands have wrapped."""
    bare_list = get_field(node, _BARE_LIST_KEY)
    return node if bare_list is None or is_empty(bare_list) else bare_list


def _wrapper_node(
    nodes: Sequence[Node], wrapper: ResourceListWrapper, styles: Sequence[str]
) -> Node:
    fields = [
        ("apiVersion", Node("scalar", wrapper.api_version)),
        ("kind", Node("scalar", wrapper.kind)),
        ("items", Node("list", list(nodes))),
    ]
    if wrapper.function_config is not None:
        fields.append(("functionConfig", wrapper.function_config))
    pairs = [(Node("scalar", name), value) for name, value in fields]
    return Node("mapping", pairs, style="{" if "FlowStyle" in styles else "")
