"""A Code Quality report of GitLab.

Source: docs.gitlab.com/ci/testing/code_quality, the format of a report.
"""

import json
from hashlib import sha256

from kmanifest.startup.typing import Any, Final
from kmanifest.validation.report.records import Report, field_text

_SEVERITIES: Final = {"error": "major", "warning": "minor", "info": "info"}


def format_report(report: Report) -> str:
    """Return one issue for each finding. A fingerprint stays the same when lines move."""
    issues: list[dict[str, Any]] = []
    used: dict[str, int] = {}
    for result in report.results:
        for finding in result.findings:
            location = finding.location
            field = field_text(location.field)
            identity = "\0".join(
                [*result[2:6], location.file, finding.code, field, finding.message]
            )
            used[identity] = number = used.get(identity, 0) + 1
            fingerprint = sha256(f"{identity}\0{number}".encode("utf-8", "replace")).hexdigest()
            issues.append(
                {
                    "description": f"{field}: {finding.message}" if field else finding.message,
                    "check_name": finding.code,
                    "fingerprint": fingerprint,
                    "severity": _SEVERITIES[finding.severity],
                    "location": {
                        "path": location.file or result.file or "-",
                        "lines": {"begin": max(1, location.line)},
                    },
                }
            )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"
