"""Write `charts/` and the lock file of a chart: first completely to temporary files, then renamed.

Source: helm v3.22.0 pkg/downloader/manager.go, downloadAll, safeMoveDeps, writeLock.
"""

import os
import stat
from collections.abc import Callable, Collection, Mapping

from kmanifest.cli.helm.inputs import LIMITS
from kmanifest.cli.output import NEW_FILE, OutputError, replace_file
from kmanifest.engines.helm.charts.loader import load_archive, load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.lock import LOCK_NAMES
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError, SourceError


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
    charts = os.path.join(path, "charts")
    try:
        os.makedirs(charts, mode=0o755, exist_ok=True)
        existing = sorted(os.listdir(charts))
        _write_packages(path, charts, packages)
    except OSError as error:
        raise OutputError(f"can't write into {charts}: {error.strerror or error}") from error
    print_line("Deleting outdated charts")
    for name in existing:
        if name not in packages:
            _delete_outdated(charts, name, kept_names, print_line)


def _write_packages(path: str, charts: str, packages: Mapping[str, bytes]) -> None:
    temporary = os.path.join(path, f"tmpcharts-{os.urandom(8).hex()}")
    os.mkdir(temporary)
    try:
        for name, content in packages.items():
            with open(os.open(os.path.join(temporary, name), NEW_FILE, 0o644), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for name in packages:
            os.replace(os.path.join(temporary, name), os.path.join(charts, name))
    finally:
        from shutil import rmtree

        rmtree(temporary, ignore_errors=True)


def _delete_outdated(
    charts: str, name: str, kept_names: Collection[str], print_line: Callable[[str], None]
) -> None:
    package_path = os.path.join(charts, name)
    if not stat.S_ISREG(os.lstat(package_path).st_mode):
        return
    try:
        chart = load_chart(
            DiskTree(charts), name, limits=LIMITS, display_path=package_path, dialect=HELM3
        )
    except KmanifestError as error:
        print_line(f"Could not verify {package_path} for deletion: {error.message} (Skipping)")
        return
    if chart.name in kept_names:
        return
    try:
        os.unlink(package_path)
    except OSError as error:
        print_line(f"Could not delete {package_path}: {error.strerror} (Skipping)")
