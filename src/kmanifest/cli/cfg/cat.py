"""`kmanifest cfg cat`: print the resources of files, with their fields in the usual order.

Source: kustomize cmd/config v0.21.2 internal/commands/cat.go.
"""

from kmanifest.cli import EXIT_OK
from kmanifest.cli.cfg.flags import EXCLUDE_NON_LOCAL, INCLUDE_LOCAL, split_list
from kmanifest.cli.flags import ANY_VALUE, CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text, write_file
from kmanifest.cli.shared import BOUNDARY_FLAGS, root_option
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from kmanifest.cli.cfg.pipeline import Filter
    from kmanifest.cli.cfg.writing import ResourceListWrapper
    from kmanifest.engines.kustomize.yaml_nodes import Node

STYLES = (
    "TaggedStyle", "DoubleQuotedStyle", "SingleQuotedStyle", "LiteralStyle", "FoldedStyle", "FlowStyle",
)  # fmt: skip
FLAGS = with_variables(
    "CFG_",
    Flag("annotate", "switch", "annotate resources with their files"),
    Flag("dest", "string", "output file (default: stdout)", path="file", user_only=ANY_VALUE),
    EXCLUDE_NON_LOCAL,
    Flag("format", "switch", "put fields in the usual order", default="true"),
    Flag(
        "function-config",
        "string",
        "file with the functionConfig for the list of --wrap-kind",
        path="file",
    ),
    INCLUDE_LOCAL,
    Flag(
        "recurse-subpackages",
        "switch",
        "also print the resources of subdirectories with a Krmfile",
        short="R",
        default="true",
    ),
    Flag("strip-comments", "switch", "remove comments"),
    Flag("style", "list", "YAML style of the output", value="strings", choices=STYLES),
    Flag("wrap-kind", "string", "print one list of this kind, for example ResourceList"),
    Flag("wrap-version", "string", "apiVersion of the list of --wrap-kind"),
)


def cat(command_line: CommandLine) -> int:
    """Print the resources and return the exit code."""
    if len(command_line.arguments) > 1:
        raise UsageError(f"specify one directory, got {len(command_line.arguments)}")
    styles = _checked_styles(command_line)

    from kmanifest.cli.cfg import pipeline, writing  # imported here so that usage errors stay fast

    filters = _filters(command_line)
    wrapper = _list_wrapper(command_line)
    removed_annotations = (
        ()
        if command_line.values["annotate"]
        else (*writing.INDEX_ANNOTATIONS, *writing.PATH_ANNOTATIONS)
    )

    def to_text(nodes: "Sequence[Node]") -> str:
        selected = pipeline.run_filters(nodes, filters)
        return writing.format_nodes(
            selected, removed_annotations=removed_annotations, wrapper=wrapper, styles=styles
        )

    path = command_line.arguments[0] if command_line.arguments else None
    recurse = command_line.values["recurse-subpackages"]
    text = writing.format_all(path, to_text, recurse=recurse, root=root_option(command_line.values))
    if not command_line.values["dest"]:
        return print_text(text)
    write_file(command_line.values["dest"], [text.encode("utf-8", "surrogateescape")])
    return EXIT_OK


def _checked_styles(command_line: CommandLine) -> list[str]:
    styles = split_list(command_line.values["style"])
    for style in styles:
        if style not in STYLES:
            choices = ", ".join(STYLES)
            raise UsageError(f"illegal flag value --style {style}; legal values: {choices}")
    return styles


def _list_wrapper(command_line: CommandLine) -> "ResourceListWrapper":
    from kmanifest.cli.cfg import reading, writing

    path = command_line.values["function-config"]
    config = None
    if path:
        nodes = reading.read_resources(
            path, recurse=True, annotated=command_line.values["annotate"]
        )
        if len(nodes) != 1:
            problem = f"expected exactly one functionConfig, found {len(nodes)}"
            raise SourceError(problem).within(file=path)
        config = nodes[0]
    return writing.ResourceListWrapper(
        command_line.values["wrap-kind"], command_line.values["wrap-version"], config
    )


def _filters(command_line: CommandLine) -> "list[Filter]":
    """The filters that the flags request."""
    from kmanifest.cli.cfg.formatting import format_resources
    from kmanifest.cli.cfg.pipeline import local_config_filter, remove_all_comments

    filters = [
        local_config_filter(
            local=command_line.values["include-local"],
            other=not command_line.values["exclude-non-local"],
        )
    ]
    if command_line.values["format"]:
        filters.append(format_resources)
    if command_line.values["strip-comments"]:
        filters.append(remove_all_comments)
    return filters


COMMAND = Command(
    ("cfg", "cat"),
    "[DIR]",
    "Print the resources in a directory or a file, or on stdin.\n",
    (("Flags", (*FLAGS, *BOUNDARY_FLAGS)),),
    cat,
    examples=(
        "kmanifest cfg cat base",
        "kmanifest cfg cat base --wrap-kind ResourceList --wrap-version config.kubernetes.io/v1 --function-config fn.yaml",
    ),
    completions=(DIRECTORY,),
)
