"""`kmanifest cfg tree`: print resources by directory or by owner, with some of their fields.

Source: kustomize cmd/config v0.21.2 internal/commands/tree.go; kyaml v0.21.2 kio/tree.go.
"""

from kmanifest.cli.cfg.flags import EXCLUDE_NON_LOCAL, INCLUDE_LOCAL, split_list
from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.cfg.tree_text import DisplayField

STRUCTURES = ("owners", "directory")
FLAGS = with_variables(
    "CFG_",
    Flag("all", "switch", "show all fields that have a flag"),
    Flag("args", "switch", "show the arguments of containers"),
    Flag("command", "switch", "show the commands of containers"),
    Flag("env", "switch", "show the environment of containers"),
    EXCLUDE_NON_LOCAL,
    Flag("field", "list", "field to show, for example metadata.annotations.foo", value="strings"),
    Flag("graph-structure", "string", "structure of the tree", choices=(*STRUCTURES, "")),
    Flag("image", "switch", "show the images of containers"),
    INCLUDE_LOCAL,
    Flag("name", "switch", "show the names of containers"),
    Flag("ports", "switch", "show the ports of containers and services"),
    Flag("replicas", "switch", "show the replica counts"),
    Flag("resources", "switch", "show the resource requirements of containers"),
)
CONTAINERS = (
    "spec.containers",
    "spec.template.spec.containers",
    "spec.jobTemplate.spec.template.spec.containers",
)


def tree(command_line: CommandLine) -> int:
    """Print the tree and return the exit code."""
    if len(command_line.arguments) > 1:
        raise UsageError(f"specify one directory, got {len(command_line.arguments)}")
    fields = _fields(command_line)

    # imported here so that usage errors stay fast
    from kmanifest.cli.cfg import pipeline, reading, tree_text

    path = command_line.arguments[0] if command_line.arguments else "."
    if path == "-":
        root, nodes = ".", reading.read_stdin()
    else:
        root, nodes = tree_text.clean_path(path), reading.read_resources(path, recurse=True)
    select = pipeline.local_config_filter(
        local=command_line.values["include-local"],
        other=not command_line.values["exclude-non-local"],
    )
    nodes = pipeline.run_filters(nodes, [select])
    return print_text(
        tree_text.draw_tree(nodes, root, fields, command_line.values["graph-structure"])
        if nodes
        else ""
    )


def _fields(command_line: CommandLine) -> "list[DisplayField]":
    """The fields to show: those of `--field`, then those that have their own flag."""
    from kmanifest.cli.cfg.paths import parse_path
    from kmanifest.cli.cfg.tree_text import DisplayField, to_display_field
    from kmanifest.model.errors import SourceError

    try:
        fields = [
            to_display_field(parse_path(text)) for text in split_list(command_line.values["field"])
        ]
    except SourceError as error:
        raise UsageError(f"--field: {error.message}") from None
    show_all = command_line.values["all"]
    for name in ("name", "image", "command", "args", "env", "replicas", "resources", "ports"):
        if not (command_line.values[name] or (show_all and not command_line.has(name))):
            continue
        if name != "replicas":
            for containers in CONTAINERS:
                path = (*containers.split("."), "[name=.*]", name)
                fields.append(DisplayField(containers, path, name))
        if name in ("replicas", "ports"):
            fields.append(DisplayField(f"spec.{name}", ("spec", name), ""))
    return fields


COMMAND = Command(
    ("cfg", "tree"),
    "[DIR]",
    """\
Print the resources in a directory or a file, or on stdin with `-`, as a tree: by owner if one has an owner,
else by directory.
""",
    (("Flags", FLAGS),),
    tree,
    examples=(
        "kmanifest cfg tree base --replicas --image",
        "kubectl get all -o yaml | kmanifest cfg tree - --field 'status.conditions[type=Ready].status'",
    ),
    completions=(DIRECTORY,),
)
