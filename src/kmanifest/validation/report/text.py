"""Text: one line for each finding, or on a terminal the findings of each file with their source lines."""

from kmanifest.model.errors import one_line
from kmanifest.model.findings import Finding
from kmanifest.validation.report.records import Report, field_text, object_text
from kmanifest.validation.results import Result


def format_report(report: Report) -> str:
    """Return the findings in the order of the input, each with its file, line, field and code."""
    text = _grouped(report) if report.excerpt is not None else _listed(report)
    if report.show_all:
        text += "".join(
            f"{result.status}: {one_line(object_text(result))}\n"
            for result in report.results
            if result.status in ("valid", "skipped")
        )
    return text + (f"{summary(report)}\n" if report.has_summary else "")


def _listed(report: Report) -> str:
    return "".join(
        f"{finding_line(finding, result)}\n"
        for result in report.results
        for finding in result.findings
    )


def _grouped(report: Report) -> str:
    """Return the findings by file, in the order of their lines."""
    files: dict[str, list[tuple[Result, Finding]]] = {}
    for result in report.results:
        for finding in result.findings:
            files.setdefault(finding.location.file, []).append((result, finding))
    blocks = []
    for file, entries in files.items():
        entries.sort(key=lambda entry: entry[1].location[1:3])
        lines = [f"{one_line(file)}\n"] if file else []
        lines += [_with_excerpt(report, result, finding) for result, finding in entries]
        blocks.append("".join(lines))
    return "\n".join(blocks)


def _with_excerpt(report: Report, result: Result, finding: Finding) -> str:
    line = finding_line(finding, result)
    shown = report.excerpt(finding.location) if report.excerpt is not None else ""
    return f"{line}\n{shown}"


def finding_line(finding: Finding, result: Result | None) -> str:
    """Return a finding in one line. If it has no location, the line has the object."""
    location = str(finding.location)
    field = field_text(finding.location.field)
    subject = "" if location or result is None else object_text(result)
    near = f" (did you mean {' or '.join(finding.near)}?)" if finding.near else ""
    parts = (location, finding.severity, subject, field)
    head = "".join(f"{part}: " for part in parts if part)
    return one_line(f"{head}{finding.message}{near} [{finding.code}]")


def summary(report: Report) -> str:
    """Return how many objects there are, and how many are valid."""
    counts = dict.fromkeys(("valid", "invalid", "error", "skipped", "empty"), 0)
    for result in report.results:
        counts[result.status] += 1
    total = len(report.results) - counts["empty"]
    findings = [finding for result in report.results for finding in result.findings]
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    return (
        f"{total} objects checked for Kubernetes {report.version}: {counts['valid']} valid, "
        f"{counts['invalid'] + counts['error']} invalid, {counts['skipped']} skipped; "
        f"{errors} errors, {warnings} warnings"
    )
