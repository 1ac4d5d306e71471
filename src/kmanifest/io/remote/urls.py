"""Parse entries of a kustomization that are URLs of repositories or files.

Source: kustomize v5.8.2 api/internal/git/repospec.go; api/internal/loader/fileloader.go, IsRemoteFile.
"""

import re

from kmanifest.model.errors import SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Final, Iterable, NamedTuple, Sequence

DEFAULT_TIMEOUT: Final = 27.0
"""Time limit for fetching a repository whose URL has no `timeout`, in seconds."""

_SCHEMES: Final = ("ssh://", "https://", "http://", "file://")
_GIT_PREFIX: Final = "git::"
_GITHUB_HOSTS: Final = ("github.com/", "github.com:")
_USER_PATTERN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_HOST_PATTERN: Final = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x1f/?#@\\:\[\]%]+)"
_AUTHORITY_PATTERN: Final = re.compile(
    rf"(?P<login>[^\s\x00-\x1f/?#\\]*@)?{_HOST_PATTERN}(?::(?P<port>[0-9]{{0,5}}))?(?P<path>(?:[/?#].*)?)$",
    re.DOTALL,
)
_SCP_PATTERN: Final = re.compile(
    rf"(?P<login>[^\s\x00-\x1f/?#\\:@\[\]]*@)?{_HOST_PATTERN}(?P<port>):(?P<path>.*)$", re.DOTALL
)
_SECONDS_BY_UNIT: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # the micro sign
    "μs": 1e-6,  # the Greek letter
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_DURATION_PATTERN: Final = re.compile(r"(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)")
_FALSE_STRINGS: Final = ("0", "f", "F", "FALSE", "false", "False")
_BAD_REF_PATTERN: Final = re.compile(r"^-|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")


class Repository(NamedTuple):
    """A repository, a directory in it, and how to fetch it.

    A `Remote` receives such records.

    `url`: the URL as it was written. `host`: the part of the URL before the repository's path, with scheme and user.
    `path`: the path of the repository. `directory`: relative to the repository's root. `ref`: a commit, branch or tag;
    empty means the default branch. `timeout`: in seconds. `submodules`: whether submodules are fetched when a file in
    them is read. `has_git_prefix`: whether the URL begins with `git::`.

    >>> from kmanifest import Repository
    >>> repository = Repository("https://example.com/org/shop//base?ref=v1", "https://example.com/", "org/shop", "base", "v1")
    >>> repository.clone_url, repository.protocol, repository.directory, repository.ref
    ('https://example.com/org/shop', 'https', 'base', 'v1')
    """

    url: str
    host: str
    path: str
    directory: str = ""
    ref: str = ""
    timeout: float = DEFAULT_TIMEOUT
    submodules: bool = True
    has_git_prefix: bool = False

    @property
    def clone_url(self) -> str:
        """The URL for git."""
        return self.host + self.path

    @property
    def protocol(self) -> str:
        """`https`, `http`, `ssh` or `file`."""
        scheme, separator, _ = self.host.partition("://")
        return scheme if separator else "ssh"

    @property
    def name(self) -> str:
        """The URL without its secrets, and the ref. Names of fetched files begin with it."""
        url = self.clone_url if "://" in self.host else f"ssh://{self.clone_url}"
        suffix = f"@{self.ref}" if self.ref else ""
        return mask_url(url).rstrip("/") + suffix

    def __repr__(self) -> str:  # without the secrets in the URL
        return f"Repository({self.name!r}, {self.directory!r})"


def parse_repository(text: str) -> Repository | None:
    """Return the repository that an entry refers to, or None if the entry is a path."""
    if text.startswith("/"):
        return None
    rest, _, query = text.partition("?")
    git_prefix, rest = _split_prefix(rest, _GIT_PREFIX)
    split = _split_host(rest)
    if split is None:
        return None
    host, rest = split
    path, directory = _split_path(rest, has_directory=not host.startswith("file://"))
    if not path or _leaves_root(directory):
        return None
    ref, timeout, submodules = _parse_query(query)
    return Repository(
        text,
        host,
        path,
        directory.removeprefix("/"),
        ref,
        timeout,
        submodules,
        has_git_prefix=bool(git_prefix),
    )


def check_repository(repository: Repository) -> None:
    """Raise SourceError if git could take a part of the URL for an option, or if the ref is invalid."""
    name = repository.clone_url.partition("://")[2] or repository.clone_url
    host = name.rpartition("@")[2] if "@" in name.split("/")[0] else name
    host_path = host.partition(":")[2]
    if host.startswith("-") or host_path.startswith("-") or name.startswith("-"):
        raise SourceError(
            f"the host and the path of the URL {mask_url(repository.url)!r} must not begin with '-'"
        )
    if any(character < " " for character in repository.clone_url):
        raise SourceError(f"the URL {mask_url(repository.url)!r} contains a control character")
    if repository.ref and _BAD_REF_PATTERN.search(repository.ref):
        raise SourceError(f"{repository.ref!r} is not a valid git ref")


def check_protocol(protocol: str, allowed: Sequence[str], name: str) -> None:
    """Raise SourceError if the protocol is not allowed. `name` identifies the URL in the error."""
    if protocol not in allowed:
        raise SourceError(
            f"{name}: the protocol {protocol} is not among those allowed ({', '.join(allowed)}); "
            "--allow-protocol adds it"
        )


