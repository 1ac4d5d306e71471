"""The paths that a .krmignore file excludes. The format is that of .gitignore without `**`.

Source: kyaml v0.21.2 kio/ignorefilesmatcher.go; monochromegane/go-gitignore 205db1a8cc00.
"""

from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.model.globs import compile_glob
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Callable, NamedTuple, Protocol

IGNORE_FILE = ".krmignore"


class IgnoreTest(Protocol):
    """A function that returns whether a path below the root is ignored."""

    def __call__(self, path: str, *, is_directory: bool) -> bool: ...


class _Pattern(NamedTuple):
    """A pattern from one line of the file."""

    depth: int
    from_root: bool
    directories_only: bool
    test: Callable[[str], bool] | None

    def matches(self, path: str, *, is_directory: bool) -> bool:
        parts = path.split("/")
        if len(parts) < self.depth or self.test is None:
            return False
        if self.from_root:
            is_directory = is_directory and len(parts) == self.depth
            compared = parts[: self.depth]
        else:
            compared = parts[-self.depth :]
        if self.directories_only and not is_directory:
            return False
        return self.test("/".join(compared))


def load_ignore_file(disk: DiskTree, root: str) -> IgnoreTest:
    """Load the .krmignore of the directory `root`. Without the file, no path is ignored."""
    try:
        file = disk.resolve(f"{root}/{IGNORE_FILE}")
        content = disk.read(file, limit=DEFAULT_LIMITS.max_input_file)
    except MissingError:
        content = b""
    lines = [line.strip(" ") for line in content.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    included = [_parse_pattern(line[1:]) for line in lines if line.startswith("!") and line != "!"]
    excluded = [
        _parse_pattern(line.removeprefix("\\")) for line in lines if not line.startswith("!")
    ]

    def is_ignored(path: str, *, is_directory: bool) -> bool:
        return not any(
            pattern.matches(path, is_directory=is_directory) for pattern in included
        ) and any(pattern.matches(path, is_directory=is_directory) for pattern in excluded)

    return is_ignored


def _parse_pattern(line: str) -> _Pattern:
    pattern = line.strip("/")
    try:
        test = compile_glob(pattern)
    except SourceError:
        test = None  # an invalid pattern matches nothing
    return _Pattern(pattern.count("/") + 1, line.startswith("/"), line.endswith("/"), test)
