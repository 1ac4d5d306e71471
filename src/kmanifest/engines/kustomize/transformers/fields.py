"""Apply a change at every field that a table of field specs names."""

from collections.abc import Iterable, Mapping

from kmanifest.engines.kustomize.config import FIELD_SPECS, Field, Specs, to_specs
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, decode
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.fieldpath import FieldUpdate, Setter, is_absent, update_field
from kmanifest.model.resource import Resource
from kmanifest.model.values import Body, type_name
from kmanifest.startup.typing import Any


def specs_of(config: Body) -> Specs:
    """Return the field specs in a config.

    They are tuples if they come from a field of a kustomization, and are decoded if a user wrote them.
    """
    rows = config.get("fieldSpecs") or ()
    if isinstance(rows, tuple):
        return rows
    return to_specs(decode(rows, FIELD_SPECS, PLUGIN_CONFIG))


def update_all(resource: Resource, fields: Iterable[Field], update: FieldUpdate) -> Resource:
    """Return the resource with `update` applied at each of `fields`.

    An error names the file of the resource.
    """
    body = resource.body
    try:
        for steps, create in fields:
            if create or not is_absent(body, steps):
                body = update_field(body, steps, update, create=create)
    except KmanifestError as error:
        raise located(error, resource) from error
    return resource.with_body(body)


def located(error: KmanifestError, resource: Resource) -> KmanifestError:
    """Return the error with the file that the resource was read from."""
    return error.within(file=resource.origin.file, document=resource.origin.document)


def set_entries(entries: Mapping[str, str], replaced: list[Any]) -> Setter:
    """Return a change that puts string entries into a mapping; an entry with the same value is kept.

    Replaced values are added to `replaced`.
    """

    def change(old: Any) -> Any:
        if old is None:
            return None
        if old.__class__ is not dict:
            raise SourceError(f"expected a mapping, got {type_name(old)}")
        new = {key: value for key, value in entries.items() if old.get(key) != value}
        if not new:
            return old
        replaced.extend([old[key] for key in new if key in old])
        return {**old, **new}

    return change


def require_scalar(old: Any) -> None:
    """Raise SourceError if `old` is a mapping or a list."""
    if old.__class__ is dict or old.__class__ is list:
        raise SourceError(f"expected a scalar, got {type_name(old)}")
