"""Pack a chart into a gzipped tar archive with the same files and order as Helm.

The tar content equals Helm's. The gzip bytes differ, because Go compresses differently.
Source: helm v3.22.0 pkg/chartutil/save.go, Save, writeTarContents.
"""

import io
import json
import struct
import tarfile
import zlib

from kmanifest.engines.helm.charts.archive import File
from kmanifest.engines.helm.charts.chart import Chart, base_name
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.sources.lock import dump_lock, read_lock
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, Iterator

# Helm marks its packages with this extra field and this comment.
_GZIP_EXTRA: Final = b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo="
_GZIP_COMMENT: Final = b"Helm"
_HAS_EXTRA_AND_COMMENT: Final = 0x04 | 0x10
_SECOND: Final = 1_000_000_000


def package_name(chart: Chart) -> str:
    """Return the file name of a chart's package."""
    return f"{chart.name}-{chart.metadata.version}.tgz"


def pack(chart: Chart, now: int) -> bytes:
    """Return the package of a chart. `now` is the time of its files, in nanoseconds since 1970.

    Raises SourceError if the chart is invalid.
    """
    chart.metadata.validate()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in packed_files(chart, ""):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, now // _SECOND
            archive.addfile(entry, io.BytesIO(data))
    return _gzip(buffer.getvalue())


def packed_files(chart: Chart, parent: str) -> Iterator[tuple[str, bytes]]:
    """Return the files of a package with their paths. Those of subcharts come last."""
    if base_name(chart.name) != chart.name:
        raise SourceError(f"invalid chart name {chart.name!r}")
    base = f"{parent}{chart.name}/"
    for file in _chart_files(chart):
        yield base + file.name, file.data
    for subchart in chart.subcharts:
        yield from packed_files(subchart, f"{base}charts/")


def _chart_files(chart: Chart) -> Iterator[File]:
    yield File("Chart.yaml", metadata_yaml(chart))
    lock = read_lock(chart)
    if lock is not None and chart.metadata.strings["apiVersion"] == "v2":
        yield File("Chart.lock", dump_lock(lock))
    for file in chart.raw:
        if file.name == "values.yaml":
            yield file
    if chart.schema is not None:
        _check_json(chart.schema)
        yield File("values.schema.json", chart.schema)
    yield from chart.templates
    yield from chart.files


def metadata_yaml(chart: Chart) -> bytes:
    """Return the Chart.yaml of a package.

    It has no dependencies in a chart with apiVersion v1, which has them in a separate file.
    """
    metadata = chart.metadata
    if metadata.strings["apiVersion"] == "v1":
        metadata = metadata.copy()
        metadata.dependencies = None
    return (to_yaml(metadata.object()) + "\n").encode("utf-8", "surrogateescape")


def _check_json(content: bytes) -> None:
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceError("Invalid JSON in values.schema.json") from error


def _gzip(content: bytes) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(content) + deflate.flush()
    head = struct.pack("<2sBBIBB", b"\x1f\x8b", 8, _HAS_EXTRA_AND_COMMENT, 0, 0, 255)
    extra = struct.pack("<H", len(_GZIP_EXTRA)) + _GZIP_EXTRA + _GZIP_COMMENT + b"\0"
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return head + extra + body + tail
