"""The log messages of Helm 3, and its errors for charts that can't be rendered.

Helm 4 formats these messages differently (`dialects/v4/messages.py`). So code takes every such message from this
object.
"""

from kmanifest.startup.typing import Sequence


class Messages:
    """The messages of helm v3.22.0. A line number is that of the Go source line that logs the message."""

    def coalescing(self, line: int, text: str) -> str:
        """Return the warning for values that can't be merged.

        Source: pkg/chartutil/coalesce.go.
        """
        return f"coalesce.go:{line}: {text}"

    def deprecated_file(self, line: int, text: str) -> str:
        """Return the warning for a file that Chart.yaml or Chart.lock has replaced.

        Source: pkg/chart/loader/load.go.
        """
        return f"load.go:{line}: {text}"

    def symbolic_link(self, path: str, real: str) -> str:
        """Return the message for a symbolic link in a chart.

        Source: internal/sympath/walk.go.
        """
        return (
            f"walk.go:75: found symbolic link in path: {path} resolves to {real}. "
            "Contents of linked file included and used"
        )

    def non_boolean_tag(self, tag: str, chart: str) -> str:
        """Return the warning for a tag whose value is not a boolean.

        Source: pkg/chartutil/dependencies.go, also for the next three.
        """
        return f"dependencies.go:95: Warning: Tag '{tag}' for chart {chart} returned non-bool value"

    def non_boolean_condition(self, path: str, chart: str) -> str:
        """Return the warning for a condition whose value is not a boolean."""
        return (
            f"dependencies.go:64: Warning: Condition path '{path}' for chart {chart} "
            "returned non-bool value"
        )

    def missing_import(self, chart: str, problem: str) -> str:
        """Return the warning for a table to import that does not exist."""
        return f"dependencies.go:270: Warning: ImportValues missing table from chart {chart}: {problem}"

    def missing_export(self, problem: str) -> str:
        """Return the warning for an exported table to import that does not exist."""
        return f"dependencies.go:287: Warning: ImportValues missing table: {problem}"

    def unknown_hook(self, events: str) -> str:
        """Return the message for a hook with an unknown event.

        Source: pkg/releaseutil/manifest_sorter.go.
        """
        return f"manifest_sorter.go:199: info: skipping unknown hook: {_quoted(events)}"

    def unresolved_urn(self, address: str) -> str:
        """Return the warning for a `urn:` in a schema. Helm replaces it by a schema that allows everything.

        Source: pkg/chartutil/jsonschema.go.
        """
        return (
            "jsonschema.go:192: WARNING: unresolved URN reference ignored; "
            f"using permissive schema: {address}"
        )

    def missing_value(self, message: str, *, is_nil: bool) -> str:
        """Return the message of `required` when a chart is linted.

        Source: pkg/engine/engine.go, also for the next.
        """
        return f"engine.go:{206 if is_nil else 214}: [INFO] Missing required value: {message}"

    def fail_call(self, message: str) -> str:
        """Return the message of `fail` when a chart is linted."""
        return f"engine.go:227: [INFO] Fail: {message}"

    def deprecated_chart(self) -> str:
        """Return the warning for a deprecated chart.

        Source: cmd/helm/install.go, also for the next.
        """
        return "WARNING: This chart is deprecated"

    def missing_dependencies(self, names: Sequence[str]) -> str:
        """Return the error for dependencies in Chart.yaml that are missing in `charts/`."""
        return (
            "An error occurred while checking for chart dependencies. You may need to run "
            "`helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing "
            f"in charts/ directory: {', '.join(names)}"
        )


def _quoted(text: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

    return quoted(text)
