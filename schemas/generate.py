"""Writes `tables.py`, `names.py` and `scope.py` in `src/kmanifest/schema` from the upstream files beside this one.

Run from anywhere: `python schemas/generate.py`; with `--check`, writes nothing and fails where the files would change.
The grammar of a line of `tables.DEFINITIONS` is told in that file's docstring, which this script writes.
"""

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "src" / "kmanifest" / "schema"
BUNDLE = HERE / "kubernetes-openapi-v1.21.2.json.gz"
KUSTOMIZATION = HERE / "kustomization-openapi.json"
NAMESPACED = HERE / "namespaced.json"
REFERENCE = "#/definitions/"

TABLES_HEAD = '''"""What of Kubernetes' OpenAPI v1.21.2 decides how a strategic merge patch is applied. Generated: do not edit.

Made by `schemas/generate.py` from kyaml v0.21.2 openapi/kubernetesapi/data and openapi/kustomizationapi (Apache-2.0).

`TYPES` leads from `apiVersion kind` to a place in `DEFINITIONS`. A definition is one line of fields, `name` or
`name=type`; the name `*` stands for all others (additionalProperties). A type is a place in `DEFINITIONS`, or `[` and the
type of a list's elements, or `{` and the type of a mapping's values, or nothing: known, with nothing in it.
`!strategy` or `!strategy!key,key` at the end of a field is its patch strategy with its merge keys.
"""

from kmanifest.startup.typing import Final

'''

NAMES_HEAD = '''"""The names of the definitions in `tables.DEFINITIONS`. Generated: do not edit.

Made by `schemas/generate.py` from the same files as `tables`. Only references from other documents need them.
"""

from kmanifest.startup.typing import Final

'''

SCOPE_HEAD = '''"""Which built-in types live in a namespace and which do not. Generated: do not edit.

Made by `schemas/generate.py` from kyaml v0.21.2 openapi/openapi.go, precomputedIsNamespaceScoped (Apache-2.0).
A type that stands in neither table is not known; it then counts as one that lives in a namespace.
"""

from kmanifest.startup.typing import Final

'''


def main() -> int:
    """Writes the modules, or says with `--check` whether they are up to date."""
    wanted = {
        TARGET / "tables.py": tables_text(),
        TARGET / "names.py": names_text(),
        TARGET / "scope.py": scope_text(),
    }
    if "--check" in sys.argv[1:]:
        stale = [
            path.name
            for path, text in wanted.items()
            if not path.exists() or path.read_text("utf-8") != text
        ]
        print(f"stale: {', '.join(stale)}" if stale else "up to date")
        return int(bool(stale))
    for path, text in wanted.items():
        path.write_text(text, "utf-8")
        print(f"{path.name}: {len(text)} bytes")
    return 0


def tables_text() -> str:
    """The text of `tables.py`."""
    definitions, types = load()
    order = reachable(definitions, sorted(set(types.values())))
    place = {name: number for number, name in enumerate(order)}
    lines = [definition_line(definitions[name], place) for name in order]
    parts = [
        TABLES_HEAD,
        "DEFINITIONS: Final = (\n",
        *(f'    "{line}",\n' for line in lines),
        ")\n\n",
    ]
    parts += [
        "TYPES: Final = {\n",
        *(f'    "{key}": {place[types[key]]},\n' for key in sorted(types)),
        "}\n",
    ]
    return "".join(parts)


def names_text() -> str:
    """The text of `names.py`."""
    definitions, types = load()
    order = reachable(definitions, sorted(set(types.values())))
    rows = (f'    "{name}": {number},\n' for number, name in enumerate(order))
    return "".join([NAMES_HEAD, "NAMES: Final = {\n", *rows, "}\n"])


def scope_text() -> str:
    """The text of `scope.py`."""
    namespaced: dict[str, bool] = json.loads(NAMESPACED.read_text("utf-8"))
    parts = [SCOPE_HEAD]
    for name, wanted in (("CLUSTER_SCOPED", False), ("NAMESPACED", True)):
        keys = sorted(key for key, value in namespaced.items() if value is wanted)
        rows = (f'        "{key}",\n' for key in keys)
        parts += [f"{name}: Final = frozenset(\n    (\n", *rows, "    )\n)\n"]
    return "".join(parts)


def load() -> tuple[dict[str, Any], dict[str, str]]:
    """All definitions by name, and the name of the one for each `apiVersion kind`; later files win, as upstream."""
    bundle = json.loads(gzip.decompress(BUNDLE.read_bytes()))
    kustomization = json.loads(KUSTOMIZATION.read_text("utf-8"))
    definitions = {**bundle["definitions"], **kustomization["definitions"]}
    types: dict[str, str] = {}
    for source in (bundle, kustomization):
        for name, definition in source["definitions"].items():
            for key in type_keys(definition):
                types[key] = name
    return definitions, types


def type_keys(definition: dict[str, Any]) -> Iterator[str]:
    """`apiVersion kind` of each type that this definition is the schema of."""
    for entry in definition.get("x-kubernetes-group-version-kind", ()):
        group = f"{entry['group']}/" if entry.get("group") else ""
        yield f"{group}{entry['version']} {entry['kind']}"


def reachable(definitions: dict[str, Any], roots: Iterable[str]) -> list[str]:
    """The names of all definitions that the roots lead to, the roots first."""
    order = list(roots)
    seen = set(order)
    for name in order:
        for target in references(definitions[name]):
            if target not in seen:
                seen.add(target)
                order.append(target)
    return order


def references(node: dict[str, Any]) -> Iterator[str]:
    """The definitions that a schema names, in the order of its fields."""
    if "$ref" in node:
        yield node["$ref"].removeprefix(REFERENCE)
        return
    below = [
        node.get("items"),
        node.get("additionalProperties"),
        *node.get("properties", {}).values(),
    ]
    for child in below:
        if isinstance(child, dict):
            yield from references(child)


def definition_line(definition: dict[str, Any], place: dict[str, int]) -> str:
    """One definition in the grammar of `DEFINITIONS`."""
    if "$ref" in definition or definition.get("type") == "array":
        raise SystemExit(
            "a definition that is no mapping and no scalar: the grammar has no word for it"
        )
    fields = dict(sorted(definition.get("properties", {}).items()))
    others = definition.get("additionalProperties")
    if isinstance(others, dict):
        fields["*"] = others
    return " ".join(field_text(name, node, place) for name, node in fields.items())


def field_text(name: str, node: dict[str, Any], place: dict[str, int]) -> str:
    """One field in the grammar of `DEFINITIONS`; beside a `$ref` nothing else counts."""
    kind = type_text(node, place)
    text = f"{name}={kind}" if kind else name
    strategy = "" if "$ref" in node else node.get("x-kubernetes-patch-strategy", "")
    if not strategy:
        return text
    single = node.get("x-kubernetes-patch-merge-key")
    keys = node.get("x-kubernetes-list-map-keys") or ([single] if single else [])
    return f"{text}!{strategy}!{','.join(keys)}" if keys else f"{text}!{strategy}"


def type_text(node: dict[str, Any], place: dict[str, int]) -> str:
    """The type of a field in the grammar of `DEFINITIONS`."""
    if "$ref" in node:
        return str(place[node["$ref"].removeprefix(REFERENCE)])
    if "properties" in node:
        raise SystemExit(
            "a field with fields of its own and no name: the grammar has no word for it"
        )
    if node.get("type") == "array" and "items" in node:
        return "[" + type_text(node["items"], place)
    if isinstance(node.get("additionalProperties"), dict):
        return "{" + type_text(node["additionalProperties"], place)
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
