"""`kmanifest helm dependency`: list, build and update the dependencies of a chart.

Source: helm v3.22.0 cmd/helm/dependency.go, dependency_build.go, dependency_update.go.
"""

import os

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import CommandLine, Flag, UsageError
from kmanifest.cli.helm.flags import ALLOW_LOCAL, COMMON_FLAGS, KEYRING, SERVER_FLAGS, check_flags
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import BOUNDARY_FLAGS, FETCH_FLAGS, root_option
from kmanifest.cli.verbs import DIRECTORY, Command, Group, Verb
from kmanifest.startup.typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.sources.find import ChartLocation, Finder
    from kmanifest.engines.helm.sources.index import Index
    from kmanifest.engines.helm.sources.manage import Check, Manager, Out

SignatureCheck = Literal["never", "if present", "always"]

LIST_FLAGS = (
    Flag(
        "max-col-width",
        "string",
        "maximum width of a column",
        default="80",
        value="uint",
        go_type="uint",
    ),
    *COMMON_FLAGS,
)
FILL_FLAGS = (
    ALLOW_LOCAL,
    KEYRING,
    Flag("skip-refresh", "switch", "use Helm's cached repository indexes"),
    Flag(
        "verify",
        "switch",
        "verify signatures: update requires one for each chart, build verifies those that exist",
    ),
    *COMMON_FLAGS,
)


def _list(command_line: CommandLine) -> int:
    path = _chart_path(command_line, "list")
    from kmanifest.cli.flag_values import parse_uint
    from kmanifest.cli.helm.inputs import LIMITS, find_local_chart, open_chart
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.sources.listing import DependencyTable
    from kmanifest.io.local_tree import open_local
    from kmanifest.model.errors import MissingError

    width = parse_uint(command_line.values["max-col-width"])
    chart_path = find_local_chart(path)
    if chart_path is None:
        raise MissingError(f"stat {path}: no such file or directory")
    chart = open_chart(command_line, chart_path, HELM3)
    tree, directory = open_local(chart_path, root_option(command_line.values))
    has_directory = os.path.isdir(chart_path)
    table = DependencyTable(chart, tree if has_directory else None, path, LIMITS, directory)
    return print_text(table.text(width))


def _build(command_line: CommandLine) -> int:
    signatures: SignatureCheck = "if present" if command_line.values["verify"] else "never"
    return fill_charts_directory(
        command_line, _chart_path(command_line, "build"), from_lock=True, signatures=signatures
    )


def _update(command_line: CommandLine) -> int:
    signatures: SignatureCheck = "always" if command_line.values["verify"] else "never"
    return fill_charts_directory(
        command_line, _chart_path(command_line, "update"), from_lock=False, signatures=signatures
    )


def _chart_path(command_line: CommandLine, verb: str) -> str:
    if len(command_line.arguments) > 1:
        raise UsageError(
            f'"helm dependency {verb}" accepts at most 1 argument\n\nUsage:  helm dependency {verb} CHART [flags]'
        )
    return os.path.normpath(command_line.arguments[0]) if command_line.arguments else "."


def fill_charts_directory(
    command_line: CommandLine,
    path: str,
    *,
    from_lock: bool,
    quiet: bool = False,
    signatures: SignatureCheck = "never",
) -> int:
    """Fetch the dependencies of the chart in the directory `path` into its `charts/`, and return the exit code.

    Versions come from the lock file if `from_lock`, else the lock file is written if it changes. `signatures` is
    which packages have their signature verified. `--dependency-update` of other verbs verifies none.
    """
    from kmanifest.cli.helm.inputs import open_chart
    from kmanifest.cli.helm.writing import check_targets, write_charts, write_lock
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.sources.lock import dump_lock, lock_name
    from kmanifest.model.errors import MissingError, SourceError

    if not os.path.exists(path):
        raise MissingError(f"could not find {path}: stat {path}: no such file or directory")
    if not os.path.isdir(path):
        raise SourceError("only unpacked charts can be updated")
    check_targets(path)
    chart = open_chart(command_line, path, HELM3)

    def print_line(line: str) -> None:
        if not quiet:
            print_text(f"{line}\n")

    manager = _make_manager(command_line, path, chart, print_line, signatures)
    result = manager.build() if from_lock else manager.update()
    if result is None:
        return EXIT_OK
    write_charts(path, result.packages, result.vendored, print_line)
    if result.lock is not None:
        write_lock(path, lock_name(chart), dump_lock(result.lock))
    return EXIT_OK


