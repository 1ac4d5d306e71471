"""Namespaces: of the objects themselves, and of the subjects of role bindings.

Source: kustomize v5.8.2 api/internal/builtins/NamespaceTransformer.go, api/filters/namespace/namespace.go.
"""

from kmanifest.engines.kustomize.config import Field, FieldTable
from kmanifest.engines.kustomize.decoding import BOOL, PLUGIN_CONFIG, STRING, RecordShape, decode
from kmanifest.engines.kustomize.scalar_nodes import STRING_TAG, NodeWriter, node_value
from kmanifest.engines.kustomize.transformers.fields import (
    located,
    require_scalar,
    specs_of,
    update_all,
)
from kmanifest.model.annotations import HELM_GENERATED
from kmanifest.model.errors import KmanifestError, RenderError, SourceError
from kmanifest.model.fieldpath import FieldUpdate, update_field
from kmanifest.model.resource import Resource, format_ids
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final, Mapping

_CONFIG: Final = RecordShape(
    {
        "metadata": RecordShape({"namespace": STRING}),
        "unsetOnly": BOOL,
        "setRoleBindingSubjects": STRING,
    }
)
_SUBJECT_MODES: Final = ("defaultOnly", "none", "allServiceAccounts")
_ROLE_BINDINGS: Final = ("RoleBinding", "ClusterRoleBinding")
_METADATA_NAMESPACE: Final = ("metadata", "namespace")
_NAMESPACE_FIELDS: Final = (Field(_METADATA_NAMESPACE, create=True),)


def set_namespace(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in NamespaceTransformer.

    Raises RenderError if two objects get the same id.
    """
    fields = decode(config.body, _CONFIG, PLUGIN_CONFIG)
    namespace = fields.get("metadata", {}).get("namespace", "")
    mode = fields.get("setRoleBindingSubjects") or "defaultOnly"
    if mode not in _SUBJECT_MODES:
        message = f"invalid value {mode!r}: must be one of {', '.join(_SUBJECT_MODES)}"
        raise SourceError(message).within(field=("setRoleBindingSubjects",))
    if not namespace:
        return resources
    mover = _Mover(namespace, mode, unset_only=fields.get("unsetOnly", False))
    table = FieldTable(specs_of(config.body))
    moved = resources.map(
        lambda resource: resource if _is_from_chart(resource) else _move(resource, table, mover)
    )
    _refuse_conflicts(resources, moved)
    return moved


def _is_from_chart(resource: Resource) -> bool:
    """Return whether the resource is from a chart, which was rendered with the namespace already."""
    return resource.annotations.get(HELM_GENERATED) == "true"


def move_resource(resource: Resource, namespace: str) -> Resource:
    """Return one resource in another namespace, as the ValueAddTransformer does it.

    Field specs are not used, and the previous id is not remembered.
    """
    return _Mover(namespace, "defaultOnly").move(resource, ())


def _move(resource: Resource, table: FieldTable, mover: "_Mover") -> Resource:
    group, version, kind, _, _ = resource.id
    fields = table.fields_for(group, version, kind)
    return mover.move(resource.with_current_id_remembered(), fields)


class _Mover:
    """Sets the namespace of resources, and of the subjects of role bindings that `mode` selects."""

    def __init__(self, namespace: str, mode: str, *, unset_only: bool = False) -> None:
        self._namespace = namespace
        self._mode = mode
        self._writer = NodeWriter()
        self._unquoted = node_value(namespace, STRING_TAG, quoted=False)
        self._update = FieldUpdate(self._set_if_empty if unset_only else self._set, None)

    def move(self, resource: Resource, fields: tuple[Field, ...]) -> Resource:
        """Return the resource in the namespace, which is also set in `fields`."""
        if not resource.cluster_scoped:
            resource = update_all(resource, _NAMESPACE_FIELDS, self._update, self._writer)
        is_binding = resource.kind in _ROLE_BINDINGS
        if is_binding and self._mode != "none":
            resource = self._move_subjects(resource)
        if not fields:
            return resource
        is_core = resource.api_version == "v1"
        applicable = [
            field for field in fields if _applies(field, is_core=is_core, is_binding=is_binding)
        ]
        return update_all(resource, applicable, self._update, self._writer)

    def _set(self, old: Any) -> Any:
        if old.__class__ is str and old == self._namespace:
            return old
        if old is None and self._unquoted.__class__ is str:  # most objects have no namespace yet
            return self._unquoted
        require_scalar(old)
        return self._writer.set_scalar(old, self._namespace, STRING_TAG)

    def _set_if_empty(self, old: Any) -> Any:
        require_scalar(old)
        return self._set(old) if old is None or scalar_text(old) == "" else old

    def _move_subjects(self, resource: Resource) -> Resource:
        field, expected = (
            ("kind", "ServiceAccount")
            if self._mode == "allServiceAccounts"
            else ("name", "default")
        )

        def change(subject: Any) -> Any:
            if not isinstance(subject, Mapping):
                raise SourceError(f"expected a mapping, got {type_name(subject)}")
            if subject.get(field) != expected:
                return subject
            return update_field(subject, ("namespace",), self._update, create=True)

        return self._writer.finish(resource, _each_subject(resource, change))


def _applies(field: Field, *, is_core: bool, is_binding: bool) -> bool:
    if field.steps == _METADATA_NAMESPACE:
        return False
    if field.steps == ("metadata", "name") and not is_core:
        return False
    return not (is_binding and field.steps == ("subjects", "namespace"))


def _each_subject(resource: Resource, change: Callable[[Any], Any]) -> Any:
    subjects = resource.body.get("subjects")
    if subjects is None:
        return resource.body
    try:
        if not isinstance(subjects, list):
            raise SourceError(f"expected a list, got {type_name(subjects)}")
        changed = [change(subject) if subject is not None else None for subject in subjects]
    except KmanifestError as error:
        raise located(error.within(field=("subjects",)), resource) from error
    if all(map(_is_same, changed, subjects)):
        return resource.body
    return {**resource.body, "subjects": changed}


def _is_same(one: Any, other: Any) -> bool:
    return one is other


def _refuse_conflicts(before: ResourceMap, moved: ResourceMap) -> None:
    if moved.has_distinct_keys():
        return
    for resource in moved:
        if len(indexes := moved.indexes_by_current_id(resource.key)) > 1:
            ids = format_ids(before[index] for index in indexes)
            raise RenderError(f"several objects become {resource.id}: {ids}")
