"""Update references after renames: each field that names another object gets the current name of that object.

The table of name references lists the fields that are references, such as `spec/template/spec/volumes/configMap/name`
of a Deployment for ConfigMaps. If such a field has the old name of an object of that type, it gets the new one.
The paths of all tables for one type of referring object form one tree, which is walked together with the body once. A
name is looked up in an index of previous names. So the cost grows with the size of the bodies, not with the number of
objects.
Source: kustomize v5.8.2 api/filters/nameref/nameref.go, api/internal/accumulator/namereferencetransformer.go,
api/resmap/reswrangler.go (SubsetThatCouldBeReferencedByResource).
"""

from kmanifest.engines.kustomize.config import selects
from kmanifest.engines.kustomize.defaults import Reference
from kmanifest.engines.kustomize.scalar_nodes import NO_TAG, new_entry, retype
from kmanifest.engines.kustomize.transformers.fields import located
from kmanifest.model.errors import KmanifestError, RenderError, SourceError
from kmanifest.model.fieldpath import split_path
from kmanifest.model.resource import Gvk, Resource, format_ids
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence


class ReferenceTarget(NamedTuple):
    """The type that a field refers to.

    With `by_role_ref`, the referring object's roleRef selects one of two types.
    """

    gvk: Gvk
    by_role_ref: bool


class ReferenceNode:
    """A step of the paths of one type: the targets of the field, and the steps below it."""

    __slots__ = ("children", "targets")

    def __init__(self) -> None:
        self.targets: list[ReferenceTarget] = []
        self.children: dict[str, ReferenceNode] = {}

    def child(self, step: str) -> "ReferenceNode":
        """Return the node after a step; it is created if missing."""
        child = self.children.get(step)
        if child is None:
            child = self.children[step] = ReferenceNode()
        return child


class RenameIndex:
    """Objects by their previous names, and all objects by namespace."""

    def __init__(self, resources: ResourceMap) -> None:
        self._resources = resources
        self._by_name: dict[str, list[Resource]] = {}
        self._by_namespace: tuple[dict[str, list[Resource]], dict[str, list[Resource]]] | None = (
            None
        )
        for resource in resources:
            for name in {past.name for past in resource.previous_ids}:
                self._by_name.setdefault(name, []).append(resource)

    def previously_named(self, name: str) -> Sequence[Resource]:
        """Return the objects that once had this name, in order."""
        return self._by_name.get(name, ())

    def by_namespace(
        self,
    ) -> tuple[Mapping[str, Sequence[Resource]], Mapping[str, Sequence[Resource]]]:
        """Return all namespaced objects by their original and by their current namespace."""
        if self._by_namespace is None:
            original: dict[str, list[Resource]] = {}
            current: dict[str, list[Resource]] = {}
            for resource in self._resources:
                if not resource.cluster_scoped:
                    original.setdefault(resource.original_key[4], []).append(resource)
                    current.setdefault(resource.effective_namespace, []).append(resource)
            self._by_namespace = original, current
        return self._by_namespace


def fix_references(resources: ResourceMap, references: Iterable[Reference]) -> ResourceMap:
    """Return the resources with each reference by name updated to the current name of its object.

    Raises RenderError if a reference matches several objects.
    """
    table = tuple(references)
    rename_index = RenameIndex(resources)
    trees: dict[tuple[str, str, str], ReferenceNode] = {}

    def fix(resource: Resource) -> Resource:
        key = resource.original_type
        node = trees.get(key)
        if node is None:
            node = trees[key] = _build_tree(table, *key)
        if not node.children:
            return resource
        try:
            referrer = _ReferringObject(resource, rename_index)
            return resource.with_body(referrer.walk(resource.body, node))
        except KmanifestError as error:
            raise located(error, resource) from error

    return resources.map(fix)


