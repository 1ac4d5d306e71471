"""Accumulate a kustomization, its bases and its components, in kustomize's order.

The result of a directory is an `Accumulation`, which its parent merges. A component starts with its parent's
`Accumulation`.
The resources of all `resources` entries are first collected in a list, which becomes a map once. So the cost grows
with the number of objects and not with its square.
Source: kustomize v5.8.2 api/internal/target/kusttarget.go, accumulateTarget and accumulateResources.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize import config as configs
from kmanifest.engines.kustomize import plan, resource_files
from kmanifest.engines.kustomize.annotations import (
    with_origin_annotation,
    with_transformation_annotation,
)
from kmanifest.engines.kustomize.base_cache import BaseRecorder, KustomizeBuildState, find_base
from kmanifest.engines.kustomize.config import TransformerConfig
from kmanifest.engines.kustomize.kustomization import Kustomization, load_kustomization
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.engines.kustomize.origins import OriginPath
from kmanifest.engines.kustomize.scalar_nodes import resolved
from kmanifest.io import tree as trees
from kmanifest.io.remote import is_file_url
from kmanifest.model.errors import (
    FetchError,
    FieldPath,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.model.resource import Origin, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import as_mapping
from kmanifest.pipeline import steps
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.remote_bases import find_fetcher, find_repository, shown_entry
from kmanifest.pipeline.steps import Step
from kmanifest.schema import BUILTIN, Schema
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Callable,
    Final,
    Iterable,
    Mapping,
    NamedTuple,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.entries import Entry, GeneratedEntry
    from kmanifest.engines.kustomize.vars import Var

# Seconds. If the first attempt at a URL took longer, the other kind is not tried.
MAX_SECONDS_FOR_FALLBACK: Final = 5.0


class UnusedConfiguration(NamedTuple):
    """A file of `configurations`, and the types in it that no resource has had so far.

    `file` and `field` locate the entry in the kustomization.
    """

    file: str
    field: FieldPath
    types: tuple[configs.TypeKey, ...]


class Accumulation(NamedTuple):
    """The resources accumulated so far, the fields that transformers change, the vars and the declared schema.

    `unused` is passed up with the config: a configuration of a base can be for a resource of an overlay.
    """

    resources: ResourceMap = ResourceMap()
    config: TransformerConfig = configs.EMPTY
    vars: "tuple[Var, ...]" = ()
    schema: Schema | None = None
    unused: tuple[UnusedConfiguration, ...] = ()


class Ancestors(NamedTuple):
    """The ancestors of a kustomization in the build, and the origin that its objects get.

    `urls` are the entries that name remote kustomizations: ancestors, or the kustomization itself. `namespace` is
    that of the nearest ancestor that sets one. It is passed to charts, and is empty if charts are not rendered.
    """

    directories: tuple[str, ...] = ()
    origin_path: OriginPath | None = None
    urls: tuple[str, ...] = ()
    namespace: str = ""


class KustomizationScope(NamedTuple):
    """A kustomization during accumulation: its content, its ancestors and its context."""

    ctx: Context
    kustomization: Kustomization
    ancestors: Ancestors

    def check_object_count(self, count: int, field: FieldPath) -> None:
        """Raise LimitError at `field` if `count` is above `max_objects`."""
        limit = self.ctx.options.limits.max_objects
        if count > limit:
            raise self.located(LimitError(f"more than {limit} objects (max_objects)"), field)

    def ancestors_for(self, path: str) -> Ancestors:
        """Return the ancestors of the base or component that this kustomization names `path`."""
        origin_path = self.ancestors.origin_path
        directories = (*self.ancestors.directories, self.kustomization.directory)
        child_origin = origin_path.child(path) if origin_path is not None else None
        return Ancestors(directories, child_origin, self.ancestors.urls, self.namespace)

    @property
    def namespace(self) -> str:
        """The namespace that is passed to the charts of this kustomization and of its bases."""
        if not self.ctx.engine_options(KustomizeOptions).enable_helm:
            return ""
        namespace: str = self.kustomization.get("namespace", "")
        return namespace or self.ancestors.namespace

    def located(self, error: KmanifestError, field: FieldPath) -> KmanifestError:
        """Return a copy of the error at a field of the kustomization, unless it already names a file."""
        if error.location.file:
            return error.copy()
        return error.within(file=self.kustomization.file, field=field)


def accumulate(
    ctx: Context, kustomization: Kustomization, ancestors: Ancestors, accumulated: Accumulation
) -> Accumulation:
    """Add a kustomization's resources to `accumulated`, then run its generators, transformers and validators."""
    if kustomization.engines is not None:
        ctx = ctx._replace(options=ctx.options._replace(engines=kustomization.engines))
    scope = KustomizationScope(
        _context_for(ctx, kustomization, accumulated), kustomization, ancestors
    )
    accumulator = ResourceAccumulator(scope, accumulated)
    if kustomization.values is not None:
        accumulator.add_values(kustomization.values)
    for index, entry in enumerate(kustomization.get("resources")):
        accumulator.add_entry(entry, kustomization.source_field("resources", index))
    accumulated = accumulator.result()
    configurations = _load_configs(
        scope, "configurations", lambda content: configs.load_config(content, ctx.options.limits)
    )
    accumulated = accumulated._replace(
        config=_merge_configurations(scope, accumulated.config, configurations),
        unused=(*accumulated.unused, *_unused_configurations(scope, configurations)),
    )
    accumulated = _generate(scope, accumulated)
    for index, path in enumerate(kustomization.get("components")):
        accumulated = _add_component(scope, accumulated, path, ("components", index))
    scope = scope._replace(ctx=_context_for(ctx, kustomization, accumulated))
    accumulated = _transform(scope, _drop_used_configurations(accumulated))
    _validate(scope, accumulated)
    return _add_vars(scope, accumulated)


