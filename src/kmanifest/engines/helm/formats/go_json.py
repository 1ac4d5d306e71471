"""Fitting what was read from YAML into the structs of helm, with the errors of `encoding/json`.

A shape says what a field is. The first value that does not fit is the error; keys are met in the order of their bytes, as
JSON made from YAML has them. Numbers and booleans become strings where the struct has a string, before JSON is made.
Source: Go 1.26 encoding/json decode.go; sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
"""

from kmanifest.engines.helm.formats.go_yaml import json_word, through_json
from kmanifest.engines.helm.gotemplate.values import StringMap, Strings
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Literal, NamedTuple


class Shape(NamedTuple):
    """What a Go type takes: `type` is its name in an error; `struct` is the name of a struct alone."""

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
    """Fits one value; a new one for each."""

    def __init__(self) -> None:
        self._struct: str | None = None
        self._path: tuple[str, ...] = ()

    def decode(self, value: Any, shape: Shape) -> Any:
        """The value in its shape, None where it is null; a struct as a dict by the JSON names that are there."""
        if value is None:
            return None
        kind = shape.kind
        if kind == "string":
            return self._string(value, shape)
        if kind == "any":
            return through_json(value)
        if kind == "bool":
            if not isinstance(value, bool):
                raise self._refused(value, shape.type)
            return value
        if kind == "struct":
            return self._fields(value, shape)
        if kind == "time":
            return self._time(value)
        return self._items(value, shape)

    def _string(self, value: Any, shape: Shape) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(int(value))
        if isinstance(value, float):
            from kmanifest.yaml.scalars import float32_text  # seldom

            return float32_text(value)
        raise self._refused(value, shape.type)

    def _items(self, value: Any, shape: Shape) -> Any:
        item = shape.item or ANY
        if shape.kind == "list":
            if not isinstance(value, list):
                raise self._refused(value, shape.type)
            made = [self.decode(each, item) for each in value]
            return Strings(text or "" for text in made) if item is STRING else made
        if not isinstance(value, dict):
            raise self._refused(value, shape.type)
        return StringMap({key: self.decode(value[key], item) or "" for key in sorted(value)})

    def _fields(self, value: Any, shape: Shape) -> dict[str, Any]:
        fields = shape.fields or {}
        if not isinstance(value, dict):
            raise self._refused(value, shape.type)
        folded = {name.casefold(): name for name in fields}
        before = self._struct, self._path
        result: dict[str, Any] = {}
        for key in sorted(value):
            name = key if key in fields else folded.get(key.casefold())
            if name is None:
                continue
            self._struct, self._path = shape.struct, (*before[1], name)
            made = self.decode(value[key], fields[name])
            if made is not None:
                result[name] = made
            elif fields[name].kind in ("list", "map"):
                result.pop(name, None)
        self._struct, self._path = before
        return result

    def _time(self, value: Any) -> str:
        # A time is read with its own method, so a number never becomes a string for it.
        if not isinstance(value, str):
            raise SourceError(_decoding("Time.UnmarshalJSON: input is not a JSON string"))
        wanted = "2006-01-02T15:04:05Z07:00"
        rest, layout = _unparsed_time(value)
        if layout:
            from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for errors only

            raise SourceError(
                _decoding(
                    f"parsing time {quoted(value)} as {quoted(wanted)}: "
                    f"cannot parse {quoted(rest)} as {quoted(layout)}"
                )
            )
        return value

    def _refused(self, value: Any, type_: str) -> SourceError:
        where = f"Go value of type {type_}"
        if self._struct is not None:
            where = f"Go struct field {self._struct}.{'.'.join(self._path)} of type {type_}"
        return SourceError(_decoding(f"json: cannot unmarshal {json_word(value)} into {where}"))


def decode(value: Any, shape: Shape) -> Any:
    """The value in its shape; SourceError with the text of sigs.k8s.io/yaml where it does not fit."""
    return Decoder().decode(value, shape)


def _decoding(text: str) -> str:
    return f"error unmarshaling JSON: while decoding JSON: {text}"


def _unparsed_time(text: str) -> tuple[str, str]:
    """What is left of a text that is no RFC 3339 time, and the part of the layout that it does not fit; empty for a time."""
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
