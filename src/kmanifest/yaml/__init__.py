"""YAML as kustomize reads and prints it: the values of go-yaml, the bytes of sigs.k8s.io/yaml.

`load_documents` reads resource files, `load_values` kustomization and values files; `dump` prints one document,
`Dumper` many of one build. Where a field stands in a file, `positions.find_position` tells, for errors.
"""

from kmanifest.yaml.dump import Dumper, dump
from kmanifest.yaml.load import load_documents, load_values

__all__ = ["Dumper", "dump", "load_documents", "load_values"]
