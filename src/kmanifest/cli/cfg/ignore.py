"""What a .krmignore file passes by: a subset of gitignore, without `**`.

Source: kyaml v0.21.2 kio/ignorefilesmatcher.go; monochromegane/go-gitignore 205db1a8cc00.
"""

from collections.abc import Callable

from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.model.globs import compile_glob
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import NamedTuple, Protocol

IGNORE_FILE = ".krmignore"


class Ignored(Protocol):
    """Whether a path below the root, which is a directory or not, is passed by."""

    def __call__(self, path: str, *, is_directory: bool) -> bool: ...


class _Pattern(NamedTuple):
    """One line of the file."""

    steps: int
    from_root: bool
    only_directories: bool
    test: Callable[[str], bool] | None

    def fits(self, path: str, *, is_directory: bool) -> bool:
        parts = path.split("/")
        if len(parts) < self.steps or self.test is None:
            return False
        if self.from_root:
            is_directory = is_directory and len(parts) == self.steps
            wanted = parts[: self.steps]
        else:
            wanted = parts[-self.steps :]
        if self.only_directories and not is_directory:
            return False
        return self.test("/".join(wanted))


def load_ignored(disk: DiskTree, root: str) -> Ignored:
    """What the file in the directory `root` says; nothing is passed by where there is none."""
    try:
        file = disk.resolve(f"{root}/{IGNORE_FILE}")
        content = disk.read(file, limit=DEFAULT_LIMITS.max_input_file)
    except MissingError:
        content = b""
    lines = [line.strip(" ") for line in content.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    kept = [_pattern(line[1:]) for line in lines if line.startswith("!") and line != "!"]
    left = [_pattern(line.removeprefix("\\")) for line in lines if not line.startswith("!")]

    def is_ignored(path: str, *, is_directory: bool) -> bool:
        return not any(each.fits(path, is_directory=is_directory) for each in kept) and any(
            each.fits(path, is_directory=is_directory) for each in left
        )

    return is_ignored


def _pattern(line: str) -> _Pattern:
    bare = line.strip("/")
    try:
        test = compile_glob(bare)
    except SourceError:
        test = None  # what is not well-formed fits nothing
    return _Pattern(bare.count("/") + 1, line.startswith("/"), line.endswith("/"), test)
