"""Replacements: the value of one field, or a text, is put into fields of other resources.

Each replacement sees what the ones before it did. Into a scalar only the text is put, so that the target keeps its type; a field
that is made, and one that is no scalar, becomes what the source is.
Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go; api/filters/replacement/replacement.go.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kmanifest import yaml
from kmanifest.errors import KmanifestError, MissingError, RenderError, SourceError, near_names
from kmanifest.fieldpath import MISSING, get, put
from kmanifest.kustomize.kustomization import REPLACEMENT
from kmanifest.kustomize.pathmatcher import MADE, Found, Made, Matcher, Place, is_scalar, locate, split_steps
from kmanifest.kustomize.scalars import config_value, resolve_plain, set_text
from kmanifest.kustomize.selectors import Selector
from kmanifest.kustomize.shapes import PLUGIN_CONFIG, ListOf, Record, fit
from kmanifest.kustomize.structured import Change, Document, Whole, parse_value
from kmanifest.plugin import Context
from kmanifest.resource import DEFAULT_NAMESPACE, Resource, ResourceId, names_of
from kmanifest.resourcemap import ResourceMap
from kmanifest.values import scalar_text, type_name

Body = Any

DEFAULT_FIELD_PATH: Final = "metadata.name"
_CONFIG: Final = Record({"replacements": ListOf(REPLACEMENT)})
_ANNOTATIONS: Final = ("metadata", "annotations")


class Source(NamedTuple):
    """What is put into the targets: a value, or a text that stands for one of the same type.

    `value` is MISSING where the text has no type, as `sourceValue` has none. `at` is the resource, and `place` the place in
    it, that the value is read from anew for each target: a target may be the source itself, or lie in it.
    """

    value: Any
    text: str | None = None
    at: int = -1
    place: Place = ()

    def seen_in(self, body: Body) -> "Source":
        """This source as it is now in the body that it is read from; as it was where it is no longer there."""
        value = get(body, self.place, MISSING)
        return self if value is self.value or value is MISSING else self._replace(value=value)

    def node(self) -> Any:
        """The value that takes the place of a mapping or a list."""
        if self.text is None:
            return self.value
        return resolve_plain(self.text) if self.value is MISSING else set_text(self.value, self.text)

    def as_text(self) -> str:
        """The text that is put into a scalar; a mapping or a list has none."""
        if self.text is not None:
            return self.text
        return scalar_text(self.value) if is_scalar(self.value) else ""

    def empty(self) -> Any:
        """What is made where a target is missing."""
        if self.value is MISSING or is_scalar(self.value):
            return MADE
        return [] if isinstance(self.value, list) else {}


class Options(NamedTuple):
    """How the text of a field is split, which part is meant, and whether a missing field is made."""

    delimiter: str = ""
    index: int = 0
    create: bool = False

    @classmethod
    def of(cls, fitted: Mapping[str, Any]) -> "Options":
        """The options in a fitted mapping."""
        return cls(fitted.get("delimiter", ""), fitted.get("index", 0), fitted.get("create", False))


def replace(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The resources with the config's `replacements` carried out, each given in place or in a file at `path`.

    Source: kustomize v5.8.2 api/internal/builtins/ReplacementTransformer.go.
    """
    for replacement, file, field in _load(ctx, config):
        try:
            resources = _carry_out(replacement, resources)
        except KmanifestError as error:
            raise error.within(file=file, field=field) from error
    return resources


def _load(ctx: Context, config: Resource) -> list[tuple[Mapping[str, Any], str, tuple[str | int, ...]]]:
    """Each replacement, with the file that holds it, if that is not the config's, and the field."""
    found: list[tuple[Mapping[str, Any], str, tuple[str | int, ...]]] = []
    for index, entry in enumerate(config_value(fit(config.body, _CONFIG, PLUGIN_CONFIG)).get("replacements", ())):
        field = ("replacements", index)
        if not entry.get("path"):
            found.append((entry, "", field))
            continue
        try:
            if "source" in entry or entry.get("targets"):
                raise SourceError("a path and a replacement in place can't both be given")
            found += _load_file(ctx, entry["path"])
        except KmanifestError as error:
            raise error.within(field=(*field, "path")) from error
    return found


