"""`kmanifest cfg cat`: the resources of files, with their fields in the usual order.

Source: kustomize cmd/config v0.21.2 internal/commands/cat.go.
"""

from collections.abc import Sequence

from kmanifest.cli import DONE
from kmanifest.cli.cfg.flags import EXCLUDE_NON_LOCAL, INCLUDE_LOCAL, strings
from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, Parsed, UsageError, describe, parse
from kmanifest.cli.output import print_text, write_file
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.cfg.pipeline import Filter
    from kmanifest.cli.cfg.writing import Wrapping
    from kmanifest.engines.kustomize.yaml_nodes import Node

STYLES = (
    "TaggedStyle", "DoubleQuotedStyle", "SingleQuotedStyle", "LiteralStyle", "FoldedStyle", "FlowStyle",
)  # fmt: skip
FLAGS = (
    Flag("annotate", "switch", "annotate resources with their file origins"),
    Flag("dest", "text", "write to this file rather than to stdout"),
    EXCLUDE_NON_LOCAL,
    Flag("format", "switch", "put fields in the usual order; it is so unless =false is given"),
    Flag("function-config", "text", "the file of a functionConfig for the list of --wrap-kind"),
    HELP,
    INCLUDE_LOCAL,
    Flag(
        "recurse-subpackages",
        "switch",
        "also print resources of directories that have a Krmfile; it is so unless =false is given",
        short="R",
    ),
    STACK_TRACE,
    Flag("strip-comments", "switch", "remove comments"),
    Flag("style", "list", f"YAML styles of each resource: {', '.join(STYLES)}"),
    Flag("wrap-kind", "text", "print one list of this kind, as ResourceList"),
    Flag("wrap-version", "text", "the apiVersion of that list"),
)
INTRODUCTION = """\
Prints the resources in a directory or a file, or on stdin.

Usage:
  kmanifest cfg cat [DIR] [flags]

Examples:
  kmanifest cfg cat base
  kmanifest cfg cat base --wrap-kind ResourceList --wrap-version config.kubernetes.io/v1 --function-config fn.yaml

Flags:
"""


def cat(arguments: Sequence[str]) -> int:
    """Print the resources; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(FLAGS))
    if len(parsed.words) > 1:
        raise UsageError(f"specify one directory, got {len(parsed.words)}")
    styles = _styles(parsed)

    from kmanifest.cli.cfg import pipeline, writing  # a wrong usage is told without them

    filters = _filters(parsed)
    wrapping = _wrapping(parsed)
    without = () if parsed.values["annotate"] else (*writing.INDEXES, *writing.PATHS)

    def to_text(nodes: "Sequence[Node]") -> str:
        chosen = pipeline.run_filters(nodes, filters)
        return writing.write_nodes(chosen, without=without, wrapping=wrapping, styles=styles)

    path = parsed.words[0] if parsed.words else None
    recurse = parsed.on("recurse-subpackages", default=True)
    text = writing.print_all(path, to_text, recurse=recurse)
    if not parsed.values["dest"]:
        return print_text(text)
    write_file(parsed.values["dest"], [text.encode("utf-8", "surrogateescape")])
    return DONE


def _styles(parsed: Parsed) -> list[str]:
    styles = strings(parsed.values["style"])
    for style in styles:
        if style not in STYLES:
            legal = ", ".join(STYLES)
            raise UsageError(f"illegal flag value --style {style}; legal values: {legal}")
    return styles


def _wrapping(parsed: Parsed) -> "Wrapping":
    from kmanifest.cli.cfg import reading, writing

    file = parsed.values["function-config"]
    config = None
    if file:
        found = reading.read_package(file, whole=True, marked=parsed.values["annotate"])
        if len(found) != 1:
            problem = f"expected exactly one functionConfig, found {len(found)}"
            raise SourceError(problem).within(file=file)
        config = found[0]
    return writing.Wrapping(parsed.values["wrap-kind"], parsed.values["wrap-version"], config)


def _filters(parsed: Parsed) -> "list[Filter]":
    """What brings the wanted resources into the wanted form."""
    from kmanifest.cli.cfg.formatting import format_resources
    from kmanifest.cli.cfg.pipeline import local_config, strip_all_comments

    found = [
        local_config(
            local=parsed.values["include-local"], other=not parsed.values["exclude-non-local"]
        )
    ]
    if parsed.on("format", default=True):
        found.append(format_resources)
    if parsed.values["strip-comments"]:
        found.append(strip_all_comments)
    return found
