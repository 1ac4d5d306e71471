"""Read YAML as Helm does, with the errors of go-yaml and sigs.k8s.io/yaml, and JSON's numbers.

Helm converts everything that it reads to JSON, in which every number is a `float64`.

Source: sigs.k8s.io/yaml v1.6.0 yaml.go; go.yaml.in/yaml/v2 v2.4.4 decode.go, parser.fail.
"""

import re

from kmanifest import yaml
from kmanifest.engines.helm.gotemplate.values import Int64
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final

# Errors of go-yaml's parser, which counts lines from 0. Its scanner counts from 1.
_PARSER_PROBLEMS: Final = (
    "did not find expected node content",
    "did not find expected key",
    "did not find expected ',' or '}'",
    "did not find expected ',' or ']'",
    "did not find expected '-' indicator",
    "did not find expected <document start>",
    "did not find expected <stream-start>",
    "found undefined tag handle",
    "found duplicate %YAML directive",
    "found duplicate %TAG directive",
)
_BAD_KEY: Final = "a key must be"
# go-yaml does not recognize an empty collection as a key: the document ends after it.
_EMPTY_KEY: Final = rb"\s*(\{[ \t]*\}|\[[ \t]*\])[ \t]*:"
_OTHER_VERSION: Final = rb"(?m)^%YAML[ \t]+(?!1\.1\s)"
# Errors that go-yaml reports without a line.
_READER_PROBLEMS: Final = (
    "control characters are not allowed",
    "invalid leading UTF-8 octet",
    "invalid trailing UTF-8 octet",
    "incomplete UTF-8 octet sequence",
    "invalid length of a UTF-8 sequence",
)


def load_yaml(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the first document in `data`, with integers as written. Raises SourceError with Helm's message.

    All of `limits` apply except the size of one file, which the caller checks.
    """
    widened_limits = limits._replace(max_input_file=max(limits.max_input_file, len(data)))
    try:
        return yaml.load_values(data, limits=widened_limits)
    except LimitError:
        raise
    except SourceError as error:
        if error.message.startswith(_BAD_KEY) and (match := re.match(_EMPTY_KEY, data)):
            return {} if match.group(1).startswith(b"{") else []
        text = f"error converting YAML to JSON: {_go_yaml_message(error, data)}"
        raise SourceError(text, location=error.location) from error


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


def _go_yaml_message(error: SourceError, data: bytes) -> str:
    """Return go-yaml's message for an error of kmanifest's loader.

    go-yaml parses a whole document before it decodes any value. So errors of values appear only if the whole document
    parses.
    """
    message, line = error.message, error.location.line
    if _is_value_error(message):
        from kmanifest.engines.helm.formats.go_syntax import find_parse_problem  # for errors only

        parse_problem = find_parse_problem(data)
        if parse_problem is None:
            return _value_message(message, data)
        message, line = parse_problem
    for prefix, template in (
        ("unknown anchor `", "yaml: unknown anchor '{}' referenced"),
        ("the anchor `", "yaml: anchor '{}' value contains itself"),
    ):
        if message.startswith(prefix):
            return template.format(message[len(prefix) :].partition("`")[0])
    is_late = message == "did not find expected <document start>"
    if message.startswith("incompatible YAML") or (is_late and re.search(_OTHER_VERSION, data)):
        return "yaml: found incompatible YAML document"
    if message.startswith("unknown escape"):
        message = "found unknown escape character"
    # go-yaml v2 has libyaml's misspelling.
    return f"yaml: {_line_prefix(message, line)}{message.replace('hexadecimal', 'hexdecimal')}"


def _is_value_error(message: str) -> bool:
    return message.startswith(
        (_BAD_KEY, "`<<` merges", "!!", "excessive aliasing")
    ) or message.endswith("can't be written as JSON: put it in quotes")


def _value_message(message: str, data: bytes) -> str:
    """Return the message for a value or key in a document that parses."""
    value = message.partition(" can't be written as JSON")[0]
    if value != message:
        return f"json: unsupported value: {value}"
    if message.startswith(_BAD_KEY):
        return _bad_key_message(data)
    if message.startswith("`<<` merges"):
        return "yaml: map merge requires map or sequence of maps as the value"
    if message.startswith("!!binary value"):
        return "yaml: !!binary value contains invalid base64 data"
    if message.startswith("excessive aliasing"):
        return "yaml: document contains excessive aliasing"
    return f"yaml: cannot decode {message.replace(' is not a ', ' as a ')}"


def _line_prefix(message: str, line: int) -> str:
    if message in _READER_PROBLEMS or line <= 1:
        return ""
    return f"line {line - 1 if message in _PARSER_PROBLEMS else line}: "


def _bad_key_message(data: bytes) -> str:
    """Return the message for the first key that is null or not a scalar. It shows the key as Go's `%#v` does."""
    from kmanifest.engines.helm.formats.go_syntax import bad_key_message  # for errors only

    try:
        return bad_key_message(data)
    except (KmanifestError, RecursionError):
        return "yaml: invalid map key"
