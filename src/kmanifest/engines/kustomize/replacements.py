"""Replacements: the value of one field, or a text, is put into fields of other resources.

Each replacement sees what the ones before it did. Into a scalar only the text is put, so that the target keeps its type; a field
that is made, and one that is no scalar, becomes what the source is.
Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go; api/filters/replacement/replacement.go.
"""

from collections.abc import Mapping, Sequence

from kmanifest import yaml
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, ListOf, Record, fit
from kmanifest.engines.kustomize.field_values import Options, Source, fill_path
from kmanifest.engines.kustomize.kustomization import REPLACEMENT
from kmanifest.engines.kustomize.path_matcher import (
    Found,
    is_scalar,
    locate,
    split_steps,
)
from kmanifest.engines.kustomize.scalars import config_value
from kmanifest.engines.kustomize.selectors import Selector, note_none
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
from kmanifest.startup.typing import Any, Final, NamedTuple

Body = Any

DEFAULT_FIELD_PATH: Final = "metadata.name"
_CONFIG: Final = Record({"replacements": ListOf(REPLACEMENT)})


def replace(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The resources with the config's `replacements` carried out, each given in place or in a file at `path`.

    Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go.
    """
    for written in _load(ctx, config):
        try:
            resources = _carry_out(ctx, written, resources)
        except KmanifestError as error:
            raise error.within(file=written.file, field=written.field) from error
    return resources


class Written(NamedTuple):
    """A replacement, with the file that holds it, if that is not the config's, and the field."""

    replacement: Mapping[str, Any]
    file: str
    field: FieldPath


def _load(ctx: Context, config: Resource) -> list[Written]:
    found: list[Written] = []
    for index, entry in enumerate(
        config_value(fit(config.body, _CONFIG, PLUGIN_CONFIG)).get("replacements", ())
    ):
        field = ("replacements", index)
        if not entry.get("path"):
            found.append(Written(entry, "", field))
            continue
        try:
            if "source" in entry or entry.get("targets"):
                raise SourceError("a path and a replacement in place can't both be given")
            found += _load_file(ctx, entry["path"])
        except KmanifestError as error:
            raise error.within(field=(*field, "path")) from error
    return found


def _load_file(ctx: Context, path: str) -> list[Written]:
    file = ctx.locate(path)
    try:
        document = yaml.load_values(ctx.read_resolved(file), limits=ctx.options.limits)
        if isinstance(document, list):
            rows = [row if row is not None else {} for row in document]
            fitted = fit(rows, ListOf(REPLACEMENT), PLUGIN_CONFIG)
            return [Written(row, file, (index,)) for index, row in enumerate(fitted)]
        if isinstance(document, Mapping):
            return [Written(fit(document, REPLACEMENT, PLUGIN_CONFIG), file, ())]
        raise SourceError(f"expected a replacement or a list of them, got {type_name(document)}")
    except KmanifestError as error:
        raise error.within(file=file) from error


def _carry_out(ctx: Context, written: Written, resources: ResourceMap) -> ResourceMap:
    replacement = written.replacement
    if "source" not in replacement and "sourceValue" not in replacement:
        raise SourceError("a replacement needs a source or a sourceValue")
    if not replacement.get("targets"):
        raise SourceError("a replacement needs at least one target")
    source = _source(ctx, replacement, resources)
    for index, target in enumerate(replacement["targets"]):
        try:
            chosen = Target.of(target)
            places = [place for place, one in enumerate(resources) if chosen.selects(one)]
            source, resources = _fill(chosen, places, source, resources)
        except KmanifestError as error:
            raise error.within(field=("targets", index)) from error
        if not places:
            field = (*written.field, "targets", index, "select")
            note_none(ctx, target["select"], resources, field=field, file=written.file)
    return resources


# The source


def _source(ctx: Context, replacement: Mapping[str, Any], resources: ResourceMap) -> Source:
    if "sourceValue" in replacement:
        if "source" in replacement:
            raise SourceError("a source and a sourceValue can't both be given")
        return Source(ctx.count_output, MISSING, replacement["sourceValue"])
    selector = replacement["source"]
    try:
        at = _select_source(selector, resources)
        found = _find_source(resources[at], selector.get("fieldPath") or DEFAULT_FIELD_PATH)
        return _refined(
            Options.of(selector.get("options", {})),
            Source(ctx.count_output, found.value, None, at, found.place or ()),
        )
    except KmanifestError as error:
        raise error.within(field=("source",)) from error


def _select_source(selector: Mapping[str, str], resources: ResourceMap) -> int:
    found = [
        index
        for index, resource in enumerate(resources)
        if any(_is_meant(selector, one) for one in ids_of(resource))
    ]
    if len(found) == 1:
        return found[0]
    wanted = f"{selector.get('kind') or '*'}/{selector.get('name') or '*'}"
    if found:
        raise RenderError(
            f"{wanted} is not one resource but {', '.join(names_of([resources[index] for index in found]))}"
        )
    raise MissingError(f"no resource is {wanted}", near=near_names(wanted, names_of(resources)))


def ids_of(resource: Resource) -> list[ResourceId]:
    """The current id and those of the past, as they are compared with a selector.

    Source: kustomize v5.8.2 api/internal/utils/makeResIds.go.
    """
    current = resource.id
    past = [
        ResourceId(*current[:2], one.kind, one.name, one.namespace) for one in resource.previous_ids
    ]
    return [current, *past]


def _is_meant(selector: Mapping[str, str], one: ResourceId) -> bool:
    namespace = selector.get("namespace")
    return (
        all(
            not selector.get(field) or selector[field] == getattr(one, field)
            for field in ("group", "version", "kind")
        )
        and (not selector.get("name") or selector["name"] == one.name)
        and (not namespace or namespace == (one.namespace or DEFAULT_NAMESPACE))
    )


def _find_source(resource: Resource, path: str) -> Found:
    try:
        found = locate(resource.body, split_steps(path))
    except SourceError as error:
        raise error.within(field=("fieldPath",)) from None
    if found is None or found.value in (None, {}, []):
        message = f"{resource.kind}/{resource.name} has nothing at {path}"
        raise MissingError(message, near=_near_fields(resource.body, split_steps(path))).within(
            field=("fieldPath",)
        )
    return found


def _near_fields(body: Body, steps: Sequence[str]) -> list[str]:
    for step in steps:
        if not isinstance(body, Mapping):
            return []
        if step not in body:
            return near_names(step, map(str, body))
        body = body[step]
    return []


def _refined(options: Options, source: Source) -> Source:
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
    return Source(source.made, value, parts[options.part])


# The targets


class Target(NamedTuple):
    """Which resources are changed, at which paths, and how."""

    select: Selector
    reject: tuple[Selector, ...]
    paths: Sequence[str]
    options: Options

    @classmethod
    def of(cls, fitted: Mapping[str, Any]) -> "Target":
        """The target in a fitted mapping; SourceError where it selects nothing or holds a bad pattern."""
        if "select" not in fitted:
            raise SourceError("a target needs to select resources").within(field=("select",))
        return cls(
            _selector(fitted["select"], ("select",)),
            tuple(
                _selector(one, ("reject", index))
                for index, one in enumerate(fitted.get("reject", ()))
            ),
            fitted.get("fieldPaths") or (DEFAULT_FIELD_PATH,),
            Options.of(fitted.get("options", {})),
        )

    def selects(self, resource: Resource) -> bool:
        """True where the resource is meant: a `reject` by labels and one by id count each for itself.

        Source: kustomize v5.8.2 api/filters/replacement/replacement.go, selectByAnnoAndLabel.
        """
        if not self.select.selects_labels(resource):
            return False
        if any(one.has_labels and one.selects_labels(resource) for one in self.reject):
            return False
        ids = ids_of(resource)
        if any(reject.has_id and reject.selects_id(*one) for reject in self.reject for one in ids):
            return False
        return any(self.select.selects_id(*one) for one in ids)


def _selector(fitted: Mapping[str, str], field: tuple[str | int, ...]) -> Selector:
    try:
        return Selector.of(fitted)
    except SourceError as error:
        raise error.within(field=field) from None


def _fill(
    target: Target, places: Sequence[int], source: Source, resources: ResourceMap
) -> tuple[Source, ResourceMap]:
    changed: dict[int, Resource] = {}
    for place in places:
        source, changed[place] = _filled(
            target, source, resources[place], is_source=place == source.at
        )
    return source, resources.replace(changed)


def _filled(
    target: Target, source: Source, resource: Resource, *, is_source: bool
) -> tuple[Source, Resource]:
    for index, path in enumerate(target.paths):
        try:
            resource = fill_path(
                split_steps(path), target.options, source, resource, is_source=is_source
            )
        except KmanifestError as error:
            raise error.within(field=("fieldPaths", index)) from error
        if is_source:
            source = source.seen_in(resource.body)
    return source, resource
