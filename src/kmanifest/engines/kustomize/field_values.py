"""Put one value at one field path of one resource, as a replacement does with each target.

A scalar gets only the source's text, so that the target keeps its type. A created field, and a mapping or list, gets
the source's value. A path that leads into a string changes the YAML or JSON in it.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, copyValueToTarget and the functions that it calls.
"""

from collections.abc import Callable, Iterable, Mapping

from kmanifest.engines.kustomize.embedded_documents import EmbeddedDocument, parse_value
from kmanifest.engines.kustomize.path_matcher import (
    EMPTY_CREATED_SCALAR,
    CreatedScalar,
    Match,
    PathMatcher,
    get_match,
    is_scalar,
    text_at,
)
from kmanifest.engines.kustomize.scalars import resolve_plain, set_text
from kmanifest.engines.kustomize.yaml_aliases import propagate_aliases
from kmanifest.engines.kustomize.yaml_nodes import NodeReplacement, ScalarChange
from kmanifest.model.errors import FieldPath, MissingError, RenderError, SourceError
from kmanifest.model.fieldpath import MISSING, get, put
from kmanifest.model.resource import Resource
from kmanifest.model.values import SharedText, scalar_text, type_name
from kmanifest.startup.typing import Any, Final, NamedTuple

Body = Any

_ANNOTATIONS: Final = ("metadata", "annotations")

BYTES_PER_ITEM: Final = 64  # approximate size of one item in a copy of a mapping or a list


class ReplacementSource(NamedTuple):
    """The source of a replacement: a value, or a text that is read as a value of the same type.

    `value` is MISSING if the text has no type, as with `sourceValue`. `resource_index` and `field` locate the value,
    which is read again for each target, because a target can contain the source.
    `count_output` is called with the size of each value that is copied or put together: sizes can double with each
    target.
    """

    count_output: Callable[[int], None]
    value: Any
    text: str | None = None
    resource_index: int = -1
    field: FieldPath = ()

    def reread_from(self, body: Body) -> "ReplacementSource":
        """Return this source with its current value in `body`; unchanged if the field no longer exists."""
        value = get(body, self.field, MISSING)
        return self if value is self.value or value is MISSING else self._replace(value=value)

    def as_value(self) -> Any:
        """Return the value that replaces a mapping or a list."""
        if self.text is None:
            return self._copy(self.value)
        return (
            resolve_plain(self.text) if self.value is MISSING else set_text(self.value, self.text)
        )

    def as_string(self) -> str:
        """Return the text that is put into a scalar; empty for a mapping or a list."""
        if self.text is not None:
            return self.text
        return scalar_text(self.value) if is_scalar(self.value) else ""

    def new_target(self) -> Any:
        """Return the value that is created for a missing target."""
        if self.value is MISSING or is_scalar(self.value):
            return EMPTY_CREATED_SCALAR
        return [] if isinstance(self.value, list) else {}

    def _copy(self, value: Any) -> Any:
        """Return a copy that shares no string with another field."""
        if isinstance(value, Mapping):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return {key: self._copy(item) for key, item in value.items()}
        if isinstance(value, list):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return [self._copy(item) for item in value]
        return str(value) if isinstance(value, SharedText) else value


class ReplacementOptions(NamedTuple):
    """How a field's text is split, which part is replaced, and whether a missing field is created."""

    delimiter: str = ""
    part: int = 0
    create: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ReplacementOptions":
        """Return the options in a decoded mapping."""
        return cls(fields.get("delimiter", ""), fields.get("index", 0), fields.get("create", False))


def fill_path(
    steps: list[str],
    options: ReplacementOptions,
    source: ReplacementSource,
    resource: Resource,
    *,
    is_source: bool,
) -> Resource:
    """Return the resource with the source's value at a path.

    `is_source` means that the value comes from this resource.
    Raises MissingError with near names if no field is at the path and none is created.
    """
    body = _fill_embedded(steps, options, source, resource.body)
    if body is not None:
        return propagate_aliases(resource, resource.with_body(body))
    matcher = PathMatcher(
        steps, parse_value, create=source.new_target() if options.create else None
    )
    message = f"{resource.kind}/{resource.name}: no field {'.'.join(steps)}"
    try:
        body, matches = matcher.match(resource.body)
    except SourceError as error:
        raise RenderError(f"{message}: {error.message}") from None
    if not matches:
        if steps == [*_ANNOTATIONS] and _has_hidden_annotations(resource):
            matches = [Match(_ANNOTATIONS, {})]
        else:
            raise MissingError(message, near=matcher.near)
    body = _put_at_matches(body, matches, options, source, is_source=is_source)
    return _with_body_and_history(resource, body, matches)


