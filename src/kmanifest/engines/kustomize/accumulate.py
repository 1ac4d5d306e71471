"""One kustomization with all that it names: the order of the reference, as a straight function.

A directory gives an `Accumulated`, which its parent merges; a component works on what its parent has gathered so far.
What the entries of `resources` give is put into one list first and made a map once, so the cost grows with the number
of objects and not with its square.
Source: kustomize v5.8.2 api/internal/target/kusttarget.go, accumulateTarget and accumulateResources.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kmanifest import yaml
from kmanifest.engines.kustomize import config as configs
from kmanifest.engines.kustomize import plan
from kmanifest.engines.kustomize import resource_files as loading
from kmanifest.engines.kustomize.annotations import annotated_with_origin, annotated_with_step
from kmanifest.engines.kustomize.base_cache import Building, find_built
from kmanifest.engines.kustomize.config import TransformerConfig
from kmanifest.engines.kustomize.kustomization import Kustomization, load_kustomization
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.engines.kustomize.origins import Trail
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
from kmanifest.pipeline.remote_bases import find_fetcher, find_repository
from kmanifest.pipeline.steps import Step
from kmanifest.schema import Schema
from kmanifest.startup.typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.vars import Var

MOST_FOR_FIRST: Final = 5.0  # seconds after which a URL that failed is not tried in another way


class Unused(NamedTuple):
    """A file of `configurations`, by its place in a kustomization, and the types in it that no resource has been of."""

    file: str
    field: FieldPath
    types: tuple[configs.Type, ...]


class Accumulated(NamedTuple):
    """What has been gathered: resources, the fields that transformers change, vars, and the schema if anyone set it.

    `unused` goes up with the config, as what is for no resource of a base may be for one of an overlay.
    """

    resources: ResourceMap = ResourceMap()
    config: TransformerConfig = configs.EMPTY
    vars: "tuple[Var, ...]" = ()
    schema: Schema | None = None
    unused: tuple[Unused, ...] = ()


class Place(NamedTuple):
    """Where in the build a kustomization stands: the directories above it, and the origin its objects are given.

    `urls` are the entries by which remote ones of them, or this one, were named. `namespace` is that of the nearest
    kustomization above that sets one, if charts are rendered, which are told it.
    """

    above: tuple[str, ...] = ()
    trail: Trail | None = None
    urls: tuple[str, ...] = ()
    namespace: str = ""


class Site(NamedTuple):
    """One kustomization being accumulated: what it says, where it stands, and what it may use."""

    ctx: Context
    kustomization: Kustomization
    place: Place

    def check_number(self, number: int, field: FieldPath) -> None:
        """LimitError where `number` objects are more than there may be; `field` brought the last of them."""
        most = self.ctx.options.limits.max_objects
        if number > most:
            raise self.placed(LimitError(f"more than {most} objects (max_objects)"), field)

    def below(self, path: str) -> Place:
        """The place of a base or component that this kustomization names as `path`."""
        trail = self.place.trail
        above = (*self.place.above, self.kustomization.directory)
        into = trail.into(path) if trail is not None else None
        return Place(above, into, self.place.urls, self.namespace)

    @property
    def namespace(self) -> str:
        """The namespace that charts are told here and below."""
        if not self.ctx.engine_options(KustomizeOptions).enable_helm:
            return ""
        own: str = self.kustomization.get("namespace", "")
        return own or self.place.namespace

    def placed(self, error: KmanifestError, field: FieldPath) -> KmanifestError:
        """The error at a field of the kustomization, unless it is placed in a file already."""
        if error.location.file:
            return error
        return error.within(file=self.kustomization.file, field=field)


def accumulate(
    ctx: Context, kustomization: Kustomization, place: Place, got: Accumulated
) -> Accumulated:
    """`got` and all that a kustomization makes, with its transformers run and its validators asked."""
    site = Site(_inside(ctx, kustomization, got), kustomization, place)
    gathered = Gathering(site, got)
    for index, path in enumerate(kustomization.get("resources")):
        gathered.add_entry(path, kustomization.path_of("resources", index))
    got = gathered.accumulated()
    own = _configs_in_files(
        site, "configurations", lambda content: configs.load_config(content, ctx.options.limits)
    )
    got = got._replace(
        config=_merged_config(site, got.config, own), unused=(*got.unused, *_unused_in(site, own))
    )
    got = _generate(site, got)
    for index, path in enumerate(kustomization.get("components")):
        got = _add_component(site, got, path, ("components", index))
    site = site._replace(ctx=_inside(ctx, kustomization, got))
    got = _transform(site, _still_unused(got))
    _validate(site, got)
    return _add_vars(site, got)


def set_schema(ctx: Context, kustomization: Kustomization, got: Accumulated) -> Accumulated:
    """`got` with the schema that this kustomization asks for, unless one was asked for before.

    The first to ask wins, the outermost kustomization first. Source: kyaml v0.21.2 openapi/openapi.go, SetSchema.
    """
    wanted: Mapping[str, str] = kustomization.get("openapi", {})
    if got.schema is not None or not wanted:
        return got
    try:
        schema = _wanted_schema(ctx._replace(directory=kustomization.directory), wanted)
    except KmanifestError as error:
        raise error.within(file=kustomization.file, field=("openapi",)) from error
    return got if schema is None else got._replace(schema=schema)


def _wanted_schema(ctx: Context, wanted: Mapping[str, str]) -> Schema | None:
    path, version = wanted.get("path"), wanted.get("version", "")
    if path is not None and "version" in wanted:
        raise SourceError("a version and a path can't both be given")
    if version not in ("", "v1.21.2"):
        message = "the specified OpenAPI version is not built in; there is v1.21.2"
        raise SourceError(message).within(field=("version",))
    if path is None:
        return ctx.schema if version else None
    try:
        file = loading.find(ctx, path)
    except KmanifestError as error:
        raise error.within(field=("path",)) from error
    try:
        document = yaml.load_values(ctx.read_resolved(file), limits=ctx.options.limits)
        return Schema.from_document(as_mapping(document))
    except KmanifestError as error:
        raise error.within(file=file) from error


def _inside(ctx: Context, kustomization: Kustomization, got: Accumulated) -> Context:
    return ctx._replace(directory=kustomization.directory, schema=got.schema or ctx.schema)


# Resources


class Gathering:
    """What the entries of a list of resources give, in their order, until it is made one `Accumulated`."""

    def __init__(self, site: Site, got: Accumulated) -> None:
        self._site = site
        self._got = got
        self._resources: list[Resource] = []
        self._loaded: list[Resource] = []
        self._entries: list[tuple[int, str, FieldPath]] = []

    def accumulated(self) -> Accumulated:
        """Everything as one; RenderError where two objects have the same id."""
        before = self._got.resources
        try:
            resources = before.append(self._resources)
        except KmanifestError as error:
            raise self._at_second(error) from error
        # What a base gives was reported where it was loaded.
        loaded = ResourceMap(self._loaded)
        _trace(self._site.ctx, steps.Step(plan.LOAD, Resource({})), ResourceMap(), loaded)
        return self._got._replace(resources=resources)

    def add_entry(self, path: str, field: FieldPath) -> None:
        """Add a file, or a directory with all that it builds."""
        before = len(self._resources)
        if is_file_url(path):
            kind = self._add_url(path, field)
        else:
            kind = _kind_of(self._site, path, field)
            self._add_as(kind, path, field)
        self._entries.append((before, kind, field))
        self._site.check_number(len(self._got.resources) + len(self._resources), field)

    def _at_second(self, error: KmanifestError) -> KmanifestError:
        """An error of two objects with one id, in the file of the second, or where the base that brings it is named."""
        before = len(self._got.resources)
        every = ResourceMap((*self._got.resources, *self._resources))
        all_places = (every.indexes_by_current_id(resource.key) for resource in self._resources)
        second = next(places[1] for places in all_places if len(places) > 1) - before
        kind, field = next(entry[1:] for entry in reversed(self._entries) if entry[0] <= second)
        if kind == "dir":
            return error.at(Location(self._site.kustomization.file, field=field))
        return error.within(field=("metadata", "name"))

    def _add_file(self, path: str, field: FieldPath) -> None:
        trail = self._site.place.trail
        try:
            added = loading.read(self._site.ctx, path)
        except KmanifestError as error:
            raise self._site.placed(error, field) from error
        if trail is not None:
            origin = trail.into(path).text()
            added = [annotated_with_origin(resource, origin) for resource in added]
        self._loaded += added
        self._resources += added

    def _add_url(self, url: str, field: FieldPath) -> str:
        """Add the file or the repository at a URL: what it looks like is tried first. Gives which of them it was."""
        from kmanifest.io.remote.urls import has_repository_marker  # few entries are URLs

        first, second = ("dir", "file") if has_repository_marker(url) else ("file", "dir")
        began = self._site.ctx.clock()
        try:
            self._add_as(first, url, field)
        except (FetchError, SourceError) as error:
            took = self._site.ctx.clock() - began
            is_over = took > MOST_FOR_FIRST or find_repository(url) is None
            if is_over or not self._is_no(first, url, error):
                raise
            try:
                self._add_as(second, url, field)
            except FetchError:
                raise error from None
            return second
        return first

    def _is_no(self, kind: str, url: str, error: KmanifestError) -> bool:
        """Whether an error says that there is no such thing at a URL, and not what is wrong in or behind it."""
        ctx, kustomization, _ = self._site
        file = error.location.file
        if isinstance(error, FetchError):
            return file == kustomization.file
        return kind == "file" and file not in ("", kustomization.file) and file == ctx.locate(url)

    def _add_as(self, kind: str, path: str, field: FieldPath) -> None:
        if kind == "dir":
            self._add_base(path, field)
        else:
            self._add_file(path, field)

    def _add_base(self, path: str, field: FieldPath) -> None:
        kustomization = self._site.kustomization
        site = self._site
        try:
            ctx, directory, below = _base(site, path)
            key = ("base", directory, self._got.schema, below.trail, below.namespace)
            built: Accumulated | None = find_built(ctx, key, below.above)
            if built is None:
                with Building(ctx, key, directory) as building:
                    child = _load_child(building.ctx, directory, path, "Kustomization")
                    inherited = set_schema(
                        building.ctx, child, Accumulated(schema=self._got.schema)
                    )
                    built = accumulate(building.ctx, child, below, inherited)
                    building.keep(built)
            self._merge(built)
        except KmanifestError as error:
            above = kustomization.directory or "."
            raise site.placed(error, field).within(directory=above) from error

    def _merge(self, child: Accumulated) -> None:
        got = self._got
        self._resources += child.resources
        self._got = got._replace(
            config=configs.merge_configs(got.config, child.config),
            vars=_joined_vars(got.vars, child.vars),
            schema=child.schema or got.schema,
            unused=(*got.unused, *child.unused),
        )


def _joined_vars(known: "tuple[Var, ...]", more: "tuple[Var, ...]") -> "tuple[Var, ...]":
    if not more:
        return known
    from kmanifest.engines.kustomize.vars import join_vars  # vars are deprecated and rare

    return join_vars(known, more)


def _add_component(site: Site, got: Accumulated, path: str, field: FieldPath) -> Accumulated:
    try:
        ctx, directory, below = _base(site, path)
        child = _load_child(ctx, directory, path, "Component")
        inherited = set_schema(ctx, child, got)
        return accumulate(ctx, child, below, inherited)
    except KmanifestError as error:
        above = site.kustomization.directory or "."
        raise site.placed(error, field).within(directory=above) from error


def _trace(ctx: Context, step: Step, before: ResourceMap, after: ResourceMap) -> None:
    if ctx.on_change is not None:
        steps.report_changes(ctx, step, before, after)


def _kind_of(site: Site, path: str, field: FieldPath) -> str:
    """`file` or `dir`; an error where there is neither, which names the nearest entries of the directory."""
    ctx = site.ctx
    try:
        full = trees.join(ctx.directory, path)
        kind = ctx.tree.kind(full)
        if kind is None and _is_remote(ctx, path):
            return "dir"
        kind = kind or ctx.tree.kind(ctx.tree.resolve(full))
        if kind is None:
            raise SourceError(f"{path!r} is neither a file nor a directory")
    except MissingError as error:
        near = loading.near_paths(ctx, path)
        raise site.placed(MissingError(error.message, near=near), field) from error
    except KmanifestError as error:
        raise site.placed(error, field) from error
    return kind


def _is_remote(ctx: Context, path: str) -> bool:
    return find_repository(path) is not None or find_fetcher(ctx, path) is not None


def _load_child(ctx: Context, directory: str, path: str, kind: str) -> Kustomization:
    child = load_kustomization(ctx, directory)
    if child.kind != kind:
        rule = (
            "expected a Component" if kind == "Component" else "a Component goes under components"
        )
        raise SourceError(f"{rule}: {path!r} is a {child.kind}")
    return child


def _base(site: Site, path: str) -> tuple[Context, str, Place]:
    """The directory that an entry names, the context in which it is built, and its place."""
    from kmanifest.engines.kustomize.roots import enter_root  # for builds with bases

    place = site.place
    ctx, directory, is_remote = enter_root(site.ctx, path, place.above, place.urls)
    below = site.below(path)
    return ctx, directory, below._replace(urls=(*below.urls, path)) if is_remote else below


# Configuration


def _merged_config(
    site: Site, config: TransformerConfig, own: Sequence[TransformerConfig]
) -> TransformerConfig:
    """The config with the defaults, the kustomization's own `configurations`, and what its `crds` say."""
    merged = _merged_files(site, "configurations", own)
    config = configs.merge_configs(config, configs.merge_configs(configs.DEFAULT, merged))
    if not site.kustomization.get("crds"):
        return config
    from kmanifest.engines.kustomize.crds import config_from_crds  # few have it

    limits = site.ctx.options.limits
    more = _configs_in_files(site, "crds", lambda content: config_from_crds(content, limits))
    return configs.merge_configs(config, _merged_files(site, "crds", more))


