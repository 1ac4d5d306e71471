"""Load the index of a chart repository and pick a version of a chart.

Only the entries of the requested chart are decoded, because an index may have tens of thousands of other entries.
Source: helm v3.22.0 pkg/repo/index.go, loadIndex, SortEntries, Get; pkg/repo/chartrepo.go,
FindChartInAuthAndTLSAndPassRepoURL.
"""

import json

from kmanifest.engines.helm.charts.chart import METADATA, Metadata
from kmanifest.engines.helm.charts.versions import (
    check_constraint,
    is_same_version,
    newest_first,
    satisfies,
)
from kmanifest.engines.helm.formats.go_json import BOOL, STRING, STRINGS, TIME, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, Sequence

ENTRY: Final = Shape(
    "struct",
    "repo.ChartVersion",
    fields={
        **(METADATA.fields or {}),
        "urls": STRINGS,
        "created": TIME,
        "removed": BOOL,
        "digest": STRING,
        "checksum": STRING,
        "engine": STRING,
        "tillerVersion": STRING,
        "url": STRING,
    },
    struct="ChartVersion",
)
_LIMITS: Final = DEFAULT_LIMITS._replace(max_items=5_000_000)  # large indexes have a million
_DUPLICATE_NAME_ERROR: Final = "validation: more than one dependency with name or alias"


class IndexEntry(NamedTuple):
    """One version of a chart. `fields` has all decoded fields of the entry."""

    name: str
    version: str
    urls: tuple[str, ...]
    digest: str
    fields: Mapping[str, Any]


class Index:
    """A loaded index.

    `source` is its name in messages. `skip_messages` has a message of Helm for each invalid entry found so far.
    """

    def __init__(self, entries: Mapping[str, Any], source: str) -> None:
        self._entries = entries
        self._source = source
        self._versions: dict[str, list[IndexEntry]] = {}
        self.skip_messages: list[str] = []

    @property
    def names(self) -> list[str]:
        """The names of all charts in the index."""
        return list(self._entries)

    def versions(self, name: str) -> Sequence[IndexEntry]:
        """Return the valid versions of a chart, highest first. Raises SourceError if the index lacks the name."""
        if name not in self._entries:
            raise SourceError("no chart name found")
        if name not in self._versions:
            values = self._entries[name]
            if values is not None and not isinstance(values, list):
                raise SourceError(f"the entries of {quoted(name)} in the index must be a list")
            usable = [self._read_entry(name, entry) for entry in values or ()]
            self._versions[name] = _sort_entries([entry for entry in usable if entry is not None])
        return self._versions[name]

    def pick(self, name: str, version: str) -> IndexEntry:
        """Return the exact version, or the highest in a range. Raises SourceError if there is none."""
        versions = self.versions(name)
        if not versions:
            raise SourceError("no chart version found")
        constraint = version or "*"
        check_constraint(constraint)
        for entry in versions:
            if version and entry.version == version:
                return entry
        for entry in versions:
            if satisfies(entry.version, constraint):
                return entry
        raise SourceError(f"no chart version found for {name}-{version}")

    def pick_exact(self, name: str, version: str) -> IndexEntry:
        """Return the version that a lock contains. Source: pkg/downloader/manager.go, findVersionedEntry."""
        if name not in self._entries:
            raise SourceError("entry not found")
        for entry in self.versions(name):
            if entry.urls and (not version or is_same_version(version, entry.version)):
                return entry
        raise SourceError("no matching version")

    def _read_entry(self, name: str, value: Any) -> IndexEntry | None:
        if value is None:
            self._skip(f"chart {quoted(name)} from {self._source}: empty entry")
            return None
        fields = decode(value, ENTRY)
        metadata = Metadata()
        metadata.update(fields)
        metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
        try:
            metadata.validate()
        except KmanifestError as error:
            # Some servers leave out the aliases. https://github.com/helm/helm/issues/12748
            if not error.message.startswith(_DUPLICATE_NAME_ERROR):
                description = f"chart {quoted(name)} {quoted(metadata.version)} from {self._source}"
                self._skip(f"{description}: {error.message}")
                return None
        return IndexEntry(
            metadata.name,
            metadata.version,
            tuple(fields.get("urls", ())),
            fields.get("digest", ""),
            fields,
        )

    def _skip(self, description: str) -> None:
        self.skip_messages.append(f"index.go: skipping loading invalid entry for {description}")


def load_index(content: bytes, source: str, limits: Limits = _LIMITS) -> Index:
    """Return the index in a YAML or JSON file. Raises SourceError with Helm's text if it is invalid."""
    if not content:
        raise SourceError("empty index.yaml file")
    document = _load_document(content, limits)
    if not isinstance(document, dict):
        document = {}
    entries = document.get("entries") or {}
    if not isinstance(entries, dict):
        raise SourceError("the entries of the index must be a map")
    if not document.get("apiVersion"):
        raise SourceError("no API version specified")
    return Index(entries, source)


def _load_document(content: bytes, limits: Limits) -> Any:
    if content.lstrip()[:1] == b"{":
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
    return load_yaml(content, limits=limits)


def _sort_entries(entries: Sequence[IndexEntry]) -> list[IndexEntry]:
    entries_by_version: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        entries_by_version.setdefault(entry.version, []).append(entry)
    return [
        entries_by_version[version].pop(0)
        for version in newest_first(entry.version for entry in entries)
    ]
