"""`kmanifest helm lint`: examines charts. Source: helm v3.22.0 cmd/helm/lint.go, pkg/action/lint.go."""

import os
from collections.abc import Mapping, Sequence

from kmanifest.cli import DONE
from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import (
    COMMON,
    VALUES,
    namespace_of,
)
from kmanifest.cli.helm.versioned_flags import HELM_VERSION, dialect_of, read_versioned_flags
from kmanifest.cli.output import print_text
from kmanifest.model.errors import KmanifestError
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialects.dialect import Dialect
    from kmanifest.engines.helm.lint.linter import Message

FLAGS = (
    HELM_VERSION,
    Flag("kube-version", "text", "the version of Kubernetes for capabilities and deprecations"),
    Flag("quiet", "switch", "print only warnings and errors"),
    Flag("skip-schema-validation", "switch", "do not hold values against values.schema.json"),
    Flag("strict", "switch", "fail on warnings"),
    Flag("with-subcharts", "switch", "lint the charts in charts/, too"),
    *COMMON,
    *VALUES,
)
INTRODUCTION = """\
Examines charts for possible issues, as helm v3.22.0 or, with --helm-version 4, v4.3.1 does. Without CHART, which version 4
wants, that of the current directory.

Usage:
  kmanifest helm lint [CHART ...] [flags]

Flags:
"""
PACKAGES = (".tgz", ".tar.gz")


def lint(arguments: Sequence[str]) -> int:
    """Examine the charts and print what was found; gives the exit code."""
    parsed = read_versioned_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    dialect = dialect_of(parsed)
    if not parsed.words and not dialect.commands.lints_here:
        raise UsageError(
            '"helm lint" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]'
        )
    _check_kube_version(parsed.values["kube-version"])
    paths = list(parsed.words or (".",))
    if parsed.values["with-subcharts"]:
        for path in tuple(paths):
            _add_held(os.path.normpath(os.path.join(path, "charts")), paths)
    from kmanifest.cli.helm.inputs import given_values  # a wrong usage is told without it

    values = given_values(parsed, dialect).values
    quiet, lowest = parsed.values["quiet"], 2 if parsed.values["strict"] else 3
    text, failed, noticed = "", 0, 0
    for path in paths:
        messages, problem = _found(path, values, parsed, dialect)
        is_noticed = bool(problem) or any(message.severity > 1 for message in messages)
        noticed += is_noticed
        if quiet and not is_noticed:
            continue
        text += f"==> Linting {path}\n"
        text += f"Error {problem}\n" if problem else ""
        text += "".join(f"{message}\n" for message in messages if not quiet or message.severity > 1)
        text += "\n"
        failed += bool(problem) or any(message.severity >= lowest for message in messages)
    summary = f"{len(paths)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        print_text(text)
        raise UsageError(summary)
    return print_text(text + (f"{summary}\n" if not quiet or noticed else "")) or DONE


def _check_kube_version(text: str) -> None:
    from kmanifest.engines.helm.templates.capabilities import parse_kube_version
    from kmanifest.model.errors import SourceError

    try:
        if text:
            parse_kube_version(text)
    except SourceError as error:
        raise UsageError(f"invalid kube version '{text}': {error.message}") from error


def _add_held(directory: str, paths: list[str]) -> None:
    """Add the charts below a directory, in the order in which a walk meets them; links are not followed."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        if name == "Chart.yaml":
            paths.append(directory)
        elif path.endswith(PACKAGES):
            paths.append(path)
        if os.path.isdir(path) and not os.path.islink(path):
            _add_held(path, paths)


def _found(
    path: str, values: Mapping[str, object], parsed: Parsed, dialect: "Dialect"
) -> "tuple[list[Message], str]":
    """What was found in one chart, or why there is none."""
    from kmanifest.cli.helm.inputs import LIMITS, warn
    from kmanifest.engines.helm.lint.linter import Settings
    from kmanifest.engines.helm.templates.runtime import make_bounds, make_functions
    from kmanifest.io.tree import DiskTree, MemoryTree

    settings = Settings(
        values=values,
        functions=make_functions(limits=LIMITS, env=os.environ, dialect=dialect),
        namespace=namespace_of(parsed),
        kube_version=parsed.values["kube-version"],
        skip_schema=parsed.values["skip-schema-validation"],
        limits=LIMITS,
        bounds=make_bounds(LIMITS),
        warn=warn,
        dialect=dialect,
    )
    shown = os.path.abspath(path)
    if path.endswith(PACKAGES):
        from kmanifest.cli.helm.inputs import read_file
        from kmanifest.engines.helm.charts.archive import read_archive

        try:
            files = read_archive(read_file(path))
        except KmanifestError as error:
            word = "open" if error.message.startswith("open ") else "extract"
            return [], f"unable to {word} tarball: {error.message}"
        tree = MemoryTree({file.name: file.data for file in files})
        return dialect.commands.lint_chart(tree, "", settings, shown=shown), ""
    if not os.path.exists(os.path.join(path, "Chart.yaml")):
        missing = os.path.normpath(os.path.join(path, "Chart.yaml"))
        return (
            [],
            f"unable to check Chart.yaml file in chart: stat {missing}: no such file or directory",
        )
    return dialect.commands.lint_chart(DiskTree(path), "", settings, shown=shown), ""
