"""The backend in pure Python, on PyYAML's binding of libyaml: the reference of the other one, and the one without it."""

from collections.abc import Sequence

from kmanifest.yaml.dumper import Dumper, dump
from kmanifest.yaml.load import ScalarCache, load_documents, load_values

__all__ = ["Dumper", "ScalarCache", "dump", "find_position", "load_documents", "load_values"]


def find_position(data: bytes, field: Sequence[str | int], *, document: int = 0) -> tuple[int, int]:
    """Line and column, from 1, of the key or the list item at `field`, or of its nearest ancestor that there is.

    `document` is the index that `load_documents` gives it. The result is (0, 0) where `data` does not parse.
    """
    from kmanifest.yaml import positions  # brings the parser, and only an error needs it

    return positions.find_position(data, field, document=document)
