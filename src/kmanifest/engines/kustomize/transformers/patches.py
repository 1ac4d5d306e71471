"""Patches of both languages, in the three spellings that a kustomization has for them.

Source: kustomize v5.8.2 api/internal/builtins/PatchTransformer.go, PatchStrategicMergeTransformer.go,
PatchJson6902Transformer.go; api/resource/resource.go, ApplySmPatch; api/resmap/reswrangler.go, ApplySmPatch.
"""

import re
from collections.abc import Mapping, Sequence

from kmanifest import yaml
from kmanifest.engines.kustomize import resource_files as loading
from kmanifest.engines.kustomize.annotations import with_text_annotations
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, TEXT, TEXTS, Record, fit
from kmanifest.engines.kustomize.kustomization import PATCH, SELECTOR
from kmanifest.engines.kustomize.transformers.fields import located
from kmanifest.engines.kustomize.yaml_aliases import settle
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    Location,
    MissingError,
    SourceError,
    format_field,
)
from kmanifest.model.fieldpath import put
from kmanifest.model.resource import Resource, string_map
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import FloatText, IntText
from kmanifest.pipeline.context import Context
from kmanifest.schema import Schema
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.json_patch import Operation

_JSON6902: Final = Record({"target": SELECTOR, "path": TEXT, "jsonOp": TEXT})
_STRATEGIC: Final = Record({"paths": TEXTS, "patches": TEXT})


Operations: TypeAlias = "tuple[Operation, ...]"


class Text(NamedTuple):
    """The text of a patch and where it is written: a file, or a field of the config."""

    content: bytes
    file: str
    field: FieldPath = ()


class Permissions(NamedTuple):
    """What a patch may change beside the content."""

    name: bool = False
    kind: bool = False


NOTHING: Final = Permissions()
_WIPING: Final = ("delete", "replace")
_MAPS: Final = ("labels", "annotations")


