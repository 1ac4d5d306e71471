"""Compile a schema to nodes: resolve references, compile patterns, and refuse invalid schemas.

A node contains the keywords of one (sub)schema, grouped by the type of value that they apply to. All nodes that the
root leads to are compiled before anything is checked. So an error in a part that no value reaches is reported as well.

Source: santhosh-tekuri/jsonschema v6.0.3 compiler.go, objcompiler.go, root.go, draft.go.
"""

from urllib.parse import unquote, urldefrag, urljoin

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.schemas.meta import meta_schema
from kmanifest.engines.helm.schemas.wording import pointer
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Callable, Final, Iterator, Mapping

DRAFTS: Final = {
    "json-schema.org/schema": 2020,
    "json-schema.org/draft/2020-12/schema": 2020,
    "json-schema.org/draft/2019-09/schema": 2019,
    "json-schema.org/draft-07/schema": 7,
    "json-schema.org/draft-06/schema": 6,
    "json-schema.org/draft-04/schema": 4,
}
URLS: Final = {
    2020: "https://json-schema.org/draft/2020-12/schema",
    2019: "https://json-schema.org/draft/2019-09/schema",
    7: "http://json-schema.org/draft-07/schema",
    6: "http://json-schema.org/draft-06/schema",
    4: "http://json-schema.org/draft-04/schema",
}

_SCHEMA_KEYWORDS: Final = (
    "not", "additionalItems", "additionalProperties", "contains", "propertyNames", "if", "then", "else",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LIST_KEYWORDS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAP_KEYWORDS: Final = ("properties", "patternProperties", "dependentSchemas")
_FIRST_DRAFT: Final = {
    "contains": 6, "propertyNames": 6, "const": 6, "if": 7, "then": 7, "else": 7, "dependentRequired": 2019,
    "dependentSchemas": 2019, "minContains": 2019, "maxContains": 2019, "unevaluatedItems": 2019,
    "unevaluatedProperties": 2019, "$recursiveRef": 2019, "contentSchema": 2019, "$defs": 2019, "$dynamicRef": 2020,
    "prefixItems": 2020,
}  # fmt: skip
_BESIDE_REFERENCE: Final = ("contains", "propertyNames", "const", "if", "then", "else")
_COUNT_KEYWORDS: Final = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains",
)  # fmt: skip
_NUMBER_KEYWORDS: Final = (
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
)
TYPE_ORDER: Final = ("null", "boolean", "number", "integer", "string", "array", "object")
_KEYWORD_GROUPS: Final = {
    "objects": (
        "minProperties", "maxProperties", "required", "dependencies", "properties", "patternProperties",
        "additionalProperties", "propertyNames", "dependentSchemas", "dependentRequired",
    ),
    "arrays": (
        "minItems", "maxItems", "uniqueItems", "prefixItems", "items", "additionalItems", "contains", "minContains",
        "maxContains",
    ),
    "strings": ("minLength", "maxLength", "pattern"),
    "numbers": _NUMBER_KEYWORDS,
    "conditions": ("not", "allOf", "anyOf", "oneOf", "if", "then", "else"),
}  # fmt: skip


class Node:
    """One schema. `verdict` is set for the schemas `true` and `false`; others have keywords, grouped by type."""

    __slots__ = (
        "arrays", "conditions", "const", "draft", "enum", "evaluates_items", "evaluates_props", "first_items", "format",
        "location", "numbers", "objects", "references", "strings", "types", "unevaluated", "verdict",
    )  # fmt: skip

    def __init__(self, location: str, draft: int) -> None:
        self.location = location
        self.draft = draft
        self.verdict: bool | None = None
        self.types: tuple[str, ...] = ()
        self.const: list[Any] = []
        self.enum: list[Any] | None = None
        self.format = ""
        self.references: list[tuple[str, Node]] = []
        self.objects: dict[str, Any] = {}
        self.arrays: dict[str, Any] = {}
        self.strings: dict[str, Any] = {}
        self.numbers: dict[str, Any] = {}
        self.conditions: dict[str, Any] = {}
        self.unevaluated: dict[str, Node] = {}
        self.evaluates_props = False
        self.evaluates_items = False
        self.first_items = 0


