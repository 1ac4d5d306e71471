"""Write files into directories. Every verb that writes uses this module.

The path of a directory that the user names may contain links. Below it no link is followed: a step that is a link is an
error, and a file is written to a temporary file next to it, synced and renamed, so a link at its path is replaced. Each
step is opened from the descriptor of its parent, so a directory that is exchanged for a link meanwhile has no effect.
Without such descriptors (on Windows) each step is checked before it is used.
"""

import os
import stat
from contextlib import suppress

from kmanifest.startup.typing import TYPE_CHECKING, Final, Iterable, Mapping, Self

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.localize import File

NEW_FILE: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
)
_OLD_FILE: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_DIRECTORY: Final = (
    getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_HAS_DESCRIPTORS: Final = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd


class LinkError(OSError):
    """A step below an output directory is a link."""

    def __init__(self, path: str) -> None:
        super().__init__(0, f"{path} is a link", path)


class OutputDirectory:
    """An existing directory that files are written into. It is a context manager that closes its descriptor."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: str) -> Self:
        """Open a directory that the user names. Its path may contain links."""
        if _HAS_DESCRIPTORS:
            return cls(path, os.open(path or ".", _DIRECTORY))
        if not os.path.isdir(path or "."):
            raise NotADirectoryError(0, "not a directory", path)
        return cls(path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def enter(self, name: str) -> "OutputDirectory":
        """Open a directory in this one. Raises LinkError if it is a link."""
        path = os.path.normpath(os.path.join(self.path, name))
        if stat.S_ISLNK(self.mode(name)):
            raise LinkError(path)
        if self._descriptor is None:
            return OutputDirectory.open(path)
        flags = _DIRECTORY | _NO_FOLLOW
        return OutputDirectory(path, os.open(name, flags, dir_fd=self._descriptor))

    def directory_of(self, file: str, *, new_mode: int | None = None) -> "OutputDirectory":
        """Open the directory of a relative path. With `new_mode`, directories that are missing are created."""
        current = self.enter(".")
        for name in file.split("/")[:-1]:
            with current:
                if name in ("", ".", ".."):
                    raise OSError(0, "it is not a path below the directory", file)
                if new_mode is not None:
                    current.make(name, new_mode)
                current = current.enter(name)
        return current

    def make(self, name: str, mode: int = 0o777) -> None:
        """Create a directory in this one if nothing has its name."""
        with suppress(FileExistsError):
            os.mkdir(self._name(name), mode, dir_fd=self._descriptor)

    def make_new(self, name: str) -> None:
        """Create a directory in this one. Raises FileExistsError if something has its name."""
        os.mkdir(self._name(name), dir_fd=self._descriptor)

    def remove_directory(self, name: str) -> None:
        """Remove a directory if it exists and is empty."""
        with suppress(OSError):
            os.rmdir(self._name(name), dir_fd=self._descriptor)

    def remove_tree(self, name: str) -> None:
        """Remove a directory with everything in it. Errors are ignored."""
        from shutil import rmtree  # imported for errors only

        rmtree(self._name(name), ignore_errors=True, dir_fd=self._descriptor)

    def create(self, name: str, mode: int = 0o666) -> int:
        """Create a file and return its descriptor."""
        return os.open(self._name(name), NEW_FILE, mode, dir_fd=self._descriptor)

    def rename(self, source: str, target: str) -> None:
        """Rename an entry. It replaces a file or a link with the new name."""
        names = self._name(source), self._name(target)
        os.replace(*names, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        with suppress(FileNotFoundError):
            os.unlink(self._name(name), dir_fd=self._descriptor)

    def mode(self, name: str) -> int:
        """Return the type and permissions of an entry, 0 if it does not exist. A link is not followed."""
        try:
            return os.lstat(self._name(name), dir_fd=self._descriptor).st_mode
        except OSError:
            return 0

    def read(self, name: str) -> bytes | None:
        """Return the content of a regular file; None if it is something else or does not exist."""
        if not stat.S_ISREG(self.mode(name)):
            return None
        descriptor = os.open(self._name(name), _OLD_FILE, dir_fd=self._descriptor)
        with open(descriptor, "rb") as stream:
            return stream.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    def _name(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)


def replace_files(directory: OutputDirectory, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write all files to temporary files in a directory, then rename them. A failure leaves no partial file."""
    temporary_files: list[tuple[str, str]] = []
    try:
        for name, pieces in files:
            temporary = temporary_name()
            descriptor = directory.create(temporary)
            temporary_files.append((temporary, name))
            mode = directory.mode(name)
            _write(descriptor, pieces, mode & 0o777 if stat.S_ISREG(mode) else None)
        while temporary_files:
            directory.rename(*temporary_files[-1])
            temporary_files.pop()
    finally:
        for temporary, _ in temporary_files:
            directory.remove(temporary)


def write_below(path: str, name: str, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write files into the directory `name`, a relative path with slashes or empty, below an existing one.

    Directories that are missing are created. The last one then appears with all its files, or not at all.
    """
    parent, _, last = name.rpartition("/")
    with (
        OutputDirectory.open(path) as top,
        top.directory_of(f"{parent}/." if parent else ".", new_mode=0o777) as directory,
    ):
        if not last or directory.mode(last):
            with directory.enter(last or ".") as existing:
                replace_files(existing, files)
            return
        temporary = temporary_name()
        directory.make_new(temporary)
        try:
            with directory.enter(temporary) as new:
                _write_all(new, files)
            directory.rename(temporary, last)
        except BaseException:
            directory.remove_tree(temporary)
            raise


def _write_all(directory: OutputDirectory, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write files into a directory that nothing refers to yet.

    They are not synced: there is no old content to keep, and 1,000 files would take seconds.
    """
    for name, pieces in files:
        with open(directory.create(name), "wb") as stream:
            stream.writelines(pieces)


def write_files(path: str, files: Mapping[str, bytes], *, mode: int = 0o777) -> None:
    """Write files below a directory, which is created if it does not exist. `mode` is that of new directories.

    The keys are relative paths with slashes. Raises OSError with the path of the file that can't be written.
    """
    os.makedirs(path, mode, exist_ok=True)
    with OutputDirectory.open(path) as top:
        for file, content in files.items():
            try:
                with top.directory_of(file, new_mode=mode) as directory:
                    replace_files(directory, [(file.rpartition("/")[2], [content])])
            except OSError as error:
                error.filename = os.path.join(path, file)
                raise


def write_new_files(
    top: OutputDirectory, files: "Mapping[str, File]", directories: Iterable[str]
) -> None:
    """Write files and directories, parents first, into a new directory."""
    for directory in directories:
        name = directory.rpartition("/")[2]
        with top.directory_of(directory) as opened:
            opened.make_new(name)
    for path, (content, executable) in files.items():
        with top.directory_of(path) as opened:
            descriptor = opened.create(path.rpartition("/")[2], 0o777 if executable else 0o666)
            with open(descriptor, "wb") as stream:
                stream.write(content)


def read_below(path: str, file: str) -> bytes | None:
    """Return the content of a regular file below a directory; None if there is none, or if a link leads to it."""
    try:
        with OutputDirectory.open(path) as top, top.directory_of(file) as directory:
            return directory.read(file.rpartition("/")[2])
    except OSError:
        return None


def temporary_name() -> str:
    """Return a new name. It is random, as processes in containers share process ids and can share a directory."""
    return f".kmanifest-{os.urandom(8).hex()}.tmp"


def _write(descriptor: int, pieces: Iterable[bytes], mode: int | None) -> None:
    with open(descriptor, "wb") as stream:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(stream.fileno(), mode)
        stream.writelines(pieces)
        stream.flush()
        os.fsync(stream.fileno())
