"""Write the index of a directory of packaged charts, as `helm repo index` does.

Source: helm v3.22.0 pkg/repo/index.go, IndexDirectory, MustAdd, Merge, SortEntries; internal/urlutil/urlutil.go,
URLJoin.
"""

from urllib.parse import quote, unquote, urlsplit

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import Metadata
from kmanifest.engines.helm.charts.versions import newest_first, satisfies
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.gotemplate.values import GoObject
from kmanifest.engines.helm.sources.index import Index
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, Iterator, Mapping, NamedTuple, Sequence

_ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_UNESCAPED: Final = "/$&+,:;=@~"
_DEPRECATED_FIELDS: Final = ("checksum", "engine", "tillerVersion", "url")


class Record(NamedTuple):
    """One chart version in an index. `created` is a time as Go prints it."""

    metadata: Metadata
    urls: Sequence[str] | None
    created: str
    digest: str = ""
    removed: bool = False
    deprecated_fields: Mapping[str, str] = {}  # noqa: RUF012 - read-only by type

    def fields(self) -> dict[str, Any]:
        """Return the fields in the order of Helm's struct."""
        return {
            **self.metadata.object().json(),
            "urls": self.urls,
            "created": self.created,
            **({"removed": True} if self.removed else {}),
            **({"digest": self.digest} if self.digest else {}),
            **{
                name: self.deprecated_fields[name]
                for name in _DEPRECATED_FIELDS
                if self.deprecated_fields.get(name)
            },
        }


class _OrderedStruct(GoObject):
    """A Go struct with these fields in this order."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def json(self) -> dict[str, Any]:
        return self._fields


def package_url(base: str, directory: str, name: str) -> str:
    """Return the URL of a package.

    `base` is the URL of the indexed directory, and `directory` is the package's directory below it.
    """
    directory_url = join_url(base, directory)
    return join_url(directory_url, name) if directory_url else name


def join_url(base: str, path: str) -> str:
    """Return a URL or path with another path appended."""
    parts = urlsplit(base)
    segments = "/".join(segment for segment in (unquote(parts.path), path) if segment)
    joined = ("/" if segments.startswith("/") else "") + clean_path(segments) if segments else ""
    escaped_path = quote(joined, safe=_UNESCAPED)
    if parts.netloc and escaped_path and not escaped_path.startswith("/"):
        escaped_path = f"/{escaped_path}"
    return parts._replace(path=escaped_path).geturl()


def records_of(index: Index) -> Iterator[Record]:
    """Return the records of a loaded index."""
    for name in index.names:
        for entry in index.versions(name):
            fields = entry.fields
            metadata = Metadata()
            metadata.update(fields)
            metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
            yield Record(
                metadata,
                fields.get("urls"),
                _go_time_text(fields.get("created", _ZERO_TIME)),
                entry.digest,
                fields.get("removed", False),
                fields,
            )


def merge(records: Sequence[Record], others: Sequence[Record]) -> list[Record]:
    """Return the records and those of another index whose versions are missing."""
    merged = list(records)
    for other in others:
        metadata = other.metadata
        versions = [
            record.metadata.version for record in merged if record.metadata.name == metadata.name
        ]
        # As in Helm (IndexFile.Has), the version is also tried as a constraint.
        if metadata.version not in versions and not any(
            satisfies(version, metadata.version) for version in versions
        ):
            merged.append(other)
    return merged


def dump_index(records: Sequence[Record], generated: str, *, as_json: bool = False) -> bytes:
    """Return the content of an index file."""
    names = sorted({record.metadata.name for record in records})
    entries = {
        name: [_OrderedStruct(record.fields()) for record in _sorted_records(records, name)]
        for name in names
    }
    document = _OrderedStruct({"apiVersion": "v1", "generated": generated, "entries": entries})
    if not as_json:
        return (to_yaml(document) + "\n").encode("utf-8", "surrogateescape")
    from kmanifest.engines.helm.sprig.json_writer import encode  # only --json needs it

    return encode(document, DEFAULT_LIMITS, indent="  ").encode("utf-8", "surrogateescape")


def _sorted_records(records: Sequence[Record], name: str) -> list[Record]:
    """Return the records of one chart, highest version first."""
    records_by_version: dict[str, list[Record]] = {}
    for record in records:
        if record.metadata.name == name:
            records_by_version.setdefault(record.metadata.version, []).append(record)
    versions = [version for version, group in records_by_version.items() for _ in group]
    return [records_by_version[version].pop(0) for version in newest_first(versions)]


def _go_time_text(text: str) -> str:
    """Return a time as Go prints it after parsing."""
    for zone in ("+00:00", "-00:00"):
        text = text.removesuffix(zone) + "Z" if text.endswith(zone) else text
    head, point, rest = text.replace(",", ".").partition(".")
    if not point:
        return text
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    fraction = digits[:9].rstrip("0")
    return head + (f".{fraction}" if fraction else "") + rest[len(digits) :]
