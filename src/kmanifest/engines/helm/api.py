"""Helm charts as a library: load a chart, render it in one call, and find where its values were set."""

from kmanifest.engines.helm.charts import loader
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.dialects.find import find_dialect
from kmanifest.engines.helm.render import PostRender, Release
from kmanifest.engines.helm.result import render_result
from kmanifest.engines.helm.values.layers import (
    ValueSources,
    make_file_reader,
    mapping_layers,
    value_layers,
)
from kmanifest.engines.helm.values.normalize import normalize_values
from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.local_tree import Boundary, find_boundary, open_local
from kmanifest.io.system import monotonic_seconds
from kmanifest.model.arguments import Expected, as_path, check_argument, check_limits
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import Locate
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.pipeline.arguments import CACHE, CANCEL, as_tree
from kmanifest.pipeline.context import Meter
from kmanifest.pipeline.options import RemoteOptions
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Iterable,
    Mapping,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource
    from kmanifest.engines.helm.values.origins import Origins
    from kmanifest.io.tree import FilePath, Files, Tree
    from kmanifest.model.cancel import CancelEvent


def render_chart(
    chart: "Chart | FilePath",
    *,
    tree: "Tree | Files | None" = None,
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
    post_render: "PostRender | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    random: "RandomSource | None" = None,
    clock: "Callable[[], int] | None" = None,
    show_impure: bool = False,
    unused_values: bool = False,
    locate: "Locate | None" = None,
    cache: Cache | None = None,
    helm_version: str = "3",
    remote: "RemoteOptions | None" = None,
    cancel: "CancelEvent | None" = None,
    root: "FilePath | None" = None,
) -> Rendered:
    """Render a chart as `helm template` does. The result's `text()` has the same bytes, `resources` the objects.

    `chart` is a loaded chart or the path of one. The path and the files in `sources` are paths in `tree`, or local
    paths without a tree. A mapping of paths to their content is taken as a `MemoryTree`. No link of a local chart leads
    out of `root`, by default the git repository of the chart, or else the chart itself. The files and flags in
    `sources` take precedence over `values`.

    `values` are taken as if a YAML file had them, and never changed: mappings of any class, tuples and other sequences,
    dates, numbers of any class. An `Int64` stays an integer, as `--set` makes it. What YAML does not have, such as a set,
    is a TypeError, and NaN a ValueError; both have the path of the value.

    `random` and `clock` (in nanoseconds since 1970) are for charts that generate passwords, certificates and dates. By
    default they are those of this machine. `seeded_random` returns a reproducible `random`. `post_render` receives the
    text of everything but hooks and returns its replacement. `cache` keeps parsed templates for other renders.
    `helm_version` is `3` or `4`; a loaded chart must have been loaded for the same version. `cancel` is an event such
    as `threading.Event()`; when it is set, the render ends with CancelledError. Files in `sources` that are URLs are
    fetched as `remote` allows, and refused without it. The render reaches nothing else of the machine, and no cluster.

    `show_impure` adds a finding (code `impure`) for each call of `lookup` or of a function whose result differs between
    runs. `unused_values` adds one (code `unused` or `unreached`) for each given value that no template reads. `locate`
    returns where one of `values` was set; without it, locations come from `sources` and the chart. An error caused by a
    value has that value's location.

    Raises a KmanifestError with Helm's message: SourceError (invalid input), MissingError (file not found), RenderError
    (a template failed), LimitError (a limit of `limits`), CancelledError (`cancel` is set). An argument of a wrong type
    is a TypeError.

    >>> from kmanifest import render_chart
    >>> files = {
    ...     "Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}",
    ...     "values.yaml": "replicas: 1",
    ...     "templates/web.yaml": "{kind: Deployment, metadata: {name: web}, spec: {replicas: {{ .Values.replicas }}}}",
    ... }
    >>> rendered = render_chart("", tree=files, values={"replicas": 3})
    >>> print(rendered.text(), end="")
    ---
    # Source: shop/templates/web.yaml
    {kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}
    >>> rendered.find("Deployment", "web").get("spec", "replicas")
    3
    """
    tree = None if tree is None else as_tree(tree)
    _check_sources(sources)
    _check(
        release=release,
        kube_version=kube_version,
        api_versions=api_versions,
        show_only=show_only,
        limits=limits,
        helm_version=helm_version,
    )
    _check_optional(
        values=values,
        post_render=post_render,
        random=random,
        clock=clock,
        locate=locate,
        cache=cache,
        remote=remote,
        cancel=cancel,
    )
    values = None if values is None else normalize_values(values)
    warnings: list[str] = []
    boundary = _root_boundary(tree, root)
    meter = Meter(limits, monotonic_seconds, cancel)
    with limited_by(meter.time_limit):
        if not isinstance(chart, Chart):
            shown = as_path(chart, "chart")
            chart_tree, path, boundary = _open_chart(shown, tree, root)
            chart = loader.load_chart(
                chart_tree,
                path,
                limits=limits,
                warn=warnings.append,
                display_path=shown,
                dialect=find_dialect(helm_version),
            )
        rendered = render_result(
            chart,
            tree=tree,
            boundary=boundary,
            values=values,
            sources=sources,
            read_url=_make_url_reader(remote, limits),
            release=release,
            kube_version=kube_version,
            api_versions=api_versions,
            include_crds=include_crds,
            skip_hooks=skip_hooks,
            skip_tests=skip_tests,
            skip_schema=skip_schema,
            show_only=show_only,
            post_render=post_render,
            limits=limits,
            random=random,
            clock=clock,
            show_impure=show_impure,
            unused_values=unused_values,
            locate=locate,
            cache=NoCache() if cache is None else cache,
            dialect=find_dialect(helm_version),
            warnings=warnings,
        )
        meter.check_time()
    return rendered.with_time(meter.rest_of_time())


