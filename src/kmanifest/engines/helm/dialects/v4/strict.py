"""Find content that a strict decoder refuses: duplicate keys, and fields that a struct does not have.

Source: sigs.k8s.io/yaml v1.6.0 yaml.go, UnmarshalStrict; go.yaml.in/yaml/v2 v2.4.4 decode.go, setMapIndex; Go 1.26
encoding/json.
"""

import yaml as pyyaml

from kmanifest.engines.helm.formats.go_json import Shape
from kmanifest.engines.helm.formats.go_yaml_decoder import go_literal
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.startup.typing import Any, Iterator
from kmanifest.yaml.resolve import resolve_v2


def strict_problem(content: bytes, raw: Any, shape: Shape) -> str:
    """Return the error of a strict decoder for a file; empty if there is none.

    `raw` is the content as data, which already fits the shape.
    """
    if duplicates := _duplicate_keys(content):
        lines = "\n  ".join(duplicates)
        return f"error converting YAML to JSON: yaml: unmarshal errors:\n  {lines}"
    unknown = next(_unknown_fields(raw, shape), None)
    if unknown is None:
        return ""
    return f"error unmarshaling JSON: while decoding JSON: json: unknown field {quoted(unknown)}"


def _duplicate_keys(content: bytes) -> list[str]:
    try:
        return list(
            _find_duplicates(next(pyyaml.compose_all(content, Loader=pyyaml.CBaseLoader), None))
        )
    except pyyaml.YAMLError:
        return []


def _find_duplicates(node: Any) -> Iterator[str]:
    """Yield a message for each duplicate key of a mapping, after those in its value. The line is that of the value."""
    if isinstance(node, pyyaml.SequenceNode):
        for item in node.value:
            yield from _find_duplicates(item)
    elif isinstance(node, pyyaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            yield from _find_duplicates(value)
            literal = go_literal(key.value if key.style else resolve_v2(key.value))
            if literal in seen:
                yield f"line {value.start_mark.line + 1}: key {literal} already set in map"
            seen.add(literal)


def _unknown_fields(value: Any, shape: Shape) -> Iterator[str]:
    """Yield the names of fields that a struct does not have, in JSON's order."""
    if shape.kind == "list" and isinstance(value, list) and shape.item is not None:
        for item in value:
            yield from _unknown_fields(item, shape.item)
    elif shape.kind == "struct" and isinstance(value, dict):
        fields = {name.casefold(): field for name, field in (shape.fields or {}).items()}
        for key in sorted(value):
            field = fields.get(key.casefold())
            if field is None:
                yield key
            else:
                yield from _unknown_fields(value[key], field)
