"""The functions of `std` that parse JSON and YAML to plain values.

Source: go-jsonnet v0.22.0 builtins.go and yaml.go.
"""

import json

from kmanifest.engines.jsonnet.manifests import ManifestError, shortest_number
from kmanifest.engines.jsonnet.printing import type_name
from kmanifest.startup.typing import Any


def parse_json(text: Any) -> Any:
    """Return what `std.parseJson` reads: as Go's encoding/json, where the last one of repeated keys counts."""
    try:
        return json.loads(_string(text), parse_constant=_refuse_constant)
    except ValueError as error:
        raise ManifestError(f"failed to parse JSON: {error}") from error
    except RecursionError:
        raise ManifestError("failed to parse JSON: exceeded max depth") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"invalid character {name!r}")


def _string(text: Any) -> str:
    if not isinstance(text, str):
        raise ManifestError(f"Unexpected type {type_name(text)}, expected string")
    return text


def parse_yaml(text: Any) -> Any:
    """Return what `std.parseYaml` reads: a value, or a list if the text has a document marker."""
    documents = yaml_documents(_string(text))
    values = [_load_yaml(document) for document in documents]
    if not values:
        return None
    is_stream = any(_is_marker(line) for line in text.split("\n"))
    return values if is_stream else values[0]


def yaml_documents(text: str) -> list[str]:
    """Return the documents of a text. A document keeps the marker at its start."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    documents: list[list[str]] = [[]]
    for line in lines:
        if _is_marker(line) and documents[-1]:
            documents.append([])
        documents[-1].append(line.removesuffix("\r"))
    return ["\n".join(document) + "\n" for document in documents if document]


def _is_marker(line: str) -> bool:
    return line.startswith("---") and line[3:4] in ("", " ", "\t", "\r")


def _load_yaml(text: str) -> Any:
    from kmanifest import yaml  # few programs parse YAML
    from kmanifest.model.errors import KmanifestError
    from kmanifest.model.limits import DEFAULT_LIMITS

    try:
        return plain(yaml.load_values(text.encode("utf-8", "surrogatepass"), limits=DEFAULT_LIMITS))
    except KmanifestError as error:
        raise ManifestError(f"failed to parse YAML: {error.message}") from error


def plain(value: Any) -> Any:
    """Return a YAML value as one of JSON: keys are strings, and numbers are finite."""
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            raise ManifestError(f"failed to parse YAML: json: unsupported value: {value}")
        return float(value)
    if value is None or isinstance(value, bool):
        return value
    return float(value) if isinstance(value, int) else str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    return str(int(key)) if isinstance(key, int) else shortest_number(key)
