"""The registry: plug-ins by role and name."""

from kmanifest.io import tree as trees
from kmanifest.io.local_tree import OutsideError
from kmanifest.io.tree import Tree
from kmanifest.model.errors import KmanifestError, MissingError, SourceError, near_names
from kmanifest.model.resource import Resource
from kmanifest.startup.typing import (
    Any,
    Callable,
    Final,
    Hashable,
    Iterable,
    Literal,
    Mapping,
    NamedTuple,
)

Role = Literal[
    "renderer",
    "generator",
    "transformer",
    "validator",
    "fetcher",
    "jinja-filter",
    "values-reader",
    "kustomization-reader",
]
"""The role of a plug-in: which of the seven signatures its function has.

A `kustomization-reader` is always built in: it reads a file that kustomizations can name instead of a kustomization.

>>> from kmanifest.plugin import Role, default_registry
>>> roles: list[Role] = ["generator", "transformer"]
>>> {plugin.role for plugin in default_registry().all()} >= {*roles}
True
"""


_YAML_SUFFIXES: Final = (".yaml", ".yml", ".json")

_IN_DIRECTORY: Final = "*/*"
"""The beginning of a claim on directories that directly contain files with a suffix."""


class Plugin(NamedTuple):
    """A plug-in: its role, the name by which files refer to it, and the function.

    `role`: which of the seven signatures the function has. `name`: the language of a renderer or of a reader of values,
    the URL scheme of a fetcher, the name of a filter in Jinja2 templates, otherwise `group/version/Kind` (`builtin/Kind`
    for built-in plug-ins). `call`: the function. `claims`: file names that mark a directory as one of this renderer's, and
    suffixes such as `*.jsonnet` of files that it renders, or that a reader of values reads. `*/*.j2` claims directories
    without a marker file that directly contain such files.
    `schema`: a JSON Schema; the config is validated against it before the function is called.

    >>> from kmanifest import Plugin, build, default_registry
    >>> def owner(ctx, config, resources):
    ...     return resources.map(lambda each: each.put(("metadata", "labels", "owner"), config.text("spec", "owner")))
    >>> registry = default_registry().with_plugins([Plugin("transformer", "acme.io/v1/Owner", owner)])
    >>> files = {
    ...     "kustomization.yaml": "{resources: [job.yaml], transformers: [owner.yaml]}",
    ...     "job.yaml": "{kind: Job, metadata: {name: a}}",
    ...     "owner.yaml": "{apiVersion: acme.io/v1, kind: Owner, metadata: {name: o}, spec: {owner: shop}}",
    ... }
    >>> build(tree=files, registry=registry).find("Job", "a").labels
    {'owner': 'shop'}
    """

    role: Role
    name: str
    call: Callable[..., Any]
    claims: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


class BuiltinPlugin(Plugin):
    """A plug-in of kmanifest itself.

    It never changes a body in place. Its result depends only on its arguments, or it records that it does not with
    `BuildState.prevent_sharing`. Neither is known of any other plug-in.
    """

    __slots__ = ()


