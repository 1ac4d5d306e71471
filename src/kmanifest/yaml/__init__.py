"""YAML as kustomize reads and prints it: the values of go-yaml, the bytes of sigs.k8s.io/yaml.

`load_documents` reads resource files, `load_values` kustomization and values files; `dump` prints one document,
`Dumper` many of one build; `find_position` tells where a field stands in a file, for errors.

Two backends do this alike: `python`, which is always there, and `native`, the compiled one; `backend` chooses.
"""

from kmanifest.backend import BACKEND
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING or BACKEND == "python":
    from kmanifest.yaml.python import (
        Dumper,
        ScalarCache,
        dump,
        find_position,
        load_documents,
        load_values,
    )
else:
    from kmanifest.yaml.native import (
        Dumper,
        ScalarCache,
        dump,
        find_position,
        load_documents,
        load_values,
    )

__all__ = [
    "BACKEND",
    "Dumper",
    "ScalarCache",
    "dump",
    "find_position",
    "load_documents",
    "load_values",
]
