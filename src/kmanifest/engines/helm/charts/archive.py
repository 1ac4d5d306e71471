"""Read the files of a packaged chart, a gzipped tar archive, within limits and without unpacking it to disk.

An entry's path is relative to one top directory, whose name has no meaning. Links and devices count as files without
content. Decompression stops at the limits, independent of the sizes in the headers. Nothing after the end of the
archive is read.

Source: helm v3.22.0 pkg/chart/loader/archive.go, LoadArchiveFiles; Go 1.26 archive/tar reader.go.
"""

import re
from collections.abc import Iterator

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Final, NamedTuple

MAX_CHART: Final = 100 * (1 << 20)
MAX_FILE: Final = 5 * (1 << 20)
MAX_ENTRIES: Final = 100_000
BOM: Final = b"\xef\xbb\xbf"
_BLOCK: Final = 512
_MAX_HEADER: Final = 1 << 20
_CHUNK: Final = 65_536
_GZIP_HEADER: Final = 10
_TYPES_WITHOUT_CONTENT: Final = b"123456"


class File(NamedTuple):
    """A file of a chart: its path relative to the chart's directory, and its content without a byte order mark."""

    name: str
    data: bytes


class _Entry(NamedTuple):
    """The header of one archive entry."""

    name: str
    size: int
    type_flag: bytes


def read_archive(content: bytes, *, max_file: int = MAX_FILE) -> list[File]:
    """Return the files of a packaged chart in archive order.

    Raises SourceError or LimitError with Helm's message.
    """
    files: list[File] = []
    stream = _Stream(content)
    remaining = MAX_CHART
    for entry in _read_entries(stream):
        if entry.type_flag == b"5":
            continue
        name = _path_in_chart(entry.name)
        if entry.size > remaining:
            raise _chart_too_large()
        if entry.size > max_file:
            raise LimitError(
                f"decompressed chart file {quoted(entry.name)} is larger than the maximum file size {max_file}"
            )
        remaining -= entry.size
        if remaining <= 0:
            raise _chart_too_large()
        if len(files) >= MAX_ENTRIES:
            raise LimitError(f"the chart archive has more than {MAX_ENTRIES} files")
        files.append(File(name, stream.read_padded(entry.size).removeprefix(BOM)))
    if not files:
        raise SourceError("no files in chart archive")
    return files


def is_archive(content: bytes) -> bool:
    """Return whether the content starts like a gzip file."""
    return content.startswith(b"\x1f\x8b\x08")


def _chart_too_large() -> LimitError:
    return LimitError(f"decompressed chart is larger than the maximum file size {MAX_CHART}")


def _path_in_chart(name: str) -> str:
    """Return the path of an entry relative to the chart's directory.

    Raises SourceError if the path leads out of that directory.
    """
    delimiter = "\\" if "\\" in name else "/"
    first, _, rest = name.partition(delimiter)
    path = rest.replace(delimiter, "/")
    if path.startswith("/"):
        raise SourceError("chart illegally contains absolute paths")
    path = clean_path(path)
    if path == ".":
        raise SourceError(
            f"chart illegally contains content outside the base directory: {quoted(name)}"
        )
    if path.startswith(".."):
        raise SourceError("chart illegally references parent directory")
    if re.match("[a-zA-Z]:/", path):
        raise SourceError("chart contains illegally named files")
    if first == "Chart.yaml":
        raise SourceError("chart yaml not in base directory")
    return path


