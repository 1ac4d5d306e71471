"""Read the files of a packaged chart, a gzipped tar archive, within limits and without unpacking it to disk.

The files are in one top directory, whose name has no meaning: a path in the chart is that in the archive without its
first element. A link or device is a file without content. Decompression stops at the limits, whatever sizes the headers
claim. Nothing after the end of the tar archive is read.

Source: helm v3.22.0 pkg/chart/loader/archive.go, LoadArchiveFiles; Go 1.26 archive/tar reader.go, compress/gzip
gunzip.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Final, Iterator, NamedTuple

MAX_CHART_BYTES: Final = 100 << 20
MAX_FILE_BYTES: Final = 5 << 20
MAX_FILES: Final = 100_000
BOM: Final = b"\xef\xbb\xbf"
_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP_HEADER_BYTES: Final = 10
_CHUNK_BYTES: Final = 65_536
_BLOCK_BYTES: Final = 512
_MAX_META_ENTRY_BYTES: Final = 1 << 20
_MAX_META_BYTES: Final = 16 << 20
"""The limit of all headers of one archive together that describe others."""
_MAX_LENGTH_DIGITS: Final = 7
_MAX_INT64: Final = (1 << 63) - 1

# Type flags of tar entries.
_OLD_REGULAR_FILE: Final = b"\0"
_DIRECTORY: Final = b"5"
_TYPES_WITHOUT_CONTENT: Final = (b"1", b"2", b"3", b"4", _DIRECTORY, b"6")
"""Hard and symbolic links, character and block devices, directories, and pipes."""
_PAX_HEADER: Final = b"x"
_PAX_GLOBAL_HEADER: Final = b"g"
_GNU_LONG_NAME: Final = b"L"
_GNU_LONG_LINK: Final = b"K"
_META_TYPES: Final = (_PAX_HEADER, _PAX_GLOBAL_HEADER, _GNU_LONG_NAME, _GNU_LONG_LINK)
"""Entries whose content describes the next entry, or the whole archive."""

_MODE_DIRECTORY: Final = 0o040000
_MODE_PERMISSIONS: Final = 0o7777
_PAX_TEXT_KEYS: Final = (b"path", b"linkpath", b"uname", b"gname")


class File(NamedTuple):
    """A file of a chart.

    - `name`: its path relative to the chart's directory.
    - `data`: its content without a byte order mark.
    """

    name: str
    data: bytes


class _Entry(NamedTuple):
    """The header of one archive entry.

    - `name`: its path in the archive.
    - `size`: the size of its content in bytes.
    - `is_directory`: whether it is a directory.
    """

    name: str
    size: int
    is_directory: bool


def read_archive(content: bytes, *, max_file_bytes: int = MAX_FILE_BYTES) -> list[File]:
    """Return the files of a packaged chart in archive order.

    Raises SourceError or LimitError with Helm's message. Messages about corrupt data lack Go's offset. Limits that Helm
    does not have, such as `MAX_FILES`, have messages of their own.
    """
    files: list[File] = []
    stream = _Stream(content)
    remaining = MAX_CHART_BYTES
    for entry in _read_entries(stream):
        if entry.is_directory:
            stream.read_padded(entry.size)
            continue
        name = _path_in_chart(entry.name)
        if entry.size > remaining:
            raise _chart_too_large()
        if entry.size > max_file_bytes:
            raise LimitError(
                f"decompressed chart file {quoted(entry.name)} is larger than the maximum file size {max_file_bytes}"
            )
        remaining -= entry.size
        if remaining <= 0:
            # As in Helm, a chart of exactly the maximal size is too large.
            raise _chart_too_large()
        if len(files) >= MAX_FILES:
            raise LimitError(f"the chart archive has more than {MAX_FILES} files")
        files.append(File(name, stream.read_padded(entry.size).removeprefix(BOM)))
    if not files:
        raise SourceError("no files in chart archive")
    return files


def is_archive(content: bytes) -> bool:
    """Return whether the content starts like a gzip file."""
    return content.startswith(_GZIP_MAGIC)


def _chart_too_large() -> LimitError:
    return LimitError(f"decompressed chart is larger than the maximum file size {MAX_CHART_BYTES}")


def _path_in_chart(name: str) -> str:
    """Return the path of an entry relative to the chart's directory.

    Raises SourceError if the path leads out of that directory, has no directory, or is one that Helm refuses.
    """
    # As in Helm: with a backslash in the name, made on Windows, a slash is an ordinary character.
    delimiter = "\\" if "\\" in name else "/"
    top_directory, _, rest = name.partition(delimiter)
    path = rest.replace(delimiter, "/")
    if path.startswith("/"):
        raise SourceError("chart illegally contains absolute paths")
    path = clean_path(path)
    if path == ".":
        raise SourceError(
            f"chart illegally contains content outside the base directory: {quoted(name)}"
        )
    if path.startswith(".."):
        # As in Helm, also a file whose name begins with two dots.
        raise SourceError("chart illegally references parent directory")
    if path[1:3] == ":/" and path[0].isascii() and path[0].isalpha():
        raise SourceError("chart contains illegally named files")
    if top_directory == "Chart.yaml":
        # As in Helm, this is refused only as the name of the top directory: `Chart.yaml` alone is "outside" above.
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
    """The content of a gzip file, decompressed on demand.

    `_compressed` is the content that was not decompressed yet, `_buffer` the decompressed content that was not read.
    """

    def __init__(self, content: bytes) -> None:
        _check_gzip_header(content)
        self._compressed = content
        self._buffer = bytearray()
        self._decompressed_size = 0
        self._decompressor = _new_decompressor()

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or fewer at the end."""
        while len(self._buffer) < size and self._decompress_more(size - len(self._buffer)):
            pass
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_padded(self, size: int) -> bytes:
        """Return the next `size` bytes and skip the padding of their last block. Raises SourceError at the end."""
        data = self.read(size)
        padding = -size % _BLOCK_BYTES
        if len(data) < size or len(self.read(padding)) < padding:
            raise SourceError("unexpected EOF")
        return data

    def _decompress_more(self, size: int) -> bool:
        """Add at most `size` bytes, or a larger chunk, to the buffer. Return False at the end.

        A gzip file has one or more members, each compressed separately. Raises SourceError if one is corrupt or cut
        off, LimitError if the content exceeds the limit.
        """
        from zlib import error as zlib_error

        check_time()
        if self._decompressor.eof:
            following_member = self._decompressor.unused_data
            if not following_member:
                return False
            _check_gzip_header(following_member)
            self._compressed = following_member
            self._decompressor = _new_decompressor()
        try:
            chunk = self._decompressor.decompress(self._compressed, max(size, _CHUNK_BYTES))
        except zlib_error as error:
            is_checksum = "incorrect" in str(
                error
            )  # "incorrect data check" or "incorrect length check"
            problem = "gzip: invalid checksum" if is_checksum else "flate: corrupt input"
            raise SourceError(problem) from None
        self._compressed = self._decompressor.unconsumed_tail
        if not chunk and not self._decompressor.eof:
            raise SourceError("unexpected EOF")
        self._decompressed_size += len(chunk)
        # Headers and padding are not content. In a chart of small files they can be as large as the content.
        if self._decompressed_size > 2 * MAX_CHART_BYTES:
            raise _chart_too_large()
        self._buffer += chunk
        return True


