"""`kmanifest cfg grep`: the resources with a field that fits.

Source: kustomize cmd/config v0.21.2 internal/commands/grep.go; kyaml v0.21.2 kio/filters/grep.go.
"""

from collections.abc import Callable, Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, UsageError, describe, parse
from kmanifest.cli.output import print_text
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.yaml_nodes import Node

FLAGS = (
    Flag(
        "annotate",
        "switch",
        "annotate resources with their file origins; it is so unless =false is given",
    ),
    HELP,
    Flag("invert-match", "switch", "print the resources that do not match"),
    Flag(
        "recurse-subpackages",
        "switch",
        "also print resources of directories that have a Krmfile; it is so unless =false is given",
        short="R",
    ),
    STACK_TRACE,
)
INTRODUCTION = """\
Prints the resources in a directory or a file, or on stdin, that have a field which fits a regular expression or compares as asked.

Usage:
  kmanifest cfg grep QUERY [DIR] [flags]

Examples:
  kmanifest cfg grep kind=Deployment base
  kmanifest cfg grep 'spec.replicas>2' base
  kmanifest cfg grep 'spec.template.spec.containers[name=web].image=nginx:1\\.7' base | kmanifest cfg tree -

Flags:
"""
SIGNS = (">=", "<=", ">", "<", "=")


class Query(NamedTuple):
    """Where to look, how to compare, and with what."""

    path: tuple[str, ...]
    sign: str
    value: str


def grep(arguments: Sequence[str]) -> int:
    """Print the resources that fit; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(FLAGS))
    if len(parsed.words) not in (1, 2):
        raise UsageError(f"specify a query and at most one directory, got {len(parsed.words)}")
    try:
        query = parse_query(parsed.words[0])
        fits = _test(query)
    except SourceError as error:
        raise UsageError(f"{parsed.words[0]}: {error.message}") from None

    from kmanifest.cli.cfg import pipeline, writing  # a wrong usage is told without them

    without = () if parsed.on("annotate", default=True) else writing.INDEXES
    wanted = not parsed.values["invert-match"]

    def matching(nodes: "Sequence[Node]") -> "list[Node]":
        return [node for node in nodes if _has(node, query, fits) is wanted]

    def to_text(nodes: "Sequence[Node]") -> str:
        return writing.write_nodes(pipeline.run_filters(nodes, [matching]), without=without)

    recurse = parsed.on("recurse-subpackages", default=True)
    path = parsed.words[1] if len(parsed.words) > 1 else None
    return print_text(writing.print_all(path, to_text, recurse=recurse))


def parse_query(text: str) -> Query:
    """`path=expression` or `path>quantity` in parts; SourceError where it is not well-formed."""
    from kmanifest.cli.cfg.paths import parse_path

    *path, last = parse_path(text)
    sign = next((each for each in SIGNS if each in last), "=")
    name, *values = last.split(sign)
    if len(values) > 1:
        raise SourceError(f"more than one {sign!r} in {last!r}")
    return Query((*path, name), sign, values[0] if values else "")


def _test(query: Query) -> "Callable[[Node], bool]":
    """Whether one node that the path leads to fits."""
    if query.sign == "=":
        from kmanifest.cli.cfg.nodes import flow_text
        from kmanifest.engines.kustomize.selectors import unanchored

        has = unanchored(query.value)
        return lambda node: has(flow_text(node).replace('"', "").strip())
    from kmanifest.cli.cfg.quantity import parse_quantity

    limit = parse_quantity(query.value)

    def compares(node: "Node") -> bool:
        if node.kind not in ("scalar", "alias") or not node.content:
            return False
        number = parse_quantity(node.content)
        if number == limit:
            return query.sign in (">=", "<=")
        return (number > limit) is query.sign.startswith(">")

    return compares


def _has(node: "Node", query: Query, fits: "Callable[[Node], bool]") -> bool:
    from kmanifest.cli.cfg.nodes import meta
    from kmanifest.cli.cfg.paths import find

    try:
        # All are looked at, because one that can't be compared is an error wherever it stands.
        return True in [fits(found.node) for found in find(node, query.path)]
    except SourceError as error:
        known = meta(node)
        place = f"{known.kind} {known.name}".strip()
        raise error.within(field=(place,)) from error
