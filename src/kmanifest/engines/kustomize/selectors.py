"""Select resources by patterns for type, name and namespace, and by labels and annotations.

A pattern is an RE2 regular expression that must match the whole string. A pattern without metacharacters, except
dots, is compared directly. So most builds never load the RE2 engine.
"""

from kmanifest.model.errors import FieldPath, SourceError, near_names
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Self

StringTest = Callable[[str], bool]

_LITERAL: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/-.")


def anchored(pattern: str) -> StringTest:
    """Return a test whether a whole string matches `pattern`.

    Raises SourceError if that is not a regular expression.
    Source: kustomize v5.8.2 api/types/selector.go, anchorRegex.
    """
    if _LITERAL.issuperset(pattern):
        if "." not in pattern:
            return pattern.__eq__
        return lambda text: len(text) == len(pattern) and _matches_at(pattern, text, 0)
    return _compiled(f"^(?:{pattern})$", pattern)


def unanchored(pattern: str) -> StringTest:
    """Return a test whether a part of a string matches `pattern`, as used for list elements in a field path."""
    if _LITERAL.issuperset(pattern):
        if "." not in pattern:
            return lambda text: pattern in text
        return lambda text: any(
            _matches_at(pattern, text, start) for start in range(len(text) - len(pattern) + 1)
        )
    return _compiled(pattern, pattern)


def _matches_at(pattern: str, text: str, start: int) -> bool:
    return all(
        expected == actual or (expected == "." and actual != "\n")
        for expected, actual in zip(pattern, text[start : start + len(pattern)], strict=True)
    )


def _compiled(expression: str, pattern: str) -> StringTest:
    import re2  # imported here because few patterns need it

    from kmanifest.model.patterns import check_pattern

    check_pattern(pattern)
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
_LABEL_FIELDS: Final = ("labelSelector", "annotationSelector")


class Selector(NamedTuple):
    """The conditions of a selector; None is no condition.

    `patterns` are the tests for group, version, kind, name and namespace. `literal_name` is the name if only one name
    can match.
    """

    patterns: tuple[StringTest | None, ...]
    literal_name: str = ""
    labels: LabelTest | None = None
    annotations: LabelTest | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return the selector in a decoded mapping.

        Raises SourceError with the field if a pattern is malformed.
        """
        return cls(
            tuple(_make_test(name, anchored, fields.get(name) or "") for name in _ID_FIELDS),
            _literal_name(fields.get("name") or ""),
            _label_test("labelSelector", fields),
            _label_test("annotationSelector", fields),
        )

    @property
    def has_id(self) -> bool:
        """Whether there is a condition on the id."""
        return any(self.patterns)

    @property
    def has_labels(self) -> bool:
        """Whether there is a condition on labels or annotations."""
        return self.labels is not None or self.annotations is not None

    def matching_indexes(self, resources: ResourceMap) -> list[int]:
        """Return the indexes of the resources that match, as in `selects`."""
        indexes = (
            resources.indexes_by_name(self.literal_name)
            if self.literal_name
            else range(len(resources))
        )
        return [index for index in indexes if self.selects(resources[index])]

    def selects(self, resource: Resource) -> bool:
        """Return whether the resource matches all conditions.

        Name and namespace match if their original or current values do; namespaces are the effective ones.
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
        """Return whether one id matches; an empty namespace is compared as it is.

        Source: kustomize v5.8.2 api/types/replacement.go, TargetSelectorRegex.
        """
        values = (group, version, kind, name, namespace)
        return all(
            test is None or test(text) for test, text in zip(self.patterns, values, strict=True)
        )

    def selects_labels(self, resource: Resource) -> bool:
        """Return whether labels and annotations match."""
        return (self.labels is None or self.labels.matches(resource.labels)) and (
            self.annotations is None or self.annotations.matches(resource.annotations)
        )

    def _selects_type(self, group: str, version: str, kind: str) -> bool:
        values = (group, version, kind)
        return all(
            test is None or test(text) for test, text in zip(self.patterns[:3], values, strict=True)
        )


def _literal_name(pattern: str) -> str:
    return pattern if _LITERAL.issuperset(pattern) and "." not in pattern else ""


def _make_test(field: str, make: Callable[[str], StringTest], pattern: str) -> StringTest | None:
    if not pattern:
        return None
    try:
        return make(pattern)
    except SourceError as error:
        raise error.within(field=(field,)) from None


def _label_test(field: str, fields: Mapping[str, Any]) -> LabelTest | None:
    text = fields.get(field) or ""
    if not text:
        return None
    from kmanifest.engines.kustomize.label_selector import (
        parse_label_selector,  # few selectors have one
    )

    try:
        return LabelTest(parse_label_selector(text))
    except SourceError as error:
        raise error.within(field=(field,)) from None


# Selectors without a match


def report_no_match(
    ctx: Context,
    fields: Mapping[str, Any],
    resources: ResourceMap,
    *,
    field: FieldPath,
    file: str = "",
) -> None:
    """Report that the selector at `field` selects none of the resources."""
    conditions = [name for name in (*_ID_FIELDS, *_LABEL_FIELDS) if fields.get(name)]
    ctx.report_no_effect(
        f"no resource is selected by {', '.join(f'{name} {fields[name]}' for name in conditions)}",
        file=file,
        field=(*field, *conditions) if len(conditions) == 1 else field,
        near=lambda: _near_selected(fields, resources),
    )


def _near_selected(fields: Mapping[str, Any], resources: ResourceMap) -> list[str]:
    """Return the resources that the selector may be meant for.

    Nothing is returned if only labels or annotations differ.
    """
    by_id = {name: fields[name] for name in _ID_FIELDS if fields.get(name)}
    if Selector.of(by_id).matching_indexes(resources):
        return []
    kind, name = fields.get("kind") or "", fields.get("name") or ""
    indexes = Selector.of({"kind": kind, "name": name}).matching_indexes(resources)
    if indexes and (kind or name):
        # The name matches, so the group, the version or the namespace differs.
        return [f"{resources[index].api_version} {resources[index].id}" for index in indexes[:3]]
    if kind and name:
        return near_names(f"{kind}/{name}", names_of(resources))
    if name:
        return near_names(name, (resource.name for resource in resources))
    return near_names(kind, (resource.kind for resource in resources)) if kind else []
