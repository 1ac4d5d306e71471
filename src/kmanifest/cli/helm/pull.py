"""`kmanifest helm pull`: download packaged charts.

Source: helm v3.22.0 cmd/helm/pull.go, pkg/action/pull.go, pkg/chartutil/expand.go.
"""

import os

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import ANY_VALUE, CommandLine, Flag, UsageError
from kmanifest.cli.helm.flags import (
    CHART_PATH_FLAGS,
    COMMON_FLAGS,
    DESTINATION,
    SERVER_FLAGS,
    check_flags,
)
from kmanifest.cli.output import OutputError, print_text, replace_file, write_new_directory
from kmanifest.cli.shared import FETCH_FLAGS
from kmanifest.cli.verbs import ANY_TEXT, Command
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.sources.find import ChartLocation, Finder

PULL_FLAGS = (
    DESTINATION,
    Flag("prov", "switch", "also save the provenance file, without verifying it"),
    Flag("untar", "switch", "unpack the chart instead of saving the package"),
    Flag(
        "untardir",
        "string",
        "directory below --destination to unpack into",
        default=".",
        user_only=ANY_VALUE,
    ),
    *COMMON_FLAGS,
)


def pull(command_line: CommandLine) -> int:
    """Download each chart and return the exit code."""
    if not command_line.arguments:
        raise UsageError(
            '"helm pull" requires at least 1 argument\n\nUsage:  helm pull [chart URL | repo/chartname] [...] [flags]'
        )
    from kmanifest.cli.helm.sources import chart_query, make_finder

    finder, query = make_finder(command_line), chart_query(command_line)
    for name in command_line.arguments:
        _save_chart(command_line, finder, finder.find(name, query))
    return EXIT_OK


def _save_chart(command_line: CommandLine, finder: "Finder", location: "ChartLocation") -> None:
    content = finder.fetch(location)
    wants_provenance = command_line.values["prov"] or command_line.values["verify"]
    provenance = finder.fetch_provenance(location) if wants_provenance else None
    if provenance is not None and command_line.values["verify"]:
        from kmanifest.cli.helm.verify import verify_package

        print_text(verify_package(command_line, location.file_name, content, provenance).text())
    directory = command_line.values["destination"]
    if command_line.values["untar"]:
        # os.path.join ignores --destination if --untardir is absolute, as Helm does.
        expand(content, os.path.join(directory, command_line.values["untardir"]))
        return
    path = os.path.join(directory, location.file_name)
    replace_file(path, content)
    if provenance is not None:
        replace_file(f"{path}.prov", provenance)


def expand(content: bytes, directory: str) -> None:
    """Unpack a chart into a new directory with its name, completely or not at all."""
    from kmanifest.engines.helm.sources.unpack import unpack
    from kmanifest.engines.kustomize.localize import File

    name, files, directories = unpack(content)
    target = os.path.join(os.path.abspath(directory), name)
    if os.path.lexists(target):
        shown_path = os.path.normpath(os.path.join(directory, name))
        raise OutputError(
            f"failed to untar: a file or directory with the name {shown_path} already exists"
        )
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
    except OSError as error:
        raise OutputError(f"failed to untar (mkdir): {directory}: {error.strerror}") from error
    write_new_directory(target, {path: File(data) for path, data in files.items()}, directories)


COMMAND = Command(
    ("helm", "pull"),
    "CHART...",
    "Download packaged charts from repositories and registries.\n",
    (
        ("Flags", PULL_FLAGS),
        ("Chart flags", tuple(flag for flag in CHART_PATH_FLAGS if flag.name != "follow-links")),
        ("Remote flags", (*FETCH_FLAGS, *SERVER_FLAGS)),
    ),
    pull,
    examples=(
        "kmanifest helm pull postgresql --repo https://charts.example.org --version '~12.1'",
        "kmanifest helm pull oci://registry.example.org/charts/postgresql --version 12.1.3 --untar",
    ),
    completions=(ANY_TEXT,),
    check=check_flags,
)
