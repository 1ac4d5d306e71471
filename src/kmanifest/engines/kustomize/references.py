"""After renames: every field that names another object gets the name that this object has now.

A field is a reference by the table of name references (ConfigMap: `spec/template/spec/volumes/configMap/name` of a Deployment, …). It
is the old name of one of the objects of that type, and is given the new one. The paths of all tables for one type of
referrer make one tree, which is walked together with the body once; a name is looked up in an index of the names
that objects had before, so the cost grows with the size of the bodies and not with the number of objects.
Source: kustomize v5.8.2 api/filters/nameref/nameref.go, api/internal/accumulator/namereferencetransformer.go,
api/resmap/reswrangler.go (SubsetThatCouldBeReferencedByResource).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kmanifest.engines.kustomize.config import selects
from kmanifest.engines.kustomize.defaults import Reference
from kmanifest.engines.kustomize.scalars import retype
from kmanifest.engines.kustomize.transformers.fields import located
from kmanifest.model.errors import KmanifestError, RenderError, SourceError
from kmanifest.model.fieldpath import split_path
from kmanifest.model.resource import Gvk, Resource, format_ids
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, NamedTuple


class Target(NamedTuple):
    """The type that a field refers to; `by_role` where the referrer's roleRef says which of two types it is."""

    gvk: Gvk
    by_role: bool


class Node:
    """A step of the paths of one type: what the field there refers to, and the steps below."""

    __slots__ = ("below", "targets")

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.below: dict[str, Node] = {}

    def child(self, step: str) -> "Node":
        """The node behind a step, made if it is not there."""
        found = self.below.get(step)
        if found is None:
            found = self.below[step] = Node()
        return found


class Renamed:
    """The objects that had another id before, by the names they had, and where all objects are."""

    def __init__(self, resources: ResourceMap) -> None:
        self._resources = resources
        self._by_name: dict[str, list[Resource]] = {}
        self._by_namespace: tuple[dict[str, list[Resource]], dict[str, list[Resource]]] | None = (
            None
        )
        for resource in resources:
            for name in {past.name for past in resource.previous_ids}:
                self._by_name.setdefault(name, []).append(resource)

    def called(self, name: str) -> Sequence[Resource]:
        """The objects that were called `name` once, in order."""
        return self._by_name.get(name, ())

    def by_namespace(
        self,
    ) -> tuple[Mapping[str, Sequence[Resource]], Mapping[str, Sequence[Resource]]]:
        """All objects that are in a namespace, by the one they were in first and by the one they are in."""
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
    """The resources, each reference by name leading to the object that it led to before.

    RenderError where several objects may be meant.
    """
    table = tuple(references)
    renamed = Renamed(resources)
    trees: dict[tuple[str, str, str], Node] = {}

    def fix(resource: Resource) -> Resource:
        key = resource.original_type
        node = trees.get(key)
        if node is None:
            node = trees[key] = _tree(table, *key)
        if not node.below:
            return resource
        try:
            referrer = _Referrer(resource, renamed)
            return resource.with_body(referrer.walk(resource.body, node))
        except KmanifestError as error:
            raise located(error, resource) from error

    return resources.map(fix)


def _tree(table: Sequence[Reference], group: str, version: str, kind: str) -> Node:
    root = Node()
    for target_group, target_version, target_kind, specs in table:
        # Most specs are for another kind, which is told before all else.
        for spec in [spec for spec in specs if spec[3] == kind or not spec[3]]:
            if not selects(spec, group, version, kind):
                continue
            node = root
            for step in split_path(spec[0], "/"):
                node = node.child(step.removesuffix("[]"))
            gvk = Gvk(target_group, target_version, target_kind)
            node.targets.append(Target(gvk, spec[0].endswith("roleRef/name")))
    return root


