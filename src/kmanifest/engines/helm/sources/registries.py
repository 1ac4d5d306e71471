"""Parse references to charts in registries, and pick the tag for a version or version range.

A tag can't contain `+`, so a `+` in a version is a `_` in its tag.
Source: helm v3.22.0 pkg/registry/reference.go, client.go (Tags, ValidateReference), util.go
(GetTagMatchingVersionOrConstraint).
"""

import re

from kmanifest.engines.helm.charts.chart import base_name
from kmanifest.engines.helm.charts.versions import (
    check_constraint,
    is_strict_version,
    newest_first,
    satisfies,
)
from kmanifest.engines.helm.sources.urls import OCI
from kmanifest.model.errors import SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Final, Iterable, NamedTuple, Sequence

_HOST_PATTERN: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_NAME_PATTERN: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*")
_TAG_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST_PATTERN: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Reference(NamedTuple):
    """A repository in a registry, with a tag or digest. `tag` is a version, with `+` and not `_`."""

    host: str
    name: str
    tag: str = ""
    digest: str = ""

    @property
    def tag_or_digest(self) -> str:
        """The digest, or the tag as the registry stores it."""
        return self.digest or self.tag.replace("+", "_")

    @property
    def file_name(self) -> str:
        """The file name under which the chart is saved. Source: pkg/downloader/chart_downloader.go, DownloadTo."""
        name = base_name(self.name)
        if self.digest:
            return f"{name}@{self.digest.replace(':', '-')}.tgz"
        return f"{name}-{self.tag}.tgz"

    def __str__(self) -> str:
        suffix = f"@{self.digest}" if self.digest else f":{self.tag_or_digest}" if self.tag else ""
        return f"{self.host}/{self.name}{suffix}"


def parse_reference(text: str) -> Reference:
    """Parse a reference such as `oci://host/name:tag@digest`. Raises SourceError if it is invalid."""
    rest, _, digest = text.removeprefix(OCI).partition("@")
    host, _, path = rest.partition("/")
    if "/" not in rest and "/" in digest:
        raise SourceError(f"invalid reference: {mask_url(text)}: it must not contain a login")
    parent, slash, last_segment = path.rpartition("/")
    last_segment, _, tag = last_segment.partition(":")
    name = parent + slash + last_segment
    if _HOST_PATTERN.fullmatch(host) is None:
        raise SourceError(f"invalid reference: invalid registry {mask_url(host)!r}")
    if not all(_NAME_PATTERN.fullmatch(segment) for segment in name.split("/")):
        raise SourceError(f"invalid reference: invalid repository {mask_url(name)!r}")
    if tag and _TAG_PATTERN.fullmatch(tag.replace("+", "_")) is None:
        raise SourceError(f"invalid reference: invalid tag {mask_url(tag)!r}")
    if "@" in text and _DIGEST_PATTERN.fullmatch(digest) is None:
        raise SourceError(f"invalid reference: invalid digest {mask_url(digest)!r}")
    return Reference(host, name, tag, digest)


def check_version(reference: Reference, version: str) -> str:
    """Return the requested version. Raises SourceError if the reference has another tag."""
    if version and reference.tag not in ("", version):
        raise SourceError(f"chart reference and version mismatch: {version} is not {reference.tag}")
    return version or reference.tag


def versions_from_tags(tags: Iterable[str]) -> list[str]:
    """Return the versions among the tags, highest first and with `+`."""
    versions = (tag.replace("_", "+") for tag in tags)
    return newest_first([version for version in versions if is_strict_version(version)])


def pick_tag(versions: Sequence[str], version: str) -> str:
    """Return the exact version, or the highest in a range. Raises SourceError if there is none."""
    if version and version in versions:
        return version
    constraint = version or "*"
    check_constraint(constraint)
    for candidate in versions:
        if satisfies(candidate, constraint):
            return candidate
    raise SourceError(f"Could not locate a version matching provided version string {version}")
