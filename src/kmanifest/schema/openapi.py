"""The types that a build knows: merge strategies of fields for patches, and which kinds live in no namespace.

A `Schema` answers two questions, and a build asks the second far more often than the first. So the small table of
scopes is loaded with this module, and the larger one of fields when a patch first needs it.

The walk over a schema follows kyaml v0.21.2 openapi/openapi.go, ResourceSchema: a field is found among `properties`,
else it is what `additionalProperties` says, and a `$ref` is followed until there is none, whereby whatever stands
beside the `$ref` is lost. A field that is known but has no strategy is a `TypeSchema` all the same: that its list is
replaced is then certain, and no `apiVersion` and `kind` inside it are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence

from kmanifest.model.errors import SourceError
from kmanifest.model.values import as_mapping, type_name
from kmanifest.schema.scope import CLUSTER_SCOPED, NAMESPACED
from kmanifest.startup.typing import Any, Final

STRATEGY: Final = "x-kubernetes-patch-strategy"
MERGE_KEY: Final = "x-kubernetes-patch-merge-key"
MAP_KEYS: Final = "x-kubernetes-list-map-keys"
TYPE: Final = "x-kubernetes-group-version-kind"
REFERENCE: Final = "#/definitions/{}"

# The kustomization's own types are added to whatever schema is in use, after it (openapi.go, initSchema).
KUSTOMIZATION_API: Final = "kustomize.config.k8s.io/v1beta1"

# A chain of references longer than this one goes round in a circle.
LONGEST_CHAIN: Final = 100

Node = Mapping[str, Any]


class TypeSchema:
    """One node of a schema: a type, a field or the elements of a list. Immutable."""

    __slots__ = ("_definitions", "_fields", "_node", "merge_keys", "strategy")

    strategy: str
    merge_keys: tuple[str, ...]

    def __init__(self, node: Node, definitions: "_Definitions") -> None:
        self._node = node
        self._definitions = definitions
        self._fields: dict[str, TypeSchema | None] = {}
        self.strategy, self.merge_keys = _strategy_and_keys(node)

    @property
    def merges(self) -> bool:
        """Whether a patch's list is merged into this one, not put in its place.

        Source: kyaml v0.21.2 yaml/schema/schema.go, schemaHasMergeStrategy.
        """
        return "merge" in self.strategy.split(",")

    def field(self, name: str) -> "TypeSchema | None":
        """The schema of a field of a mapping; None where nothing is known of it.

        Source: kyaml v0.21.2 openapi/openapi.go, ResourceSchema.Field.
        """
        try:
            return self._fields[name]
        except KeyError:
            pass
        properties = self._node.get("properties") or {}
        others = self._node.get("additionalProperties")
        node = properties.get(name, others)
        found = self._below(node) if isinstance(node, Mapping) else None
        self._fields[name] = found
        return found

    def elements(self) -> "TypeSchema | None":
        """The schema of the elements of a list; None where nothing is known of them.

        Source: kyaml v0.21.2 openapi/openapi.go, ResourceSchema.Elements.
        """
        items = self._node.get("items")
        if self._node.get("type") not in ("array", ["array"]) or not isinstance(items, Mapping):
            return None
        if "" not in self._fields:  # no field has an empty name: the place is free for the elements
            self._fields[""] = self._below(items)
        return self._fields[""]

    def _below(self, node: Node) -> "TypeSchema | None":
        reference = node.get("$ref")
        if isinstance(reference, str) and reference:
            return self._definitions.resolve(reference)
        return TypeSchema(node, self._definitions)


class Schema:
    """All the types known to one build. Immutable; may be used by several threads."""

    __slots__ = ("_base", "_base_wins", "_definitions", "_namespaced", "_types")

    def __init__(
        self,
        definitions: "_Definitions",
        types: Mapping[str, str],
        namespaced: Mapping[str, bool],
        base: "Schema | None" = None,
        *,
        base_wins: bool = False,
    ) -> None:
        self._definitions = definitions
        self._types = types
        self._namespaced = namespaced
        self._base = base
        self._base_wins = base_wins

    def for_type(self, api_version: str, kind: str) -> TypeSchema | None:
        """The schema of a whole resource of this type; None where the type is not known.

        Source: kyaml v0.21.2 openapi/openapi.go, SchemaForResourceType.
        """
        if api_version == KUSTOMIZATION_API and self is not BUILTIN:
            return BUILTIN.for_type(api_version, kind)
        if self._base is not None and self._base_wins:
            found = self._base.for_type(api_version, kind)
            return found or self._own_type(api_version, kind)
        found = self._own_type(api_version, kind)
        if found is not None or self._base is None:
            return found
        return self._base.for_type(api_version, kind)

    def _own_type(self, api_version: str, kind: str) -> TypeSchema | None:
        name = self._types.get(f"{api_version} {kind}")
        return None if name is None else self._definitions.resolve(name)

    def of_comment(self, node: Node) -> TypeSchema:
        """The schema in a comment, whose references lead to the definitions of this schema.

        A `$ref` of the comment itself is followed once. If it leads nowhere, nothing is known but that it is a schema.
        Source: kyaml v0.21.2 yaml/walk/walk.go, GetSchema; yaml/walk/map.go, valueIfPresent.
        """
        reference = node.get("$ref")
        found = self._definitions.resolve(reference) if isinstance(reference, str) else None
        return found or TypeSchema(node, self._definitions)

    def is_cluster_scoped(self, api_version: str, kind: str) -> bool:
        """Whether this type certainly lives in no namespace; an unknown one does not count.

        The built-in table is asked first, whatever a custom schema says.
        Source: kyaml v0.21.2 openapi/openapi.go, IsCertainlyClusterScoped and IsNamespaceScoped.
        """
        key = f"{api_version} {kind}"
        if key in CLUSTER_SCOPED:
            return True
        return key not in NAMESPACED and self._namespaced.get(key) is False

    @staticmethod
    def is_builtin_type(api_version: str, kind: str) -> bool:
        """Whether the built-in table says if this type lives in a namespace."""
        key = f"{api_version} {kind}"
        return key in CLUSTER_SCOPED or key in NAMESPACED

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        base: "Schema | None" = None,
        *,
        base_wins: bool = False,
    ) -> "Schema":
        """The schema that a parsed OpenAPI v2 document (`openapi.path` of a kustomization) declares.

        It stands in place of the built-in one. `base` is for a schema that is in use as well: types and definitions
        that this document does not have are then looked up there, and with `base_wins` all are looked up there first.
        Source: kyaml v0.21.2 openapi/openapi.go, parse, AddDefinitions and findNamespaceability.
        """
        definitions = _section(document, "definitions")
        types: dict[str, str] = {}
        for name, definition in definitions.items():
            for key in _type_keys(as_mapping(definition, ("definitions", name)), name):
                types[key] = REFERENCE.format(name.replace("~", "~0").replace("/", "~1"))
        paths = _section(document, "paths")
        more = None if base is None else base._definitions
        known = _Definitions(definitions, more, base_wins=base_wins)
        return cls(known, types, _namespaced(paths), base, base_wins=base_wins)


class _Definitions:
    """Definitions by name, as an OpenAPI document has them; each becomes a `TypeSchema` when it is first asked for."""

    __slots__ = ("_base", "_base_wins", "_nodes", "_resolved")

    def __init__(
        self,
        nodes: Mapping[str, Any],
        base: "_Definitions | None" = None,
        *,
        base_wins: bool = False,
    ) -> None:
        self._nodes = nodes
        self._base = base
        self._base_wins = base_wins
        self._resolved: dict[str, TypeSchema | None] = {}

    def definition(self, name: str) -> Node | None:
        """The definition of this name."""
        node = self._nodes.get(name)
        return node if isinstance(node, Mapping) else None

    def resolve(self, reference: str) -> TypeSchema | None:
        """What `#/definitions/...` leads to, through further references; None where there is no schema.

        Source: kyaml v0.21.2 openapi/openapi.go, Resolve.
        """
        try:
            return self._resolved[reference]
        except KeyError:
            pass
        found = (
            self._base.resolve(reference) if self._base is not None and self._base_wins else None
        )
        found = self._resolved[reference] = found or self._resolve_chain(reference)
        return found

    def _resolve_chain(self, reference: str) -> TypeSchema | None:
        for _ in range(LONGEST_CHAIN):
            node = self._pointed(reference)
            if node is None:
                return None if self._base is None else self._base.resolve(reference)
            further = node.get("$ref")
            if not isinstance(further, str) or not further:
                return TypeSchema(node, self)
            reference = further
        return None

    def _pointed(self, reference: str) -> Node | None:
        steps = [
            step.replace("~1", "/").replace("~0", "~")
            for step in reference.partition("#")[2].split("/")
        ]
        if len(steps) < 3 or steps[:2] != ["", "definitions"]:
            return None
        node: Any = self.definition(steps[2])
        for step in steps[3:]:
            node = node.get(step) if isinstance(node, Mapping) else None
        return node if isinstance(node, Mapping) else None


class _BuiltinDefinitions(_Definitions):
    """The definitions of the built-in table, which refer to each other by their places in it."""

    __slots__ = ()

    def definition(self, name: str) -> Node | None:
        """The definition at this place of `tables.DEFINITIONS`, or with this name."""
        from kmanifest.schema.tables import DEFINITIONS  # only a build with patches needs it

        if name.isdecimal():
            return _definition(DEFINITIONS[int(name)])
        from kmanifest.schema.names import NAMES  # only references from elsewhere have names

        place = NAMES.get(name)
        return None if place is None else _definition(DEFINITIONS[place])


class _BuiltinSchema(Schema):
    """Kubernetes v1.21.2 as kustomize v5.8.2 has it built in, and the kustomization's own types."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_BuiltinDefinitions({}), {}, {})

    def for_type(self, api_version: str, kind: str) -> TypeSchema | None:
        """The schema of a whole resource of this type; None where the type is not known."""
        from kmanifest.schema.tables import TYPES  # only a build with patches needs it

        place = TYPES.get(f"{api_version} {kind}")
        return None if place is None else self._definitions.resolve(REFERENCE.format(place))


