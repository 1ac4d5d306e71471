"""One Kubernetes object with what a build knows of it beside its body.

kustomize keeps that knowledge in annotations of the object (`internal.config.kubernetes.io/…`); here it is fields, so no
transformer can disturb it and nothing has to be taken out at the end. Source: kustomize v5.8.2 api/resource/resource.go.
"""

from collections.abc import Iterable, Mapping, Sequence

from kmanifest.model import fieldpath
from kmanifest.model.errors import SourceError
from kmanifest.model.values import Body, null_text, scalar_text
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

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
        """Group and version as they are written in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.kind}.{self.version or '[noVer]'}.{self.group or '[noGrp]'}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """Group and version of an `apiVersion`."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", api_version)


class ResourceId(NamedTuple):
    """What tells one object from another; the namespace is as written, empty where none is."""

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
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind}/{self.name}{where}"


class PreviousId(NamedTuple):
    """What an object was called before a transformer renamed it; the namespace is the effective one."""

    name: str
    namespace: str
    kind: str


class UnevenPast(tuple[PreviousId, ...]):
    """A past that a file gives in part: names without namespaces or kinds, or the other way round.

    No id can be added to it, because the names, namespaces and kinds that kustomize keeps would then differ in number.
    """

    __slots__ = ()


class Origin(NamedTuple):
    """Where an object came from: the file and the document in it, or the file and plug-in that generated it.

    `rewritten` says in which style kustomize has written the object since, if it has; the style of the file is then
    lost. `has_schema_comments` means that the body has a `SchemaKey`.
    """

    file: str = ""
    document: int = 0
    configured_in: str = ""
    configured_by: str = ""
    repo: str = ""
    ref: str = ""
    rewritten: str = ""
    has_schema_comments: bool = False


class Lineage:
    """What all the changed copies of one resource share, and no other resource has: only its identity counts."""

    __slots__ = ()


