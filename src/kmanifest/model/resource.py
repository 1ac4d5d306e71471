"""A Kubernetes object with the facts that a build knows about it besides its body.

kustomize stores these facts in annotations of the object (`internal.config.kubernetes.io/…`). Here they are fields,
so no transformer can damage them and none have to be removed at the end. Source: kustomize v5.8.2
api/resource/resource.go.
"""

from kmanifest.model import fieldpath
from kmanifest.model.errors import FieldPath, SourceError
from kmanifest.model.values import Body, null_text, scalar_text
from kmanifest.startup.typing import Any, Final, Iterable, Mapping, NamedTuple, Self, Sequence

REWRITTEN_AS_FLOW: Final = "flow"  # JSON, as items of list kinds are
REWRITTEN_AS_BLOCK: Final = "block"  # sorted, as after a JSON patch
CLUSTER_SCOPE: Final = "_non_namespaceable_"
DEFAULT_NAMESPACE: Final = "default"

IdKey = tuple[str, str, str, str, str]


class Gvk(NamedTuple):
    """Group, version and kind of an object."""

    group: str = ""
    version: str = ""
    kind: str = ""

    @property
    def api_version(self) -> str:
        """The group and version in the form of `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.kind}.{self.version or '[noVer]'}.{self.group or '[noGrp]'}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """Return the group and version of an `apiVersion`."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", api_version)


class ResourceId(NamedTuple):
    """The id of an object, from its body.

    `group`: the group in `apiVersion`; empty for the core group. `version`: the version in `apiVersion`. `kind`: the
    kind. `name`: the name. `namespace`: the namespace; empty if the body has none.

    >>> from kmanifest import ResourceId
    >>> identity = ResourceId(group="apps", version="v1", kind="Deployment", name="web", namespace="shop")
    >>> print(identity, identity.gvk.api_version)
    Deployment/web in namespace shop apps/v1
    """

    group: str
    version: str
    kind: str
    name: str
    namespace: str

    @property
    def gvk(self) -> Gvk:
        """The type of the object."""
        return Gvk(self.group, self.version, self.kind)

    def __str__(self) -> str:
        namespace_part = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind}/{self.name}{namespace_part}"


class PreviousId(NamedTuple):
    """The id of an object before a transformer renamed it. `namespace` is the effective namespace."""

    name: str
    namespace: str
    kind: str


class UnevenPreviousIds(tuple[PreviousId, ...]):
    """Previous ids that a file contains in part: names without namespaces or kinds, or the other way round.

    No id can be added to it, because the names, namespaces and kinds that kustomize keeps would then differ in number.
    """

    __slots__ = ()


class Origin(NamedTuple):
    """The origin of an object: its file and document, or its generator and the file of the generator's config.

    `file`: the file that contains the object. `document`: the index of the YAML document in the file. `configured_in`:
    the file with the config of the generator. `configured_by`: the generator's type, name and namespace. `repo`: the
    repository of the file, if it is remote. `ref`: its commit, branch or tag. `rewritten`: the style in which
    kustomize has written the object since, if it has; the style of the file is then lost. `patch_options`: the
    options of the patches for the object that let them change its name or kind. `has_schema_comments`:
    whether the body has a `SchemaKey`.

    >>> from kmanifest import build
    >>> files = {"kustomization.yaml": "resources: [all.yaml]", "all.yaml": "{kind: Job, metadata: {name: a}}"}
    >>> build(tree=files).find("Job", "a").origin.file
    'all.yaml'
    """

    file: str = ""
    document: int = 0
    configured_in: str = ""
    configured_by: str = ""
    repo: str = ""
    ref: str = ""
    rewritten: str = ""
    patch_options: tuple[str, ...] = ()
    has_schema_comments: bool = False


class Lineage:
    """An object that all changed copies of one resource share, and no other resource. Only its identity counts."""

    __slots__ = ()


