"""Write output to stdout, to one file, or to a directory with one file per resource.

Nothing is written before the whole build is rendered. A file is written to a temporary file next to it, synced and
renamed, so the old content stays until the new content is complete. A symbolic link given with `-o` stays a link and its
target is rewritten; a link inside an output directory is replaced, never followed.
"""

import os
import sys

from kmanifest.cli import EXIT_BROKEN_PIPE, EXIT_OK
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import TYPE_CHECKING, Iterable, Iterator, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.localize import File
    from kmanifest.model.resource import Resource
    from kmanifest.pipeline.rendered import Rendered


class OutputError(KmanifestError):
    """The output could not be written."""


def write_rendered(rendered: "Rendered", path: str, *, as_json: bool = False) -> int:
    """Write to the file or existing directory `path`, or to stdout if it is empty, and return the exit code."""
    if path and os.path.isdir(path):
        write_directory(path, rendered, as_json=as_json)
        return EXIT_OK
    if not path:
        return print_pieces(_chunks(rendered, as_json=as_json))
    write_file(path, _chunks(rendered, as_json=as_json))
    return EXIT_OK


def _chunks(rendered: "Rendered", *, as_json: bool) -> Iterable[bytes]:
    if not as_json:
        return rendered.chunks()
    from kmanifest.cli.json_output import list_chunks  # imported for JSON only

    return list_chunks(rendered)


def print_text(text: str) -> int:
    """Print `text` to stdout and return the exit code."""
    return print_pieces([text.encode("utf-8", "surrogateescape")])


def print_pieces(pieces: Iterable[bytes]) -> int:
    """Print the pieces to stdout and return the exit code: EXIT_BROKEN_PIPE if the reader has closed it."""
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _discard_stdout()
        return EXIT_BROKEN_PIPE
    except OSError as error:
        _discard_stdout()
        raise _write_error("to stdout", error) from error
    return EXIT_OK


def _write_error(target: str, error: OSError) -> OutputError:
    return OutputError(f"can't write {target}: {error.strerror or error}")


def _discard_stdout() -> None:
    """Redirect stdout to the null device, so that Python can flush its buffer at exit without an error."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)


def write_file(path: str, pieces: Iterable[bytes]) -> None:
    """Write `pieces` to `path` atomically, or directly if `path` is a device or a pipe."""
    from kmanifest.cli.writer import OutputDirectory, replace_files  # imported for `-o` only

    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as stream:
                stream.writelines(pieces)
        elif path.endswith(("/", os.sep)):
            raise IsADirectoryError(0, "no such directory", path)
        else:
            directory, name = os.path.split(target)
            with OutputDirectory.open(directory) as opened:
                replace_files(opened, [(name, pieces)])
    except OSError as error:
        raise _write_error(path, error) from error


def replace_file(path: str, content: bytes) -> None:
    """Write `content` to `path` atomically. An existing link is replaced, not followed."""
    from kmanifest.cli.writer import OutputDirectory, replace_files

    directory, name = os.path.split(path)
    try:
        with OutputDirectory.open(directory) as opened:
            replace_files(opened, [(name, [content])])
    except OSError as error:
        raise _write_error(path, error) from error


def write_directory(directory: str, rendered: "Rendered", *, as_json: bool = False) -> None:
    """Write one file per resource into `directory`, with the file names that kustomize uses."""
    from kmanifest.cli.writer import OutputDirectory, replace_files

    files = _resource_files(rendered, as_json=as_json)
    try:
        with OutputDirectory.open(directory) as opened:
            replace_files(opened, files)
    except OSError as error:
        raise _write_error(f"into {directory}", error) from error


def write_subdirectory(
    directory: str, name: str, rendered: "Rendered", *, as_json: bool = False
) -> None:
    """Write one file per resource into a directory below another one, or into that one if `name` is empty.

    Both are created if they do not exist. Nothing is created before everything is printed. A new directory appears with all its files or not at all.
    """
    from kmanifest.cli.writer import write_below

    files = list(_resource_files(rendered, as_json=as_json))
    try:
        os.makedirs(directory, exist_ok=True)
        write_below(directory, name, files)
    except OSError as error:
        target = os.path.join(directory, name) if name else directory
        raise _write_error(f"into {target}", error) from error


def _resource_files(
    rendered: "Rendered", *, as_json: bool
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The name and the content of the file for each resource."""
    documents, suffix = rendered.documents(), ".yaml"
    if as_json:
        from kmanifest.cli.json_output import documents as json_documents

        documents, suffix = json_documents(rendered), ".json"
    names = list(file_names(rendered.read_only_resources, suffix))
    contents = ([text.encode()] for text in documents)
    return zip(names, contents, strict=True)


