"""Run plug-ins: the only module that calls them.

Every render, generator, transformer and validator runs through here, so error locations, tracing, limits and the rules
for third-party plug-ins are implemented once.

Bodies are shared between resources, bases and builds. A plug-in that is not built in gets copies of them: whatever it
changes in place is a change of its own result only.
"""

from kmanifest.io import tree as trees
from kmanifest.io.cache import NoCache
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import FieldPath, KmanifestError, LimitError, Location, PluginError
from kmanifest.model.fieldpath import is_unchanged_copy
from kmanifest.model.findings import NO_EFFECT, PLUGIN, Finding
from kmanifest.model.resource import Lineage, Origin, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import as_mapping
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import BuiltinPlugin, Plugin
from kmanifest.pipeline.remote_bases import enter_repository, find_repository
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Final, Iterable, Mapping, NamedTuple

VALIDATED_BY_LABEL: Final = "validated-by"
BUILTIN_PREFIX: Final = "builtin/"


class Step(NamedTuple):
    """A plug-in and the config it runs with.

    `field` is the path of the config inside its file. A field of a kustomization can hold only part of a plug-in's
    config: `images[0]` holds what a config of its own has under `imageTag`. In that case `wrapped_in` is that name.
    """

    plugin: Plugin
    config: Resource
    field: FieldPath = ()
    wrapped_in: str = ""


def render(ctx: Context, path: str, engine: str = "") -> Rendered:
    """Render the directory, file or repository URL at `path` with the engine that claims it, or with the named one."""
    repository = find_repository(path)
    if repository is not None:
        ctx, target = enter_repository(ctx, repository)
    else:
        target = _resolve_target(ctx, path)
    registry = ctx.registry
    renderer = (
        registry.find("renderer", engine) if engine else registry.renderer_for(ctx.tree, target)
    )
    rendered: Rendered = renderer.call(ctx, target)
    return rendered


def _resolve_target(ctx: Context, path: str) -> str:
    if "://" in path:
        return ctx.resolve(path)
    target = trees.join("", path)
    try:
        return ctx.tree.resolve(target)
    except KmanifestError as error:
        raise error.within(file=target) from error


def generate(ctx: Context, step: Step) -> list[Resource]:
    """Run a generator and return its resources.

    Raises PluginError if a third-party generator fails or returns anything but resources.
    """
    check_time()
    with _located_at(step):
        _validate_config(step)
        result = _call_generator(ctx, step)
        resources = list(result) if isinstance(result, Iterable) else [result]
    if not all(isinstance(resource, Resource) for resource in resources):
        raise _contract_error(step, "a generator must return resources")
    return [with_scope(ctx, resource) for resource in resources]


def transform(ctx: Context, step: Step, resources: ResourceMap) -> ResourceMap:
    """Run a transformer and return the resulting resources, without those it emptied.

    A step may also be a validator. Then its findings are reported, and the resources are returned unchanged. Findings
    about settings that match nothing get the location of the step's config.
    """
    if ctx.meter is not None:
        ctx.meter.check_time()
    if step.plugin.role == "validator":
        _report_findings(ctx, step, resources)
        return resources
    with _located_at(step):
        _validate_config(step)
        result = _call_transformer(_with_located_findings(ctx, step), step, resources)
    if not isinstance(result, ResourceMap):
        raise _contract_error(step, "a transformer must return a ResourceMap")
    if _is_third_party(step.plugin):
        with _located_at(step):
            result = _detach_copies(ctx, result)
    result = _drop_emptied(ctx, resources, result)
    report_changes(ctx, step, resources, result)
    return result


def validate(ctx: Context, step: Step, resources: ResourceMap) -> None:
    """Run a plug-in that the kustomization lists under `validators`.

    Raises PluginError if it changes a resource; only the label `validated-by` may differ, as in kustomize.
    """
    result = transform(ctx._replace(on_change=None), step, resources)
    if result is resources:
        return
    if _without_validated_label(result) != _without_validated_label(resources):
        raise _contract_error(step, "validator shouldn't modify the resource map")


def read_values(ctx: Context, path: str) -> Mapping[str, Any] | None:
    """Return the values in the file at a resolved path, or None if no reader of values claims it.

    Raises SourceError if they are not a mapping, PluginError if a third-party reader fails.
    """
    check_time()
    plugin = ctx.registry.values_reader_for(path)
    if plugin is None:
        return None
    with _located_at(Step(plugin, Resource({}, Origin(path)))):
        is_builtin = isinstance(plugin, BuiltinPlugin)
        return as_mapping(plugin.call(ctx if is_builtin else _private_context(ctx), path))


def report_changes(ctx: Context, step: Step, before: ResourceMap, after: ResourceMap) -> None:
    """Call `ctx.on_change`, if there is one, for each field that differs."""
    if ctx.on_change is None or before is after:
        return
    from kmanifest.model.trace import Cause, changes  # for traced builds only

    cause = Cause(step.plugin.name, step.config.origin.file, step.field)
    for change in changes(before, after, cause):
        ctx.on_change(change)


def with_scope(ctx: Context, resource: Resource) -> Resource:
    """Return the resource with the scope of its type: namespaced or not."""
    if resource.cluster_scoped is not None:
        return resource
    return resource.with_scope(
        cluster_scoped=ctx.schema.is_cluster_scoped(resource.api_version, resource.kind)
    )


def _report_findings(ctx: Context, step: Step, resources: ResourceMap) -> None:
    with _located_at(step):
        _validate_config(step)
        for finding in _call_validator(ctx, step, resources):
            ctx.on_finding(finding if finding.code else finding._replace(code=PLUGIN))


