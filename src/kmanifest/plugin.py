"""All that a plug-in author imports: signatures, the `Plugin` record, `Registry`, `Context`, `Options`, `Finding`.

A plug-in is a plain function with one of five signatures, named by a record; a registry is a dictionary of records
that the caller makes and passes on.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType

from kmanifest.io import tree as trees
from kmanifest.io.cache import Cache, NoCache
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
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.rendered import UNTOUCHED, Finding, Rendered
from kmanifest.schema import BUILTIN, Schema
from kmanifest.startup.typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from pluggy import HookimplMarker

    from kmanifest.io.remote import Remote
    from kmanifest.io.runner import Runner
    from kmanifest.model.masking import Secret
    from kmanifest.model.trace import Change

FUNCTION_ANNOTATIONS = (
    "config.kubernetes.io/function",
    "config.k8s.io/function",
    "config.kubernetes.io/container",
)
"""The annotations by which a config says that it is for a KRM function; the last is of the oldest form."""

HELM_GENERATED = "internal.config.kubernetes.io/helm-generated"
"""The annotation by which no namespace is set on what a chart made: helm was told the namespace."""

Role = Literal["renderer", "generator", "transformer", "validator", "fetcher"]

Renderer = Callable[["Context", str], Rendered]
Generator = Callable[["Context", Resource], Iterable[Resource]]
Transformer = Callable[["Context", Resource, ResourceMap], ResourceMap]
Validator = Callable[["Context", Resource, ResourceMap], Iterable[Finding]]
Fetcher = Callable[["Context", str], Tree]


class Plugin(NamedTuple):
    """One plug-in: its role, the name by which files ask for it, and the function.

    `name` is the language of a renderer, the scheme of a fetcher, else `group/version/Kind` (`builtin/Kind` for what
    is built in). `claims` are the file names by which a renderer knows its directories. `schema` is a JSON Schema of the
    config, which is checked before the function is called.
    """

    role: Role
    name: str
    call: Callable[..., Any]
    claims: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


def is_function(config: Resource) -> bool:
    """Whether a config says that it is for a KRM function. Source: kyaml fn/runtime/runtimeutil, GetFunctionSpec."""
    metadata = config.body.get("metadata")
    has_old_field = isinstance(metadata, Mapping) and metadata.get("configFn") is not None
    return has_old_field or any(config.annotations.get(name) for name in FUNCTION_ANNOTATIONS)


def _installed() -> Iterable[Plugin]:
    from kmanifest.pipeline.entrypoints import (
        load_plugins,  # most builds want nothing that is not built in
    )

    return load_plugins()


class Registry:
    """The plug-ins that a build may use, by role and name; a later one takes the place of an earlier one.

    `more` gives further ones, and is asked when something is wanted that is not among the others.
    """

    def __init__(
        self,
        plugins: Iterable[Plugin] = (),
        *,
        more: Callable[[], Iterable[Plugin]] | None = None,
    ) -> None:
        self._plugins: Mapping[tuple[str, str], Plugin] = {
            (plugin.role, plugin.name): plugin for plugin in plugins
        }
        self._more = more

    @classmethod
    def default(cls) -> "Registry":
        """The plug-ins that come with kmanifest."""
        from kmanifest.engines.builtin import PLUGINS  # it stands above: it names the engines

        return cls(PLUGINS)

    def with_plugins(self, plugins: Iterable[Plugin]) -> "Registry":
        """This registry and more plug-ins."""
        return Registry([*self._plugins.values(), *plugins], more=self._more)

    def with_entry_points(self) -> "Registry":
        """This registry and the plug-ins of installed distributions, which are looked for when one is wanted."""
        return Registry(self._plugins.values(), more=_installed)

    def all(self) -> list[Plugin]:
        """Every plug-in, those of installed distributions last."""
        self._load()
        return list(self._plugins.values())

    def get(self, role: Role, name: str) -> Plugin | None:
        """The plug-in of this name; None where there is none."""
        found = self._plugins.get((role, name))
        if found is None and self._more is not None:
            self._load()
            found = self._plugins.get((role, name))
        return found

    def _load(self) -> None:
        more = self._more
        if more is None:
            return
        found: dict[tuple[str, str], Plugin] = {
            (plugin.role, plugin.name): plugin for plugin in more()
        }
        # What is known stays what it is: nobody is replaced by what happens to be installed.
        self._plugins = {**found, **self._plugins}
        self._more = None

    def for_config(self, roles: Iterable[Role], config: Resource) -> Plugin | None:
        """The plug-in that a config names by its type, with or without the version; None where there is none."""
        group, _, kind, _, _ = config.id
        for role in roles:
            for name in (f"{config.api_version}/{kind}", f"{group}/{kind}"):
                if plugin := self.get(role, name):
                    return plugin
        return None

    def find(self, role: Role, name: str) -> Plugin:
        """The plug-in of this name; MissingError with the nearest names where there is none."""
        plugin = self.get(role, name)
        if plugin is None:
            known = self.names(role)
            raise MissingError(f"no {role} is called {name}", near=near_names(name, known))
        return plugin

    def names(self, role: Role) -> list[str]:
        """The names of all plug-ins of a role."""
        self._load()
        return [name for kind, name in self._plugins if kind == role]

    def renderer_for(self, tree: Tree, directory: str) -> Plugin:
        """The one renderer whose marker file is in `directory`; an error where there is none or more than one."""
        claims = self._claims(tree, directory)
        if len(claims) > 1:
            # A chart may have a kustomization beside it, which is what kustomize would build.
            claims = [plugin for plugin in claims if plugin.name == "kustomize"] or claims
        if not claims:
            self._load()
            claims = self._claims(tree, directory) or self._claims(_Followed(tree), directory)
        if len(claims) == 1:
            return claims[0]
        if claims:
            languages = " and ".join(plugin.name for plugin in claims)
            raise SourceError(f"{languages} both claim this directory").within(
                file=directory or "."
            )
        markers = [
            name
            for (role, _), plugin in self._plugins.items()
            if role == "renderer"
            for name in plugin.claims
        ]
        raise MissingError(f"nothing to build here: no {', '.join(markers)}").within(
            file=directory or "."
        )

    def _claims(self, tree: "Tree | _Followed", directory: str) -> list[Plugin]:
        return [
            plugin
            for (role, _), plugin in self._plugins.items()
            if role == "renderer"
            and any(tree.kind(trees.join(directory, name)) for name in plugin.claims)
        ]


class _Followed:
    """A tree in which a link is what it leads to: a marker file may be one, and nearly none is."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def kind(self, path: str) -> trees.Kind | None:
        try:
            return self._tree.kind(self._tree.resolve(path))
        except KmanifestError:
            return None