def _make_url_reader(
    remote: "RemoteOptions | None", limits: Limits
) -> "Callable[[str], bytes] | None":
    if remote is None:
        return None
    from kmanifest.engines.helm.sources.value_files import make_url_reader  # few charts need it

    return make_url_reader(remote, limits)


def _open_chart(
    path: str, tree: "Tree | None", root: "FilePath | None"
) -> "tuple[Tree, str, Boundary | None]":
    """Return the tree of a chart, its path there, and the boundary of local files."""
    if tree is not None:
        return tree, path, None
    local_tree, absolute = open_local(path, None if root is None else as_path(root, "root"))
    return local_tree, absolute, local_tree.boundary


def _root_boundary(tree: "Tree | None", root: "FilePath | None") -> Boundary | None:
    """Return the boundary that the caller gives, if any. Raises TypeError for a root beside a tree."""
    if root is None:
        return None
    if tree is not None:
        raise TypeError("root is for local files: a tree is a boundary itself")
    return find_boundary("", as_path(root, "root"))


def load_chart(
    tree: "Tree | Files",
    path: "FilePath",
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: "Callable[[str], None] | None" = None,
    helm_version: str = "3",
) -> Chart:
    """Load the chart at `path`, a directory or an archive, for many renders by the given version of Helm.

    `warn` is called with each message that Helm would log. Raises SourceError, MissingError or LimitError with Helm's
    message. An argument of a wrong type is a TypeError.

    >>> from kmanifest.helm import load_chart, render_chart
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "templates/a.yaml": "{size: {{ .Values.size }}}"}
    >>> chart = load_chart(files, "")
    >>> [render_chart(chart, values={"size": size}).text().splitlines()[-1] for size in ("s", "m")]
    ['{size: s}', '{size: m}']
    """
    _check(limits=limits, helm_version=helm_version)
    _check_optional(warn=warn)
    dialect = find_dialect(helm_version)
    with limited_by(Meter(limits, monotonic_seconds).time_limit):
        return loader.load_chart(
            as_tree(tree), as_path(path), limits=limits, warn=warn or _ignore, dialect=dialect
        )