def _call_generator(ctx: Context, step: Step) -> Any:
    if isinstance(step.plugin, BuiltinPlugin):
        return step.plugin.call(ctx, step.config)
    return step.plugin.call(_private_context(ctx), _with_own_body(step.config))


def _call_validator(ctx: Context, step: Step, resources: ResourceMap) -> Iterable[Finding]:
    findings: Iterable[Finding]
    if isinstance(step.plugin, BuiltinPlugin):
        findings = step.plugin.call(ctx, step.config, resources)
    else:
        config, copies = _with_own_body(step.config), ResourceMap(map(_with_own_body, resources))
        findings = step.plugin.call(_private_context(ctx), config, copies)
    return findings


def _call_transformer(ctx: Context, step: Step, resources: ResourceMap) -> Any:
    if isinstance(step.plugin, BuiltinPlugin):
        return step.plugin.call(ctx, step.config, resources)
    copies = resources.map(_with_own_body)
    result = step.plugin.call(_private_context(ctx), _with_own_body(step.config), copies)
    if not isinstance(result, ResourceMap):
        return result
    originals = {id(copy): original for copy, original in zip(copies, resources, strict=True)}
    result = result.map(lambda resource: _without_copy(resource, originals.get(id(resource))))
    is_unchanged = len(result) == len(resources) and not result.changed_since(resources)
    return resources if is_unchanged else result


def _private_context(ctx: Context) -> Context:
    """Return the context for a plug-in that is not built in. Nothing that it computes is shared with other builds."""
    if ctx.state is not None:
        ctx.state.prevent_sharing()
    return ctx._replace(cache=NoCache())


def _with_own_body(resource: Resource) -> Resource:
    return resource.with_body(resource.copy_body())


def _without_copy(resource: Resource, original: Resource | None) -> Resource:
    """Return the original of a copy, with the copy's body if that was changed in place."""
    if original is None:
        return resource
    if is_unchanged_copy(resource.body, original.body):
        return original
    return original.with_body(resource.body)


def _validate_config(step: Step) -> None:
    if step.plugin.schema is not None:
        from kmanifest.schema.check import check_config  # few plug-ins have a schema

        check_config(step.config.body, step.plugin.schema)


def _drop_emptied(ctx: Context, before: ResourceMap, after: ResourceMap) -> ResourceMap:
    """Remove the resources that a step emptied, and give new resources their scope."""
    changed = after.changed_since(before)
    after = after.without_empty(changed)
    if None in [resource.cluster_scoped for resource in changed]:
        after = after.map(lambda resource: with_scope(ctx, resource))
    return after


def _detach_copies(ctx: Context, resources: ResourceMap) -> ResourceMap:
    """Enforce `max_objects` on a third-party plug-in's result, and give copied resources a lineage of their own.

    Such a transformer may return changed copies of one resource. References are updated by lineage, so two resources
    must never share one.
    """
    limit = ctx.options.limits.max_objects
    if len(resources) > limit:
        raise LimitError(f"more than {limit} objects (max_objects)")
    seen: set[Lineage] = set()
    copies = {}
    for index, resource in enumerate(resources):
        if resource.lineage in seen:
            copies[index] = resource.with_new_lineage()
        seen.add(resource.lineage)
    return resources.replace(copies)


class _located_at:  # noqa: N801 - reads as a sentence where it is used
    """Attribute errors raised inside the block to the step's config file.

    Errors that already name a file are left unchanged. Any exception of a third-party plug-in becomes a PluginError.
    This is a class because importing `contextlib` takes half a millisecond.
    """

    __slots__ = ("_step",)

    def __init__(self, step: Step) -> None:
        self._step = step

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, KmanifestError):
            raise _with_location(error, self._step) from error
        if not isinstance(error, Exception) or isinstance(error, MemoryError):
            return
        plugin = self._step.plugin
        if isinstance(error, RecursionError) and isinstance(plugin, BuiltinPlugin):
            return  # the input is nested too deeply
        if _is_third_party(plugin):
            lines = str(error).splitlines()[:1]
            message = ": ".join([plugin.name, type(error).__name__, *lines])
            raise _with_location(PluginError(message), self._step) from error


def _is_third_party(plugin: Plugin) -> bool:
    return not plugin.name.startswith(BUILTIN_PREFIX)


def _with_location(error: KmanifestError, step: Step) -> KmanifestError:
    """Return the error with a location in the step's config file, unless it already names a file."""
    if error.location.file:
        return error.copy()
    return error.at(_location_in_config(error.location, step))


def _with_located_findings(ctx: Context, step: Step) -> Context:
    """Return a context whose "no effect" findings have the location of the step's config file, as errors have."""

    def report(finding: Finding) -> None:
        location = finding.location
        if finding.code == NO_EFFECT and not location.file:
            finding = finding._replace(location=_location_in_config(location, step))
        ctx.on_finding(finding)

    return ctx._replace(on_finding=report)


def _location_in_config(location: Location, step: Step) -> Location:
    """Turn a location inside a config into one in the file that holds the config."""
    field = location.field
    if step.wrapped_in and field[:1] == (step.wrapped_in,):
        field = field[1:]
    origin = step.config.origin
    return location._replace(
        file=origin.file, field=(*step.field, *field), document=origin.document
    )


def _contract_error(step: Step, rule: str) -> PluginError:
    return PluginError(f"{step.plugin.name}: {rule}").within(
        file=step.config.origin.file, field=step.field
    )


def _without_validated_label(resources: ResourceMap) -> list[tuple[object, ...]]:
    return [
        (resource.key, resource.put(("metadata", "labels"), _other_labels(resource)).body)
        for resource in resources
    ]


def _other_labels(resource: Resource) -> dict[str, str]:
    return {name: value for name, value in resource.labels.items() if name != VALIDATED_BY_LABEL}
