"""The one place where plug-ins run: ordering, tracing, locating and forbidding are each written once, here."""

from collections.abc import Iterable

from kmanifest.io import tree as trees
from kmanifest.model.errors import FieldPath, KmanifestError, LimitError, Location, PluginError
from kmanifest.model.resource import Lineage, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.remote_bases import enter_repository, find_repository
from kmanifest.pipeline.rendered import UNTOUCHED
from kmanifest.plugin import Context, Finding, Plugin, Rendered
from kmanifest.startup.typing import NamedTuple

VALIDATED_BY = "validated-by"
BUILT_IN = "builtin/"


class Step(NamedTuple):
    """A plug-in with the config it runs on.

    `field` is where that config stands in its file. Where a field of a kustomization is the whole config but for one
    name (`images.0` is what a config of its own has under `imageTag`), `holds` is that name.
    """

    plugin: Plugin
    config: Resource
    field: FieldPath = ()
    holds: str = ""


def render(ctx: Context, path: str) -> Rendered:
    """What the one engine that claims the directory at `path`, or the remote base that it names, makes of it."""
    repository = find_repository(path)
    if repository is not None:
        ctx, directory = enter_repository(ctx, repository)
    else:
        directory = _found(ctx, trees.join("", path))
    plugin = ctx.registry.renderer_for(ctx.tree, directory)
    rendered: Rendered = plugin.call(ctx, directory)
    return rendered


def _found(ctx: Context, path: str) -> str:
    try:
        return ctx.tree.resolve(path)
    except KmanifestError as error:
        raise error.within(file=path) from error


def generate(ctx: Context, step: Step) -> list[Resource]:
    """The resources that a generator makes."""
    with _Answering(step):
        _check_config(step)
        made = step.plugin.call(ctx, step.config)
        resources = list(made) if isinstance(made, Iterable) else [made]
    if not all(isinstance(resource, Resource) for resource in resources):
        raise _broken(step, "a generator gives resources")
    return [scoped(ctx, resource) for resource in resources]


def apply(ctx: Context, step: Step, resources: ResourceMap) -> ResourceMap:
    """The resources as a transformer leaves them, without those that it emptied; a validator's findings are reported.

    PluginError where a validator changed something (the label `validated-by` is let pass, as in kustomize).
    """
    if ctx.meter is not None:
        ctx.meter.check_time()
    if step.plugin.role == "validator":
        with _Answering(step):
            _check_config(step)
            for finding in step.plugin.call(ctx, step.config, resources):
                ctx.on_finding(finding)
        return resources
    with _Answering(step):
        _check_config(step)
        after = step.plugin.call(_noting(ctx, step), step.config, resources)
    if not isinstance(after, ResourceMap):
        raise _broken(step, "a transformer gives a ResourceMap")
    if _is_foreign(step.plugin):
        with _Answering(step):
            after = _told_apart(ctx, after)
    after = _checked(ctx, resources, after)
    trace(ctx, step, resources, after)
    return after


def _check_config(step: Step) -> None:
    if step.plugin.schema is not None:
        from kmanifest.schema.check import check_config  # for plug-ins that bring a schema

        check_config(step.config.body, step.plugin.schema)


def _checked(ctx: Context, before: ResourceMap, after: ResourceMap) -> ResourceMap:
    """What a step made, without what it emptied, and with the scope of what it brought."""
    changed = after.changed_since(before)
    after = after.without_empty(changed)
    if None in [resource.cluster_scoped for resource in changed]:
        after = after.map(lambda resource: scoped(ctx, resource))
    return after


def _told_apart(ctx: Context, resources: ResourceMap) -> ResourceMap:
    """What a plug-in made that is not ours: not too many resources, and none that is the changed copy of another."""
    most = ctx.options.limits.max_objects
    if len(resources) > most:
        raise LimitError(f"more than {most} objects (max_objects)")
    seen: set[Lineage] = set()
    copies = {}
    for place, resource in enumerate(resources):
        if resource.lineage in seen:
            copies[place] = resource.detached()
        seen.add(resource.lineage)
    return resources.replace(copies)


def check(ctx: Context, step: Step, resources: ResourceMap) -> None:
    """Run a plug-in that is listed as a validator, which may not change anything."""
    after = apply(ctx._replace(on_change=None), step, resources)
    if after is not resources and _without_mark(after) != _without_mark(resources):
        raise _broken(step, "validator shouldn't modify the resource map")


def trace(ctx: Context, step: Step, before: ResourceMap, after: ResourceMap) -> None:
    """Report each field that differs to `ctx.on_change`, if anyone wants to know."""
    if ctx.on_change is None or before is after:
        return
    from kmanifest.model.trace import Cause, changes  # for traced builds only

    for change in changes(
        before, after, Cause(step.plugin.name, step.config.origin.file, step.field)
    ):
        ctx.on_change(change)


def scoped(ctx: Context, resource: Resource) -> Resource:
    """The resource, knowing whether its type lives in a namespace."""
    if resource.cluster_scoped is not None:
        return resource
    return resource.with_scope(
        cluster_scoped=ctx.schema.is_cluster_scoped(resource.api_version, resource.kind)
    )


class _Answering:
    """What goes wrong inside is an error in the config of the step; in a plug-in that is not ours, whatever it raises.

    A class, because `contextlib` takes half a millisecond to import.
    """

    __slots__ = ("_step",)

    def __init__(self, step: Step) -> None:
        self._step = step

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, KmanifestError):
            raise _placed(error, self._step) from error
        if not isinstance(error, Exception) or isinstance(error, MemoryError):
            return
        plugin = self._step.plugin
        if _is_foreign(plugin):
            lines = str(error).splitlines()[:1]
            message = ": ".join([plugin.name, type(error).__name__, *lines])
            raise _placed(PluginError(message), self._step) from error


def _is_foreign(plugin: Plugin) -> bool:
    return not plugin.name.startswith(BUILT_IN)


def _placed(error: KmanifestError, step: Step) -> KmanifestError:
    """The error in the file of the config, unless it knows that it is about another file."""
    return error if error.location.file else error.at(_in_config(error.location, step))


def _noting(ctx: Context, step: Step) -> Context:
    """The context, in which what touches nothing is placed in the file of the config as an error is."""

    def note(finding: Finding) -> None:
        location = finding.location
        if finding.code == UNTOUCHED and not location.file:
            finding = finding._replace(location=_in_config(location, step))
        ctx.on_finding(finding)

    return ctx._replace(on_finding=note)


def _in_config(location: Location, step: Step) -> Location:
    """A place in a config as a place in the file that holds it."""
    field = (
        location.field[1:] if step.holds and location.field[:1] == (step.holds,) else location.field
    )
    origin = step.config.origin
    return location._replace(
        file=origin.file, field=(*step.field, *field), document=origin.document
    )


def _broken(step: Step, rule: str) -> PluginError:
    return PluginError(f"{step.plugin.name}: {rule}").within(
        file=step.config.origin.file, field=step.field
    )


def _without_mark(resources: ResourceMap) -> list[tuple[object, ...]]:
    return [
        (resource.key, resource.put(("metadata", "labels"), _labels(resource)).body)
        for resource in resources
    ]


def _labels(resource: Resource) -> dict[str, str]:
    return {name: value for name, value in resource.labels.items() if name != VALIDATED_BY}
