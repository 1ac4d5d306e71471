"""Decode data from YAML into Helm's structs, with the errors of `encoding/json`.

A `Shape` describes a Go type. The first value that does not fit is the error. Keys are visited in byte order, as in
JSON converted from YAML. Numbers and booleans become strings if the struct has a string, before the conversion to JSON.

Source: Go 1.26 encoding/json decode.go; sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
"""

from kmanifest.engines.helm.formats.go_yaml import floats_for_numbers, json_type_name
from kmanifest.engines.helm.gotemplate.values import StringMap, Strings
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Literal, NamedTuple


class Shape(NamedTuple):
    """A Go type: `type` is its name in errors, `struct` the name of a struct without its package."""

    kind: Literal["string", "bool", "any", "list", "map", "struct", "time"]
    type: str
    item: "Shape | None" = None
    fields: "dict[str, Shape] | None" = None
    struct: str = ""


STRING = Shape("string", "string")
BOOL = Shape("bool", "bool")
ANY = Shape("any", "interface {}")
STRINGS = Shape("list", "[]string", STRING)
STRING_MAP = Shape("map", "map[string]string", STRING)
TIME = Shape("time", "time.Time")


class Decoder:
    """Decodes one value. Each value needs a new decoder."""

    def __init__(self) -> None:
        self._struct: str | None = None
        self._path: tuple[str, ...] = ()

    def decode(self, value: Any, shape: Shape) -> Any:
        """Return the value decoded by its shape, or None for null. A struct becomes a dict by JSON names."""
        if value is None:
            return None
        kind = shape.kind
        if kind == "string":
            return self._decode_string(value, shape)
        if kind == "any":
            return floats_for_numbers(value)
        if kind == "bool":
            if not isinstance(value, bool):
                raise self._type_mismatch(value, shape.type)
            return value
        if kind == "struct":
            return self._decode_fields(value, shape)
        if kind == "time":
            return self._check_time(value)
        return self._decode_items(value, shape)

    def _decode_string(self, value: Any, shape: Shape) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(int(value))
        if isinstance(value, float):
            from kmanifest.yaml.scalars import float32_text  # rarely needed

            return float32_text(value)
        raise self._type_mismatch(value, shape.type)

    def _decode_items(self, value: Any, shape: Shape) -> Any:
        item = shape.item or ANY
        if shape.kind == "list":
            if not isinstance(value, list):
                raise self._type_mismatch(value, shape.type)
            items = [self.decode(entry, item) for entry in value]
            return Strings(text or "" for text in items) if item is STRING else items
        if not isinstance(value, dict):
            raise self._type_mismatch(value, shape.type)
        return StringMap({key: self.decode(value[key], item) or "" for key in sorted(value)})

    def _decode_fields(self, value: Any, shape: Shape) -> dict[str, Any]:
        fields = shape.fields or {}
        if not isinstance(value, dict):
            raise self._type_mismatch(value, shape.type)
        folded: dict[str, str] | None = None
        outer = self._struct, self._path
        result: dict[str, Any] = {}
        for key in sorted(value):
            name = key if key in fields else None
            if name is None:
                if folded is None:
                    folded = {field.casefold(): field for field in fields}
                name = folded.get(key.casefold())
            if name is None:
                continue
            self._struct, self._path = shape.struct, (*outer[1], name)
            decoded = self.decode(value[key], fields[name])
            if decoded is not None:
                result[name] = decoded
            elif fields[name].kind in ("list", "map"):
                result.pop(name, None)
        self._struct, self._path = outer
        return result

    def _check_time(self, value: Any) -> str:
        # `time.Time` has its own unmarshal method, so a number does not become a string first.
        if not isinstance(value, str):
            raise SourceError(_decoding_message("Time.UnmarshalJSON: input is not a JSON string"))
        expected_layout = "2006-01-02T15:04:05Z07:00"
        rest, layout = _time_mismatch(value)
        if layout:
            from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for errors only

            raise SourceError(
                _decoding_message(
                    f"parsing time {quoted(value)} as {quoted(expected_layout)}: "
                    f"cannot parse {quoted(rest)} as {quoted(layout)}"
                )
            )
        return value

    def _type_mismatch(self, value: Any, type_: str) -> SourceError:
        target = f"Go value of type {type_}"
        if self._struct is not None:
            target = f"Go struct field {self._struct}.{'.'.join(self._path)} of type {type_}"
        return SourceError(
            _decoding_message(f"json: cannot unmarshal {json_type_name(value)} into {target}")
        )


def decode(value: Any, shape: Shape) -> Any:
    """Return the value decoded by its shape. Raises SourceError with the message of sigs.k8s.io/yaml."""
    return Decoder().decode(value, shape)


def _decoding_message(text: str) -> str:
    return f"error unmarshaling JSON: while decoding JSON: {text}"


def _time_mismatch(text: str) -> tuple[str, str]:
    """Return the unmatched rest of a text and the layout part that it does not match; empty for an RFC 3339 time."""
    import re

    rest = text
    for pattern, layout in (
        (r"[0-9]{4}", "2006"), (r"-", "-"), (r"[0-9]{2}", "01"), (r"-", "-"), (r"[0-9]{2}", "02"),
        (r"T", "T"), (r"[0-9]{2}", "15"), (r":", ":"), (r"[0-9]{2}", "04"), (r":", ":"),
        (r"[0-9]{2}(?:[.,][0-9]+)?", "05"), (r"Z|[-+][0-9]{2}:[0-9]{2}", "Z07:00"),
    ):  # fmt: skip
        match = re.match(pattern, rest)
        if match is None:
            return rest, layout
        rest = rest[match.end() :]
    return "", ""
