"""Definitions of newer versions of Kubernetes, from an installed `kubernetes-validate`."""

from importlib.util import find_spec
from pathlib import Path

from kmanifest.validation.definitions import Definitions
from kmanifest.validation.packing import Facts, FieldFacts, Version, pack_versions, read_bundle


def load_installed(version: Version, known: Definitions) -> str | None:
    """Return the packed definitions of a version, or None if they are not installed.

    Enums and defaults are those of the newest known version, as far as the fields exist there.
    """
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        return None
    schemas = Path(spec.origin).parent / "kubernetes-json-schema"
    path = schemas / f"v{version[0]}.{version[1]}.0-local-strict" / "_definitions.json"
    if not path.is_file():
        return None
    return pack_versions({version: read_bundle(path.read_bytes())}, _facts(known))


def _facts(known: Definitions) -> Facts:
    return {
        (known.name(index), name): FieldFacts(field.enum, field.default, field.type[-1] == "p")
        for index in known.indexes()
        for name, field in known.definition(index).fields.items()
        if field.enum or field.default
    }
