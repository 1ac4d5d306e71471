"""Read YAML as Helm does, with the errors of go-yaml and sigs.k8s.io/yaml, and JSON's numbers.

Helm converts everything that it reads to JSON, in which every number is a `float64`.

Source: sigs.k8s.io/yaml v1.6.0 yaml.go.
"""

from kmanifest import yaml
from kmanifest.engines.helm.gotemplate.values import Int64
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, Location, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MAX_EXACT_SIZE: Final = 1 << 19
"""Longer documents get libyaml's error: finding go-yaml's takes a second for each megabyte."""


def load_yaml(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the first document in `data`, with integers as written. Raises SourceError with Helm's message.

    All of `limits` apply except the size of one file, which the caller checks.
    """
    widened_limits = limits._replace(max_input_file=max(limits.max_input_file, len(data)))
    try:
        value = yaml.load_values(data, limits=widened_limits)
    except LimitError:
        raise
    except SourceError as error:
        return _load_as_go(data, error)
    # libyaml skips a byte order mark at the start of any line. For go-yaml it is a letter.
    return value if data.find(_BYTE_ORDER_MARK, 1) < 0 else _load_as_go(data, None)


def _load_as_go(data: bytes, error: SourceError | None) -> Any:
    """Return the value that go-yaml reads. Raises SourceError with Go's message.

    `error` is libyaml's error, whose location is kept. It is the result for a long text.
    """
    from kmanifest.engines.helm.formats.go_yaml_decoder import decode_document  # rarely needed

    message = error.message if error is not None else ""
    location = error.location if error is not None else Location()
    try:
        if len(data) <= _MAX_EXACT_SIZE:
            return decode_document(data)
        line = f"line {location.line}: " if location.line > 1 else ""
        message = f"yaml: {line}{message or 'the document is too long for a byte order mark in it'}"
    except SourceError as go_error:
        message = go_error.message
    except RecursionError:
        message = f"yaml: {message or 'invalid map key'}"
    text = f"error converting YAML to JSON: {message}"
    raise SourceError(text, location=location) from error


def load_values(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, go_type: str = "map[string]interface {}"
) -> dict[str, Any]:
    """Return the table in a values file; empty if there is no document. Raises SourceError with Helm's message.

    `go_type` is the type that the message names.
    """
    value = floats_for_numbers(load_yaml(data, limits=limits))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SourceError(
            "error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {json_type_name(value)} into Go value of type {go_type}"
        )
    return value


def floats_for_numbers(value: Any) -> Any:
    """Return a copy of a value in which every number is a float, except the `Int64` values of `--set`.

    The copy does not share branches that aliases shared.
    """
    if not isinstance(value, dict | list):
        return _as_float(value)
    result: Any = value.copy()
    todo = [result]
    while todo:
        check_time()
        node = todo.pop()
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, item in items:
            kind = item.__class__
            if kind is str or kind is bool or item is None or kind is float:
                continue
            if isinstance(item, dict | list):
                node[key] = copy = item.copy()
                todo.append(copy)
            else:
                node[key] = _as_float(item)
    return result


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool | Int64) else value


def json_type_name(value: Any) -> str:
    """Return the name that `encoding/json` has for the kind of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, dict) else "array"
