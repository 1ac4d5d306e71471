"""The files that unpacking a packaged chart makes. Source: helm v3.22.0 pkg/chartutil/expand.go, Expand."""

from kmanifest.engines.helm.charts.archive import read_archive
from kmanifest.engines.helm.charts.chart import METADATA, base_name
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.errors import SourceError


def unpack(content: bytes) -> tuple[str, dict[str, bytes], list[str]]:
    """The chart's name, its files by their paths, and the directories of them, those above first.

    SourceError where the package is none, or would not fit into one directory: no path of it leads out, and links
    are files without content.
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
        raise SourceError("the package has a file whose name holds a NUL")
    return name, files, sorted(directories)
