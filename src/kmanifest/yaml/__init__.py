"""YAML as kustomize reads and prints it: the values of go-yaml, the bytes of sigs.k8s.io/yaml.

`load_documents` reads resource files, `load_values` kustomization and values files. `dump` prints one
document, a `Dumper` many documents of one build. `find_position` returns the line and column of a field, for
errors.

Two backends do this alike: `python`, which is always available, and the compiled `native`.
`kmanifest.backend` chooses.
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
