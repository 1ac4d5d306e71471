"""Build a kustomization, a chart or any other source: `build`. The environments and values of a kmanifest.yaml."""

import os
import time

from kmanifest.engines.builtin import default_registry
from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.local_tree import open_local
from kmanifest.io.remote import LazyNetwork
from kmanifest.io.tree import DiskTree, SnapshotDiskTree, join
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import (
    UNEXPECTED,
    FindingsError,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    internal_error,
)
from kmanifest.model.findings import NO_EFFECT, UNUSED, Finding
from kmanifest.pipeline import steps
from kmanifest.pipeline.context import Context, Meter
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Registry
from kmanifest.pipeline.remote_bases import find_repository
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Iterable, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.environment.result import Values
    from kmanifest.io.overlay_tree import Overlay
    from kmanifest.io.remote import Remote
    from kmanifest.io.remote.network import Network
    from kmanifest.io.runner import Runner
    from kmanifest.io.tree import FilePath, Files, Tree
    from kmanifest.model.cancel import CancelEvent
    from kmanifest.model.trace import Change


def build(
    path: "FilePath" = ".",
    *,
    tree: "Tree | Files | None" = None,
    options: Options = Options(),
    registry: Registry | None = None,
    cache: Cache | None = None,
    on_change: "Callable[[Change], None] | None" = None,
    runner: "Runner | None" = None,
    remote: "Remote | None" = None,
    cancel: "CancelEvent | None" = None,
    root: "FilePath | None" = None,
    environment: str | Mapping[str, str] = "",
) -> Rendered:
    r"""Build the kustomization, the chart or the kmanifest.yaml in the directory `path`, or a file of another language.

    `path` is a local path, or a path in `tree` if a tree is given; the build then reads nothing outside the tree. No
    link leads out of the project, which is the git repository of a local path, or else the path itself. A
    mapping of paths to their content is taken as a `MemoryTree`. `cache` can be shared between builds and threads.
    `on_change` is called for each field that a step writes. `runner` runs exec plug-ins, if `options` allow them.
    `remote` fetches remote bases and files; by default the network is used, if `options` allow it. `cancel` is an event
    such as `threading.Event()`; when it is set, the build ends with CancelledError. `root` is a directory: no path and no
    link may lead out of it. It replaces `Options.root`, and is not given with a tree, which is a boundary itself.
    `environment` chooses one of a kmanifest.yaml: `prod/eu`, `env=prod,region=eu`, or a mapping from axes to values. It
    replaces that of `EnvironmentOptions`. A path such as `shop/prod/eu` chooses it, too, if it does not exist.

    Raises a subclass of KmanifestError: SourceError (invalid input), MissingError (not found), RenderError (can't be
    applied), LimitError (a limit of `options.limits`), CancelledError (`cancel` is set), FetchError (download failed),
    PluginError (a plug-in failed), FindingsError (with `causes`; only in a strict build). `error.location` has the file,
    field, line and column where they are known. An argument of a wrong type is a TypeError.

    >>> from kmanifest import build
    >>> files = {
    ...     "kustomization.yaml": "namePrefix: my-\nresources: [map.yaml]",
    ...     "map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}",
    ... }
    >>> print(build(tree=files).text(), end="")
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: my-map
    """
    from kmanifest.model.arguments import as_path
    from kmanifest.pipeline.arguments import as_tree, check_optional, check_options

    path = as_path(path)
    check_options(options)
    if root is not None:
        options = options._replace(root=as_path(root, "root"))
    if tree is not None and options.root:
        raise TypeError("root is for local files: a tree is a boundary itself")
    check_optional(
        registry=registry,
        cache=cache,
        on_change=on_change,
        runner=runner,
        remote=remote,
        cancel=cancel,
    )
    if environment:
        options = with_environment(options, environment)
    return run_build(
        path,
        tree=None if tree is None else as_tree(tree),
        options=options,
        registry=registry,
        cache=cache,
        on_change=on_change,
        runner=runner,
        remote=remote,
        cancel=cancel,
    )