def _make_manager(
    command_line: CommandLine,
    path: str,
    chart: "Chart",
    print_line: "Out",
    signatures: SignatureCheck,
) -> "Manager":
    import time

    from kmanifest.cli.helm.local import DiskCharts
    from kmanifest.cli.helm.sources import HelmFiles, access_options, make_finder
    from kmanifest.engines.helm.sources.index import load_index
    from kmanifest.engines.helm.sources.manage import Clock, Manager
    from kmanifest.io.system import system_clock

    helm_files = HelmFiles(command_line.values, os.environ)
    finder = make_finder(command_line)

    def cached_index(name: str) -> "Index | None":
        content = helm_files.cached_index(name)
        return load_index(content, name) if content else None

    return Manager(
        chart,
        finder,
        DiskCharts(command_line, path),
        clock=Clock(system_clock(), time.localtime().tm_gmtoff),
        out=print_line,
        access=access_options(command_line),
        refreshes=not command_line.values.get("skip-refresh"),
        kept_index=cached_index,
        check=_signature_checker(command_line, finder, print_line, signatures),
    )


def _signature_checker(
    command_line: CommandLine, finder: "Finder", print_line: "Out", signatures: SignatureCheck
) -> "Check":
    """A function that verifies a package with its provenance file.

    Source: pkg/downloader/chart_downloader.go, DownloadTo.
    """
    from kmanifest.cli.helm.verify import verify_package
    from kmanifest.model.errors import SourceError
    from kmanifest.model.url_masking import mask_url

    def check(location: "ChartLocation", content: bytes) -> None:
        if signatures == "never":
            return
        try:
            provenance = finder.fetch_provenance(location)
        except SourceError as error:
            if signatures == "always":
                raise
            shown_location = location.reference or mask_url(location.url)
            print_line(f"WARNING: Verification not found for {shown_location}: {error.message}")
            return
        verify_package(command_line, location.file_name, content, provenance)

    return check


_FILL_FLAG_GROUPS = (
    ("Flags", (*FILL_FLAGS, *BOUNDARY_FLAGS)),
    ("Remote flags", (*FETCH_FLAGS, *SERVER_FLAGS)),
)
BUILD = Command(
    ("helm", "dependency", "build"),
    "[CHART]",
    "Fetch the versions in Chart.lock into charts/. Without a Chart.lock, this is the same as update.\n",
    _FILL_FLAG_GROUPS,
    _build,
    completions=(DIRECTORY,),
    check=check_flags,
)
LIST = Command(
    ("helm", "dependency", "list"),
    "[CHART]",
    "List the dependencies of a chart, and which of them are missing.\n",
    (("Flags", (*LIST_FLAGS, *BOUNDARY_FLAGS)),),
    _list,
    completions=(DIRECTORY,),
    check=check_flags,
)
UPDATE = Command(
    ("helm", "dependency", "update"),
    "[CHART]",
    "Find matching versions, fetch them into charts/, and write Chart.lock.\n",
    _FILL_FLAG_GROUPS,
    _update,
    completions=(DIRECTORY,),
    check=check_flags,
)
VERBS = (
    Verb(
        "build",
        "fetch the versions in Chart.lock into charts/; without a Chart.lock, the same as update",
        __name__,
        attribute="BUILD",
    ),
    Verb(
        "list",
        "list the dependencies, and which of them are missing",
        __name__,
        ("ls",),
        "LIST",
    ),
    Verb(
        "update",
        "find matching versions, fetch them into charts/, and write Chart.lock",
        __name__,
        ("up",),
        "UPDATE",
    ),
)
COMMAND = Group(
    ("helm", "dependency"),
    "Manage the dependencies in the Chart.yaml of a chart.\n",
    VERBS,
    leading_flags=COMMON_FLAGS,
)
