"""Read resources from directories and stdin, annotated with their file and their index in it.

A document is one piece of YAML in a file or on stdin. A resource is the node of a document, or an item of a list on
stdin. A directory with a Krmfile is a package of its own. A .krmignore file excludes paths.

Source: kyaml v0.21.2 kio/pkgio_reader.go, kio/byteio_reader.go, kio/ignorefilesmatcher.go, pathutil/pathutil.go.
"""

import os
import sys

from kmanifest.cli.cfg.nodes import annotate, get_field, is_null, resource_meta
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.io.local_tree import Boundary, LocalTree, find_boundary
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Final, Iterator, Sequence
from kmanifest.yaml.split import Part, split_documents

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
    """The package directories: `root`, and with `recurse` those below it that have a Krmfile.

    Raises SourceError if a directory can't be read.
    """
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


def read_resources(
    path: str,
    *,
    recurse: bool = False,
    annotated: bool = True,
    boundary: Boundary | None = None,
) -> list[Node]:
    """Read the resources of a file, or of the files below a directory.

    With `recurse`, packages below the directory are included. If `annotated`, the resources get path and index
    annotations. A file whose name does not end in `.yaml` or `.yml` has no resources. No link leads out of the boundary, by
    default that of `path`. Raises SourceError or LimitError
    with the file, and LimitError if there are more than `max_objects` resources.
    """
    disk = LocalTree(boundary or find_boundary(os.path.realpath(path)))
    root = "/" + disk.resolve(os.path.abspath(path))
    if not os.path.isdir(root):
        resources = _read_file(disk, root, os.path.basename(root), annotated=annotated)
        _check_count(resources)
        return resources
    from kmanifest.cli.cfg.ignore import load_ignore_file

    is_ignored = load_ignore_file(disk, root)
    resources = []
    stack = [os.path.join(root, name) for name in reversed(_sorted_names(root))]
    while stack:
        entry = stack.pop()
        relative_path = os.path.relpath(entry, root)
        is_directory = os.path.isdir(entry) and not os.path.islink(entry)
        if is_ignored(relative_path, is_directory=is_directory):
            continue
        if not is_directory:
            resources += _read_file(disk, entry, relative_path, annotated=annotated)
            _check_count(resources)
        elif recurse or not os.path.exists(os.path.join(entry, PACKAGE_FILE)):
            stack += [os.path.join(entry, name) for name in reversed(_sorted_names(entry))]
    return resources


def _read_file(disk: DiskTree, path: str, relative_path: str, *, annotated: bool) -> list[Node]:
    """The resources of a file; none if it is not a YAML file. Errors are attributed to the file."""
    if not path.endswith((".yaml", ".yml")):
        return []
    try:
        content = disk.read(disk.resolve(path), limit=DEFAULT_LIMITS.max_input_file)
        return _parse_documents(_split(content), relative_path, annotated=annotated)
    except KmanifestError as error:
        raise error.within(file=path) from error


def read_stdin() -> list[Node]:
    """Read the resources on stdin. If the only document is a List or ResourceList, its items are the resources.

    Raises SourceError if stdin is closed or is not valid YAML, LimitError if it has more than `max_total_input` bytes
    or `max_objects` resources.
    """
    if sys.stdin is None:
        raise SourceError("stdin is closed")
    limit = DEFAULT_LIMITS.max_total_input
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        raise LimitError(f"stdin has more than {limit} bytes (max_total_input)")
    try:
        documents = _split(content)
        resources = _parse_documents(documents, "", annotated=True)
    except KmanifestError as error:
        raise error.within(file="stdin") from error
    # As in kyaml, a list is not replaced if there are empty documents next to it.
    if resources and len(documents) == 1:
        resources = _list_items(resources[0])
    _check_count(resources)
    return resources


def _list_items(root: Node) -> list[Node]:
    """The items of a List or ResourceList; any other resource itself.

    As in kyaml, a list must have items or a functionConfig. Items that are not a YAML list count as none.
    """
    resource_kind = resource_meta(root).kind
    if resource_kind not in ("List", "ResourceList"):
        return [root]
    items = get_field(root, "items")
    if items is not None:
        is_yaml_list = items.kind == "list"
        return list(items.content) if is_yaml_list else []
    return [root] if get_field(root, "functionConfig") is None else []


def _check_count(resources: Sequence[Node]) -> None:
    """Raise LimitError if there are too many resources."""
    if len(resources) > DEFAULT_LIMITS.max_objects:
        raise LimitError(f"more than {DEFAULT_LIMITS.max_objects} objects (max_objects)")


def _split(content: bytes) -> Sequence[Part]:
    """The documents of a file or stdin, empty ones included. Comments after a separator are kept."""
    # The caller has checked the size.
    return split_documents(content, DEFAULT_LIMITS._replace(max_input_file=len(content)))


def _parse_documents(
    documents: Sequence[Part], relative_path: str, *, annotated: bool
) -> list[Node]:
    """The resources in the documents that are not empty. Raises SourceError with the index of the document."""
    resources: list[Node] = []
    for document_index, document in enumerate(documents):
        try:
            node = parse_node(document.data.decode())
            if node is None or is_null(node):
                continue
            if annotated:
                _annotate_source(node, len(resources), relative_path)
        except UnicodeDecodeError:
            raise SourceError("the text is not UTF-8").within(document=document_index) from None
        except KmanifestError as error:
            raise error.within(document=document_index) from error
        resources.append(node)
    return resources


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
