"""The types of a build: the patch strategies of their fields, and which types are cluster-scoped.

A build needs the scopes far more often than the patch strategies. So the small table of scopes is loaded with this
module, and the larger table of fields when a patch first needs it.

A walk over a schema follows kyaml v0.21.2 openapi/openapi.go, ResourceSchema. A field has its schema in `properties`,
or else in `additionalProperties`. A `$ref` is followed until there is none, and everything next to a `$ref` is
ignored. A known field without a strategy has a `TypeSchema`, too. It means that the field's list is replaced, and that
an `apiVersion` and a `kind` inside the field are not used to find another schema.
"""

from kmanifest.model.errors import SourceError
from kmanifest.model.values import as_mapping, type_name
from kmanifest.schema.scope import CLUSTER_SCOPED, NAMESPACED
from kmanifest.startup.typing import Any, Final, Iterator, Mapping, Sequence

STRATEGY: Final = "x-kubernetes-patch-strategy"
MERGE_KEY: Final = "x-kubernetes-patch-merge-key"
MAP_KEYS: Final = "x-kubernetes-list-map-keys"
TYPE: Final = "x-kubernetes-group-version-kind"
REFERENCE: Final = "#/definitions/{}"

# kyaml adds the types of the kustomization file to every schema, after its other types (openapi.go, initSchema).
KUSTOMIZATION_API: Final = "kustomize.config.k8s.io/v1beta1"

# A longer chain of references is a cycle.
MAX_REFERENCES: Final = 100

Node = Mapping[str, Any]


class TypeSchema:
    """A node of a schema: a type, a field or the elements of a list. Immutable."""

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
        """Whether a patch's list is merged into this list instead of replacing it.

        Source: kyaml v0.21.2 yaml/schema/schema.go, schemaHasMergeStrategy.
        """
        return "merge" in self.strategy.split(",")

    def field(self, name: str) -> "TypeSchema | None":
        """Return the schema of a mapping's field, or None if the field is unknown.

        Source: kyaml v0.21.2 openapi/openapi.go, ResourceSchema.Field.
        """
        try:
            return self._fields[name]
        except KeyError:
            pass
        properties = self._node.get("properties") or {}
        additional = self._node.get("additionalProperties")
        node = properties.get(name, additional)
        schema = self._child(node) if isinstance(node, Mapping) else None
        self._fields[name] = schema
        return schema

    def elements(self) -> "TypeSchema | None":
        """Return the schema of a list's elements, or None if it is unknown.

        Source: kyaml v0.21.2 openapi/openapi.go, ResourceSchema.Elements.
        """
        items = self._node.get("items")
        if self._node.get("type") not in ("array", ["array"]) or not isinstance(items, Mapping):
            return None
        # No field has an empty name, so this key is free for the elements.
        if "" not in self._fields:
            self._fields[""] = self._child(items)
        return self._fields[""]

    def _child(self, node: Node) -> "TypeSchema | None":
        reference = node.get("$ref")
        if isinstance(reference, str) and reference:
            return self._definitions.resolve(reference)
        return TypeSchema(node, self._definitions)


class Schema:
    """The types known to one build. Immutable; several threads can use one schema."""

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
        """Return the schema of resources of this type, or None if the type is unknown.

        Source: kyaml v0.21.2 openapi/openapi.go, SchemaForResourceType.
        """
        if api_version == KUSTOMIZATION_API and self is not BUILTIN:
            return BUILTIN.for_type(api_version, kind)
        if self._base is not None and self._base_wins:
            return self._base.for_type(api_version, kind) or self._own_type(api_version, kind)
        schema = self._own_type(api_version, kind)
        if schema is not None or self._base is None:
            return schema
        return self._base.for_type(api_version, kind)

    def _own_type(self, api_version: str, kind: str) -> TypeSchema | None:
        name = self._types.get(f"{api_version} {kind}")
        return None if name is None else self._definitions.resolve(name)

    def of_comment(self, node: Node) -> TypeSchema:
        """Return the schema in a comment, whose references lead to the definitions of this schema.

        A `$ref` of the comment itself is followed once. If it leads nowhere, nothing is known but that it is a schema.
        Source: kyaml v0.21.2 yaml/walk/walk.go, GetSchema; yaml/walk/map.go, valueIfPresent.
        """
        reference = node.get("$ref")
        schema = self._definitions.resolve(reference) if isinstance(reference, str) else None
        return schema or TypeSchema(node, self._definitions)

    def is_cluster_scoped(self, api_version: str, kind: str) -> bool:
        """Whether this type is known to be cluster-scoped. False for an unknown type.

        The built-in table has precedence over a custom schema.
        Source: kyaml v0.21.2 openapi/openapi.go, IsCertainlyClusterScoped and IsNamespaceScoped.
        """
        key = f"{api_version} {kind}"
        if key in CLUSTER_SCOPED:
            return True
        return key not in NAMESPACED and self._namespaced.get(key) is False

    @staticmethod
    def is_builtin_type(api_version: str, kind: str) -> bool:
        """Whether the built-in table has this type, namespaced or cluster-scoped."""
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
        """Return the schema in a parsed OpenAPI v2 document (`openapi.path` of a kustomization).

        The schema replaces the built-in one. `base` is a schema that is in use as well: types and definitions that
        the document does not have are looked up there, and with `base_wins` all are looked up there first. Raises
        SourceError if the document is invalid.
        Source: kyaml v0.21.2 openapi/openapi.go, parse, AddDefinitions and findNamespaceability.
        """
        definitions = _section(document, "definitions")
        types: dict[str, str] = {}
        for name, definition in definitions.items():
            for key in _type_keys(as_mapping(definition, ("definitions", name)), name):
                types[key] = REFERENCE.format(name.replace("~", "~0").replace("/", "~1"))
        paths = _section(document, "paths")
        base_definitions = None if base is None else base._definitions
        known = _Definitions(definitions, base_definitions, base_wins=base_wins)
        return cls(known, types, _find_namespaced(paths), base, base_wins=base_wins)


