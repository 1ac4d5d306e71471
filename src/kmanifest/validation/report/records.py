"""What all formats of reports share: the results of a run, and how fields and objects are printed."""

from kmanifest.model.errors import Location
from kmanifest.startup.typing import Callable, NamedTuple, Sequence
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