def patch(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in PatchTransformer: one entry of `patches`, in either language, told apart by what it parses as."""
    fitted = fit(config.body, PATCH, PLUGIN_CONFIG)
    text = _patch_text(ctx, fitted)
    merges, merge_error = _as_resources(ctx, text)
    if merge_error is None:
        options = fitted.get("options", {})
        allowed = Permissions(
            options.get("allowNameChange", False), options.get("allowKindChange", False)
        )
        if any(allowed):
            merges = [_with_texts(one, "annotations") for one in merges]
        return _merge_entry(ctx, resources, merges, fitted.get("target"), allowed)
    operations, json_error = _as_operations(ctx, text)
    if json_error is not None:
        # A list was meant as operations, anything else as an object.
        raise json_error if _looks_like_list(text) else merge_error
    return _apply_operations(ctx, resources, operations, text, fitted.get("target"), remember=True)


def patch_strategic(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in PatchStrategicMergeTransformer: all of `patchesStrategicMerge`, each a file or a text."""
    fitted = fit(config.body, _STRATEGIC, PLUGIN_CONFIG)
    if not fitted.get("paths") and not fitted.get("patches"):
        error = SourceError("must specify one of paths and patches")
        raise error.within(field=("paths",))
    patches: list[tuple[Resource, FieldPath]] = [
        (one, ("paths", index))
        for index, path in enumerate(fitted.get("paths", ()))
        for one in _inline_or_file(ctx, path, index)
    ]
    if fitted.get("patches"):
        text = Text(fitted["patches"].encode(), "", ("patches",))
        inline, inline_error = _as_resources(ctx, text)
        if inline_error is not None:
            raise inline_error
        patches += [(one, text.field) for one in inline]
    if not patches:
        first: FieldPath = ("paths", 0) if fitted.get("paths") else ("patches",)
        raise SourceError("the patch is empty").within(field=first)
    for one, field in patches:
        place = _target_of(resources, one, field)
        resources = _merge_into(
            ctx, resources, [place], _with_texts(one, *_MAPS), NOTHING
        ).check_unique()
    return resources


def patch_json6902(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in PatchJson6902Transformer: one entry of `patchesJson6902`."""
    fitted = fit(config.body, _JSON6902, PLUGIN_CONFIG)
    target, path, operations = (
        fitted.get("target"),
        fitted.get("path", ""),
        fitted.get("jsonOp", ""),
    )
    if not target or not target.get("name"):
        raise SourceError("must specify the target name").within(field=("target", "name"))
    # In `patchesJson6902` it is called as in `patches`, and only a user's own config has a name.
    inline = "jsonOp" if "metadata" in config.body else "patch"
    text = _patch_text(ctx, {"path": path, "patch": operations}, inline)
    decoded, error = _as_operations(ctx, text)
    if error:
        raise error
    if not decoded:
        raise _in_text(SourceError("the patch is empty"), text)
    return _apply_operations(ctx, resources, decoded, text, target, remember=False)


def _patch_text(ctx: Context, fitted: Mapping[str, Any], name: str = "patch") -> Text:
    inline, path = fitted.get("patch", "").strip(), fitted.get("path", "")
    if bool(inline) == bool(path):
        problem = (
            f"{name} and path can't be set at the same time"
            if path
            else f"must specify one of {name} and path"
        )
        raise SourceError(problem).within(field=(name,))
    if inline:
        return Text(inline.encode(), "", (name,))
    try:
        file = loading.find(ctx, path)
        return Text(ctx.read_resolved(file), file)
    except KmanifestError as error:
        raise error.within(field=("path",)) from error


def _as_resources(ctx: Context, text: Text) -> tuple[list[Resource], KmanifestError | None]:
    try:
        return loading.parse(ctx, text.content, text.file), None
    except (SourceError, MissingError) as error:
        return [], _in_text(error, text)


def _in_text(error: KmanifestError, text: Text) -> KmanifestError:
    """An error about a place in the text of a patch; a line of a text in a config is no line of the config's file."""
    if text.file:
        return error.within(file=text.file)
    line, field = error.location.line, format_field(error.location.field)
    place = f"line {line}: " if line else f"{field}: " if field else ""
    location = Location(field=text.field)
    return type(error)(place + error.message, location=location, near=error.near)


def _as_operations(ctx: Context, text: Text) -> tuple[Operations, KmanifestError | None]:
    from kmanifest.engines.kustomize.json_patch import decode_patch  # many builds have none

    is_json = text.content.startswith(b"[")
    try:
        document = (
            _json(text.content, ctx.options.limits.max_depth)
            if is_json
            else yaml.load_values(text.content, limits=ctx.options.limits)
        )
        return decode_patch(document, json_text=is_json), None
    except SourceError as error:
        return (), _in_text(error, text)


def _json(content: bytes, max_depth: int) -> Any:
    """A text that begins with `[`, which the reference reads as JSON; numbers keep their text."""
    import json  # 9 ms, and nearly all patches are YAML

    _check_depth(content, max_depth)
    try:
        return json.loads(
            content,
            parse_float=lambda text: FloatText(float(text), text),
            parse_int=lambda text: IntText(int(text), text),
        )
    except (ValueError, RecursionError) as error:
        raise SourceError(f"a patch that begins with '[' must be JSON: {error}") from None


def _check_depth(content: bytes, most: int) -> None:
    """LimitError where JSON is nested too deeply: its parser takes the machine's stack for each level."""
    depth = 0
    for token in re.findall(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', content, re.DOTALL):
        depth += (token in b"[{") - (token in b"]}")
        if depth > most:
            raise LimitError(f"nested deeper than {most} levels (limit max_depth)")


def _looks_like_list(text: Text) -> bool:
    return text.content.lstrip()[:1] in (b"-", b"[")


def _inline_or_file(ctx: Context, path: str, index: int) -> list[Resource]:
    if "\n" in path or ":" in path:
        found, error = _as_resources(ctx, Text(path.encode(), "", ("paths", index)))
        if error is None:
            return found
    try:
        return loading.read(ctx, path)
    except KmanifestError as error:
        raise error if error.location.file else error.within(field=("paths", index)) from error


def _merge_entry(
    ctx: Context,
    resources: ResourceMap,
    patches: Sequence[Resource],
    target: Mapping[str, str] | None,
    allowed: Permissions,
) -> ResourceMap:
    if target is None:
        for one in patches:
            place = _target_of(resources, one, ("patch",))
            resources = _merge_into(ctx, resources, [place], one, allowed)
        return resources
    if len(patches) > 1:
        raise SourceError(
            "several strategic merge patches in one entry can't have a target"
        ).within(field=("target",))
    if not patches:
        return resources
    places = _selected(ctx, resources, target)
    return _merge_into(
        ctx, resources, places, _with_texts(patches[0], *_MAPS), allowed
    ).check_unique()


def _selected(ctx: Context, resources: ResourceMap, target: Mapping[str, str]) -> list[int]:
    from kmanifest.engines.kustomize.selectors import (  # for patches with a target only
        Selector,
        note_none,
    )

    try:
        places = Selector.of(target).places_in(resources)
    except SourceError as error:
        raise error.within(field=("target",)) from None
    if not places:
        note_none(ctx, target, resources, field=("target",))
    return places


def _target_of(resources: ResourceMap, one: Resource, field: FieldPath) -> int:
    """Where the one resource stands that a patch is for; `field` is what holds the patch if no file does."""
    try:
        return resources.index_of(one.original_key)
    except KmanifestError as error:
        if isinstance(error, MissingError):
            error = _no_target(resources, one, error)
        if one.origin.file:
            raise located(error.within(field=("metadata", "name")), one) from error
        raise error.within(field=field) from error


def _no_target(resources: ResourceMap, one: Resource, error: MissingError) -> MissingError:
    """The error that names those of the patch's kind and name first, which differ in namespace or apiVersion."""
    same = [old for old in resources if (old.kind, old.name) == (one.kind, one.name)][:3]
    if all(old.api_version == one.api_version for old in same):
        near = [str(old.id) for old in same] or error.near
        return MissingError(f"no resource matches {one.id}", near=near)
    near = [f"{old.api_version} {old.id}" for old in same]
    return MissingError(f"no resource matches {one.api_version} {one.id}", near=near)


def _merge_into(
    ctx: Context, resources: ResourceMap, places: Sequence[int], one: Resource, allowed: Permissions
) -> ResourceMap:
    changed = {place: _merged(ctx.schema, resources[place], one, allowed) for place in places}
    return resources.replace(changed).without_empty(changed.values())


def _merged(schema: Schema, old: Resource, one: Resource, allowed: Permissions) -> Resource:
    from kmanifest.engines.kustomize.merge import DELETED, merge  # many builds have no patch

    if allowed.name or allowed.kind:
        old = old.with_current_id_remembered()
    patch_body = (
        one.body
        if one.api_version == old.api_version
        else {**one.body, "apiVersion": old.api_version}
    )
    try:
        body: Any = merge(old.body, patch_body, schema)
    except KmanifestError as error:
        raise located(error, one) from error
    if body is DELETED or not body:
        return old.with_body({})
    body = settle(old, old.with_body(body)).body
    if not allowed.kind:
        body = put(body, ("kind",), old.body.get("kind"))
    if not allowed.name:
        body = put(body, ("metadata", "name"), old.get("metadata", "name"))
    new = old.with_body(_with_namespace(body, old.get("metadata", "namespace")))
    if new.kind != old.kind:
        new = new.with_scope(cluster_scoped=schema.is_cluster_scoped(new.api_version, new.kind))
    return new.with_history() if _wipes_annotations(one) else new


def _wipes_annotations(one: Resource) -> bool:
    """True where a patch takes all annotations away, and with them what kustomize keeps there of an object's past."""
    metadata = one.body.get("metadata")
    if not isinstance(metadata, Mapping):
        return True
    annotations = metadata.get("annotations", {})
    if annotations is None or metadata.get("$patch") in _WIPING:
        return True
    return isinstance(annotations, Mapping) and annotations.get("$patch") in _WIPING


def _with_texts(one: Resource, *names: str) -> Resource:
    """A patch with some maps of its metadata as texts; an empty map is not there, and so takes nothing away.

    kustomize does it to labels and annotations of what is applied by target, and to annotations where a patch may
    change the name or the kind, as it keeps that permission there.
    """
    metadata = dict(one.body["metadata"])
    for name in names:
        if name in metadata:
            # kustomize copies them as maps of strings, by which null becomes its own text.
            metadata[name] = string_map(metadata[name])
            if not metadata[name]:
                del metadata[name]
    return one.with_body({**one.body, "metadata": metadata})


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
    text: Text,
    target: Mapping[str, str] | None,
    *,
    remember: bool,
) -> ResourceMap:
    if not operations:
        return resources
    if target is None:
        raise SourceError("must specify a target for a JSON patch").within(field=("target",))
    from kmanifest.engines.kustomize.json_patch import apply_patch  # many builds have none

    changed = {}
    for place in _selected(ctx, resources, target):
        resource = resources[place].with_current_id_remembered() if remember else resources[place]
        try:
            body = apply_patch(operations, resource.body)
        except KmanifestError as error:
            raise error.at(_place_in(text, error.location.field)) from error
        changed[place] = with_text_annotations(resource.with_body(body))
    return resources.replace(changed)


def _place_in(text: Text, field: FieldPath) -> Location:
    if not text.file:
        return Location(field=text.field)
    line, column = yaml.find_position(text.content, field)
    return Location(text.file, line, column)
