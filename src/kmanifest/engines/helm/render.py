"""Render a chart with values to manifests: all of `helm template` but reading flags and writing files.

Source: helm v3.22.0 pkg/action/install.go, RunWithContext; pkg/action/action.go, renderResources; cmd/helm/template.go.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.versions import satisfies
from kmanifest.engines.helm.dependencies import check_dependencies, process_dependencies
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.gotemplate.execute import ExecutionLimits, OnImpureCall
from kmanifest.engines.helm.gotemplate.values import Functions
from kmanifest.engines.helm.manifests import SPACE, Manifest, sort_manifests
from kmanifest.engines.helm.objects.capabilities import Capabilities
from kmanifest.engines.helm.schemas import validate_values
from kmanifest.engines.helm.templates.engine import RenderSession, collect_sources
from kmanifest.engines.helm.values.layers import coalesce_values
from kmanifest.io.cache import Cache, NoCache
from kmanifest.model import globs
from kmanifest.model.errors import KmanifestError, LimitError, RenderError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Mapping,
    NamedTuple,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.engines.helm.values.usage import ValueUsage

NOTES: Final = "NOTES.txt"
_NAME: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_MAX_NAME: Final = 53

Warn = Callable[[str], None]
PostRender = Callable[[str], str]


class Release(NamedTuple):
    """The release, as templates see it.

    - `name`: `.Release.Name`
    - `namespace`: `.Release.Namespace`
    - `is_upgrade`: `.Release.IsUpgrade`; its opposite is `.Release.IsInstall`

    >>> from kmanifest.helm import Release
    >>> Release("web", "shop")
    Release(name='web', namespace='shop')
    """

    name: str = "release-name"
    namespace: str = "default"
    is_upgrade: bool = False

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self)

    def object(self) -> dict[str, Any]:
        """Return `.Release`."""
        return {
            "Name": self.name,
            "Namespace": self.namespace,
            "IsUpgrade": self.is_upgrade,
            "IsInstall": not self.is_upgrade,
            "Revision": 1,
            "Service": "Helm",
        }


class TemplateError(RenderError):
    """A render that failed after the values were merged. `files` has the rendered files by path, if there are any."""

    files: Mapping[str, str] = {}  # noqa: RUF012 - read-only by type


class Output(NamedTuple):
    """The result of a render: CustomResourceDefinitions as they are written, documents, and hooks."""

    crds: tuple[Manifest, ...]
    manifests: tuple[Manifest, ...]
    hooks: tuple[Manifest, ...]

    def text(
        self,
        *,
        skip_hooks: bool = False,
        skip_tests: bool = False,
        post_render: PostRender = lambda text: text,
    ) -> str:
        """Return the text that `helm template` prints. `post_render` is applied to everything but hooks."""
        text = "".join(manifest.output_text() for manifest in (*self.crds, *self.manifests))
        text = post_render(text).strip(SPACE) + "\n"
        if skip_hooks:
            return text
        return text + "".join(
            manifest.output_text()
            for manifest in self.hooks
            if not (skip_tests and manifest.is_test)
        )


def render(
    chart: Chart,
    values: Mapping[str, Any],
    *,
    functions: Functions,
    release: Release = Release(),
    capabilities: Capabilities | None = None,
    include_crds: bool = False,
    skip_schema: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    bounds: ExecutionLimits = ExecutionLimits(),
    on_impure: OnImpureCall | None = None,
    usage: "ValueUsage | None" = None,
    warn: Warn = lambda _: None,
    cache: Cache = NoCache(),
    dialect: Dialect,
) -> Output:
    """Render a chart with values. The chart itself is not changed.

    `on_impure` is called for each call of a function whose result differs between runs. `usage` records which values
    are read. Raises SourceError before the templates run and TemplateError after that, both with Helm's message.
    """
    check_installable(chart)
    check_dependencies(chart, dialect.messages)
    dialect.loading.check_format(chart)
    run_stage = dialect.run_stage
    run_stage("release name check", lambda: check_release_name(release.name), warn)
    chart = chart.copy()
    run_stage(
        "chart dependencies processing",
        lambda: process_dependencies(chart, values, warn, dialect),
        warn,
    )
    capabilities = capabilities or dialect.make_capabilities()
    top: dict[str, Any] = {
        "Release": release.object(),
        "Capabilities": capabilities,
        "Values": dialect.values_type(
            final_values(chart, values, skip_schema=skip_schema, warn=warn, dialect=dialect)
        ),
    }
    try:
        check_kube_version(chart, capabilities)
        if usage is not None:
            functions = usage.functions(functions)
        session = RenderSession(
            functions, warn=warn, bounds=bounds, on_impure=on_impure, cache=cache, dialect=dialect
        )
        sources = collect_sources(chart, top, dialect)
        if usage is not None:
            usage.begin(chart, top["Values"], sources.values())
        files = session.render(sources)
    except LimitError:
        raise
    except KmanifestError as error:
        raise TemplateError(error.message, location=error.location) from error
    return _make_output(
        chart, files, include_crds=include_crds, limits=limits, warn=warn, dialect=dialect
    )


def final_values(
    chart: Chart,
    values: Mapping[str, Any],
    *,
    skip_schema: bool,
    warn: Warn,
    dialect: Dialect,
) -> Any:
    """Return the values merged over those of the chart and its subcharts, checked by their schemas.

    Raises SourceError if a schema does not match. Source: values.go, ToRenderValues.
    """
    coalesced = coalesce_values(chart, values, warn, dialect.coalescing)
    if not skip_schema:
        validate_values(
            chart, coalesced, lambda address: warn(dialect.messages.unresolved_urn(address))
        )
    return coalesced


def check_installable(chart: Chart) -> None:
    """Raise SourceError if the chart is a library chart."""
    if chart.metadata.type not in ("", "application"):
        raise SourceError(f"{chart.metadata.type} charts are not installable")


def check_release_name(name: str) -> None:
    """Raise SourceError if the name is not a valid release name.

    Source: pkg/chartutil/validate_name.go.
    """
    problem = ""
    if not name:
        problem = "no name provided"
    elif len(name) > _MAX_NAME or not _is_dns_name(name):
        problem = f"invalid release name, must match regex ^{_NAME}$ and the length must not be longer than {_MAX_NAME}"
    if problem:
        from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for errors only

        raise SourceError(f"release name {quoted(name)}: {problem}")


def _is_dns_name(name: str) -> bool:
    """Return whether a name matches the pattern `_NAME`: labels of lower case letters, digits and inner hyphens."""
    return (
        name.isascii()
        and name == name.lower()
        and all(
            label.replace("-", "0").isalnum() and label[0] != "-" and label[-1] != "-"
            for label in name.split(".")
        )
    )


def check_kube_version(chart: Chart, capabilities: Capabilities) -> None:
    """Raise RenderError if the chart does not support this version of Kubernetes."""
    constraint = chart.metadata.strings["kubeVersion"]
    kube_version = capabilities.fields()["KubeVersion"]
    if constraint and not satisfies(kube_version.version(), constraint):
        raise RenderError(
            f"chart requires kubeVersion: {constraint} which is incompatible with Kubernetes {kube_version.fields()['Version']}"
        )


def _make_output(
    chart: Chart,
    files: Mapping[str, str],
    *,
    include_crds: bool,
    limits: Limits,
    warn: Warn,
    dialect: Dialect,
) -> Output:
    from kmanifest.engines.helm.objects.builtin import go_string

    manifest_files = {path: text for path, text in files.items() if not path.endswith(NOTES)}
    try:
        hooks, manifests = sort_manifests(manifest_files, warn, dialect, limits)
    except SourceError as error:
        template_error = TemplateError(error.message, location=error.location)
        template_error.files = manifest_files
        raise template_error from error
    crds = chart.crds() if include_crds else ()
    return Output(
        tuple(Manifest(crd.path, go_string(crd.data), "") for crd in crds),
        tuple(manifests),
        tuple(hooks),
    )


def select_documents(text: str, patterns: Sequence[str], dialect: Dialect) -> str:
    """Return the documents whose template path, relative to the chart, matches a pattern, in the order of the patterns.

    Raises SourceError if a pattern matches nothing. Source: cmd/helm/template.go, `--show-only`.
    """
    import re  # for --show-only

    documents = [
        (match.group(1), document)
        for document in dialect.documents.split(text)
        if (match := re.search("# Source: [^/]+/(.+)", document))
    ]
    selected: list[str] = []
    for pattern in patterns:
        try:
            matches = globs.compile_glob(pattern)
        except SourceError:
            matches = _matches_nothing
        matching = [document for path, document in documents if matches(path)]
        if not matching:
            raise SourceError(f"could not find template {pattern} in chart")
        selected += matching
    return "".join(f"---\n{document}\n" for document in selected)


def _matches_nothing(_: str) -> bool:
    return False
