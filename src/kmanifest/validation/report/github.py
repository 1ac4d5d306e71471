"""Workflow commands of GitHub Actions, which show each finding at its line in the changes of a pull request.

Source: docs.github.com, workflow commands; actions/toolkit packages/core/src/command.ts.
"""

from kmanifest.startup.typing import Final
from kmanifest.validation.report.records import Report, field_text

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def format_report(report: Report) -> str:
    """Return one command for each finding."""
    lines = []
    for result in report.results:
        for finding in result.findings:
            location = finding.location
            field = field_text(location.field)
            numbers = (("line", location.line), ("col", location.column))
            properties = [
                f"file={_property(location.file)}" if location.file else "",
                *(f"{name}={number}" for name, number in numbers if number),
                f"title={_property(f'{result.kind} {result.name}'.strip() or finding.code)}",
            ]
            near = f" (did you mean {' or '.join(finding.near)}?)" if finding.near else ""
            message = f"{field}: {finding.message}{near}" if field else f"{finding.message}{near}"
            command = _COMMANDS[finding.severity]
            shown = ",".join(each for each in properties if each)
            lines.append(f"::{command} {shown}::{_data(message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
