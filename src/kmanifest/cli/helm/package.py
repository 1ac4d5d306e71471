"""`kmanifest helm package`: packs charts. Source: helm v3.22.0 cmd/helm/package.go, pkg/action/package.go."""

import os
from collections.abc import Sequence

from kmanifest.cli import DONE
from kmanifest.cli.build import FETCH_FLAGS
from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import COMMON, SERVERS, read_flags
from kmanifest.cli.output import OutputError, print_text, replace_file

FLAGS = (
    Flag(
        "allow-local", "list", "a directory that file:// dependencies may be in, beside the project"
    ),
    Flag("app-version", "text", "the version of the application, in place of the chart's"),
    Flag("dependency-update", "switch", "do as dependency update before", short="u"),
    Flag("destination", "text", "the directory for the package", short="d", default="."),
    Flag("key", "text", "refused: nothing is signed", hidden=True),
    Flag("keyring", "text", "accepted and not used: nothing is signed", hidden=True),
    Flag("passphrase-file", "text", "refused: nothing is signed", hidden=True),
    Flag("sign", "switch", "refused: nothing is signed", hidden=True),
    Flag("version", "text", "the version of the chart, in place of its own"),
    *COMMON,
    *FETCH_FLAGS,
    *SERVERS,
)
INTRODUCTION = """\
Packs the directory of a chart into an archive, NAME-VERSION.tgz.

Usage:
  kmanifest helm package CHART... [flags]

Flags:
"""


def package(arguments: Sequence[str]) -> int:
    """Pack each chart that is named; gives the exit code."""
    parsed = read_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    if not parsed.words:
        raise UsageError("need at least one argument, the path to the chart")
    for path in parsed.words:
        print_text(f"Successfully packaged chart and saved it to: {_pack(parsed, path)}\n")
    return DONE


def _pack(parsed: Parsed, path: str) -> str:
    """Pack one chart; the path of its package."""
    from kmanifest.cli.helm.inputs import open_chart
    from kmanifest.errors import MissingError, SourceError
    from kmanifest.helm.dependencies import missing_dependencies
    from kmanifest.helm.sources.packing import pack, package_name
    from kmanifest.machine import system_clock

    if not os.path.exists(path):
        raise MissingError(f"stat {path}: no such file or directory")
    if not os.path.isdir(path):
        raise SourceError(f"{path} is not a directory")
    if parsed.values["dependency-update"]:
        from kmanifest.cli.helm.dependency import fill

        fill(parsed, os.path.abspath(path), builds=False, quiet=True)
    chart = open_chart(path, follows_links=False)
    _set_versions(parsed, chart.metadata.texts)
    missing = missing_dependencies(chart)
    if missing:
        raise SourceError(
            f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}"
        )
    directory = parsed.values["destination"]
    place = os.path.join(os.getcwd() if directory == "." else directory, package_name(chart))
    content = pack(chart, system_clock())
    try:
        os.makedirs(os.path.dirname(place), mode=0o755, exist_ok=True)
    except OSError as error:
        raise OutputError(f"failed to save: {directory}: {error.strerror or error}") from error
    replace_file(place, content)
    return os.path.normpath(place)


def _set_versions(parsed: Parsed, texts: dict[str, str]) -> None:
    from kmanifest.errors import SourceError
    from kmanifest.helm.versions import is_version

    texts["version"] = parsed.values["version"] or texts["version"]
    if not is_version(texts["version"]):
        raise SourceError("invalid semantic version")
    texts["appVersion"] = parsed.values["app-version"] or texts["appVersion"]