class Programs(NamedTuple):
    """What plug-ins that are programs may use, once `Options.enable_plugins` lets them run.

    `home` is the directory of legacy exec plug-ins. A program gets `PATH`, `HOME`, `LANG`, `TMPDIR` and the variables that match
    `environment` (names, `PREFIX_*`, or `inherit` for all), and `timeout` seconds. With `digests`, only programs whose
    SHA-256 is among them are run. What a program says is shown without the `secrets`, whatever it got them from.
    """

    home: str = ""
    environment: tuple[str, ...] = ()
    timeout: float = 60.0
    digests: frozenset[str] | None = None
    secrets: "tuple[Secret, ...]" = ()


class Remotes(NamedTuple):
    """How remote bases and files are fetched, once `Options.allow_remote` lets them be.

    `store` is the directory in which what was fetched is kept for later builds; without one, it is kept as long as the
    build takes. What a branch, a tag or a URL stands for is asked again when it was last seen more than `max_age`
    seconds ago; a full commit id is never asked for twice. When `offline`, only the store is used. `protocols` may also hold
    `http` and `file`. Nothing may take longer than `timeout` seconds, whatever its URL says, and no repository have
    more than `max_size` bytes.
    """

    store: str = ""
    offline: bool = False
    protocols: tuple[str, ...] = ("https", "ssh")
    max_age: float = 60.0
    timeout: float = 300.0
    max_size: int = 1 << 30


