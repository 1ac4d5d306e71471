"""The URLs of repositories and charts: how one leads to another, which are the same, and whom a login is for.

Source: helm v3.22.0 pkg/repo/chartrepo.go, ResolveReferenceURL; pkg/downloader/manager.go, normalizeURL;
internal/urlutil/urlutil.go; pkg/getter/httpgetter.go, get.
"""

from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import base_name
from kmanifest.io.remote.urls import shown_url, without_password
from kmanifest.model.errors import SourceError

OCI = "oci://"


def is_oci(text: str) -> bool:
    """Whether a text names something in a registry."""
    return text.startswith(OCI)


def is_absolute(text: str) -> bool:
    """Whether a URL names its server."""
    parts = _split(text)
    return bool(parts.scheme and parts.netloc)


def check_web(url: str) -> None:
    """SourceError where a URL is not of a web server."""
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise SourceError(f"could not find protocol handler for: {parts.scheme}")
    if not parts.hostname:
        raise SourceError(f"invalid chart URL format: {without_password(url)}")


def resolve(base: str, reference: str) -> str:
    """The URL that an index at `base` means; the query of the base, in which tokens are, goes along."""
    if _split(reference).scheme:
        return reference
    base_parts = _split(base)
    directory = base_parts._replace(path=base_parts.path.rstrip("/") + "/", query="", fragment="")
    resolved = _split(urljoin(directory.geturl(), reference))
    return resolved._replace(query=base_parts.query).geturl()


def are_same_url(one: str, other: str) -> bool:
    """Whether two URLs are the same but for slashes."""
    return _normalized(one) == _normalized(other)


def _normalized(url: str) -> str:
    parts = _split(url)
    path = clean_path(parts.path)
    return parts._replace(path="/" + ("" if path == "." else path)).geturl()


def is_same_server(one: str, other: str) -> bool:
    """Whether what is secret for one URL may be sent to the other: scheme, host and port are the same."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = _split(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or standard


def file_name(url: str) -> str:
    """The name that a chart at a URL is saved under; SourceError where it has none."""
    name = base_name(unquote(_split(url).path))
    if name in (".", "..", "/") or not name.isprintable() or "\\" in name:
        raise SourceError(f"{shown_url(url)}: its last part can't be the name of a file")
    return name


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SourceError(f"invalid chart URL format: {without_password(url)}") from error
    return parts