def set_schema(
    ctx: Context,
    kustomization: Kustomization,
    accumulated: Accumulation,
    loaded: Iterable[Resource] = (),
) -> Accumulation:
    """Return `accumulated` with the schema that the kustomization declares, unless it already has one.

    The first declaration wins, and the outermost kustomization comes first. `loaded` are the resources before it, in
    the kustomization that names this one.
    Source: kyaml v0.21.2 openapi/openapi.go, SetSchema.
    """
    declared: Mapping[str, str] = kustomization.get("openapi", {})
    if accumulated.schema is not None or not declared:
        return accumulated
    use = _builtin_use(ctx, loaded)
    ctx = ctx._replace(directory=kustomization.directory)
    try:
        schema = _load_declared_schema(ctx, declared, use)
    except KmanifestError as error:
        raise error.within(file=kustomization.file, field=("openapi",)) from error
    return accumulated if schema is None else accumulated._replace(schema=schema)


class BuiltinUse(NamedTuple):
    """Whether the built-in schema is used beside a declared one, and which of both wins."""

    is_used: bool
    wins: bool


def _builtin_use(ctx: Context, loaded: Iterable[Resource]) -> BuiltinUse:
    """Return whether kustomize adds the built-in schema to one that is declared now.

    It has parsed the built-in schema if a patch was merged before, and then adds the declared one. It parses it after
    the declared one if an object before has a type whose scope is not in its small table.
    Source: kyaml v0.21.2 openapi/openapi.go, initSchema and isInitSchemaNeededForNamespaceScopeCheck.
    """
    if isinstance(ctx.state, KustomizeBuildState) and ctx.state.has_merged_patch:
        return BuiltinUse(is_used=True, wins=False)
    is_delayed = any(
        not Schema.is_builtin_type(resource.api_version, resource.kind) for resource in loaded
    )
    return BuiltinUse(is_delayed, is_delayed)


