"""Where a build's bytes go: stdout, one file, or a directory with one file per resource.

Nothing is written before the whole build is rendered, and no file is replaced before its successor is complete on
disk: a temporary file beside it, fsync, rename. A link given with `-o` stays a link, its target is rewritten; a link
inside an output directory is replaced, never followed.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from kmanifest.cli import DONE, READER_GONE
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.localize import File
    from kmanifest.model.resource import Resource
    from kmanifest.pipeline.rendered import Rendered

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class OutputError(KmanifestError):
    """The build is done, its output could not be written."""


def write(rendered: "Rendered", path: str) -> int:
    """Write to `path`, which is a file or an existing directory, or to stdout where it is empty; gives the exit code."""
    if path and os.path.isdir(path):
        write_directory(path, rendered)
        return DONE
    if not path:
        return print_pieces(rendered.chunks())
    write_file(path, rendered.chunks())
    return DONE


def print_text(text: str) -> int:
    """Print `text` on stdout; gives the exit code."""
    return print_pieces([text.encode("utf-8", "surrogateescape")])


def print_pieces(pieces: Iterable[bytes]) -> int:
    """Print the pieces on stdout; gives the exit code, which tells when nobody reads any more."""
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except OSError as error:
        _forget_stdout()
        raise _refused("to stdout", error) from error
    return DONE


def _refused(where: str, error: OSError) -> OutputError:
    return OutputError(f"can't write {where}: {error.strerror or error}")


def _forget_stdout() -> None:
    """Let what is left in the buffer go nowhere, or Python complains of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def write_file(path: str, pieces: Iterable[bytes]) -> None:
    """Put `pieces` at `path`: whole or not at all, except where `path` is a device or a pipe."""
    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as stream:
                stream.writelines(pieces)
        elif path.endswith(("/", os.sep)):
            raise IsADirectoryError(0, "no such directory", path)
        else:
            _replace_all([(target, pieces)])
    except OSError as error:
        raise _refused(path, error) from error


def replace_file(path: str, content: bytes) -> None:
    """Put `content` at `path`, whole or not at all; a link that is there is replaced, and not followed."""
    try:
        _replace_all([(path, [content])])
    except OSError as error:
        raise _refused(path, error) from error


def write_directory(directory: str, rendered: "Rendered") -> None:
    """One file in `directory` for each resource, named as the reference names it."""
    names = list(file_names(rendered.read_only_resources))
    paths = [os.path.join(directory, name) for name in names]
    contents = ([text.encode()] for text in rendered.documents())
    try:
        _replace_all(zip(paths, contents, strict=True))
    except OSError as error:
        raise _refused(f"into {directory}", error) from error


def check_new(path: str) -> None:
    """OutputError where a directory can't be made at `path`."""
    if os.path.lexists(path):
        raise OutputError(f"the destination {path} already exists")
    if not os.path.isdir(os.path.dirname(path)):
        raise OutputError(f"the destination {path} has to be in a directory that exists")


def write_new_directory(
    path: str, files: "Mapping[str, File]", directories: Iterable[str] = ()
) -> None:
    """Make the directory at the absolute `path`, with these files and directories in it: whole or not at all."""
    check_new(path)
    temporary = os.path.join(os.path.dirname(path), f".kmanifest-{os.getpid()}.tmp")
    is_claimed = False
    try:
        os.mkdir(temporary)
        for directory in directories:
            os.mkdir(os.path.join(temporary, directory))
        for name, (content, executable) in files.items():
            mode = 0o777 if executable else 0o666
            with open(os.open(os.path.join(temporary, name), NEW_FILE, mode), "wb") as stream:
                stream.write(content)
        # An empty directory is made first, as a rename would replace one that somebody else has made meanwhile.
        os.mkdir(path)
        is_claimed = True
        if os.name == "nt":
            os.rmdir(path)
        os.rename(temporary, path)
    except BaseException as error:
        from shutil import rmtree  # only where it goes wrong

        rmtree(temporary, ignore_errors=True)
        if is_claimed and os.path.isdir(path) and not os.listdir(path):
            os.rmdir(path)
        if isinstance(error, OSError):
            raise _refused(path, error) from error
        raise


def file_names(resources: "Iterable[Resource]") -> Iterator[str]:
    """The name of each file: `[namespace_][group_]version_kind_name.yaml` in lower case.

    The namespace is there when the namespaced resources lie in more than one. A name with a slash
    is refused, as no object can bear it; what is not printable is percent-encoded. Two resources
    with one file are an error: in the reference the second overwrites the first.
    Source: kustomize v5.8.2 kustomize/commands/build/writer.go.
    """
    from kmanifest.model.resource import CLUSTER_SCOPE  # only `-o DIR` comes here

    given = [(each.id, each.effective_namespace) for each in resources]
    several = len({space for _, space in given if space != CLUSTER_SCOPE}) > 1
    taken: dict[str, str] = {}
    for id_, space in given:
        shown = space if several and space != CLUSTER_SCOPE else ""
        parts = [part for part in (shown, id_.group, id_.version, id_.kind) if part]
        name = _safe("_".join([*parts, id_.name]).lower() + ".yaml", str(id_))
        if name in taken:
            raise OutputError(f"{taken[name]} and {id_} would both be written to {name}")
        taken[name] = str(id_)
        yield name


def _safe(name: str, owner: str) -> str:
    """`name` as one component of a path."""
    if "/" in name or "\0" in name:
        raise OutputError(f"{owner}: the name can't be that of a file: {name}")
    if name.isprintable() and "\\" not in name:
        return name
    keep = (char if char.isprintable() and char != "\\" else _percent(char) for char in name)
    return "".join(keep)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _replace_all(files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write every file beside its place, then move all into place; on a failure none is left half-written."""
    waiting: list[tuple[str, str]] = []
    try:
        for path, pieces in files:
            temporary = os.path.join(
                os.path.dirname(path), f".kmanifest-{os.getpid()}-{len(waiting)}.tmp"
            )
            waiting.append((temporary, path))
            _write_new(temporary, pieces, _mode(path))
        while waiting:
            temporary, path = waiting[-1]
            os.replace(temporary, path)
            waiting.pop()
    finally:
        for temporary, _ in waiting:
            if os.path.lexists(temporary):
                os.unlink(temporary)


def _mode(path: str) -> int | None:
    """The permissions of the file that is to be replaced, None where there is none."""
    try:
        return (
            os.lstat(path).st_mode & 0o777
            if os.path.isfile(path) and not os.path.islink(path)
            else None
        )
    except OSError:
        return None


def _write_new(path: str, pieces: Iterable[bytes], mode: int | None) -> None:
    with open(os.open(path, NEW_FILE, 0o666), "wb") as stream:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(stream.fileno(), mode)
        stream.writelines(pieces)
        stream.flush()
        os.fsync(stream.fileno())
