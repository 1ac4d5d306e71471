"""Format the table that `helm dependency list` prints.

Source: helm v3.22.0 pkg/action/dependency.go; github.com/gosuri/uitable v0.0.4 table.go.
"""

from unicodedata import east_asian_width

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.charts.versions import (
    check_constraint,
    is_strict_version,
    is_version,
    satisfies,
)
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.io.tree import Tree, join
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Final, Iterator, Sequence

_TITLES: Final = ("NAME", "VERSION", "REPOSITORY", "STATUS")


class DependencyTable:
    """The table of a chart's dependencies.

    `directory` is that of the chart in `tree`; a packaged chart has no tree. `shown_path` is the chart's path in
    messages.
    """

    def __init__(
        self, chart: Chart, tree: Tree | None, shown_path: str, limits: Limits, directory: str = ""
    ) -> None:
        self._charts = join(directory, "charts")
        self._chart = chart
        self._tree = tree
        self._shown_path = shown_path
        self._limits = limits

    def text(self, max_width: int) -> str:
        """Return the table and warnings. No column is wider than `max_width`; 0 means no limit."""
        if self._chart.metadata.dependencies is None:
            return f"WARNING: no dependencies at {self._shown_path}/charts\n"
        rows = [_TITLES] + [
            (dependency.name, dependency.version, dependency.repository, self._status(dependency))
            for dependency in self._chart.metadata.requirements()
        ]
        return f"{_format_table(rows, max_width)}\n\n" + "".join(self._undeclared_warnings())

    def _status(self, dependency: Dependency) -> str:
        """Return the status of a dependency: where it was found, or the problem with it."""
        prefix, suffix = f"{dependency.name}-", ".tgz"
        archives = [
            name for name in self._names() if name.startswith(prefix) and name.endswith(suffix)
        ]
        if len(archives) > 1:
            archives = [
                name
                for name in archives
                if is_strict_version(name.removeprefix(prefix).removesuffix(suffix))
            ]
            if len(archives) > 1:
                return "too many matches"
        if archives:
            return self._archive_status(archives[0], dependency)
        unpacked = [chart for chart in self._chart.subcharts if chart.name == dependency.name]
        if not unpacked:
            return "missing"
        return _version_status(dependency, unpacked[-1]) or "unpacked"

    def _archive_status(self, name: str, dependency: Dependency) -> str:
        try:
            chart = self._load(name)
        except KmanifestError:
            return "corrupt"
        if chart.name != dependency.name:
            return "misnamed"
        return _version_status(dependency, chart) or "ok"

    def _undeclared_warnings(self) -> Iterator[str]:
        """Return a warning for each chart in `charts/` that is not a declared dependency."""
        declared = {dependency.name for dependency in self._chart.metadata.requirements()}
        for name in self._names():
            if self._kind(name) != "dir" and not name.endswith(".tgz"):
                continue
            shown_path = quoted(f"{self._shown_path}/charts/{name}")
            try:
                chart = self._load(name)
            except KmanifestError:
                yield f"WARNING: {shown_path} is not a chart.\n"
                continue
            if chart.name not in declared:
                yield f"WARNING: {shown_path} is not in Chart.yaml.\n"

    def _names(self) -> Sequence[str]:
        if self._tree is None or self._kind("") != "dir":
            return ()
        return self._tree.list(self._tree.resolve(self._charts))

    def _kind(self, name: str) -> str | None:
        if self._tree is None:
            return None
        try:
            return self._tree.kind(self._tree.resolve(join(self._charts, name)))
        except MissingError:
            return None

    def _load(self, name: str) -> Chart:
        assert self._tree is not None  # noqa: S101 - without a tree there are no names
        path = join(self._charts, name)
        return load_chart(self._tree, path, limits=self._limits, dialect=HELM3)


def _version_status(dependency: Dependency, chart: Chart) -> str:
    version = chart.metadata.version
    if version == dependency.version:
        return ""
    try:
        check_constraint(dependency.version)
    except KmanifestError:
        return "invalid version"
    if not is_version(version):
        return "invalid version"
    return "" if satisfies(version, dependency.version) else "wrong version"


def _format_table(rows: Sequence[Sequence[str]], max_width: int) -> str:
    columns = list(zip(*rows, strict=True))
    widths = [max(map(_display_width, column)) for column in columns]
    widths = [min(width, max_width) if max_width else width for width in widths]
    return "\n".join("\t".join(map(_pad_or_cut, row, widths)) for row in rows)


def _pad_or_cut(text: str, width: int) -> str:
    """Return a text padded to a column's width, or cut and ending in dots if it is too long."""
    text_width = _display_width(text)
    if text_width <= width:
        return text + " " * (width - text_width)
    kept, width_used = "", 0
    for char in text:
        kept += char
        if width_used + _display_width(char) >= width - 3:
            break
        width_used += _display_width(char)
    return f"{kept}..."


def _display_width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
