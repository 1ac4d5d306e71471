"""`kmanifest cfg tree`: resources by directory or by owner, with some of their fields.

Source: kustomize cmd/config v0.21.2 internal/commands/tree.go; kyaml v0.21.2 kio/tree.go.
"""

from collections.abc import Sequence

from kmanifest.cli.cfg.flags import EXCLUDE_NON_LOCAL, INCLUDE_LOCAL, strings
from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, Parsed, UsageError, describe, parse
from kmanifest.cli.output import print_text
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.cfg.branches import Shown

STRUCTURES = ("owners", "directory")
FLAGS = (
    Flag("all", "switch", "show all fields that have a flag"),
    Flag("args", "switch", "show the arguments of containers"),
    Flag("command", "switch", "show the commands of containers"),
    Flag("env", "switch", "show the environment of containers"),
    EXCLUDE_NON_LOCAL,
    Flag("field", "list", "a field to show, as metadata.annotations.foo"),
    Flag("graph-structure", "text", f"what the branches are: {', '.join(STRUCTURES)}"),
    HELP,
    Flag("image", "switch", "show the images of containers"),
    INCLUDE_LOCAL,
    Flag("name", "switch", "show the names of containers"),
    Flag("ports", "switch", "show the ports of containers and services"),
    Flag("replicas", "switch", "show how many replicas are wanted"),
    Flag("resources", "switch", "show what containers need"),
    STACK_TRACE,
)
INTRODUCTION = """\
Shows the resources in a directory or a file, or on stdin with `-`, as a tree: of owners, where one has an owner, else of directories.

Usage:
  kmanifest cfg tree [DIR] [flags]

Examples:
  kmanifest cfg tree base --replicas --image
  kubectl get all -o yaml | kmanifest cfg tree - --field 'status.conditions[type=Ready].status'

Flags:
"""
CONTAINERS = (
    "spec.containers",
    "spec.template.spec.containers",
    "spec.jobTemplate.spec.template.spec.containers",
)


def tree(arguments: Sequence[str]) -> int:
    """Print the tree; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(FLAGS))
    if len(parsed.words) > 1:
        raise UsageError(f"specify one directory, got {len(parsed.words)}")
    structure = parsed.values["graph-structure"]
    if structure not in ("", *STRUCTURES):
        shown = ", ".join(STRUCTURES)
        raise UsageError(f"illegal flag value --graph-structure {structure}; legal values: {shown}")
    fields = _fields(parsed)

    from kmanifest.cli.cfg import branches, pipeline, reading  # a wrong usage is told without them

    path = parsed.words[0] if parsed.words else "."
    if path == "-":
        root, nodes = ".", reading.read_stdin()
    else:
        root, nodes = branches.clean(path), reading.read_package(path, whole=True)
    wanted = pipeline.local_config(
        local=parsed.values["include-local"],
        other=not parsed.values["exclude-non-local"],
    )
    nodes = pipeline.run_filters(nodes, [wanted])
    return print_text(branches.draw(nodes, root, fields, structure) if nodes else "")


def _fields(parsed: Parsed) -> "list[Shown]":
    """What is to be shown of each resource: what `--field` names, then what has a flag of its own."""
    from kmanifest.cli.cfg.branches import Shown, to_shown
    from kmanifest.cli.cfg.paths import parse_path
    from kmanifest.model.errors import SourceError

    try:
        shown = [to_shown(parse_path(text)) for text in strings(parsed.values["field"])]
    except SourceError as error:
        raise UsageError(f"--field: {error.message}") from None
    every = parsed.values["all"]
    for name in ("name", "image", "command", "args", "env", "replicas", "resources", "ports"):
        if not (parsed.values[name] or (every and not parsed.was_given(name))):
            continue
        if name != "replicas":
            for place in CONTAINERS:
                path = (*place.split("."), "[name=.*]", name)
                shown.append(Shown(place, path, name))
        if name in ("replicas", "ports"):
            shown.append(Shown(f"spec.{name}", ("spec", name), ""))
    return shown