def _definition(line: str) -> Node:
    """A line of `tables.DEFINITIONS` as an OpenAPI node."""
    properties: dict[str, Node] = {}
    for field in line.split():
        text, *strategy = field.split("!")
        name, _, kind = text.partition("=")
        properties[name] = _node(kind, strategy)
    others = properties.pop("*", None)
    return (
        {"properties": properties}
        if others is None
        else {"properties": properties, "additionalProperties": others}
    )


def _node(kind: str, strategy: Sequence[str] = ()) -> Node:
    """A type in the grammar of `tables.DEFINITIONS` as an OpenAPI node."""
    node: dict[str, Any] = {}
    if kind.startswith("["):
        node = {"type": "array", "items": _node(kind[1:])}
    elif kind.startswith("{"):
        node = {"additionalProperties": _node(kind[1:])}
    elif kind:
        node = {"$ref": REFERENCE.format(kind)}
    if strategy:
        node[STRATEGY] = strategy[0]
    if len(strategy) > 1:
        node[MAP_KEYS] = strategy[1].split(",")
    return node


def _strategy_and_keys(node: Node) -> tuple[str, tuple[str, ...]]:
    """Source: kyaml v0.21.2 openapi/openapi.go, PatchStrategyAndKeyList."""
    strategy = node.get(STRATEGY)
    if strategy is None:
        return "", ()
    keys = node.get(MAP_KEYS)
    if keys is None:
        single = node.get(MERGE_KEY)
        keys = [] if single is None else [single]
    if (
        not isinstance(strategy, str)
        or not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
    ):
        raise SourceError(f"a schema's {STRATEGY} must be a string, and its merge keys strings")
    return strategy, tuple(keys)


