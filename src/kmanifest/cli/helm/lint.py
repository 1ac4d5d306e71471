"""`kmanifest helm lint`: check charts for problems.

Source: helm v3.22.0 cmd/helm/lint.go, pkg/action/lint.go.
"""

import os
from collections.abc import Mapping, Sequence

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import CommandLine, Flag, UsageError, describe_flags
from kmanifest.cli.helm.flags import COMMON_FLAGS, VALUE_FLAGS, release_namespace
from kmanifest.cli.helm.versioned_flags import (
    HELM_VERSION_FLAG,
    helm_version,
    read_flags_with_version,
)
from kmanifest.cli.output import print_text
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialect import Dialect
    from kmanifest.engines.helm.lint.linter import LintMessage

FLAGS = (
    HELM_VERSION_FLAG,
    Flag("kube-version", "string", "Kubernetes version for capabilities and deprecations"),
    Flag("quiet", "switch", "print only warnings and errors"),
    Flag("skip-schema-validation", "switch", "do not validate values with values.schema.json"),
    Flag("strict", "switch", "fail on warnings"),
    Flag("with-subcharts", "switch", "also lint the charts in charts/"),
    *COMMON_FLAGS,
    *VALUE_FLAGS,
)
INTRODUCTION = """\
Check charts for possible issues as helm v3.22.0 does, or v4.3.1 with --helm-version 4. CHART defaults to the current
directory; version 4 requires it.

Usage:
  kmanifest helm lint [CHART ...] [flags]

Flags:
"""
PACKAGE_SUFFIXES = (".tgz", ".tar.gz")


def lint(arguments: Sequence[str]) -> int:
    """Lint the charts, print the messages and return the exit code."""
    command_line = read_flags_with_version(FLAGS, arguments)
    if command_line.values["help"]:
        return print_text(INTRODUCTION + describe_flags(sorted(FLAGS)))
    dialect = helm_version(command_line)
    if not command_line.arguments and not dialect.commands.lints_current_directory:
        raise UsageError(
            '"helm lint" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]'
        )
    _check_kube_version(command_line.values["kube-version"])
    paths = list(command_line.arguments or (".",))
    if command_line.values["with-subcharts"]:
        for path in tuple(paths):
            _add_subcharts(os.path.normpath(os.path.join(path, "charts")), paths)
    # imported here so that usage errors stay fast
    from kmanifest.cli.helm.inputs import read_values

    values = read_values(command_line, dialect).values
    quiet = command_line.values["quiet"]
    failing_severity = 2 if command_line.values["strict"] else 3
    report, failed_count, problem_count = "", 0, 0
    for path in paths:
        messages, problem = _lint_chart(path, values, command_line, dialect)
        has_problem = bool(problem) or any(message.severity > 1 for message in messages)
        problem_count += has_problem
        if quiet and not has_problem:
            continue
        report += f"==> Linting {path}\n"
        report += f"Error {problem}\n" if problem else ""
        report += "".join(
            f"{message}\n" for message in messages if not quiet or message.severity > 1
        )
        report += "\n"
        failed_count += bool(problem) or any(
            message.severity >= failing_severity for message in messages
        )
    summary = f"{len(paths)} chart(s) linted, {failed_count} chart(s) failed"
    if failed_count:
        print_text(report)
        raise UsageError(summary)
    return print_text(report + (f"{summary}\n" if not quiet or problem_count else "")) or EXIT_OK


def _check_kube_version(version: str) -> None:
    from kmanifest.engines.helm.objects.capabilities import parse_kube_version
    from kmanifest.model.errors import SourceError

    try:
        if version:
            parse_kube_version(version)
    except SourceError as error:
        raise UsageError(f"invalid kube version '{version}': {error.message}") from error


def _add_subcharts(directory: str, paths: list[str]) -> None:
    """Append the charts below a directory to `paths`, in the order of a directory walk.

    Links are not followed.
    """
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        if name == "Chart.yaml":
            paths.append(directory)
        elif path.endswith(PACKAGE_SUFFIXES):
            paths.append(path)
        if os.path.isdir(path) and not os.path.islink(path):
            _add_subcharts(path, paths)


def _lint_chart(
    path: str, values: Mapping[str, object], command_line: CommandLine, dialect: "Dialect"
) -> "tuple[list[LintMessage], str]":
    """The messages for one chart, or the reason why it can't be loaded."""
    from kmanifest.cli.helm.inputs import LIMITS, print_warning
    from kmanifest.engines.helm.lint.linter import LintSettings
    from kmanifest.engines.helm.templates.runtime import make_bounds, make_functions
    from kmanifest.io.tree import DiskTree, MemoryTree

    settings = LintSettings(
        values=values,
        functions=make_functions(limits=LIMITS, env=os.environ, dialect=dialect),
        namespace=release_namespace(command_line),
        kube_version=command_line.values["kube-version"],
        skip_schema=command_line.values["skip-schema-validation"],
        limits=LIMITS,
        bounds=make_bounds(LIMITS),
        warn=print_warning,
        dialect=dialect,
    )
    shown = os.path.abspath(path)
    if path.endswith(PACKAGE_SUFFIXES):
        from kmanifest.cli.helm.inputs import read_file
        from kmanifest.engines.helm.charts.archive import read_archive

        try:
            files = read_archive(read_file(path))
        except KmanifestError as error:
            action = "open" if error.message.startswith("open ") else "extract"
            return [], f"unable to {action} tarball: {error.message}"
        tree = MemoryTree({file.name: file.data for file in files})
        return dialect.commands.lint_chart(tree, "", settings, display_path=shown), ""
    if not os.path.exists(os.path.join(path, "Chart.yaml")):
        missing = os.path.normpath(os.path.join(path, "Chart.yaml"))
        return (
            [],
            f"unable to check Chart.yaml file in chart: stat {missing}: no such file or directory",
        )
    return dialect.commands.lint_chart(DiskTree(path), "", settings, display_path=shown), ""
