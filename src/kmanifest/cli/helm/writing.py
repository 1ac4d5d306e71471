"""Write `charts/` and the lock file of a chart: first completely to temporary files, then renamed.

Source: helm v3.22.0 pkg/downloader/manager.go, downloadAll, safeMoveDeps, writeLock.
"""

import os

from kmanifest.cli.helm.inputs import LIMITS
from kmanifest.cli.output import OutputError, replace_file
from kmanifest.cli.writer import OutputDirectory, replace_files
from kmanifest.engines.helm.charts.loader import load_archive, load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.lock import LOCK_NAMES
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.startup.typing import Callable, Collection, Mapping


def check_targets(path: str) -> None:
    """Raise SourceError if `charts` or a lock file is a link, or if `charts` is not a directory."""
    for name in ("charts", *LOCK_NAMES):
        target = os.path.join(path, name)
        if os.path.islink(target):
            raise SourceError(f"the {name} file is a symlink to {quoted(os.readlink(target))}")
    charts = os.path.join(path, "charts")
    if os.path.lexists(charts) and not os.path.isdir(charts):
        raise SourceError(f"{quoted(charts)} is not a directory")


def write_lock(path: str, name: str, content: bytes) -> None:
    """Write the lock file of the chart in the directory `path`."""
    check_targets(path)
    replace_file(os.path.join(path, name), content)


def write_charts(
    path: str,
    packages: Mapping[str, bytes],
    kept_names: Collection[str],
    print_line: Callable[[str], None],
) -> None:
    """Write packages into `charts/`, and remove packages of charts that are no longer dependencies.

    Raises SourceError before anything is changed if a package is not a chart. Packages of charts in `kept_names` stay.
    """
    for name, content in packages.items():
        try:
            load_archive(content, limits=LIMITS, dialect=HELM3)
        except KmanifestError as error:
            raise type(error)(f"{name} is not a chart: {error.message}") from error
    charts_path = os.path.join(path, "charts")
    try:
        with OutputDirectory.open(path) as chart:
            chart.make("charts", 0o755)
            with chart.enter("charts") as charts:
                existing = sorted(os.listdir(charts_path))
                replace_files(charts, ((name, [content]) for name, content in packages.items()))
                print_line("Deleting outdated charts")
                for name in existing:
                    if name not in packages:
                        _delete_outdated(charts, name, kept_names, print_line)
    except OSError as error:
        raise OutputError(f"can't write into {charts_path}: {error.strerror or error}") from error


def _delete_outdated(
    charts: OutputDirectory,
    name: str,
    kept_names: Collection[str],
    print_line: Callable[[str], None],
) -> None:
    package_path = os.path.join(charts.path, name)
    content = charts.read(name)
    if content is None:
        return
    try:
        chart = load_chart(
            MemoryTree({name: content}),
            name,
            limits=LIMITS,
            display_path=package_path,
            dialect=HELM3,
        )
    except KmanifestError as error:
        print_line(f"Could not verify {package_path} for deletion: {error.message} (Skipping)")
        return
    if chart.name in kept_names:
        return
    try:
        charts.remove(name)
    except OSError as error:
        print_line(f"Could not delete {package_path}: {error.strerror} (Skipping)")
