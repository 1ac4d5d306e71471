r"""Field paths of the command line, and the nodes that they match.

`spec.containers[name=web].image`: field names, `[field=expression]` and `[=expression]` for list items, an index, `*`
for all items; `\.` is a dot in a name.
Source: kustomize cmd/config v0.21.2 runner/runner.go, ParseFieldPath; kyaml v0.21.2 yaml/match.go, PathMatcher.
"""

from kmanifest.cli.cfg.nodes import full_text, get_field, is_null, list_items
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.selectors import unanchored
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, NamedTuple, Sequence


class PathMatch(NamedTuple):
    """A node at a path, and the strings by which the list items on the path were selected."""

    node: Node
    item_texts: tuple[str, ...]


def parse_path(text: str) -> list[str]:
    """Split a path into steps. Raises SourceError for an invalid step."""
    steps: list[str] = []
    for part in text.replace("\\.", "\0").split("."):
        name, *rest = part.replace("\0", ".").split("[")
        if len(rest) > 1:
            raise SourceError(f"{part!r} is not a path step such as list[field=value]")
        steps += [name, f"[{rest[0]}"] if rest else [name]
    return steps


def find_matches(node: Node, path: Sequence[str]) -> list[PathMatch]:
    """The nodes at the path, in order.

    Raises SourceError if a node on the path has another kind than the step needs.
    """
    if not path:
        return [PathMatch(node, ())]
    step, rest = path[0], path[1:]
    if step.isascii() and step.isdigit():
        return _find_at_index(node, int(step), rest)
    if step.startswith("[") and step.endswith("]"):
        return _find_in_items(node, step, rest)
    if step == "*":
        matches = [match for item in list_items(node) for match in find_matches(item, rest)]
        return [PathMatch(match.node, (*match.item_texts, step)) for match in matches]
    if is_null(node):
        return []
    if node.kind != "mapping":
        raise SourceError(f"expected a mapping with the field {step!r}, got a {node.kind}")
    value = get_field(node, step)
    if value is None:
        return []
    if value.kind == "scalar" and rest:
        # A scalar on the path is parsed as YAML itself.
        document = parse_node(value.content)
        return [] if document is None else find_matches(document, rest)
    return find_matches(value, rest)


def _find_at_index(node: Node, index: int, rest: Sequence[str]) -> list[PathMatch]:
    items = list_items(node)
    if index >= len(items):
        raise SourceError(f"index {index} specified but only {len(items)} items found")
    return [PathMatch(match.node, match.item_texts) for match in find_matches(items[index], rest)]


def _find_in_items(node: Node, step: str, rest: Sequence[str]) -> list[PathMatch]:
    name, equals, pattern = step[1:-1].partition("=")
    if not equals:
        raise SourceError(f"{step!r} is not an item selector such as [field=value]")
    is_match: Callable[[str], bool] = unanchored(pattern)
    matches: list[PathMatch] = []
    for item in list_items(node):
        if not name:
            matches += [PathMatch(item, ())] if is_match(full_text(item)) else []
            continue
        value = get_field(item, name)
        text = None if value is None else full_text(value)
        if text is not None and is_match(text):
            matches += [
                PathMatch(match.node, (*match.item_texts, text))
                for match in find_matches(item, rest)
            ]
    return matches
