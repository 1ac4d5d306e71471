"""Read the fields of a generator's config, and refuse fields that it does not have."""

from collections.abc import Iterable, Mapping

from kmanifest.model.errors import SourceError, near_names
from kmanifest.model.values import as_list, as_mapping, as_string, type_name
from kmanifest.startup.typing import Any, Final

_METADATA: Final = ("apiVersion", "kind", "metadata")


def check_fields(body: Mapping[str, Any], fields: Iterable[str]) -> None:
    """Raise SourceError at the first field that is neither one of `fields` nor metadata, with the nearest names."""
    known = (*_METADATA, *fields)
    for name in body:
        if name not in known:
            error = SourceError(f"unknown field {name!r}", near=near_names(str(name), known))
            raise error.within(field=(name,))


def string_field(body: Mapping[str, Any], field: str) -> str:
    """Return the string in a field; empty if there is none."""
    return as_string(body.get(field) or "", (field,))


def strings_field(body: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """Return the strings of a list."""
    items = as_list(body.get(field) or [], (field,))
    return tuple(as_string(item, (field, index)) for index, item in enumerate(items))


def mapping_field(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return the mapping in a field; empty if there is none."""
    return as_mapping(body.get(field) or {}, (field,))


def switch_field(body: Mapping[str, Any], field: str) -> bool:
    """Return the boolean in a field; False if there is none."""
    value = body.get(field, False)
    if not isinstance(value, bool):
        raise SourceError(f"expected a boolean, got {type_name(value)}").within(field=(field,))
    return value
