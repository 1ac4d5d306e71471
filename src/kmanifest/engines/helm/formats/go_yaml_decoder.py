"""Decode YAML exactly as go-yaml v2 and sigs.k8s.io/yaml do, with their errors.

An unquoted `{{ .Values.x }}` in a values file is a mapping whose key is a mapping, so users see the errors of keys. They
show the key in Go's syntax. Three steps follow each other, each for the whole document: the text is parsed
(`go_yaml_parser`), its nodes become values, and the values become JSON.

Nodes are decoded by generators that yield the generators for their children, so no text can exhaust Python's stack.

Source: go.yaml.in/yaml/v2 v2.4.4 decode.go, decoder; sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
"""

import math

from kmanifest.engines.helm.formats.go_yaml_parser import (
    ALIAS,
    MAPPING,
    SCALAR,
    SEQUENCE,
    Node,
    parse_document,
)
from kmanifest.engines.helm.formats.go_yaml_scanner import SyntaxProblem
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final, Generator, Iterator
from kmanifest.yaml.build import allowed_alias_ratio
from kmanifest.yaml.readers import key_text
from kmanifest.yaml.resolve import INT64_MAX, NOT_FINITE, resolve_tagged, resolve_v2

_TAG: Final = "tag:yaml.org,2002:"
_FLOAT_TAGS: Final = ("", f"{_TAG}float")
_FEW_ALIASED_NODES: Final = 100
_FEW_NODES: Final = 1_000
_MAX_ITEMS: Final = 1_000
"""The most entries of a collection that a message shows."""

_Steps = Generator[Any, Any, Any]


class _Mapping:
    """The entries of a mapping. In Go, keys of different types are different keys; in Python, `True` equals `1`."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[tuple[type, Any], tuple[Any, Any]] = {}

    def set(self, key: Any, value: Any) -> None:
        self.entries[_go_class(key), key] = key, value


def decode_document(data: bytes) -> Any:
    """Return the value of the first document. Raises SourceError with the message of Go's libraries.

    A RecursionError is possible for very deep values.
    """
    try:
        root = parse_document(data)
        value = None if root is None else _run(_Decoder().decode(root))
    except SyntaxProblem as problem:
        raise SourceError(f"yaml: {problem}") from None
    result = _as_json(value)
    _check_numbers(result)
    return result


def _run(steps: _Steps) -> Any:
    """Return the result of a generator that yields others and receives their results."""
    stack = [steps]
    result: Any = None
    while stack:
        try:
            stack.append(stack[-1].send(result))
            result = None
        except StopIteration as stop:
            stack.pop()
            result = stop.value
    return result


class _Decoder:
    """Decodes the nodes of one document. An alias of a decoded node has the same value.

    `_node_count` is the number of nodes with those that aliases repeat, `_alias_depth` that of the aliases around the
    current node. `_targets` has the value of each target of an alias, and the number of its nodes.
    """

    def __init__(self) -> None:
        self._targets: dict[Node, tuple[Any, int]] = {}
        self._decoding: set[Node] = set()
        self._node_count = self._aliased_count = self._alias_depth = 0

    def decode(self, node: Node) -> _Steps:
        """Return the steps that decode a node."""
        self._count(1, is_aliased=self._alias_depth > 0)
        if node.kind == SCALAR:
            return _decode_scalar(node)
        if node.kind == ALIAS:
            return self._decode_alias(node)
        return self._decode_mapping(node) if node.kind == MAPPING else self._decode_sequence(node)

    def _decode_alias(self, node: Node) -> _Steps:
        target = node.target
        if target in self._decoding:
            raise SyntaxProblem(f"anchor '{node.value}' value contains itself")
        if target in self._targets:
            value, size = self._targets[target]
            self._count(size, is_aliased=True)
            return value
        start = self._node_count
        self._alias_depth += 1
        value = yield self.decode(target)
        self._alias_depth -= 1
        self._targets[target] = value, self._node_count - start
        return value

    def _count(self, size: int, *, is_aliased: bool) -> None:
        """Count nodes. Raises SyntaxProblem if too many of them come from aliases."""
        self._node_count += size
        self._aliased_count += size if is_aliased else 0
        few = self._aliased_count <= _FEW_ALIASED_NODES or self._node_count <= _FEW_NODES
        ratio = self._aliased_count / self._node_count
        if not few and ratio > allowed_alias_ratio(self._node_count):
            raise SyntaxProblem("document contains excessive aliasing")

    def _decode_sequence(self, node: Node) -> _Steps:
        self._decoding.add(node)
        items: list[Any] = []
        for child in node.children:
            item = yield self.decode(child)
            items.append(item)
        self._decoding.discard(node)
        return items

    def _decode_mapping(self, node: Node) -> _Steps:
        self._decoding.add(node)
        result = _Mapping()
        for key_node, value_node in zip(node.children[::2], node.children[1::2], strict=True):
            if _is_merge(key_node):
                for source in _merge_sources(value_node):
                    merged = yield self.decode(source)
                    result.entries.update(merged.entries)
                continue
            key = yield self.decode(key_node)
            if isinstance(key, _Mapping | list):
                raise SyntaxProblem(f"invalid map key: {go_literal(key)}")
            result.set(key, (yield self.decode(value_node)))
        self._decoding.discard(node)
        return result


def _is_merge(node: Node) -> bool:
    is_merge = node.is_implicit or node.tag == f"{_TAG}merge"
    return node.kind == SCALAR and node.value == "<<" and is_merge


def _merge_sources(node: Node) -> Iterator[Node]:
    """Yield the mappings that a `<<` merges, the one that wins last. Raises SyntaxProblem at the first other node."""
    nodes = reversed(node.children) if node.kind == SEQUENCE else (node,)
    for source in nodes:
        # An alias of an alias does not exist: the target is the node itself.
        if source.target.kind != MAPPING:
            raise SyntaxProblem("map merge requires map or sequence of maps as the value")
        yield source


def _decode_scalar(node: Node) -> _Steps:
    yield from ()
    return _resolve_scalar(node)


def _resolve_scalar(node: Node) -> Any:
    text, tag = node.value, node.tag
    if not tag and not node.is_implicit:
        return text
    if tag in _FLOAT_TAGS and text in NOT_FINITE:
        return float(NOT_FINITE[text])
    if not tag:
        return resolve_v2(text)
    try:
        return resolve_tagged(tag, text, resolve_v2)
    except SourceError as error:
        short = tag.removeprefix(_TAG)
        if short == "binary":
            problem = "!!binary value contains invalid base64 data"
        else:
            actual = "!!float" if text in NOT_FINITE else error.message.partition(" ")[0]
            problem = f"cannot decode {actual} `{text}` as a !!{short}"
        raise SyntaxProblem(problem) from None


# --- JSON -------------------------------------------------------------------------------------------------------


def _as_json(value: Any) -> Any:
    """Return the value with strings for keys. Raises SourceError for a key that can't be one."""
    root = _empty_json(value)
    todo = [(value, root)]
    copies: dict[int, Any] = {}
    while todo:
        source, target = todo.pop()
        if isinstance(source, list):
            for item in source:
                target.append(_begin_json(item, copies, todo))
        elif isinstance(source, _Mapping):
            for key, item in source.entries.values():
                text = key_text(key)
                if text is None:
                    name, literal = ("uint64", f"{key:#x}") if key else ("%!s(<nil>)", "<nil>")
                    shown = "<nil>" if item is None else go_literal(item)
                    raise SourceError(
                        f"unsupported map key of type: {name}, key: {literal}, value: {shown}"
                    )
                target[text] = _begin_json(item, copies, todo)
    return root


