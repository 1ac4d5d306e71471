"""What `dependency list` prints. Source: helm v3.22.0 pkg/action/dependency.go; github.com/gosuri/uitable v0.0.4 table.go."""

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.charts.versions import (
    check_constraint,
    fits,
    is_strict_version,
    is_version,
)
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.io.tree import Tree
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Final

_TITLES: Final = ("NAME", "VERSION", "REPOSITORY", "STATUS")


class Listing:
    """The list of a chart's dependencies; `tree` has the chart's directory, None for a packaged one, `shown` is its path."""

    def __init__(self, chart: Chart, tree: Tree | None, shown: str, limits: Limits) -> None:
        self._chart = chart
        self._tree = tree
        self._shown = shown
        self._limits = limits

    def text(self, width: int) -> str:
        """The whole of it; no column is wider than `width`, where that is not 0."""
        if self._chart.metadata.dependencies is None:
            return f"WARNING: no dependencies at {self._shown}/charts\n"
        rows = [_TITLES] + [
            (each.name, each.version, each.repository, self._status(each))
            for each in self._chart.metadata.requirements()
        ]
        return f"{_table(rows, width)}\n\n" + "".join(self._strangers())

    def _status(self, each: Dependency) -> str:
        """Where a dependency is, or what is wrong with it."""
        prefix, suffix = f"{each.name}-", ".tgz"
        found = [
            name for name in self._names() if name.startswith(prefix) and name.endswith(suffix)
        ]
        if len(found) > 1:
            found = [
                name
                for name in found
                if is_strict_version(name.removeprefix(prefix).removesuffix(suffix))
            ]
            if len(found) > 1:
                return "too many matches"
        if found:
            return self._archive_status(found[0], each)
        held = [chart for chart in self._chart.dependencies if chart.name == each.name]
        if not held:
            return "missing"
        return _version_status(each, held[-1]) or "unpacked"

    def _archive_status(self, name: str, each: Dependency) -> str:
        try:
            chart = self._load(name)
        except KmanifestError:
            return "corrupt"
        if chart.name != each.name:
            return "misnamed"
        return _version_status(each, chart) or "ok"

    def _strangers(self) -> Iterator[str]:
        """A line for everything in `charts/` that nobody asks for."""
        asked = {each.name for each in self._chart.metadata.requirements()}
        for name in self._names():
            if self._kind(name) != "dir" and not name.endswith(".tgz"):
                continue
            shown = quoted(f"{self._shown}/charts/{name}")
            try:
                chart = self._load(name)
            except KmanifestError:
                yield f"WARNING: {shown} is not a chart.\n"
                continue
            if chart.name not in asked:
                yield f"WARNING: {shown} is not in Chart.yaml.\n"

    def _names(self) -> Sequence[str]:
        if self._tree is None or self._kind("") != "dir":
            return ()
        return self._tree.list(self._tree.resolve("charts"))

    def _kind(self, name: str) -> str | None:
        if self._tree is None:
            return None
        try:
            return self._tree.kind(self._tree.resolve(f"charts/{name}".rstrip("/")))
        except MissingError:
            return None

    def _load(self, name: str) -> Chart:
        assert self._tree is not None  # noqa: S101 - who has names has a tree
        return load_chart(self._tree, f"charts/{name}", limits=self._limits, dialect=HELM3)


def _version_status(each: Dependency, chart: Chart) -> str:
    version = chart.metadata.version
    if version == each.version:
        return ""
    try:
        check_constraint(each.version)
    except KmanifestError:
        return "invalid version"
    if not is_version(version):
        return "invalid version"
    return "" if fits(each.version, version) else "wrong version"


def _table(rows: Sequence[Sequence[str]], most: int) -> str:
    columns = list(zip(*rows, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    widths = [min(width, most) if most else width for width in widths]
    return "\n".join("\t".join(map(_fitted, row, widths)) for row in rows)


def _fitted(text: str, width: int) -> str:
    """A text in a column; one that is too long ends in dots."""
    found = _width(text)
    if found <= width:
        return text + " " * (width - found)
    kept, used = "", 0
    for char in text:
        kept += char
        if used + _width(char) >= width - 3:
            break
        used += _width(char)
    return f"{kept}..."


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