def draft_of(url: str) -> int | None:
    """Return the draft that a `$schema` names, or None if it is unknown."""
    address, fragment = urldefrag(url)
    return None if fragment else DRAFTS.get(address.partition("://")[2])


FindFault = Callable[[Any, int], str]
"""A function that returns the errors of a document as a schema of a draft, one per line; empty if there are none."""


class Compiler:
    """Compiles one document. `find_fault` checks the document first. `assert_formats` is for metaschemas."""

    def __init__(
        self,
        document: Any,
        location: str,
        find_fault: FindFault,
        on_urn: Callable[[str], None] = lambda _: None,
        *,
        assert_formats: bool = False,
    ) -> None:
        self._document = document
        self._location = location
        self._find_fault = find_fault
        self._on_urn = on_urn
        self._asserts_formats = assert_formats
        self._draft = 2020
        self._nodes: dict[tuple[int, str], Node] = {}
        self._todo: list[tuple[Node, Mapping[str, Any], str]] = []
        self._schema_locations: dict[int, tuple[str, str]] = {}
        self._resources: dict[str, tuple[Any, str]] = {}
        self._anchors: dict[tuple[str, str], tuple[Any, str]] = {}
        self._warned: set[str] = set()

    def compile(self) -> Node:
        """Return the node of the whole document. Raises SourceError with Helm's message."""
        document = self._document
        if isinstance(document, Mapping) and isinstance(document.get("$schema"), str):
            url = document["$schema"]
            draft = draft_of(url.removesuffix("#"))
            if draft is None:
                raise _not_fetched_error(urldefrag(url).url)
            self._draft = draft
        self._check_shape()
        self._index_ids()
        root = self._get_node(document, "")
        while self._todo:
            self._fill_node(*self._todo.pop())
        return root

    def _check_shape(self) -> None:
        """Raise SourceError if the document is not valid against the metaschema of its draft."""
        fault = self._find_fault(self._document, self._draft)
        if fault:
            raise SourceError(
                f"{quoted(self._location + '#')} is not valid against metaschema: "
                f"jsonschema validation failed with '{URLS[self._draft]}#'\n{fault}"
            )

    # --- names --------------------------------------------------------------------------------------------------

    def _index_ids(self) -> None:
        """Record the schemas that `$id` and `$anchor` name."""
        key = "id" if self._draft == 4 else "$id"
        self._resources[self._location] = (self._document, "")
        todo: list[tuple[Any, str, str]] = [(self._document, "", self._location)]
        while todo:
            schema, path, base = todo.pop()
            if not isinstance(schema, Mapping):
                continue
            name = schema.get(key)
            if isinstance(name, str) and not (self._draft < 2019 and "$ref" in schema):
                address, fragment = urldefrag(name)
                if address:
                    base = urljoin(base, address)
                    self._resources.setdefault(base, (schema, path))
                if fragment and self._draft < 2019:
                    self._anchors.setdefault((base, unquote(fragment)), (schema, path))
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(schema.get(keyword), str):
                    self._anchors.setdefault((base, schema[keyword]), (schema, path))
            self._schema_locations[id(schema)] = (path, base)
            todo.extend(
                (inner, inner_path, base)
                for inner, inner_path in _subschemas(schema, path, self._draft)
            )

    def _resolve(self, reference: str, base: str) -> tuple[Any, str]:
        """Return the schema that a reference leads to, and its path in the document."""
        address, fragment = urldefrag(urljoin(base, reference))
        if reference.startswith("#"):
            address = base
        if address not in self._resources:
            if address.startswith("urn:"):
                self._report_urn_once(address)
                return True, reference
            meta_draft = draft_of(address)
            if meta_draft is not None:
                return meta_schema(meta_draft), reference
            raise _not_fetched_error(address)
        schema, path = self._resources[address]
        fragment = unquote(fragment)
        if not fragment:
            return schema, path
        if not fragment.startswith("/"):
            anchor = self._anchors.get((address, fragment))
            if anchor is None:
                raise SourceError(
                    f"anchor in {quoted(f'{address}#{fragment}')} not found in schema {quoted(address)}"
                )
            return anchor
        return _at_pointer(schema, path, fragment, address)

    def _report_urn_once(self, address: str) -> None:
        if address not in self._warned:
            self._warned.add(address)
            self._on_urn(address)

    # --- nodes --------------------------------------------------------------------------------------------------

    def _get_node(self, schema: Any, path: str) -> Node:
        key = (id(schema) if isinstance(schema, Mapping) else 0, path)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(f"{self._location}#{path}", self._draft)
            if isinstance(schema, Mapping) and schema:
                base = self._schema_locations.get(id(schema), ("", self._location))[1]
                self._todo.append((node, schema, base))
            else:
                node.verdict = schema is not False
        return node

    def _fill_node(self, node: Node, schema: Mapping[str, Any], base: str) -> None:
        path = node.location.partition("#")[2]
        draft = self._draft
        for keyword in ("$ref", "$recursiveRef", "$dynamicRef"):
            if isinstance(schema.get(keyword), str) and draft >= _FIRST_DRAFT.get(keyword, 0):
                node.references.append(
                    (keyword, self._get_node(*self._resolve(schema[keyword], base)))
                )
                if draft < 2019:
                    self._fill_beside_reference(node, schema, path)
                    return
        keywords = {
            keyword: value
            for keyword, value in schema.items()
            if draft >= _FIRST_DRAFT.get(keyword, 0)
        }
        self._fill_head(node, keywords)
        compiled = {
            keyword: compiled_value
            for keyword, value in keywords.items()
            if (compiled_value := self._compile_keyword(keyword, value, keywords, path)) is not None
        }
        for group, group_keywords in _KEYWORD_GROUPS.items():
            setattr(
                node,
                group,
                {keyword: compiled[keyword] for keyword in group_keywords if keyword in compiled},
            )
        for keyword in ("unevaluatedProperties", "unevaluatedItems"):
            if keyword in compiled:
                node.unevaluated[keyword] = compiled[keyword]
        _apply_exclusive_flags(node, schema)
        node.evaluates_props = "additionalProperties" in node.objects
        items = node.arrays.get("items")
        if draft >= 2020:
            node.evaluates_items = items is not None
            node.first_items = len(node.arrays.get("prefixItems", ()))
        else:
            node.evaluates_items = isinstance(items, Node) or "additionalItems" in node.arrays
            node.first_items = len(items) if isinstance(items, list) else 0

    def _fill_beside_reference(self, node: Node, schema: Mapping[str, Any], path: str) -> None:
        """Add the keywords next to a `$ref` that the compiler does not leave out, though these drafts do.

        The values of `const` are checked. Other schemas are only compiled, so their errors are reported. Source:
        objcompiler.go, compile: compileDraft4 returns at a `$ref`, the functions for later drafts do not; validator.go,
        validate.
        """
        keywords = {
            keyword: schema[keyword]
            for keyword in _BESIDE_REFERENCE
            if keyword in schema and self._draft >= _FIRST_DRAFT[keyword]
        }
        if "const" in keywords:
            node.const = [keywords.pop("const")]
        for keyword, value in keywords.items():
            self._compile_keyword(keyword, value, keywords, path)

    def _fill_head(self, node: Node, schema: Mapping[str, Any]) -> None:
        types = schema.get("type", ())
        names = (types,) if isinstance(types, str) else tuple(types)
        node.types = tuple(name for name in TYPE_ORDER if name in names)
        if "const" in schema:
            node.const = [schema["const"]]
        if isinstance(schema.get("enum"), list):
            node.enum = schema["enum"]
        if isinstance(schema.get("format"), str) and (self._asserts_formats or self._draft < 2019):
            node.format = schema["format"]

    def _compile_keyword(
        self, keyword: str, value: Any, schema: Mapping[str, Any], path: str
    ) -> Any:
        """Return the compiled value of a keyword, or None if it has no effect."""
        inner_path = f"{path}/{pointer([keyword])[1:]}"
        if keyword in _SCHEMA_KEYWORDS:
            if keyword == "additionalItems" and not isinstance(schema.get("items"), list):
                return None
            if keyword in ("then", "else") and not _has_branch(schema, keyword):
                return None
            return self._get_node(value, inner_path)
        if keyword in _LIST_KEYWORDS and isinstance(value, list):
            return [
                self._get_node(each, f"{inner_path}/{index}") for index, each in enumerate(value)
            ]
        if keyword == "items":
            if isinstance(value, list) and self._draft < 2020:
                return [
                    self._get_node(each, f"{inner_path}/{index}")
                    for index, each in enumerate(value)
                ]
            return self._get_node(value, inner_path)
        if keyword in _MAP_KEYWORDS and isinstance(value, Mapping):
            nodes = {
                name: self._get_node(each, inner_path + pointer([name]))
                for name, each in value.items()
            }
            if keyword == "patternProperties":
                location = f"{self._location}#{inner_path}"
                return [(_compile_pattern(name, location), node) for name, node in nodes.items()]
            return nodes
        if keyword == "dependencies" and isinstance(value, Mapping):
            return {
                name: list(each)
                if isinstance(each, list)
                else self._get_node(each, inner_path + pointer([name]))
                for name, each in value.items()
            }
        return self._compile_plain_keyword(keyword, value, path)

    def _compile_plain_keyword(self, keyword: str, value: Any, path: str) -> Any:
        if keyword == "pattern" and isinstance(value, str):
            return value, _compile_pattern(value, f"{self._location}#{path}/pattern")
        if keyword == "required" and isinstance(value, list):
            return value or None
        if keyword == "dependentRequired" and isinstance(value, Mapping):
            return value
        if keyword == "uniqueItems":
            return value or None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if keyword in _COUNT_KEYWORDS and is_number and value == int(value):
            return int(value)
        return value if keyword in _NUMBER_KEYWORDS and is_number else None


