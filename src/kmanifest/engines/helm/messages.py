"""What helm v3 logs, and what it says of a chart that it will not render.

Version 4 says the same things in other words (`v4/words.py`); so whoever has something to tell asks for its text here.
"""

from collections.abc import Sequence


class Messages:
    """The texts of helm v3.22.0; a number is the line of its source from which it logs."""

    def coalescing(self, line: int, text: str) -> str:
        """Values that can't be laid over one another. Source: pkg/chartutil/coalesce.go."""
        return f"coalesce.go:{line}: {text}"

    def deprecated_file(self, line: int, text: str) -> str:
        """A file that Chart.yaml or Chart.lock has replaced. Source: pkg/chart/loader/load.go."""
        return f"load.go:{line}: {text}"

    def symbolic_link(self, path: str, real: str) -> str:
        """A symbolic link in a chart. Source: internal/sympath/walk.go."""
        return (
            f"walk.go:75: found symbolic link in path: {path} resolves to {real}. "
            "Contents of linked file included and used"
        )

    def non_boolean_tag(self, tag: str, chart: str) -> str:
        """A tag that is no boolean. Source: pkg/chartutil/dependencies.go, as the next three."""
        return f"dependencies.go:95: Warning: Tag '{tag}' for chart {chart} returned non-bool value"

    def non_boolean_condition(self, path: str, chart: str) -> str:
        """A condition that is no boolean."""
        return (
            f"dependencies.go:64: Warning: Condition path '{path}' for chart {chart} "
            "returned non-bool value"
        )

    def missing_import(self, chart: str, problem: str) -> str:
        """A table to import that is not there."""
        return f"dependencies.go:270: Warning: ImportValues missing table from chart {chart}: {problem}"

    def missing_export(self, problem: str) -> str:
        """An exported table to import that is not there."""
        return f"dependencies.go:287: Warning: ImportValues missing table: {problem}"

    def unknown_hook(self, events: str) -> str:
        """A hook for something that is no event. Source: pkg/releaseutil/manifest_sorter.go."""
        return f"manifest_sorter.go:199: info: skipping unknown hook: {_quoted(events)}"

    def unresolved_urn(self, address: str) -> str:
        """A `urn:` in a schema, which stands for a schema that allows everything. Source: pkg/chartutil/jsonschema.go."""
        return (
            "jsonschema.go:192: WARNING: unresolved URN reference ignored; "
            f"using permissive schema: {address}"
        )

    def missing_value(self, message: str, *, is_nil: bool) -> str:
        """What `required` says where a chart is linted. Source: pkg/engine/engine.go, as the next."""
        return f"engine.go:{206 if is_nil else 214}: [INFO] Missing required value: {message}"

    def fail_call(self, message: str) -> str:
        """What `fail` says where a chart is linted."""
        return f"engine.go:227: [INFO] Fail: {message}"

    def deprecated_chart(self) -> str:
        """A chart that is deprecated. Source: cmd/helm/install.go, as the next."""
        return "WARNING: This chart is deprecated"

    def missing_dependencies(self, names: Sequence[str]) -> str:
        """Charts that Chart.yaml asks for and `charts/` does not have."""
        return (
            "An error occurred while checking for chart dependencies. You may need to run "
            "`helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing "
            f"in charts/ directory: {', '.join(names)}"
        )


def _quoted(text: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for warnings only

    return quoted(text)
