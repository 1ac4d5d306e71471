"""YAML as kustomize reads and prints it: the values of go-yaml, the bytes of sigs.k8s.io/yaml.

`load_documents` reads resource files, `load_values` kustomization and values files; `dump` prints one document,
`Dumper` many of one build; `find_position` tells where a field stands in a file, for errors.

There are two rooms that do this alike: `python`, which is always there, and `native`, the compiled one; `rooms` says which.
"""

from kmanifest.backend import ROOM
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING or ROOM == "python":
    from kmanifest.yaml.python import (
        Dumper,
        Words,
        dump,
        find_position,
        load_documents,
        load_values,
    )
else:
    from kmanifest.yaml.native import (
        Dumper,
        Words,
        dump,
        find_position,
        load_documents,
        load_values,
    )

__all__ = [
    "ROOM",
    "Dumper",
    "Words",
    "dump",
    "find_position",
    "load_documents",
    "load_values",
]
