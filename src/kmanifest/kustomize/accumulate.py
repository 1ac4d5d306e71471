"""One kustomization with all that it names: the order of the reference, as a straight function.

A directory gives an `Accumulated`, which its parent merges; a component works on what its parent has gathered so far.
Source: kustomize v5.8.2 api/internal/target/kusttarget.go, accumulateTarget and accumulateResources.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from kmanifest import step as steps
from kmanifest import tree as trees
from kmanifest import yaml
from kmanifest.errors import KmanifestError, LimitError, MissingError, RenderError, SourceError, near_names
from kmanifest.kustomize import config as configs
from kmanifest.kustomize import loading, plan
from kmanifest.kustomize.annotations import annotated_with_origin, annotated_with_step
from kmanifest.kustomize.bases import Building, find_built
from kmanifest.kustomize.config import TransformerConfig
from kmanifest.kustomize.kustomization import Kustomization, load_kustomization
from kmanifest.kustomize.origins import Trail
from kmanifest.plugin import Context
from kmanifest.resource import Origin, Resource
from kmanifest.resourcemap import ResourceMap
from kmanifest.schema import Schema
from kmanifest.step import Step

if TYPE_CHECKING:
    from kmanifest.kustomize.vars import Var

MAX_NESTING: Final = 200


class Accumulated(NamedTuple):
    """What has been gathered: resources, the fields that transformers change, vars, and the schema if anyone set it."""

    resources: ResourceMap = ResourceMap()
    config: TransformerConfig = TransformerConfig()
    vars: "tuple[Var, ...]" = ()
    schema: Schema | None = None


class Place(NamedTuple):
    """Where in the build a kustomization stands: the directories above it, and the origin its objects are given."""

    above: tuple[str, ...] = ()
    trail: Trail | None = None

    def below(self, directory: str, path: str) -> "Place":
        """The place of a base or component that `directory` names as `path`."""
        return Place((*self.above, directory), self.trail.into(path) if self.trail is not None else None)


def accumulate(ctx: Context, kustomization: Kustomization, place: Place, got: Accumulated) -> Accumulated:
    """`got` and all that a kustomization makes, with its transformers run and its validators asked."""
    ctx = _inside(ctx, kustomization, got)
    for index, path in enumerate(kustomization.get("resources")):
        got = _add_entry(ctx, kustomization, place, got, path, kustomization.path_of("resources", index))
    got = got._replace(config=_merged_config(ctx, kustomization, got.config))
    got = _generate(ctx, kustomization, place, got)
    for index, path in enumerate(kustomization.get("components")):
        with_field = ("components", index)
        got = _add_directory(ctx, kustomization, place, got, path, with_field, kind="Component")
    ctx = _inside(ctx, kustomization, got)
    got = _transform(ctx, kustomization, place, got)
    _validate(ctx, kustomization, place, got)
    return _add_vars(kustomization, got)


def set_schema(ctx: Context, kustomization: Kustomization, got: Accumulated) -> Accumulated:
    """`got` with the schema that this kustomization asks for, unless one was asked for before.

    The first to ask wins, the outermost kustomization first. Source: kyaml v0.21.2 openapi/openapi.go, SetSchema.
    """
    wanted: Mapping[str, str] = kustomization.get("openapi", {})
    if got.schema is not None or not wanted:
        return got
    if "path" in wanted and "version" in wanted:
        raise _at(kustomization, SourceError("a version and a path can't both be given"), ("openapi",))
    if "version" in wanted:
        if wanted["version"] not in ("", "v1.21.2"):
            error = SourceError("the specified OpenAPI version is not built in; there is v1.21.2")
            raise _at(kustomization, error, ("openapi", "version"))
        return got._replace(schema=ctx.schema) if wanted["version"] else got
    if "path" not in wanted:
        return got
    try:
        document = yaml.load_values(ctx._replace(directory=kustomization.directory).read(wanted["path"]))
        return got._replace(schema=Schema.from_document(document))  # type: ignore[arg-type]  # it checks the shape
    except KmanifestError as error:
        raise _at(kustomization, error, ("openapi", "path")) from error


def _inside(ctx: Context, kustomization: Kustomization, got: Accumulated) -> Context:
    return ctx._replace(directory=kustomization.directory, schema=got.schema or ctx.schema)


def _at(kustomization: Kustomization, error: KmanifestError, field: tuple[str | int, ...]) -> KmanifestError:
    """The error, placed at a field of the kustomization if it is not placed in another file already."""
    if error.location.file:
        return error
    return error.within(file=kustomization.file, field=field)


# Resources


def _add_entry(
    ctx: Context,
    kustomization: Kustomization,
    place: Place,
    got: Accumulated,
    path: str,
    field: tuple[str | int, ...],
) -> Accumulated:
    if _kind_of(ctx, kustomization, path, field) == "dir":
        return _add_directory(ctx, kustomization, place, got, path, field, kind="Kustomization")
    try:
        added = loading.read(ctx, path)
        if place.trail is not None:
            origin = place.trail.into(path).text()
            added = [annotated_with_origin(resource, origin) for resource in added]
        resources = got.resources.append(added)
    except KmanifestError as error:
        raise _at(kustomization, error, field) from error
    _trace(ctx, steps.Step(plan.LOAD, Resource({}), field), got.resources, resources)
    return got._replace(resources=resources)


def _trace(ctx: Context, step: Step, before: ResourceMap, after: ResourceMap) -> None:
    if ctx.on_change is not None:
        steps.trace(ctx, step, before, after)


def _kind_of(ctx: Context, kustomization: Kustomization, path: str, field: tuple[str | int, ...]) -> str:
    """`file` or `dir`; an error where there is neither, which names the nearest entries of the directory."""
    try:
        if is_remote(path):
            raise SourceError(f"remote resources are not supported yet: {path!r}")
        full = trees.join(ctx.directory, path)
        kind = ctx.tree.kind(full) or ctx.tree.kind(ctx.tree.resolve(full))
        if kind is None:
            raise SourceError(f"{path!r} is neither a file nor a directory")
    except MissingError as error:
        near = near_names(path, _neighbours(ctx, path))
        raise _at(kustomization, MissingError(error.message, near=near), field) from error
    except KmanifestError as error:
        raise _at(kustomization, error, field) from error
    return kind


def _neighbours(ctx: Context, path: str) -> list[str]:
    head, _, _ = path.rpartition("/")
    try:
        directory = ctx.tree.resolve(trees.join(ctx.directory, head or "."))
        return [f"{head}/{name}" if head else name for name in ctx.tree.list(directory)]
    except KmanifestError:
        return []


def is_remote(path: str) -> bool:
    """True for what kustomize would fetch: a URL, an scp-like address, or a host with a repository.

    Source: kustomize v5.8.2 api/internal/git/repospec.go.
    """
    if "\n" in path:
        return False
    return (
        "://" in path
        or path.startswith(("git::", "git@", "github.com/", "github.com:", "gh:"))
        or "?ref=" in path
        or ".git/" in path
        or path.endswith(".git")
    )


def _add_directory(  # noqa: PLR0913 - where from, where to, and what
    ctx: Context,
    kustomization: Kustomization,
    place: Place,
    got: Accumulated,
    path: str,
    field: tuple[str | int, ...],
    *,
    kind: str,
) -> Accumulated:
    try:
        directory = _directory(ctx, kustomization, place, path)
        below = place.below(kustomization.directory, path)
        if kind == "Component":
            child = _load_child(ctx, directory, path, kind)
            return accumulate(ctx, child, below, set_schema(ctx, child, got))
        key = ("base", directory, got.schema, below.trail)
        built: Accumulated | None = find_built(ctx, key, below.above)
        if built is None:
            with Building(ctx, key, directory) as building:
                child = _load_child(building.ctx, directory, path, kind)
                inherited = set_schema(building.ctx, child, Accumulated(schema=got.schema))
                built = accumulate(building.ctx, child, below, inherited)
                building.keep(built)
        merged = _merge(got, built)
    except KmanifestError as error:
        raise _at(kustomization, error, field).within(directory=kustomization.directory or ".") from error
    limit = ctx.options.limits.max_objects
    if len(merged.resources) > limit:
        raise _at(kustomization, LimitError(f"more than {limit} objects (max_objects)"), field)
    return merged


def _load_child(ctx: Context, directory: str, path: str, kind: str) -> Kustomization:
    child = load_kustomization(ctx, directory)
    if child.kind != kind:
        verb = "expected a Component" if kind == "Component" else "a Component goes under components"
        raise SourceError(f"{verb}: {path!r} is a {child.kind}")
    return child


def _directory(ctx: Context, kustomization: Kustomization, place: Place, path: str) -> str:
    if not path:
        raise SourceError("new root cannot be empty")
    if path.startswith("/"):
        raise SourceError(f"new root {path!r} cannot be absolute")
    if any(".." in part and part != ".." for part in path.split("/")):
        raise SourceError(f"path {path!r} is ambiguous; check for YAML indentation errors")
    directory = ctx.tree.resolve(trees.join(ctx.directory, path))
    if ctx.tree.kind(directory) != "dir":
        raise SourceError(f"{path!r} must be a directory")
    for visited in (kustomization.directory, *place.above):
        if trees.is_below(visited, directory):
            raise SourceError(f"cycle detected: {path!r} contains the directory {visited!r}, which is being built")
    if len(place.above) >= MAX_NESTING:
        raise LimitError(f"more than {MAX_NESTING} kustomizations inside one another")
    return directory


def _merge(got: Accumulated, child: Accumulated) -> Accumulated:
    vars_ = got.vars
    if child.vars:
        from kmanifest.kustomize.vars import join_vars  # noqa: PLC0415 - vars are deprecated and rare

        vars_ = join_vars(got.vars, child.vars)
    return Accumulated(
        got.resources.append(child.resources),
        configs.merge_configs(got.config, child.config),
        vars_,
        child.schema or got.schema,
    )


# Configuration


def _merged_config(ctx: Context, kustomization: Kustomization, config: TransformerConfig) -> TransformerConfig:
    limits = ctx.options.limits
    own = _config_in_files(ctx, kustomization, "configurations", lambda content: configs.load_config(content, limits))
    config = configs.merge_configs(config, configs.merge_configs(configs.DEFAULT, own))
    if not kustomization.get("crds"):
        return config
    from kmanifest.kustomize.crds import config_from_crds  # noqa: PLC0415 - few have it

    more = _config_in_files(ctx, kustomization, "crds", lambda content: config_from_crds(content, limits))
    return configs.merge_configs(config, more)


def _config_in_files(
    ctx: Context, kustomization: Kustomization, name: str, load: Callable[[bytes], TransformerConfig]
) -> TransformerConfig:
    config = TransformerConfig()
    for index, path in enumerate(kustomization.get(name)):
        try:
            config = configs.merge_configs(config, _in_file(ctx, path, load))
        except KmanifestError as error:
            raise _at(kustomization, error, (name, index)) from error
    return config


def _in_file(ctx: Context, path: str, load: Callable[[bytes], TransformerConfig]) -> TransformerConfig:
    file = ctx.locate(path)
    try:
        return load(ctx.read_resolved(file))
    except KmanifestError as error:
        raise error.within(file=file) from error


# Steps


def _generate(ctx: Context, kustomization: Kustomization, place: Place, got: Accumulated) -> Accumulated:
    resources = got.resources
    configured = _plugin_configs(ctx, kustomization, place, "generators")
    for step, trail in plan.generators(ctx, kustomization, configured, place.trail):
        from kmanifest.kustomize.generators import absorb  # noqa: PLC0415 - many builds generate nothing

        made: Sequence[Resource] = steps.generate(ctx, step)
        if trail is not None:
            made = [plan.with_generated_origin(resource, trail) for resource in made]
        try:
            after = absorb(resources, made)
        except KmanifestError as error:
            raise _at(kustomization, error, step.field) from error
        _trace(ctx, step, resources, after)
        resources = after
    return got._replace(resources=resources)


def _transform(ctx: Context, kustomization: Kustomization, place: Place, got: Accumulated) -> Accumulated:
    resources = got.resources
    configured = _plugin_configs(ctx, kustomization, place, "transformers")
    for step, trail in plan.transformers(ctx, kustomization, got.config, configured, place.trail):
        resources = steps.apply(ctx, step, resources)
        if trail is not None:
            text = trail.text()
            resources = resources.map(lambda resource, text=text: annotated_with_step(resource, text))  # type: ignore[misc]  # bound now
    return got._replace(resources=resources)


def _validate(ctx: Context, kustomization: Kustomization, place: Place, got: Accumulated) -> None:
    for step, _ in plan.listed(ctx, "validators", _plugin_configs(ctx, kustomization, place, "validators")):
        steps.check(ctx, step, got.resources)


def _plugin_configs(ctx: Context, kustomization: Kustomization, place: Place, name: str) -> list[plan.Configured]:
    """The objects that a list of plug-in configs names: texts in the list, files, or directories to be built."""
    inline: list[plan.Configured] = []
    rest = Accumulated()
    quiet = ctx._replace(on_change=None)
    for index, entry in enumerate(kustomization.get(name)):
        found = _inline_configs(ctx, kustomization, place, entry, (name, index))
        if found is None:
            rest = _add_entry(quiet, kustomization, place, rest, entry, (name, index))
        else:
            inline += [(config, (name, index)) for config in found]
    return [*inline, *((config, ()) for config in rest.resources)]


def _inline_configs(
    ctx: Context, kustomization: Kustomization, place: Place, entry: str, field: tuple[str | int, ...]
) -> list[Resource] | None:
    """The objects that an entry is the text of; None where it is a path."""
    if "\n" not in entry and ":" not in entry:
        return None
    try:
        found = loading.parse(ctx, entry.encode(), "")
    except (SourceError, RenderError) as error:
        if "\n" in entry:
            raise _at(kustomization, error.at(error.location._replace(line=0, column=0)), field) from error
        return None
    if place.trail is not None:
        text = place.trail.into(kustomization.file.rpartition("/")[2]).text()
        found = [annotated_with_origin(config, text) for config in found]
    return [config.with_origin(Origin(kustomization.file)) for config in found]


def _add_vars(kustomization: Kustomization, got: Accumulated) -> Accumulated:
    if not kustomization.get("vars"):
        return got
    from kmanifest.kustomize.vars import merge_vars  # noqa: PLC0415 - deprecated and rare

    try:
        vars_, resources = merge_vars(got.vars, kustomization.get("vars"), got.resources)
    except KmanifestError as error:
        raise _at(kustomization, error, ("vars",)) from error
    return got._replace(vars=vars_, resources=resources)
