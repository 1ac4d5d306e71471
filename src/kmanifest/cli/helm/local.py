"""The local charts that a chart can have as dependencies.

Helm accepts a `file://` dependency anywhere. Here it has to be in the project: the git repository of the chart, else the
current directory if it contains the chart, else the parent directory of the chart. `--allow-local` adds directories.
Source: helm v3.22.0 internal/resolver/resolver.go, GetLocalPath.
"""

import os
from collections.abc import Sequence

from kmanifest.cli.helm.inputs import LIMITS, open_chart, print_warning
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.model.url_masking import mask_url


class DiskCharts:
    """The local dependencies of the chart in the directory `path`.

    They have to be in the project of the chart or in one of the `allowed` directories.
    """

    def __init__(self, path: str, allowed: Sequence[str]) -> None:
        self._path = path
        self._allowed = [find_project(path), *map(os.path.realpath, allowed)]
        self._loaded: dict[str, Chart] = {}

    def at(self, repository: str) -> Chart:
        """Load the chart at a `file://` URL.

        Raises MissingError if there is none, SourceError if it is not allowed.
        """
        name = repository.removeprefix("file://")
        shown_path = os.path.normpath(os.path.join(self._path, name))
        if "\0" in name or not os.path.exists(shown_path):
            raise MissingError(f"directory {shown_path} not found")
        resolved = os.path.realpath(shown_path)
        if not any(is_inside(resolved, directory) for directory in self._allowed):
            raise SourceError(
                f"{mask_url(repository)} is outside the project {self._allowed[0]} (allow it with --allow-local DIR)"
            )
        if not os.path.isdir(resolved):
            raise SourceError(f"{shown_path} is not a directory")
        if resolved not in self._loaded:
            self._loaded[resolved] = open_chart(shown_path, follows_links=False, dialect=HELM3)
        return self._loaded[resolved]

    def vendored_chart(self, name: str) -> Chart:
        """Load the chart in `charts/NAME`."""
        if not os.path.exists(os.path.join(self._path, "charts", name)):
            raise MissingError(f"directory {os.path.join(self._path, 'charts', name)} not found")
        shown_path = os.path.join(self._path, "charts", name)
        return load_chart(
            DiskTree(self._path),
            f"charts/{name}",
            limits=LIMITS,
            warn=print_warning,
            display_path=shown_path,
            dialect=HELM3,
        )


def find_project(path: str) -> str:
    """The directory of the project that contains the chart at `path`."""
    chart = os.path.realpath(path)
    directory = chart
    while os.path.dirname(directory) != directory:
        if os.path.exists(os.path.join(directory, ".git")):
            return directory
        directory = os.path.dirname(directory)
    current = os.path.realpath(".")
    if is_inside(chart, current) and chart != current:
        return current
    return os.path.dirname(chart)


def is_inside(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or below it. Both are resolved."""
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
