"""The checks of `helm lint` in Helm 4.

Source: helm v4.3.1 pkg/chart/v2/lint.
"""

from functools import partial

from kmanifest.engines.helm.charts.chart import Chart, Metadata
from kmanifest.engines.helm.charts.versions import is_strict_version
from kmanifest.engines.helm.dialects.v4.strict import strict_problem
from kmanifest.engines.helm.lint.linter import (
    ERROR,
    OBJECT,
    WARNING,
    Linter,
    LintMessage,
    LintSettings,
)
from kmanifest.engines.helm.values.layers import Table
from kmanifest.io.tree import Tree
from kmanifest.startup.typing import Any, Iterator, Mapping


def lint_chart(
    tree: Tree, settings: LintSettings, *, directory: str = "", display_path: str = ""
) -> list[LintMessage]:
    """Return the problems of the chart in a directory of the tree.

    Messages show `display_path` as the path of the directory. Raises MissingError if there is no such directory.
    """
    return _Linter(tree, directory, settings, display_path or directory).messages()


class _Linter(Linter):
    """Checks one chart as Helm 4 does."""

    head_shape = OBJECT._replace(type="rules.k8sYamlStruct", struct="k8sYamlStruct")
    list_problem = "annotation 'helm.sh/resource-policy' within List objects are ignored"

    def metadata_problems(
        self, metadata: Metadata, raw: Any, content: bytes
    ) -> Iterator[tuple[int, str]]:
        """Yield the problems of Chart.yaml.

        Source: rules/chartfile.go.
        """
        problem = strict_problem(content, raw, self._settings.dialect.loading.metadata)
        if problem:
            yield WARNING, f"failed to strictly parse chart metadata file\n\t{problem}"
        yield from super().metadata_problems(metadata, raw, content)
        if not is_strict_version(metadata.version):
            yield WARNING, f"version '{metadata.version}' is not a valid SemVerV2"

    def schema_problem(self, values: Table, schema: bytes) -> str:
        """Return the schema's errors for the values; empty if schemas are skipped.

        Source: rules/values.go.
        """
        return "" if self._settings.skip_schema else super().schema_problem(values, schema)

    def check_templates_directory(self, kind: str | None, path: str) -> bool:
        """Report problems of `templates/` itself.

        Source: rules/template.go, templatesDirExists and validateTemplatesDir.
        """
        if kind is None:
            return self._report(WARNING, path, "directory does not exist")
        return self._report(ERROR, path, "not a directory" if kind == "file" else "")

    def check_template(self, name: str, source: bytes) -> bool:  # noqa: ARG002 - Helm 4 checks only the name
        """Report an unknown extension. Return whether the rendered text is checked as well.

        Source: rules/template.go, Lint.
        """
        return self._check_extension(name).lower() in (".yaml", ".yml")

    def lint_crds(self, chart: Chart | None, problem: str) -> None:
        """Check the files in `crds/`.

        Source: rules/crds.go, Crds.
        """
        path = "crds/"
        kind = self._kind("crds")
        if kind is None or not self._report(
            ERROR, path, "not a directory" if kind == "file" else ""
        ):
            return
        if chart is None:
            self._report(ERROR, path, problem)
            return
        for crd in chart.crds():
            text = crd.data.decode("utf-8", "surrogateescape")
            if not self._lint_documents(crd.name, text, partial(self._check_crd, crd.name)):
                return

    def _check_crd(self, name: str, head: Mapping[str, Any]) -> None:
        if not head.get("apiVersion", "").startswith("apiextensions.k8s.io"):
            self._report(ERROR, name, "apiVersion is not in 'apiextensions.k8s.io'")
        if head.get("Kind", "") != "CustomResourceDefinition":
            self._report(ERROR, name, "object kind is not 'CustomResourceDefinition'")
