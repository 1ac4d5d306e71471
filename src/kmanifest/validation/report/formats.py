"""The formats of reports by name. Only the module of the format that is used is imported."""

from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import Callable, Final
from kmanifest.validation.report.records import Report

Format = Callable[[Report], str]

FORMATS: Final = ("text", "json", "sarif", "github", "gitlab", "markdown")
"""kmanifest's own formats."""

KUBECONFORM_FORMATS: Final = ("text", "json", "junit", "tap")
"""The formats that kubeconform prints."""


def format_of(name: str) -> Format:
    """Return the function that formats a report. Only its module is imported."""
    module = f"kmanifest.validation.report.{name}"
    formatter: Format = load_attribute(module, "format_report")
    return formatter


def kubeconform_format_of(name: str) -> Format:
    """Return the function that formats a report as kubeconform does."""
    module = "kmanifest.validation.report.kubeconform"
    formatter: Format = load_attribute(module, f"format_{name}")
    return formatter