def _load_declared_schema(
    ctx: Context, declared: Mapping[str, str], use: BuiltinUse
) -> Schema | None:
    path, version = declared.get("path"), declared.get("version", "")
    if path is not None and "version" in declared:
        raise SourceError("a version and a path can't both be given")
    if version not in ("", "v1.21.2"):
        message = "the specified OpenAPI version is not built in; the only one is v1.21.2"
        raise SourceError(message).within(field=("version",))
    if path is None:
        return ctx.schema if version else None
    try:
        file = ctx.find(path)
    except KmanifestError as error:
        raise error.within(field=("path",)) from error
    try:
        document = yaml.load_values(ctx.read_resolved(file), limits=ctx.options.limits)
        base = BUILTIN if use.is_used else None
        return Schema.from_document(as_mapping(document), base, base_wins=use.wins)
    except KmanifestError as error:
        raise error.within(file=file) from error


def _context_for(ctx: Context, kustomization: Kustomization, accumulated: Accumulation) -> Context:
    return ctx._replace(directory=kustomization.directory, schema=accumulated.schema or ctx.schema)


# Resources


class ResourceAccumulator:
    """Collects the results of `resources` entries in order, then merges them once."""

    def __init__(self, scope: KustomizationScope, accumulated: Accumulation) -> None:
        self._scope = scope
        self._accumulated = accumulated
        self._resources: list[Resource] = []
        self._loaded: list[Resource] = []
        self._entries: list[tuple[int, str, FieldPath]] = []

    def result(self) -> Accumulation:
        """Return everything collected so far.

        Raises RenderError if two objects have the same id.
        """
        before = self._accumulated.resources
        try:
            resources = before.append(self._resources)
        except KmanifestError as error:
            raise self._located_at_duplicate(error) from error
        # The resources of a base were reported when they were loaded.
        loaded = ResourceMap(self._loaded)
        _trace(self._scope.ctx, steps.Step(plan.LOAD, Resource({})), ResourceMap(), loaded)
        return self._accumulated._replace(resources=resources)

    def add_values(self, values: Resource) -> None:
        """Add the object with the values of the kustomization."""
        self._loaded.append(values)
        self._resources.append(values)

    def add_entry(self, entry: "Entry", field: FieldPath) -> None:
        """Add the resources of a file, the result of a directory, or those of an entry that is no path."""
        first_index = len(self._resources)
        if not isinstance(entry, str):
            kind = "dir"
            self._add_other(entry, field)
        elif is_file_url(entry):
            kind = self._add_url(entry, field)
        else:
            kind = _entry_kind(self._scope, entry, field)
            self._add_of_kind(kind, entry, field)
        self._entries.append((first_index, kind, field))
        self._scope.check_object_count(
            len(self._accumulated.resources) + len(self._resources), field
        )

    def _located_at_duplicate(self, error: KmanifestError) -> KmanifestError:
        """Return the error of a duplicate id at the second object.

        That is the object in its file, or the entry of the base that contains it.
        """
        first_new = len(self._accumulated.resources)
        all_resources = ResourceMap((*self._accumulated.resources, *self._resources))
        index_lists = (
            all_resources.indexes_by_current_id(resource.key) for resource in self._resources
        )
        duplicate = next(indexes[1] for indexes in index_lists if len(indexes) > 1) - first_new
        kind, field = next(entry[1:] for entry in reversed(self._entries) if entry[0] <= duplicate)
        if kind == "dir":
            return error.at(Location(self._scope.kustomization.file, field=field))
        return error.within(field=("metadata", "name"))

    def _add_file(self, path: str, field: FieldPath) -> None:
        origin_path = self._scope.ancestors.origin_path
        try:
            added = resource_files.read(self._scope.ctx, path)
        except KmanifestError as error:
            raise self._scope.located(error, field) from error
        if origin_path is not None:
            origin = origin_path.child(path).text()
            added = [with_origin_annotation(resource, origin) for resource in added]
        self._loaded += added
        self._resources += added

    def _add_url(self, url: str, field: FieldPath) -> str:
        """Add the file or the repository at a URL, and return its kind: `file` or `dir`.

        The kind that the URL looks like is tried first.
        """
        from kmanifest.io.remote.urls import has_repository_marker  # few entries are URLs

        first, second = ("dir", "file") if has_repository_marker(url) else ("file", "dir")
        start = self._scope.ctx.clock()
        try:
            self._add_of_kind(first, url, field)
        except (FetchError, SourceError) as error:
            seconds = self._scope.ctx.clock() - start
            has_no_fallback = seconds > MAX_SECONDS_FOR_FALLBACK or find_repository(url) is None
            if has_no_fallback or not self._means_not_found(first, url, error):
                raise
            first_error = error
        else:
            return first
        # Outside the `except`, so that no error of the second attempt has the first one as its context.
        try:
            self._add_of_kind(second, url, field)
        except FetchError:
            pass
        else:
            return second
        raise first_error

    def _means_not_found(self, kind: str, url: str, error: KmanifestError) -> bool:
        """Return whether the error means that the URL does not exist as this kind.

        An error inside the fetched content is not such an error.
        """
        ctx, kustomization, _ = self._scope
        file = error.location.file
        if isinstance(error, FetchError):
            return file == kustomization.file
        return kind == "file" and file not in ("", kustomization.file) and file == ctx.locate(url)

    def _add_other(self, entry: "GeneratedEntry | Kustomization", field: FieldPath) -> None:
        from kmanifest.engines.kustomize.entries import GeneratedEntry  # few kustomizations

        try:
            if isinstance(entry, GeneratedEntry):
                self._add_generated(entry)
            else:
                self._add_inner(entry)
        except KmanifestError as error:
            raise self._scope.located(error, field) from error

    def _add_generated(self, entry: "GeneratedEntry") -> None:
        from kmanifest.pipeline.resource_options import with_resource_options

        ctx, kustomization, ancestors = self._scope
        plugin = ctx.registry.for_config(("generator",), entry.config)
        if plugin is None:
            raise MissingError(f"no generator is called {entry.config.kind}")
        step = Step(plugin, entry.config)
        try:
            added = [with_resource_options(each) for each in steps.generate(ctx, step)]
        except KmanifestError as error:
            if error.location.file:
                raise
            raise error.at(entry.locate(error.location.field)) from error
        if ancestors.origin_path is not None:
            origin = ancestors.origin_path.child(entry.name).text()
            added = [with_origin_annotation(resource, origin) for resource in added]
        located = entry.config.with_origin(Origin(kustomization.file))
        _trace(ctx, step._replace(config=located), ResourceMap(), ResourceMap(added))
        self._resources += added

    def _add_inner(self, entry: Kustomization) -> None:
        inherited = Accumulation(schema=self._accumulated.schema)
        self._merge_base(accumulate(self._scope.ctx, entry, self._scope.ancestors, inherited))

    def _add_of_kind(self, kind: str, path: str, field: FieldPath) -> None:
        if kind == "dir":
            self._add_base(path, field)
        else:
            self._add_file(path, field)

    def _add_base(self, path: str, field: FieldPath) -> None:
        kustomization = self._scope.kustomization
        scope = self._scope
        try:
            ctx, directory, child_ancestors = _enter_base(scope, path)
            key = (
                "base",
                directory,
                self._accumulated.schema,
                child_ancestors.origin_path,
                child_ancestors.namespace,
            )
            base: Accumulation | None = find_base(ctx, key, child_ancestors.directories)
            if base is None:
                with BaseRecorder(ctx, key, directory) as recorder:
                    child = _load_child(recorder.ctx, directory, path, "Kustomization")
                    inherited = set_schema(
                        recorder.ctx,
                        child,
                        Accumulation(schema=self._accumulated.schema),
                        (*self._accumulated.resources, *self._resources),
                    )
                    base = accumulate(recorder.ctx, child, child_ancestors, inherited)
                    if child.values is not None:
                        base = _without_values(base, child.values)
                    if inherited.schema is self._accumulated.schema:
                        recorder.keep(base)
            self._merge_base(base)
        except KmanifestError as error:
            directory_of_parent = kustomization.directory or "."
            raise scope.located(error, field).within(directory=directory_of_parent) from error

    def _merge_base(self, base: Accumulation) -> None:
        accumulated = self._accumulated
        self._resources += base.resources
        self._accumulated = accumulated._replace(
            config=configs.merge_configs(accumulated.config, base.config),
            vars=_join_vars(accumulated.vars, base.vars),
            schema=base.schema or accumulated.schema,
            unused=(*accumulated.unused, *base.unused),
        )