def _check_gzip_header(content: bytes) -> None:
    """Raise SourceError, as Go does, if the content does not start like a gzip file."""
    if is_archive(content):
        return
    if not content:
        raise SourceError("EOF")
    raise SourceError(
        "unexpected EOF" if len(content) < _GZIP_HEADER_BYTES else "gzip: invalid header"
    )


def _new_decompressor() -> Any:
    from zlib import decompressobj  # only archives need it

    return decompressobj(wbits=31)  # gzip format


def _read_entries(stream: _Stream) -> Iterator[_Entry]:
    """Yield the headers of an archive. After each one, the stream is at the content of the entry.

    The caller must read the content before the next header. Source: Go archive/tar, Reader.next.
    """
    gnu_name, pax_records = "", dict[str, str]()
    remaining_meta_bytes = _MAX_META_BYTES
    while (block := _read_header(stream)) is not None:
        check_time()
        size, type_flag = _parse_number(block[124:136]), block[156:157]
        if type_flag in _META_TYPES:
            if size > _MAX_META_ENTRY_BYTES:
                raise LimitError("a header of the chart archive is too large")
            remaining_meta_bytes -= size
            if remaining_meta_bytes < 0:
                raise LimitError(
                    f"the headers of the chart archive have more than {_MAX_META_BYTES} bytes"
                )
            content = stream.read_padded(size)
            if type_flag == _PAX_HEADER:
                pax_records = _parse_pax_records(content)
            elif type_flag == _PAX_GLOBAL_HEADER:
                # As in Go, its records are checked but not used, and the meta entries before it have no effect.
                _parse_pax_records(content)
                gnu_name, pax_records = "", {}
            elif type_flag == _GNU_LONG_NAME:
                gnu_name = _decode_field(content)
            continue
        name = gnu_name or pax_records.get("path") or _entry_name(block)
        if pax_records.get("size"):
            size = _parse_pax_size(pax_records["size"])
        if type_flag == _OLD_REGULAR_FILE and name.endswith("/"):
            type_flag = _DIRECTORY
        mode = _parse_number(block[100:108])
        yield _Entry(
            name,
            size=0 if type_flag in _TYPES_WITHOUT_CONTENT else size,
            is_directory=type_flag == _DIRECTORY or mode & ~_MODE_PERMISSIONS == _MODE_DIRECTORY,
        )
        gnu_name, pax_records = "", {}


