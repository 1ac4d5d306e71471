"""Read resources from directories and stdin, annotated with their file and their index in it.

A directory with a Krmfile is a package of its own. A .krmignore file excludes paths.
Source: kyaml v0.21.2 kio/pkgio_reader.go, kio/byteio_reader.go, kio/ignorefilesmatcher.go, pathutil/pathutil.go.
"""

import os
import sys
from collections.abc import Iterator

from kmanifest.cli.cfg.nodes import annotate, get_field, is_null, resource_meta
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Final
from kmanifest.yaml.split import split_documents

PACKAGE_FILE: Final = "Krmfile"
ANNOTATION_PREFIX: Final = "internal.config.kubernetes.io/"
PATH_ANNOTATION: Final = ANNOTATION_PREFIX + "path"
INDEX_ANNOTATION: Final = ANNOTATION_PREFIX + "index"
LEGACY_PATH_ANNOTATION: Final = "config.kubernetes.io/path"
LEGACY_INDEX_ANNOTATION: Final = "config.kubernetes.io/index"
ANNOTATION_PAIRS: Final = (
    (LEGACY_PATH_ANNOTATION, PATH_ANNOTATION),
    (LEGACY_INDEX_ANNOTATION, INDEX_ANNOTATION),
    ("config.k8s.io/id", ANNOTATION_PREFIX + "id"),
)


def find_packages(root: str, *, recurse: bool) -> list[str]:
    """The package directories: `root`, and with `recurse` those below it that have a Krmfile."""
    if recurse:
        packages = [
            _parent(path) for path in _walk_tree(root) if os.path.basename(path) == PACKAGE_FILE
        ]
    else:
        packages = [os.path.normpath(root)] if os.path.exists(f"{root}/{PACKAGE_FILE}") else []
    # As in kustomize, a root that is not in normalized form appears twice.
    return packages if root in packages else [root, *packages]


def _parent(path: str) -> str:
    return os.path.normpath(os.path.dirname(path) or ".")


def _walk_tree(root: str) -> Iterator[str]:
    """`root` and all paths below it, in Go's order. Links are not followed."""
    yield root
    if not os.path.isdir(root) or os.path.islink(root):
        return
    for name in _sorted_names(root):
        yield from _walk_tree(os.path.normpath(os.path.join(root, name)))


def _sorted_names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory), key=os.fsencode)
    except OSError as error:
        raise SourceError(f"can't be read: {error.strerror or error}").within(
            file=directory
        ) from error


def read_package(
    path: str, *, with_subpackages: bool = False, annotated: bool = True
) -> list[Node]:
    """Read the resources of a file, or of the files below a directory.

    With `with_subpackages`, packages below the directory are included. If `annotated`, the resources get path and
    index annotations.
    """
    disk = DiskTree("/")
    root = "/" + disk.resolve(os.path.abspath(path))
    if not os.path.isdir(root):
        relative_path = os.path.basename(root)
        return _read_file(disk, root, relative_path, annotated=annotated) if _is_yaml(root) else []
    from kmanifest.cli.cfg.ignore import load_ignore_file

    is_ignored = load_ignore_file(disk, root)
    nodes: list[Node] = []
    stack = [os.path.join(root, name) for name in reversed(_sorted_names(root))]
    while stack:
        entry = stack.pop()
        relative_path = os.path.relpath(entry, root)
        is_directory = os.path.isdir(entry) and not os.path.islink(entry)
        if is_ignored(relative_path, is_directory=is_directory):
            continue
        if not is_directory:
            nodes += (
                _read_file(disk, entry, relative_path, annotated=annotated)
                if _is_yaml(entry)
                else []
            )
        elif with_subpackages or not os.path.exists(os.path.join(entry, PACKAGE_FILE)):
            stack += [os.path.join(entry, name) for name in reversed(_sorted_names(entry))]
        if len(nodes) > DEFAULT_LIMITS.max_objects:
            raise LimitError(f"more than {DEFAULT_LIMITS.max_objects} objects (max_objects)")
    return nodes


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _read_file(disk: DiskTree, path: str, relative_path: str, *, annotated: bool) -> list[Node]:
    try:
        content = disk.read(disk.resolve(path), limit=DEFAULT_LIMITS.max_input_file)
        return [node for node, _ in _parse_documents(content, relative_path, annotated=annotated)]
    except KmanifestError as error:
        raise error.within(file=path) from error


def read_stdin() -> list[Node]:
    """Read the resources on stdin. A single list is replaced by its items."""
    if sys.stdin is None:
        raise SourceError("stdin is closed")
    limit = DEFAULT_LIMITS.max_total_input
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        raise LimitError(f"stdin has more than {limit} bytes (max_total_input)")
    try:
        documents = list(_parse_documents(content, ""))
    except KmanifestError as error:
        raise error.within(file="stdin") from error
    if documents and documents[0][1] == 1:
        root = documents[0][0]
        if resource_meta(root).kind in ("List", "ResourceList"):
            items = get_field(root, "items")
            if items is not None:
                return list(items.content) if items.kind == "list" else []
            if get_field(root, "functionConfig") is not None:
                return []
    return [node for node, _ in documents]


def _parse_documents(
    content: bytes, relative_path: str, *, annotated: bool = True
) -> Iterator[tuple[Node, int]]:
    """The documents that are not empty, each with the total number of documents."""
    # The size is checked where the content is read. The split keeps comments after a separator.
    pieces = split_documents(content, DEFAULT_LIMITS._replace(max_input_file=len(content)))
    index = 0
    for document_index, piece in enumerate(pieces):
        try:
            node = parse_node(piece.data.decode())
            if node is None or is_null(node):
                continue
            if annotated:
                _annotate_source(node, index, relative_path)
        except UnicodeDecodeError:
            raise SourceError("the text is not UTF-8").within(document=document_index) from None
        except KmanifestError as error:
            raise error.within(document=document_index) from error
        yield node, len(pieces)
        index += 1


def _annotate_source(node: Node, index: int, relative_path: str) -> None:
    """Set the path and index annotations of a resource, under the current and the legacy names."""
    sync_annotation_names(node)
    annotations = {LEGACY_INDEX_ANNOTATION: str(index), INDEX_ANNOTATION: str(index)}
    if relative_path:
        annotations |= {LEGACY_PATH_ANNOTATION: relative_path, PATH_ANNOTATION: relative_path}
    annotate(node, sorted(annotations.items()))


def sync_annotation_names(node: Node) -> None:
    """If only the legacy or the current name of an annotation is set, set the other."""
    annotations = resource_meta(node).annotations
    for legacy, current in ANNOTATION_PAIRS:
        if annotations.get(current) and not annotations.get(legacy):
            annotate(node, [(legacy, annotations[current])])
        elif annotations.get(legacy) and not annotations.get(current):
            annotate(node, [(current, annotations[legacy])])
