"""JSON: the findings as data, with the object that each concerns."""

import json

from kmanifest.startup.typing import Any
from kmanifest.validation.report.records import Report, field_text


def format_report(report: Report) -> str:
    """Return one object with `findings` and `summary`. The keys of a finding are those of `Finding.as_dict`, and more."""
    findings: list[dict[str, Any]] = []
    counts = dict.fromkeys(("valid", "invalid", "error", "skipped"), 0)
    for result in report.results:
        if result.status != "empty":
            counts[result.status] += 1
        identity = {
            "document": result.document,
            "apiVersion": result.api_version,
            "kind": result.kind,
            "namespace": result.namespace,
            "name": result.name,
        }
        findings.extend(
            {
                **finding.as_dict(),
                "rule": finding.code,
                "path": field_text(finding.location.field),
                **identity,
            }
            for finding in result.findings
        )
    shown = {"kubernetes": report.version, "summary": counts, "findings": findings}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