def _has_branch(schema: Mapping[str, Any], keyword: str) -> bool:
    """Return whether `then` or `else` can apply: there is an `if`, which is not the schema for the other branch.

    Source: objcompiler.go, compileDraft7.
    """
    return "if" in schema and schema["if"] is not (keyword == "else")


def _apply_exclusive_flags(node: Node, schema: Mapping[str, Any]) -> None:
    """Convert draft 4's boolean `exclusiveMinimum` and `exclusiveMaximum` to exclusive limits."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(exclusive) is True and bound in node.numbers:
            node.numbers[exclusive] = node.numbers.pop(bound)


def _compile_pattern(pattern: str, location: str) -> Callable[[str], bool]:
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.sprig.regexes import compile_pattern  # only patterns need it

    try:
        compiled = compile_pattern(pattern)
    except GoError as error:
        raise SourceError(
            f"invalid regex {quoted(pattern)} at {quoted(location)}: {error}"
        ) from None
    return lambda value: compiled.search(value.encode("utf-8", "surrogateescape")) is not None


def _subschemas(schema: Mapping[str, Any], path: str, draft: int) -> Iterator[tuple[Any, str]]:
    """Yield the direct subschemas of a schema, with their paths."""
    for keyword, value in schema.items():
        if draft < _FIRST_DRAFT.get(keyword, 0):
            continue
        inner_path = f"{path}{pointer([keyword])}"
        if keyword in (*_SCHEMA_KEYWORDS, "items", "contentSchema"):
            yield value, inner_path
        if keyword in (*_LIST_KEYWORDS, "items") and isinstance(value, list):
            yield from ((each, f"{inner_path}/{index}") for index, each in enumerate(value))
        if keyword in (*_MAP_KEYWORDS, "dependencies", "definitions", "$defs") and isinstance(
            value, Mapping
        ):
            yield from ((each, inner_path + pointer([name])) for name, each in value.items())


def _at_pointer(schema: Any, path: str, fragment: str, address: str) -> tuple[Any, str]:
    for step in fragment[1:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, Mapping) and name in schema:
            schema = schema[name]
        elif isinstance(schema, list) and name.isdecimal() and int(name) < len(schema):
            schema = schema[int(name)]
        else:
            raise SourceError(f"json-pointer in {quoted(f'{address}#{fragment}')} not found")
    return schema, path + fragment


def _not_fetched_error(address: str) -> SourceError:
    return SourceError(
        f"failing loading {quoted(address)}: schemas outside of values.schema.json are not read"
    )