def load_archive(
    content: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: "Callable[[str], None] | None" = None,
    helm_version: str = "3",
) -> Chart:
    """Load the chart in an archive. Arguments and errors are those of `load_chart`.

    >>> from kmanifest.helm import load_archive
    >>> load_archive(b"no archive")
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.SourceError: gzip: invalid header
    """
    _check(content=content, limits=limits, helm_version=helm_version)
    _check_optional(warn=warn)
    dialect = find_dialect(helm_version)
    with limited_by(Meter(limits, monotonic_seconds).time_limit):
        return loader.load_archive(content, limits=limits, warn=warn or _ignore, dialect=dialect)


def find_origins(
    chart: Chart,
    *,
    tree: "Tree | Files | None" = None,
    values: Mapping[str, Any] | None = None,
    sources: ValueSources = ValueSources(),
    limits: Limits = DEFAULT_LIMITS,
    helm_version: str = "3",
    remote: "RemoteOptions | None" = None,
    root: "FilePath | None" = None,
) -> "Origins":
    """Return where each value of a render was set. The arguments are those of `render_chart`.

    The values of charts come first. Their files have the names that Helm gives to templates: `shop/values.yaml`,
    `shop/charts/db/values.yaml`. The file of `values` is named `values`. Raises the errors of `render_chart` for files
    and flags.

    >>> from kmanifest.helm import ValueSources, find_origins, load_chart
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "values.yaml": "replicas: 1"}
    >>> origins = find_origins(load_chart(files, ""), sources=ValueSources(typed=("image.tag=2",)))
    >>> print(origins["replicas",], origins["image", "tag"])
    c/values.yaml:1:1 --set
    """
    from kmanifest.engines.helm.values.origins import Origins, chart_layers

    tree = None if tree is None else as_tree(tree)
    _check_sources(sources)
    _check(chart=chart, limits=limits, helm_version=helm_version)
    _check_optional(values=values, remote=remote)
    values = None if values is None else normalize_values(values)
    read_file = make_file_reader(
        tree, limits, _root_boundary(tree, root), _make_url_reader(remote, limits)
    )
    given_layers = value_layers(sources, read_file, limits, find_dialect(helm_version).readers)
    return Origins([*mapping_layers(values), *given_layers], chart_layers(chart))


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


_EXPECTED: Final[Mapping[str, tuple[Expected, str]]] = {
    "api_versions": (_is_list_of_strings, "a list of str"),
    "cache": CACHE,
    "cancel": CANCEL,
    "chart": (Chart, "a Chart, as load_chart returns it"),
    "clock": (callable, "a function that returns nanoseconds since 1970"),
    "content": (bytes, "the bytes of an archive"),
    "helm_version": (str, "a str, '3' or '4'"),
    "kube_version": (str, "a str"),
    "limits": (Limits, "a Limits record"),
    "locate": (callable, "a function from the path of a value to a Location"),
    "post_render": (callable, "a function from text to text"),
    "random": (("randrange", "randbytes"), "a source such as seeded_random('text')"),
    "remote": (RemoteOptions, "a RemoteOptions record"),
    "release": (Release, "a Release record"),
    "show_only": (_is_list_of_strings, "a list of str"),
    "sources": (ValueSources, "a ValueSources record"),
    "values": (Mapping, "a mapping"),
    "warn": (callable, "a function that takes a str"),
}
"""The types of the parameters of this module."""


def _check(**arguments: object) -> None:
    """Raise TypeError for the first argument of a wrong type."""
    for parameter, value in arguments.items():
        check_argument(parameter, value, *_EXPECTED[parameter])
        if isinstance(value, Limits):
            check_limits(value)


def _check_optional(**arguments: object) -> None:
    _check(**{name: value for name, value in arguments.items() if value is not None})


def _check_sources(sources: ValueSources) -> None:
    _check(sources=sources)
    for field, value in zip(sources._fields, sources, strict=True):
        check_argument(f"sources.{field}", value, _is_list_of_strings, "a tuple of str")


def _ignore(_: str) -> None:
    """Ignore a message."""