def _section(document: Mapping[str, Any], name: str) -> Node:
    section = as_mapping(document).get(name)
    return {} if section is None else as_mapping(section, (name,))


def _type_keys(definition: Node, name: str) -> Iterator[str]:
    entries = definition.get(TYPE)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            yield _type_key(entry, ("definitions", name, TYPE))


def _type_key(entry: Node, field: tuple[str, ...]) -> str:
    group, version, kind = (entry.get(part) for part in ("group", "version", "kind"))
    if not isinstance(version, str) or not isinstance(kind, str):
        wrong = version if not isinstance(version, str) else kind
        raise SourceError(f"version and kind must be strings, got {type_name(wrong)}").within(
            field=field
        )
    return f"{group}/{version} {kind}" if isinstance(group, str) and group else f"{version} {kind}"


def _namespaced(paths: Mapping[str, Any]) -> Mapping[str, bool]:
    """Whether a type lives in a namespace, by the API paths under which it can be read."""
    found: dict[str, bool] = {}
    for path, item in paths.items():
        entry = as_mapping(item or {}, ("paths", path)).get("get")
        declared = entry.get(TYPE) if isinstance(entry, Mapping) else None
        if isinstance(declared, Mapping):
            key = _type_key(declared, ("paths", path, "get", TYPE))
            found[key] = "namespaces/{namespace}" in path or found.get(key, False)
    return found


BUILTIN: Final[Schema] = _BuiltinSchema()
