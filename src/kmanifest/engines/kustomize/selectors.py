"""Which resources are meant: patterns for type, name and namespace, and selectors on labels and annotations.

A pattern is a regular expression of RE2 that must fit the whole text. One that holds no metacharacter (but perhaps dots)
is compared directly, so that most builds never load an engine for them.
"""

from collections.abc import Callable, Mapping

from kmanifest.model.errors import FieldPath, SourceError, near_names
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

Test = Callable[[str], bool]

_LITERAL: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/-.")


def anchored(pattern: str) -> Test:
    """A test whether a text as a whole fits `pattern`; SourceError where that is no regular expression.

    Source: kustomize v5.8.2 api/types/selector.go, anchorRegex.
    """
    if _LITERAL.issuperset(pattern):
        if "." not in pattern:
            return pattern.__eq__
        return lambda text: len(text) == len(pattern) and _fits_at(pattern, text, 0)
    return _compiled(f"^(?:{pattern})$", pattern)


def unanchored(pattern: str) -> Test:
    """A test whether some part of a text fits `pattern`, as list elements are found by in a field path."""
    if _LITERAL.issuperset(pattern):
        if "." not in pattern:
            return lambda text: pattern in text
        return lambda text: any(
            _fits_at(pattern, text, start) for start in range(len(text) - len(pattern) + 1)
        )
    return _compiled(pattern, pattern)


def _fits_at(pattern: str, text: str, start: int) -> bool:
    return all(
        want == got or (want == "." and got != "\n")
        for want, got in zip(pattern, text[start : start + len(pattern)], strict=True)
    )


def _compiled(expression: str, pattern: str) -> Test:
    import re2  # few patterns need it

    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(expression, options).search
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise SourceError(f"{pattern!r} is not a regular expression: {reason}") from None
    return lambda text: search(text) is not None


class LabelTest(NamedTuple):
    """A test on labels or annotations."""

    matches: Callable[[Mapping[str, str]], bool]


_TYPE_FIELDS: Final = ("group", "version", "kind")
_ID_FIELDS: Final = (*_TYPE_FIELDS, "name", "namespace")
_TEXT_FIELDS: Final = ("labelSelector", "annotationSelector")


class Selector(NamedTuple):
    """What selects resources; None stands for a condition that is not made.

    `patterns` are the tests for group, version, kind, name and namespace; `one_name` is the name where only one fits.
    """

    patterns: tuple[Test | None, ...]
    one_name: str = ""
    labels: LabelTest | None = None
    annotations: LabelTest | None = None

    @classmethod
    def of(cls, fitted: Mapping[str, Any]) -> Self:
        """The selector that a fitted mapping describes; SourceError with the field where a pattern is none."""
        return cls(
            tuple(_at(name, anchored, fitted.get(name) or "") for name in _ID_FIELDS),
            _only_name(fitted.get("name") or ""),
            _label_test("labelSelector", fitted),
            _label_test("annotationSelector", fitted),
        )

    @property
    def has_id(self) -> bool:
        """True where there is a condition on the id."""
        return any(self.patterns)

    @property
    def has_labels(self) -> bool:
        """True where there is a condition on labels or annotations."""
        return self.labels is not None or self.annotations is not None

    def places_in(self, resources: ResourceMap) -> list[int]:
        """Where the resources stand that fit by `selects`."""
        places = (
            resources.indexes_by_name(self.one_name) if self.one_name else range(len(resources))
        )
        return [place for place in places if self.selects(resources[place])]

    def selects(self, resource: Resource) -> bool:
        """True where the resource fits by its original or its current name and effective namespace, and by all else.

        Source: kustomize v5.8.2 api/resmap/reswrangler.go, Select.
        """
        *_, name, namespace = self.patterns
        group, version, kind, current_name, current_namespace = resource.key
        original = resource.original_key
        return (
            self._selects_type(group, version, kind)
            and (namespace is None or namespace(original[4]) or namespace(current_namespace))
            and (name is None or name(original[3]) or name(current_name))
            and self.selects_labels(resource)
        )

    def selects_id(self, group: str, version: str, kind: str, name: str, namespace: str) -> bool:
        """True where one id fits; an empty namespace is compared as it is.

        Source: kustomize v5.8.2 api/types/replacement.go, TargetSelectorRegex.
        """
        texts = (group, version, kind, name, namespace)
        return all(
            test is None or test(text) for test, text in zip(self.patterns, texts, strict=True)
        )

    def selects_labels(self, resource: Resource) -> bool:
        """True where labels and annotations fit."""
        return (self.labels is None or self.labels.matches(resource.labels)) and (
            self.annotations is None or self.annotations.matches(resource.annotations)
        )

    def _selects_type(self, group: str, version: str, kind: str) -> bool:
        texts = (group, version, kind)
        return all(
            test is None or test(text) for test, text in zip(self.patterns[:3], texts, strict=True)
        )


def _only_name(pattern: str) -> str:
    return pattern if _LITERAL.issuperset(pattern) and "." not in pattern else ""


def _at(field: str, make: Callable[[str], Test], pattern: str) -> Test | None:
    if not pattern:
        return None
    try:
        return make(pattern)
    except SourceError as error:
        raise error.within(field=(field,)) from None


def _label_test(field: str, fitted: Mapping[str, Any]) -> LabelTest | None:
    text = fitted.get(field) or ""
    if not text:
        return None
    from kmanifest.engines.kustomize.label_selector import (
        parse_label_selector,  # few selectors have it
    )

    try:
        return LabelTest(parse_label_selector(text))
    except SourceError as error:
        raise error.within(field=(field,)) from None


# Nothing selected


def note_none(
    ctx: Context,
    fitted: Mapping[str, Any],
    resources: ResourceMap,
    *,
    field: FieldPath,
    file: str = "",
) -> None:
    """Report that the selector that stands at `field` selects none of the resources."""
    given = [name for name in (*_ID_FIELDS, *_TEXT_FIELDS) if fitted.get(name)]
    ctx.report_no_effect(
        f"no resource is selected by {', '.join(f'{name} {fitted[name]}' for name in given)}",
        file=file,
        field=(*field, *given) if len(given) == 1 else field,
        near=lambda: _near_selected(fitted, resources),
    )


def _near_selected(fitted: Mapping[str, Any], resources: ResourceMap) -> list[str]:
    """What a selector may have meant; nothing where only labels or annotations do not fit."""
    by_id = {name: fitted[name] for name in _ID_FIELDS if fitted.get(name)}
    if Selector.of(by_id).places_in(resources):
        return []
    kind, name = fitted.get("kind") or "", fitted.get("name") or ""
    called = Selector.of({"kind": kind, "name": name}).places_in(resources)
    if called and (kind or name):
        # The name is right, so it is the group, the version or the namespace that differs.
        return [f"{resources[place].api_version} {resources[place].id}" for place in called[:3]]
    if kind and name:
        return near_names(f"{kind}/{name}", names_of(resources))
    if name:
        return near_names(name, (resource.name for resource in resources))
    return near_names(kind, (resource.kind for resource in resources)) if kind else []
