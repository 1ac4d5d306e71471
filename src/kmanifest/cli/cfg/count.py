"""`kmanifest cfg count`: count the resources by kind.

Source: kustomize cmd/config v0.21.2 internal/commands/count.go.
"""

from collections.abc import Sequence

from kmanifest.cli.flags import (
    HELP,
    STACK_TRACE,
    Flag,
    UsageError,
    describe_flags,
    parse_command_line,
)
from kmanifest.cli.output import print_text
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.yaml_nodes import Node

FLAGS = (
    HELP,
    Flag(
        "kind",
        "switch",
        "count by kind (default: true); --kind=false prints one number for all kinds",
    ),
    Flag(
        "recurse-subpackages",
        "switch",
        "also count in subdirectories with a Krmfile (default: true)",
        short="R",
    ),
    STACK_TRACE,
)
INTRODUCTION = """\
Count the resources in a directory or a file, or on stdin.

Usage:
  kmanifest cfg count [DIR] [flags]

Flags:
"""


def count(arguments: Sequence[str]) -> int:
    """Print the number of resources of each kind and return the exit code."""
    command_line = parse_command_line(FLAGS, arguments)
    if command_line.values["help"]:
        return print_text(INTRODUCTION + describe_flags(FLAGS))
    if len(command_line.arguments) > 1:
        raise UsageError(f"specify one directory, got {len(command_line.arguments)}")
    by_kind = command_line.switch("kind", default=True)

    from kmanifest.cli.cfg import reading  # imported here so that usage errors stay fast

    if not command_line.arguments:
        return print_text(_format_counts(reading.read_stdin(), by_kind=by_kind))
    recurse = command_line.switch("recurse-subpackages", default=True)
    texts = [
        f"{path}/\n{_format_counts(reading.read_resources(path), by_kind=by_kind)}"
        for path in reading.find_packages(command_line.arguments[0], recurse=recurse)
    ]
    return print_text("\n".join(texts))


def _format_counts(nodes: "Sequence[Node]", *, by_kind: bool) -> str:
    from kmanifest.cli.cfg.nodes import resource_meta

    if not by_kind:
        return f"{len(nodes)}\n"
    counts: dict[str, int] = {}
    for node in nodes:
        kind = resource_meta(node).kind
        counts[kind] = counts.get(kind, 0) + 1
    return "".join(f"{kind}: {counts[kind]}\n" for kind in sorted(counts))