def _put_at_matches(
    body: Body,
    matches: Iterable[Match],
    options: ReplacementOptions,
    source: ReplacementSource,
    *,
    is_source: bool,
) -> Body:
    for field, matched in matches:
        old = _current_value(matched, body, field) if is_source else matched
        if is_source:
            source = source.reread_from(body)
        null = "" if field is None or old is not None else text_at(body, field)
        new = replaced_value(old, options, source, null=null)
        if field is None:
            continue
        if isinstance(new, ScalarChange):
            new = _retype(old, new.text, field)
        body = put(body, field, new)
    return body


def _current_value(matched: Any, body: Body, field: FieldPath | None) -> Any:
    """Return the current value of a match, after values were put elsewhere in the same body."""
    return matched if field is None or isinstance(matched, CreatedScalar) else get(body, field)


def _retype(old: Any, text: str, field: FieldPath) -> Any:
    if len(field) == len(_ANNOTATIONS) + 1 and field[:-1] == _ANNOTATIONS:
        # kustomize writes all annotations again as strings before it prints them.
        return text
    return resolve_plain(text) if isinstance(old, CreatedScalar) else set_text(old, text)


def replaced_value(
    old: Any, options: ReplacementOptions, source: ReplacementSource, *, null: str = ""
) -> Any:
    """Return the new value for `old`: a `ScalarChange` of its text if it is a scalar, else another value.

    `null` is the text of a null.
    Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setFieldValue.
    """
    scalar = isinstance(old, CreatedScalar) or is_scalar(old)
    if not options.delimiter:
        return ScalarChange(source.as_string()) if scalar else source.as_value()
    if not scalar:
        raise SourceError(f"only a scalar can be split, not a {type_name(old)}")
    text = old.text if isinstance(old, CreatedScalar) else null if old is None else scalar_text(old)
    parts = text.split(options.delimiter)
    if options.part < 0:
        parts.insert(0, source.as_string())
    elif options.part >= len(parts):
        parts.append(source.as_string())
    else:
        parts[options.part] = source.as_string()
    new = options.delimiter.join(parts)
    source.count_output(len(new))
    return ScalarChange(new)


def _has_hidden_annotations(resource: Resource) -> bool:
    """Return whether kustomize keeps data of its own in the annotations of this resource.

    There is then an annotations map, even if the user wrote none.
    """
    return bool(
        resource.previous_ids
        or resource.prefixes
        or resource.suffixes
        or resource.behavior
        or resource.needs_hash
    )


def _with_body_and_history(resource: Resource, body: Body, matches: Iterable[Match]) -> Resource:
    """Return the resource with its new body.

    If all annotations were replaced, kustomize loses the history that it keeps there, and so it is removed here.
    """
    result = propagate_aliases(resource, resource.with_body(body))
    replaces_annotations = any(
        match.field is not None and match.field == _ANNOTATIONS[: len(match.field)]
        for match in matches
    )
    return result.with_history() if replaces_annotations else result


# Inside strings


def _fill_embedded(
    steps: list[str], options: ReplacementOptions, source: ReplacementSource, body: Body
) -> Body | None:
    """Return the body with a value put into the YAML or JSON inside a string; None if the path leads into none.

    Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setValueInStructuredData.
    """
    for length in range(1, len(steps)):
        try:
            match = get_match(body, steps[:length])
        except SourceError:
            return None
        if match is None or match.field is None:
            return None
        if not is_scalar(match.value):
            continue
        new = _changed_document(text_at(body, match.field), steps[length:], options, source)
        if new is None:
            return None
        source.count_output(len(new))
        return put(body, match.field, set_text(match.value, new))
    return None


def _changed_document(
    text: str, steps: list[str], options: ReplacementOptions, source: ReplacementSource
) -> str | None:
    try:
        document = EmbeddedDocument.parse(text)
        value = document.value
        matcher = PathMatcher(
            steps, parse_value, create=source.new_target() if options.create else None
        )
        value, matches = matcher.match(value)
        if not matches:
            return None
        for field, old in matches:
            null = "" if field is None or old is not None else text_at(value, field)
            new = replaced_value(old, options, source, null=null)
            if field is None:
                continue
            if not isinstance(new, ScalarChange):
                # An untyped text stays as it is until the document is parsed again.
                new = NodeReplacement(
                    new if source.value is not MISSING else ScalarChange(source.as_string())
                )
            value = put(value, field, new) if field else new
        return document.text_with(value, text)
    except SourceError:
        return None