class _Referrer:
    """One object whose references are being fixed."""

    def __init__(self, resource: Resource, renamed: Renamed) -> None:
        self._resource = resource
        self._renamed = renamed
        # Only the service accounts of a role binding may be in another namespace.
        is_binding = resource.kind == "RoleBinding" and not resource.cluster_scoped
        self._subject_namespaces = _namespaces_of_subjects(resource) if is_binding else frozenset()

    def walk(self, value: Any, node: Node) -> Any:
        kind = value.__class__
        if kind is list:
            return self._walk_list(value, node)
        if node.targets:
            value = self._refer(value, node.targets)
            kind = value.__class__
        if not node.below or value is None:
            return value
        if kind is not dict:
            raise SourceError(f"expected a mapping or a list, got {type_name(value)}")
        changed = None
        for step, below in node.below.items():
            old = value.get(step)
            if old is None:
                continue
            try:
                new = self.walk(old, below)
            except KmanifestError as error:
                raise error.within(field=(step,)) from None
            if new is not old:
                changed = changed or dict(value)
                changed[step] = new
        return value if changed is None else changed

    def _walk_list(self, items: list[Any], node: Node) -> list[Any]:
        changed = None
        for index, item in enumerate(items):
            if node.targets and not node.below and item.__class__ is list:
                raise SourceError("expected a string or a mapping, got list").within(field=(index,))
            new = self.walk(item, node)
            if new is not item:
                changed = changed or items[:]
                changed[index] = new
        return items if changed is None else changed

    def _refer(self, value: Any, targets: Sequence[Target]) -> Any:
        if value.__class__ is str and not self._renamed.called(value):
            return value
        for target in targets:
            if value is None:
                return None
            # A string is told first, because an abstract class is slow to ask.
            value = (
                self._refer_mapping(value, target)
                if value.__class__ is not str and isinstance(value, Mapping)
                else self._refer_scalar(value, target)
            )
        return value

    def _refer_scalar(self, value: Any, target: Target) -> Any:
        name = scalar_text(value)
        known = self._renamed.called(name)
        if not known:
            return value
        referral = self._select(known, target, _same_name)
        if referral is None or referral.name == name:
            return value
        return retype(value, referral.name)

    def _refer_mapping(self, value: Mapping[str, Any], target: Target) -> Mapping[str, Any]:
        if "name" not in value:
            raise SourceError("path config error; no 'name' field in node")
        if value["name"] is None:
            return value
        name = scalar_text(value["name"])
        known = self._renamed.called(name)
        if not known:
            return value
        referral = self._select(
            self._in_namespace_of(value, known), target, _same_name_and_namespace
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
        return {**new, "namespace": retype(value.get("namespace"), referral.namespace)}

    def _in_namespace_of(
        self, value: Mapping[str, Any], known: Sequence[Resource]
    ) -> list[Resource]:
        if "namespace" not in value:
            return list(known)
        written = value["namespace"]
        namespace = "null" if written is None else scalar_text(written)
        original, _ = self._renamed.by_namespace()
        if any(self._reaches(resource) for resource in original.get(namespace, ())):
            return [
                resource
                for resource in known
                if not resource.cluster_scoped and resource.original_key[4] == namespace
            ]
        return [
            resource
            for resource in known
            if not resource.cluster_scoped and resource.effective_namespace == namespace
        ]

    def _select(
        self, known: Iterable[Resource], target: Target, alike: Callable[[Resource, Resource], bool]
    ) -> Resource | None:
        found = [
            resource for resource in known if self._reaches(resource) and _was(resource, target.gvk)
        ]
        if target.by_role:
            found = self._of_role(found)
        found = [resource for resource in found if self._shares_namespace(resource)]
        if len(found) == 1:
            return found[0]
        found = [resource for resource in found if _affixes_agree(resource, self._resource)]
        if len(found) > 1:
            found = [resource for resource in found if _affixes_equal(resource, self._resource)]
        if not found:
            return None
        if all(alike(found[0], other) for other in found[1:]):
            return found[0]
        raise RenderError(f"found multiple possible referrals: {format_ids(found)}")

    def _reaches(self, other: Resource) -> bool:
        """True where an object may refer to another at all: across namespaces only roles do, by their subjects."""
        return self._is_near(other) or other.namespace in self._subject_namespaces

    def _shares_namespace(self, other: Resource) -> bool:
        return self._is_near(other) or other.kind == "ServiceAccount"

    def _is_near(self, other: Resource) -> bool:
        mine = self._resource
        if mine.cluster_scoped or other.cluster_scoped:
            return True
        return mine.key[4] == other.key[4]

    def _of_role(self, found: list[Resource]) -> list[Resource]:
        role = self._resource.get("roleRef")
        if (
            not isinstance(role, Mapping)
            or role.get("apiGroup") is None
            or role.get("kind") is None
        ):
            return found
        gvk = Gvk(scalar_text(role["apiGroup"]), "", scalar_text(role["kind"]))
        return [resource for resource in found if _was(resource, gvk)]


def _was(resource: Resource, gvk: Gvk) -> bool:
    group, version, _, _, _ = resource.id
    if gvk.group not in ("", group) or gvk.version not in ("", version):
        return False
    return not gvk.kind or gvk.kind in [past.kind for past in resource.previous_ids]


def _namespaces_of_subjects(binding: Resource) -> frozenset[str]:
    subjects = binding.body.get("subjects")
    if not isinstance(subjects, list):
        return frozenset()
    found = set()
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
            found.add(subject["namespace"])
    return frozenset(found)


def _same_name(one: Resource, other: Resource) -> bool:
    return one.name == other.name


def _same_name_and_namespace(one: Resource, other: Resource) -> bool:
    return one.name == other.name and one.namespace == other.namespace


def _affixes_agree(one: Resource, other: Resource) -> bool:
    return (
        not one.prefixes or not other.prefixes or _end_alike(one.prefixes, other.prefixes)
    ) and (not one.suffixes or not other.suffixes or _end_alike(one.suffixes, other.suffixes))


def _affixes_equal(one: Resource, other: Resource) -> bool:
    return _end_alike(one.prefixes, other.prefixes) and _end_alike(one.suffixes, other.suffixes)


def _end_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """True where the shorter is the end of the longer; an empty one is the end of an empty one only."""
    short = min(len(one), len(other))
    if not short:
        return len(one) == len(other)
    return one[-short:] == other[-short:]
