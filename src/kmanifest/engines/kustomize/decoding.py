"""Fitting what a file says to the shape that its format has, in the way of Go's JSON decoder.

A shape is data: the name of a scalar, a list or mapping of one shape, or a record of named ones. Names count in any
case, as there (`nameprefix` is `namePrefix`); null is the same as absent. Three manners differ in what they let pass, because
the reference reads its files by three ways. Source: kustomize v5.8.2 api/types/kustomization.go, Unmarshal; sigs.k8s.io/yaml
v1.6.0 yaml.go, Unmarshal and convertToJSONableObject.
"""

from collections.abc import Mapping

from kmanifest.model.errors import SourceError, near_names
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, Final, NamedTuple, TypeAlias


class ListOf(NamedTuple):
    """A list whose items have one shape."""

    item: "Shape"


class MapOf(NamedTuple):
    """A mapping from any name to values of one shape."""

    item: "Shape"


class Record:
    """A mapping with known fields."""

    __slots__ = ("fields", "folded")

    def __init__(self, fields: Mapping[str, "Shape"], *more: "Record") -> None:
        self.fields: dict[str, Shape] = dict(fields)
        for record in more:
            self.fields.update(record.fields)
        self.folded = {name.lower(): name for name in self.fields}


Shape: TypeAlias = str | ListOf | MapOf | Record

TEXT: Final = "text"
BOOL: Final = "bool"
INT: Final = "int"
ANY: Final = "any"
TEXTS: Final = ListOf(TEXT)
TEXT_MAP: Final = MapOf(TEXT)


class Manner(NamedTuple):
    """What one way of reading lets pass: names that the shape does not have, and numbers where text is due."""

    unknown_names: bool
    any_scalar_is_text: bool


KUSTOMIZATION: Final = Manner(unknown_names=False, any_scalar_is_text=False)
CONFIGURATION: Final = Manner(unknown_names=False, any_scalar_is_text=True)
PLUGIN_CONFIG: Final = Manner(unknown_names=True, any_scalar_is_text=True)


def fit(value: Any, shape: Shape, manner: Manner) -> Any:
    """`value` with the names of `shape`, without nulls; SourceError with the field where it does not fit."""
    if isinstance(shape, str):
        return _fit_scalar(value, shape, manner)
    if isinstance(shape, ListOf):
        return _fit_list(value, shape, manner)
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping, got {type_name(value)}")
    if isinstance(shape, MapOf):
        return {key: _fit_at(key, item, shape.item, manner) for key, item in value.items()}
    return _fit_record(value, shape, manner)


def _fit_at(step: str | int, value: Any, shape: Shape, manner: Manner) -> Any:
    if value is None:
        return _empty(shape)
    try:
        return fit(value, shape, manner)
    except SourceError as error:
        raise error.within(field=(step,)) from None


def _empty(shape: Shape) -> Any:
    if isinstance(shape, str):
        return {TEXT: "", BOOL: False, INT: 0}.get(shape)
    return [] if isinstance(shape, ListOf) else {}


def _fit_list(value: Any, shape: ListOf, manner: Manner) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise SourceError(f"expected a list, got {type_name(value)}")
    return [_fit_at(index, item, shape.item, manner) for index, item in enumerate(value)]


def _fit_record(value: Mapping[str, Any], shape: Record, manner: Manner) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        name = key if key in shape.fields else shape.folded.get(key.lower())
        if name is None:
            if manner.unknown_names:
                continue
            raise SourceError(f"unknown field {key!r}", near=near_names(key, shape.fields)).within(
                field=(key,)
            )
        if item is not None:
            try:
                result[name] = fit(item, shape.fields[name], manner)
            except SourceError as error:
                raise error.within(field=(key,)) from None
    return result


def _fit_scalar(value: Any, shape: str, manner: Manner) -> Any:
    if shape == ANY:
        return value
    if shape == TEXT:
        return _fit_text(value, manner)
    if shape == BOOL:
        if isinstance(value, bool):
            return value
        raise SourceError(f"expected a boolean, got {type_name(value)}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise SourceError(f"expected an integer, got {type_name(value)}")


def _fit_text(value: Any, manner: Manner) -> str:
    if isinstance(value, str):
        return value
    if manner.any_scalar_is_text and isinstance(value, int | float):
        return scalar_text(value)
    hint = "; quote it" if isinstance(value, int | float) else ""
    raise SourceError(f"expected a string, got {type_name(value)}{hint}")
