"""`kmanifest helm show`: print parts of a chart.

Source: helm v3.22.0 cmd/helm/show.go, pkg/action/show.go.
"""

from collections.abc import Sequence

from kmanifest.cli.flags import Flag, UsageError, describe_flags
from kmanifest.cli.helm.flags import CHART_PATH_FLAGS, COMMON_FLAGS, read_flags
from kmanifest.cli.output import print_text
from kmanifest.engines.helm.dialects.v3 import HELM3

FLAGS = (
    Flag("jsonpath", "string", "refused: select fields with a YAML tool instead", hidden=True),
    *COMMON_FLAGS,
    *CHART_PATH_FLAGS,
)
INTRODUCTION = """\
Show the definition, CRDs, README or values of a chart, or all of them.

Usage:
  kmanifest helm show all|chart|crds|readme|values CHART [flags]

Flags:
"""
PARTS = ("all", "chart", "crds", "readme", "values")


def show(arguments: Sequence[str]) -> int:
    """Print one part of a chart and return the exit code."""
    command_line = read_flags(FLAGS, arguments)
    if command_line.values["help"] or not command_line.arguments:
        return print_text(INTRODUCTION + describe_flags(sorted(FLAGS)))
    part, *rest = command_line.arguments
    if part not in PARTS:
        raise UsageError(f'unknown command "{part}" for "helm show" (commands: {", ".join(PARTS)})')
    if len(rest) != 1:
        raise UsageError(
            f'"helm show {part}" requires 1 argument\n\nUsage:  helm show {part} [CHART] [flags]'
        )
    if command_line.values["jsonpath"]:
        raise UsageError("--jsonpath is refused: select fields with a YAML tool instead")
    from kmanifest.cli.helm.charts import load_chart_argument
    from kmanifest.engines.helm.show import show_chart

    return print_text(show_chart(load_chart_argument(command_line, rest[0], HELM3), part))
