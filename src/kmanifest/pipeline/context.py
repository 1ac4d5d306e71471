"""The context of a build: everything that a step may use, and the signatures of plug-ins."""

from kmanifest.io import tree as trees
from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.local_tree import OutsideError
from kmanifest.io.remote import is_file_url
from kmanifest.io.tree import Tree
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    SourceError,
    near_names,
)
from kmanifest.model.findings import NO_EFFECT, PLUGIN, Finding
from kmanifest.model.limits import Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.options import Options, Record
from kmanifest.pipeline.registry import Registry
from kmanifest.pipeline.rendered import Rendered
from kmanifest.schema import BUILTIN, Schema
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Hashable,
    Iterable,
    Mapping,
    NamedTuple,
    Protocol,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.io.remote import Remote
    from kmanifest.io.runner import Runner
    from kmanifest.model.cancel import CancelEvent
    from kmanifest.model.trace import Change

Renderer = Callable[["Context", str], Rendered]
"""Renders the directory at a path of `ctx.tree`.

>>> from kmanifest.plugin import Context, Rendered, Renderer, Resource, ResourceMap
>>> def render(ctx: Context, path: str) -> Rendered:
...     names = ctx.tree.read(f"{path}/names.txt", limit=1000).decode().split()
...     return Rendered(ResourceMap(Resource({"kind": "Name", "metadata": {"name": name}}) for name in names))
>>> renderer: Renderer = render
"""

Generator = Callable[["Context", Resource], Iterable[Resource]]
"""Returns new resources for its config.

>>> from collections.abc import Iterable
>>> from kmanifest.plugin import Context, Generator, Resource
>>> def generate(ctx: Context, config: Resource) -> Iterable[Resource]:
...     yield Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": config.name}})
>>> generator: Generator = generate
"""

Transformer = Callable[["Context", Resource, ResourceMap], ResourceMap]
"""Returns all resources, changed according to its config.

>>> from kmanifest.plugin import Context, Resource, ResourceMap, Transformer
>>> def add_owner(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
...     return resources.map(lambda each: each.put(("metadata", "labels", "owner"), config.text("spec", "owner")))
>>> transformer: Transformer = add_owner
"""

Validator = Callable[["Context", Resource, ResourceMap], Iterable[Finding]]
"""Returns findings about the resources.

>>> from collections.abc import Iterable
>>> from kmanifest.plugin import Context, Finding, Resource, ResourceMap, Validator
>>> def need_owner(ctx: Context, config: Resource, resources: ResourceMap) -> Iterable[Finding]:
...     return [Finding("warning", f"{each.id} has no owner") for each in resources if "owner" not in each.labels]
>>> validator: Validator = need_owner
"""

Fetcher = Callable[["Context", str], Tree]
"""Returns the files at a URL with its scheme.

>>> from kmanifest.plugin import Context, Fetcher, MemoryTree, Tree
>>> def fetch(ctx: Context, url: str) -> Tree:
...     return MemoryTree({"kustomization.yaml": "resources: []"})
>>> fetcher: Fetcher = fetch
"""


JinjaFilter = Callable[..., Any]
"""Returns a new value for a value of a Jinja2 template and the arguments of the filter. It gets copies.

>>> from kmanifest import Plugin, default_registry, render_jinja
>>> from kmanifest.plugin import JinjaFilter
>>> def shout(value: str, mark: str = "!") -> str:
...     return value.upper() + mark
>>> function: JinjaFilter = shout
>>> registry = default_registry().with_plugins([Plugin("jinja-filter", "shout", function)])
>>> render_jinja("a.j2", tree={"a.j2": "{{ values.name | shout('?') }}"}, values={"name": "web"}, registry=registry)
'WEB?'
"""


ValuesReader = Callable[["Context", str], Mapping[str, Any]]
"""Returns the values in the file at a resolved path of `ctx.tree`.

>>> from collections.abc import Mapping
>>> from kmanifest.plugin import Context, ValuesReader
>>> def read_lines(ctx: Context, path: str) -> Mapping[str, str]:
...     lines = ctx.read_resolved(path).decode().splitlines()
...     return dict(line.split("=", 1) for line in lines)
>>> reader: ValuesReader = read_lines
"""


