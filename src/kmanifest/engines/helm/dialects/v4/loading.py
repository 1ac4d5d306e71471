"""Loading of charts and value files in Helm 4."""

from kmanifest.engines.helm.charts.archive import MAX_CHART_BYTES, read_archive
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats import go_yaml
from kmanifest.engines.helm.formats.go_json import STRING, Shape, decode
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.values.layers import Table, merge_maps
from kmanifest.io.tree import Tree, join
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Final

_BASE: Final = Shape(
    "struct", "loader.chartBase", fields={"apiVersion": STRING}, struct="chartBase"
)
_RENDERED: Final = ("", "v1", "v2")
_UNRENDERED: Final = "v3"
"""A format that Helm 4 loads but can't render yet."""


def check_directory(tree: Tree, directory: str, display_path: str, limits: Limits) -> None:
    """Raise SourceError if a directory has no Chart.yaml or one of an unknown format.

    Source: pkg/chart/loader/load.go, LoadDir.
    """
    chart_file = f"{display_path}/Chart.yaml"
    try:
        path = tree.resolve(join(directory, "Chart.yaml"))
    except MissingError as error:
        raise SourceError(
            f"unable to detect chart at {chart_file}: open {chart_file}: no such file or directory"
        ) from error
    if tree.kind(path) == "dir":
        raise SourceError(
            f"unable to detect chart at {chart_file}: read {chart_file}: is a directory"
        )
    _check_version(tree.read(path, limit=MAX_CHART_BYTES), limits)


def check_archive(content: bytes, limits: Limits) -> None:
    """Raise SourceError if an archive has no Chart.yaml or one of an unknown format.

    The message does not contain problems of the archive itself. Source: load.go, LoadFile.
    """
    try:
        files = read_archive(content, max_file_bytes=MAX_CHART_BYTES)
    except LimitError:
        raise
    except KmanifestError as error:
        raise SourceError("unable to load chart archive") from error
    chart_file = next((file for file in files if file.name == "Chart.yaml"), None)
    if chart_file is None:
        raise SourceError("unable to detect chart version, no Chart.yaml found")
    _check_version(chart_file.data, limits)


def _check_version(content: bytes, limits: Limits) -> None:
    try:
        fields = decode(go_yaml.load_yaml(content, limits=limits), _BASE) or {}
    except SourceError as error:
        raise SourceError(f"cannot load Chart.yaml: {error.message}") from error
    if fields.get("apiVersion", "") not in (*_RENDERED, _UNRENDERED):
        raise SourceError("unsupported chart version")


def check_format(chart: Chart) -> None:
    """Raise SourceError for a chart format that can't be rendered yet.

    Source: pkg/action/install.go, RunWithContext.
    """
    if chart.metadata.strings["apiVersion"] == _UNRENDERED:
        raise SourceError("invalid chart apiVersion")


def with_v2_package(shape: Shape) -> Shape:
    """Return a shape with the name that its Go package has in Helm 4."""
    fields = shape.fields and {name: with_v2_package(field) for name, field in shape.fields.items()}
    item = shape.item and with_v2_package(shape.item)
    return shape._replace(type=shape.type.replace("chart.", "v2."), fields=fields, item=item)


def load_values(content: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Table:
    """Return the tables of all documents in a file, merged in order. Raises SourceError with Helm's message.

    Source: pkg/chart/v2/loader/load.go, LoadValues.
    """
    values: Table = {}
    for document in _split_documents(content):
        try:
            table = go_yaml.load_values(document, limits=limits)
        except SourceError as error:
            raise SourceError(f"cannot unmarshal yaml document: {error.message}") from error
        values = merge_maps(values, table)
    return values


def _split_documents(content: bytes) -> list[bytes]:
    """Return the documents of a file.

    Source: apimachinery v0.37 util/yaml/decoder.go, YAMLReader.
    """
    if b"---" not in content:
        return [content]
    documents: list[bytes] = []
    lines: list[bytes] = []
    for line in content.split(b"\n"):
        if not line.startswith(b"---"):
            lines.append(line.removesuffix(b"\r"))
            continue
        rest = line[3:].decode("utf-8", "surrogateescape").strip(SPACE)
        if rest and not rest.startswith("#"):
            raise SourceError(
                f"error reading yaml document: invalid Yaml document separator: {rest}"
            )
        # A separator after a document is dropped. One without a document before it is the first line of the next.
        if lines:
            documents.append(b"\n".join(lines))
        lines = [] if lines else [line]
    return [*documents, b"\n".join(lines)]
