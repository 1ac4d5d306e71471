"""Apply a change at every field that a table of field specs names."""

from kmanifest.engines.kustomize.config import FIELD_SPECS, Field, Specs, to_specs
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, decode
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.fieldpath import FieldUpdate, is_absent, update_field
from kmanifest.model.resource import Resource
from kmanifest.model.values import Body, type_name
from kmanifest.startup.typing import Any, Iterable


def specs_of(config: Body) -> Specs:
    """Return the field specs in a config.

    They are tuples if they come from a field of a kustomization, and are decoded if a user wrote them.
    """
    rows = config.get("fieldSpecs") or ()
    if isinstance(rows, tuple):
        return rows
    return to_specs(decode(rows, FIELD_SPECS, PLUGIN_CONFIG))


def update_all(
    resource: Resource, fields: Iterable[Field], update: FieldUpdate, writer: NodeWriter
) -> Resource:
    """Return the resource with `update`, which writes with `writer`, applied at each of `fields`.

    An error names the file of the resource.
    """
    body = resource.body
    try:
        for steps, create in fields:
            if create or not is_absent(body, steps):
                body = update_field(body, steps, update, create=create)
    except KmanifestError as error:
        raise located(error, resource) from error
    return writer.finish(resource, body)


def located(error: KmanifestError, resource: Resource) -> KmanifestError:
    """Return the error with the file that the resource was read from."""
    return error.within(file=resource.origin.file, document=resource.origin.document)


def require_scalar(old: Any) -> None:
    """Raise SourceError if `old` is a mapping or a list."""
    if old.__class__ is dict or old.__class__ is list:
        raise SourceError(f"expected a scalar, got {type_name(old)}")
