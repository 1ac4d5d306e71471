"""Replacements: put the value of one field, or a text, into fields of other resources.

Each replacement sees the results of the previous ones. A scalar gets only the source's text, so that the target keeps
its type. A created field, and a mapping or list, gets the source's value.
Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go; api/filters/replacement/replacement.go.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize.annotations import (
    internal_annotations,
    with_internal_annotations,
)
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, ListShape, RecordShape, decode
from kmanifest.engines.kustomize.field_values import (
    ReplacementOptions,
    ReplacementSource,
    fill_path,
)
from kmanifest.engines.kustomize.kustomization import REPLACEMENT
from kmanifest.engines.kustomize.node_details import details_of
from kmanifest.engines.kustomize.path_matcher import (
    Match,
    get_match,
    is_scalar,
    split_steps,
)
from kmanifest.engines.kustomize.scalars import config_value
from kmanifest.engines.kustomize.selectors import Selector, report_no_match
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.resource import DEFAULT_NAMESPACE, Resource, ResourceId, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Sequence

Body = Any

DEFAULT_FIELD_PATH: Final = "metadata.name"
_CONFIG: Final = RecordShape({"replacements": ListShape(REPLACEMENT)})


def replace(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Return the resources after the config's `replacements`, each of which is inline or in a file at `path`.

    Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go.
    """
    for loaded in _load(ctx, config):
        try:
            resources = _apply(ctx, loaded, resources)
        except KmanifestError as error:
            raise error.within(file=loaded.file, field=loaded.field) from error
    return resources


class LoadedReplacement(NamedTuple):
    """A replacement, its file if that is not the config's, and its field in the file."""

    replacement: Mapping[str, Any]
    file: str
    field: FieldPath


def _load(ctx: Context, config: Resource) -> list[LoadedReplacement]:
    loaded: list[LoadedReplacement] = []
    for index, entry in enumerate(
        config_value(decode(config.body, _CONFIG, PLUGIN_CONFIG)).get("replacements", ())
    ):
        field = ("replacements", index)
        if not entry.get("path"):
            loaded.append(LoadedReplacement(entry, "", field))
            continue
        try:
            if "source" in entry or entry.get("targets"):
                raise SourceError("a path and an inline replacement can't both be given")
            loaded += _load_file(ctx, entry["path"])
        except KmanifestError as error:
            raise error.within(field=(*field, "path")) from error
    return loaded


def _load_file(ctx: Context, path: str) -> list[LoadedReplacement]:
    file = ctx.locate(path)
    try:
        document = yaml.load_values(ctx.read_resolved(file), limits=ctx.options.limits)
        if isinstance(document, list):
            rows = [row if row is not None else {} for row in document]
            decoded = decode(rows, ListShape(REPLACEMENT), PLUGIN_CONFIG)
            return [LoadedReplacement(row, file, (index,)) for index, row in enumerate(decoded)]
        if isinstance(document, Mapping):
            return [LoadedReplacement(decode(document, REPLACEMENT, PLUGIN_CONFIG), file, ())]
        raise SourceError(f"expected a replacement or a list of them, got {type_name(document)}")
    except KmanifestError as error:
        raise error.within(file=file) from error


def _apply(ctx: Context, loaded: LoadedReplacement, resources: ResourceMap) -> ResourceMap:
    replacement = loaded.replacement
    if "source" not in replacement and "sourceValue" not in replacement:
        raise SourceError("a replacement needs a source or a sourceValue")
    if not replacement.get("targets"):
        raise SourceError("a replacement needs at least one target")
    source = _source(ctx, replacement, resources)
    for index, target in enumerate(replacement["targets"]):
        try:
            replacement_target = ReplacementTarget.of(target)
            indexes = [
                position
                for position, resource in enumerate(resources)
                if replacement_target.selects(resource)
            ]
            source, resources = _fill_resources(replacement_target, indexes, source, resources)
        except KmanifestError as error:
            raise error.within(field=("targets", index)) from error
        if not indexes:
            field = (*loaded.field, "targets", index, "select")
            report_no_match(ctx, target["select"], resources, field=field, file=loaded.file)
    return resources