def run_build(
    path: str,
    *,
    tree: "Tree | None",
    options: Options,
    registry: Registry | None,
    cache: Cache | None,
    on_change: "Callable[[Change], None] | None" = None,
    runner: "Runner | None" = None,
    remote: "Remote | None" = None,
    cancel: "CancelEvent | None" = None,
    overlay: "Overlay | None" = None,
) -> Rendered:
    """Build a directory without checks of the arguments, which are those of `build`. The command calls it directly.

    `overlay` has files that are read instead of local ones.
    """
    path, options = split_environment(path, tree, options)
    absolute_location = _identity
    if tree is None:
        absolute_location = on_disk
        if _is_url(path):
            tree = SnapshotDiskTree("/")  # a repository names no local files
        else:
            tree, path = open_local(path, options.root)
        runner = runner or _runner_of(options, cancel)
        on_change = on_change and _with_absolute_files(on_change)
    if runner is not None:
        runner = _for_tree(runner, tree)
    if overlay is not None:
        tree, absolute_location = overlay.over(tree), overlay.shown
    meter = Meter(options.limits, time.monotonic, cancel, max_fetched=options.remote.max_total)
    network = network_of(options, meter) if remote is None else None
    findings: list[Finding] = []
    ctx = Context(
        tree=tree,
        registry=default_registry() if registry is None else registry,
        options=options,
        cache=NoCache() if cache is None else cache,
        on_finding=findings.append,
        on_change=on_change,
        clock=time.monotonic,
        meter=meter,
        runner=runner,
        remote=remote or network,
    )

    locate_error = _Locator(ctx, absolute_location)

    try:
        with _LocatedErrors(meter, locate_error):
            rendered = _finish(ctx, path, steps.render(ctx, path, options.engine))
            meter.check_time()
    finally:
        if network is not None:
            network.close()
    rendered = rendered.with_findings(findings, locate_error, meter.rest_of_time())
    if options.strict:
        _raise_for_no_effect(rendered.findings)
    return rendered


def environments(
    path: "FilePath" = ".",
    *,
    tree: "Tree | Files | None" = None,
    options: Options = Options(),
) -> tuple[dict[str, str], ...]:
    """Return the environments of the kmanifest.yaml in the directory `path`, in its order: mappings from axes to values.

    The arguments are those of `build`. Without the field `environments` there is one, which is empty. Raises MissingError
    if there is no kmanifest.yaml, and SourceError if it is invalid.

    >>> from kmanifest import environments
    >>> environments(".", tree={"kmanifest.yaml": "{environments: {axes: {env: [dev, prod]}}, resources: []}"})
    ({'env': 'dev'}, {'env': 'prod'})
    """
    from kmanifest.engines.environment.definition import load_definition

    ctx, directory, locate_error = _context_to_read(path, tree, options)
    with _LocatedErrors(ctx.meter, locate_error):
        return tuple(dict(row) for row in load_definition(ctx, directory).axes.rows())


def values(
    path: "FilePath" = ".",
    *,
    environment: str | Mapping[str, str] = "",
    tree: "Tree | Files | None" = None,
    options: Options = Options(),
    registry: Registry | None = None,
) -> "Values":
    """Return the values of the kmanifest.yaml in the directory `path` for one environment, with their locations.

    The arguments are those of `build`. Raises the errors of `build` about the file, its layers and the environment.

    >>> from kmanifest import values
    >>> files = {"kmanifest.yaml": "{values: [values.yaml]}", "values.yaml": "web: {replicas: 1}"}
    >>> values(tree=files)["web"]
    {'replicas': 1}
    """
    from kmanifest.engines.environment.definition import load_definition, load_environment
    from kmanifest.engines.environment.result import Values

    if environment:
        options = with_environment(options, environment)
    ctx, directory, locate_error = _context_to_read(path, tree, options, registry)
    with _LocatedErrors(ctx.meter, locate_error):
        definition = load_definition(ctx, directory)
        try:
            loaded = load_environment(ctx, definition)
        except KmanifestError as error:
            raise error.within(file=definition.file) from error

    def locate(location: Location) -> Location:
        return locate_error(KmanifestError("", location=location)).location

    return Values(loaded, locate)


