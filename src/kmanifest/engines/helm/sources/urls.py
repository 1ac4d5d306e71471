"""Resolve and compare the URLs of repositories and charts, and decide which servers may get a login.

Source: helm v3.22.0 pkg/repo/chartrepo.go, ResolveReferenceURL; pkg/downloader/manager.go, normalizeURL;
internal/urlutil/urlutil.go; pkg/getter/httpgetter.go, get.
"""

from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import base_name
from kmanifest.model.errors import SourceError
from kmanifest.model.url_masking import mask_url

OCI = "oci://"


def is_oci(text: str) -> bool:
    """Return whether a text is an `oci://` URL."""
    return text.startswith(OCI)


def is_absolute(text: str) -> bool:
    """Return whether a URL has a scheme and a host."""
    parts = _split(text)
    return bool(parts.scheme and parts.netloc)


def check_web(url: str) -> None:
    """Raise SourceError if a URL is not that of a web server."""
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise SourceError(f"could not find protocol handler for: {parts.scheme}")
    if not parts.hostname:
        raise SourceError(f"invalid chart URL format: {mask_url(url)}")


def resolve(base: str, reference: str) -> str:
    """Return the absolute URL of a reference in the index at `base`.

    A relative reference gets the base's query, because it may contain tokens.
    """
    if _split(reference).scheme:
        return reference
    base_parts = _split(base)
    directory = base_parts._replace(path=base_parts.path.rstrip("/") + "/", query="", fragment="")
    resolved = _split(urljoin(directory.geturl(), reference))
    return resolved._replace(query=base_parts.query).geturl()


def are_same_url(one: str, other: str) -> bool:
    """Return whether two URLs are equal apart from slashes."""
    return _normalized(one) == _normalized(other)


def _normalized(url: str) -> str:
    parts = _split(url)
    path = clean_path(parts.path)
    return parts._replace(path="/" + ("" if path == "." else path)).geturl()


def is_same_server(one: str, other: str) -> bool:
    """Return whether secrets for one URL may be sent to the other: both have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = _split(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or standard


def file_name(url: str) -> str:
    """Return the file name under which the chart at a URL is saved. Raises SourceError if it is unsafe."""
    name = base_name(unquote(_split(url).path))
    if name in (".", "..", "/") or not name.isprintable() or "\\" in name:
        raise SourceError(f"{mask_url(url)}: its last part can't be the name of a file")
    return name


def _split(url: str) -> SplitResult:
    parts = _try_split(url)
    if parts is None:
        raise SourceError(f"invalid chart URL format: {mask_url(url)}")
    return parts


def _try_split(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None if it is invalid. The ValueError could contain a part of a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
