"""The formats of kubeconform, for scripts that read its output.

Source: kubeconform v0.8 pkg/output/{text,json,junit,tap}.go.
"""

import json
from xml.sax.saxutils import escape, quoteattr

from kmanifest.startup.typing import Any, Final
from kmanifest.validation.report.records import Report, field_text
from kmanifest.validation.results import Result

_STATUS: Final = {
    "valid": "statusValid",
    "invalid": "statusInvalid",
    "error": "statusError",
    "skipped": "statusSkipped",
    "empty": "statusEmpty",
}


def format_text(report: Report) -> str:
    """Return a line for each object that is not valid."""
    lines = []
    for result in report.results:
        name = f"{result.file} - {result.kind} {result.name}".rstrip()
        if result.status == "invalid":
            lines.append(f"{name} is invalid: {_message(result)}")
        elif result.status == "error":
            lines.append(f"{name} failed validation: {_message(result)}")
        elif report.show_all and result.status in ("valid", "skipped"):
            lines.append(f"{name} is valid" if result.status == "valid" else f"{name} skipped")
    if report.has_summary:
        lines.append(_summary(report))
    return "".join(f"{_one_line(line)}\n" for line in lines)


def _summary(report: Report) -> str:
    counts = _counts(report)
    total = sum(counts.values())
    files = len({result.file for result in report.results})
    where = "parsing stdin" if report.is_stdin else f"in {files} file{'s' if files > 1 else ''}"
    return (
        f"Summary: {total} resource{'s' if total > 1 else ''} found {where} - Valid: {counts['valid']}, "
        f"Invalid: {counts['invalid']}, Errors: {counts['errors']}, Skipped: {counts['skipped']}"
    )


def format_json(report: Report) -> str:
    """Return the objects that are not valid, or all."""
    resources = []
    for result in report.results:
        if result.status in ("valid", "skipped", "empty") and not report.show_all:
            continue
        resources.append(
            {
                "filename": result.file,
                "kind": result.kind,
                "name": result.name,
                "version": result.api_version,
                "status": _STATUS[result.status],
                "msg": _message(result),
                "validationErrors": [
                    {"path": _pointer(finding.location.field), "msg": finding.message}
                    for finding in result.findings
                    if result.status == "invalid" and finding.severity == "error"
                ],
            }
        )
    for resource in resources:
        if not resource["validationErrors"]:
            del resource["validationErrors"]
    shown: dict[str, Any] = {"resources": resources}
    if report.has_summary:
        shown["summary"] = _counts(report)
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def format_tap(report: Report) -> str:
    """Return the Test Anything Protocol, version 13."""
    lines = ["TAP version 13"]
    results = [result for result in report.results if result.status != "empty"]
    for number, result in enumerate(results, 1):
        name = f"{number} - {result.file} ({_qualified_name(result)})"
        if result.status == "valid":
            lines.append(f"ok {name}")
        elif result.status == "skipped":
            lines.append(f"ok {name} # skip")
        else:
            lines.append(f"not ok {name}: {_message(result)}")
    lines.append(f"1..{len(results)}")
    return "".join(f"{_one_line(line)}\n" for line in lines)


def format_junit(report: Report) -> str:
    """Return a test suite for each file, and a test case for each object."""
    counts = _counts(report)
    total = sum(counts.values())
    files: dict[str, list[Result]] = {}
    for result in report.results:
        if result.status != "empty":
            files.setdefault(result.file, []).append(result)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="kmanifest" time="0" tests="{total}" failures="{counts["invalid"]}" '
        f'disabled="{counts["skipped"]}" errors="{counts["errors"]}">',
    ]
    for number, (file, results) in enumerate(files.items(), 1):
        failures, errors, skipped = (
            sum(result.status == status for result in results)
            for status in ("invalid", "error", "skipped")
        )
        lines.append(
            f'  <testsuite name={_attribute(file)} id="{number}" tests="{len(results)}" failures="{failures}" '
            f'errors="{errors}" disabled="{skipped}" skipped="{skipped}" time="0">'
        )
        lines += [_test_case(result) for result in results]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _test_case(result: Result) -> str:
    name = _attribute(_qualified_name(result))
    class_name = _attribute(f"{result.kind}@{result.api_version}")
    head = f'    <testcase name={name} classname={class_name} time="0"'
    if result.status == "valid":
        return f"{head}></testcase>"
    if result.status == "skipped":
        return f"{head}><skipped></skipped></testcase>"
    element, type_ = (
        ("failure", "Validation error") if result.status == "invalid" else ("error", "Error")
    )
    message = _message(result)
    text = escape(_xml_text(message))
    return f'{head}><{element} message={_attribute(message)} type="{type_}">{text}</{element}></testcase>'


def _qualified_name(result: Result) -> str:
    parts = (result.api_version, result.kind, result.namespace, result.name)
    return "/".join(part for part in parts if part)


def _message(result: Result) -> str:
    messages = []
    for finding in result.findings:
        if finding.severity == "error":
            field = field_text(finding.location.field)
            messages.append(f"{field}: {finding.message}" if field else finding.message)
    return "; ".join(messages)


def _pointer(field: tuple[str | int, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in field)


def _counts(report: Report) -> dict[str, int]:
    statuses = [result.status for result in report.results]
    return {
        "valid": statuses.count("valid"),
        "invalid": statuses.count("invalid"),
        "errors": statuses.count("error"),
        "skipped": statuses.count("skipped"),
    }


def _one_line(text: str) -> str:
    from kmanifest.model.errors import one_line

    return one_line(text)


def _xml_text(text: str) -> str:
    """Return the text without the characters that XML does not have."""
    return "".join(
        char if char in "\t\n" or (char >= " " and char not in "\ufffe\uffff" and not "\ud800" <= char <= "\udfff") else "\ufffd"
        for char in text
    )  # fmt: skip


def _attribute(text: str) -> str:
    return quoteattr(_xml_text(text))