# The source


def _source(
    ctx: Context, replacement: Mapping[str, Any], resources: ResourceMap
) -> ReplacementSource:
    if "sourceValue" in replacement:
        if "source" in replacement:
            raise SourceError("a source and a sourceValue can't both be given")
        return ReplacementSource(
            ctx.count_output,
            MISSING,
            replacement["sourceValue"],
            node_details=details_of(ctx),
        )
    selector = replacement["source"]
    try:
        resource_index = _select_source(selector, resources)
        resource = resources[resource_index]
        path = selector.get("fieldPath") or DEFAULT_FIELD_PATH
        internal = internal_annotations(resource) if _holds_annotations(path) else {}
        field, value = _find_source(
            resource.with_body(with_internal_annotations(resource.body, internal)), path
        )
        return _select_part(
            ReplacementOptions.of(selector.get("options", {})),
            ReplacementSource(
                ctx.count_output,
                value,
                resource_index=resource_index,
                field=field or (),
                find_node=_node_finder(ctx, resource, field or ()),
                internal_annotations=internal,
                node_details=details_of(ctx),
            ),
        )
    except KmanifestError as error:
        raise error.within(field=("source",)) from error


def _holds_annotations(path: str) -> bool:
    """Return whether the field at a path contains all annotations, also those in which kustomize keeps its data."""
    steps = split_steps(path)
    return steps in (["metadata"], ["metadata", "annotations"])


def _node_finder(ctx: Context, resource: Resource, field: FieldPath) -> Callable[[Any], Node]:
    """Return a function that returns the YAML node of the value at a field."""
    nodes: list[Any] = []

    def find_node(current: Any) -> Node:
        from kmanifest.engines.kustomize.source_nodes import SourceNodes  # few replacements need it

        if not nodes:
            nodes.append(SourceNodes(ctx, resource, field))
        node: Node = nodes[0].node(current)
        return node

    return find_node


def _select_source(selector: Mapping[str, str], resources: ResourceMap) -> int:
    indexes = [
        index
        for index, resource in enumerate(resources)
        if any(_is_selected(selector, resource_id) for resource_id in ids_of(resource))
    ]
    if len(indexes) == 1:
        return indexes[0]
    selected = f"{selector.get('kind') or '*'}/{selector.get('name') or '*'}"
    if indexes:
        raise RenderError(
            f"several resources match {selected}: {', '.join(names_of([resources[index] for index in indexes]))}"
        )
    raise MissingError(f"no resource matches {selected}", near=_near(selector, resources))


def _near(selector: Mapping[str, Any], resources: Sequence[Resource]) -> list[str]:
    """Return names like those of a selector that selects nothing; kinds if it has no name."""
    kind, name = selector.get("kind") or "*", selector.get("name")
    if not name:
        return near_names(kind, {each.kind for each in resources})
    return near_names(f"{kind}/{name}", names_of(resources))


def ids_of(resource: Resource) -> list[ResourceId]:
    """Return the current and the previous ids, in the form that selectors are compared with.

    Source: kustomize v5.8.2 api/internal/utils/makeResIds.go.
    """
    current = resource.id
    past = [
        ResourceId(*current[:2], previous.kind, previous.name, previous.namespace)
        for previous in resource.previous_ids
    ]
    return [current, *past]


def _is_selected(selector: Mapping[str, str], resource_id: ResourceId) -> bool:
    namespace = selector.get("namespace")
    return (
        all(
            not selector.get(field) or selector[field] == getattr(resource_id, field)
            for field in ("group", "version", "kind")
        )
        and (not selector.get("name") or selector["name"] == resource_id.name)
        and (not namespace or namespace == (resource_id.namespace or DEFAULT_NAMESPACE))
    )