def _without_values(base: Accumulation, values: Resource) -> Accumulation:
    """Return the result of a base without the object that only this base reads."""
    others = base.resources.where(lambda resource: resource.lineage is not values.lineage)
    return base._replace(resources=others)


def _join_vars(vars_: "tuple[Var, ...]", more: "tuple[Var, ...]") -> "tuple[Var, ...]":
    if not more:
        return vars_
    from kmanifest.engines.kustomize.vars import join_vars  # vars are rare

    return join_vars(vars_, more)


def _add_component(
    scope: KustomizationScope, accumulated: Accumulation, path: str, field: FieldPath
) -> Accumulation:
    try:
        ctx, directory, child_ancestors = _enter_base(scope, path)
        child = _load_child(ctx, directory, path, "Component")
        inherited = set_schema(ctx, child, accumulated, accumulated.resources)
        return _with_unique_ids(scope, accumulate(ctx, child, child_ancestors, inherited), field)
    except KmanifestError as error:
        directory_of_parent = scope.kustomization.directory or "."
        raise scope.located(error, field).within(directory=directory_of_parent) from error


def _with_unique_ids(
    scope: KustomizationScope, result: Accumulation, field: FieldPath
) -> Accumulation:
    """Return the result of a component.

    kustomize adds all its resources to a new, empty map.
    Raises RenderError at the component if two of them have the same id.
    """
    try:
        resources = result.resources.check_unique()
    except KmanifestError as error:
        raise error.at(Location(scope.kustomization.file, field=field)) from error
    return result._replace(resources=resources)


