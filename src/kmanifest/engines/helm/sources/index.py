"""The index of a chart repository, and the pick of one version of a chart from it.

Only the entries of the chart that is wanted are decoded, as an index may hold tens of thousands of others.
Source: helm v3.22.0 pkg/repo/index.go, loadIndex, SortEntries, Get; pkg/repo/chartrepo.go, FindChartInAuthAndTLSAndPassRepoURL.
"""

import json
from collections.abc import Mapping, Sequence

from kmanifest.engines.helm.charts.chart import METADATA, Metadata
from kmanifest.engines.helm.charts.versions import are_equal, check_constraint, fits, newest_first
from kmanifest.engines.helm.formats.go_json import BOOL, STRING, STRINGS, TIME, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final, NamedTuple

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
_LIMITS: Final = DEFAULT_LIMITS._replace(max_items=5_000_000)  # big ones have a million
_SAME_NAMES: Final = "validation: more than one dependency with name or alias"


class Entry(NamedTuple):
    """One version of a chart; `facts` is all that the index says of it."""

    name: str
    version: str
    urls: tuple[str, ...]
    digest: str
    facts: Mapping[str, Any]


class Index:
    """An index that was read; `skipped` are helm's words for entries that do not count."""

    def __init__(self, entries: Mapping[str, Any], source: str) -> None:
        self._entries = entries
        self._source = source
        self._versions: dict[str, list[Entry]] = {}
        self.skipped: list[str] = []

    @property
    def names(self) -> list[str]:
        """The names of the charts."""
        return list(self._entries)

    def versions(self, name: str) -> Sequence[Entry]:
        """The usable versions of a chart, the highest first; SourceError where the index has none of that name."""
        if name not in self._entries:
            raise SourceError("no chart name found")
        if name not in self._versions:
            found = self._entries[name]
            if found is not None and not isinstance(found, list):
                raise SourceError(f"the versions of {quoted(name)} are not a list")
            usable = [self._entry(name, each) for each in found or ()]
            self._versions[name] = _sorted([each for each in usable if each is not None])
        return self._versions[name]

    def pick(self, name: str, version: str) -> Entry:
        """The version itself, or the highest in a range; SourceError where there is none."""
        versions = self.versions(name)
        if not versions:
            raise SourceError("no chart version found")
        constraint = version or "*"
        check_constraint(constraint)
        for each in versions:
            if version and each.version == version:
                return each
        for each in versions:
            if fits(constraint, each.version):
                return each
        raise SourceError(f"no chart version found for {name}-{version}")

    def pick_exact(self, name: str, version: str) -> Entry:
        """The version that a lock names. Source: pkg/downloader/manager.go, findVersionedEntry."""
        if name not in self._entries:
            raise SourceError("entry not found")
        for each in self.versions(name):
            if each.urls and (not version or are_equal(version, each.version)):
                return each
        raise SourceError("no matching version")

    def _entry(self, name: str, value: Any) -> Entry | None:
        if value is None:
            self._skip(f"chart {quoted(name)} from {self._source}: empty entry")
            return None
        facts = decode(value, ENTRY)
        metadata = Metadata()
        metadata.update(facts)
        metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
        try:
            metadata.validate()
        except KmanifestError as error:
            # Some servers leave out the aliases. https://github.com/helm/helm/issues/12748
            if not error.message.startswith(_SAME_NAMES):
                shown = f"chart {quoted(name)} {quoted(metadata.version)} from {self._source}"
                self._skip(f"{shown}: {error.message}")
                return None
        return Entry(
            metadata.name,
            metadata.version,
            tuple(facts.get("urls", ())),
            facts.get("digest", ""),
            facts,
        )

    def _skip(self, what: str) -> None:
        self.skipped.append(f"index.go: skipping loading invalid entry for {what}")


def load_index(content: bytes, source: str, limits: Limits = _LIMITS) -> Index:
    """The index in a file, YAML or JSON; SourceError with helm's text where it is none."""
    if not content:
        raise SourceError("empty index.yaml file")
    document = _document(content, limits)
    if not isinstance(document, dict):
        document = {}
    entries = document.get("entries") or {}
    if not isinstance(entries, dict):
        raise SourceError("the entries of the index are not a table")
    if not document.get("apiVersion"):
        raise SourceError("no API version specified")
    return Index(entries, source)


def _document(content: bytes, limits: Limits) -> Any:
    if content.lstrip()[:1] == b"{":
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
    return load_yaml(content, limits=limits)


def _sorted(entries: Sequence[Entry]) -> list[Entry]:
    left: dict[str, list[Entry]] = {}
    for each in entries:
        left.setdefault(each.version, []).append(each)
    return [left[version].pop(0) for version in newest_first(each.version for each in entries)]
