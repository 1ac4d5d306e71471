"""Decode a document into the shape of its format, with the rules of Go's JSON decoder.

A shape is data: the name of a scalar type, a list or mapping whose items have one shape, or a record of named shapes.
As in Go, the case of names is ignored (`nameprefix` is `namePrefix`), and null means absent.
kustomize reads its files in three ways, which differ in what they accept: see `DecodeRules`.
Source: kustomize v5.8.2 api/types/kustomization.go, Unmarshal; sigs.k8s.io/yaml v1.6.0 yaml.go, Unmarshal and
convertToJSONableObject.
"""

from kmanifest.model.errors import SourceError, near_names
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, TypeAlias


class ListShape(NamedTuple):
    """A list whose items have one shape."""

    item: "Shape"


class MapShape(NamedTuple):
    """A mapping with any keys, whose values have one shape."""

    item: "Shape"


class RecordShape:
    """A mapping with known fields."""

    __slots__ = ("fields", "lower_case_names")

    def __init__(self, fields: Mapping[str, "Shape"], *more: "RecordShape") -> None:
        self.fields: dict[str, Shape] = dict(fields)
        for record in more:
            self.fields.update(record.fields)
        self.lower_case_names = {name.lower(): name for name in self.fields}


Shape: TypeAlias = str | ListShape | MapShape | RecordShape

STRING: Final = "string"
BOOL: Final = "bool"
INT: Final = "int"
ANY: Final = "any"
STRINGS: Final = ListShape(STRING)
STRING_MAP: Final = MapShape(STRING)


class DecodeRules(NamedTuple):
    """The input that one way of reading accepts: fields that the shape does not have, and numbers as strings."""

    allows_unknown_fields: bool
    accepts_scalars_as_strings: bool


KUSTOMIZATION: Final = DecodeRules(allows_unknown_fields=False, accepts_scalars_as_strings=False)
CONFIGURATION: Final = DecodeRules(allows_unknown_fields=False, accepts_scalars_as_strings=True)
PLUGIN_CONFIG: Final = DecodeRules(allows_unknown_fields=True, accepts_scalars_as_strings=True)


def decode(value: Any, shape: Shape, rules: DecodeRules) -> Any:
    """Return `value` with the field names of `shape` and without nulls.

    Raises SourceError with the field if the value does not have the shape.
    """
    if isinstance(shape, str):
        return _decode_scalar(value, shape, rules)
    if isinstance(shape, ListShape):
        return _decode_list(value, shape, rules)
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping, got {type_name(value)}")
    if isinstance(shape, MapShape):
        return {key: _decode_at(key, item, shape.item, rules) for key, item in value.items()}
    return _decode_record(value, shape, rules)


def _decode_at(step: str | int, value: Any, shape: Shape, rules: DecodeRules) -> Any:
    if value is None:
        return _empty(shape)
    try:
        return decode(value, shape, rules)
    except SourceError as error:
        raise error.within(field=(step,)) from None


def _empty(shape: Shape) -> Any:
    if isinstance(shape, str):
        return {STRING: "", BOOL: False, INT: 0}.get(shape)
    return [] if isinstance(shape, ListShape) else {}


def _decode_list(value: Any, shape: ListShape, rules: DecodeRules) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise SourceError(f"expected a list, got {type_name(value)}")
    return [_decode_at(index, item, shape.item, rules) for index, item in enumerate(value)]


def _decode_record(
    value: Mapping[str, Any], shape: RecordShape, rules: DecodeRules
) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        name = key if key in shape.fields else shape.lower_case_names.get(key.lower())
        if name is None:
            if rules.allows_unknown_fields:
                continue
            raise SourceError(f"unknown field {key!r}", near=near_names(key, shape.fields)).within(
                field=(key,)
            )
        if item is not None:
            try:
                result[name] = decode(item, shape.fields[name], rules)
            except SourceError as error:
                raise error.within(field=(key,)) from None
    return result


def _decode_scalar(value: Any, shape: str, rules: DecodeRules) -> Any:
    if shape == ANY:
        return value
    if shape == STRING:
        return _decode_string(value, rules)
    if shape == BOOL:
        if isinstance(value, bool):
            return value
        raise SourceError(f"expected a boolean, got {type_name(value)}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise SourceError(f"expected an integer, got {type_name(value)}")


def _decode_string(value: Any, rules: DecodeRules) -> str:
    if isinstance(value, str):
        return value
    if rules.accepts_scalars_as_strings and isinstance(value, int | float):
        return scalar_text(value)
    hint = "; quote it" if isinstance(value, int | float) else ""
    raise SourceError(f"expected a string, got {type_name(value)}{hint}")
