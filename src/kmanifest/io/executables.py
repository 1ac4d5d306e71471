"""Find executables on PATH, copy trusted ones, and explain why one can't be started."""

import errno
import os
import stat

from kmanifest.model.errors import LimitError, MissingError, PluginError, near_names
from kmanifest.startup.typing import Final, Iterator

_MAX_SIZE: Final = 1 << 30  # bytes of an executable that is compared with a list of digests
_CHUNK_SIZE: Final = 1 << 20
_OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def find_on_path(name: str, path: str) -> str:
    """Return the path of the executable `name` in the directories of `path`, which has the form of `$PATH`.

    Raises MissingError with the nearest names if there is none, and PluginError if it is found in a directory that is
    relative to the current one. Source: Go 1.26 src/os/exec/lp_unix.go, LookPath.
    """
    for directory in path.split(os.pathsep) if path else ():
        candidate = os.path.join(directory or ".", name)
        if _is_executable(candidate):
            if not os.path.isabs(candidate):
                raise PluginError(
                    f"{name} is found on PATH in {directory or '.'!r}, relative to the current directory: "
                    "executables from there are not run"
                )
            return candidate
    near = near_names(name, (known for known in _names_on_path(path) if known != name))
    raise MissingError(f"{name} is not on PATH", near=near)


def _is_executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _names_on_path(path: str) -> Iterator[str]:
    for directory in path.split(os.pathsep):
        if not os.path.isabs(directory):
            continue
        try:
            yield from os.listdir(directory)
        except OSError:
            continue


def copy_trusted(path: str, directory: str, digests: frozenset[str]) -> str:
    """Copy an executable into `directory` and return the path of the copy.

    Raises PluginError if the SHA-256 of the copied bytes is not among `digests`. Only the copy is to be run: the file
    itself may be replaced or overwritten after it was read.
    """
    copy = os.path.join(directory, os.path.basename(path))
    try:
        digest = _copy_and_hash(path, copy)
    except OSError as error:
        raise PluginError(f"{path} can't be read: {error.strerror or error}") from error
    if digest not in digests:
        raise PluginError(
            f"{path}: its SHA-256 {digest} is not among the trusted ones (plugin-allow-list)"
        )
    return copy


def _copy_and_hash(path: str, copy: str) -> str:
    from hashlib import sha256  # few builds have a list of digests

    sha, size = sha256(), 0
    source = os.open(path, _OPEN_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise PluginError(f"{path} is not a regular file")
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o500)
        with open(target, "wb") as stream:
            while chunk := os.read(source, _CHUNK_SIZE):
                size += len(chunk)
                if size > _MAX_SIZE:
                    raise LimitError(f"{path} has more than {_MAX_SIZE} bytes")
                sha.update(chunk)
                stream.write(chunk)
    finally:
        os.close(source)
    return sha.hexdigest()


def start_failure(path: str, directory: str, error: Exception) -> str:
    """Return the reason why an executable can't be started in a directory."""
    if not isinstance(error, OSError):
        return str(error)
    interpreter, has_carriage_return = _interpreter(path)
    if has_carriage_return:
        return "its first line ends with CRLF, so the interpreter is not found: use LF"
    if error.errno == errno.ENOENT:
        if directory and not os.path.isdir(directory):
            return f"there is no directory {directory}"
        if interpreter and not os.path.exists(interpreter):
            return f"there is no {interpreter}, the interpreter in its first line"
        if os.path.exists(path):
            return "the loader that it was linked for does not exist on this machine"
    if error.errno == errno.ENOEXEC:
        return "it is neither a script with an interpreter in its first line (#!/bin/sh) nor built for this machine"
    return error.strerror or str(error)


def _interpreter(path: str) -> tuple[str, bool]:
    """Return the interpreter of a script, or an empty string, and whether its line ends with a carriage return."""
    try:
        with open(path, "rb") as stream:
            first = stream.readline(256)
    except OSError:
        return "", False
    if not first.startswith(b"#!"):
        return "", False
    words = first[2:].split()
    interpreter = words[0].decode("utf-8", "surrogateescape") if words else ""
    return interpreter, first.endswith(b"\r\n")
