"""Where a copy keeps what was remote: `localized-files/HOST/PATH`, and for a repository also its ref and the directory in it.

Source: kustomize v5.8.2 api/internal/localizer/util.go, locFilePath, locRootPath, parseHost and defaultNewDir.
"""

import re

from kmanifest.io import tree as trees
from kmanifest.io.remote.urls import Repository
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

DIRECTORY: Final = "localized-files"
_PREFIX: Final = "localized"
_OF_FILES: Final = "file-schemed"

_ESCAPED: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\[\]-]|%[0-9A-Fa-f]{2})*")
_UNESCAPED: Final = "/$&+,:;=@"  # besides letters, digits and `-_.~`; net/url, shouldEscape


def place_of_file(url: str) -> str:
    """The path of the file at a URL, without login, port and query."""
    rest = url.partition("://")[2].partition("#")[0].partition("?")[0]
    authority, slash, path = rest.partition("/")
    place = _cleaned(_escaped(slash + path))
    return trees.join("", f"{DIRECTORY}/{_host(authority)}/{place}")


def place_of_root(repository: Repository, directory: str) -> str:
    """The path of a directory of a repository; SourceError where its URL leads out."""
    path = _cleaned(repository.path.removesuffix(".git"))
    host = _repository_host(repository)
    return trees.join("", f"{DIRECTORY}/{host}/{path}/{repository.ref}/{directory}")


def default_name(directory: str, repository: Repository | None) -> str:
    """The name of the copy where none is asked for; `directory` is that of the target, in its repository if it has one."""
    name = directory.rpartition("/")[2]
    if repository is None:
        return f"{_PREFIX}-{name}" if name else _PREFIX
    name = name or repository.path.rstrip("/").rpartition("/")[2]
    return f"{_PREFIX}-{name}-{repository.ref.replace('/', '-')}"


def relative(path: str, start: str) -> str:
    """`path` as seen from the directory `start`, both from the root of one tree."""
    there, here = path.split("/") if path else [], start.split("/") if start else []
    common = 0
    while common < min(len(there), len(here)) and there[common] == here[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:]) or "."


def _repository_host(repository: Repository) -> str:
    scheme, mark, rest = repository.host.partition("://")
    if not mark:
        return _host(repository.host.removesuffix(":"))
    return _OF_FILES if scheme == "file" else _host(rest.partition("/")[0].removesuffix(":"))


def _cleaned(path: str) -> str:
    """A path of a server without `.` and `..`, which lead nowhere above its root."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step and step != ".":
            steps.append(step)
    return "/".join(steps)


def _host(authority: str) -> str:
    """The host of `user:password@host:port`, as Go's URL.Hostname gives it."""
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _escaped(path: str) -> str:
    """A path as Go's URL.EscapedPath gives it: as it is written, unless it holds what has to be escaped."""
    if _ESCAPED.fullmatch(path):
        return path
    if re.search("%(?![0-9A-Fa-f]{2})", path):
        raise SourceError(f"invalid URL escape in {path!r}")
    from urllib.parse import quote, unquote_to_bytes  # for few URLs

    return quote(unquote_to_bytes(path), safe=_UNESCAPED)