class Endpoint(NamedTuple):
    """The server that a URL leads to. A `port` of 0 is the standard port. `path` begins with `/` or is empty."""

    scheme: str
    login: str
    host: str
    port: int
    path: str

    @property
    def address(self) -> str:
        """The host, with its port if the URL contains one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    def __repr__(self) -> str:  # without the login
        return f"Endpoint({self.scheme!r}, {self.address!r})"


def find_endpoint(url: str) -> Endpoint | None:
    """Return the server that a URL or a `user@host:path` leads to, or None for a path and a `file` URL.

    Raises SourceError if it is not clear which host a client would connect to.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower() if separator else "ssh"
    if scheme == "file" or (not separator and ":" not in url.partition("/")[0]):
        return None
    match = (_AUTHORITY_PATTERN if separator else _SCP_PATTERN).match(rest if separator else url)
    port = int(match["port"] or 0) if match else -1
    if match is None or not 0 <= port < 65_536:
        raise SourceError(f"{mask_url(url)}: the host in the URL is invalid")
    path = re.split(r"[?#]", match["path"], maxsplit=1)[0]
    host = match["host"].removeprefix("[").removesuffix("]").lower()
    return Endpoint(scheme, (match["login"] or "").removesuffix("@"), host, port, path)


def find_hosts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts of the URLs among these strings."""
    hosts: list[str] = []
    for text in texts:
        is_short = text[:11].lower().startswith(("github.com/", "github.com:"))
        try:
            endpoint = find_endpoint(text) if "://" in text or "@" in text else None
        except SourceError:
            continue
        if is_short or endpoint is not None:
            hosts.append(endpoint.host if endpoint else "github.com")
    return tuple(dict.fromkeys(hosts))


def has_repository_marker(text: str) -> bool:
    """Return whether a URL has a mark of a repository: `.git`, `//`, `_git/` or `ref=`."""
    path, _, query = text.partition("://")[2].partition("?")
    return ".git" in path or "//" in path or "_git/" in path or "ref=" in query


def _split_prefix(text: str, prefix: str) -> tuple[str, str]:
    """Split a prefix, in any case, off the text. Without it, return an empty string and the whole text."""
    if text[: len(prefix)].lower() == prefix:
        return prefix, text[len(prefix) :]
    return "", text


def _split_host(text: str) -> tuple[str, str] | None:
    scheme = ""
    for candidate in _SCHEMES:
        scheme, text = _split_prefix(text, candidate)
        if scheme:
            break
    match = _USER_PATTERN.match(text)
    user = match[0] if match else ""
    rest = text[len(user) :]
    is_github = rest.lower().startswith(_GITHUB_HOSTS)
    is_scp = not scheme and (bool(user) or is_github)
    if not scheme and not is_scp:
        return None
    if scheme == "file://":
        return scheme, text
    end = _host_end(rest, is_scp=is_scp)
    host, rest = (rest[: end + 1], rest[end + 1 :]) if end >= 0 else (rest, "")
    if is_github:
        if scheme == "ssh://" or user:
            scheme, host = "", "github.com:"
        else:
            scheme, user, host = "https://", "", "github.com/"
    return (scheme + user + host, rest) if host else None


def _host_end(text: str, *, is_scp: bool) -> int:
    """Return the index of the character that ends the host, or -1."""
    slash = text.find("/")
    colon = text.find(":") if is_scp else -1
    if is_scp and (slash == -1 or 0 < colon < slash):
        return colon
    return slash


def _split_path(text: str, *, has_directory: bool) -> tuple[str, str]:
    """Split a path into that of the repository and the directory in it.

    The repository's path ends at `_git/NAME`, `//` or `.git`. Without these it has two segments. In a `file://` URL
    without these, it is the whole path.
    """
    head, separator, tail = text.partition("_git/")
    if separator:
        name, _, directory = tail.partition("/")
        return head + separator + name, directory
    head, separator, tail = text.partition("//")
    if separator:
        return head, tail
    head, separator, tail = text.partition(".git")
    if separator:
        return head + separator, tail
    if not has_directory:
        return text, ""
    segments = text.split("/")
    return ("/".join(segments[:2]), "/".join(segments[2:])) if len(segments) > 1 else ("", "")


def _leaves_root(directory: str) -> bool:
    depth = 0
    for segment in directory.split("/"):
        depth += -1 if segment == ".." else 1 if segment not in ("", ".") else 0
        if depth < 0:
            return True
    return False


def _parse_query(query: str) -> tuple[str, float, bool]:
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if ";" in pair or not _is_escaped(name) or not _is_escaped(value):
            return "", DEFAULT_TIMEOUT, True
        if pair:
            values.setdefault(_unescape(name), _unescape(value))
    ref = values.get("ref") or values.get("version", "")
    submodules = values.get("submodules", "") not in _FALSE_STRINGS
    return ref, _parse_seconds(values.get("timeout", "")) or DEFAULT_TIMEOUT, submodules


def _is_escaped(text: str) -> bool:
    """Return whether two hexadecimal digits follow every `%`."""
    return all(re.match(r"[0-9a-fA-F]{2}", part) for part in text.split("%")[1:])


def _unescape(text: str) -> str:
    from urllib.parse import unquote_plus  # only remote entries need it

    return unquote_plus(text, errors="surrogateescape")


def _parse_seconds(text: str) -> float:
    """Return the seconds in a text such as `61` or `1m1s`, or 0 if it has another form."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return max(float(text), 0.0)
    text = text.removeprefix("+")
    total, end = 0.0, 0
    for match in _DURATION_PATTERN.finditer(text):
        if match.start() != end or match[1] in ("", "."):
            return 0.0
        total += float(match[1]) * _SECONDS_BY_UNIT[match[2]]
        end = match.end()
    return total if end == len(text) else 0.0