def _find_source(resource: Resource, path: str) -> Match:
    try:
        match = get_match(resource.body, split_steps(path))
    except SourceError as error:
        raise error.within(field=("fieldPath",)) from None
    if match is None or match.value in (None, {}, []):
        message = f"{resource.kind}/{resource.name} has no value at {path}"
        raise MissingError(message, near=_near_fields(resource.body, split_steps(path))).within(
            field=("fieldPath",)
        )
    return match


def _near_fields(body: Body, steps: Sequence[str]) -> list[str]:
    for step in steps:
        if not isinstance(body, Mapping):
            return []
        if step not in body:
            return near_names(step, map(str, body))
        body = body[step]
    return []


def _select_part(options: ReplacementOptions, source: ReplacementSource) -> ReplacementSource:
    if not options.delimiter:
        return source
    value = source.value
    if not is_scalar(value):
        raise SourceError(f"only a scalar can be split, not a {type_name(value)}").within(
            field=("options", "delimiter")
        )
    parts = scalar_text(value).split(options.delimiter)
    if not 0 <= options.part < len(parts):
        message = f"index {options.part} is out of bounds: the value has {len(parts)} parts"
        raise SourceError(message).within(field=("options", "index"))
    return source._replace(text=parts[options.part], resource_index=-1, field=(), find_node=None)


# The targets


class ReplacementTarget(NamedTuple):
    """The resources to change, the paths in them, and the options."""

    select: Selector
    reject: tuple[Selector, ...]
    paths: Sequence[str]
    options: ReplacementOptions

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ReplacementTarget":
        """Return the target in a decoded mapping.

        Raises SourceError if it has no `select`, or a malformed pattern.
        """
        if "select" not in fields:
            raise SourceError("a target must have a select").within(field=("select",))
        return cls(
            _selector(fields["select"], ("select",)),
            tuple(
                _selector(rejected, ("reject", index))
                for index, rejected in enumerate(fields.get("reject", ()))
            ),
            fields.get("fieldPaths") or (DEFAULT_FIELD_PATH,),
            ReplacementOptions.of(fields.get("options", {})),
        )

    def selects(self, resource: Resource) -> bool:
        """Return whether the resource is selected.

        A `reject` by labels and one by id apply separately.
        Source: kustomize v5.8.2 api/filters/replacement/replacement.go, selectByAnnoAndLabel.
        """
        if not self.select.selects_labels(resource):
            return False
        if any(reject.has_labels and reject.selects_labels(resource) for reject in self.reject):
            return False
        ids = ids_of(resource)
        if any(
            reject.has_id and reject.selects_id(*resource_id)
            for reject in self.reject
            for resource_id in ids
        ):
            return False
        return any(self.select.selects_id(*resource_id) for resource_id in ids)


def _selector(fields: Mapping[str, str], field: tuple[str | int, ...]) -> Selector:
    try:
        return Selector.of(fields)
    except SourceError as error:
        raise error.within(field=field) from None


def _fill_resources(
    target: ReplacementTarget,
    indexes: Sequence[int],
    source: ReplacementSource,
    resources: ResourceMap,
) -> tuple[ReplacementSource, ResourceMap]:
    changed: dict[int, Resource] = {}
    for index in indexes:
        source, changed[index] = _fill_resource(
            target, source, resources[index], is_source=index == source.resource_index
        )
    return source, resources.replace(changed)


def _fill_resource(
    target: ReplacementTarget, source: ReplacementSource, resource: Resource, *, is_source: bool
) -> tuple[ReplacementSource, Resource]:
    for index, path in enumerate(target.paths):
        try:
            resource = fill_path(
                split_steps(path), target.options, source, resource, is_source=is_source
            )
        except KmanifestError as error:
            raise error.within(field=("fieldPaths", index)) from error
        if is_source:
            source = source.reread_from(resource.body)
    return source, resource
