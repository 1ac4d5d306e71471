"""SARIF 2.1.0, for code scanning.

Source: docs.oasis-open.org/sarif/sarif/v2.1.0.
"""

import json
from urllib.parse import quote

from kmanifest.startup.typing import Any, Final
from kmanifest.validation.report.records import Report, field_text, object_text

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}

DESCRIPTIONS: Final = {
    "parse": "The document is not valid YAML, or not a mapping.",
    "discovery": "The server has no type with this apiVersion and kind.",
    "no-schema": "The type is not part of Kubernetes, and its schema is not known.",
    "unknown-field": "The type has no field with this name.",
    "duplicate-field": "A key is set twice.",
    "type": "The value does not decode to the type of the field.",
    "required": "A required field is not set.",
    "enum": "The value is not one of the allowed values.",
    "invalid": "The value is invalid.",
    "forbidden": "The field must not be set here.",
    "duplicate": "Two items of a list are the same.",
    "too-long": "The value is too long.",
    "too-many": "A list or mapping has too many items.",
    "not-found": "The value refers to something that does not exist.",
    "warning": "The server takes the value with a warning.",
    "rejected": "Objects of this kind are rejected by an option.",
}


def format_report(report: Report) -> str:
    """Return one run with its rules and results."""
    results: list[dict[str, Any]] = []
    codes: dict[str, int] = {}
    for result in report.results:
        for finding in result.findings:
            index = codes.setdefault(finding.code, len(codes))
            field = field_text(finding.location.field)
            near = f" (did you mean {' or '.join(finding.near)}?)" if finding.near else ""
            text = f"{field}: {finding.message}{near}" if field else f"{finding.message}{near}"
            location: dict[str, Any] = {
                "logicalLocations": [
                    {"fullyQualifiedName": f"{object_text(result)}: {field}", "kind": "member"}
                ]
            }
            file = finding.location.file or result.file
            if file:
                physical: dict[str, Any] = {"artifactLocation": {"uri": quote(file, safe="/:@")}}
                if finding.location.line:
                    region = {"startLine": finding.location.line}
                    if finding.location.column:
                        region["startColumn"] = finding.location.column
                    physical["region"] = region
                location["physicalLocation"] = physical
            results.append(
                {
                    "ruleId": finding.code,
                    "ruleIndex": index,
                    "level": _LEVELS[finding.severity],
                    "message": {"text": text},
                    "locations": [location],
                }
            )
    rules = [
        {"id": code, "shortDescription": {"text": DESCRIPTIONS.get(code, code)}} for code in codes
    ]
    driver = {"name": "kmanifest", "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    shown = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