def _empty_json(value: Any) -> Any:
    return [] if isinstance(value, list) else {} if isinstance(value, _Mapping) else value


def _begin_json(value: Any, copies: dict[int, Any], todo: list[tuple[Any, Any]]) -> Any:
    """Return the JSON of a value: that of a collection is filled later. Values that aliases share stay shared."""
    if not isinstance(value, list | _Mapping):
        return value
    if id(value) not in copies:
        copies[id(value)] = _empty_json(value)
        todo.append((value, copies[id(value)]))
    return copies[id(value)]


def _check_numbers(value: Any) -> None:
    """Raise SourceError for the first number in the order of JSON that it can't hold."""
    todo = [value]
    seen: set[int] = set()
    while todo:
        item = todo.pop()
        if isinstance(item, float) and not math.isfinite(item):
            text = "NaN" if math.isnan(item) else "+Inf" if item > 0 else "-Inf"
            raise SourceError(f"json: unsupported value: {text}")
        if not isinstance(item, dict | list) or id(item) in seen:
            continue
        seen.add(id(item))
        items = [item[key] for key in sorted(item)] if isinstance(item, dict) else item
        todo.extend(reversed(items))


# --- Go's syntax ------------------------------------------------------------------------------------------------


def go_literal(value: Any) -> str:
    """Return a value as Go's `%#v` shows it in an `interface {}`."""
    if isinstance(value, _Mapping):
        pairs = sorted(value.entries.values(), key=_key_rank)[:_MAX_ITEMS]
        inner = ", ".join(f"{go_literal(key)}:{go_literal(item)}" for key, item in pairs)
        return f"map[interface {{}}]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(go_literal, value[:_MAX_ITEMS]))}}}"
    return _scalar_literal(value)


def _scalar_literal(value: Any) -> str:
    from kmanifest.engines.helm.gotemplate import gofmt

    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return gofmt.quoted(value)
    if isinstance(value, int):
        return f"{value:#x}" if value > INT64_MAX else str(int(value))
    return gofmt.float_text(float(value), "g", -1)


def _key_rank(pair: tuple[Any, Any]) -> tuple[int, Any]:
    """Return the position of a key in the output. Go sorts by type first, in the order of the types' addresses."""
    key = pair[0]
    if key is None:
        return 0, 0
    if isinstance(key, str):
        return 1, key.encode("utf-8", "surrogateescape")
    if isinstance(key, bool):
        return 5, key
    if isinstance(key, int):
        return (2 if key > INT64_MAX else 3), key
    return 4, -math.inf if math.isnan(key) else key


def _go_class(key: Any) -> type:
    for class_ in (bool, int, float, str):
        if isinstance(key, class_):
            return class_
    return type(None)