def _merged_files(site: Site, name: str, found: Sequence[TransformerConfig]) -> TransformerConfig:
    config = configs.EMPTY
    for index, more in enumerate(found):
        try:
            config = configs.merge_configs(config, more)
        except KmanifestError as error:
            raise site.placed(error, (name, index)) from error
    return config


def _configs_in_files(
    site: Site, name: str, load: Callable[[bytes], TransformerConfig]
) -> list[TransformerConfig]:
    found = []
    for index, path in enumerate(site.kustomization.get(name)):
        try:
            found.append(_in_file(site.ctx, path, load))
        except KmanifestError as error:
            raise site.placed(error, (name, index)) from error
    return found


def _unused_in(site: Site, own: Sequence[TransformerConfig]) -> tuple[Unused, ...]:
    return tuple(
        Unused(site.kustomization.file, ("configurations", index), configs.types_in(config))
        for index, config in enumerate(own)
    )


def _still_unused(got: Accumulated) -> Accumulated:
    """`got`, where types of `configurations` are no longer unused once a resource is one of them."""
    if not got.unused:
        return got
    rest = [
        one._replace(types=configs.types_without(one.types, got.resources)) for one in got.unused
    ]
    return got._replace(unused=tuple(one for one in rest if one.types))


def note_unused(ctx: Context, got: Accumulated) -> None:
    """Report the `configurations` that were for no resource, neither where they are named nor above."""
    for one in dict.fromkeys(got.unused):
        kinds = [".".join(filter(None, reversed(gvk))) for gvk in one.types]
        ctx.report_no_effect(
            f"no resource is of the type {' or '.join(kinds)}",
            file=one.file,
            field=one.field,
            near=partial(_near_kinds, one.types, got.resources),
        )