class Resource:
    """One Kubernetes object. It is immutable: a change returns a copy that shares everything unchanged.

    `previous_ids`: the ids before renames, oldest first. `prefixes`, `suffixes`: the ones that were added to the
    name, in that order. `behavior`, `needs_hash`: set by the generator of the object. `var_names`: the vars that read
    the object. `cluster_scoped`: None until it is looked up in a schema. `is_unresolved`: whether the body may
    contain a `ScalarNode` whose value differs from its text.

    >>> from kmanifest import Resource
    >>> resource = Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"b": "c"}}})
    >>> resource.kind, resource.name, resource.labels, resource.get("metadata", "annotations")
    ('ConfigMap', 'a', {'b': 'c'}, None)
    """

    __slots__ = (
        "_id",
        "_key",
        "behavior",
        "body",
        "cluster_scoped",
        "is_unresolved",
        "lineage",
        "needs_hash",
        "origin",
        "prefixes",
        "previous_ids",
        "suffixes",
        "var_names",
    )

    body: Body
    origin: Origin
    previous_ids: tuple[PreviousId, ...]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    behavior: str
    needs_hash: bool
    var_names: tuple[str, ...]
    cluster_scoped: bool | None
    is_unresolved: bool
    lineage: "Lineage"
    _id: ResourceId | None
    _key: IdKey | None

    def __init__(
        self,
        body: Body,
        origin: Origin = Origin(),
        *,
        cluster_scoped: bool | None = None,
        behavior: str = "",
        needs_hash: bool = False,
    ) -> None:
        self.body = body
        self.origin = origin
        self.cluster_scoped = cluster_scoped
        self.behavior = behavior
        self.needs_hash = needs_hash
        self.previous_ids = self.prefixes = self.suffixes = self.var_names = ()
        self.lineage = Lineage()
        self.is_unresolved = False
        self._id = self._key = None

    def __repr__(self) -> str:
        return f"<Resource {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.body == other.body and self.id == other.id

    __hash__ = None  # type: ignore[assignment]  # a body contains dictionaries

    def _copy(self) -> Self:
        new = self.__class__.__new__(self.__class__)
        new.body = self.body
        new.origin = self.origin
        new.previous_ids = self.previous_ids
        new.prefixes = self.prefixes
        new.suffixes = self.suffixes
        new.behavior = self.behavior
        new.needs_hash = self.needs_hash
        new.var_names = self.var_names
        new.cluster_scoped = self.cluster_scoped
        new.is_unresolved = self.is_unresolved
        new.lineage = self.lineage
        new._id = self._id
        new._key = self._key
        return new

    # Values from the body

    @property
    def id(self) -> ResourceId:
        """The current id."""
        if self._id is None:
            body = self.body
            group, version = split_api_version(string_or_empty(body.get("apiVersion")))
            name = namespace = ""
            metadata = body.get("metadata")
            # The first test is for speed: isinstance is slow with an abstract class, and ids are needed very often.
            if isinstance(metadata, dict) or isinstance(metadata, Mapping):  # noqa: SIM101 - in this order
                name = string_or_empty(metadata.get("name"))
                namespace = string_or_empty(metadata.get("namespace"))
            self._id = ResourceId(
                group, version, string_or_empty(body.get("kind")), name, namespace
            )
        return self._id

    @property
    def kind(self) -> str:
        """The kind in the body."""
        return self.id.kind

    @property
    def name(self) -> str:
        """The name in the body."""
        return self.id.name

    @property
    def namespace(self) -> str:
        """The namespace in the body, empty if it has none."""
        return self.id.namespace

    @property
    def api_version(self) -> str:
        """The `apiVersion` in the body."""
        return string_or_empty(self.body.get("apiVersion"))

    @property
    def labels(self) -> dict[str, str]:
        """The labels, with every value as a string."""
        return string_map(self.get("metadata", "labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations, with every value as a string."""
        return string_map(self.get("metadata", "annotations"))

    def get(self, *path: str | int) -> Any:
        """Return the value at `path` in the body, or None."""
        return fieldpath.get(self.body, path)

    def text(self, *path: str | int) -> str:
        """Return the source text of the scalar at `path`, or an empty string."""
        return string_or_empty(self.get(*path))

    def copy_body(self) -> dict[str, Any]:
        """Return a deep copy of the body, for a plug-in that changes it in place."""
        return fieldpath.deep_copy(self.body)  # type: ignore[no-any-return]  # the copy of a mapping is a dict

    # Identity

    @property
    def effective_namespace(self) -> str:
        """The namespace for comparing ids: one constant for all cluster-scoped objects, otherwise never empty."""
        if self.cluster_scoped:
            return CLUSTER_SCOPE
        return self.id.namespace or DEFAULT_NAMESPACE

    @property
    def key(self) -> IdKey:
        """The current id in the form for comparing ids. Two objects of a build must not have the same key."""
        if self._key is None:
            group, version, kind, name, namespace = self.id
            if self.cluster_scoped:
                namespace = CLUSTER_SCOPE
            self._key = (group, version, kind, name, namespace or DEFAULT_NAMESPACE)
        return self._key

    def previous_keys(self) -> list[IdKey]:
        """Return the previous ids in the form for comparing ids."""
        if not self.previous_ids:
            return []
        group, version, *_ = self.id
        return [
            (group, version, previous.kind, previous.name, previous.namespace or DEFAULT_NAMESPACE)
            for previous in self.previous_ids
        ]

    def all_keys(self) -> list[IdKey]:
        """Return the keys of all ids that the object has or had, oldest first."""
        return [*self.previous_keys(), self.key] if self.previous_ids else [self.key]

    @property
    def original_id(self) -> ResourceId:
        """The id before all renames. If there was a rename, its namespace is the effective one."""
        if not self.previous_ids:
            return self.id
        first = self.previous_ids[0]
        return ResourceId(self.id.group, self.id.version, first.kind, first.name, first.namespace)

    @property
    def original_type(self) -> tuple[str, str, str]:
        """The group, version and kind before all renames. Field specs are selected by them even after a rename."""
        group, version, kind, _, _ = self.id
        return (group, version, self.previous_ids[0].kind if self.previous_ids else kind)

    @property
    def original_key(self) -> IdKey:
        """The id before all renames in the form for comparing ids."""
        return self.previous_keys()[0] if self.previous_ids else self.key

    # Changed copies

    def put(self, path: fieldpath.Path, value: Any) -> Self:
        """Return the resource with `value` at `path`."""
        return self.with_body(fieldpath.put(self.body, path, value))

    def with_changes(self, changes: Mapping[FieldPath, Any]) -> Self:
        """Return the resource with other values at some field paths, or itself if nothing differs.

        A path is a tuple of keys and list indexes. Mappings that are missing on the path are created. The value MISSING
        removes the field or the list item. The changes are applied in order. Values are copied, so later changes of
        theirs have no effect. References to the resource are not updated if its name changes.

        Raises SourceError if a path leads through a scalar or to a list item that does not exist.

        >>> from kmanifest import MISSING, Resource
        >>> resource = Resource({"kind": "Job", "metadata": {"name": "a"}, "spec": {"suspend": True}})
        >>> resource.with_changes({
        ...     ("metadata", "labels", "app.kubernetes.io/name"): "a",
        ...     ("spec", "suspend"): MISSING,
        ... }).body
        {'kind': 'Job', 'metadata': {'name': 'a', 'labels': {'app.kubernetes.io/name': 'a'}}, 'spec': {}}
        """
        from kmanifest.model.changes import apply_changes  # no build needs it

        return self.with_body(apply_changes(self.body, changes))

    def with_body(self, body: Body) -> Self:
        """Return the resource with another body, or itself if the body is the same object."""
        if body is self.body:
            return self
        old = self.body
        new = self._copy()
        new.body = body
        if (
            body.get("kind") is not old.get("kind")
            or body.get("apiVersion") is not old.get("apiVersion")
            or not _have_same_name(body.get("metadata"), old.get("metadata"))
        ):
            new._id = new._key = None
        return new

    def with_origin(self, origin: Origin) -> Self:
        """Return the resource with another origin."""
        new = self._copy()
        new.origin = origin
        return new

    def with_scope(self, *, cluster_scoped: bool) -> Self:
        """Return the resource with a known scope: cluster-scoped or namespaced."""
        if self.cluster_scoped is cluster_scoped:
            return self
        new = self._copy()
        new.cluster_scoped = cluster_scoped
        new._key = None
        return new

    def with_resolution(self, *, is_unresolved: bool) -> Self:
        """Return the resource with `is_unresolved` set."""
        if self.is_unresolved is is_unresolved:
            return self
        new = self._copy()
        new.is_unresolved = is_unresolved
        return new

    def with_current_id_remembered(self) -> Self:
        """Return the resource with its current id added to its previous ids. Call this before a rename.

        Raises SourceError if a file contains only a part of the previous ids.
        """
        if self.previous_ids.__class__ is UnevenPreviousIds:
            message = "number of previous names, number of previous namespaces, number of previous kinds not equal"
            raise SourceError(message).within(file=self.origin.file, document=self.origin.document)
        _, _, kind, name, namespace = self.key
        new = self._copy()
        new.previous_ids = (*self.previous_ids, PreviousId(name, namespace, kind))
        return new

    def with_prefix(self, prefix: str) -> Self:
        """Return the resource with `prefix` added to its recorded prefixes. The name stays the same."""
        new = self._copy()
        new.prefixes = (*self.prefixes, prefix)
        return new

    def with_suffix(self, suffix: str) -> Self:
        """Return the resource with `suffix` added to its recorded suffixes. The name stays the same."""
        new = self._copy()
        new.suffixes = (*self.suffixes, suffix)
        return new

    def with_var(self, name: str) -> Self:
        """Return the resource with `name` added to the vars that read it."""
        new = self._copy()
        new.var_names = (*self.var_names, name)
        return new

    def with_history_of(self, other: "Resource", *, needs_hash: bool) -> Self:
        """Return the resource with the history and lineage of `other`, which it replaces."""
        new = self._copy()
        new.previous_ids, new.prefixes, new.suffixes = (
            other.previous_ids,
            other.prefixes,
            other.suffixes,
        )
        new.var_names, new.behavior, new.needs_hash = other.var_names, other.behavior, needs_hash
        new.lineage = other.lineage
        return new

    def with_new_lineage(self) -> Self:
        """Return the resource with a lineage of its own. It no longer counts as a changed copy of another one."""
        new = self._copy()
        new.lineage = Lineage()
        return new

    def with_history(
        self,
        *,
        previous_ids: tuple[PreviousId, ...] = (),
        prefixes: tuple[str, ...] = (),
        suffixes: tuple[str, ...] = (),
        needs_hash: bool = False,
        behavior: str = "",
    ) -> Self:
        """Return the resource with another history. What is not passed is emptied."""
        new = self._copy()
        new.previous_ids, new.prefixes, new.suffixes = previous_ids, prefixes, suffixes
        new.needs_hash, new.behavior = needs_hash, behavior
        return new


def _have_same_name(first: Any, second: Any) -> bool:
    """Whether two values of `metadata` certainly have the same name and namespace. False means that they may differ."""
    return first is second or (
        first.__class__ is second.__class__ is dict
        and first.get("name") is second.get("name")
        and first.get("namespace") is second.get("namespace")
    )


def string_or_empty(value: Any) -> str:
    """Return the source text of a scalar, or an empty string for null, a mapping or a list."""
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]  # just tested
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(scalar_text(value))


def string_map(value: Any) -> dict[str, str]:
    """Return a mapping with the source text of each value. A mapping or list as value becomes an empty string."""
    if not isinstance(value, Mapping):
        return {}
    if None in value.values():  # such a value may have a key that holds how it was written
        return {
            str(key): null_text(key) if item is None else string_or_empty(item)
            for key, item in value.items()
        }
    return {key: string_or_empty(item) for key, item in value.items()}


def format_ids(resources: Iterable[Resource]) -> str:
    """Return the ids of resources as text for a message."""
    return ", ".join(str(resource.id) for resource in resources)


def names_of(resources: Sequence[Resource]) -> list[str]:
    """Return `Kind/name` of each resource, for suggestions in messages."""
    return [f"{resource.kind}/{resource.name}" for resource in resources]
