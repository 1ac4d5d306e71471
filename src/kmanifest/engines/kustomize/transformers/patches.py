"""Patches of both kinds, strategic merge and JSON, in the three fields that a kustomization has for them.

Source: kustomize v5.8.2 api/internal/builtins/PatchTransformer.go, PatchStrategicMergeTransformer.go,
PatchJson6902Transformer.go; api/resource/resource.go, ApplySmPatch; api/resmap/reswrangler.go, ApplySmPatch.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize import resource_files
from kmanifest.engines.kustomize.annotations import with_string_annotations
from kmanifest.engines.kustomize.base_cache import KustomizeBuildState
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, STRING, STRINGS, RecordShape, decode
from kmanifest.engines.kustomize.kustomization import PATCH, SELECTOR
from kmanifest.engines.kustomize.node_details import KEPT, details_of
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter, resolved, with_printed_quotes
from kmanifest.engines.kustomize.transformers.fields import located
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    SourceError,
    format_field,
)
from kmanifest.model.fieldpath import get, put
from kmanifest.model.resource import REWRITTEN_AS_BLOCK, Origin, Resource, string_map
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import FloatText, IntText, OtherKey, scalar_text
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Iterable,
    Mapping,
    NamedTuple,
    Sequence,
    TypeAlias,
)

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.json_patch import Operation

_JSON6902: Final = RecordShape({"target": SELECTOR, "path": STRING, "jsonOp": STRING})
_STRATEGIC: Final = RecordShape({"paths": STRINGS, "patches": STRING})


Operations: TypeAlias = "tuple[Operation, ...]"


class PatchText(NamedTuple):
    """The text of a patch and its location: a file, or a field of the config."""

    content: bytes
    file: str
    field: FieldPath = ()


class AllowedChanges(NamedTuple):
    """The changes that a patch may make besides the content."""

    name: bool = False
    kind: bool = False


NO_CHANGES: Final = AllowedChanges()
_CLEARING_DIRECTIVES: Final = ("delete", "replace")
_STRING_MAPS: Final = ("labels", "annotations")


def patch(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in PatchTransformer: one entry of `patches`, of the kind that its text can be parsed as."""
    fields = decode(config.body, PATCH, PLUGIN_CONFIG)
    text = _patch_text(ctx, fields)
    patch_resources, merge_error = _parse_resources(ctx, text)
    if merge_error is None:
        options = fields.get("options", {})
        allowed = AllowedChanges(
            options.get("allowNameChange", False), options.get("allowKindChange", False)
        )
        if any(allowed):
            patch_resources = [
                _with_string_maps(patch_resource, "annotations")
                for patch_resource in patch_resources
            ]
        return _merge_entry(ctx, resources, patch_resources, fields.get("target"), allowed)
    operations, json_error = _parse_operations(ctx, text)
    if json_error is not None:
        # A list is meant as JSON patch operations, anything else as an object.
        raise json_error if _looks_like_list(text) else merge_error
    return _apply_operations(
        ctx, resources, operations, text, fields.get("target"), remembers_id=True
    )


