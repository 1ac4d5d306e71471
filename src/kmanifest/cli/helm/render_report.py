"""What `helm template` prints to stderr in addition to Helm's own messages, if a flag requests it."""

from kmanifest.cli import report
from kmanifest.cli.flags import CommandLine
from kmanifest.cli.helm.inputs import CommandLineValues
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.result import impure_finding
from kmanifest.engines.helm.values.error_values import values_in_error
from kmanifest.engines.helm.values.origins import Origins, chart_layers
from kmanifest.model.errors import format_field, one_line
from kmanifest.model.findings import Finding


class RenderReport:
    """Collects the findings of `--show-impure` and `--unused-values` for one render."""

    def __init__(self, command_line: CommandLine) -> None:
        self._findings: list[Finding] = []
        self.on_impure = self._record_impure_call if command_line.values["show-impure"] else None
        self.reads = None
        if command_line.values["unused-values"]:
            from kmanifest.engines.helm.values.usage import ValueUsage

            self.reads = ValueUsage()

    def _record_impure_call(self, name: str, file: str, line: int, column: int) -> None:
        self._findings.append(impure_finding(name, file, line, column))

    def print(self, chart: Chart, command_line_values: CommandLineValues) -> None:
        """Print the findings. Called after the render."""
        if self.reads is not None:
            origins = Origins(command_line_values.layers())
            self._findings += self.reads.findings(chart, command_line_values.values, origins.find)
        report.print_findings(self._findings)


def print_value_origins(text: str, chart: Chart, command_line_values: CommandLineValues) -> None:
    """Print the file or flag that set each value that an error or a warning depends on."""
    paths = values_in_error(text, chart)
    if not paths:
        return
    origins = Origins(command_line_values.layers(), chart_layers(chart))
    for path in paths:
        origin = origins.find(path)
        field = format_field(path if origin is None else origin.field)
        message = f"nothing sets {field}" if origin is None else f"{field} is set by {origin}"
        report.print_message(f"values: {one_line(message)}\n")
