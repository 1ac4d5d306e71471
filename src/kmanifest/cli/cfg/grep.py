"""`kmanifest cfg grep`: print the resources with a field that matches.

Source: kustomize cmd/config v0.21.2 internal/commands/grep.go; kyaml v0.21.2 kio/filters/grep.go.
"""

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import BOUNDARY_FLAGS, root_option
from kmanifest.cli.verbs import ANY_TEXT, DIRECTORY, Command
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Callable, NamedTuple, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.yaml_nodes import Node

FLAGS = with_variables(
    "CFG_",
    Flag(
        "annotate",
        "switch",
        "annotate resources with their files",
        default="true",
    ),
    Flag("invert-match", "switch", "print the resources that do not match"),
    Flag(
        "recurse-subpackages",
        "switch",
        "also search subdirectories with a Krmfile",
        short="R",
        default="true",
    ),
)
OPERATORS = (">=", "<=", ">", "<", "=")


class Query(NamedTuple):
    """The path of a field, a comparison operator and the value to compare with."""

    path: tuple[str, ...]
    operator: str
    value: str


def grep(command_line: CommandLine) -> int:
    """Print the resources that match and return the exit code."""
    if len(command_line.arguments) not in (1, 2):
        raise UsageError(
            f"specify a query and at most one directory, got {len(command_line.arguments)}"
        )
    try:
        query = parse_query(command_line.arguments[0])
        is_match = _make_test(query)
    except SourceError as error:
        raise UsageError(f"{command_line.arguments[0]}: {error.message}") from None

    from kmanifest.cli.cfg import pipeline, writing  # imported here so that usage errors stay fast

    removed_annotations = () if command_line.values["annotate"] else writing.INDEX_ANNOTATIONS
    expected = not command_line.values["invert-match"]

    def matching(nodes: "Sequence[Node]") -> "list[Node]":
        return [node for node in nodes if _has_match(node, query, is_match) is expected]

    def to_text(nodes: "Sequence[Node]") -> str:
        return writing.format_nodes(
            pipeline.run_filters(nodes, [matching]), removed_annotations=removed_annotations
        )

    recurse = command_line.values["recurse-subpackages"]
    path = command_line.arguments[1] if len(command_line.arguments) > 1 else None
    root = root_option(command_line.values)
    return print_text(writing.format_all(path, to_text, recurse=recurse, root=root))


def parse_query(text: str) -> Query:
    """Parse `path=expression` or `path>quantity`. Raises SourceError if it is invalid."""
    from kmanifest.cli.cfg.paths import parse_path

    *path, comparison = parse_path(text)
    operator = next((candidate for candidate in OPERATORS if candidate in comparison), "=")
    name, *values = comparison.split(operator)
    if len(values) > 1:
        raise SourceError(f"more than one {operator!r} in {comparison!r}")
    return Query((*path, name), operator, values[0] if values else "")


def _make_test(query: Query) -> "Callable[[Node], bool]":
    """A function that returns whether a node at the path matches the query."""
    if query.operator == "=":
        from kmanifest.cli.cfg.nodes import flow_text
        from kmanifest.engines.kustomize.selectors import unanchored

        search = unanchored(query.value)
        return lambda node: search(flow_text(node).replace('"', "").strip())
    from kmanifest.cli.cfg.quantity import parse_quantity

    limit = parse_quantity(query.value)

    def compares(node: "Node") -> bool:
        if node.kind not in ("scalar", "alias") or not node.content:
            return False
        number = parse_quantity(node.content)
        if number == limit:
            return query.operator in (">=", "<=")
        return (number > limit) is query.operator.startswith(">")

    return compares


def _has_match(node: "Node", query: Query, is_match: "Callable[[Node], bool]") -> bool:
    from kmanifest.cli.cfg.nodes import resource_meta
    from kmanifest.cli.cfg.paths import find_matches

    try:
        # All matches are tested: a value that can't be compared is an error even after one that matches.
        return True in [is_match(match.node) for match in find_matches(node, query.path)]
    except SourceError as error:
        meta = resource_meta(node)
        resource_name = f"{meta.kind} {meta.name}".strip()
        raise error.within(field=(resource_name,)) from error


COMMAND = Command(
    ("cfg", "grep"),
    "QUERY [DIR]",
    """\
Print the resources in a directory or a file, or on stdin, that have a field which matches a regular expression or
a comparison.
""",
    (("Flags", (*FLAGS, *BOUNDARY_FLAGS)),),
    grep,
    examples=(
        "kmanifest cfg grep kind=Deployment base",
        "kmanifest cfg grep 'spec.replicas>2' base",
        "kmanifest cfg grep 'spec.template.spec.containers[name=web].image=nginx:1\\.7' base | kmanifest cfg tree -",
    ),
    completions=(ANY_TEXT, DIRECTORY),
)
