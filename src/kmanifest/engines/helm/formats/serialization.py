"""Helm's template functions for YAML, JSON and TOML. They raise no errors except for limits.

A value that can't be written becomes an empty string, or in TOML the error message. A text that can't be read becomes a
table with the message under `Error`, or a list with the message.

Source: helm v3.22.0 pkg/engine/funcs.go.
"""

from kmanifest.engines.helm.gotemplate.values import GoError, GoMap, GoObject, Value, is_nil
from kmanifest.engines.helm.sprig.gotypes import check_items, to_bytes, to_valid_utf8
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final, Mapping

_MAP: Final = "map[string]interface {}"
_LIST: Final = "[]interface {}"
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_MAX_NODES: Final = 100_000
_END: Final = object()


def single_string_limits(limits: Limits) -> Limits:
    """Return limits under which the output is no longer than one string may be."""
    return limits._replace(max_output=min(limits.max_output, limits.max_string))


def to_yaml(value: Value, limits: Limits = single_string_limits(DEFAULT_LIMITS)) -> str:
    """Implement `toYaml`: convert to JSON, print as go-yaml v2 does, and remove the last line break."""
    from kmanifest.yaml import Dumper

    try:
        return Dumper(limits).dump(_as_json_value(value, limits)).removesuffix("\n")
    except (GoError, SourceError):
        return ""


def _as_json_value(value: Value, limits: Limits) -> Value:
    """Return the value as JSON represents it: the same object if nothing differs."""
    if _is_json_value(value):
        return value
    return _JsonCopier(limits).copy(value)


def _is_json_value(value: Value) -> bool:
    """Return whether JSON represents the whole value unchanged.

    False also for very many items, as the value may contain itself.
    """
    todo = [value]
    node_count = 0
    while todo:
        check_time()
        node = todo.pop()
        kind = node.__class__
        if kind is str:
            if not node.isascii() and to_valid_utf8(node) is not node:
                return False
        elif kind is dict:
            node_count += len(node)
            todo.extend(node)
            todo.extend(node.values())
        elif kind is list:
            node_count += len(node)
            todo.extend(node)
        elif kind not in _PLAIN:
            return False
        if node_count > _MAX_NODES:
            return False
    return True


class _JsonCopier:
    """Copies a value as JSON represents it. A cycle raises Go's error, too many items a LimitError."""

    __slots__ = ("_item_count", "_limits", "_path", "_stack")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._item_count = 0
        self._path: set[int] = set()
        self._stack: list[tuple[Any, Any, int]] = []

    def copy(self, value: Value) -> Value:
        root = self._begin(value)
        stack = self._stack
        while stack:
            check_time()
            items, target, identity = stack[-1]
            item: Any = next(items, _END)
            if item is _END:
                stack.pop()
                self._path.discard(identity)
            elif isinstance(target, dict):
                key, item_value = item
                target[to_valid_utf8(str(key))] = self._begin(item_value)
            else:
                target.append(self._begin(item))
        return root

    def _begin(self, value: Any) -> Any:
        """Return the copy of a leaf, or for a container an empty one that is filled next."""
        if value.__class__ is str:
            return to_valid_utf8(value)
        if value.__class__ in _PLAIN:
            return value
        if is_nil(value):
            return None
        if isinstance(value, list):
            return self._enter(value, iter(value), [])
        if isinstance(value, GoMap):
            value = value.entries
        if isinstance(value, dict):
            return self._enter(value, iter(value.items()), {})
        if isinstance(value, GoObject):
            from kmanifest.engines.helm.sprig.json_writer import json_fields

            fields = json_fields(value)
            if isinstance(fields, Mapping):
                return self._enter(value, iter(fields.items()), {})
            return self._begin(fields)
        return _leaf(value)

    def _enter(self, value: Any, items: Any, target: Any) -> Any:
        if id(value) in self._path:
            raise GoError("json: unsupported value: encountered a cycle")
        self._item_count += len(value) if isinstance(value, dict | list) else 1
        check_items(self._item_count, self._limits)
        self._path.add(id(value))
        self._stack.append((items, target, id(value)))
        return target


def _leaf(value: Any) -> Value:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        from base64 import b64encode

        return b64encode(value).decode()
    if isinstance(value, str):
        return to_valid_utf8(str.__str__(value))
    raise GoError(f"json: unsupported type: {type(value).__name__}")


def to_yaml_pretty(value: Value, limits: Limits = DEFAULT_LIMITS) -> str:
    """Implement `toYamlPretty`: print as go-yaml v3 does, and remove the last line break."""
    from kmanifest.engines.helm.formats.pretty_yaml import print_value

    try:
        return print_value(value, limits).removesuffix("\n")
    except GoError:
        return ""


def to_json(value: Value, limits: Limits = DEFAULT_LIMITS) -> str:
    """Implement `toJson`."""
    from kmanifest.engines.helm.sprig.json_writer import encode

    try:
        return encode(value, limits)
    except GoError:
        return ""


def to_toml(value: Value, limits: Limits = DEFAULT_LIMITS) -> str:
    """Implement `toToml`, which returns the error message if the value can't be written."""
    from kmanifest.engines.helm.formats.toml_writer import TomlError, encode

    try:
        return encode(value, limits)
    except TomlError as error:
        return str(error)


def from_yaml(text: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Value]:
    """Implement `fromYaml`: return the first document, which must be a table."""
    try:
        value = _read_yaml(text, limits)
    except SourceError as error:
        return {"Error": error.message}
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"Error": _decoding_message(value, _MAP)}


def from_yaml_array(text: str, limits: Limits = DEFAULT_LIMITS) -> list[Value]:
    """Implement `fromYamlArray`: return the first document, which must be a list."""
    try:
        value = _read_yaml(text, limits)
    except SourceError as error:
        return [error.message]
    if value is None:
        return []
    return value if isinstance(value, list) else [_decoding_message(value, _LIST)]


def _read_yaml(text: str, limits: Limits) -> Any:
    from kmanifest.engines.helm.formats.go_yaml import floats_for_numbers, load_yaml

    return floats_for_numbers(load_yaml(to_bytes(text), limits=limits))


def _decoding_message(value: Any, go_type: str) -> str:
    from kmanifest.engines.helm.formats.go_yaml import json_type_name

    return (
        "error unmarshaling JSON: while decoding JSON: "
        f"json: cannot unmarshal {json_type_name(value)} into Go value of type {go_type}"
    )


def from_json(text: str) -> dict[str, Value]:
    """Implement `fromJson`: return a table. In case of an error it also contains the part that was read."""
    from kmanifest.engines.helm.sprig.json_reader import decode_as

    try:
        value, error = decode_as(text, dict, _MAP)
    except GoError as go_error:
        return {"Error": str(go_error)}
    if error:
        value["Error"] = error
    return value  # type: ignore[no-any-return]  # a dict: requested above


def from_json_array(text: str) -> list[Value]:
    """Implement `fromJsonArray`: return a list, or a list with the error message."""
    from kmanifest.engines.helm.sprig.json_reader import decode_as

    try:
        value, error = decode_as(text, list, _LIST)
    except GoError as go_error:
        return [str(go_error)]
    return [error] if error else value


def from_toml(text: str) -> dict[str, Value]:
    """Implement `fromToml`: return the table, or the error message under `Error`."""
    from kmanifest.engines.helm.formats.toml_reader import decode
    from kmanifest.engines.helm.formats.toml_writer import TomlError

    try:
        return decode(text)
    except TomlError as error:
        return {"Error": str(error)}