def _build_tree(table: Sequence[Reference], group: str, version: str, kind: str) -> ReferenceNode:
    root = ReferenceNode()
    for target_group, target_version, target_kind, specs in table:
        # Most specs are for another kind, so the kind is compared first.
        for spec in [spec for spec in specs if spec[3] == kind or not spec[3]]:
            if not selects(spec, group, version, kind):
                continue
            node = root
            for step in split_path(spec[0], "/"):
                node = node.child(step.removesuffix("[]"))
            gvk = Gvk(target_group, target_version, target_kind)
            node.targets.append(ReferenceTarget(gvk, spec[0].endswith("roleRef/name")))
    return root


class _ReferringObject:
    """One object whose references are being updated."""

    def __init__(self, resource: Resource, rename_index: RenameIndex) -> None:
        self._resource = resource
        self._rename_index = rename_index
        # Only the service accounts of a role binding can be in another namespace.
        is_binding = resource.kind == "RoleBinding" and not resource.cluster_scoped
        self._subject_namespaces = _namespaces_of_subjects(resource) if is_binding else frozenset()

    def walk(self, value: Any, node: ReferenceNode) -> Any:
        kind = value.__class__
        if kind is list:
            return self._walk_list(value, node)
        if node.targets:
            value = self._update_value(value, node.targets)
            kind = value.__class__
        if not node.children or value is None:
            return value
        if kind is not dict:
            raise SourceError(f"expected a mapping or a list, got {type_name(value)}")
        changed = None
        for step, child in node.children.items():
            old = value.get(step)
            if old is None:
                continue
            try:
                new = self.walk(old, child)
            except KmanifestError as error:
                raise error.within(field=(step,)) from None
            if new is not old:
                changed = changed or dict(value)
                changed[step] = new
        return value if changed is None else changed

    def _walk_list(self, items: list[Any], node: ReferenceNode) -> list[Any]:
        changed = None
        for index, item in enumerate(items):
            if node.targets and not node.children and item.__class__ is list:
                raise SourceError("expected a string or a mapping, got list").within(field=(index,))
            new = self.walk(item, node)
            if new is not item:
                changed = changed or items[:]
                changed[index] = new
        return items if changed is None else changed

    def _update_value(self, value: Any, targets: Sequence[ReferenceTarget]) -> Any:
        if value.__class__ is str and not self._rename_index.previously_named(value):
            return value
        for target in targets:
            if value is None:
                return None
            # Strings are tested first, because isinstance is slow with an abstract class.
            value = (
                self._update_mapping(value, target)
                if value.__class__ is not str and isinstance(value, Mapping)
                else self._update_scalar(value, target)
            )
        return value

    def _update_scalar(self, value: Any, target: ReferenceTarget) -> Any:
        name = scalar_text(value)
        candidates = self._rename_index.previously_named(name)
        if not candidates:
            return value
        referral = self._select(candidates, target, _same_name)
        if referral is None or referral.name == name:
            return value
        return retype(value, referral.name)

    def _update_mapping(
        self, value: Mapping[str, Any], target: ReferenceTarget
    ) -> Mapping[str, Any]:
        if "name" not in value:
            raise SourceError("path config error; no 'name' field in node")
        if value["name"] is None:
            return value
        name = scalar_text(value["name"])
        candidates = self._rename_index.previously_named(name)
        if not candidates:
            return value
        referral = self._select(
            self._in_namespace_of(value, candidates), target, _same_name_and_namespace
        )
        if referral is None or (referral.name == name and not referral.namespace):
            return value
        new = (
            value
            if referral.name == name
            else {**value, "name": retype(value["name"], referral.name)}
        )
        if not referral.namespace or new.get("namespace") == referral.namespace:
            return new
        if "namespace" not in new:
            return {**new, "namespace": new_entry(referral.namespace, NO_TAG)}
        return {**new, "namespace": retype(new["namespace"], referral.namespace)}

    def _in_namespace_of(
        self, value: Mapping[str, Any], candidates: Sequence[Resource]
    ) -> list[Resource]:
        if "namespace" not in value:
            return list(candidates)
        written = value["namespace"]
        namespace = "null" if written is None else scalar_text(written)
        original, _ = self._rename_index.by_namespace()
        if any(self._can_refer_to(resource) for resource in original.get(namespace, ())):
            return [
                resource
                for resource in candidates
                if not resource.cluster_scoped and resource.original_key[4] == namespace
            ]
        return [
            resource
            for resource in candidates
            if not resource.cluster_scoped and resource.effective_namespace == namespace
        ]

    def _select(
        self,
        candidates: Iterable[Resource],
        target: ReferenceTarget,
        are_equal: Callable[[Resource, Resource], bool],
    ) -> Resource | None:
        selected = [
            resource
            for resource in candidates
            if self._can_refer_to(resource) and _had_type(resource, target.gvk)
        ]
        if target.by_role_ref:
            selected = self._with_role_type(selected)
        selected = [resource for resource in selected if self._is_selectable(resource)]
        if len(selected) == 1:
            return selected[0]
        selected = [resource for resource in selected if _affixes_agree(resource, self._resource)]
        if len(selected) > 1:
            selected = [
                resource for resource in selected if _affixes_equal(resource, self._resource)
            ]
        if not selected:
            return None
        if all(are_equal(selected[0], other) for other in selected[1:]):
            return selected[0]
        raise RenderError(f"found multiple possible referrals: {format_ids(selected)}")

    def _can_refer_to(self, other: Resource) -> bool:
        """Return whether the object may refer to another one.

        Only the subjects of a role binding refer to objects in other namespaces.
        """
        return self._is_in_same_scope(other) or other.namespace in self._subject_namespaces

    def _is_selectable(self, other: Resource) -> bool:
        return self._is_in_same_scope(other) or other.kind == "ServiceAccount"

    def _is_in_same_scope(self, other: Resource) -> bool:
        referrer = self._resource
        if referrer.cluster_scoped or other.cluster_scoped:
            return True
        return referrer.key[4] == other.key[4]

    def _with_role_type(self, candidates: list[Resource]) -> list[Resource]:
        role = self._resource.get("roleRef")
        if (
            not isinstance(role, Mapping)
            or role.get("apiGroup") is None
            or role.get("kind") is None
        ):
            return candidates
        gvk = Gvk(scalar_text(role["apiGroup"]), "", scalar_text(role["kind"]))
        return [resource for resource in candidates if _had_type(resource, gvk)]


