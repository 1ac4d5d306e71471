"""The chart that an argument of the command line names."""

from kmanifest.cli.flags import Parsed
from kmanifest.cli.helm.inputs import LIMITS, find_chart, open_chart, warn
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_archive
from kmanifest.engines.helm.dialects.dialect import Dialect


def chart_of(parsed: Parsed, name: str, dialect: Dialect) -> Chart:
    """The chart that the command line names: a path, else what is fetched."""
    path = (
        None
        if parsed.values["repo"] and dialect.commands.asks_repository_first
        else find_chart(name)
    )
    if path is not None:
        if parsed.values["repo"]:
            warn(
                "install.go:759: WARN local chart found in current working directory. repository url ignored "
                f"chart={name} repository={parsed.values['repo']}"
            )
        if parsed.values["verify"]:
            from kmanifest.cli.helm.verify import verify_file  # few calls verify

            verify_file(parsed, path)
        return open_chart(path, follows_links=parsed.values["follow-links"], dialect=dialect)
    from kmanifest.cli.helm.sources import fetch_chart  # imported here because it brings HTTP

    return load_archive(fetch_chart(parsed, name), limits=LIMITS, warn=warn, dialect=dialect)
