"""Helm charts as a library: load a chart, render it in one call, and find where its values were set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from kmanifest.engines.helm.charts import loader
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.formats.go_yaml import through_json
from kmanifest.engines.helm.render import PostRender, Release, choose, render
from kmanifest.engines.helm.templates.runtime import make_bounds, make_functions, nested_too_deeply
from kmanifest.engines.helm.values.layers import (
    Layer,
    Table,
    ValueSources,
    layers,
    mapping_layers,
    reader,
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
    from kmanifest.engines.helm.values.usage import Reads


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
) -> Rendered:
    """What `helm template` prints for a chart: `text()` has its bytes, `resources` its objects.

    The chart is a loaded one, or the path of one, which lies in `tree` as do the files that `sources` names; without a tree all
    of them are paths of this machine. `values` are laid under those files and flags; an `Int64` among them stays an integer,
    as `--set` makes it. `random` and `clock` (in nanoseconds) are for charts that make passwords, certificates and dates;
    without them, those of this machine are asked; `seeded_random` makes one that gives the same each time. `post_render` gets
    the text of all but hooks, and gives what takes its place. `cache` keeps parsed templates for other renders. `helm_version`
    is `3` or `4`; a loaded chart has to be one of the same version. Nothing else reaches the machine, and no cluster is asked
    for anything.

    With `show_impure`, a finding with the code `impure` tells each place where a template calls a function that gives something
    else from run to run, or `lookup`; with `unused_values`, one with the code `unused` or `unreached` tells each of the given values
    that no template has read. `locate` knows where the `values` were set; without it, they are placed by `sources` and the chart alone.
    An error that hangs on a value has the place where that was set as its `location`.

    Raises a KmanifestError with helm's text: SourceError for what is written wrongly, MissingError for a file that is not
    there, RenderError where a template fails, LimitError past one of `limits`.
    """
    findings: list[Finding] = []
    reads = _make_reads() if unused_values else None

    def warn(text: str) -> None:
        findings.append(Finding("warning", text, Location()))

    dialect = find_dialect(helm_version)

    def note(name: str, file: str, line: int, column: int) -> None:
        findings.append(impure_finding(name, file, line, column))

    if isinstance(chart, str):
        place, path = tree_at(chart) if tree is None else (tree, chart)
        chart = loader.load_chart(
            place, path, limits=limits, warn=warn, shown=chart, dialect=dialect
        )
    table: Table = {} if values is None else through_json(dict(values))
    given = tuple(layers(sources, reader(tree, limits), limits, dialect.readers))
    for layer in given:
        table = layer.apply(table)

    finder = partial(_find_locate, chart, (*mapping_layers(values), *given), locate)
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
            on_impure=note if show_impure else None,
            reads=reads,
            warn=warn,
            cache=cache,
            dialect=dialect,
        )
    except RecursionError:
        raise nested_too_deeply() from None
    except KmanifestError as error:
        error.location = _blamed(error, chart, finder)
        raise
    if reads is not None:
        findings += reads.findings(chart, table, finder())
    text = output.text(skip_hooks=skip_hooks, skip_tests=skip_tests, post_render=post_render)
    if show_only:
        text = choose(text, show_only, dialect)
    return Rendered.from_text(text, lambda: load_resources(text, limits), findings, limits=limits)


def _find_locate(chart: Chart, given: Iterable[Layer], locate: Locate | None) -> Locate:
    """What tells where a value was set: the caller, else the layers that were given and the chart."""
    from kmanifest.engines.helm.values.origins import (  # for errors and findings
        Origins,
        chart_layers,
    )

    own = Origins(given, chart_layers(chart))
    return lambda path: (None if locate is None else locate(path)) or own.find(path)


def load_chart(
    tree: Tree,
    path: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: Callable[[str], None] = lambda _: None,
    helm_version: str = "3",
) -> Chart:
    """The chart at `path`, a directory or a package, for many renders by that version of helm.

    `warn` is told what helm would log. SourceError, MissingError or LimitError with helm's text.
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
    """The chart in a package; as `load_chart`."""
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
    """Where each value of a render with these arguments was set; they are those of `render_chart`.

    The values of charts come first: their files are named as helm names templates (`shop/values.yaml`,
    `shop/charts/db/values.yaml`). Those that are given as `values` are of the file `values`. Raises what `render_chart` does for
    files and flags.
    """
    from kmanifest.engines.helm.values.origins import Origins, chart_layers

    given = layers(sources, reader(tree, limits), limits, find_dialect(helm_version).readers)
    return Origins([*mapping_layers(values), *given], chart_layers(chart))


def nowhere(_: FieldPath) -> Location:
    """No place, for renders in which the names that helm has for a chart's files are not those of the build's tree."""
    return Location()


def impure_finding(name: str, file: str, line: int, column: int) -> Finding:
    """The finding for a call of an impure function, whose column is counted from 0."""
    message = f"{name} may give something else from run to run"
    return Finding("info", message, Location(file, line, column + 1), IMPURE)


def _make_reads() -> "Reads":
    from kmanifest.engines.helm.values.usage import Reads  # few renders ask

    return Reads()


def _blamed(error: KmanifestError, chart: Chart, finder: Callable[[], Locate]) -> Location:
    """The place of an error: its own, else that of the first value that it hangs on."""
    if error.location != Location():
        return error.location
    from kmanifest.engines.helm.values.error_values import blamed_values  # for errors only

    paths = blamed_values(error.message, chart)
    found = map(finder(), paths) if paths else ()
    return next((place for place in found if place is not None), Location())


def load_resources(text: str, limits: Limits = DEFAULT_LIMITS) -> ResourceMap:
    """The objects in an output."""
    from kmanifest.io.tree import MemoryTree
    from kmanifest.pipeline import parsing as manifests
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.options import Options
    from kmanifest.pipeline.registry import Registry

    ctx = Context(MemoryTree({}), Registry(), Options(limits=limits))
    content = text.encode("utf-8", "surrogateescape")
    return ResourceMap().append(manifests.parse(ctx, content, ""))
