"""The log messages of Helm 4: lines of Go's `log/slog` without a time.

Source: helm v4.3.1 internal/logging/logging.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.messages import Messages
from kmanifest.startup.typing import Sequence


class Messages4(Messages):
    """The messages of helm v4.3.1. Messages that it still logs in Helm 3's form have the level INFO."""

    def coalescing(self, line: int, text: str) -> str:  # noqa: ARG002 - Helm 4 logs no line numbers
        return log_line("INFO", text)

    def deprecated_file(self, line: int, text: str) -> str:  # noqa: ARG002 - Helm 4 logs no line numbers
        return log_line("INFO", text)

    def symbolic_link(self, path: str, real: str) -> str:
        message = "found symbolic link in path. Contents of linked file included and used"
        return log_line("INFO", message, path=path, resolved=real)

    def non_boolean_tag(self, tag: str, chart: str) -> str:
        return log_line("WARN", "returned non-bool value", tag=tag, chart=chart)

    def non_boolean_condition(self, path: str, chart: str) -> str:
        return log_line("WARN", "returned non-bool value", path=path, chart=chart)

    def missing_import(self, chart: str, problem: str) -> str:
        message = "ImportValues missing table from chart"
        return log_line("WARN", message, chart=chart, error=problem)

    def missing_export(self, problem: str) -> str:
        return log_line("WARN", "ImportValues missing table", error=problem)

    def unknown_hook(self, events: str) -> str:
        return log_line("INFO", "skipping unknown hooks", hookTypes=events)

    def unresolved_urn(self, address: str) -> str:
        message = "unresolved URN reference ignored; using permissive schema"
        return log_line("WARN", message, urn=address)

    def missing_value(self, message: str, *, is_nil: bool) -> str:
        text = "missing required value" if is_nil else "missing required values"
        return log_line("WARN", text, message=message)

    def fail_call(self, message: str) -> str:
        return log_line("INFO", "funcMap fail", message=message)

    def deprecated_chart(self) -> str:
        return log_line("WARN", "this chart is deprecated")

    def missing_dependencies(self, names: Sequence[str]) -> str:
        return (
            "an error occurred while checking for chart dependencies. You may need to run "
            "'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing "
            f"in charts/ directory: {', '.join(names)}"
        )


def log_line(level: str, text: str, **attributes: str) -> str:
    """Return one line of a log, as slog's TextHandler writes it."""
    pairs = {"level": level, "msg": text, **attributes}
    return " ".join(f"{key}={_format_value(value)}" for key, value in pairs.items())


def _format_value(value: str) -> str:
    """Return a value, in quotes if it needs them.

    Source: Go 1.26 log/slog text_handler.go, needsQuoting.
    """
    is_plain = value.isprintable() and value and not any(char in value for char in ' ="')
    return value if is_plain else quoted(value)
