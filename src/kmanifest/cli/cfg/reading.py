"""From directories of files to resources, each with annotations that tell its file and its place there.

A directory with a Krmfile is a package of its own; a .krmignore says what to pass by.
Source: kyaml v0.21.2 kio/pkgio_reader.go, kio/byteio_reader.go, kio/ignorefilesmatcher.go, pathutil/pathutil.go.
"""

import os
import sys
from collections.abc import Iterator

from kmanifest.cli.cfg.nodes import annotate, field, is_null, meta
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Final
from kmanifest.yaml.split import split_documents

PACKAGE_FILE: Final = "Krmfile"
PREFIX: Final = "internal.config.kubernetes.io/"
PATH: Final = PREFIX + "path"
INDEX: Final = PREFIX + "index"
LEGACY_PATH: Final = "config.kubernetes.io/path"
LEGACY_INDEX: Final = "config.kubernetes.io/index"
PAIRS: Final = (
    (LEGACY_PATH, PATH),
    (LEGACY_INDEX, INDEX),
    ("config.k8s.io/id", PREFIX + "id"),
)


def packages(root: str, *, recurse: bool) -> list[str]:
    """The directories to look into one by one: `root`, and those below that have a Krmfile."""
    if recurse:
        found = [_above(path) for path in _walk(root) if os.path.basename(path) == PACKAGE_FILE]
    else:
        found = [os.path.normpath(root)] if os.path.exists(f"{root}/{PACKAGE_FILE}") else []
    # A root that is written in another way than its paths comes twice, as in the reference.
    return found if root in found else [root, *found]


def _above(path: str) -> str:
    return os.path.normpath(os.path.dirname(path) or ".")


def _walk(root: str) -> Iterator[str]:
    """`root` and all that is below it, in Go's order; links are not followed."""
    yield root
    if not os.path.isdir(root) or os.path.islink(root):
        return
    for name in _names(root):
        yield from _walk(os.path.normpath(os.path.join(root, name)))


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory), key=os.fsencode)
    except OSError as error:
        raise SourceError(f"can't be read: {error.strerror or error}").within(
            file=directory
        ) from error


def read_package(path: str, *, whole: bool = False, marked: bool = True) -> list[Node]:
    """The resources of a file, or below a directory; `whole` where packages inside of it belong to it.

    They are `marked` with annotations that tell where they come from.
    """
    disk = DiskTree("/")
    root = "/" + disk.resolve(os.path.abspath(path))
    if not os.path.isdir(root):
        inside = os.path.basename(root)
        return _read(disk, root, inside, marked=marked) if _is_yaml(root) else []
    from kmanifest.cli.cfg.ignore import load_ignored

    is_ignored = load_ignored(disk, root)
    found: list[Node] = []
    waiting = [os.path.join(root, name) for name in reversed(_names(root))]
    while waiting:
        entry = waiting.pop()
        inside = os.path.relpath(entry, root)
        is_directory = os.path.isdir(entry) and not os.path.islink(entry)
        if is_ignored(inside, is_directory=is_directory):
            continue
        if not is_directory:
            found += _read(disk, entry, inside, marked=marked) if _is_yaml(entry) else []
        elif whole or not os.path.exists(os.path.join(entry, PACKAGE_FILE)):
            waiting += [os.path.join(entry, name) for name in reversed(_names(entry))]
        if len(found) > DEFAULT_LIMITS.max_objects:
            raise LimitError(f"more than {DEFAULT_LIMITS.max_objects} objects (max_objects)")
    return found


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _read(disk: DiskTree, path: str, inside: str, *, marked: bool) -> list[Node]:
    try:
        content = disk.read(disk.resolve(path), limit=DEFAULT_LIMITS.max_input_file)
        return [node for node, _ in _documents(content, inside, marked=marked)]
    except KmanifestError as error:
        raise error.within(file=path) from error


def read_stdin() -> list[Node]:
    """The resources on stdin; those of one list come one by one."""
    if sys.stdin is None:
        raise SourceError("stdin is closed")
    limit = DEFAULT_LIMITS.max_total_input
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        raise LimitError(f"stdin has more than {limit} bytes (max_total_input)")
    try:
        found = list(_documents(content, ""))
    except KmanifestError as error:
        raise error.within(file="stdin") from error
    if found and found[0][1] == 1:
        root = found[0][0]
        if meta(root).kind in ("List", "ResourceList"):
            inner = field(root, "items")
            if inner is not None:
                return list(inner.content) if inner.kind == "list" else []
            if field(root, "functionConfig") is not None:
                return []
    return [node for node, _ in found]


def _documents(content: bytes, inside: str, *, marked: bool = True) -> Iterator[tuple[Node, int]]:
    """The documents that hold something, with annotations, and how many pieces the text has."""
    # The bounds are looked at where the text comes in; the pieces keep the comments that stand behind a separator.
    pieces = split_documents(content, DEFAULT_LIMITS._replace(max_input_file=len(content)))
    index = 0
    for number, piece in enumerate(pieces):
        try:
            node = parse_node(piece.data.decode())
            if node is None or is_null(node):
                continue
            if marked:
                _mark(node, index, inside)
        except UnicodeDecodeError:
            raise SourceError("the text is not UTF-8").within(document=number) from None
        except KmanifestError as error:
            raise error.within(document=number) from error
        yield node, len(pieces)
        index += 1


def _mark(node: Node, index: int, inside: str) -> None:
    """Write down where a resource comes from, under the new names and the old ones."""
    pair_up(node)
    pairs = {LEGACY_INDEX: str(index), INDEX: str(index)}
    if inside:
        pairs |= {LEGACY_PATH: inside, PATH: inside}
    annotate(node, sorted(pairs.items()))


def pair_up(node: Node) -> None:
    """Where only the old or the new name of an annotation is there, set the other."""
    known = meta(node).annotations
    for old, new in PAIRS:
        if known.get(new) and not known.get(old):
            annotate(node, [(old, known[new])])
        elif known.get(old) and not known.get(new):
            annotate(node, [(new, known[old])])
