"""Check a value against a compiled schema, with errors in the order of Helm's validator.

`unevaluatedProperties` and `unevaluatedItems` apply to the names or indexes that no other keyword has evaluated. So a
check returns its fault and the names or indexes that remain unevaluated. They are None if no keyword needs them.

Source: santhosh-tekuri/jsonschema v6.0.3 validator.go.
"""

from kmanifest.engines.helm.schemas.compile import Node
from kmanifest.engines.helm.schemas.formats import find_format_fault
from kmanifest.engines.helm.schemas.wording import (
    Fault,
    format_count,
    format_fault,
    format_number,
    format_scalar,
    join_quoted,
    quote,
)
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Any, Mapping, NamedTuple

Path = tuple[str, ...]
Unevaluated = set[Any] | None
Result = tuple[Fault | None, Unevaluated]


class Scope(NamedTuple):
    """A schema that is being checked for the current value, its keyword path, and the schema that led to it."""

    node: Node
    keyword_path: str
    parent: "Scope | None"


class Checker:
    """Checks values against one schema."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def fault(self, value: Any) -> str:
        """Return the errors in a value, one per line; empty if there are none."""
        fault, _ = self._check(self._root, value, (), None, tracks_uneval=False)
        return format_fault(fault) if fault else ""

    def _check(
        self,
        node: Node,
        value: Any,
        path: Path,
        parent: Scope | None,
        *,
        tracks_uneval: bool,
        keyword: str = "",
    ) -> Result:
        check_time()
        uneval = _initial_uneval(node, value, tracks_uneval=tracks_uneval)
        if node.verdict is not None:
            return (None if node.verdict else Fault("false schema", path)), uneval
        scope = Scope(node, _keyword_path(node, parent, keyword), parent)
        fault = _find_cycle(scope, path) or _type_or_value_fault(node, value, path)
        if fault:
            return fault, uneval
        value_check = _ValueCheck(self, node, value, path, scope, uneval)
        if node.references and node.draft < 2019:
            value_check.references()
        else:
            value_check.check_all()
        return value_check.result()

    def check_inner(self, node: Node, value: Any, path: Path) -> Fault | None:
        """Check a value that is part of another."""
        return self._check(node, value, path, None, tracks_uneval=False)[0]

    def check_same_value(self, node: Node, value_check: "_ValueCheck", keyword: str = "") -> Result:
        """Check the value of `value_check` against another schema."""
        tracks_uneval = bool(value_check.uneval)
        return self._check(
            node,
            value_check.value,
            value_check.path,
            value_check.scope,
            tracks_uneval=tracks_uneval,
            keyword=keyword,
        )


class _ValueCheck:
    """The check of one value against one schema."""

    __slots__ = ("_checker", "_faults", "_node", "path", "scope", "uneval", "value")

    def __init__(self, checker: Checker, node: Node, value: Any, path: Path, scope: Scope, uneval: Unevaluated) -> None:  # fmt: skip
        self._checker = checker
        self._node = node
        self._faults: list[Fault] = []
        self.value = value
        self.path = path
        self.scope = scope
        self.uneval = uneval

    def result(self) -> Result:
        """Return all faults as one, and the unevaluated names or indexes."""
        if len(self._faults) < 2:
            return (self._faults[0] if self._faults else None), self.uneval
        return Fault("validation failed", self.path, self._faults, is_group=True), self.uneval

    def check_all(self) -> None:
        """Check all keywords of the schema."""
        node, value = self._node, self.value
        self.references("$ref")
        if isinstance(value, Mapping):
            if node.objects:
                self._check_object(value)
        elif isinstance(value, list):
            if node.arrays:
                self._check_array(value)
        elif isinstance(value, str):
            self._check_string(value)
        elif node.numbers and isinstance(value, int | float) and not isinstance(value, bool):
            self._check_number(value)
        self.references("$recursiveRef", "$dynamicRef")
        if node.conditions:
            self._check_conditions()
        if node.unevaluated:
            self._check_unevaluated()

    def references(self, *keywords: str) -> None:
        """Check the schemas that the schema refers to."""
        for keyword, target in self._node.references:
            if keywords and keyword not in keywords:
                continue
            fault = self._check_same_value(target, keyword)
            if fault:
                causes = fault.causes if fault.is_group else [fault]
                self._add("validation failed", causes, is_reference=True)

    def _add(self, text: str, causes: list[Fault] | None = None, *, is_reference: bool = False) -> None:  # fmt: skip
        self._faults.append(Fault(text, self.path, causes, is_reference=is_reference))

    def _add_fault(self, fault: Fault | None) -> None:
        if fault:
            self._faults.append(fault)

    def _check_same_value(self, node: Node, keyword: str = "") -> Fault | None:
        """Check the value against another schema. If it matches, everything that this schema evaluates is evaluated."""
        fault, uneval = self._checker.check_same_value(node, self, keyword)
        if fault is None and self.uneval:
            self.uneval &= uneval or set()
        return fault

    def _check_inner(self, node: Node, value: Any, step: str) -> Fault | None:
        return self._checker.check_inner(node, value, (*self.path, step))

    # --- types of values ----------------------------------------------------------------------------------------

    def _check_object(self, value: Mapping[str, Any]) -> None:
        keywords = self._node.objects
        size = len(value)
        if size < keywords.get("minProperties", 0):
            self._add(
                f"minProperties: got {format_count(size)}, want {format_count(keywords['minProperties'])}"
            )
        if size > keywords.get("maxProperties", size):
            self._add(
                f"maxProperties: got {format_count(size)}, want {format_count(keywords['maxProperties'])}"
            )
        if missing := [name for name in keywords.get("required", ()) if name not in value]:
            noun = "property" if len(missing) == 1 else "properties"
            self._add(f"missing {noun} {join_quoted(missing)}")
        for name, required in keywords.get("dependencies", {}).items():
            if name in value and isinstance(required, Node):
                self._add_fault(self._check_same_value(required))
            elif name in value:
                self._check_dependent(name, required)
        self._check_properties(value)
        if "propertyNames" in keywords:
            for name in sorted(value):
                fault = self._checker.check_inner(keywords["propertyNames"], name, ())
                if fault:
                    causes = fault.causes if fault.is_group else [fault]
                    self._add(f"invalid propertyName {quote(name)}", causes)
        for name, node in keywords.get("dependentSchemas", {}).items():
            if name in value:
                self._add_fault(self._check_same_value(node))
        for name, required in keywords.get("dependentRequired", {}).items():
            if name in value:
                self._check_dependent(name, required)

    def _check_dependent(self, property_name: str, required: list[str]) -> None:
        if missing := [name for name in required if name not in self.value]:
            self._add(
                f"properties {join_quoted(missing)} required, if {quote(property_name)} exists"
            )

    def _check_properties(self, value: Mapping[str, Any]) -> None:
        keywords = self._node.objects
        properties = keywords.get("properties", {})
        patterns = keywords.get("patternProperties", ())
        additional: Node | None = keywords.get("additionalProperties")
        if additional is None and not patterns:
            names = sorted(properties.keys() & value.keys())
        else:
            names = sorted(value)
        refused: list[str] = []
        for name in names:
            item = value[name]
            is_evaluated = name in properties
            if is_evaluated:
                self._add_fault(self._check_inner(properties[name], item, name))
            for matches, node in patterns:
                if matches(name):
                    is_evaluated = True
                    self._add_fault(self._check_inner(node, item, name))
            if not is_evaluated and additional is not None:
                is_evaluated = True
                if additional.verdict is False:
                    refused.append(name)
                elif additional.verdict is None:
                    self._add_fault(self._check_inner(additional, item, name))
            if is_evaluated and self.uneval:
                self.uneval.discard(name)
        if refused:
            self._add(f"additional properties {join_quoted(refused)} not allowed")

    def _check_array(self, value: list[Any]) -> None:
        keywords = self._node.arrays
        size = len(value)
        if size < keywords.get("minItems", 0):
            self._add(
                f"minItems: got {format_count(size)}, want {format_count(keywords['minItems'])}"
            )
        if size > keywords.get("maxItems", size):
            self._add(
                f"maxItems: got {format_count(size)}, want {format_count(keywords['maxItems'])}"
            )
        if "uniqueItems" in keywords and (equal_items := _find_equal_items(value)):
            self._add(
                f"items at {format_count(equal_items[0])} and {format_count(equal_items[1])} are equal"
            )
        items = keywords.get("items")
        first = items if isinstance(items, list) else keywords.get("prefixItems", [])
        rest = keywords.get("additionalItems") if isinstance(items, list) else items
        for index, node in enumerate(first[:size]):
            self._add_fault(self._check_inner(node, value[index], str(index)))
        if isinstance(rest, Node):
            self._check_rest(
                value, min(len(first), size), rest, is_additional=isinstance(items, list)
            )
        if "contains" in keywords:
            self._check_contains(value)

    def _check_rest(self, value: list[Any], start: int, node: Node, *, is_additional: bool) -> None:
        if is_additional and node.verdict is False:
            if start < len(value):
                self._add(f"last {format_count(len(value) - start)} additionalItem(s) not allowed")
            return
        for index in range(start, len(value)):
            self._add_fault(self._check_inner(node, value[index], str(index)))

    def _check_contains(self, value: list[Any]) -> None:
        keywords = self._node.arrays
        faults: list[Fault] = []
        matched: list[int] = []
        for index, item in enumerate(value):
            fault = self._check_inner(keywords["contains"], item, str(index))
            if fault:
                faults.append(fault)
                continue
            matched.append(index)
            if self.uneval and self._node.draft >= 2020:
                self.uneval.discard(index)
        indexes = " ".join(map(str, matched))
        matches_text = f"but matched {format_count(len(matched))} items at {indexes}"
        if "minContains" in keywords:
            if len(matched) < keywords["minContains"]:
                matches_text = matches_text if matched else "but none matched"
                wanted_count = format_count(keywords["minContains"])
                self._add(
                    f"min {wanted_count} items required to match contains schema, {matches_text}",
                    faults,
                )
        elif not matched:
            self._add("no items match contains schema", faults)
        if len(matched) > keywords.get("maxContains", len(matched)):
            wanted_count = format_count(keywords["maxContains"])
            self._add(f"max {wanted_count} items required to match contains schema, {matches_text}")

    def _check_string(self, value: str) -> None:
        keywords = self._node.strings
        size = len(value)
        if size < keywords.get("minLength", 0):
            self._add(
                f"minLength: got {format_count(size)}, want {format_count(keywords['minLength'])}"
            )
        if size > keywords.get("maxLength", size):
            self._add(
                f"maxLength: got {format_count(size)}, want {format_count(keywords['maxLength'])}"
            )
        if "pattern" in keywords and not keywords["pattern"][1](value):
            self._add(f"{quote(value)} does not match pattern {quote(keywords['pattern'][0])}")

    def _check_number(self, value: float) -> None:
        keywords = self._node.numbers
        for keyword, is_wrong in (
            ("minimum", value < keywords.get("minimum", value)),
            ("maximum", value > keywords.get("maximum", value)),
            (
                "exclusiveMinimum",
                "exclusiveMinimum" in keywords and value <= keywords["exclusiveMinimum"],
            ),
            (
                "exclusiveMaximum",
                "exclusiveMaximum" in keywords and value >= keywords["exclusiveMaximum"],
            ),
            (
                "multipleOf",
                "multipleOf" in keywords and not _is_multiple(value, keywords["multipleOf"]),
            ),
        ):
            if is_wrong:
                self._add(
                    f"{keyword}: got {format_number(value)}, want {format_number(keywords[keyword])}"
                )

    # --- other schemas ------------------------------------------------------------------------------------------

    def _check_conditions(self) -> None:
        keywords = self._node.conditions
        if "not" in keywords and self._check_same_value(keywords["not"]) is None:
            self._add("'not' failed")
        faults = [
            fault for node in keywords.get("allOf", ()) if (fault := self._check_same_value(node))
        ]
        if faults:
            self._add("'allOf' failed", faults)
        if keywords.get("anyOf"):
            self._check_any_of(keywords["anyOf"])
        if keywords.get("oneOf"):
            self._check_one_of(keywords["oneOf"])
        if "if" in keywords:
            branch = "then" if self._check_same_value(keywords["if"]) is None else "else"
            if branch in keywords:
                self._add_fault(self._check_same_value(keywords[branch]))

    def _check_any_of(self, nodes: list[Node]) -> None:
        faults: list[Fault] = []
        is_matched = False
        for node in nodes:
            fault = self._check_same_value(node)
            if fault:
                faults.append(fault)
                continue
            is_matched = True
            if not self.uneval:
                break
        if not is_matched:
            self._add("'anyOf' failed", faults)

    def _check_one_of(self, nodes: list[Node]) -> None:
        faults: list[Fault] = []
        matched: int | None = None
        for index, node in enumerate(nodes):
            fault = self._check_same_value(node)
            if fault:
                faults.append(fault)
            elif matched is None:
                matched = index
            else:
                self._add(
                    f"'oneOf' failed, subschemas {format_count(matched)}, {format_count(index)} matched"
                )
                return
        if matched is None:
            self._add("'oneOf' failed, none matched", faults)

    def _check_unevaluated(self) -> None:
        keywords, value = self._node.unevaluated, self.value
        if isinstance(value, Mapping) and "unevaluatedProperties" in keywords:
            for name in sorted(self.uneval or ()):
                self._add_fault(
                    self._check_inner(keywords["unevaluatedProperties"], value[name], name)
                )
            self.uneval = set()
        elif isinstance(value, list) and "unevaluatedItems" in keywords:
            for index in sorted(self.uneval or ()):
                self._add_fault(
                    self._check_inner(keywords["unevaluatedItems"], value[index], str(index))
                )
            self.uneval = set()


def _initial_uneval(node: Node, value: Any, *, tracks_uneval: bool) -> Unevaluated:
    """Return the names or indexes that the schema has not evaluated yet; None if no keyword needs them."""
    if isinstance(value, Mapping):
        if not node.evaluates_props and (
            tracks_uneval or "unevaluatedProperties" in node.unevaluated
        ):
            return set(value)
        return None
    is_tracked = tracks_uneval or "unevaluatedItems" in node.unevaluated
    if isinstance(value, list) and is_tracked and not node.evaluates_items:
        return set(range(node.first_items, len(value)))
    return None


def _keyword_path(node: Node, parent: Scope | None, keyword: str) -> str:
    if parent is None:
        return ""
    if keyword:
        return f"{parent.keyword_path}/{keyword}"
    return parent.keyword_path + node.location[len(parent.node.location) :]


def _find_cycle(scope: Scope, path: Path) -> Fault | None:
    parent = scope.parent
    while parent is not None:
        if parent.node is scope.node:
            reason = f'both {scope.keyword_path} and {parent.keyword_path} resolve to "{scope.node.location}"'
            return Fault(f"{reason} causing reference cycle", path)
        parent = parent.parent
    return None


def _type_or_value_fault(node: Node, value: Any, path: Path) -> Fault | None:
    """Check the keywords that come before all others: type, const, enum, format."""
    if node.types:
        json_type = _json_type(value)
        if json_type not in node.types and not (json_type == "number" and "integer" in node.types and _is_integer(value)):  # fmt: skip
            return Fault(f"got {json_type}, want {' or '.join(node.types)}", path)
    if node.const and not is_equal(value, node.const[0]):
        expected = node.const[0]
        text = (
            "'const' failed"
            if isinstance(expected, list | dict)
            else f"value must be {format_scalar(expected)}"
        )
        return Fault(text, path)
    if node.enum is not None and not any(is_equal(value, each) for each in node.enum):
        return Fault(_enum_message(node.enum), path)
    if node.format and (problem := find_format_fault(node.format, value)):
        return Fault(f"{format_scalar(value)} is not valid {node.format}: {problem}", path)
    return None


def _enum_message(allowed: list[Any]) -> str:
    if any(isinstance(each, list | dict) for each in allowed):
        return "'enum' failed"
    values = ", ".join(map(format_scalar, allowed))
    return f"value must be {values}" if len(allowed) == 1 else f"value must be one of {values}"


def _json_type(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if value is None:
        return "null"
    return "array" if isinstance(value, list) else "object"


def _is_integer(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _is_multiple(value: float, factor: float) -> bool:
    from fractions import Fraction  # only multipleOf needs it

    return (
        not factor
        or (Fraction(repr(float(value))) / Fraction(repr(float(factor)))).denominator == 1
    )


def is_equal(uneval: Any, right: Any) -> bool:
    """Return whether two JSON values are equal. 1 equals 1.0, but never true."""
    return bool(_canonical(uneval) == _canonical(right))


def _canonical(value: Any) -> Any:
    """Return a form of a value that can be compared and hashed."""
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, Mapping):
        return frozenset((key, _canonical(item)) for key, item in value.items())
    if isinstance(value, list):
        return ("list", *map(_canonical, value))
    return value


def _find_equal_items(items: list[Any]) -> tuple[int, int] | None:
    """Return the indexes of two equal items, the earlier first, for the first item that equals an earlier one."""
    seen: dict[Any, int] = {}
    for index, item in enumerate(checked(items)):
        key = _canonical(item)
        if key in seen:
            return seen[key], index
        seen[key] = index
    return None
