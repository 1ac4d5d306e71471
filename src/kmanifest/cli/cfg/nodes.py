"""Read and change YAML nodes, which keep order, style and comments.

Source: kyaml v0.21.2 yaml/rnode.go, yaml/fns.go, yaml/types.go.
"""

from kmanifest.engines.kustomize.goyaml.emitter import print_node
from kmanifest.engines.kustomize.yaml_nodes import NO_COMMENTS, TAG, Node, resolved
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Iterable, NamedTuple


class ResourceMeta(NamedTuple):
    """The fields that identify a resource, and its annotations; empty if missing."""

    api_version: str
    kind: str
    name: str
    namespace: str
    annotations: dict[str, str]


def is_null(node: Node | None) -> bool:
    """Whether a node is missing, null or an empty plain scalar."""
    return node is None or (
        node.kind == "scalar"
        and (node.tag == TAG + "null" or (not node.tag and not node.style and _means_null(node)))
    )


def _means_null(node: Node) -> bool:
    return resolved(node.content) is None


def is_empty(node: Node | None) -> bool:
    """Whether a node is missing, null, or an empty string, list or mapping."""
    return node is None or is_null(node) or not node.content


def get_field(node: Node, name: str) -> Node | None:
    """The value of a field; None if `node` is not a mapping or does not have the field."""
    if node.kind != "mapping":
        return None
    # The first of several fields with the name counts.
    return next((value for key, value in node.content if key.content == name), None)


def scalar_text(node: Node | None) -> str:
    """The text of a scalar or the name of an alias; empty for other nodes."""
    if node is None or is_null(node) or node.kind not in ("scalar", "alias"):
        return ""
    return str(node.content)


def resource_meta(node: Node) -> ResourceMeta:
    """The fields that identify the resource, and its annotations."""
    metadata = get_field(node, "metadata")
    if metadata is None or is_empty(metadata):
        return ResourceMeta(
            scalar_text(get_field(node, "apiVersion")),
            scalar_text(get_field(node, "kind")),
            "",
            "",
            {},
        )
    annotations = get_field(metadata, "annotations")
    pairs = annotations.content if annotations and annotations.kind == "mapping" else ()
    return ResourceMeta(
        scalar_text(get_field(node, "apiVersion")),
        scalar_text(get_field(node, "kind")),
        scalar_text(get_field(metadata, "name")),
        scalar_text(get_field(metadata, "namespace")),
        # The first of several annotations with the name counts.
        {scalar_text(key): scalar_text(value) for key, value in reversed(pairs)},
    )


def list_items(node: Node) -> list[Node]:
    """The items of a list. Raises SourceError for other nodes."""
    if node.kind != "list":
        raise SourceError(f"expected a list, got a {node.kind}")
    return list(node.content)


def flow_text(node: Node) -> str:
    """A node as text in flow style, with its comments and without unnecessary quotes."""
    return print_node(_flow_node(node)).strip()


def _flow_node(node: Node) -> Node:
    flow = Node(node.kind, node.content, style="{", tag=node.tag, anchor=node.anchor)
    flow.comments, flow.document = node.comments, node.document
    if node.kind == "scalar":
        # A quoted scalar stays a string without its quotes.
        flow.style = ""
        flow.tag = node.tag or (TAG + "str" if node.style else "")
    return flow


def full_text(node: Node) -> str:
    """A node as text in its own style, with its comments."""
    return print_node(node).strip()


def remove_comments(root: Node) -> None:
    """Remove all comments from a node and below it."""
    stack = [root]
    while stack:
        node = stack.pop()
        node.comments = NO_COMMENTS
        if node.kind == "mapping":
            stack += [each for pair in node.content for each in pair]
        elif node.kind == "list":
            stack += node.content


def annotate(root: Node, pairs: Iterable[tuple[str, str]]) -> None:
    """Set annotations, in quotes since some tools require them. A null node is unchanged.

    Raises SourceError if `root`, its metadata or its annotations are not a mapping.
    """
    if is_null(root):
        return
    if root.kind != "mapping":
        raise SourceError(f"expected a mapping, got a {root.kind}")
    remove_empty_metadata(root)
    annotations = _mapping_field(_mapping_field(root, "metadata"), "annotations")
    for name, value in pairs:
        _set_string(annotations, name, value)


def _mapping_field(node: Node, name: str) -> Node:
    value = get_field(node, name)
    if value is None:
        value = Node("mapping", [])
        node.content = [*node.content, (Node("scalar", name), value)]
    if value.kind != "mapping":
        raise SourceError(f"expected a mapping, got a {value.kind}").within(field=(name,))
    return value


def _set_string(node: Node, name: str, value: str) -> None:
    current = get_field(node, name)
    if current is None:
        node.content = [*node.content, (Node("scalar", name), Node("scalar", value, style="'"))]
    else:
        current.kind, current.content, current.tag = "scalar", value, TAG + "str"
        current.anchor, current.comments = "", NO_COMMENTS


def remove_annotations(root: Node, names: Iterable[str]) -> None:
    """Remove annotations. Annotations that are empty afterwards stay."""
    metadata = get_field(root, "metadata")
    annotations = None if metadata is None else get_field(metadata, "annotations")
    if annotations is not None and annotations.kind == "mapping":
        remaining_names = set(names)
        kept = []
        for key, value in annotations.content:
            if key.kind in ("scalar", "alias") and key.content in remaining_names:
                # Of two annotations with the name the second stays.
                remaining_names.remove(key.content)
            else:
                kept.append((key, value))
        annotations.content = kept


def remove_empty_metadata(root: Node) -> None:
    """Remove empty annotations, then empty metadata."""
    metadata = get_field(root, "metadata")
    if metadata is not None and not is_null(metadata):
        if metadata.kind != "mapping":
            problem = f"expected a mapping, got a {metadata.kind}"
            raise SourceError(problem).within(field=("metadata",))
        _remove_empty_field(metadata, "annotations")
    _remove_empty_field(root, "metadata")


def _remove_empty_field(node: Node, name: str) -> None:
    if node.kind != "mapping":
        return
    for index, (key, value) in enumerate(node.content):
        if key.content == name and _is_blank(value):
            node.content = node.content[:index] + node.content[index + 1 :]
            return


def _is_blank(node: Node) -> bool:
    return node.kind not in ("mapping", "list") or not node.content
