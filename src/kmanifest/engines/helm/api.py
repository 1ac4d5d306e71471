"""Helm charts as a library: load a chart, render it in one call, and find where its values were set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from kmanifest.engines.helm.charts import loader
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.formats.go_yaml import floats_for_numbers
from kmanifest.engines.helm.render import PostRender, Release, render, select_documents
from kmanifest.engines.helm.templates.runtime import make_bounds, make_functions, nesting_error
from kmanifest.engines.helm.values.layers import (
    Table,
    ValueLayer,
    ValueSources,
    make_file_reader,
    mapping_layers,
    value_layers,
)
from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.tree import Tree, tree_at
from kmanifest.model.errors import FieldPath, KmanifestError, Locate, Location
from kmanifest.model.findings import IMPURE, Finding
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource
    from kmanifest.engines.helm.values.origins import Origins
    from kmanifest.engines.helm.values.usage import ValueUsage


def render_chart(
    chart: Chart | str,
    *,
    tree: Tree | None = None,
    values: Mapping[str, Any] | None = None,
    sources: ValueSources = ValueSources(),
    release: Release = Release(),
    kube_version: str = "",
    api_versions: Iterable[str] = (),
    include_crds: bool = False,
    skip_hooks: bool = False,
    skip_tests: bool = False,
    skip_schema: bool = False,
    show_only: Sequence[str] = (),
    post_render: PostRender = lambda text: text,
    limits: Limits = DEFAULT_LIMITS,
    random: "RandomSource | None" = None,
    clock: Callable[[], int] | None = None,
    show_impure: bool = False,
    unused_values: bool = False,
    locate: Locate | None = None,
    cache: Cache = NoCache(),
    helm_version: str = "3",
    on_impure: Callable[[str], object] = lambda _: None,
) -> Rendered:
    """Render a chart as `helm template` does. The result's `text()` has the same bytes, `resources` the objects.

    `chart` is a loaded chart or the path of one. The path and the files in `sources` are paths in `tree`, or local
    paths without a tree. The files and flags in `sources` take precedence over `values`. An `Int64` in `values` stays
    an integer, as `--set` makes it.

    `random` and `clock` (in nanoseconds since 1970) are for charts that generate passwords, certificates and dates. By
    default they are those of this machine. `seeded_random` returns a reproducible `random`. `post_render` receives the
    text of everything but hooks and returns its replacement. `cache` keeps parsed templates for other renders.
    `helm_version` is `3` or `4`; a loaded chart must have been loaded for the same version. The render reaches nothing
    else of the machine, and no cluster.

    `show_impure` adds a finding (code `impure`) for each call of `lookup` or of a function whose result differs between
    runs; `on_impure` is called with the name of each such function. `unused_values` adds one (code `unused` or `unreached`) for each given value that no template reads. `locate`
    returns where one of `values` was set; without it, locations come from `sources` and the chart. An error caused by a
    value has that value's location.

    Raises a KmanifestError with Helm's message: SourceError (invalid input), MissingError (file not found), RenderError
    (a template failed), LimitError (a limit of `limits`).
    """
    findings: list[Finding] = []
    usage = _make_usage() if unused_values else None

    def warn(text: str) -> None:
        findings.append(Finding("warning", text, Location()))

    dialect = find_dialect(helm_version)

    def report_impure(name: str, file: str, line: int, column: int) -> None:
        on_impure(name)
        if show_impure:
            findings.append(impure_finding(name, file, line, column))

    if isinstance(chart, str):
        chart_tree, path = tree_at(chart) if tree is None else (tree, chart)
        chart = loader.load_chart(
            chart_tree, path, limits=limits, warn=warn, display_path=chart, dialect=dialect
        )
    table: Table = {} if values is None else floats_for_numbers(dict(values))
    given_layers = tuple(
        value_layers(sources, make_file_reader(tree, limits), limits, dialect.readers)
    )
    for layer in given_layers:
        table = layer.apply(table)

    make_locate = partial(_make_locate, chart, (*mapping_layers(values), *given_layers), locate)
    try:
        output = render(
            chart,
            table,
            functions=make_functions(random, clock, limits, dialect=dialect),
            release=release,
            capabilities=dialect.make_capabilities(kube_version, api_versions),
            include_crds=include_crds,
            skip_schema=skip_schema,
            limits=limits,
            bounds=make_bounds(limits),
            on_impure=report_impure,
            usage=usage,
            warn=warn,
            cache=cache,
            dialect=dialect,
        )
    except RecursionError:
        raise nesting_error() from None
    except KmanifestError as error:
        error.location = _location_of(error, chart, make_locate)
        raise
    if usage is not None:
        findings += usage.findings(chart, table, make_locate())
    text = output.text(skip_hooks=skip_hooks, skip_tests=skip_tests, post_render=post_render)
    if show_only:
        text = select_documents(text, show_only, dialect)
    return Rendered.from_text(text, lambda: load_resources(text, limits), findings, limits=limits)


def _make_locate(chart: Chart, given_layers: Iterable[ValueLayer], locate: Locate | None) -> Locate:
    """Return a function from the path of a value to its location.

    The caller's `locate` comes first, then the given layers and the values of the chart.
    """
    from kmanifest.engines.helm.values.origins import (  # for errors and findings
        Origins,
        chart_layers,
    )

    origins = Origins(given_layers, chart_layers(chart))
    return lambda path: (None if locate is None else locate(path)) or origins.find(path)


def load_chart(
    tree: Tree,
    path: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: Callable[[str], None] = lambda _: None,
    helm_version: str = "3",
) -> Chart:
    """Load the chart at `path`, a directory or an archive, for many renders by the given version of Helm.

    `warn` is called with each message that Helm would log. Raises SourceError, MissingError or LimitError with Helm's
    message.
    """
    dialect = find_dialect(helm_version)
    return loader.load_chart(tree, path, limits=limits, warn=warn, dialect=dialect)


def load_archive(
    content: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: Callable[[str], None] = lambda _: None,
    helm_version: str = "3",
) -> Chart:
    """Load the chart in an archive. Arguments and errors are those of `load_chart`."""
    dialect = find_dialect(helm_version)
    return loader.load_archive(content, limits=limits, warn=warn, dialect=dialect)


def find_origins(
    chart: Chart,
    *,
    tree: Tree | None = None,
    values: Mapping[str, Any] | None = None,
    sources: ValueSources = ValueSources(),
    limits: Limits = DEFAULT_LIMITS,
    helm_version: str = "3",
) -> "Origins":
    """Return where each value of a render was set. The arguments are those of `render_chart`.

    The values of charts come first. Their files have the names that Helm gives to templates: `shop/values.yaml`,
    `shop/charts/db/values.yaml`. The file of `values` is named `values`. Raises the errors of `render_chart` for files
    and flags.
    """
    from kmanifest.engines.helm.values.origins import Origins, chart_layers

    given_layers = value_layers(
        sources, make_file_reader(tree, limits), limits, find_dialect(helm_version).readers
    )
    return Origins([*mapping_layers(values), *given_layers], chart_layers(chart))


def unknown_location(_: FieldPath) -> Location:
    """Return an empty location, for renders in which Helm's names of chart files are not paths of the build's tree."""
    return Location()


def impure_finding(name: str, file: str, line: int, column: int) -> Finding:
    """Return the finding for a call of an impure function. `column` counts from 0."""
    message = f"{name} may return a different result in each render"
    return Finding("info", message, Location(file, line, column + 1), IMPURE)


def _make_usage() -> "ValueUsage":
    from kmanifest.engines.helm.values.usage import ValueUsage  # few renders report usage

    return ValueUsage()


def _location_of(
    error: KmanifestError, chart: Chart, make_locate: Callable[[], Locate]
) -> Location:
    """Return the location of an error, or that of the first value that it depends on."""
    if error.location != Location():
        return error.location
    from kmanifest.engines.helm.values.error_values import values_in_error  # for errors only

    paths = values_in_error(error.message, chart)
    locations = map(make_locate(), paths) if paths else ()
    return next((location for location in locations if location is not None), Location())


def load_resources(text: str, limits: Limits = DEFAULT_LIMITS) -> ResourceMap:
    """Parse the objects of an output."""
    from kmanifest.io.tree import MemoryTree
    from kmanifest.pipeline import parsing as manifests
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.options import Options
    from kmanifest.pipeline.registry import Registry

    ctx = Context(MemoryTree({}), Registry(), Options(limits=limits))
    content = text.encode("utf-8", "surrogateescape")
    return ResourceMap().append(manifests.parse(ctx, content, ""))
