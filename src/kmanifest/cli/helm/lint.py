"""`kmanifest helm lint`: check charts for problems.

Source: helm v3.22.0 cmd/helm/lint.go, pkg/action/lint.go.
"""

import os

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.helm.flags import (
    COMMON_FLAGS,
    HELM_VERSION_FLAG,
    VALUE_FLAGS,
    release_namespace,
)
from kmanifest.cli.helm.versioned_flags import (
    check_versioned_flags,
    helm_version,
    parse_with_version,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    FETCH_FLAGS,
    LIMIT_FLAGS,
    limit_options,
    root_option,
    time_limit,
)
from kmanifest.cli.verbs import FILE, Command
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialect import Dialect
    from kmanifest.engines.helm.lint.linter import LintMessage
    from kmanifest.io.local_tree import Boundary
    from kmanifest.io.tree import Tree
    from kmanifest.model.limits import Limits

LINT_FLAGS = (
    HELM_VERSION_FLAG,
    Flag("kube-version", "string", "Kubernetes version for capabilities and deprecations"),
    *LIMIT_FLAGS,
    *with_variables("LINT_", Flag("quiet", "switch", "print only warnings and errors", short="q")),
    Flag("skip-schema-validation", "switch", "do not validate values with values.schema.json"),
    *with_variables("LINT_", Flag("strict", "switch", "fail on warnings")),
    Flag("with-subcharts", "switch", "also lint the charts in charts/"),
    *COMMON_FLAGS,
)
PACKAGE_SUFFIXES = (".tgz", ".tar.gz")


class ChartReport(NamedTuple):
    """The result of linting one chart.

    - `path`: the path of the chart as on the command line.
    - `messages`: the problems that were found in the chart.
    - `load_error`: why the chart could not be opened at all; empty if it could. Then there are no messages.
    """

    path: str
    messages: "Sequence[LintMessage]"
    load_error: str

    def has(self, severity: int) -> bool:
        """Whether there is a load error or a message of at least this severity."""
        return bool(self.load_error) or any(
            message.severity >= severity for message in self.messages
        )

    def text(self, lowest_severity: int) -> str:
        """The lines for the chart, with the messages of at least this severity."""
        lines = [f"==> Linting {self.path}"]
        if self.load_error:
            lines.append(f"Error {self.load_error}")
        lines += [str(each) for each in self.messages if each.severity >= lowest_severity]
        return "\n".join(lines) + "\n\n"


def lint(command_line: CommandLine) -> int:
    """Lint the charts, print the messages and return the exit code.

    If a chart fails, raises UsageError with the last line of the output, which Helm prints as an error.
    """
    dialect = helm_version(command_line)
    if not command_line.arguments and not dialect.commands.lints_current_directory:
        raise UsageError(
            '"helm lint" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]'
        )
    from kmanifest.cli.helm.inputs import LIMITS

    limits = limit_options(command_line, LIMITS)
    with limited_by(time_limit(limits)):
        return _lint_all(command_line, dialect, limits)


def _lint_all(command_line: CommandLine, dialect: "Dialect", limits: "Limits") -> int:
    _check_kube_version(command_line.values["kube-version"])
    # imported here so that usage errors stay fast
    from kmanifest.cli.helm.inputs import find_chart_boundary, read_values

    arguments = command_line.arguments or (".",)
    charts = [(path, find_chart_boundary(command_line, path)) for path in arguments]
    if command_line.values["with-subcharts"]:
        for path, boundary in tuple(charts):
            subcharts = _find_subcharts(os.path.normpath(os.path.join(path, "charts")))
            charts += [(subchart, boundary) for subchart in subcharts]
    from kmanifest.engines.helm.lint.linter import ERROR, INFO, WARNING

    flag_values = read_values(command_line, dialect, arguments[0], limits).values
    quiet = command_line.values["quiet"]
    failing_severity = WARNING if command_line.values["strict"] else ERROR
    reports = [
        _lint_chart(path, boundary, flag_values, command_line, dialect, limits)
        for path, boundary in charts
    ]
    failed_count = sum(report.has(failing_severity) for report in reports)
    shown_reports = [report for report in reports if report.has(WARNING)] if quiet else reports
    text = "".join(report.text(WARNING if quiet else INFO) for report in shown_reports)
    summary = f"{len(charts)} chart(s) linted, {failed_count} chart(s) failed"
    if failed_count:
        print_text(text)
        raise UsageError(summary)
    # As in Helm, --quiet prints no summary if there is nothing else to print.
    return print_text(text + (f"{summary}\n" if shown_reports else ""))


