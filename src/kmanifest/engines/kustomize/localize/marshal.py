"""A kustomization as its file is written anew: fields in the order of the alphabet, without those that are empty.

Source: kustomize v5.8.2 api/types/*.go, the tags of the fields; sigs.k8s.io/yaml v1.6.0, Marshal.
"""

from collections.abc import Mapping
from decimal import Decimal

from kmanifest import yaml
from kmanifest.engines.kustomize.decoding import ListShape, RecordShape, Shape
from kmanifest.engines.kustomize.kustomization import KUSTOMIZATION
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final

# The fields that are written even where they are empty, by the record that holds them: those whose tags do not say
# `omitempty`, and those that are records and no pointers to one. A list's items are counted as its name.
_ALWAYS: Final[Mapping[tuple[str, ...], Mapping[str, Any]]] = {
    ("replacements", "targets"): {"select": None},
    ("replicas",): {"count": 0},
    ("sortOptions", "legacySortOptions"): {"orderFirst": None, "orderLast": None},
    ("vars",): {"fieldref": {}, "name": "", "objref": {"name": ""}},
    ("vars", "objref"): {"name": ""},
}
# A text that is a pointer, so that an empty one is written.
_KEPT: Final = {("replacements", "sourceValue")}
_LARGEST: Final = (1 << 64) - 1
_SMALLEST: Final = -(1 << 63)
_EXPONENT: Final = 1e21  # from where on Go's JSON writes a number with one


def dump_kustomization(fields: Mapping[str, Any], limits: Limits) -> bytes:
    """The file for the fields of a kustomization, which fit its shape."""
    return yaml.Dumper(limits).dump(_record(fields, KUSTOMIZATION, ())).encode()


def _record(
    fields: Mapping[str, Any], shape: RecordShape, place: tuple[str, ...]
) -> dict[str, Any]:
    always = _ALWAYS.get(place, {})
    result = dict(always)
    for name, value in fields.items():
        inner = (*place, name)
        written = _value(value, shape.fields[name], inner)
        is_pointer = isinstance(shape.fields[name], RecordShape) or inner in _KEPT
        if is_pointer or name in always or not _is_empty(written):
            result[name] = written
    return result


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in (0, "") or value in ([], {})


def _value(value: Any, shape: Shape, place: tuple[str, ...]) -> Any:
    if isinstance(shape, RecordShape):
        return _record(value, shape, place)
    if isinstance(shape, ListShape):
        return [_value(item, shape.item, place) for item in value]
    return _through_floats(value) if isinstance(value, Mapping) else value


def _through_floats(value: Any) -> Any:
    """A value of no shape as Go's JSON decoder has it, to which every number is a float64, and as it is read as YAML then."""
    if isinstance(value, Mapping):
        return {key: _through_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_through_floats(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value)
    if not number.is_integer() or abs(number) >= _EXPONENT:
        return number
    exact = int(Decimal(repr(number)))
    return exact if _SMALLEST <= exact <= _LARGEST else number
