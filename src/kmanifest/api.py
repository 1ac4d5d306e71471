"""The public verbs: defaults first, then `step.render`."""

import os
import time
from collections.abc import Callable, Iterable

from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.remote import LateRemote
from kmanifest.io.tree import SteadyDisk, Tree
from kmanifest.model.errors import FindingsError, KmanifestError, LimitError, Location, MissingError
from kmanifest.pipeline import steps as step
from kmanifest.pipeline.remote_bases import find_repository
from kmanifest.pipeline.rendered import UNTOUCHED, UNUSED
from kmanifest.plugin import Charts, Context, Finding, Meter, Options, Registry, Rendered
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.io.remote import Remote
    from kmanifest.io.remote.network import Network
    from kmanifest.io.runner import Runner
    from kmanifest.model.trace import Change


def build(
    path: str = ".",
    *,
    tree: Tree | None = None,
    options: Options = Options(),
    registry: Registry | None = None,
    cache: Cache | None = None,
    on_change: "Callable[[Change], None] | None" = None,
    runner: "Runner | None" = None,
    remote: "Remote | None" = None,
    charts: Charts = Charts(),
) -> Rendered:
    r"""What the kustomization, or the chart, in the directory `path` builds.

    `path` is a path of this machine, or of `tree` where one is given; a tree confines the build to its files. `cache`
    may be shared between builds and threads. `on_change` is called for every field that any step writes. `runner` starts
    the programs that plug-ins are, where `options` allow them; a build of this machine's own files has one. `remote` fetches
    remote bases and files; without one, what `options` allow is fetched over the network. `charts` says how a chart is
    rendered.

    Raises a KmanifestError: SourceError for what is written wrongly, MissingError for what is not there, RenderError
    for what can't be carried out, FetchError for what can't be fetched, LimitError (a RenderError) where a bound of `options.limits` is reached, PluginError for a plug-in,
    FindingsError (with `causes`) where `options.strict` and something touches nothing. Its
    `location` has the file, the field, and the line and column where these can be told.

    >>> from kmanifest import MemoryTree, build
    >>> tree = MemoryTree({
    ...     "kustomization.yaml": "namePrefix: my-\nresources: [map.yaml]",
    ...     "map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}",
    ... })
    >>> print(build(tree=tree).text(), end="")
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: my-map
    """
    if tree is None:
        tree, placed = SteadyDisk("/"), on_disk
        path = path if find_repository(path) else os.path.abspath(path)
        runner = runner or _runner_of(options)
    else:
        placed = _as_it_is
    network = network_of(options) if remote is None else None
    findings: list[Finding] = []
    ctx = Context(
        tree=tree,
        registry=Registry.default() if registry is None else registry,
        options=options,
        cache=NoCache() if cache is None else cache,
        on_finding=findings.append,
        on_change=on_change,
        clock=time.monotonic,
        meter=Meter(options.limits, time.monotonic),
        runner=runner,
        remote=remote or network,
        charts=charts,
    )

    def locate(error: KmanifestError) -> KmanifestError:
        found = with_position(error, ctx)
        return found.at(placed(found.location))

    try:
        rendered = step.render(ctx, path)
    except KmanifestError as error:
        raise locate(error) from error
    except RecursionError:
        raise LimitError(
            "the input is nested more deeply than this thread's stack allows (max_depth)"
        ) from None
    finally:
        if network is not None:
            network.close()
    built = rendered.after(findings, locate)
    if options.strict:
        _refuse_untouched(built.findings)
    return built


def _refuse_untouched(findings: Iterable[Finding]) -> None:
    """FindingsError, with one cause each in the order of the files, where something touched nothing."""
    found = [finding for finding in dict.fromkeys(findings) if finding.code in (UNTOUCHED, UNUSED)]
    if not found:
        return
    files = list(dict.fromkeys(finding.location.file for finding in found))
    found.sort(key=lambda one: (files.index(one.location.file), one.location[1:3]))
    causes = [
        MissingError(finding.message, location=finding.location, near=finding.near)
        for finding in found
    ]
    first = causes[0]
    raise FindingsError(first.message, location=first.location, near=first.near, causes=causes)


def _runner_of(options: Options) -> "Runner | None":
    """What runs programs of this machine, if the options let any run."""
    if not options.enable_plugins:
        return None
    from kmanifest.io.runner import ProcessRunner  # few builds start programs

    return ProcessRunner(
        passed=options.programs.environment,
        timeout=options.programs.timeout,
        digests=options.programs.digests,
        secrets=options.programs.secrets,
    )


def network_of(options: Options) -> LateRemote | None:
    """What fetches, if the options let anything be fetched."""
    if not options.allow_remote:
        return None
    return LateRemote(lambda: _network(options))


def _network(options: Options) -> "Network":
    from kmanifest.io.remote.network import Network  # few builds fetch anything

    remotes, limits = options.remotes, options.limits
    return Network(
        store=remotes.store,
        offline=remotes.offline,
        protocols=remotes.protocols,
        max_age=remotes.max_age,
        timeout=min(remotes.timeout, limits.deadline or remotes.timeout),
        max_file=limits.max_input_file,
        max_repository=remotes.max_size,
        passed=options.programs.environment,
    )


def _as_it_is(location: Location) -> Location:
    return location


def on_disk(location: Location) -> Location:
    """A place in the tree of the whole disk, by its absolute path."""
    # Nowhere, a path already, a flag that has set a value, or remote.
    if not location.file or location.file[0] in "/-" or "://" in location.file:
        return location
    return location._replace(file=f"/{location.file}")


def with_position(error: KmanifestError, ctx: Context) -> KmanifestError:
    """The error with line and column of the field it is about, which are looked up only now."""
    location = error.location
    is_whole_file = not location.field and location.document is None
    if location.line or not location.file or is_whole_file:
        return error
    from kmanifest import yaml  # for errors only

    try:
        content = ctx.read_resolved(ctx.tree_of(location.file).resolve(location.file))
        line, column = yaml.find_position(content, location.field, document=location.document or 0)
    except KmanifestError:
        return error
    return error.at(location._replace(line=line, column=column))
