"""The text of the tree that `cfg tree` prints.

A directory is placed below its nearest ancestor that has resources; kustomize uses any of its ancestors.
Source: kyaml v0.21.2 kio/tree.go; xlab/treeprint v1.2.0 treeprint.go.
"""

import os

from kmanifest.cli.cfg.nodes import (
    flow_text,
    get_field,
    is_empty,
    list_items,
    remove_comments,
    resource_meta,
    scalar_text,
)
from kmanifest.cli.cfg.order import sort_key
from kmanifest.cli.cfg.paths import find_matches
from kmanifest.cli.cfg.reading import PACKAGE_FILE, PATH_ANNOTATION, sync_annotation_names
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Iterable, NamedTuple, Sequence


class DisplayField(NamedTuple):
    """A field to show: its name, its path, and its name within a list item (empty if it is not in a list)."""

    name: str
    path: tuple[str, ...]
    name_in_item: str


class TreeLine:
    """A line of the tree and the lines below it."""

    __slots__ = ("children", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self.children: list[TreeLine] = []

    def add(self, label: str) -> "TreeLine":
        child = TreeLine(label)
        self.children.append(child)
        return child

    def lines(self, indentation: str = "") -> list[str]:
        """The text of the lines below this one."""
        lines: list[str] = []
        for child in self.children:
            is_last = child is self.children[-1]
            child_indentation = indentation + ("    " if is_last else "│   ")
            first, *continuation = child.label.split("\n")
            lines.append(f"{indentation}{'└──' if is_last else '├──'} {first}")
            lines += [child_indentation + line for line in continuation]
            lines += child.lines(child_indentation)
        return lines


def to_display_field(path: Sequence[str]) -> DisplayField:
    """The field to show for a path. Fields of containers are grouped by container."""
    name = ".".join(path)
    for containers in (
        "spec.template.spec.containers",
        "spec.jobTemplate.spec.template.spec.containers",
        "spec.containers",
    ):
        if name.startswith(containers):
            return DisplayField(containers, tuple(path), path[-1])
    return DisplayField(name, tuple(path), "")


def clean_path(path: str) -> str:
    """The path in the form of Go's filepath.Clean."""
    path = os.path.normpath(path)
    return path[1:] if path.startswith("//") else path


def draw_tree(
    nodes: Sequence[Node], root: str, fields: Sequence[DisplayField], structure: str
) -> str:
    """The text of the whole tree."""
    for node in nodes:
        sync_annotation_names(node)
    if not structure:
        has_owners = any(_owner_references(node) is not None for node in nodes)
        structure = "owners" if has_owners else "directory"
    root_line = (
        _tree_by_owner(nodes, fields)
        if structure == "owners"
        else _tree_by_directory(nodes, root, fields)
    )
    return "".join(f"{line}\n" for line in (root_line.label, *root_line.lines()))


def _tree_by_directory(
    nodes: Iterable[Node], root: str, fields: Sequence[DisplayField]
) -> TreeLine:
    nodes_by_directory: dict[str, list[Node]] = {}
    for node in nodes:
        if resource_meta(node).kind:
            nodes_by_directory.setdefault(_directory_of(node), []).append(node)
    root_line = TreeLine(root)
    lines_by_directory: dict[str, TreeLine] = {}
    for directory in sorted(nodes_by_directory):
        ancestor = max(
            (other for other in lines_by_directory if directory.startswith(other)),
            key=len,
            default="",
        )
        line = lines_by_directory.get(ancestor, root_line)
        if directory != ".":
            line = line.add(_directory_label(root, directory))
        lines_by_directory[directory] = line
        for node in _sorted_resources(nodes_by_directory[directory]):
            _add_resource(line, node, os.path.basename(_file_of(node)) or ".", fields)
    return root_line


def _file_of(node: Node) -> str:
    return resource_meta(node).annotations.get(PATH_ANNOTATION, "")


def _directory_of(node: Node) -> str:
    return clean_path(os.path.dirname(_file_of(node)) or ".")


def _directory_label(root: str, directory: str) -> str:
    name = os.path.basename(directory) or "/"
    try:
        os.stat(os.path.join(root, directory.lstrip("/"), PACKAGE_FILE))
    except FileNotFoundError:
        return name
    except (OSError, ValueError):
        pass  # as in kustomize: anything but "not found" counts
    return f"Pkg: {name}"


def _sorted_resources(nodes: Iterable[Node]) -> list[Node]:
    """Sort by file, namespace, name, kind and apiVersion.

    As in kustomize, the last of equal resources comes first.
    """

    def sort_fields(node: Node) -> tuple[str, ...]:
        meta = resource_meta(node)
        file = os.path.basename(meta.annotations.get(PATH_ANNOTATION, "")) or "."
        return file, meta.namespace, meta.name, meta.kind, meta.api_version

    return sorted(nodes, key=sort_fields, reverse=True)[::-1]


class _OwnershipNode:
    """A resource and the resources that it owns."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.owned: list[_OwnershipNode] = []


def _tree_by_owner(nodes: Iterable[Node], fields: Sequence[DisplayField]) -> TreeLine:
    by_id: dict[str, _OwnershipNode] = {}
    unowned = _OwnershipNode()
    for node in nodes:
        owner = _owner_id(node)
        owner_node = by_id.setdefault(owner, _OwnershipNode()) if owner else unowned
        owned_node = by_id.setdefault(_ownership_id(node), _OwnershipNode())
        owned_node.node = node
        owner_node.owned.append(owned_node)
    for name, entry in by_id.items():
        if entry.node is None:
            raise SourceError(f"owner {name!r} of objects in the input is not in the input")
    root_line = TreeLine(".")
    _add_owned_resources(root_line, unowned, fields)
    return root_line


def _add_owned_resources(
    line: TreeLine, owner: _OwnershipNode, fields: Sequence[DisplayField]
) -> None:
    by_node = {id(child.node): child for child in owner.owned}
    for node in _sorted_resources(child.node for child in owner.owned if child.node is not None):
        _add_owned_resources(
            _add_resource(line, node, "Resource", fields), by_node[id(node)], fields
        )


def _ownership_id(node: Node) -> str:
    meta = resource_meta(node)
    return f"{meta.kind} {meta.namespace}/{meta.name}"


def _owner_references(node: Node) -> Node | None:
    metadata = get_field(node, "metadata")
    return None if metadata is None else get_field(metadata, "ownerReferences")


def _owner_id(node: Node) -> str:
    owners = _owner_references(node)
    first_owner = list_items(owners)[:1] if owners is not None and not is_empty(owners) else []
    if not first_owner:
        return ""
    kind, name = (scalar_text(get_field(first_owner[0], key)) for key in ("kind", "name"))
    return f"{kind} {resource_meta(node).namespace}/{name}"


def _add_resource(
    line: TreeLine, node: Node, source: str, fields: Sequence[DisplayField]
) -> TreeLine:
    meta = resource_meta(node)
    name = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
    resource_line = line.add(f"[{source}]  {meta.kind} {name}")
    values, values_in_items = _field_values(node, fields)
    for title in sorted({*values, *values_in_items}, key=lambda title: (sort_key(title), title)):
        if title not in values_in_items:
            resource_line.add(f"{title}: {values[title]}")
            continue
        title_line = resource_line.add(title)
        ordered = sorted(values_in_items[title].items(), key=lambda pair: sort_key(pair[0]))
        for index, (_, item_values) in enumerate(ordered):
            item_line = title_line.add(str(index))
            for field_name, value in sorted(
                item_values, key=lambda pair: (sort_key(pair[0]), pair[1])
            ):
                item_line.add(f"{field_name}: {value}")
    return resource_line


def _field_values(
    node: Node, fields: Iterable[DisplayField]
) -> tuple[dict[str, str], dict[str, dict[str, list[tuple[str, str]]]]]:
    """The values of fields outside lists, and of fields in list items, grouped by item."""
    values: dict[str, str] = {}
    values_in_items: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for display_field in fields:
        matches = find_matches(node, display_field.path)
        if not matches:
            continue
        for match in matches:
            # As in kustomize, an item name has its comment only for the first field that is looked up.
            remove_comments(match.node)
        if not display_field.name_in_item:
            values[display_field.name] = flow_text(matches[0].node)
            continue
        group = values_in_items.setdefault(display_field.name, {})
        for match in matches:
            value = (display_field.name_in_item, flow_text(match.node))
            group.setdefault("/".join(match.item_texts), []).append(value)
    return values, values_in_items
