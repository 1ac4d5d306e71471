"""The pure-Python backend, with PyYAML's binding of libyaml. It is always available.

It defines the behaviour of the compiled backend.
"""

from kmanifest.startup.typing import Sequence
from kmanifest.yaml.dumper import Dumper, dump
from kmanifest.yaml.load import ScalarCache, load_documents, load_values

__all__ = ["Dumper", "ScalarCache", "dump", "find_position", "load_documents", "load_values"]


def find_position(data: bytes, field: Sequence[str | int], *, document: int = 0) -> tuple[int, int]:
    """Line and column, counted from 1, of the key or list item at `field`, or of its nearest existing ancestor.

    `document` is its index in the result of `load_documents`. The result is (0, 0) if `data` does not parse.
    """
    from kmanifest.yaml import positions  # imports the parser, which only errors need

    return positions.find_position(data, field, document=document)