def _trace(ctx: Context, step: Step, before: ResourceMap, after: ResourceMap) -> None:
    if ctx.on_change is not None:
        steps.report_changes(ctx, step, before, after)


def _entry_kind(scope: KustomizationScope, path: str, field: FieldPath) -> str:
    """Return `file` or `dir` for an entry.

    Raises MissingError with the nearest entries of the directory if nothing exists at the path.
    """
    ctx = scope.ctx
    try:
        full = trees.join(ctx.directory, path)
        kind = ctx.tree.kind(full)
        if kind is None and _is_remote(ctx, path):
            return "dir"
        kind = kind or ctx.tree.kind(ctx.resolve(path))
        if kind is None:
            raise SourceError(f"{path!r} is neither a file nor a directory")
    except MissingError as error:
        near = ctx.near_paths(path)
        raise scope.located(MissingError(error.message, near=near), field) from error
    except KmanifestError as error:
        raise scope.located(error, field) from error
    return kind


def _is_remote(ctx: Context, path: str) -> bool:
    return find_repository(path) is not None or find_fetcher(ctx, path) is not None


def _load_child(ctx: Context, directory: str, path: str, kind: str) -> Kustomization:
    child = load_kustomization(ctx, directory)
    if child.kind != kind:
        rule = (
            "expected a Component"
            if kind == "Component"
            else "a Component must be listed under components"
        )
        raise SourceError(f"{rule}: {shown_entry(path)!r} is a {child.kind}")
    return child


def _enter_base(scope: KustomizationScope, path: str) -> tuple[Context, str, Ancestors]:
    """Return the context, the directory and the ancestors with which an entry is built."""
    from kmanifest.engines.kustomize.roots import enter_root  # for builds with bases

    ancestors = scope.ancestors
    ctx, directory, is_remote = enter_root(scope.ctx, path, ancestors.directories, ancestors.urls)
    child_ancestors = scope.ancestors_for(path)
    if is_remote:
        child_ancestors = child_ancestors._replace(urls=(*child_ancestors.urls, path))
    return ctx, directory, child_ancestors


# Configuration