def _had_type(resource: Resource, gvk: Gvk) -> bool:
    group, version, _, _, _ = resource.id
    if gvk.group not in ("", group) or gvk.version not in ("", version):
        return False
    return not gvk.kind or gvk.kind in [past.kind for past in resource.previous_ids]


def _namespaces_of_subjects(binding: Resource) -> frozenset[str]:
    subjects = binding.body.get("subjects")
    if not isinstance(subjects, list):
        return frozenset()
    namespaces = set()
    for index, subject in enumerate(subjects):
        if not isinstance(subject, Mapping):
            raise SourceError(f"expected a mapping, got {type_name(subject)}").within(
                field=("subjects", index)
            )
        if subject.get("kind") == "ServiceAccount" and "namespace" in subject:
            if not isinstance(subject["namespace"], str):
                raise SourceError("namespace is blank").within(
                    field=("subjects", index, "namespace")
                )
            namespaces.add(subject["namespace"])
    return frozenset(namespaces)


def _same_name(one: Resource, other: Resource) -> bool:
    return one.name == other.name


def _same_name_and_namespace(one: Resource, other: Resource) -> bool:
    return one.name == other.name and one.namespace == other.namespace


def _affixes_agree(one: Resource, other: Resource) -> bool:
    return (
        not one.prefixes or not other.prefixes or _have_common_end(one.prefixes, other.prefixes)
    ) and (not one.suffixes or not other.suffixes or _have_common_end(one.suffixes, other.suffixes))


def _affixes_equal(one: Resource, other: Resource) -> bool:
    return _have_common_end(one.prefixes, other.prefixes) and _have_common_end(
        one.suffixes, other.suffixes
    )


def _have_common_end(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether the shorter tuple is the end of the longer; an empty one only matches an empty one."""
    short = min(len(one), len(other))
    if not short:
        return len(one) == len(other)
    return one[-short:] == other[-short:]
