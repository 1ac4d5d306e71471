"""Reports: the results of a run as text for people and as files for other programs."""

from kmanifest.model.errors import Location
from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import Callable, Final, NamedTuple, Sequence
from kmanifest.validation.results import Result


class Report(NamedTuple):
    """What a run found. `version`: that of Kubernetes. `show_all`: whether to list valid objects where the format can.

    `excerpt` returns the source lines around a location, for a terminal. Without it, each finding is one line.
    """

    results: Sequence[Result]
    version: str
    is_stdin: bool = False
    show_all: bool = False
    has_summary: bool = False
    excerpt: Callable[[Location], str] | None = None


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


def field_text(field: Sequence[str | int]) -> str:
    """Return a field as the API server prints it: `spec.containers[0].image`."""
    text = ""
    for step in field:
        if isinstance(step, int) or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def object_text(result: Result) -> str:
    """Return kind and name of an object: `Deployment shop/web`."""
    name = f"{result.namespace}/{result.name}" if result.namespace else result.name
    return f"{result.kind} {name}".strip()
