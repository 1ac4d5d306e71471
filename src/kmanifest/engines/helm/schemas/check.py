"""Whether a value is as a compiled schema wants it, and what is wrong in the order in which the reference tells it.

A schema that says something of what nothing else has looked at (`unevaluatedProperties`) needs to know what that is: so a
check gives, beside the fault, the names or indexes that are still left. They are None where nobody asks.
Source: santhosh-tekuri/jsonschema v6.0.3 validator.go.
"""

from collections.abc import Mapping

from kmanifest.engines.helm.schemas.compile import Node
from kmanifest.engines.helm.schemas.formats import find_format_fault
from kmanifest.engines.helm.schemas.wording import (
    Fault,
    count,
    joined,
    number,
    quoted,
    report,
    shown,
)
from kmanifest.startup.typing import Any, NamedTuple

Path = tuple[str, ...]
Left = set[Any] | None
Result = tuple[Fault | None, Left]


class Scope(NamedTuple):
    """A schema on the way to the one that is checked, for the same value, and the keywords that led there."""

    node: Node
    place: str
    above: "Scope | None"


class Checker:
    """Checks values against one schema."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def fault(self, value: Any) -> str:
        """What is wrong with the value, one line each; empty where nothing is."""
        fault, _ = self._check(self._root, value, (), None, needs=False)
        return report(fault) if fault else ""

    def _check(
        self,
        node: Node,
        value: Any,
        path: Path,
        above: Scope | None,
        *,
        needs: bool,
        word: str = "",
    ) -> Result:
        left = _left(node, value, needs=needs)
        if node.verdict is not None:
            return (None if node.verdict else Fault("false schema", path)), left
        scope = Scope(node, _place(node, above, word), above)
        fault = _cycle(scope, path) or _head_fault(node, value, path)
        if fault:
            return fault, left
        run = _Run(self, node, value, path, scope, left)
        if node.references and node.draft < 2019:
            run.references()
        else:
            run.everything()
        return run.result()

    def inner(self, node: Node, value: Any, path: Path) -> Fault | None:
        """What is wrong with a value inside of another."""
        return self._check(node, value, path, None, needs=False)[0]

    def same(self, node: Node, run: "_Run", word: str = "") -> Result:
        """The check of the same value against another schema."""
        needs = bool(run.left)
        return self._check(node, run.value, run.path, run.scope, needs=needs, word=word)


class _Run:
    """The check of one value against one schema."""

    __slots__ = ("_checker", "_faults", "_node", "left", "path", "scope", "value")

    def __init__(self, checker: Checker, node: Node, value: Any, path: Path, scope: Scope, left: Left) -> None:  # fmt: skip
        self._checker = checker
        self._node = node
        self._faults: list[Fault] = []
        self.value = value
        self.path = path
        self.scope = scope
        self.left = left

    def result(self) -> Result:
        """All faults as one, and what is left."""
        if len(self._faults) < 2:
            return (self._faults[0] if self._faults else None), self.left
        return Fault("validation failed", self.path, self._faults, is_group=True), self.left

    def everything(self) -> None:
        """Check all keywords of the schema."""
        node, value = self._node, self.value
        self.references("$ref")
        if isinstance(value, Mapping):
            if node.objects:
                self._object(value)
        elif isinstance(value, list):
            if node.arrays:
                self._array(value)
        elif isinstance(value, str):
            self._string(value)
        elif node.numbers and isinstance(value, int | float) and not isinstance(value, bool):
            self._number(value)
        self.references("$recursiveRef", "$dynamicRef")
        if node.conditions:
            self._conditions()
        if node.unevaluated:
            self._unevaluated()

    def references(self, *words: str) -> None:
        """Check against what the schema refers to."""
        for word, target in self._node.references:
            if words and word not in words:
                continue
            fault = self._same(target, word)
            if fault:
                causes = fault.causes if fault.is_group else [fault]
                self._add("validation failed", causes, is_reference=True)

    def _add(self, text: str, causes: list[Fault] | None = None, *, is_reference: bool = False) -> None:  # fmt: skip
        self._faults.append(Fault(text, self.path, causes, is_reference=is_reference))

    def _take(self, fault: Fault | None) -> None:
        if fault:
            self._faults.append(fault)

    def _same(self, node: Node, word: str = "") -> Fault | None:
        """What is wrong with the value for another schema; where nothing is, what that has looked at is left no more."""
        fault, left = self._checker.same(node, self, word)
        if fault is None and self.left:
            self.left &= left or set()
        return fault

    def _inner(self, node: Node, value: Any, step: str) -> Fault | None:
        return self._checker.inner(node, value, (*self.path, step))

    # --- kinds of values ----------------------------------------------------------------------------------------

    def _object(self, value: Mapping[str, Any]) -> None:
        words = self._node.objects
        size = len(value)
        if size < words.get("minProperties", 0):
            self._add(f"minProperties: got {count(size)}, want {count(words['minProperties'])}")
        if size > words.get("maxProperties", size):
            self._add(f"maxProperties: got {count(size)}, want {count(words['maxProperties'])}")
        if missing := [name for name in words.get("required", ()) if name not in value]:
            noun = "property" if len(missing) == 1 else "properties"
            self._add(f"missing {noun} {joined(missing)}")
        for name, wanted in words.get("dependencies", {}).items():
            if name in value and isinstance(wanted, Node):
                self._take(self._same(wanted))
            elif name in value:
                self._dependent(name, wanted)
        self._properties(value)
        if "propertyNames" in words:
            for name in sorted(value):
                fault = self._checker.inner(words["propertyNames"], name, ())
                if fault:
                    causes = fault.causes if fault.is_group else [fault]
                    self._add(f"invalid propertyName {quoted(name)}", causes)
        for name, node in words.get("dependentSchemas", {}).items():
            if name in value:
                self._take(self._same(node))
        for name, wanted in words.get("dependentRequired", {}).items():
            if name in value:
                self._dependent(name, wanted)

    def _dependent(self, name: str, wanted: list[str]) -> None:
        if missing := [each for each in wanted if each not in self.value]:
            self._add(f"properties {joined(missing)} required, if {quoted(name)} exists")

    def _properties(self, value: Mapping[str, Any]) -> None:
        words = self._node.objects
        known = words.get("properties", {})
        patterns = words.get("patternProperties", ())
        other: Node | None = words.get("additionalProperties")
        if other is None and not patterns:
            names = sorted(known.keys() & value.keys())
        else:
            names = sorted(value)
        refused: list[str] = []
        for name in names:
            item = value[name]
            is_evaluated = name in known
            if is_evaluated:
                self._take(self._inner(known[name], item, name))
            for fits, node in patterns:
                if fits(name):
                    is_evaluated = True
                    self._take(self._inner(node, item, name))
            if not is_evaluated and other is not None:
                is_evaluated = True
                if other.verdict is False:
                    refused.append(name)
                elif other.verdict is None:
                    self._take(self._inner(other, item, name))
            if is_evaluated and self.left:
                self.left.discard(name)
        if refused:
            self._add(f"additional properties {joined(refused)} not allowed")

    def _array(self, value: list[Any]) -> None:
        words = self._node.arrays
        size = len(value)
        if size < words.get("minItems", 0):
            self._add(f"minItems: got {count(size)}, want {count(words['minItems'])}")
        if size > words.get("maxItems", size):
            self._add(f"maxItems: got {count(size)}, want {count(words['maxItems'])}")
        if "uniqueItems" in words and (twins := _twins(value)):
            self._add(f"items at {count(twins[0])} and {count(twins[1])} are equal")
        items = words.get("items")
        first = items if isinstance(items, list) else words.get("prefixItems", [])
        rest = words.get("additionalItems") if isinstance(items, list) else items
        for index, node in enumerate(first[:size]):
            self._take(self._inner(node, value[index], str(index)))
        if isinstance(rest, Node):
            self._further(value, min(len(first), size), rest, is_plain=isinstance(items, list))
        if "contains" in words:
            self._contains(value)

    def _further(self, value: list[Any], start: int, node: Node, *, is_plain: bool) -> None:
        if is_plain and node.verdict is False:
            if start < len(value):
                self._add(f"last {count(len(value) - start)} additionalItem(s) not allowed")
            return
        for index in range(start, len(value)):
            self._take(self._inner(node, value[index], str(index)))

    def _contains(self, value: list[Any]) -> None:
        words = self._node.arrays
        faults: list[Fault] = []
        matched: list[int] = []
        for index, item in enumerate(value):
            fault = self._inner(words["contains"], item, str(index))
            if fault:
                faults.append(fault)
                continue
            matched.append(index)
            if self.left and self._node.draft >= 2020:
                self.left.discard(index)
        places = " ".join(map(str, matched))
        told = f"but matched {count(len(matched))} items at {places}"
        if "minContains" in words:
            if len(matched) < words["minContains"]:
                told = told if matched else "but none matched"
                wanted = count(words["minContains"])
                self._add(f"min {wanted} items required to match contains schema, {told}", faults)
        elif not matched:
            self._add("no items match contains schema", faults)
        if len(matched) > words.get("maxContains", len(matched)):
            wanted = count(words["maxContains"])
            self._add(f"max {wanted} items required to match contains schema, {told}")

    def _string(self, value: str) -> None:
        words = self._node.strings
        size = len(value)
        if size < words.get("minLength", 0):
            self._add(f"minLength: got {count(size)}, want {count(words['minLength'])}")
        if size > words.get("maxLength", size):
            self._add(f"maxLength: got {count(size)}, want {count(words['maxLength'])}")
        if "pattern" in words and not words["pattern"][1](value):
            self._add(f"{quoted(value)} does not match pattern {quoted(words['pattern'][0])}")

    def _number(self, value: float) -> None:
        words = self._node.numbers
        for word, is_wrong in (
            ("minimum", value < words.get("minimum", value)),
            ("maximum", value > words.get("maximum", value)),
            (
                "exclusiveMinimum",
                "exclusiveMinimum" in words and value <= words["exclusiveMinimum"],
            ),
            (
                "exclusiveMaximum",
                "exclusiveMaximum" in words and value >= words["exclusiveMaximum"],
            ),
            ("multipleOf", "multipleOf" in words and not _is_multiple(value, words["multipleOf"])),
        ):
            if is_wrong:
                self._add(f"{word}: got {number(value)}, want {number(words[word])}")

    # --- other schemas ------------------------------------------------------------------------------------------

    def _conditions(self) -> None:
        words = self._node.conditions
        if "not" in words and self._same(words["not"]) is None:
            self._add("'not' failed")
        faults = [fault for node in words.get("allOf", ()) if (fault := self._same(node))]
        if faults:
            self._add("'allOf' failed", faults)
        if words.get("anyOf"):
            self._any(words["anyOf"])
        if words.get("oneOf"):
            self._one(words["oneOf"])
        if "if" in words:
            branch = "then" if self._same(words["if"]) is None else "else"
            if branch in words:
                self._take(self._same(words[branch]))

    def _any(self, nodes: list[Node]) -> None:
        faults: list[Fault] = []
        is_matched = False
        for node in nodes:
            fault = self._same(node)
            if fault:
                faults.append(fault)
                continue
            is_matched = True
            if not self.left:
                break
        if not is_matched:
            self._add("'anyOf' failed", faults)

    def _one(self, nodes: list[Node]) -> None:
        faults: list[Fault] = []
        matched: int | None = None
        for index, node in enumerate(nodes):
            fault = self._same(node)
            if fault:
                faults.append(fault)
            elif matched is None:
                matched = index
            else:
                self._add(f"'oneOf' failed, subschemas {count(matched)}, {count(index)} matched")
                return
        if matched is None:
            self._add("'oneOf' failed, none matched", faults)

    def _unevaluated(self) -> None:
        words, value = self._node.unevaluated, self.value
        if isinstance(value, Mapping) and "unevaluatedProperties" in words:
            for name in sorted(self.left or ()):
                self._take(self._inner(words["unevaluatedProperties"], value[name], name))
            self.left = set()
        elif isinstance(value, list) and "unevaluatedItems" in words:
            for index in sorted(self.left or ()):
                self._take(self._inner(words["unevaluatedItems"], value[index], str(index)))
            self.left = set()


def _left(node: Node, value: Any, *, needs: bool) -> Left:
    """The names or indexes of a value that the schema has not looked at yet; None where nobody asks."""
    if isinstance(value, Mapping):
        if not node.evaluates_props and (needs or "unevaluatedProperties" in node.unevaluated):
            return set(value)
        return None
    is_asked = needs or "unevaluatedItems" in node.unevaluated
    if isinstance(value, list) and is_asked and not node.evaluates_items:
        return set(range(node.first_items, len(value)))
    return None


def _place(node: Node, above: Scope | None, word: str) -> str:
    if above is None:
        return ""
    if word:
        return f"{above.place}/{word}"
    return above.place + node.location[len(above.node.location) :]


def _cycle(scope: Scope, path: Path) -> Fault | None:
    above = scope.above
    while above is not None:
        if above.node is scope.node:
            where = f'both {scope.place} and {above.place} resolve to "{scope.node.location}"'
            return Fault(f"{where} causing reference cycle", path)
        above = above.above
    return None


def _head_fault(node: Node, value: Any, path: Path) -> Fault | None:
    """What is wrong before the rest is looked at: type, const, enum, format."""
    if node.types:
        kind = _kind(value)
        if kind not in node.types and not (kind == "number" and "integer" in node.types and _is_whole(value)):  # fmt: skip
            return Fault(f"got {kind}, want {' or '.join(node.types)}", path)
    if node.const and not is_equal(value, node.const[0]):
        wanted = node.const[0]
        text = (
            "'const' failed"
            if isinstance(wanted, list | dict)
            else f"value must be {shown(wanted)}"
        )
        return Fault(text, path)
    if node.enum is not None and not any(is_equal(value, each) for each in node.enum):
        return Fault(_enum_text(node.enum), path)
    if node.format and (problem := find_format_fault(node.format, value)):
        return Fault(f"{shown(value)} is not valid {node.format}: {problem}", path)
    return None


def _enum_text(wanted: list[Any]) -> str:
    if any(isinstance(each, list | dict) for each in wanted):
        return "'enum' failed"
    words = ", ".join(map(shown, wanted))
    return f"value must be {words}" if len(wanted) == 1 else f"value must be one of {words}"


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if value is None:
        return "null"
    return "array" if isinstance(value, list) else "object"


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _is_multiple(value: float, factor: float) -> bool:
    from fractions import Fraction  # for this keyword only

    return (
        not factor
        or (Fraction(repr(float(value))) / Fraction(repr(float(factor)))).denominator == 1
    )


def is_equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same: 1 is 1.0, and never true."""
    return bool(_canonical(left) == _canonical(right))


def _canonical(value: Any) -> Any:
    """A value that can be compared and hashed."""
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, Mapping):
        return frozenset((key, _canonical(item)) for key, item in value.items())
    if isinstance(value, list):
        return ("list", *map(_canonical, value))
    return value


def _twins(items: list[Any]) -> tuple[int, int] | None:
    """The indexes of the first item that equals an earlier one, the earlier first."""
    seen: dict[Any, int] = {}
    for index, item in enumerate(items):
        key = _canonical(item)
        if key in seen:
            return seen[key], index
        seen[key] = index
    return None
