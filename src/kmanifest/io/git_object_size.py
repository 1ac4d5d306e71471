"""The size of an object of a local git repository, read from its header, before anything is decompressed.

A loose object begins with its type and size. An object in a pack has its size in front, and a delta has the size of
its result at its start. Objects that a delta is based on are decompressed as well, so they count too.
Source: git's Documentation/gitformat-pack.txt, and gitrepository-layout.txt for loose objects.
"""

import os
import zlib

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final

_LONGEST_HEADER: Final = 64
_OFFSET_DELTA: Final = 6
_REFERENCE_DELTA: Final = 7
_MAX_CHAIN: Final = 10_000
"""git itself makes chains of 50, at most 4,095."""


def largest_size(store: Any, object_id: bytes) -> int:
    """Return the size in bytes of an object, or of the largest object that it is a delta of.

    Raises KeyError if there is no such object, SourceError if its header is invalid.
    """
    largest = 0
    for _ in range(_MAX_CHAIN):
        loose_path = os.path.join(store.path, object_id[:2].decode(), object_id[2:].decode())
        try:
            return max(largest, _loose_size(loose_path))
        except FileNotFoundError:
            pass
        path, offset = _find_in_packs(store, object_id)
        size, base = _chain_in_pack(path, offset)
        largest = max(largest, size)
        if base is None:
            return largest
        object_id = base
    raise SourceError("a git object is a delta of too many others")


def _loose_size(path: str) -> int:
    with open(path, "rb") as stream:
        header = zlib.decompressobj().decompress(stream.read(1024), _LONGEST_HEADER)
    _, _, size = header.partition(b"\0")[0].partition(b" ")
    return int(size)


def _find_in_packs(store: Any, object_id: bytes) -> tuple[str, int]:
    for pack in store.packs:
        try:
            offset = pack.index.object_offset(object_id)
        except KeyError:
            continue
        return f"{os.fspath(pack._basename)}.pack", offset
    raise KeyError(object_id)


def _chain_in_pack(path: str, offset: int) -> tuple[int, bytes | None]:
    """Return the largest size in the chain of deltas at an offset, and the id of a base outside this chain."""
    largest = 0
    with open(path, "rb") as stream:
        for _ in range(_MAX_CHAIN):
            stream.seek(offset)
            data = stream.read(4096)
            kind, size, position = _read_head(data)
            if kind == _OFFSET_DELTA:
                distance, position = _read_offset(data, position)
                largest = max(largest, size, _delta_result_size(data[position:]))
                offset -= distance
            elif kind == _REFERENCE_DELTA:
                base = data[position : position + 20].hex().encode()
                return max(largest, size, _delta_result_size(data[position + 20 :])), base
            else:
                return max(largest, size), None
    raise SourceError("a git object is a delta of too many others")


def _read_head(data: bytes) -> tuple[int, int, int]:
    """Return the type, the size, and the position behind both."""
    kind, size, shift, position = (data[0] >> 4) & 7, data[0] & 15, 4, 1
    while data[position - 1] & 0x80:
        size |= (data[position] & 0x7F) << shift
        shift += 7
        position += 1
    return kind, size, position


def _read_offset(data: bytes, position: int) -> tuple[int, int]:
    """Return how far back the base of a delta is, and the position behind that number."""
    distance = data[position] & 0x7F
    while data[position] & 0x80:
        position += 1
        distance = ((distance + 1) << 7) | (data[position] & 0x7F)
    return distance, position + 1


def _delta_result_size(compressed: bytes) -> int:
    head = zlib.decompressobj().decompress(compressed, 20)
    sizes, position = [], 0
    for _ in range(2):
        size = shift = 0
        while True:
            byte = head[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        sizes.append(size)
    return max(sizes)
