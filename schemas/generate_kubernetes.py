"""Write `src/kmanifest/validation/data/definitions.zlib`: the types of Kubernetes 1.25 and later, for `kmanifest validate`.

    python schemas/generate_kubernetes.py SCHEMAS OPENAPI API [--check]

SCHEMAS: the directory `kubernetes-json-schema` of an installed `kubernetes-validate`. OPENAPI: the file
`pkg/generated/openapi/zz_generated.openapi.go` of k8s.io/kubernetes, from which enums and defaults are taken, as the published
definitions have none. API: the directory of the module k8s.io/api, whose Go types show which of these fields are pointers.
`kmanifest.validation.packing` defines the format.
"""

import re
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src/kmanifest/validation/data/definitions.zlib"
sys.path.insert(0, str(ROOT / "src"))

from kmanifest.validation.packing import Facts, FieldFacts, pack_versions, read_bundle  # noqa: E402

FUNCTION = re.compile(r"^func schema_(\w+)\(ref common", re.MULTILINE)
PROPERTY = re.compile(r'^\t{5}"([^"]+)": \{$', re.MULTILINE)
ENUM = re.compile(r"^\t+Enum: +\[\]interface\{\}\{(.*)\},$", re.MULTILINE)
DEFAULT = re.compile(
    r'^\t{7}Default: +("[^"]+"|[1-9]\d*|true|map\[string\]interface\{\}\{\}),$', re.MULTILINE
)
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
POINTER = re.compile(r'^\t\w+ +\*[\w.]+ +`json:"(\w+)', re.MULTILINE)
PACKAGES = (
    ("k8sio_api_", "io.k8s.api."),
    ("pkg_apis_meta_", "io.k8s.apimachinery.pkg.apis.meta."),
    ("pkg_apis_apiextensions_", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions."),
    ("pkg_apis_apiregistration_", "io.k8s.kube-aggregator.pkg.apis.apiregistration."),
)


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` report whether it is up to date."""
    schemas, openapi, api = (Path(argument) for argument in arguments[:3])
    enums = read_facts(openapi.read_text("utf-8"), read_pointers(api))
    text = pack_versions(
        {version: read_bundle(path.read_bytes()) for version, path in bundles(schemas)}, enums
    )
    data = zlib.compress(text.encode(), 9)
    if "--check" in arguments:
        stale = not TARGET.exists() or zlib.decompress(TARGET.read_bytes()) != text.encode()
        print("stale: definitions.zlib" if stale else "up to date")
        return int(stale)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(data)
    print(f"{len(enums)} fields with an enum or a default; {len(text)} bytes, {len(data)} packed")
    return 0


def bundles(schemas: Path) -> list[tuple[tuple[int, int], Path]]:
    """Return the versions of Kubernetes with the file of their definitions, oldest first."""
    found = []
    for path in schemas.glob("v*-local-strict/_definitions.json"):
        major, minor = path.parent.name[1:].split(".")[:2]
        found.append(((int(major), int(minor)), path))
    return sorted(found)


def read_pointers(api: Path) -> set[tuple[str, str]]:
    """Return the fields of Go's types that are pointers, by the names of definition and field."""
    found = set()
    for path in api.glob("*/v*/types.go"):
        package = f"io.k8s.api.{path.parent.parent.name}.{path.parent.name}"
        for name, body in STRUCT.findall(path.read_text("utf-8")):
            found.update((f"{package}.{name}", field) for field in POINTER.findall(body))
    return found


def read_facts(text: str, pointers: set[tuple[str, str]]) -> Facts:
    """Return what the published definitions lack, by the names of definition and field."""
    facts: Facts = {}
    for function, body in parts(FUNCTION, text):
        name = definition_name(function)
        for field, part in parts(PROPERTY, body):
            enum, default = ENUM.search(part), DEFAULT.search(part)
            if name and (enum or default):
                values = tuple(re.findall(r'"([^"]*)"', enum[1])) if enum else ()
                value = default[1].replace("map[string]interface{}", "") if default else ""
                facts[name, field] = FieldFacts(values, value, (name, field) in pointers)
    return facts


def parts(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """Return the group of each match with the text up to the next match."""
    matches = list(pattern.finditer(text))
    ends = [*(match.start() for match in matches[1:]), len(text)]
    return [(match[1], text[match.end() : end]) for match, end in zip(matches, ends, strict=False)]


def definition_name(function: str) -> str:
    """Return the name of the definition that a function returns, or an empty string for one that no API serves."""
    for prefix, package in PACKAGES:
        if function.startswith(prefix):
            return package + function.removeprefix(prefix).replace("_", ".")
    return ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
