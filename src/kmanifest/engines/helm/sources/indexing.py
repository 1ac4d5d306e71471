"""The index of a directory of packaged charts, as `repo index` writes it.

Source: helm v3.22.0 pkg/repo/index.go, IndexDirectory, MustAdd, Merge, SortEntries; internal/urlutil/urlutil.go, URLJoin.
"""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import Metadata
from kmanifest.engines.helm.charts.versions import fits, newest_first
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.gotemplate.values import GoObject
from kmanifest.engines.helm.sources.index import Index
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple

_ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_UNESCAPED: Final = "/$&+,:;=@~"
_OLD: Final = ("checksum", "engine", "tillerVersion", "url")


class Record(NamedTuple):
    """A version as an index tells of it."""

    metadata: Metadata
    urls: Sequence[str] | None
    created: str
    digest: str = ""
    removed: bool = False
    old: Mapping[str, str] = {}

    def fields(self) -> dict[str, Any]:
        """The fields in their order."""
        return {
            **self.metadata.object().json(),
            "urls": self.urls,
            "created": self.created,
            **({"removed": True} if self.removed else {}),
            **({"digest": self.digest} if self.digest else {}),
            **{name: self.old[name] for name in _OLD if self.old.get(name)},
        }


class _Fields(GoObject):
    """A struct with these fields in this order."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def json(self) -> dict[str, Any]:
        return self._fields


def package_url(base: str, directory: str, name: str) -> str:
    """The URL of a package in a directory below the one that is indexed, whose URL is `base`."""
    above = join_url(base, directory)
    return join_url(above, name) if above else name


def join_url(base: str, path: str) -> str:
    """A URL, or a path, with a path behind it."""
    parts = urlsplit(base)
    steps = "/".join(step for step in (unquote(parts.path), path) if step)
    joined = ("/" if steps.startswith("/") else "") + clean_path(steps) if steps else ""
    escaped = quote(joined, safe=_UNESCAPED)
    if parts.netloc and escaped and not escaped.startswith("/"):
        escaped = f"/{escaped}"
    return parts._replace(path=escaped).geturl()


def records_of(index: Index) -> Iterator[Record]:
    """What an index tells that was read."""
    for name in index.names:
        for entry in index.versions(name):
            facts = entry.facts
            metadata = Metadata()
            metadata.update(facts)
            metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
            yield Record(
                metadata,
                facts.get("urls"),
                _normal_time(facts.get("created", _ZERO_TIME)),
                entry.digest,
                facts.get("removed", False),
                facts,
            )


def merge(own: Sequence[Record], others: Sequence[Record]) -> list[Record]:
    """The records and those of another index whose versions are not among them."""
    merged = list(own)
    for other in others:
        metadata = other.metadata
        same = [each.metadata.version for each in merged if each.metadata.name == metadata.name]
        if metadata.version not in same and not any(fits(metadata.version, each) for each in same):
            merged.append(other)
    return merged


def dump_index(records: Sequence[Record], generated: str, *, as_json: bool = False) -> bytes:
    """The content of an index file."""
    names = sorted({each.metadata.name for each in records})
    entries = {name: [_Fields(each.fields()) for each in _ordered(records, name)] for name in names}
    document = _Fields({"apiVersion": "v1", "generated": generated, "entries": entries})
    if not as_json:
        return (to_yaml(document) + "\n").encode("utf-8", "surrogateescape")
    from kmanifest.engines.helm.sprig.json_writer import encode  # where JSON is wanted

    return encode(document, DEFAULT_LIMITS, indent="  ").encode("utf-8", "surrogateescape")


def _ordered(records: Sequence[Record], name: str) -> list[Record]:
    """The records of one chart, the highest version first."""
    left: dict[str, list[Record]] = {}
    for each in records:
        if each.metadata.name == name:
            left.setdefault(each.metadata.version, []).append(each)
    versions = [version for version, found in left.items() for _ in found]
    return [left[version].pop(0) for version in newest_first(versions)]


def _normal_time(text: str) -> str:
    """A time as Go writes one that it has read."""
    for zone in ("+00:00", "-00:00"):
        text = text.removesuffix(zone) + "Z" if text.endswith(zone) else text
    head, point, rest = text.replace(",", ".").partition(".")
    if not point:
        return text
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    fraction = digits[:9].rstrip("0")
    return head + (f".{fraction}" if fraction else "") + rest[len(digits) :]
