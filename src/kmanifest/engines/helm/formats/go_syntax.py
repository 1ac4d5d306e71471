"""Find why go-yaml refuses a key of a mapping, and show the key and its value in Go's syntax, as Helm's errors do.

An unquoted `{{ .Values.x }}` in a values file is a mapping whose key is a mapping, so users see this message.

Source: go.yaml.in/yaml/v2 v2.4.4 decode.go, mapping; sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
"""

from collections.abc import Iterator

import yaml as pyyaml

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any
from kmanifest.yaml.resolve import INT64_MAX, resolve_v2

_MAX_ITEMS = 1_000


def bad_key_message(data: bytes) -> str:
    """Return the message for the first invalid key in `data`."""
    try:
        root = pyyaml.compose(data, Loader=pyyaml.CBaseLoader)
    except (pyyaml.YAMLError, RecursionError) as error:
        raise SourceError("not YAML") from error
    pairs = list(_pairs(root))
    for key, _ in pairs:
        if not isinstance(key, pyyaml.ScalarNode):
            return f"yaml: invalid map key: {go_literal(key)}"
    for key, value in pairs:
        resolved = _resolve_scalar(key)
        if resolved is None:
            return f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {_typed_literal(value)}"
        if isinstance(resolved, int) and resolved > INT64_MAX:
            return f"unsupported map key of type: uint64, key: {resolved:#x}, value: {_typed_literal(value)}"
    raise SourceError("every key is valid")


def find_parse_problem(data: bytes) -> tuple[str, int] | None:
    """Return libyaml's error for the first document and its line, or None if the document parses."""
    try:
        for event in pyyaml.parse(data, Loader=pyyaml.CBaseLoader):
            if isinstance(event, pyyaml.DocumentEndEvent):
                return None
    except pyyaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return error.problem or "", mark.line + 1 if mark is not None else 0
    except pyyaml.reader.ReaderError as error:
        return str(error.reason), 0
    return None


def _pairs(root: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the keys and values of all mappings, from top to bottom."""
    todo = [root]
    for _ in range(_MAX_ITEMS * _MAX_ITEMS):
        if not todo:
            return
        node = todo.pop()
        if isinstance(node, pyyaml.MappingNode):
            yield from node.value
            todo.extend(value for _, value in reversed(node.value))
        elif isinstance(node, pyyaml.SequenceNode):
            todo.extend(reversed(node.value))


def _resolve_scalar(node: Any) -> Any:
    return node.value if node.style else resolve_v2(node.value)


def _typed_literal(node: Any) -> str:
    """Return a value as `%+#v` shows it if its type is known."""
    if isinstance(node, pyyaml.ScalarNode) and _resolve_scalar(node) is None:
        return "<nil>"
    return go_literal(node)


def go_literal(node: Any) -> str:
    """Return a node as Go's `%#v` shows its value in an `interface {}`."""
    if isinstance(node, pyyaml.MappingNode):
        pairs = sorted(
            (go_literal(key), go_literal(value)) for key, value in node.value[:_MAX_ITEMS]
        )
        inner = ", ".join(f"{key}:{value}" for key, value in pairs)
        return f"map[interface {{}}]interface {{}}{{{inner}}}"
    if isinstance(node, pyyaml.SequenceNode):
        return f"[]interface {{}}{{{', '.join(map(go_literal, node.value[:_MAX_ITEMS]))}}}"
    return _scalar_literal(_resolve_scalar(node))


def _scalar_literal(value: Any) -> str:
    from kmanifest.engines.helm.gotemplate import gofmt

    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return gofmt.quoted(value)
    if isinstance(value, int):
        return f"{value:#x}" if value > INT64_MAX else str(int(value))
    return gofmt.float_text(float(value), "g", -1)
