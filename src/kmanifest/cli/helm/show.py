"""`kmanifest helm show`: print parts of a chart.

Source: helm v3.22.0 cmd/helm/show.go, pkg/action/show.go.
"""

from kmanifest.cli.flags import CommandLine, Flag, UsageError
from kmanifest.cli.helm.flags import CHART_PATH_FLAGS, COMMON_FLAGS, SERVER_FLAGS, check_flags
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import FETCH_FLAGS
from kmanifest.cli.verbs import FILE, Command

SHOW_FLAGS = (
    Flag("jsonpath", "string", "refused: select fields with a YAML tool instead", hidden=True),
    *COMMON_FLAGS,
)
PARTS = ("all", "chart", "crds", "readme", "values")


def show(command_line: CommandLine) -> int:
    """Print one part of a chart and return the exit code."""
    if not command_line.arguments:
        from kmanifest.cli.help import command_help  # imported for help only

        return print_text(command_help(COMMAND))
    part, *rest = command_line.arguments
    if part not in PARTS:
        from kmanifest.cli.unknown import unknown_command  # imported for errors only

        raise UsageError(unknown_command(COMMAND.path, part, PARTS))
    if len(rest) != 1:
        raise UsageError(
            f'"helm show {part}" requires 1 argument\n\nUsage:  helm show {part} [CHART] [flags]'
        )
    if command_line.values["jsonpath"]:
        raise UsageError("--jsonpath is refused: select fields with a YAML tool instead")
    from kmanifest.cli.helm.charts import load_chart_argument
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.show import show_chart

    return print_text(show_chart(load_chart_argument(command_line, rest[0], HELM3), part))


COMMAND = Command(
    ("helm", "show"),
    "all|chart|crds|readme|values CHART",
    "Show the definition, CRDs, README or values of a chart, or all of them.\n",
    (
        ("Flags", SHOW_FLAGS),
        ("Chart flags", CHART_PATH_FLAGS),
        ("Remote flags", (*FETCH_FLAGS, *SERVER_FLAGS)),
    ),
    show,
    examples=("kmanifest helm show values ./chart",),
    completions=(PARTS, FILE),
    check=check_flags,
)
