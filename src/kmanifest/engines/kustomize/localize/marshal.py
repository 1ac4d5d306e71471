"""Encode a kustomization as a file: its fields in alphabetical order, without empty ones.

Source: kustomize v5.8.2 api/types/*.go, the tags of the fields; sigs.k8s.io/yaml v1.6.0, Marshal.
"""

from decimal import Decimal

from kmanifest import yaml
from kmanifest.engines.kustomize.decoding import ListShape, RecordShape, Shape
from kmanifest.engines.kustomize.kustomization import KUSTOMIZATION
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final, Mapping

# Fields that are written even if they are empty, by the path of their record: fields without `omitempty`, and fields
# that are records instead of pointers to a record. The path of a list's items is the path of the list.
_ALWAYS_WRITTEN: Final[Mapping[tuple[str, ...], Mapping[str, Any]]] = {
    ("replacements", "targets"): {"select": None},
    ("replicas",): {"count": 0},
    ("sortOptions", "legacySortOptions"): {"orderFirst": None, "orderLast": None},
    ("vars",): {"fieldref": {}, "name": "", "objref": {"name": ""}},
    ("vars", "objref"): {"name": ""},
}
# A string that is a pointer in Go, so an empty one is written.
_POINTER_STRINGS: Final = {("replacements", "sourceValue")}
_MAX_UINT64: Final = (1 << 64) - 1
_MIN_INT64: Final = -(1 << 63)
_EXPONENT_FROM: Final = 1e21  # Go's JSON encoder writes numbers from here on with an exponent


def dump_kustomization(fields: Mapping[str, Any], limits: Limits) -> bytes:
    """Return the content of the file for the fields of a kustomization. The fields must have its shape."""
    return yaml.Dumper(limits).dump(_encode_record(fields, KUSTOMIZATION, ())).encode()


def _encode_record(
    fields: Mapping[str, Any], shape: RecordShape, field_path: tuple[str, ...]
) -> dict[str, Any]:
    defaults = _ALWAYS_WRITTEN.get(field_path, {})
    result = dict(defaults)
    for name, value in fields.items():
        inner_path = (*field_path, name)
        encoded = _encode_value(value, shape.fields[name], inner_path)
        is_pointer = isinstance(shape.fields[name], RecordShape) or inner_path in _POINTER_STRINGS
        if is_pointer or name in defaults or not _is_empty(encoded):
            result[name] = encoded
    return result


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in (0, "") or value in ([], {})


def _encode_value(value: Any, shape: Shape, field_path: tuple[str, ...]) -> Any:
    if isinstance(shape, RecordShape):
        return _encode_record(value, shape, field_path)
    if isinstance(shape, ListShape):
        return [_encode_value(item, shape.item, field_path) for item in value]
    return _with_float_numbers(value) if isinstance(value, Mapping) else value


def _with_float_numbers(value: Any) -> Any:
    """Return a value without a shape with its numbers as sigs.k8s.io/yaml leaves them.

    Go's JSON decoder turns every number into a float64. Its JSON form is then read as YAML, so whole numbers become
    integers again.
    """
    if isinstance(value, Mapping):
        return {key: _with_float_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_float_numbers(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value)
    if not number.is_integer() or abs(number) >= _EXPONENT_FROM:
        return number
    exact = int(Decimal(repr(number)))
    return exact if _MIN_INT64 <= exact <= _MAX_UINT64 else number
