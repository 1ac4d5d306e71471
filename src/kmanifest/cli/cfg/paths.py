r"""Paths to fields as they are written on a command line, and what they find.

`spec.containers[name=web].image`: names of fields, `[field=expression]` and `[=expression]` for items of a list, an
index, `*` for all items; `\.` is a dot in a name.
Source: kustomize cmd/config v0.21.2 runner/runner.go, ParseFieldPath; kyaml v0.21.2 yaml/match.go, PathMatcher.
"""

from collections.abc import Callable, Sequence

from kmanifest.cli.cfg.nodes import field, full_text, is_null, items
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.selectors import unanchored
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import NamedTuple


class Found(NamedTuple):
    """A node, and the texts by which the items on the way to it were chosen."""

    node: Node
    chosen: tuple[str, ...]


def parse_path(text: str) -> list[str]:
    """The steps of a path; SourceError where a step is not well-formed."""
    steps: list[str] = []
    for part in text.replace("\\.", "\0").split("."):
        name, *rest = part.replace("\0", ".").split("[")
        if len(rest) > 1:
            raise SourceError(f"{part!r} is no step of a path, such as list[field=value]")
        steps += [name, f"[{rest[0]}"] if rest else [name]
    return steps


def find(node: Node, path: Sequence[str]) -> list[Found]:
    """All that the path leads to, in order; SourceError where a node on the way is of another kind."""
    if not path:
        return [Found(node, ())]
    step, rest = path[0], path[1:]
    if step.isascii() and step.isdigit():
        return _at_index(node, int(step), rest)
    if step.startswith("[") and step.endswith("]"):
        return _chosen(node, step, rest)
    if step == "*":
        every = [found for item in items(node) for found in find(item, rest)]
        return [Found(found.node, (*found.chosen, step)) for found in every]
    if is_null(node):
        return []
    if node.kind != "mapping":
        raise SourceError(f"expected a mapping with the field {step!r}, got a {node.kind}")
    inner = field(node, step)
    if inner is None:
        return []
    if inner.kind == "scalar" and rest:
        # A text may hold YAML of its own.
        document = parse_node(inner.content)
        return [] if document is None else find(document, rest)
    return find(inner, rest)


def _at_index(node: Node, index: int, rest: Sequence[str]) -> list[Found]:
    inside = items(node)
    if index >= len(inside):
        raise SourceError(f"index {index} specified but only {len(inside)} items found")
    return [Found(found.node, found.chosen) for found in find(inside[index], rest)]


def _chosen(node: Node, step: str, rest: Sequence[str]) -> list[Found]:
    name, equals, pattern = step[1:-1].partition("=")
    if not equals:
        raise SourceError(f"{step!r} is no choice of items, such as [field=value]")
    fits: Callable[[str], bool] = unanchored(pattern)
    result: list[Found] = []
    for item in items(node):
        if not name:
            result += [Found(item, ())] if fits(full_text(item)) else []
            continue
        value = field(item, name)
        text = None if value is None else full_text(value)
        if text is not None and fits(text):
            result += [Found(one.node, (*one.chosen, text)) for one in find(item, rest)]
    return result