def _context_to_read(
    path: "FilePath",
    tree: "Tree | Files | None",
    options: Options,
    registry: Registry | None = None,
) -> tuple[Context, str, Callable[[KmanifestError], KmanifestError]]:
    """Return a context without a runner and a network, the directory, and a function that completes locations."""
    from kmanifest.model.arguments import as_path
    from kmanifest.pipeline.arguments import as_tree, check_options

    check_options(options)
    name = as_path(path)
    opened, absolute_location = None if tree is None else as_tree(tree), _identity
    name, options = split_environment(name, opened, options)
    if opened is None:
        absolute_location = on_disk
        opened, name = open_local(name, options.root)
    directory = opened.resolve(join("", name))
    ctx = Context(
        opened,
        default_registry() if registry is None else registry,
        options,
        directory=directory,
        clock=time.monotonic,
        meter=Meter(options.limits, time.monotonic),
    )
    return ctx, directory, _Locator(ctx, absolute_location)


def with_environment(options: Options, environment: str | Mapping[str, str]) -> Options:
    """Return the options with another environment."""
    from kmanifest.engines.environment.options import EnvironmentOptions

    values = options.of_engine(EnvironmentOptions).values
    others = (each for each in options.engines if not isinstance(each, EnvironmentOptions))
    record = EnvironmentOptions(environment=environment, values=values)
    return options._replace(engines=(*others, record))


def split_environment(path: str, tree: "Tree | None", options: Options) -> tuple[str, Options]:
    """Return the directory of a path that ends with an environment, and the options with this environment.

    That is a path that does not exist, below a directory with a kmanifest.yaml. Any other path is returned as it is.
    """
    if tree is None and (os.path.lexists(path) or _is_url(path)):
        return path, options
    exists = os.path.lexists if tree is None else _existence_in(tree)
    if exists(path) or _has_environment(options):
        return path, options
    directory, environment = path, ""
    while directory not in ("/", "."):
        directory, slash, name = directory.rstrip("/").rpartition("/")
        environment = f"{name}/{environment}" if environment else name
        directory = directory or ("/" if slash else ".")
        # A directory of the name of a value, such as shop/prod, does not hide shop/prod/eu.
        if exists(os.path.join(directory, "kmanifest.yaml")):
            return directory, with_environment(options, environment)
    return path, options


def _has_environment(options: Options) -> bool:
    from kmanifest.engines.environment.options import EnvironmentOptions

    return bool(options.of_engine(EnvironmentOptions).environment)


def _existence_in(tree: "Tree") -> Callable[[str], bool]:
    return lambda path: tree.kind(join("", path)) is not None


class _Locator:
    """A function that completes the locations of an error and its causes."""

    __slots__ = ("_absolute_location", "_ctx")

    def __init__(self, ctx: Context, absolute_location: Callable[[Location], Location]) -> None:
        self._ctx = ctx
        self._absolute_location = absolute_location

    def __call__(self, error: KmanifestError) -> KmanifestError:
        """Return the error with line and column, and with the absolute path of a local file."""
        located = with_position(error, self._ctx)
        located = located.at(self._absolute_location(located.location))
        located.causes = tuple(map(self, error.causes))
        return located


class _LocatedErrors:
    """Within the block the limit of the time holds, and each error gets its whole location. No other error leaves it."""

    __slots__ = ("_limited", "_locate")

    def __init__(
        self, meter: Meter | None, locate: Callable[[KmanifestError], KmanifestError]
    ) -> None:
        self._limited = limited_by(None if meter is None else meter.time_limit)
        self._locate = locate

    def __enter__(self) -> None:
        self._limited.__enter__()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._limited.__exit__()
        if isinstance(error, KmanifestError):
            raise self._locate(error) from error
        if isinstance(error, UNEXPECTED):
            raise internal_error(error) from error
        if isinstance(error, RecursionError):
            raise LimitError(
                "the input is nested more deeply than this thread's stack allows (max_depth)"
            ) from None


def _finish(ctx: Context, path: str, rendered: Rendered) -> Rendered:
    """Let each record of engine options that has a method `finish_build` change the result."""
    for record in ctx.options.engines:
        finish_build = getattr(record, "finish_build", None)
        if finish_build is not None:
            rendered = finish_build(ctx, path, rendered)
    return rendered