def _load_file(ctx: Context, path: str) -> list[tuple[Mapping[str, Any], str, tuple[str | int, ...]]]:
    file = ctx.locate(path)
    try:
        document = yaml.load_values(ctx.read_resolved(file), limits=ctx.options.limits)
        if isinstance(document, list):
            rows = [row if row is not None else {} for row in document]
            fitted = fit(rows, ListOf(REPLACEMENT), PLUGIN_CONFIG)
            return [(row, file, (index,)) for index, row in enumerate(fitted)]
        if isinstance(document, Mapping):
            return [(fit(document, REPLACEMENT, PLUGIN_CONFIG), file, ())]
        raise SourceError(f"expected a replacement or a list of them, got {type_name(document)}")
    except KmanifestError as error:
        raise error.within(file=file) from error


def _carry_out(replacement: Mapping[str, Any], resources: ResourceMap) -> ResourceMap:
    if "source" not in replacement and "sourceValue" not in replacement:
        raise SourceError("a replacement needs a source or a sourceValue")
    if not replacement.get("targets"):
        raise SourceError("a replacement needs at least one target")
    source = _source(replacement, resources)
    for index, target in enumerate(replacement["targets"]):
        try:
            source, resources = _fill(target, source, resources)
        except KmanifestError as error:
            raise error.within(field=("targets", index)) from error
    return resources


# The source


def _source(replacement: Mapping[str, Any], resources: ResourceMap) -> Source:
    if "sourceValue" in replacement:
        if "source" in replacement:
            raise SourceError("a source and a sourceValue can't both be given")
        return Source(MISSING, replacement["sourceValue"])
    selector = replacement["source"]
    try:
        at = _select_source(selector, resources)
        found = _find_source(resources[at], selector.get("fieldPath") or DEFAULT_FIELD_PATH)
        return _refined(Options.of(selector.get("options", {})), Source(found.value, None, at, found.place or ()))
    except KmanifestError as error:
        raise error.within(field=("source",)) from error


def _select_source(selector: Mapping[str, str], resources: ResourceMap) -> int:
    found = [
        index for index, resource in enumerate(resources) if any(_is_meant(selector, one) for one in ids_of(resource))
    ]
    if len(found) == 1:
        return found[0]
    wanted = f"{selector.get('kind') or '*'}/{selector.get('name') or '*'}"
    if found:
        raise RenderError(f"{wanted} is not one resource but {', '.join(names_of([resources[index] for index in found]))}")
    raise MissingError(f"no resource is {wanted}", near=near_names(wanted, names_of(resources)))


def ids_of(resource: Resource) -> list[ResourceId]:
    """The current id and those of the past, as they are compared with a selector.

    Source: kustomize v5.8.2 api/internal/utils/makeResIds.go.
    """
    current = resource.id
    past = [ResourceId(*current[:2], one.kind, one.name, one.namespace) for one in resource.past]
    return [current, *past]