def _near_kinds(types: Sequence[configs.Type], resources: ResourceMap) -> list[str]:
    kinds = {resource.kind for resource in resources}
    near = [name for gvk in types for name in near_names(gvk[2], kinds, most=1)]
    return list(dict.fromkeys(near))


def _in_file(
    ctx: Context, path: str, load: Callable[[bytes], TransformerConfig]
) -> TransformerConfig:
    file = loading.find(ctx, path)
    try:
        return load(ctx.read_resolved(file))
    except KmanifestError as error:
        raise error.within(file=file) from error


# Steps


def _generate(site: Site, got: Accumulated) -> Accumulated:
    ctx, kustomization, place = site
    resources = got.resources
    configured = _plugin_configs(site, "generators")
    steps_of_all = plan.generators(ctx, kustomization, configured, place.trail, site.namespace)
    for step, trail in steps_of_all:
        from kmanifest.engines.kustomize.generators import absorb  # many builds generate nothing

        plan.refuse_charts_unless_enabled(ctx, step)
        made: Sequence[Resource] = steps.generate(ctx, step)
        if trail is not None:
            made = [plan.with_generated_origin(resource, trail) for resource in made]
        try:
            after = absorb(resources, made, step.config.origin.file)
        except KmanifestError as error:
            file, document = step.config.origin.file, step.config.origin.document
            field = step.field or ("metadata", "name")
            raise error.within(file=file, field=field, document=document) from error
        _trace(ctx, step, resources, after)
        resources = after
        site.check_number(len(resources), step.field)
    return got._replace(resources=resources)