class Resource:
    """One Kubernetes object, immutable: every change gives a new one that shares what did not change.

    `past` holds the ids before renames, oldest first; `prefixes` and `suffixes` what was put around the name, in the
    order in which it was; `behavior` and `needs_hash` come with a generated object; `cluster_scoped` is None as long
    as no schema was asked; `is_unresolved` means that the body may hold a `ScalarNode` whose value is not its text.
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
        "past",
        "prefixes",
        "suffixes",
        "var_names",
    )

    body: Body
    origin: Origin
    past: tuple[PreviousId, ...]
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
        self.past = self.prefixes = self.suffixes = self.var_names = ()
        self.lineage = Lineage()
        self.is_unresolved = False
        self._id = self._key = None

    def __repr__(self) -> str:
        return f"<Resource {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.body == other.body and self.id == other.id

    __hash__ = None  # type: ignore[assignment]  # a body is made of dictionaries

    def _copy(self) -> Self:
        new = self.__class__.__new__(self.__class__)
        new.body = self.body
        new.origin = self.origin
        new.past = self.past
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

    # What the body says

    @property
    def id(self) -> ResourceId:
        """The current id."""
        if self._id is None:
            body = self.body
            group, version = split_api_version(string_or_empty(body.get("apiVersion")))
            name = namespace = ""
            metadata = body.get("metadata")
            # The first test is for speed: an abstract class is slow to ask, and ids are asked for all the time.
            if isinstance(metadata, dict) or isinstance(metadata, Mapping):  # noqa: SIM101 - in this order
                name = string_or_empty(metadata.get("name"))
                namespace = string_or_empty(metadata.get("namespace"))
            self._id = ResourceId(
                group, version, string_or_empty(body.get("kind")), name, namespace
            )
        return self._id

    @property
    def kind(self) -> str:
        """The kind, as the body has it."""
        return self.id.kind

    @property
    def name(self) -> str:
        """The name, as the body has it."""
        return self.id.name

    @property
    def namespace(self) -> str:
        """The namespace as the body has it, empty where it has none."""
        return self.id.namespace

    @property
    def api_version(self) -> str:
        """`apiVersion`, as the body has it."""
        return string_or_empty(self.body.get("apiVersion"))

    @property
    def labels(self) -> dict[str, str]:
        """`metadata.labels` as texts."""
        return string_map(self.get("metadata", "labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """`metadata.annotations` as texts."""
        return string_map(self.get("metadata", "annotations"))

    def get(self, *path: str | int) -> Any:
        """What lies at `path` in the body; None where nothing does."""
        return fieldpath.get(self.body, path)

    def text(self, *path: str | int) -> str:
        """The text of the scalar at `path`; empty where nothing is."""
        return string_or_empty(self.get(*path))

    def copy_body(self) -> dict[str, Any]:
        """A deep copy of the body that the caller may change, for plug-ins that want to."""
        return fieldpath.deep_copy(self.body)  # type: ignore[no-any-return]  # a mapping is copied to a dict

    # Identity

    @property
    def effective_namespace(self) -> str:
        """The namespace that counts when ids are compared: one word for all cluster-scoped objects, else never empty."""
        if self.cluster_scoped:
            return CLUSTER_SCOPE
        return self.id.namespace or DEFAULT_NAMESPACE

    @property
    def key(self) -> IdKey:
        """The current id in the form in which ids are compared: equal for two objects that may not stand together."""
        if self._key is None:
            group, version, kind, name, namespace = self.id
            if self.cluster_scoped:
                namespace = CLUSTER_SCOPE
            self._key = (group, version, kind, name, namespace or DEFAULT_NAMESPACE)
        return self._key

    def past_keys(self) -> list[IdKey]:
        """The ids of the past in the form in which ids are compared."""
        if not self.past:
            return []
        group, version, *_ = self.id
        return [
            (group, version, past.kind, past.name, past.namespace or DEFAULT_NAMESPACE)
            for past in self.past
        ]

    def all_keys(self) -> list[IdKey]:
        """Every id that this object has or had, the oldest first."""
        return [*self.past_keys(), self.key] if self.past else [self.key]

    @property
    def original_id(self) -> ResourceId:
        """The id before any rename; its namespace is the effective one if there was a rename."""
        if not self.past:
            return self.id
        first = self.past[0]
        return ResourceId(self.id.group, self.id.version, first.kind, first.name, first.namespace)

    @property
    def original_type(self) -> tuple[str, str, str]:
        """Group, version and kind before any rename, by which field specs are looked up after one."""
        group, version, kind, _, _ = self.id
        return (group, version, self.past[0].kind if self.past else kind)

    @property
    def original_key(self) -> IdKey:
        """The id before any rename in the form in which ids are compared."""
        return self.past_keys()[0] if self.past else self.key

    # Changed copies

    def put(self, path: fieldpath.Path, value: Any) -> Self:
        """This resource with `value` at `path`."""
        return self.with_body(fieldpath.put(self.body, path, value))

    def with_body(self, body: Body) -> Self:
        """This resource with another body; itself where the body is the same object."""
        if body is self.body:
            return self
        old = self.body
        new = self._copy()
        new.body = body
        if (
            body.get("kind") is not old.get("kind")
            or body.get("apiVersion") is not old.get("apiVersion")
            or not _have_one_name(body.get("metadata"), old.get("metadata"))
        ):
            new._id = new._key = None
        return new

    def with_origin(self, origin: Origin) -> Self:
        """This resource as coming from elsewhere."""
        new = self._copy()
        new.origin = origin
        return new

    def with_scope(self, *, cluster_scoped: bool) -> Self:
        """This resource, known to live in a namespace or not to."""
        if self.cluster_scoped is cluster_scoped:
            return self
        new = self._copy()
        new.cluster_scoped = cluster_scoped
        new._key = None
        return new

    def with_resolution(self, *, is_unresolved: bool) -> Self:
        """This resource, noted to hold or not to hold a `ScalarNode` whose value is not its text."""
        if self.is_unresolved is is_unresolved:
            return self
        new = self._copy()
        new.is_unresolved = is_unresolved
        return new

    def with_current_id_remembered(self) -> Self:
        """This resource with its current id added to its past, to be called before it is renamed.

        SourceError where a file gives the past in part.
        """
        if self.past.__class__ is UnevenPast:
            message = "number of previous names, number of previous namespaces, number of previous kinds not equal"
            raise SourceError(message).within(file=self.origin.file, document=self.origin.document)
        _, _, kind, name, namespace = self.key
        new = self._copy()
        new.past = (*self.past, PreviousId(name, namespace, kind))
        return new

    def with_prefix(self, prefix: str) -> Self:
        """This resource, its name noted to have been given `prefix`."""
        new = self._copy()
        new.prefixes = (*self.prefixes, prefix)
        return new

    def with_suffix(self, suffix: str) -> Self:
        """This resource, its name noted to have been given `suffix`."""
        new = self._copy()
        new.suffixes = (*self.suffixes, suffix)
        return new

    def with_var(self, name: str) -> Self:
        """This resource, noted as the one that the var `name` reads."""
        new = self._copy()
        new.var_names = (*self.var_names, name)
        return new

    def with_history_of(self, other: "Resource", *, needs_hash: bool) -> Self:
        """This resource with the past of `other`, whose place it takes."""
        new = self._copy()
        new.past, new.prefixes, new.suffixes = other.past, other.prefixes, other.suffixes
        new.var_names, new.behavior, new.needs_hash = other.var_names, other.behavior, needs_hash
        new.lineage = other.lineage
        return new

    def detached(self) -> Self:
        """This resource as one of its own: no longer a changed copy of what it was made from."""
        new = self._copy()
        new.lineage = Lineage()
        return new

    def with_history(
        self,
        *,
        past: tuple[PreviousId, ...] = (),
        prefixes: tuple[str, ...] = (),
        suffixes: tuple[str, ...] = (),
        needs_hash: bool = False,
        behavior: str = "",
    ) -> Self:
        """This resource with another past; with none at all where nothing is said."""
        new = self._copy()
        new.past, new.prefixes, new.suffixes = past, prefixes, suffixes
        new.needs_hash, new.behavior = needs_hash, behavior
        return new


def _have_one_name(one: Any, other: Any) -> bool:
    """True where two values of `metadata` certainly have the same name and namespace."""
    return one is other or (
        one.__class__ is other.__class__ is dict
        and one.get("name") is other.get("name")
        and one.get("namespace") is other.get("namespace")
    )


def string_or_empty(value: Any) -> str:
    """The text of a scalar as it was written; empty for null, a mapping or a list."""
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]  # just tested
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(scalar_text(value))


def string_map(value: Any) -> dict[str, str]:
    """A mapping with each value as the text it was written with; what is no scalar counts as empty."""
    if not isinstance(value, Mapping):
        return {}
    if None in value.values():  # such a value may have a key that says how it was written
        return {
            str(key): null_text(key) if item is None else string_or_empty(item)
            for key, item in value.items()
        }
    return {key: string_or_empty(item) for key, item in value.items()}


def describe(resources: Iterable[Resource]) -> str:
    """The ids of some resources for a message."""
    return ", ".join(str(resource.id) for resource in resources)


def names_of(resources: Sequence[Resource]) -> list[str]:
    """`Kind/name` of each resource, for hints."""
    return [f"{resource.kind}/{resource.name}" for resource in resources]