class Charts(NamedTuple):
    """How a chart is rendered where one is built by itself, in helm's words; `values` are those of files and `--set`.

    `helm_version` is the version of helm that it is rendered as: `3`, or `4`.
    `locate` tells where a value was set, by its path. With `unused_values`, values that no template reads are findings,
    and errors where the build is strict.
    """

    values: Mapping[str, Any] = MappingProxyType({})
    release: str = "release-name"
    namespace: str = "default"
    include_crds: bool = False
    helm_version: str = "3"
    unused_values: bool = False
    locate: Callable[[FieldPath], Location | None] | None = None


class Impure(NamedTuple):
    """What the templates of charts are given that is of no file: chance, made of a `seed`, and the time `now`, in nanoseconds since 1970.

    Where one is None, it is that of this machine. With `show`, each place where a template asks for either is a finding.
    """

    seed: str | None = None
    now: int | None = None
    show: bool = False


class Options(NamedTuple):
    """What a caller may choose. The defaults are the command's.

    `load_restrictor` is `root-only` or `none`; `reorder` is `legacy`, `none`, or empty for what the kustomization says and
    `legacy` where it says nothing; `env` are the `NAME=value` or `NAME` given with `-e`.
    With `strict`, what touches nothing is an error.
    """

    load_restrictor: Literal["root-only", "none"] = "root-only"
    reorder: Literal["", "legacy", "none"] = ""
    managed_by_label: bool = False
    enable_plugins: bool = False
    allow_exec: bool = False
    enable_helm: bool = False
    helm_api_versions: tuple[str, ...] = ()
    helm_kube_version: str = ""
    helm_debug: bool = False
    env: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    programs: Programs = Programs()
    strict: bool = False
    allow_remote: bool = False
    remotes: Remotes = Remotes()
    impure: Impure = Impure()