def check_new_directory(path: str) -> None:
    """Raise OutputError if a directory can't be created at `path`."""
    if os.path.lexists(path):
        raise OutputError(f"the destination {path} already exists")
    if not os.path.isdir(os.path.dirname(path)):
        raise OutputError(f"the destination {path} is in a directory that does not exist")


def write_new_directory(
    path: str, files: "Mapping[str, File]", directories: Iterable[str] = ()
) -> None:
    """Create a directory with these files and subdirectories at the absolute `path`, completely or not at all."""
    from kmanifest.cli.writer import OutputDirectory, temporary_name, write_new_files

    check_new_directory(path)
    parent, name = os.path.split(path)
    temporary = temporary_name()
    is_claimed = False
    try:
        opened = OutputDirectory.open(parent)
    except OSError as error:
        raise _write_error(path, error) from error
    with opened:
        try:
            opened.make_new(temporary)
        except OSError as error:
            raise _write_error(path, error) from error
        try:
            with opened.enter(temporary) as top:
                write_new_files(top, files, directories)
            # An empty directory is created first: a rename alone could replace one that another process has just created.
            opened.make_new(name)
            is_claimed = True
            if os.name == "nt":
                opened.remove_directory(name)
            opened.rename(temporary, name)
        except BaseException as error:
            opened.remove_tree(temporary)
            if is_claimed:
                opened.remove_directory(name)
            if isinstance(error, OSError):
                raise _write_error(path, error) from error
            raise


def file_names(resources: "Iterable[Resource]", suffix: str = ".yaml") -> Iterator[str]:
    """The file name of each resource: `[namespace_][group_]version_kind_name.yaml` in lower case.

    The namespace is included if the namespaced resources are in more than one namespace. A name with a slash is an
    error, since no Kubernetes object can have it. Characters that are not printable are percent-encoded. Two
    resources with the same file name are an error; kustomize overwrites the first with the second.
    Source: kustomize v5.8.2 kustomize/commands/build/writer.go.
    """
    from kmanifest.model.resource import CLUSTER_SCOPE  # imported for `-o DIR` only

    identified = [(resource.id, resource.effective_namespace) for resource in resources]
    has_several_namespaces = (
        len({namespace for _, namespace in identified if namespace != CLUSTER_SCOPE}) > 1
    )
    ids_by_name: dict[str, str] = {}
    for resource_id, namespace in identified:
        prefix = namespace if has_several_namespaces and namespace != CLUSTER_SCOPE else ""
        parts = [
            part
            for part in (prefix, resource_id.group, resource_id.version, resource_id.kind)
            if part
        ]
        name = _safe_file_name(
            "_".join([*parts, resource_id.name]).lower() + suffix, str(resource_id)
        )
        key = _same_file_key(name)
        if key in ids_by_name:
            raise OutputError(
                f"{ids_by_name[key]} and {resource_id} would both be written to {name}"
            )
        ids_by_name[key] = str(resource_id)
        yield name


def _same_file_key(name: str) -> str:
    """A key that is equal for names that some file systems, such as APFS, take for one file."""
    if name.isascii():
        return name
    import unicodedata  # imported for names that are not ASCII only

    return unicodedata.normalize("NFC", name).casefold()


def _safe_file_name(name: str, resource_id: str) -> str:
    """`name` as one path component. Raises OutputError if it can't be one."""
    if "/" in name or "\0" in name:
        raise OutputError(f"{resource_id}: the name can't be used as a file name: {name}")
    if name.isprintable() and "\\" not in name:
        return name
    escaped = (
        char if char.isprintable() and char != "\\" else _percent_encoded(char) for char in name
    )
    return "".join(escaped)


def _percent_encoded(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
