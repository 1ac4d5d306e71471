"""`kmanifest helm pull`: saves packaged charts. Source: helm v3.22.0 cmd/helm/pull.go, pkg/action/pull.go, pkg/chartutil/expand.go."""

import os
from collections.abc import Sequence

from kmanifest.cli import DONE
from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import CHART_PATH, COMMON, read_flags
from kmanifest.cli.output import OutputError, print_text, replace_file, write_new_directory
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.sources.find import ChartLocation, Finder

FLAGS = (
    Flag("destination", "text", "the directory for the package", short="d", default="."),
    Flag("prov", "switch", "save the provenance file, too, without checking it"),
    Flag("untar", "switch", "unpack the chart, and do not save the package"),
    Flag("untardir", "text", "the directory, below --destination, to unpack into", default="."),
    *COMMON,
    *(flag for flag in CHART_PATH if flag.name != "follow-links"),
)
INTRODUCTION = """\
Saves packaged charts of repositories and registries into files.

Usage:
  kmanifest helm pull CHART... [flags]

Examples:
  kmanifest helm pull postgresql --repo https://charts.example.org --version '~12.1'
  kmanifest helm pull oci://registry.example.org/charts/postgresql --version 12.1.3 --untar

Flags:
"""


def pull(arguments: Sequence[str]) -> int:
    """Save each chart that is named; gives the exit code."""
    parsed = read_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    if not parsed.words:
        raise UsageError(
            '"helm pull" requires at least 1 argument\n\nUsage:  helm pull [chart URL | repo/chartname] [...] [flags]'
        )
    from kmanifest.cli.helm.sources import asked_of, make_finder

    finder, asked = make_finder(parsed), asked_of(parsed)
    for name in parsed.words:
        _save(parsed, finder, finder.find(name, asked))
    return DONE


def _save(parsed: Parsed, finder: "Finder", place: "ChartLocation") -> None:
    content = finder.fetch(place)
    wants_provenance = parsed.values["prov"] or parsed.values["verify"]
    provenance = finder.fetch_provenance(place) if wants_provenance else None
    if provenance is not None and parsed.values["verify"]:
        from kmanifest.cli.helm.verify import verify_package

        print_text(verify_package(parsed, place.file_name, content, provenance).text())
    directory = parsed.values["destination"]
    if parsed.values["untar"]:
        # Joined so that an absolute --untardir stands for itself.
        expand(content, os.path.join(directory, parsed.values["untardir"]))
        return
    path = os.path.join(directory, place.file_name)
    replace_file(path, content)
    if provenance is not None:
        replace_file(f"{path}.prov", provenance)


def expand(content: bytes, directory: str) -> None:
    """Unpack a chart into a new directory of its name, which appears whole or not at all."""
    from kmanifest.engines.helm.sources.unpack import unpack
    from kmanifest.engines.kustomize.localize import File

    name, files, directories = unpack(content)
    target = os.path.join(os.path.abspath(directory), name)
    if os.path.lexists(target):
        shown = os.path.normpath(os.path.join(directory, name))
        raise OutputError(
            f"failed to untar: a file or directory with the name {shown} already exists"
        )
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
    except OSError as error:
        raise OutputError(f"failed to untar (mkdir): {directory}: {error.strerror}") from error
    write_new_directory(target, {path: File(data) for path, data in files.items()}, directories)
