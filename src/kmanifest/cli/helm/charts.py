"""Load the chart that a command-line argument names."""

from kmanifest.cli.flags import CommandLine
from kmanifest.cli.helm.inputs import LIMITS, find_local_chart, open_chart, print_warning
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_archive
from kmanifest.engines.helm.dialect import Dialect


def load_chart_argument(command_line: CommandLine, name: str, dialect: Dialect) -> Chart:
    """Load the chart at a local path, or fetch it from a repository or registry."""
    path = (
        None
        if command_line.values["repo"] and dialect.commands.prefers_repository
        else find_local_chart(name)
    )
    if path is not None:
        if command_line.values["repo"]:
            print_warning(
                "install.go:759: WARN local chart found in current working directory. repository url ignored "
                f"chart={name} repository={command_line.values['repo']}"
            )
        if command_line.values["verify"]:
            from kmanifest.cli.helm.verify import verify_file  # imported for --verify only

            verify_file(command_line, path)
        return open_chart(path, follows_links=command_line.values["follow-links"], dialect=dialect)
    from kmanifest.cli.helm.sources import fetch_chart  # imported for charts of servers only

    return load_archive(
        fetch_chart(command_line, name), limits=LIMITS, warn=print_warning, dialect=dialect
    )