class _RegistryIdentity:
    """The plug-ins of a registry as a part of a cache key. Functions are compared by identity."""

    __slots__ = ("_key", "_referenced")

    def __init__(
        self, plugins: Iterable[Plugin], more: Callable[[], Iterable[Plugin]] | None
    ) -> None:
        self._referenced = (*plugins, more)  # so that no other object gets the id of one of them
        self._key = (
            id(more),
            *(
                (plugin.role, plugin.name, id(plugin.call), plugin.claims, id(plugin.schema))
                for plugin in plugins
            ),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _RegistryIdentity) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Registry:
    """The plug-ins available to a build, by role and name.

    A later record replaces an earlier one with the same role and name. `more` returns further plug-ins. It is called
    once, when a plug-in is not found among the others. Its plug-ins never replace others.

    >>> from kmanifest import default_registry
    >>> registry = default_registry()
    >>> registry.names("renderer")
    ['kustomize', 'helm', 'jsonnet', 'jinja', 'flux', 'environment']
    """

    def __init__(
        self,
        plugins: Iterable[Plugin] = (),
        *,
        more: Callable[[], Iterable[Plugin]] | None = None,
    ) -> None:
        records = tuple(plugins) if isinstance(plugins, Iterable) else (plugins,)
        try:
            self._plugins: Mapping[tuple[str, str], Plugin] = {
                (plugin.role, plugin.name): plugin for plugin in records
            }
        except AttributeError:
            from kmanifest.model.arguments import argument_error  # for errors only

            raise argument_error("plugins", plugins, "an iterable of Plugin records") from None
        self._more = more
        self._given = tuple(self._plugins.values()), more
        self._identity: _RegistryIdentity | None = None

    @property
    def identity(self) -> Hashable:
        """A value that two registries share only if both were made with the same plug-ins and the same `more`."""
        if self._identity is None:
            self._identity = _RegistryIdentity(*self._given)
        return self._identity

    def with_plugins(self, plugins: Iterable[Plugin]) -> "Registry":
        """Return a registry with these plug-ins as well."""
        return Registry([*self._plugins.values(), *plugins], more=self._more)

    def all(self) -> list[Plugin]:
        """Return all plug-ins, those of `more` last."""
        self._load_more()
        return list(self._plugins.values())

    def get(self, role: Role, name: str) -> Plugin | None:
        """Return the plug-in with this name, or None."""
        plugin = self._plugins.get((role, name))
        if plugin is None and self._more is not None:
            self._load_more()
            plugin = self._plugins.get((role, name))
        return plugin

    def _load_more(self) -> None:
        if self._more is None:
            return
        loaded: dict[tuple[str, str], Plugin] = {
            (plugin.role, plugin.name): plugin for plugin in self._more()
        }
        # Known plug-ins win: installing a distribution never replaces a plug-in that was passed or is built in.
        self._plugins = {**loaded, **self._plugins}
        self._more = None

    def for_config(self, roles: Iterable[Role], config: Resource) -> Plugin | None:
        """Return the plug-in that a config names by its type, with or without the version, or None."""
        group, _, kind, _, _ = config.id
        for role in roles:
            for name in (f"{config.api_version}/{kind}", f"{group}/{kind}"):
                if plugin := self.get(role, name):
                    return plugin
        return None

    def find(self, role: Role, name: str) -> Plugin:
        """Return the plug-in with this name. Raises MissingError with the nearest names if there is none."""
        plugin = self.get(role, name)
        if plugin is None:
            near = near_names(name, self.names(role))
            raise MissingError(f"no {role} is called {name}", near=near)
        return plugin

    def claiming(
        self, role: Role, tree: "Tree | _LinkFollowingTree", directory: str
    ) -> list[Plugin]:
        """Return the plug-ins with this role of whose marker files one is in the directory."""
        return [
            plugin
            for plugin in self._of_role(role)
            if any(
                tree.kind(trees.join(directory, name)) for name in plugin.claims if name[0] != "*"
            )
        ]

    def names(self, role: Role) -> list[str]:
        """Return the names of all plug-ins with this role."""
        self._load_more()
        return [name for known_role, name in self._plugins if known_role == role]

    def near_kinds(self, kind: str) -> list[str]:
        """Return the kinds of third-party plug-ins that are similar to a kind that is not found, nearest first."""
        roles: tuple[Role, ...] = ("generator", "transformer", "validator")
        names = (name.split("/") for role in roles for name in self.names(role))
        kinds = {known for group, *_, known in names if group not in ("builtin", "krm")}
        return near_names(kind, kinds - {kind})

    def renderer_for(self, tree: Tree, path: str) -> Plugin:
        """Return the renderer with a marker file in the directory `path`, or for files like the file `path`.

        Raises MissingError if there is none, SourceError if there are several. If a directory is both a chart and a
        kustomization, the kustomization is built, as kustomize does.
        """
        renderers = self.claiming("renderer", tree, path)
        if len(renderers) > 1:
            renderers = [
                renderer for renderer in renderers if renderer.name == "kustomize"
            ] or renderers
        if not renderers:
            self._load_more()
            renderers = self.claiming("renderer", tree, path)
            renderers = renderers or self.claiming("renderer", _LinkFollowingTree(tree), path)
            renderers = renderers or self._claiming_files(tree, path)
        if len(renderers) == 1:
            return renderers[0]
        if renderers:
            raise _several_claim(renderers, tree, path)
        is_directory = tree.kind(path) == "dir"
        claims = [claim for plugin in self._of_role("renderer") for claim in plugin.claims]
        markers = ", ".join(
            claim.removeprefix("*/")
            for claim in claims
            if claim[0] != "*" or claim.startswith(_IN_DIRECTORY) == is_directory
        )
        raise MissingError(f"nothing to build here: no {markers}").within(file=path or ".")

    def values_reader_for(self, path: str) -> Plugin | None:
        """Return the reader of values that claims the file at `path` by its suffix, or None.

        There is none for YAML and JSON.
        """
        if path.endswith(_YAML_SUFFIXES):
            return None  # so that a build with YAML only does not load installed plug-ins
        self._load_more()
        for plugin in self._of_role("values-reader"):
            if any(path.endswith(claim.removeprefix("*")) for claim in plugin.claims):
                return plugin
        return None

    def _of_role(self, role: Role) -> list[Plugin]:
        return [plugin for (known_role, _), plugin in self._plugins.items() if known_role == role]

    def _claiming_files(self, tree: Tree, path: str) -> list[Plugin]:
        """Return the renderers of the file at a path, or of a directory without a marker file, by its files."""
        kind = tree.kind(path)
        is_directory = kind == "dir"
        prefix = _IN_DIRECTORY if is_directory else "*"
        names = tree.list(path) if is_directory else [path] if kind == "file" else ()
        return [
            plugin
            for plugin in self._of_role("renderer")
            if any(
                claim.startswith(prefix) and name.endswith(claim[len(prefix) :])
                for claim in plugin.claims
                for name in names
            )
        ]


def _several_claim(renderers: Iterable[Plugin], tree: Tree, path: str) -> SourceError:
    """Return the error for a file or a directory that several renderers claim. It names their marker files."""
    is_file = tree.kind(path) == "file"
    names = [] if is_file else tree.list(path)
    markers = [
        next((claim for claim in plugin.claims if claim in names), plugin.name)
        for plugin in renderers
    ]
    languages = ", ".join(plugin.name for plugin in renderers)
    what = "file" if is_file else "directory"
    message = f"{' and '.join(markers)} both claim this {what}; choose one of the engines {languages} (--engine)"
    error: SourceError = SourceError(message).within(file=path or ".")
    return error


class _LinkFollowingTree:
    """A tree whose `kind` follows links. A marker file may be a link, but it rarely is."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def kind(self, path: str) -> trees.Kind | None:
        try:
            return self._tree.kind(self._tree.resolve(path))
        except OutsideError:
            raise
        except KmanifestError:
            return None
