"""Unpack a packaged chart into files in memory. Source: helm v3.22.0 pkg/chartutil/expand.go, Expand."""

from kmanifest.engines.helm.charts.archive import read_archive
from kmanifest.engines.helm.charts.chart import METADATA, base_name
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.errors import SourceError


def unpack(content: bytes) -> tuple[str, dict[str, bytes], list[str]]:
    """Return the chart's name, its files by path, and their directories, parents first.

    No path leaves the chart's directory. Links become files without content. Raises SourceError if the package is
    invalid or its name or paths are not allowed.
    """
    files = {file.name: file.data for file in read_archive(content)}
    if "Chart.yaml" not in files:
        raise SourceError("chart name not specified")
    name = (decode(load_yaml(files["Chart.yaml"]), METADATA) or {}).get("name", "")
    if not name:
        raise SourceError("chart name not specified")
    if name in (".", ".."):
        raise SourceError(f"chart name {quoted(name)} is not allowed")
    if name != base_name(name) or "\\" in name or "\0" in name:
        raise SourceError(f"chart name {quoted(name)} must not contain path separators")
    directories: set[str] = set()
    for path in files:
        parent = path.rpartition("/")[0]
        while parent:
            directories.add(parent)
            parent = parent.rpartition("/")[0]
    conflicts = directories & files.keys()
    if conflicts:
        raise SourceError(f"{min(conflicts)} is a file and a directory in the package")
    if any("\0" in path for path in files):
        raise SourceError("the package has a file whose name contains a NUL")
    return name, files, sorted(directories)
