"""`render_chart`: the whole way from a chart's path and values to what `helm template` prints, as one call."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kmanifest.cache import Cache, NoCache
from kmanifest.errors import LimitError, Location, MissingError
from kmanifest.gotemplate.execute import Bounds
from kmanifest.gotemplate.values import Functions
from kmanifest.helm.chart import Chart
from kmanifest.helm.dialect import HELM3, Dialect, find_dialect
from kmanifest.helm.goyaml import through_json
from kmanifest.helm.loader import load_chart
from kmanifest.helm.render import Release, choose, render
from kmanifest.helm.values import Table, ValueSources, layers
from kmanifest.limits import DEFAULT_LIMITS, Limits
from kmanifest.rendered import Finding, Rendered
from kmanifest.resourcemap import ResourceMap
from kmanifest.tree import Tree
from kmanifest.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.sprig import Random


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
    limits: Limits = DEFAULT_LIMITS,
    random: "Random | None" = None,
    clock: Callable[[], int] | None = None,
    cache: Cache = NoCache(),
    helm_version: str = "3",
) -> Rendered:
    """What `helm template` prints for a chart: `text()` has its bytes, `resources` its objects.

    The chart is a loaded one, or the path of one in `tree`, which also has the files that `sources` names. `values` are laid
    under those; an `Int64` among them stays an integer, as `--set` makes it. `random` and `clock` (in nanoseconds) are for charts that make passwords, certificates and dates; without them,
    those of this machine are asked. `cache` keeps parsed templates for other renders. `helm_version` is `3` or `4`; a loaded
    chart has to be one of the same version (`load_chart(..., dialect=find_dialect("4"))`). Nothing else reaches the machine, and no cluster is asked for anything.

    Raises a KmanifestError with helm's text: SourceError for what is written wrongly, MissingError for a file that is not
    there, RenderError where a template fails, LimitError past one of `limits`.
    """
    findings: list[Finding] = []

    def warn(text: str) -> None:
        findings.append(Finding("warning", text, Location()))

    dialect = find_dialect(helm_version)
    if isinstance(chart, str):
        if tree is None:
            raise MissingError(
                "render_chart wants a loaded chart, or the tree in which its path lies"
            )
        chart = load_chart(tree, chart, limits=limits, warn=warn, dialect=dialect)
    table: Table = {} if values is None else through_json(dict(values))
    for layer in layers(sources, _reader(tree, limits), limits, dialect.readers):
        table = layer.apply(table)
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
            warn=warn,
            cache=cache,
            dialect=dialect,
        )
    except RecursionError:
        raise nested_too_deeply() from None
    text = output.text(skip_hooks=skip_hooks, skip_tests=skip_tests)
    if show_only:
        text = choose(text, show_only, dialect)
    return Rendered.from_text(text, lambda: load_resources(text, limits), findings, limits=limits)


def make_functions(
    random: "Random | None" = None,
    clock: Callable[[], int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    env: Mapping[str, str] | None = None,
    dialect: Dialect = HELM3,
) -> Functions:
    """The functions of helm's templates; `TZ` in `env` is the local zone of those about dates."""
    from kmanifest.machine import system_clock, system_random

    return dialect.functions(
        random=random or system_random(), clock=clock or system_clock, env=env, limits=limits
    )


def make_bounds(limits: Limits) -> Bounds:
    """The bounds of the templates of one render."""
    bounds = Bounds(max_output=limits.max_output, max_string=limits.max_string)
    if not limits.deadline:
        return bounds
    from kmanifest.machine import elapsed

    return bounds._replace(deadline=elapsed() + limits.deadline, clock=elapsed)


def nested_too_deeply() -> LimitError:
    """The error where Python's stack has ended."""
    return LimitError("the input is nested more deeply than this thread's stack allows (max_depth)")


def load_resources(text: str, limits: Limits = DEFAULT_LIMITS) -> ResourceMap:
    """The objects in an output."""
    from kmanifest import manifests
    from kmanifest.plugin import Context, Options, Registry
    from kmanifest.tree import MemoryTree

    ctx = Context(MemoryTree({}), Registry(), Options(limits=limits))
    content = text.encode("utf-8", "surrogateescape")
    return ResourceMap().append(manifests.parse(ctx, content, ""))


def _reader(tree: Tree | None, limits: Limits) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        if tree is None:
            raise MissingError(f"open {path}: no such file or directory")
        return tree.read(tree.resolve(path), limit=limits.max_input_file)

    return read
