"""The paths in a copy for remote files and repositories.

A file has the path `localized-files/HOST/PATH`. A repository also has its ref and the directory in the path.

Source: kustomize v5.8.2 api/internal/localizer/util.go, locFilePath, locRootPath, parseHost and defaultNewDir.
"""

import re

from kmanifest.io import tree as trees
from kmanifest.io.remote.urls import Repository
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

DIRECTORY: Final = "localized-files"
_PREFIX: Final = "localized"
_FILE_SCHEME_HOST: Final = "file-schemed"

_VALID_PATH: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\[\]-]|%[0-9A-Fa-f]{2})*")
_UNESCAPED: Final = "/$&+,:;=@"  # besides letters, digits and `-_.~`; net/url, shouldEscape


def file_destination(url: str) -> str:
    """Return the path in the copy for the file at a URL, without login, port and query."""
    rest = url.partition("://")[2].partition("#")[0].partition("?")[0]
    authority, slash, path = rest.partition("/")
    clean_path = _clean_path(_escape_path(slash + path))
    return trees.join("", f"{DIRECTORY}/{_host_name(authority)}/{clean_path}")


def root_destination(repository: Repository, directory: str) -> str:
    """Return the path in the copy for a directory of a repository.

    Raises SourceError if the URL leads outside of the copy.
    """
    path = _clean_path(repository.path.removesuffix(".git"))
    host = _repository_host(repository)
    return trees.join("", f"{DIRECTORY}/{host}/{path}/{repository.ref}/{directory}")


def default_name(directory: str, repository: Repository | None) -> str:
    """Return the name of the copy if the user gives none.

    `directory` is the directory of the target, relative to its repository if it has one.
    """
    name = directory.rpartition("/")[2]
    if repository is None:
        return f"{_PREFIX}-{name}" if name else _PREFIX
    name = name or repository.path.rstrip("/").rpartition("/")[2]
    return f"{_PREFIX}-{name}-{repository.ref.replace('/', '-')}"


def relative(path: str, start: str) -> str:
    """Return `path` relative to the directory `start`. Both are relative to the root of one tree."""
    path_steps, start_steps = path.split("/") if path else [], start.split("/") if start else []
    common = 0
    while (
        common < min(len(path_steps), len(start_steps))
        and path_steps[common] == start_steps[common]
    ):
        common += 1
    return "/".join([".."] * (len(start_steps) - common) + path_steps[common:]) or "."


def _repository_host(repository: Repository) -> str:
    scheme, separator, rest = repository.host.partition("://")
    if not separator:
        return _host_name(repository.host.removesuffix(":"))
    return (
        _FILE_SCHEME_HOST
        if scheme == "file"
        else _host_name(rest.partition("/")[0].removesuffix(":"))
    )


def _clean_path(path: str) -> str:
    """Return the path of a URL without `.` and `..`, which can't lead above the server's root."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step and step != ".":
            steps.append(step)
    return "/".join(steps)


def _host_name(authority: str) -> str:
    """Return the host of `user:password@host:port`, as Go's URL.Hostname does."""
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _escape_path(path: str) -> str:
    """Return a path as Go's URL.EscapedPath does: it is unchanged unless it contains characters to escape."""
    if _VALID_PATH.fullmatch(path):
        return path
    if re.search("%(?![0-9A-Fa-f]{2})", path):
        raise SourceError(f"invalid URL escape in {path!r}")
    from urllib.parse import quote, unquote_to_bytes  # few URLs need it

    return quote(unquote_to_bytes(path), safe=_UNESCAPED)
