"""Markdown, for comments on merge requests: a table of the findings."""

from kmanifest.model.errors import one_line
from kmanifest.validation.report.records import Report, field_text, object_text
from kmanifest.validation.report.text import summary


def format_report(report: Report) -> str:
    """Return a summary and a table."""
    rows = [
        "| " + " | ".join(
            _cell(text)
            for text in (
                str(finding.location) or "-",
                object_text(result),
                field_text(finding.location.field),
                finding.severity,
                finding.message + (f" (did you mean {' or '.join(finding.near)}?)" if finding.near else ""),
            )
        ) + " |"
        for result in report.results
        for finding in result.findings
    ]  # fmt: skip
    head = (
        ["| where | object | field | severity | problem |", "|---|---|---|---|---|"] if rows else []
    )
    return "\n".join([f"**{summary(report)}**", "", *head, *rows]).rstrip("\n") + "\n"


def _cell(text: str) -> str:
    """Return text in which no character has a meaning in Markdown or HTML."""
    shown = one_line(text)
    for char in "\\`*_{}[]<>#|!&":
        shown = shown.replace(char, f"\\{char}" if char not in "<>&" else f"&#{ord(char)};")
    return shown