def patch_strategic(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in PatchStrategicMergeTransformer: all of `patchesStrategicMerge`, files and inline patches."""
    fields = decode(config.body, _STRATEGIC, PLUGIN_CONFIG)
    if not fields.get("paths") and not fields.get("patches"):
        error = SourceError("must specify one of paths and patches")
        raise error.within(field=("paths",))
    patches: list[tuple[Resource, FieldPath]] = [
        (patch_resource, ("paths", index))
        for index, path in enumerate(fields.get("paths", ()))
        for patch_resource in _inline_or_file(ctx, path, index)
    ]
    if fields.get("patches"):
        text = PatchText(fields["patches"].encode(), "", ("patches",))
        inline, inline_error = _parse_resources(ctx, text)
        if inline_error is not None:
            raise inline_error
        patches += [(patch_resource, text.field) for patch_resource in inline]
    if not patches:
        first: FieldPath = ("paths", 0) if fields.get("paths") else ("patches",)
        raise SourceError("the patch is empty").within(field=first)
    for patch_resource, field in patches:
        index = _target_index(resources, patch_resource, field)
        resources = _merge_into(
            ctx, resources, [index], _with_string_maps(patch_resource, *_STRING_MAPS), NO_CHANGES
        ).check_unique()
    return resources


def patch_json6902(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in PatchJson6902Transformer: one entry of `patchesJson6902`."""
    fields = decode(config.body, _JSON6902, PLUGIN_CONFIG)
    target, path, operations = (
        fields.get("target"),
        fields.get("path", ""),
        fields.get("jsonOp", ""),
    )
    if not target or not target.get("name"):
        raise SourceError("must specify the target name").within(field=("target", "name"))
    # `patchesJson6902` names it as `patches` does. Only a separate config has metadata.
    inline = "jsonOp" if "metadata" in config.body else "patch"
    text = _patch_text(ctx, {"path": path, "patch": operations}, inline)
    decoded, error = _parse_operations(ctx, text)
    if error:
        raise error
    if not decoded:
        raise _located_in_text(SourceError("the patch is empty"), text)
    return _apply_operations(ctx, resources, decoded, text, target, remembers_id=False)


def _patch_text(ctx: Context, fields: Mapping[str, Any], name: str = "patch") -> PatchText:
    inline, path = fields.get("patch", "").strip(), fields.get("path", "")
    if bool(inline) == bool(path):
        problem = (
            f"{name} and path can't be set at the same time"
            if path
            else f"must specify one of {name} and path"
        )
        raise SourceError(problem).within(field=(name,))
    if inline:
        return PatchText(inline.encode(), "", (name,))
    try:
        file = ctx.find(path)
        return PatchText(ctx.read_resolved(file), file)
    except KmanifestError as error:
        raise error.within(field=("path",)) from error


def _parse_resources(ctx: Context, text: PatchText) -> tuple[list[Resource], KmanifestError | None]:
    try:
        return resource_files.parse_patch(ctx, text.content, text.file), None
    except (SourceError, MissingError) as error:
        return [], _located_in_text(error, text)


def _located_in_text(error: KmanifestError, text: PatchText) -> KmanifestError:
    """Return an error with the location of the patch.

    A line number of an inline patch is not a line number of the config's file, so it goes to the message.
    """
    if text.file:
        return error.within(file=text.file)
    line, field = error.location.line, format_field(error.location.field)
    position = f"line {line}: " if line else f"{field}: " if field else ""
    location = Location(field=text.field)
    return type(error)(position + error.message, location=location, near=error.near)


def _parse_operations(ctx: Context, text: PatchText) -> tuple[Operations, KmanifestError | None]:
    from kmanifest.engines.kustomize.json_patch import decode_patch  # many builds have none

    is_json = text.content.startswith(b"[")
    try:
        document = (
            _parse_json(text.content, ctx.options.limits.max_depth)
            if is_json
            else yaml.load_values(text.content, limits=ctx.options.limits)
        )
        return decode_patch(document, json_text=is_json), None
    except SourceError as error:
        return (), _located_in_text(error, text)


def _parse_json(content: bytes, max_depth: int) -> Any:
    """Parse a text that begins with `[`, which kustomize reads as JSON; numbers keep their text."""
    import json  # imported here: with `re` it takes 9 ms, and nearly all patches are YAML

    _check_depth(content, max_depth)
    try:
        return json.loads(
            content,
            parse_float=lambda text: FloatText(float(text), text),
            parse_int=lambda text: IntText(int(text), text),
        )
    except (ValueError, RecursionError) as error:
        raise SourceError(f"a patch that begins with '[' must be JSON: {error}") from None


def _check_depth(content: bytes, limit: int) -> None:
    """Raise LimitError if JSON is nested too deeply.

    Python's JSON parser uses the C stack for each level.
    """
    import re

    depth = 0
    for token in re.findall(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', content, re.DOTALL):
        depth += (token in b"[{") - (token in b"]}")
        if depth > limit:
            raise LimitError(f"nested deeper than {limit} levels (limit max_depth)")


def _looks_like_list(text: PatchText) -> bool:
    return text.content.lstrip()[:1] in (b"-", b"[")


def _inline_or_file(ctx: Context, path: str, index: int) -> list[Resource]:
    if "\n" in path or ":" in path:
        parsed, error = _parse_resources(ctx, PatchText(path.encode(), "", ("paths", index)))
        if error is None:
            return parsed
    try:
        return resource_files.read_patch(ctx, path)
    except KmanifestError as error:
        raise error if error.location.file else error.within(field=("paths", index)) from error


def _merge_entry(
    ctx: Context,
    resources: ResourceMap,
    patches: Sequence[Resource],
    target: Mapping[str, str] | None,
    allowed: AllowedChanges,
) -> ResourceMap:
    if target is None:
        for patch_resource in patches:
            index = _target_index(resources, patch_resource, ("patch",))
            resources = _merge_into(ctx, resources, [index], patch_resource, allowed)
        return resources
    if len(patches) > 1:
        raise SourceError(
            "several strategic merge patches in one entry can't have a target"
        ).within(field=("target",))
    if not patches:
        return resources
    indexes = _selected_indexes(ctx, resources, target)
    return _merge_into(
        ctx, resources, indexes, _with_string_maps(patches[0], *_STRING_MAPS), allowed
    ).check_unique()


def _selected_indexes(ctx: Context, resources: ResourceMap, target: Mapping[str, str]) -> list[int]:
    from kmanifest.engines.kustomize.selectors import (  # for patches with a target only
        Selector,
        report_no_match,
    )

    try:
        indexes = Selector.of(target).matching_indexes(resources)
    except SourceError as error:
        raise error.within(field=("target",)) from None
    if not indexes:
        report_no_match(ctx, target, resources, field=("target",))
    return indexes


def _target_index(resources: ResourceMap, patch_resource: Resource, field: FieldPath) -> int:
    """Return the index of the one resource that a patch is for.

    `field` contains the patch if it is not in a file.
    """
    try:
        return resources.index_of(patch_resource.original_key)
    except KmanifestError as error:
        if isinstance(error, MissingError):
            error = _no_target(resources, patch_resource, error)
        if patch_resource.origin.file:
            raise located(error.within(field=("metadata", "name")), patch_resource) from error
        raise error.within(field=field) from error


def _no_target(
    resources: ResourceMap, patch_resource: Resource, error: MissingError
) -> MissingError:
    """Return the error of a patch without a target.

    It first names the resources with the patch's kind and name, which differ in namespace or apiVersion.
    """
    namesakes = [
        old
        for old in resources
        if (old.kind, old.name) == (patch_resource.kind, patch_resource.name)
    ][:3]
    if all(old.api_version == patch_resource.api_version for old in namesakes):
        near = [str(old.id) for old in namesakes] or error.near
        return MissingError(f"no resource matches {patch_resource.id}", near=near)
    near = [f"{old.api_version} {old.id}" for old in namesakes]
    return MissingError(
        f"no resource matches {patch_resource.api_version} {patch_resource.id}", near=near
    )


def _merge_into(
    ctx: Context,
    resources: ResourceMap,
    indexes: Sequence[int],
    patch_resource: Resource,
    allowed: AllowedChanges,
) -> ResourceMap:
    if isinstance(ctx.state, KustomizeBuildState):
        ctx.state.has_merged_patch = True
    changed = {
        index: _merge_one(ctx, resources[index], patch_resource, allowed) for index in indexes
    }
    if _find_other_key(patch_resource.body) is not None:
        _refuse_other_keys(changed.values(), patch_resource)
    return resources.replace(changed).without_empty(changed.values())


def _refuse_other_keys(patched: Iterable[Resource], patch_resource: Resource) -> None:
    """Raise SourceError if a patched object has a key that is not a string.

    A key of the patch is in the object only if the object did not have a key with its text.
    """
    for resource in patched:
        field = _find_other_key(resource.body)
        if field is not None:
            message = f"the key `{field[-1]}` is not a string: put it in quotes"
            raise located(SourceError(message).within(field=field), patch_resource)


def _find_other_key(value: Any) -> FieldPath | None:
    """Return the field of a key that is not a string."""
    todo: list[tuple[Any, FieldPath]] = [(value, ())]
    while todo:
        node, field = todo.pop()
        is_mapping = node.__class__ is dict
        for step, item in node.items() if is_mapping else enumerate(node):
            if step.__class__ is OtherKey:
                return (*field, str(step))
            if item.__class__ is dict or item.__class__ is list:
                todo.append((item, (*field, step)))
    return None


def _merge_one(
    ctx: Context, old: Resource, patch_resource: Resource, allowed: AllowedChanges
) -> Resource:
    from kmanifest.engines.kustomize.merge import DELETED, merge  # many builds have no patch

    if allowed.name or allowed.kind:
        old = old.with_current_id_remembered()
    patch_body = (
        patch_resource.body
        if patch_resource.api_version == old.api_version
        else {**patch_resource.body, "apiVersion": old.api_version}
    )
    has_schema_comments = (
        old.origin.has_schema_comments or patch_resource.origin.has_schema_comments
    )
    try:
        writer = NodeWriter.of(ctx)
        body: Any = merge(
            old.body,
            patch_body,
            ctx.schema,
            writer,
            has_schema_comments=has_schema_comments,
        )
    except KmanifestError as error:
        raise located(error, patch_resource) from error
    if body is DELETED or not body:
        return old.with_body({})
    new = _with_identity(writer.finish(old, body), old, allowed)
    if writer.keeps_details:
        new = _without_tags(new, allowed, writer)
    if allowed.name or allowed.kind:
        new = new.with_origin(_with_patch_options(new.origin, allowed))
    if has_schema_comments and not old.origin.has_schema_comments:
        new = new.with_origin(new.origin._replace(has_schema_comments=True))
    if new.kind != old.kind:
        new = new.with_scope(cluster_scoped=ctx.schema.is_cluster_scoped(new.api_version, new.kind))
    return new.with_history() if _clears_annotations(patch_resource) else new


def _with_patch_options(origin: Origin, allowed: AllowedChanges) -> Origin:
    """Return an origin with the options of a patch, which kustomize keeps in annotations of the patched object."""
    names = (("allowNameChange", allowed.name), ("allowKindChange", allowed.kind))
    options = [name for name, is_set in names if is_set and name not in origin.patch_options]
    return origin._replace(patch_options=(*origin.patch_options, *options))


def _with_identity(new: Resource, old: Resource, allowed: AllowedChanges) -> Resource:
    """Return a patched resource with the kind, the name and the namespace from before the patch."""
    body: Any = new.body
    if not allowed.kind:
        body = put(body, ("kind",), old.body.get("kind"))
    name = old.get("metadata", "name")
    if not allowed.name and scalar_text(get(body, ("metadata", "name"))) != scalar_text(name):
        body = put(body, ("metadata", "name"), name)
    return new.with_body(_with_namespace(body, old.get("metadata", "namespace")))


def _without_tags(new: Resource, allowed: AllowedChanges, writer: NodeWriter) -> Resource:
    """Return a patched resource whose kind, name and namespace have no tag, because kustomize writes them anew."""
    body: Any = new.body
    for field, is_kept in (
        (("kind",), allowed.kind),
        (("metadata", "name"), allowed.name),
        (("metadata", "namespace"), False),
    ):
        value = get(body, field)
        if value is not None and not is_kept:
            body = put(body, field, writer.set_scalar(value, scalar_text(value)))
    return writer.finish(new, body)


def _clears_annotations(patch_resource: Resource) -> bool:
    """Return whether a patch removes all annotations.

    kustomize keeps the history of an object there, and so loses it.
    """
    metadata = patch_resource.body.get("metadata")
    if not isinstance(metadata, Mapping):
        return True
    annotations = metadata.get("annotations", {})
    if annotations is None or metadata.get("$patch") in _CLEARING_DIRECTIVES:
        return True
    return isinstance(annotations, Mapping) and annotations.get("$patch") in _CLEARING_DIRECTIVES


def _with_string_maps(patch_resource: Resource, *names: str) -> Resource:
    """Return a patch with some maps of its metadata as strings; an empty map is removed, so it has no effect.

    kustomize does this to labels and annotations of a patch that is applied by target. It does it to annotations if a
    patch may change the name or the kind, because it keeps that permission there.
    """
    metadata = dict(patch_resource.body["metadata"])
    for name in names:
        if name in metadata:
            # kustomize copies them as maps of strings, in which null becomes its text.
            metadata[name] = string_map(metadata[name])
            if not metadata[name]:
                del metadata[name]
    return patch_resource.with_body({**patch_resource.body, "metadata": metadata})


def _with_namespace(body: Mapping[str, Any], namespace: Any) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    if namespace:
        return put(body, ("metadata", "namespace"), namespace)  # type: ignore[no-any-return]  # a mapping stays one
    if isinstance(metadata, Mapping) and "namespace" in metadata:
        rest = {key: value for key, value in metadata.items() if key != "namespace"}
        return {**body, "metadata": rest}
    return body


def _apply_operations(
    ctx: Context,
    resources: ResourceMap,
    operations: Operations,
    text: PatchText,
    target: Mapping[str, str] | None,
    *,
    remembers_id: bool,
) -> ResourceMap:
    if not operations:
        return resources
    if target is None:
        raise SourceError("must specify a target for a JSON patch").within(field=("target",))
    from kmanifest.engines.kustomize.json_patch import apply_patch  # many builds have none

    changed = {}
    for index in _selected_indexes(ctx, resources, target):
        resource = (
            resources[index].with_current_id_remembered() if remembers_id else resources[index]
        )
        try:
            body = apply_patch(operations, resolved(resource).body)
        except KmanifestError as error:
            raise error.at(_location_in(text, error.location.field)) from error
        origin = resource.origin._replace(rewritten=REWRITTEN_AS_BLOCK, has_schema_comments=False)
        if details_of(ctx) is KEPT:
            body = with_printed_quotes(body)
        patched = resource.with_body(body).with_resolution(is_unresolved=False).with_origin(origin)
        changed[index] = with_string_annotations(patched)
    return resources.replace(changed)


def _location_in(text: PatchText, field: FieldPath) -> Location:
    if not text.file:
        return Location(field=text.field)
    line, column = yaml.find_position(text.content, field)
    return Location(text.file, line, column)