def _raise_for_no_effect(findings: Iterable[Finding]) -> None:
    """Raise FindingsError if a setting had no effect, with one cause for each setting, in the order of the files."""
    fatal = [finding for finding in dict.fromkeys(findings) if finding.code in (NO_EFFECT, UNUSED)]
    if not fatal:
        return
    files = list(dict.fromkeys(finding.location.file for finding in fatal))
    fatal.sort(key=lambda finding: (files.index(finding.location.file), finding.location[1:3]))
    causes = [
        MissingError(finding.message, location=finding.location, near=finding.near)
        for finding in fatal
    ]
    first = causes[0]
    raise FindingsError(first.message, location=first.location, near=first.near, causes=causes)


def _runner_of(options: Options, cancel: "CancelEvent | None") -> "Runner | None":
    """Return the runner of exec plug-ins, or None if the options do not allow them."""
    if not options.enable_plugins:
        return None
    from kmanifest.io.runner import ProcessRunner  # few builds start processes

    return ProcessRunner(
        pass_variables=options.exec_plugins.environment,
        timeout=options.exec_plugins.timeout,
        digests=options.exec_plugins.digests,
        secrets=options.exec_plugins.secrets,
        cancel=cancel,
    )


def _for_tree(runner: "Runner", tree: "Tree") -> "Runner":
    """Return the runner with the root of the tree, so that it runs the files that the build reads."""
    for_root: Callable[[str | None], Runner] | None = getattr(runner, "for_root", None)
    if for_root is None:
        return runner
    return for_root(tree.root if isinstance(tree, DiskTree) else None)


def network_of(options: Options, meter: Meter | None = None) -> LazyNetwork | None:
    """Return the fetcher of remote files, or None if the options do not allow fetching.

    `meter` is that of the build, whose limits the downloads share.
    """
    if not options.allow_remote:
        return None
    if meter is None:
        meter = Meter(options.limits, time.monotonic, max_fetched=options.remote.max_total)
    return LazyNetwork(lambda: _network(options, meter))


def _network(options: Options, meter: Meter) -> "Network":
    # few builds fetch anything
    from kmanifest.io.remote.network import Network
    from kmanifest.io.runner import INHERIT_ALL
    from kmanifest.pipeline.fetching import fetch_settings

    return Network(
        fetch_settings(options, meter),
        store=options.remote.store,
        max_store=options.remote.max_store,
        max_file=options.limits.max_input_file,
        # git gets variables that are named, but never the whole environment: some of them run executables.
        pass_variables=[name for name in options.exec_plugins.environment if name != INHERIT_ALL],
        cancel=meter.cancel,
    )


def _is_url(path: str) -> bool:
    """Return whether the argument of a build is a URL, also one that can't be built."""
    return find_repository(path) is not None or ("://" in path and not os.path.exists(path))


def _identity(location: Location) -> Location:
    return location


def on_disk(location: Location) -> Location:
    """Return a location in the tree of the whole disk, with an absolute path."""
    # No file, an absolute path, a flag that set a value, code that is no file such as `<extvar:a>`, or a URL.
    if not location.file or location.file[0] in "/-<" or "://" in location.file:
        return location
    return location._replace(file=f"/{location.file}")


def _with_absolute_files(on_change: "Callable[[Change], None]") -> "Callable[[Change], None]":
    def report(change: "Change") -> None:
        on_change(change._replace(file=on_disk(Location(change.file)).file))

    return report


def with_position(error: KmanifestError, ctx: Context) -> KmanifestError:
    """Return the error with the line and column of its field, by parsing the file again.

    Only errors need positions, so a build does not record them.
    """
    location = error.location
    is_whole_file = not location.field and location.document is None
    if location.line or not location.file or is_whole_file:
        return error
    from kmanifest import yaml  # for errors only

    try:
        with limited_by(None if ctx.meter is None else ctx.meter.time_limit):
            content = ctx.read_resolved(ctx.tree_of(location.file).resolve(location.file))
            line, column = yaml.find_position(
                content, location.field, document=location.document or 0
            )
    except KmanifestError:
        return error
    return error.at(location._replace(line=line, column=column))