def _merge_configurations(
    scope: KustomizationScope,
    config: TransformerConfig,
    configurations: Sequence[TransformerConfig],
) -> TransformerConfig:
    """Return the config merged with the defaults, with `configurations` and with the kustomization's `crds`."""
    merged = _merge_in_order(scope, "configurations", configurations)
    config = configs.merge_configs(config, configs.merge_configs(configs.DEFAULT, merged))
    if not scope.kustomization.get("crds"):
        return config
    from kmanifest.engines.kustomize.crds import config_from_crds  # rare

    limits = scope.ctx.options.limits
    more = _load_configs(scope, "crds", lambda content: config_from_crds(content, limits))
    return configs.merge_configs(config, _merge_in_order(scope, "crds", more))


def _merge_in_order(
    scope: KustomizationScope, name: str, loaded: Sequence[TransformerConfig]
) -> TransformerConfig:
    config = configs.EMPTY
    for index, more in enumerate(loaded):
        try:
            config = configs.merge_configs(config, more)
        except KmanifestError as error:
            raise scope.located(error, (name, index)) from error
    return config


def _load_configs(
    scope: KustomizationScope, name: str, load: Callable[[bytes], TransformerConfig]
) -> list[TransformerConfig]:
    loaded = []
    for index, path in enumerate(scope.kustomization.get(name)):
        try:
            loaded.append(_load_file(scope.ctx, path, load))
        except KmanifestError as error:
            raise scope.located(error, (name, index)) from error
    return loaded


def _unused_configurations(
    scope: KustomizationScope, configurations: Sequence[TransformerConfig]
) -> tuple[UnusedConfiguration, ...]:
    return tuple(
        UnusedConfiguration(
            scope.kustomization.file, ("configurations", index), configs.types_in(config)
        )
        for index, config in enumerate(configurations)
    )


def _drop_used_configurations(accumulated: Accumulation) -> Accumulation:
    """Return `accumulated` without the configuration types that a resource now has."""
    if not accumulated.unused:
        return accumulated
    remaining = [
        configuration._replace(
            types=configs.types_without_resources(configuration.types, accumulated.resources)
        )
        for configuration in accumulated.unused
    ]
    return accumulated._replace(
        unused=tuple(configuration for configuration in remaining if configuration.types)
    )


def report_unused_configurations(ctx: Context, accumulated: Accumulation) -> None:
    """Report each configuration whose types no resource has, neither in its kustomization nor in an overlay."""
    for configuration in dict.fromkeys(accumulated.unused):
        _report_unused_configuration(ctx, configuration, accumulated.resources)


def _report_unused_configuration(
    ctx: Context, configuration: UnusedConfiguration, resources: ResourceMap
) -> None:
    kinds = [".".join(filter(None, reversed(gvk))) for gvk in configuration.types]
    ctx.report_no_effect(
        f"no resource is of the type {' or '.join(kinds)}",
        file=configuration.file,
        field=configuration.field,
        near=lambda: _near_kinds(configuration.types, resources),
    )


def _near_kinds(types: Sequence[configs.TypeKey], resources: ResourceMap) -> list[str]:
    kinds = {resource.kind for resource in resources}
    near = [name for gvk in types for name in near_names(gvk[2], kinds, most=1)]
    return list(dict.fromkeys(near))


def _load_file(
    ctx: Context, path: str, load: Callable[[bytes], TransformerConfig]
) -> TransformerConfig:
    file = ctx.find(path)
    try:
        return load(ctx.read_resolved(file))
    except KmanifestError as error:
        raise error.within(file=file) from error


# Steps