def _is_meant(selector: Mapping[str, str], one: ResourceId) -> bool:
    namespace = selector.get("namespace")
    return (
        all(not selector.get(field) or selector[field] == getattr(one, field) for field in ("group", "version", "kind"))
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
        raise MissingError(message, near=_near_fields(resource.body, split_steps(path))).within(field=("fieldPath",))
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
        raise SourceError(f"only a scalar can be split, not a {type_name(value)}").within(field=("options", "delimiter"))
    parts = scalar_text(value).split(options.delimiter)
    if not 0 <= options.index < len(parts):
        message = f"index {options.index} is out of bounds: the value has {len(parts)} parts"
        raise SourceError(message).within(field=("options", "index"))
    return Source(value, parts[options.index])


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
            tuple(_selector(one, ("reject", index)) for index, one in enumerate(fitted.get("reject", ()))),
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


def _fill(fitted: Mapping[str, Any], source: Source, resources: ResourceMap) -> tuple[Source, ResourceMap]:
    target = Target.of(fitted)
    changed: dict[int, Resource] = {}
    for index, resource in enumerate(resources):
        if target.selects(resource):
            source, changed[index] = _filled(target, source, resource, is_source=index == source.at)
    return source, resources.replace(changed)


def _filled(target: Target, source: Source, resource: Resource, *, is_source: bool) -> tuple[Source, Resource]:
    for index, path in enumerate(target.paths):
        try:
            resource = _fill_path(split_steps(path), target.options, source, resource, is_source=is_source)
        except KmanifestError as error:
            raise error.within(field=("fieldPaths", index)) from error
        if is_source:
            source = source.seen_in(resource.body)
    return source, resource


def _fill_path(steps: list[str], options: Options, source: Source, resource: Resource, *, is_source: bool) -> Resource:
    body = _fill_structured(steps, options, source, resource.body)
    if body is not None:
        return resource.with_body(body)
    matcher = Matcher(steps, parse_value, create=source.empty() if options.create else None)
    what = f"{resource.kind}/{resource.name}: no field {'.'.join(steps)}"
    try:
        body, found = matcher.match(resource.body)
    except SourceError as error:
        raise RenderError(f"{what}: {error.message}") from None
    if not found:
        if steps == [*_ANNOTATIONS] and _has_hidden_annotations(resource):
            found = [Found(_ANNOTATIONS, {})]
        else:
            raise MissingError(what, near=matcher.near)
    body = _put_all(body, found, options, source, is_source=is_source)
    return _settled(resource, body, found)


def _put_all(body: Body, found: Iterable[Found], options: Options, source: Source, *, is_source: bool) -> Body:
    for place, old in found:
        if is_source:
            source = source.seen_in(body)
            old = old if place is None or isinstance(old, Made) else get(body, place)
        new = changed_to(old, options, source)
        if place is None:
            continue
        if isinstance(new, Change):
            new = _retyped(old, new.text, place)
        body = put(body, place, new)
    return body


def _retyped(old: Any, text: str, place: Place) -> Any:
    if len(place) == len(_ANNOTATIONS) + 1 and place[:-1] == _ANNOTATIONS:
        # The reference writes all annotations anew as strings before it prints them.
        return text
    return resolve_plain(text) if isinstance(old, Made) else set_text(old, text)


def changed_to(old: Any, options: Options, source: Source) -> Any:
    """What `old` becomes: a `Change` of its text where it is a scalar, else another value.

    Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setFieldValue.
    """
    scalar = isinstance(old, Made) or is_scalar(old)
    if not options.delimiter:
        return Change(source.as_text()) if scalar else source.node()
    if not scalar:
        raise SourceError(f"only a scalar can be split, not a {type_name(old)}")
    text = old.text if isinstance(old, Made) else "" if old is None else scalar_text(old)
    parts = text.split(options.delimiter)
    if options.index < 0:
        parts.insert(0, source.as_text())
    elif options.index >= len(parts):
        parts.append(source.as_text())
    else:
        parts[options.index] = source.as_text()
    return Change(options.delimiter.join(parts))


def _has_hidden_annotations(resource: Resource) -> bool:
    """True where the reference has its notes in annotations, so that there are some though none were written."""
    return bool(resource.past or resource.prefixes or resource.suffixes or resource.behavior or resource.needs_hash)


def _settled(resource: Resource, body: Body, found: Iterable[Found]) -> Resource:
    """The resource with its new body; without its past where all annotations were replaced, and the past with them."""
    result = resource.with_body(body)
    over = any(one.place is not None and one.place == _ANNOTATIONS[: len(one.place)] for one in found)
    return result.with_history() if over else result


# Inside of strings


def _fill_structured(steps: list[str], options: Options, source: Source, body: Body) -> Body | None:
    """The body with a value put into the YAML or JSON inside of a string; None where the path leads into none.

    Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setValueInStructuredData.
    """
    for length in range(1, len(steps)):
        try:
            found = locate(body, steps[:length])
        except SourceError:
            return None
        if found is None or found.place is None:
            return None
        if not is_scalar(found.value):
            continue
        text = "" if found.value is None else scalar_text(found.value)
        new = _changed_document(text, steps[length:], options, source)
        if new is None:
            return None
        return put(body, found.place, set_text(found.value, new))
    return None


def _changed_document(text: str, steps: list[str], options: Options, source: Source) -> str | None:
    try:
        document = Document.parse(text)
        value = document.value
        matcher = Matcher(steps, parse_value, create=source.empty() if options.create else None)
        value, found = matcher.match(value)
        if not found:
            return None
        for place, old in found:
            new = changed_to(old, options, source)
            if place is None:
                continue
            if not isinstance(new, Change):
                # An untyped text stays what it is: it is not looked at before the document is read again.
                new = Whole(new if source.value is not MISSING else Change(source.as_text()))
            value = put(value, place, new) if place else new
        return document.changed(value, text)
    except SourceError:
        return None