class _Definitions:
    """The definitions of an OpenAPI document by name. Each becomes a `TypeSchema` when it is first needed."""

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
        """Return the definition of this name, or None if there is none."""
        node = self._nodes.get(name)
        return node if isinstance(node, Mapping) else None

    def resolve(self, reference: str) -> TypeSchema | None:
        """Return the schema that `#/definitions/...` refers to, or None if there is none.

        Further references are followed.
        Source: kyaml v0.21.2 openapi/openapi.go, Resolve.
        """
        try:
            return self._resolved[reference]
        except KeyError:
            pass
        base_schema = (
            self._base.resolve(reference) if self._base is not None and self._base_wins else None
        )
        schema = base_schema or self._follow(reference)
        self._resolved[reference] = schema
        return schema

    def _follow(self, reference: str) -> TypeSchema | None:
        for _ in range(MAX_REFERENCES):
            node = self._find_node(reference)
            if node is None:
                return None if self._base is None else self._base.resolve(reference)
            next_reference = node.get("$ref")
            if not isinstance(next_reference, str) or not next_reference:
                return TypeSchema(node, self)
            reference = next_reference
        return None

    def _find_node(self, reference: str) -> Node | None:
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
    """The definitions of the built-in table, which refer to each other by their index in it."""

    __slots__ = ()

    def definition(self, name: str) -> Node | None:
        """Return the definition at this index of `tables.DEFINITIONS`, or with this name."""
        from kmanifest.schema.tables import DEFINITIONS  # only a build with patches needs it

        if name.isdecimal():
            return _definition(DEFINITIONS[int(name)])
        from kmanifest.schema.names import NAMES  # only references from elsewhere have names

        index = NAMES.get(name)
        return None if index is None else _definition(DEFINITIONS[index])


class _BuiltinSchema(Schema):
    """The schema that is built into kustomize v5.8.2: Kubernetes v1.21.2 and the kustomization file."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_BuiltinDefinitions({}), {}, {})

    def for_type(self, api_version: str, kind: str) -> TypeSchema | None:
        """Return the schema of resources of this type, or None if the type is unknown."""
        from kmanifest.schema.tables import TYPES  # only a build with patches needs it

        index = TYPES.get(f"{api_version} {kind}")
        return None if index is None else self._definitions.resolve(REFERENCE.format(index))


def _definition(line: str) -> Node:
    """Return a line of `tables.DEFINITIONS` as an OpenAPI node."""
    properties: dict[str, Node] = {}
    for field in line.split():
        named_type, *strategy = field.split("!")
        name, _, kind = named_type.partition("=")
        properties[name] = _node(kind, strategy)
    additional = properties.pop("*", None)
    return (
        {"properties": properties}
        if additional is None
        else {"properties": properties, "additionalProperties": additional}
    )


def _node(kind: str, strategy: Sequence[str] = ()) -> Node:
    """Return a type in the grammar of `tables.DEFINITIONS` as an OpenAPI node."""
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
    """Return the patch strategy and the merge keys of a node.

    Source: kyaml v0.21.2 openapi/openapi.go, PatchStrategyAndKeyList.
    """
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
        invalid = version if not isinstance(version, str) else kind
        raise SourceError(f"version and kind must be strings, got {type_name(invalid)}").within(
            field=field
        )
    return f"{group}/{version} {kind}" if isinstance(group, str) and group else f"{version} {kind}"


def _find_namespaced(paths: Mapping[str, Any]) -> Mapping[str, bool]:
    """Return whether each type is namespaced, by the API paths under which it can be read."""
    is_namespaced: dict[str, bool] = {}
    for path, item in paths.items():
        entry = as_mapping(item or {}, ("paths", path)).get("get")
        declared = entry.get(TYPE) if isinstance(entry, Mapping) else None
        if isinstance(declared, Mapping):
            key = _type_key(declared, ("paths", path, "get", TYPE))
            is_namespaced[key] = "namespaces/{namespace}" in path or is_namespaced.get(key, False)
    return is_namespaced


BUILTIN: Final[Schema] = _BuiltinSchema()
