"""Putting one value at one field path of one resource: what replacements do, seen from a single target.

Into a scalar only the text is put, so that the target keeps its type; a field that is made, and one that is no scalar, becomes
what the source is. A path that leads into a string changes the YAML or JSON in it.
Source: kustomize v5.8.2 api/filters/replacement/replacement.go, copyValueToTarget and below.
"""

from collections.abc import Callable, Iterable, Mapping

from kmanifest.engines.kustomize.embedded_documents import Document, parse_value
from kmanifest.engines.kustomize.path_matcher import (
    MADE,
    Found,
    Made,
    Matcher,
    Place,
    is_scalar,
    locate,
    text_at,
)
from kmanifest.engines.kustomize.scalars import resolve_plain, set_text
from kmanifest.engines.kustomize.yaml_aliases import settle
from kmanifest.engines.kustomize.yaml_nodes import Change, Whole
from kmanifest.model.errors import MissingError, RenderError, SourceError
from kmanifest.model.fieldpath import MISSING, get, put
from kmanifest.model.resource import Resource
from kmanifest.model.values import SharedText, scalar_text, type_name
from kmanifest.startup.typing import Any, Final, NamedTuple

Body = Any

_ANNOTATIONS: Final = ("metadata", "annotations")

SLOT: Final = 64  # bytes that one item takes in a copy of a mapping or a list, about


class Source(NamedTuple):
    """What is put into the targets: a value, or a text that stands for one of the same type.

    `value` is MISSING where the text has no type, as `sourceValue` has none. `at` is the resource, and `place` the place in
    it, that the value is read from anew for each target: a target may be the source itself, or lie in it. `made` is told
    the size of each value that is put together or copied, as those can double with every target.
    """

    made: Callable[[int], None]
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
            return self._own(self.value)
        return (
            resolve_plain(self.text) if self.value is MISSING else set_text(self.value, self.text)
        )

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

    def _own(self, value: Any) -> Any:
        """A value that shares no text with another field."""
        if isinstance(value, Mapping):
            self.made(len(value) * SLOT)
            return {key: self._own(item) for key, item in value.items()}
        if isinstance(value, list):
            self.made(len(value) * SLOT)
            return [self._own(item) for item in value]
        return str(value) if isinstance(value, SharedText) else value


class Options(NamedTuple):
    """How the text of a field is split, which part is meant, and whether a missing field is made."""

    delimiter: str = ""
    part: int = 0
    create: bool = False

    @classmethod
    def of(cls, fitted: Mapping[str, Any]) -> "Options":
        """The options in a fitted mapping."""
        return cls(fitted.get("delimiter", ""), fitted.get("index", 0), fitted.get("create", False))


def fill_path(
    steps: list[str], options: Options, source: Source, resource: Resource, *, is_source: bool
) -> Resource:
    """The resource with the source's value at a path; `is_source` where the value comes from this resource.

    MissingError, with near names, where nothing is at the path and nothing is to be made.
    """
    body = _fill_structured(steps, options, source, resource.body)
    if body is not None:
        return settle(resource, resource.with_body(body))
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


def _put_all(
    body: Body, found: Iterable[Found], options: Options, source: Source, *, is_source: bool
) -> Body:
    for place, was in found:
        old = _now(was, body, place) if is_source else was
        if is_source:
            source = source.seen_in(body)
        null = "" if place is None or old is not None else text_at(body, place)
        new = changed_to(old, options, source, null=null)
        if place is None:
            continue
        if isinstance(new, Change):
            new = _retyped(old, new.text, place)
        body = put(body, place, new)
    return body


def _now(was: Any, body: Body, place: Place | None) -> Any:
    """A value that was found, as it is after values were put elsewhere in the same body."""
    return was if place is None or isinstance(was, Made) else get(body, place)


def _retyped(old: Any, text: str, place: Place) -> Any:
    if len(place) == len(_ANNOTATIONS) + 1 and place[:-1] == _ANNOTATIONS:
        # The reference writes all annotations anew as strings before it prints them.
        return text
    return resolve_plain(text) if isinstance(old, Made) else set_text(old, text)


def changed_to(old: Any, options: Options, source: Source, *, null: str = "") -> Any:
    """What `old` becomes: a `Change` of its text where it is a scalar, else another value. `null` is how a null is written.

    Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setFieldValue.
    """
    scalar = isinstance(old, Made) or is_scalar(old)
    if not options.delimiter:
        return Change(source.as_text()) if scalar else source.node()
    if not scalar:
        raise SourceError(f"only a scalar can be split, not a {type_name(old)}")
    text = old.text if isinstance(old, Made) else null if old is None else scalar_text(old)
    parts = text.split(options.delimiter)
    if options.part < 0:
        parts.insert(0, source.as_text())
    elif options.part >= len(parts):
        parts.append(source.as_text())
    else:
        parts[options.part] = source.as_text()
    new = options.delimiter.join(parts)
    source.made(len(new))
    return Change(new)


def _has_hidden_annotations(resource: Resource) -> bool:
    """True where the reference has its notes in annotations, so that there are some though none were written."""
    return bool(
        resource.previous_ids
        or resource.prefixes
        or resource.suffixes
        or resource.behavior
        or resource.needs_hash
    )


def _settled(resource: Resource, body: Body, found: Iterable[Found]) -> Resource:
    """The resource with its new body; without its past where all annotations were replaced, and the past with them."""
    result = settle(resource, resource.with_body(body))
    over = any(
        one.place is not None and one.place == _ANNOTATIONS[: len(one.place)] for one in found
    )
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
        new = _changed_document(text_at(body, found.place), steps[length:], options, source)
        if new is None:
            return None
        source.made(len(new))
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
            null = "" if place is None or old is not None else text_at(value, place)
            new = changed_to(old, options, source, null=null)
            if place is None:
                continue
            if not isinstance(new, Change):
                # An untyped text stays what it is: it is not looked at before the document is read again.
                new = Whole(new if source.value is not MISSING else Change(source.as_text()))
            value = put(value, place, new) if place else new
        return document.changed(value, text)
    except SourceError:
        return None
