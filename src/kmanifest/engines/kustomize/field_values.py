"""Put one value at one field path of one resource, as a replacement does with each target.

A scalar gets only the source's text, so that the target keeps its type. A created field, and a mapping or list, gets
the source's value. A path that leads into a string changes the YAML or JSON in it.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, copyValueToTarget and the functions that it calls.
"""

from kmanifest.engines.kustomize.annotations import (
    with_history_from_annotations,
    with_internal_annotations,
)
from kmanifest.engines.kustomize.embedded_documents import EmbeddedDocument, parse_value
from kmanifest.engines.kustomize.node_details import ASSUMED
from kmanifest.engines.kustomize.path_matcher import (
    EMPTY_CREATED_SCALAR,
    CreatedScalar,
    Match,
    PathMatcher,
    get_match,
    is_scalar,
    text_at,
)
from kmanifest.engines.kustomize.scalar_nodes import NO_TAG, NodeWriter
from kmanifest.engines.kustomize.yaml_nodes import Node, NodeReplacement, ScalarChange
from kmanifest.model.errors import FieldPath, MissingError, RenderError, SourceError
from kmanifest.model.fieldpath import MISSING, get, put
from kmanifest.model.resource import Resource
from kmanifest.model.values import ScalarNode, is_string, scalar_text, type_name
from kmanifest.startup.typing import Any, Callable, Final, Iterable, Mapping, NamedTuple

Body = Any

# Fields that steps before a replacement write without a tag: prefixes and suffixes, `images`, and each patch.
_FIELDS_WITHOUT_TAG: Final = ("name", "namespace", "kind", "image")
_ANNOTATIONS: Final = ("metadata", "annotations")

BYTES_PER_ITEM: Final = 64  # approximate size of one item in a copy of a mapping or a list


class ReplacementSource(NamedTuple):
    """The source of a replacement: a value, or a text that is read as a value of the same type.

    `value` is MISSING if the text has no type, as with `sourceValue`. `resource_index` and `field` locate the value,
    which is read again for each target, because a target can contain the source.
    `find_node` returns the YAML node of the value in its file, for a value that is put into YAML.
    `count_output` is called with the size of each value that is copied or put together: sizes can double with each
    target. `node_details` is that of the build. `internal_annotations` are those that
    kustomize keeps in the resource with the value, if the value contains annotations.
    """

    count_output: Callable[[int], None]
    value: Any
    text: str | None = None
    resource_index: int = -1
    field: FieldPath = ()
    find_node: Callable[[Any], Node] | None = None
    node_details: str = ASSUMED
    internal_annotations: Mapping[str, str] = {}  # noqa: RUF012 - read-only by type

    def reread_from(self, body: Body) -> "ReplacementSource":
        """Return this source with its current value in `body`; unchanged if the field no longer exists."""
        value = get(with_internal_annotations(body, self.internal_annotations), self.field, MISSING)
        return self if value is self.value or value is MISSING else self._replace(value=value)

    def as_value(self) -> Any:
        """Return the value that replaces a mapping or a list."""
        if self.text is None:
            return self._copy(self.value)
        if self.value is MISSING:
            return ScalarNode(self.text, NO_TAG)
        return NodeWriter().set_text(self.value, self.text)

    def as_node(self, value: Any) -> NodeReplacement:
        """Return what replaces a mapping or a list in YAML inside a string, where `value` is what `as_value` returns."""
        if self.value is MISSING:
            # An untyped text stays as it is until the document is parsed again.
            return NodeReplacement(ScalarChange(self.as_string()))
        if self.text is not None or self.find_node is None:
            return NodeReplacement(value)
        return NodeReplacement(value, self.find_node(value))

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
        """Return a copy that shares no node with another field."""
        if isinstance(value, Mapping):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return {key: self._copy(item) for key, item in value.items()}
        if isinstance(value, list):
            self.count_output(len(value) * BYTES_PER_ITEM)
            return [self._copy(item) for item in value]
        if value.__class__ is ScalarNode:
            return ScalarNode(value, value.tag, quoted=value.quoted)
        return value


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
    writer = NodeWriter(source.node_details)
    body = _fill_embedded(steps, options, source, resource.body, writer)
    if body is not None:
        return writer.finish(resource, body)
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
    body = _put_at_matches(body, matches, options, source, writer, is_source=is_source)
    return _with_history(writer.finish(resource, body), matches)


def _put_at_matches(
    body: Body,
    matches: Iterable[Match],
    options: ReplacementOptions,
    source: ReplacementSource,
    writer: NodeWriter,
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
        new = (
            _with_text(old, new.text, field, writer)
            if isinstance(new, ScalarChange)
            else writer.noted(new)
        )
        body = put(body, field, new)
    return body


def _current_value(matched: Any, body: Body, field: FieldPath | None) -> Any:
    """Return the current value of a match, after values were put elsewhere in the same body."""
    return matched if field is None or isinstance(matched, CreatedScalar) else get(body, field)


def _with_text(old: Any, text: str, field: FieldPath, writer: NodeWriter) -> Any:
    if isinstance(old, CreatedScalar):
        return writer.noted(ScalarNode(text, NO_TAG))
    if field[:-1] == _ANNOTATIONS and not is_string(old):
        # kustomize writes all annotations again as strings before it prints them, so any text fits.
        return text
    return writer.set_text(old, text, may_lack_tag=field[-1] in _FIELDS_WITHOUT_TAG)


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


def _with_history(resource: Resource, matches: Iterable[Match]) -> Resource:
    """Return the resource with the history that kustomize has after these fields were replaced.

    If all annotations were replaced, kustomize loses the history that it keeps there, and gets that of a source with
    such annotations.
    """
    replaces_annotations = any(
        match.field is not None and match.field == _ANNOTATIONS[: len(match.field)]
        for match in matches
    )
    return with_history_from_annotations(resource) if replaces_annotations else resource


# Inside strings


def _fill_embedded(
    steps: list[str],
    options: ReplacementOptions,
    source: ReplacementSource,
    body: Body,
    writer: NodeWriter,
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
        return put(body, match.field, writer.set_text(match.value, new))
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
                new = source.as_node(new)
            value = put(value, field, new) if field else new
        return document.text_with(value, text)
    except SourceError:
        return None