def _transform(site: Site, got: Accumulated) -> Accumulated:
    ctx, kustomization, place = site
    resources = got.resources
    configured = _plugin_configs(site, "transformers")
    for step, trail in plan.transformers(ctx, kustomization, got.config, configured, place.trail):
        resources = steps.transform(ctx, step, resources)
        if trail is not None:
            before, resources = resources, _annotated(resources, trail.text())
            _trace(ctx, step, before, resources)
    return got._replace(resources=resources)


def _annotated(resources: ResourceMap, trail: str) -> ResourceMap:
    return resources.map(lambda resource: annotated_with_step(resource, trail))


def _validate(site: Site, got: Accumulated) -> None:
    for step, _ in plan.listed(site.ctx, "validators", _plugin_configs(site, "validators")):
        steps.validate(site.ctx, step, got.resources)


def _plugin_configs(site: Site, name: str) -> list[plan.Configured]:
    """The objects that a list of plug-in configs names: texts in the list, files, or directories to be built."""
    entries = site.kustomization.get(name)
    if not entries:
        return []
    inline: list[plan.Configured] = []
    rest = Gathering(site._replace(ctx=site.ctx._replace(on_change=None)), Accumulated())
    for index, entry in enumerate(entries):
        found = _inline_configs(site, entry, (name, index))
        if found is None:
            rest.add_entry(entry, (name, index))
        else:
            inline += [(config, (name, index)) for config in found]
    return [*inline, *((config, ()) for config in rest.accumulated().resources)]


def _inline_configs(site: Site, entry: str, field: FieldPath) -> list[Resource] | None:
    """The objects that an entry is the text of; None where it is a path."""
    if "\n" not in entry and ":" not in entry:
        return None
    ctx, kustomization, place = site
    try:
        found = loading.parse(ctx, entry.encode(), "")
    except (SourceError, RenderError) as error:
        if "\n" not in entry:
            return None
        # A line of the text is no line of the file.
        here = error.at(error.location._replace(line=0, column=0))
        raise site.placed(here, field) from error
    if place.trail is not None:
        text = place.trail.into(kustomization.file.rpartition("/")[2]).text()
        found = [annotated_with_origin(config, text) for config in found]
    return [config.with_origin(Origin(kustomization.file)) for config in found]


def _add_vars(site: Site, got: Accumulated) -> Accumulated:
    written = site.kustomization.get("vars")
    if not written:
        return got
    from kmanifest.engines.kustomize.vars import merge_vars  # deprecated and rare

    try:
        vars_, resources = merge_vars(
            got.vars, written, got.resources, file=site.kustomization.file
        )
    except KmanifestError as error:
        raise site.placed(error, ("vars",)) from error
    return got._replace(vars=vars_, resources=resources)