class Memo(Protocol):
    """What one build knows already, so that it need not be found out again."""

    def tool(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What the steps of this build share under `key`, made when it is first asked for."""

    def note_fetch(self) -> None:
        """Remember that what is being built rests on something remote, so that no other build may use it."""


class Context(NamedTuple):
    """What a step may use: everything, as nothing else reaches the machine.

    `directory` is the directory of the kustomization whose step runs; files are read from it. `schema` is what is
    known of the types of objects at this point of the build. `memo` is for one build, and may be
    absent.
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
    memo: "Memo | None" = None
    runner: "Runner | None" = None
    remote: "Remote | None" = None
    charts: Charts = Charts()

    @property
    def keeps_bases(self) -> bool:
        """True where what this build makes of whole directories may serve another build; what programs print may not."""
        return not isinstance(self.cache, NoCache) and not self.options.enable_plugins

    def read(self, path: str) -> bytes:
        """The file at `path`, as written in a file of this directory, within the load restriction.

        SourceError where it lies outside, MissingError where it is not there, LimitError where it is too large.
        """
        return self.read_resolved(self.locate(path))

    def locate(self, path: str) -> str:
        """Where the file at `path` really is, with every link followed; errors as of `read`.

        A file on a web server is fetched, where that is allowed; FetchError where that fails.
        """
        if is_file_url(path):
            return self.reach(path).file(path)
        real = self.tree.resolve(trees.join(self.directory, path))
        if self.options.load_restrictor == "root-only" and not trees.is_below(real, self.directory):
            raise SourceError(
                f"security; file {path!r} is not in or below the directory of the kustomization"
            )
        return real

    def read_resolved(self, path: str) -> bytes:
        """The file at a resolved path."""
        limit = self.options.limits.max_input_file
        content = self.tree_of(path).read(path, limit=limit)
        if self.meter is not None:
            self.meter.read(len(content))
        return content

    def tree_of(self, path: str) -> Tree:
        """The tree that has a resolved path: that of the build, or one that was fetched."""
        if self.remote is None:
            return self.tree
        return self.remote.tree_of(path) or self.tree

    def reach(self, what: str) -> "Remote":
        """What fetches; SourceError where nothing may be fetched, LimitError where the build's time is over."""
        if self.remote is None:
            raise SourceError(
                f"remote, and nothing is fetched unless Options.allow_remote: {what!r}"
            )
        if self.meter is not None:
            self.meter.check_time()
        if self.memo is not None:
            self.memo.note_fetch()
        return self.remote

    def made(self, size: int) -> None:
        """Note a value of `size` bytes that was made of others; LimitError where it, or all of them, are too large."""
        limit = self.options.limits.max_string
        if size > limit:
            raise LimitError(f"a value of more than {limit} bytes (max_string)")
        if self.meter is not None:
            self.meter.made(size)

    def warn(self, message: str, *, file: str = "", field: tuple[str | int, ...] = ()) -> None:
        """Report what is not wrong but should be known."""
        self.on_finding(Finding("warning", message, Location(file, field=field)))

    def untouched(
        self,
        message: str,
        *,
        file: str = "",
        field: FieldPath = (),
        near: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Report that what stands at `field` is for nothing that is there: an error where the build is strict.

        The field is that of a step's config where no file is given. `near` makes the names that are like the one that
        was not found; it is called in strict builds only, as the search may take longer than the step.
        """
        names = tuple(near()) if self.options.strict else ()
        self.on_finding(Finding("info", message, Location(file, field=field), UNTOUCHED, names))


class Meter:
    """What one build has used so far of what `Limits` bounds. Each build has its own."""

    __slots__ = ("_clock", "_deadline", "_limits", "_made", "_read")

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.deadline if limits.deadline else 0.0
        self._made = self._read = 0

    def read(self, size: int) -> None:
        """Count bytes that were read; LimitError where it is too much in all, or too late."""
        self._read += size
        if self._read > self._limits.max_total_input:
            raise LimitError(
                f"more than {self._limits.max_total_input} bytes of input (max_total_input)"
            )
        self.check_time()

    def made(self, size: int) -> None:
        """Count bytes of values made of others, which may double with each step; LimitError where it is too much."""
        self._made += size
        if self._made > self._limits.max_output:
            raise LimitError(
                f"the steps made values of more than {self._limits.max_output} bytes (max_output)"
            )

    def check_time(self) -> None:
        """LimitError where the build has taken longer than it may."""
        if self._deadline and self._clock() > self._deadline:
            raise LimitError(
                f"the build took longer than {self._limits.deadline} seconds (deadline)"
            )


if TYPE_CHECKING:
    hookimpl: HookimplMarker


def __getattr__(name: str) -> Any:
    """`hookimpl`, the mark of a function `kmanifest_plugins` that gives the plug-ins of a distribution, and `Secret`."""
    if name == "Secret":
        from kmanifest.model.masking import Secret  # for builds with plug-ins that are programs

        return Secret
    if name != "hookimpl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pluggy import HookimplMarker  # 20 ms, for authors only

    return HookimplMarker("kmanifest")


__all__ = [
    "Charts",
    "Context",
    "Fetcher",
    "Finding",
    "Generator",
    "Impure",
    "KmanifestError",
    "Meter",
    "Options",
    "Plugin",
    "Programs",
    "Registry",
    "Remotes",
    "Rendered",
    "Renderer",
    "Resource",
    "ResourceMap",
    "Secret",
    "Transformer",
    "Validator",
    "hookimpl",
]
