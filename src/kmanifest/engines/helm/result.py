"""Render a loaded chart to a `Rendered`, with findings and with the locations of the values that errors depend on."""

from functools import partial

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.dialect import Dialect
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
from kmanifest.io.cache import Cache
from kmanifest.io.local_tree import Boundary
from kmanifest.io.tree import Tree
from kmanifest.model.errors import (
    UNEXPECTED,
    FieldPath,
    KmanifestError,
    Locate,
    Location,
    internal_error,
)
from kmanifest.model.findings import CHART_WARNING, IMPURE, Finding
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource
    from kmanifest.engines.helm.values.usage import ValueUsage


def render_result(
    chart: Chart,
    *,
    tree: Tree | None = None,
    boundary: Boundary | None = None,
    values: Mapping[str, Any] | None = None,
    sources: ValueSources = ValueSources(),
    read_url: Callable[[str], bytes] | None = None,
    release: Release = Release(),
    kube_version: str = "",
    api_versions: Iterable[str] = (),
    include_crds: bool = False,
    skip_hooks: bool = False,
    skip_tests: bool = False,
    skip_schema: bool = False,
    show_only: Sequence[str] = (),
    post_render: PostRender | None = None,
    limits: Limits = DEFAULT_LIMITS,
    random: "RandomSource | None" = None,
    clock: Callable[[], int] | None = None,
    show_impure: bool = False,
    unused_values: bool = False,
    locate: Locate | None = None,
    cache: Cache,
    dialect: Dialect,
    warnings: Iterable[str] = (),
    on_impure: Callable[[str], object] | None = None,
) -> Rendered:
    """Render a loaded chart. The other arguments are those of `render_chart`, and not checked.

    `boundary` is that of local files without a tree. `read_url` fetches value files. `dialect` is that of the Helm
    version for which the chart was loaded. `warnings` become the first findings.
    """
    findings: list[Finding] = []
    usage = _make_usage() if unused_values else None

    def warn(text: str) -> None:
        findings.append(Finding("warning", text, Location(), CHART_WARNING))

    def report_impure(name: str, file: str, line: int, column: int) -> None:
        if on_impure is not None:
            on_impure(name)
        if not show_impure:
            return
        findings.append(impure_finding(name, file, line, column))

    for warning in warnings:
        warn(warning)
    table: Table = {} if values is None else floats_for_numbers(dict(values))
    given_layers = tuple(
        value_layers(
            sources, make_file_reader(tree, limits, boundary, read_url), limits, dialect.readers
        )
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
            on_impure=report_impure if show_impure or on_impure is not None else None,
            usage=usage,
            warn=warn,
            cache=cache,
            dialect=dialect,
        )
    except UNEXPECTED as error:
        raise internal_error(error) from error
    except RecursionError:
        raise nesting_error() from None
    except KmanifestError as error:
        error.location = _location_of(error, chart, make_locate)
        raise
    if usage is not None:
        findings += usage.findings(chart, table, make_locate())
    text = output.text(
        skip_hooks=skip_hooks,
        skip_tests=skip_tests,
        post_render=post_render or (lambda text: text),
    )
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
    """Return the location of an error, or that of the first value that it depends on and whose location is known."""
    if error.location != Location():
        return error.location
    from kmanifest.engines.helm.values.error_values import values_in_error  # for errors only

    paths = values_in_error(error.message, chart)
    locations = map(make_locate(), paths) if paths else ()
    known = (location for location in locations if location is not None and location != Location())
    return next(known, Location())


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