def _check_kube_version(version: str) -> None:
    """Raise UsageError if the argument of --kube-version is not a version. It may be empty."""
    from kmanifest.engines.helm.objects.capabilities import parse_kube_version
    from kmanifest.model.errors import SourceError

    try:
        if version:
            parse_kube_version(version)
    except SourceError as error:
        raise UsageError(f"invalid kube version '{version}': {error.message}") from error


def _find_subcharts(directory: str) -> list[str]:
    """The paths of the charts below a directory, in the order of Go's filepath.Walk. Links are not followed.

    As in Helm, only names count: a directory named `x.tgz` is taken for a package, and is also searched.
    """
    if os.path.islink(directory):
        return []
    try:
        names = sorted(os.listdir(directory), key=os.fsencode)
    except OSError:
        return []  # as in Helm, also for a chart without subcharts
    charts: list[str] = []
    for name in names:
        path = os.path.join(directory, name)
        if name == "Chart.yaml":
            charts.append(directory)
        elif name.endswith(PACKAGE_SUFFIXES):
            charts.append(path)
        if os.path.isdir(path):
            charts += _find_subcharts(path)
    return charts


def _lint_chart(
    path: str,
    boundary: "Boundary | None",
    flag_values: Mapping[str, object],
    command_line: CommandLine,
    dialect: "Dialect",
    limits: "Limits",
) -> ChartReport:
    """Lint the chart at `path`, a directory or a package."""
    from kmanifest.cli.helm.inputs import print_warning
    from kmanifest.engines.helm.lint.linter import LintSettings
    from kmanifest.engines.helm.templates.runtime import make_bounds, make_functions
    from kmanifest.io.local_tree import open_local
    from kmanifest.io.tree import MemoryTree

    settings = LintSettings(
        values=flag_values,
        functions=make_functions(limits=limits, env=os.environ, dialect=dialect),
        namespace=release_namespace(command_line),
        kube_version=command_line.values["kube-version"],
        skip_schema=command_line.values["skip-schema-validation"],
        limits=limits,
        bounds=make_bounds(limits),
        warn=print_warning,
        dialect=dialect,
    )
    tree: Tree
    directory = ""
    if path.endswith(PACKAGE_SUFFIXES):
        from kmanifest.cli.helm.inputs import read_file
        from kmanifest.engines.helm.charts.archive import read_archive

        try:
            files = read_archive(
                read_file(path, boundary, limits), max_file_bytes=dialect.loading.max_file_bytes
            )
        except KmanifestError as error:
            action = "open" if error.message.startswith("open ") else "extract"
            return ChartReport(path, (), f"unable to {action} tarball: {error.message}")
        tree = MemoryTree({file.name: file.data for file in files})
    else:
        chart_file = os.path.normpath(os.path.join(path, "Chart.yaml"))
        if not os.path.exists(chart_file):
            problem = f"stat {chart_file}: no such file or directory"
            return ChartReport(path, (), f"unable to check Chart.yaml file in chart: {problem}")
        tree, directory = open_local(path, root_option(command_line.values))
    messages = dialect.commands.lint_chart(
        tree, settings, directory=directory, display_path=os.path.abspath(path)
    )
    return ChartReport(path, messages, "")


COMMAND = Command(
    ("helm", "lint"),
    "[CHART ...]",
    """\
Check charts for possible issues as helm v3.22.0 does, or v4.3.1 with --helm-version 4. CHART defaults to the current
directory; version 4 requires it.
""",
    (
        ("Flags", (*LINT_FLAGS, *BOUNDARY_FLAGS)),
        ("Value flags", VALUE_FLAGS),
        ("Remote flags", FETCH_FLAGS),
    ),
    lint,
    completions=(FILE,),
    parse=parse_with_version,
    check=check_versioned_flags,
)
