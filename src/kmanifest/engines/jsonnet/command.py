"""What the command `jsonnet` evaluates: a file, code from the command line, or stdin.

A path is one of the current directory, as the user wrote it, so errors and `std.thisFile` have that path.
"""

from collections.abc import Sequence

from kmanifest.engines.jsonnet.imports import Importer
from kmanifest.engines.jsonnet.isolation import run
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import Hooks, Outcome, Program, Trace
from kmanifest.engines.jsonnet.projects import find_project
from kmanifest.io import tree as trees
from kmanifest.io.tree import SnapshotDiskTree, Tree
from kmanifest.model.errors import LimitError, MissingError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any


class LocalFiles:
    """The files of this machine, within the limits of a build. The context of a build takes longer to import."""

    def __init__(self) -> None:
        self.tree: Tree = SnapshotDiskTree("/")
        self._size = 0

    def read_resolved(self, path: str) -> bytes:
        """Return the content of the file at a resolved path. Raises LimitError if it, or all together, are too large."""
        content = self.tree.read(path, limit=DEFAULT_LIMITS.max_input_file)
        self._size += len(content)
        if self._size > DEFAULT_LIMITS.max_total_input:
            limit = DEFAULT_LIMITS.max_total_input
            raise LimitError(f"more than {limit} bytes of input (max_total_input)")
        return content


def evaluate_code(
    files: LocalFiles,
    program: Program,
    options: JsonnetOptions,
    *,
    base: str,
    path: str,
    on_trace: Trace,
) -> Outcome:
    """Evaluate a program whose paths are relative to the directory `base` of the tree.

    `path`: the resolved path of its file, or empty.
    """
    roots = _allowed_roots(files.tree, base, path, options.library_paths)
    importer = Importer(files, base, options.library_paths, roots)
    return run(program, Hooks(importer.load, refuse_native, on_trace), options)


def _allowed_roots(tree: Tree, base: str, path: str, library_paths: Sequence[str]) -> list[str]:
    """Return the resolved directories that a program may read.

    They are `base` if the file is in it, otherwise the root of the file's project, or its directory; and the library
    paths.
    """
    root = base
    if path and not trees.is_below(path, base):
        directory = trees.parent(path)
        project = find_project(tree, directory)
        root = directory if project is None else project
    roots = [root]
    for library_path in library_paths:
        try:
            roots.append(tree.resolve(trees.join(base, library_path)))
        except MissingError:
            continue
    return roots


def refuse_native(name: str, _: list[Any]) -> Any:
    """Raise the error for a native function that is not known."""
    raise MissingError(f"no native function is called {name}")