class BuildState(Protocol):
    """State that the steps of one build share."""

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value under `key`. The first call creates it with `make`."""

    def prevent_sharing(self) -> None:
        """Record that no other build may reuse the current result: it depends on more than files and options."""

    def prevent_reuse(self) -> None:
        """Record that nothing may reuse the current result: it depends on randomness or time."""


class Context(NamedTuple):
    """Everything that a step may use. A step reaches the machine only through this record.

    A test of a plug-in can make one.

    `tree`: the files of the build. `registry`: the plug-ins. `options`: the options of the build. `cache`: the cache
    that the caller passed. `directory`: the directory of the kustomization whose step runs; files are read from it.
    `schema`: the known object types at this point of the build. `on_finding`: reports a finding. `on_change`: reports a
    change, in a traced build. `clock`: seconds of a clock that never goes backwards. `meter`: counts what the limits
    bound. `state`: shared by the steps of one build; may be absent. `runner`: runs executables, if they are allowed.
    `remote`: fetches remote files, if that is allowed.

    >>> from kmanifest.plugin import Context, MemoryTree, Registry
    >>> ctx = Context(MemoryTree({"app/names.txt": "a b"}), Registry(), directory="app")
    >>> ctx.read("names.txt")
    b'a b'
    """

    tree: Tree
    registry: Registry
    options: Options = Options()
    cache: Cache = NoCache()
    directory: str = ""
    schema: Schema = BUILTIN
    on_finding: Callable[[Finding], None] = lambda _: None
    on_change: "Callable[[Change], None] | None" = None
    clock: Callable[[], float] = lambda: 0.0
    meter: "Meter | None" = None
    state: BuildState | None = None
    runner: "Runner | None" = None
    remote: "Remote | None" = None

    @property
    def cancel(self) -> "CancelEvent | None":
        """The event with which the caller ends this build, if there is one."""
        return None if self.meter is None else self.meter.cancel

    @property
    def caches_bases(self) -> bool:
        """Whether results for whole directories are kept for other builds."""
        return not isinstance(self.cache, NoCache)

    def engine_options(self, record_type: type[Record]) -> Record:
        """Return an engine's options: the record of this type in `Options.engines`, or one with the defaults."""
        return self.options.of_engine(record_type)

    def read(self, path: str) -> bytes:
        """Return the content of the file at `path`, as written in a file of this directory.

        Raises SourceError if the load restriction forbids the file, MissingError if it does not exist, LimitError if it
        is too large.
        """
        return self.read_resolved(self.locate(path))

    def locate(self, path: str) -> str:
        """Return the path of the file with every link followed. Raises the errors of `read`.

        A file on a web server is fetched if that is allowed; FetchError if that fails.
        """
        if is_file_url(path):
            return self.require_remote(path).file(path)
        is_restricted = self.options.load_restrictor == "root-only"
        try:
            real = self.resolve(path)
        except OutsideError:
            if is_restricted:  # what is outside of the boundary is not in this directory, either
                raise _restriction_error(path) from None
            raise
        if is_restricted and not trees.is_below(real, self.directory):
            raise _restriction_error(path)
        return real

    def find(self, path: str) -> str:
        """Return the result of `locate`. If there is no such file, the error has the nearest paths that exist."""
        try:
            return self.locate(path)
        except MissingError as error:
            raise MissingError(error.message, near=self.near_paths(path)) from error

    def near_paths(self, path: str) -> list[str]:
        """Return the paths most like `path` that exist, in the form in which `path` is written.

        They are in the directory of `path`. If there is no such directory, they are in those with a similar name.
        """
        head, slash, last = path.rpartition("/")
        names = self._names_in(head)
        if names:
            return [head + slash + name for name in near_names(last, names)]
        parent, slash, directory = head.rpartition("/")
        heads = [parent + slash + name for name in near_names(directory, self._names_in(parent))]
        return [f"{each}/{last}" for each in heads if last in self._names_in(each)]

    def _names_in(self, path: str) -> Sequence[str]:
        """Return the names in a directory; none if it can't be read."""
        try:
            return self.tree.list(self.tree.resolve(trees.join(self.directory, path or ".")))
        except KmanifestError:
            return ()

    def resolve(self, path: str) -> str:
        """Return the path with every link followed, without looking at the load restriction.

        Raises the errors of `Tree.resolve`. If the path is a URL that can't be fetched, they do not show its secrets.
        """
        if "://" not in path:
            return self.tree.resolve(trees.join(self.directory, path))
        try:
            return self.tree.resolve(trees.join(self.directory, path))
        except KmanifestError as error:
            error_type = type(error)
        from kmanifest.model.url_masking import mask_url  # for errors only

        # Outside the `except`: the message of the first error contains the URL in another form.
        raise error_type(f"no such file or directory: {mask_url(path)!r}")

    def read_resolved(self, path: str) -> bytes:
        """Return the content of the file at a resolved path."""
        limit = self.options.limits.max_input_file
        content = self.tree_of(path).read(path, limit=limit)
        self.count_input(len(content))
        return content

    def tree_of(self, path: str) -> Tree:
        """Return the tree that contains a resolved path: the tree of the build, or a fetched one."""
        if self.remote is None:
            return self.tree
        return self.remote.tree_of(path) or self.tree

    def require_remote(self, url: str) -> "Remote":
        """Return the fetcher of remote files.

        Raises SourceError if fetching is not allowed, and the errors of `Meter.check_time`.
        """
        if self.remote is None:
            from kmanifest.model.url_masking import mask_url  # for errors only

            raise SourceError(
                f"remote files are fetched only with Options.allow_remote: {mask_url(url)!r}"
            )
        if self.meter is not None:
            self.meter.check_time()
        if self.state is not None:
            self.state.prevent_sharing()
        return self.remote

    def count_input(self, size: int) -> None:
        """Count `size` bytes that were read. Raises LimitError if the sum of all files of the build is too large."""
        if self.meter is not None:
            self.meter.count_input(size)

    def count_output(self, size: int) -> None:
        """Count a new value of `size` bytes. Raises LimitError if it, or the sum of all, is too large."""
        limit = self.options.limits.max_string
        if size > limit:
            raise LimitError(f"a value of more than {limit} bytes (max_string)")
        if self.meter is not None:
            self.meter.count_output(size)

    def warn(
        self, message: str, *, file: str = "", field: FieldPath = (), code: str = PLUGIN
    ) -> None:
        """Report a warning. `code` is the kind of finding."""
        self.on_finding(Finding("warning", message, Location(file, field=field), code))

    def report_no_effect(
        self,
        message: str,
        *,
        file: str = "",
        field: FieldPath = (),
        near: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Report that the setting at `field` has no effect. In a strict build this is an error.

        Without a `file`, the field is one of the step's config. `near` returns the names nearest to the one that was
        not found. It is called in strict builds only, as this search may take longer than the step.
        """
        names = tuple(near()) if self.options.strict else ()
        self.on_finding(Finding("info", message, Location(file, field=field), NO_EFFECT, names))


def _restriction_error(path: str) -> SourceError:
    return SourceError(
        f"security; file {path!r} is not in or below the directory of the kustomization"
    )


class Meter:
    """Counters of one build for the limits on total input, output, downloads and time.

    All downloads of the build, charts included, share it. `max_fetched` is the limit of their bytes. `cancel` ends the
    build early.

    >>> import time
    >>> from kmanifest import Limits
    >>> from kmanifest.plugin import Meter
    >>> meter = Meter(Limits(deadline=60.0, max_output=10), time.monotonic)
    >>> meter.check_time()
    >>> meter.count_output(11)
    Traceback (most recent call last):
    ...
    kmanifest.model.errors.LimitError: the steps computed values of more than 10 bytes (max_output)
    """

    __slots__ = (
        "_clock",
        "_deadline",
        "_fetched",
        "_input",
        "_limits",
        "_max_fetched",
        "_output",
        "cancel",
    )

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        cancel: "CancelEvent | None" = None,
        *,
        max_fetched: int = 1 << 62,
    ) -> None:
        self._fetched = 0
        self._max_fetched = max_fetched
        self.cancel = cancel
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.deadline if limits.deadline else 0.0
        self._input = self._output = 0

    def start_again(self) -> None:
        """Count from zero, for a build that starts again. The deadline and the downloads stay."""
        self._input = self._output = 0

    def count_input(self, size: int) -> None:
        """Count bytes that were read. Raises LimitError if the sum is too large, and the errors of `check_time`."""
        self._input += size
        if self._input > self._limits.max_total_input:
            raise LimitError(
                f"more than {self._limits.max_total_input} bytes of input (max_total_input)"
            )
        self.check_time()

    def count_output(self, size: int) -> None:
        """Count bytes of a value computed from others, which each step may double.

        Raises LimitError if the sum is too large.
        """
        self._output += size
        if self._output > self._limits.max_output:
            raise LimitError(
                f"the steps computed values of more than {self._limits.max_output} bytes (max_output)"
            )

    def count_fetched(self, size: int) -> None:
        """Count downloaded bytes. Raises LimitError if the sum is too large, and the errors of `check_time`."""
        self._fetched += size
        if self._fetched > self._max_fetched:
            raise LimitError(f"more than {self._max_fetched} bytes were downloaded (max_total)")
        self.check_time()

    def bytes_left(self) -> int:
        """Return the number of bytes that may still be downloaded."""
        return max(self._max_fetched - self._fetched, 0)

    @property
    def time_limit(self) -> "Meter | None":
        """The meter itself, or None if the build has no deadline and can't be cancelled."""
        return self if self._deadline or self.cancel is not None else None

    def rest_of_time(self) -> "Callable[[], Meter | None]":
        """Return a function that starts a meter with the seconds left, or returns None without a deadline.

        So the text of a result is printed within the deadline of its build. The time between the two does not count.
        """
        if not self._deadline:
            return lambda: None
        seconds = self._deadline - self._clock()

        def resume() -> "Meter":
            meter = Meter(self._limits, self._clock)
            meter._deadline = self._clock() + seconds
            return meter

        return resume

    def seconds_left(self) -> float:
        """Return the seconds until the deadline: infinite without one. Raises the errors of `check_time`."""
        self.check_time()
        return self._deadline - self._clock() if self._deadline else float("inf")

    def check_time(self) -> None:
        """Raise CancelledError if the build is cancelled, LimitError after the deadline."""
        if self.cancel is not None:
            from kmanifest.model.cancel import check_cancelled  # the command does not need it

            check_cancelled(self.cancel)
        if self._deadline and self._clock() > self._deadline:
            raise LimitError(
                f"the build took longer than {self._limits.deadline} seconds (deadline)"
            )
