"""`kmanifest cfg count`: count the resources by kind.

Source: kustomize cmd/config v0.21.2 internal/commands/count.go.
"""

import os

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import BOUNDARY_FLAGS, root_option
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.startup.typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.yaml_nodes import Node

FLAGS = with_variables(
    "CFG_",
    Flag(
        "kind",
        "switch",
        "count by kind; --kind=false prints one number for all kinds",
        default="true",
    ),
    Flag(
        "recurse-subpackages",
        "switch",
        "also count in subdirectories with a Krmfile",
        short="R",
        default="true",
    ),
)


def count(command_line: CommandLine) -> int:
    """Print the number of resources of each kind and return the exit code."""
    if len(command_line.arguments) > 1:
        raise UsageError(f"specify one directory, got {len(command_line.arguments)}")
    by_kind = command_line.values["kind"]

    from kmanifest.cli.cfg import reading  # imported here so that usage errors stay fast
    from kmanifest.io.local_tree import find_boundary

    if not command_line.arguments:
        return print_text(_format_counts(reading.read_stdin(), by_kind=by_kind))
    target, recurse = command_line.arguments[0], command_line.values["recurse-subpackages"]
    boundary = find_boundary(os.path.realpath(target), root_option(command_line.values))
    texts = [
        f"{path}/\n{_format_counts(reading.read_resources(path, boundary=boundary), by_kind=by_kind)}"
        for path in reading.find_packages(target, recurse=recurse)
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


COMMAND = Command(
    ("cfg", "count"),
    "[DIR]",
    "Count the resources in a directory or a file, or on stdin.\n",
    (("Flags", (*FLAGS, *BOUNDARY_FLAGS)),),
    count,
    completions=(DIRECTORY,),
)
