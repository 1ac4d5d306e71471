"""What `helm template` tells on stderr beside helm's own words, where it is asked for."""

from kmanifest.cli import report
from kmanifest.cli.flags import Parsed
from kmanifest.cli.helm.inputs import Given
from kmanifest.engines.helm.api import impure_finding
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.values.error_values import values_in_error
from kmanifest.engines.helm.values.origins import Origins, chart_layers
from kmanifest.model.errors import format_field, one_line
from kmanifest.model.findings import Finding


class Notes:
    """What `--show-impure` and `--unused-values` want to know of one render."""

    def __init__(self, parsed: Parsed) -> None:
        self._found: list[Finding] = []
        self.on_impure = self._note if parsed.values["show-impure"] else None
        self.reads = None
        if parsed.values["unused-values"]:
            from kmanifest.engines.helm.values.usage import ValueUsage

            self.reads = ValueUsage()

    def _note(self, name: str, file: str, line: int, column: int) -> None:
        self._found.append(impure_finding(name, file, line, column))

    def tell(self, chart: Chart, given: Given) -> None:
        """Print what was found, once the render is done."""
        if self.reads is not None:
            origins = Origins(given.layers())
            self._found += self.reads.findings(chart, given.values, origins.find)
        report.findings(self._found)


def tell_origins(text: str, chart: Chart, given: Given) -> None:
    """Print which file or flag has set each value that an error or warning hangs on."""
    paths = values_in_error(text, chart)
    if not paths:
        return
    origins = Origins(given.layers(), chart_layers(chart))
    for path in paths:
        place = origins.find(path)
        field = format_field(path if place is None else place.field)
        said = f"nothing sets {field}" if place is None else f"{field} is set by {place}"
        report.tell(f"values: {one_line(said)}\n")
