"""The context of a build: everything that a step may use, and the signatures of plug-ins."""

from collections.abc import Callable, Hashable, Iterable

from kmanifest.io import tree as trees
from kmanifest.io.cache import Cache, NoCache
from kmanifest.io.remote import is_file_url
from kmanifest.io.tree import Tree
from kmanifest.model.errors import FieldPath, KmanifestError, LimitError, Location, SourceError
from kmanifest.model.findings import NO_EFFECT, Finding
from kmanifest.model.limits import Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.options import Options, Record
from kmanifest.pipeline.registry import Registry
from kmanifest.pipeline.rendered import Rendered
from kmanifest.schema import BUILTIN, Schema
from kmanifest.startup.typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from kmanifest.io.remote import Remote
    from kmanifest.io.runner import Runner
    from kmanifest.model.trace import Change

Renderer = Callable[["Context", str], Rendered]
Generator = Callable[["Context", Resource], Iterable[Resource]]
Transformer = Callable[["Context", Resource, ResourceMap], ResourceMap]
Validator = Callable[["Context", Resource, ResourceMap], Iterable[Finding]]
Fetcher = Callable[["Context", str], Tree]


class BuildState(Protocol):
    """State that the steps of one build share."""

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value under `key`. The first call creates it with `make`."""

    def note_fetch(self) -> None:
        """Record that the current result depends on remote content, so that no other build reuses it."""


class Context(NamedTuple):
    """Everything that a step may use. A step reaches the machine only through this record.

    `directory`: the directory of the kustomization whose step runs; files are read from it. `schema`: the known object
    types at this point of the build. `state`: shared by the steps of one build; may be absent.
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
    def caches_bases(self) -> bool:
        """Whether results for whole directories may be reused by other builds. False when exec plug-ins may run."""
        return not isinstance(self.cache, NoCache) and not self.options.enable_plugins

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
        real = self.resolve(path)
        if self.options.load_restrictor == "root-only" and not trees.is_below(real, self.directory):
            raise SourceError(
                f"security; file {path!r} is not in or below the directory of the kustomization"
            )
        return real

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
        if self.meter is not None:
            self.meter.count_input(len(content))
        return content

    def tree_of(self, path: str) -> Tree:
        """Return the tree that contains a resolved path: the tree of the build, or a fetched one."""
        if self.remote is None:
            return self.tree
        return self.remote.tree_of(path) or self.tree

    def require_remote(self, url: str) -> "Remote":
        """Return the fetcher of remote files.

        Raises SourceError if fetching is not allowed, LimitError after the deadline.
        """
        if self.remote is None:
            from kmanifest.model.url_masking import mask_url  # for errors only

            raise SourceError(
                f"remote files are fetched only with Options.allow_remote: {mask_url(url)!r}"
            )
        if self.meter is not None:
            self.meter.check_time()
        if self.state is not None:
            self.state.note_fetch()
        return self.remote

    def count_output(self, size: int) -> None:
        """Count a new value of `size` bytes. Raises LimitError if it, or the sum of all, is too large."""
        limit = self.options.limits.max_string
        if size > limit:
            raise LimitError(f"a value of more than {limit} bytes (max_string)")
        if self.meter is not None:
            self.meter.count_output(size)

    def warn(self, message: str, *, file: str = "", field: tuple[str | int, ...] = ()) -> None:
        """Report a warning."""
        self.on_finding(Finding("warning", message, Location(file, field=field)))

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


class Meter:
    """Counters of one build for the limits on total input, output, downloads and time.

    All downloads of the build, charts included, share it. `max_fetched` is the limit of their bytes.
    """

    __slots__ = ("_clock", "_deadline", "_fetched", "_input", "_limits", "_max_fetched", "_output")

    def __init__(
        self, limits: Limits, clock: Callable[[], float], *, max_fetched: int = 1 << 62
    ) -> None:
        self._fetched = 0
        self._max_fetched = max_fetched
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.deadline if limits.deadline else 0.0
        self._input = self._output = 0

    def count_input(self, size: int) -> None:
        """Count bytes that were read. Raises LimitError if the sum is too large, or after the deadline."""
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

    def seconds_left(self) -> float:
        """Return the seconds until the deadline: infinite without one. Raises the errors of `check_time`."""
        self.check_time()
        return self._deadline - self._clock() if self._deadline else float("inf")

    def check_time(self) -> None:
        """Raise LimitError after the deadline."""
        if self._deadline and self._clock() > self._deadline:
            raise LimitError(
                f"the build took longer than {self._limits.deadline} seconds (deadline)"
            )