def clean_path(path: str) -> str:
    """Normalize a relative path as Go's `path.Clean` does."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps) or "."


class _Stream:
    """The content of a gzip file, decompressed on demand."""

    def __init__(self, content: bytes) -> None:
        self._rest = content
        self._buffer = bytearray()
        self._decompressed_size = 0
        self._decompressor = _new_decompressor()
        if not is_archive(content):
            is_short = len(content) < _GZIP_HEADER
            problem = "unexpected EOF" if is_short else "gzip: invalid header"
            raise SourceError(problem if content else "EOF")

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or fewer at the end."""
        while len(self._buffer) < size and self._fill(size - len(self._buffer)):
            pass
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_padded(self, size: int) -> bytes:
        """Return the next `size` bytes and skip the padding of their last block."""
        data = self.read(size)
        padding = -size % _BLOCK
        if len(data) < size or len(self.read(padding)) < padding:
            raise SourceError("unexpected EOF")
        return data

    def _fill(self, size: int) -> bool:
        from zlib import error as zlib_error

        if self._decompressor.eof:
            if not self._decompressor.unused_data:
                return False
            self._rest = self._decompressor.unused_data
            self._decompressor = _new_decompressor()
        try:
            chunk = self._decompressor.decompress(self._rest, max(size, _CHUNK))
        except zlib_error:
            raise SourceError("gzip: invalid checksum or data") from None
        self._rest = self._decompressor.unconsumed_tail
        if not chunk and not self._decompressor.eof:
            raise SourceError("unexpected EOF")
        self._decompressed_size += len(chunk)
        # Headers and padding are not content. In a chart of small files they can be as large as the content.
        if self._decompressed_size > 2 * MAX_CHART:
            raise _chart_too_large()
        self._buffer += chunk
        return True


def _new_decompressor() -> Any:
    from zlib import decompressobj  # only archives need it

    return decompressobj(wbits=31)


def _read_entries(stream: _Stream) -> Iterator[_Entry]:
    """Yield the headers of an archive. After each one, the stream is at the content of the entry.

    Source: Go archive/tar, Reader.next.
    """
    long_name, records = "", dict[str, str]()
    while (block := _read_header(stream)) is not None:
        size, type_flag = _parse_number(block[124:136]), block[156:157]
        if type_flag in (b"x", b"g", b"L", b"K"):
            if size > _MAX_HEADER:
                raise LimitError("a header of the chart archive is too large")
            content = stream.read_padded(size)
            if type_flag == b"x":
                records = _parse_pax_records(content)
            elif type_flag == b"L":
                long_name = _decode_field(content)
            continue
        name = records.get("path") or long_name or _entry_name(block)
        size = int(records["size"]) if records.get("size", "").isdecimal() else size
        if type_flag in (b"0", b"\0") and name.endswith("/"):
            type_flag = b"5"
        yield _Entry(name, 0 if type_flag in _TYPES_WITHOUT_CONTENT else size, type_flag)
        long_name, records = "", {}


def _read_header(stream: _Stream) -> bytes | None:
    """Return the next header block, or None at the end."""
    block = stream.read(_BLOCK)
    if not block:
        return None
    if len(block) < _BLOCK:
        raise SourceError("unexpected EOF")
    if not any(block):
        next_block = stream.read(_BLOCK)
        if next_block and any(next_block):
            raise SourceError("archive/tar: invalid tar header")
        return None
    checksum = _parse_number(block[148:156])
    if checksum != sum(block) - sum(block[148:156]) + 8 * 32:
        raise SourceError("archive/tar: invalid tar header")
    return block


def _entry_name(block: bytes) -> str:
    name, prefix = _decode_field(block[:100]), _decode_field(block[345:500])
    is_posix = block[257:263] == b"ustar\0" and block[263:265] == b"00"
    return f"{prefix}/{name}" if is_posix and prefix else name


def _decode_field(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _parse_number(field: bytes) -> int:
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    else:
        text = field.strip(b" \0") or b"0"
        if re.fullmatch(b"[0-7]+", text) is None:
            raise SourceError("archive/tar: invalid tar header")
        value = int(text, 8)
    if value >= 1 << 63:
        raise SourceError("archive/tar: invalid tar header")
    return value


def _parse_pax_records(content: bytes) -> dict[str, str]:
    """Return the records of a pax header by key.

    Source: Go archive/tar strconv.go, parsePAXRecord.
    """
    records: dict[str, str] = {}
    while content:
        head, space, _ = content.partition(b" ")
        length = int(head) if head.isdigit() and len(head) < 8 else 0
        record = content[:length]
        if not space or length < len(head) + 3 or not record.endswith(b"\n"):
            raise SourceError("archive/tar: invalid tar header")
        key, _, value = record[len(head) + 1 : -1].partition(b"=")
        records[_decode_field(key)] = _decode_field(value)
        content = content[length:]
    return records