def _generate(scope: KustomizationScope, accumulated: Accumulation) -> Accumulation:
    ctx, kustomization, ancestors = scope
    resources = accumulated.resources
    plugin_configs = _plugin_configs(scope, "generators")
    planned = plan.generators(
        ctx, kustomization, plugin_configs, ancestors.origin_path, scope.namespace
    )
    for step, origin_path in planned:
        from kmanifest.engines.kustomize.generators import absorb  # many builds generate nothing

        plan.refuse_charts_unless_enabled(ctx, step)
        generated: Sequence[Resource] = steps.generate(ctx, step)
        if origin_path is not None:
            generated = [
                plan.with_generator_origin(resource, origin_path) for resource in generated
            ]
        try:
            merged = absorb(resources, generated, step.config.origin.file)
        except KmanifestError as error:
            file, document = step.config.origin.file, step.config.origin.document
            field = step.field or ("metadata", "name")
            raise error.within(file=file, field=field, document=document) from error
        _trace(ctx, step, resources, merged)
        resources = merged
        scope.check_object_count(len(resources), step.field)
    return accumulated._replace(resources=resources)


def _transform(scope: KustomizationScope, accumulated: Accumulation) -> Accumulation:
    ctx, kustomization, ancestors = scope
    resources = accumulated.resources
    plugin_configs = _plugin_configs(scope, "transformers")
    for step, origin_path in plan.transformers(
        ctx, kustomization, accumulated.config, plugin_configs, ancestors.origin_path
    ):
        if not step.plugin.name.startswith(steps.BUILTIN_PREFIX):
            resources = resources.map(resolved)
        resources = steps.transform(ctx, step, resources)
        if origin_path is not None:
            before, resources = resources, _with_step_annotations(resources, origin_path.text())
            _trace(ctx, step, before, resources)
    return accumulated._replace(resources=resources)


def _with_step_annotations(resources: ResourceMap, origin: str) -> ResourceMap:
    return resources.map(lambda resource: with_transformation_annotation(resource, origin))


def _validate(scope: KustomizationScope, accumulated: Accumulation) -> None:
    plugin_configs = _plugin_configs(scope, "validators")
    resources = accumulated.resources.map(resolved) if plugin_configs else accumulated.resources
    for step, _ in plan.configured_steps(scope.ctx, "validators", plugin_configs):
        steps.validate(scope.ctx, step, resources)


def _plugin_configs(scope: KustomizationScope, name: str) -> list[plan.PluginConfig]:
    """Return the objects of a list of plug-in configs, whose entries are inline YAML, files or directories."""
    entries = scope.kustomization.get(name)
    if not entries:
        return []
    inline: list[plan.PluginConfig] = []
    accumulator = ResourceAccumulator(
        scope._replace(ctx=scope.ctx._replace(on_change=None)), Accumulation()
    )
    for index, entry in enumerate(entries):
        parsed = _inline_configs(scope, entry, (name, index))
        if parsed is None:
            accumulator.add_entry(entry, (name, index))
        else:
            inline += [(config, (name, index)) for config in parsed]
    return [*inline, *((resolved(config), ()) for config in accumulator.result().resources)]


def _inline_configs(
    scope: KustomizationScope, entry: str, field: FieldPath
) -> list[Resource] | None:
    """Return the objects of an inline entry; None if the entry is a path."""
    if "\n" not in entry and ":" not in entry:
        return None
    ctx, kustomization, ancestors = scope
    try:
        parsed = resource_files.parse(ctx, entry.encode(), "")
    except (SourceError, RenderError) as error:
        if "\n" not in entry:
            return None
        # A line number of the inline YAML is not a line number of the file.
        without_line = error.at(error.location._replace(line=0, column=0))
        raise scope.located(without_line, field) from error
    if ancestors.origin_path is not None:
        origin = ancestors.origin_path.child(kustomization.file.rpartition("/")[2]).text()
        parsed = [with_origin_annotation(config, origin) for config in parsed]
    return [config.with_origin(Origin(kustomization.file)) for config in parsed]


def _add_vars(scope: KustomizationScope, accumulated: Accumulation) -> Accumulation:
    declared = scope.kustomization.get("vars")
    if not declared:
        return accumulated
    from kmanifest.engines.kustomize.vars import merge_vars  # vars are rare

    try:
        vars_, resources = merge_vars(
            accumulated.vars, declared, accumulated.resources, file=scope.kustomization.file
        )
    except KmanifestError as error:
        raise scope.located(error, ("vars",)) from error
    return accumulated._replace(vars=vars_, resources=resources)
