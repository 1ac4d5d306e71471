"""Putting one value at one field path of one resource: what replacements do, seen from a single target.

Into a scalar only the text is put, so that the target keeps its type; a field that is made, and one that is no scalar, becomes
what the source is. A path that leads into a string changes the YAML or JSON in it.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, copyValueToTarget and below.
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

BYTES_PER_ITEM: Final = 64  # bytes that one item takes in a copy of a mapping or a list, about


class ReplacementSource(NamedTuple):
    """What is put into the targets: a value, or a text that stands for one of the same type.

    `value` is MISSING where the text has no type, as `sourceValue` has none. `resource_index` is the resource, and `field` the place in
    it, that the value is read from anew for each target: a target may be the source itself, or lie in it. `count_output` is told
    the size of each value that is put together or copied, as those can double with every target.
    """

    count_output: Callable[[int], None]
    value: Any
    text: str | None = None
    resource_index: int = -1
    field: FieldPath = ()

    def reread_from(self, body: Body) -> "ReplacementSource":
        """This source as it is now in the body that it is read from; as it was where it is no longer there."""
        value = get(body, self.field, MISSING)
        return self if value is self.value or value is MISSING else self._replace(value=value)

    def as_value(self) -> Any:
        """The value that takes the place of a mapping or a list."""
        if self.text is None:
            return self._copy(self.value)
        return (
            resolve_plain(self.text) if self.value is MISSING else set_text(self.value, self.text)
        )

    def as_string(self) -> str:
        """The text that is put into a scalar; a mapping or a list has none."""
        if self.text is not None:
            return self.text
        return scalar_text(self.value) if is_scalar(self.value) else ""

    def new_target(self) -> Any:
        """What is made where a target is missing."""
        if self.value is MISSING or is_scalar(self.value):
            return EMPTY_CREATED_SCALAR
        return [] if isinstance(self.value, list) else {}

    def _copy(self, value: Any) -> Any:
        """A value that shares no text with another field."""
        if isinstance(value, Mapping):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return {key: self._copy(item) for key, item in value.items()}
        if isinstance(value, list):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return [self._copy(item) for item in value]
        return str(value) if isinstance(value, SharedText) else value


class ReplacementOptions(NamedTuple):
    """How the text of a field is split, which part is meant, and whether a missing field is made."""

    delimiter: str = ""
    part: int = 0
    create: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ReplacementOptions":
        """The options in a fitted mapping."""
        return cls(fields.get("delimiter", ""), fields.get("index", 0), fields.get("create", False))


def fill_path(
    steps: list[str],
    options: ReplacementOptions,
    source: ReplacementSource,
    resource: Resource,
    *,
    is_source: bool,
) -> Resource:
    """The resource with the source's value at a path; `is_source` where the value comes from this resource.

    MissingError, with near names, where nothing is at the path and nothing is to be made.
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
    """A value that was found, as it is after values were put elsewhere in the same body."""
    return matched if field is None or isinstance(matched, CreatedScalar) else get(body, field)


def _retype(old: Any, text: str, field: FieldPath) -> Any:
    if len(field) == len(_ANNOTATIONS) + 1 and field[:-1] == _ANNOTATIONS:
        # The reference writes all annotations anew as strings before it prints them.
        return text
    return resolve_plain(text) if isinstance(old, CreatedScalar) else set_text(old, text)


def replaced_value(
    old: Any, options: ReplacementOptions, source: ReplacementSource, *, null: str = ""
) -> Any:
    """What `old` becomes: a `ScalarChange` of its text where it is a scalar, else another value. `null` is how a null is written.

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
    """True where the reference has its notes in annotations, so that there are some though none were written."""
    return bool(
        resource.past
        or resource.prefixes
        or resource.suffixes
        or resource.behavior
        or resource.needs_hash
    )


def _with_body_and_history(resource: Resource, body: Body, matches: Iterable[Match]) -> Resource:
    """The resource with its new body; without its past where all annotations were replaced, and the past with them."""
    result = propagate_aliases(resource, resource.with_body(body))
    replaces_annotations = any(
        match.field is not None and match.field == _ANNOTATIONS[: len(match.field)]
        for match in matches
    )
    return result.with_history() if replaces_annotations else result


# Inside of strings


def _fill_embedded(
    steps: list[str], options: ReplacementOptions, source: ReplacementSource, body: Body
) -> Body | None:
    """The body with a value put into the YAML or JSON inside of a string; None where the path leads into none.

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
                # An untyped text stays what it is: it is not looked at before the document is read again.
                new = NodeReplacement(
                    new if source.value is not MISSING else ScalarChange(source.as_string())
                )
            value = put(value, field, new) if field else new
        return document.text_with(value, text)
    except SourceError:
        return None