def _read_header(stream: _Stream) -> bytes | None:
    """Return the next header block, or None at the end of the archive: the end of the stream, or two empty blocks.

    Raises SourceError if the block is cut off or its checksum is wrong.
    """
    block = _read_block(stream)
    if not any(block):
        if any(_read_block(stream)):
            raise _invalid_header()
        return None
    checksum = _parse_number(block[148:156])
    # The checksum was calculated with blanks in its own field.
    if checksum != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        raise _invalid_header()
    return block


def _read_block(stream: _Stream) -> bytes:
    """Return the next block, empty at the end of the stream. Raises SourceError if it is cut off."""
    block = stream.read(_BLOCK_BYTES)
    if 0 < len(block) < _BLOCK_BYTES:
        raise SourceError("unexpected EOF")
    return block


def _invalid_header() -> SourceError:
    return SourceError("archive/tar: invalid tar header")


def _entry_name(block: bytes) -> str:
    """Return the path in a header. A POSIX header may have it in two fields."""
    name, prefix = _decode_field(block[:100]), _decode_field(block[345:500])
    is_posix = block[257:263] == b"ustar\0" and block[263:265] == b"00"
    return f"{prefix}/{name}" if is_posix and prefix else name


def _decode_field(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _parse_number(field: bytes) -> int:
    """Return the number in a field of a header: octal digits, or binary if the first bit is set.

    Raises SourceError if the field is neither, or the number has more than 63 bits. As in Go, blanks and NULs may
    surround the digits, and an empty field is 0.

    Source: Go archive/tar strconv.go, parseNumeric.
    """
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    else:
        digits = field.strip(b" \0") or b"0"
        if digits.strip(b"01234567"):
            raise _invalid_header()
        value = int(digits, 8)
    if value > _MAX_INT64:
        raise _invalid_header()
    return value


def _parse_pax_size(text: str) -> int:
    """Return the size in a pax record. Raises SourceError if it is not a number of at most 63 bits.

    As in Go, a plus sign and leading zeros are allowed.
    """
    import re  # for files of more than 8 GB

    match = re.fullmatch(r"\+?0*([0-9]{1,19})", text)
    if match is None or int(match[1]) > _MAX_INT64:
        raise _invalid_header()
    return int(match[1])


def _parse_pax_records(content: bytes) -> dict[str, str]:
    """Return the records of a pax header by key. A record is its length, a blank, the key, `=`, the value, a newline.

    Raises SourceError if a length does not lead to a newline, or the record lacks one of these parts. Source: Go
    archive/tar strconv.go, parsePAXRecord and validPAXRecord.
    """
    records: dict[str, str] = {}
    start = 0
    while start < len(content):
        check_time()
        space = content.find(b" ", start, start + _MAX_LENGTH_DIGITS + 1)
        head = content[start:space] if space > start else b""
        length = int(head) if head.isdigit() else 0
        record = content[start : start + length]
        if length < len(head) + 3 or not record.endswith(b"\n"):
            raise _invalid_header()
        key, equals, value = record[len(head) + 1 : -1].partition(b"=")
        if not key or not equals or b"\0" in (value if key in _PAX_TEXT_KEYS else key):
            raise _invalid_header()
        records[_decode_field(key)] = _decode_field(value)
        start += length
    return records
