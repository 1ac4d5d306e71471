"""Strategic merge patches: merge one patch into one resource.

kyaml walks both trees at once and changes them on the way, and some results depend on its order. So this walk has the
same order. The patch is copied first and then changed in place, as in kyaml. The base is never changed: a new mapping
or list is made only if something differs, and everything else is shared.

1. A field that only the base has is walked, too, because a list with merge keys is normalized even then. Of elements
   with equal keys the last one stays. Empty elements are removed. An element without its key removes all elements
   before it. A null that was written as an empty value is removed; a null that was written as `null` stays.
2. A field that only the patch has is merged with itself. This removes its nulls and applies its `$patch`.
3. A list is merged if the schema gives its field the strategy `merge`. Otherwise the patch's list replaces it. A
   merged list begins with the patch's elements, each merged with the base's element that has the same keys. Then the
   base's other elements follow. Keys are compared by their source text.
4. A scalar of the patch gets the quoting of the base's scalar, and so its type: 2 on "1" yields "2".
5. Each field of each mapping is put back where it was, also if only the base has it. This quotes a node that YAML 1.1
   would not read as a string. See `scalar_nodes`.

Schemas in comments (`# {"$ref": ...}`) come before what is known of a field: see `schema_comments`.
Source: kyaml v0.21.2 yaml/merge2/merge2.go and smpdirective.go, yaml/walk/*.go, and yaml/fns.go for the setters.
"""

from _operator import is_

from kmanifest.engines.kustomize.scalar_nodes import (
    NodeWriter,
    is_other_type_in_yaml_1_1,
    is_quoted,
    tag_name,
)
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.values import (
    BlankKey,
    Body,
    ScalarNode,
    Value,
    is_string,
    scalar_text,
    type_name,
)
from kmanifest.schema.openapi import Schema, TypeSchema
from kmanifest.startup.typing import Any, Final, Iterable, Sequence, TypeAlias
from kmanifest.yaml.resolve import WORDS_OF_OTHER_TYPES


class _Absent:
    """A value that no mapping contains.

    It is compared by identity, also after pickling.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name


DELETED: Final = _Absent("DELETED")
"""The result of `merge` if the patch deletes the whole resource."""

MISSING: Final = _Absent("MISSING")
# A null of the base, which stays. Any other null is removed.
KEPT_NULL: Final = _Absent("KEPT_NULL")
ABSENT_VALUES: Final = (MISSING, KEPT_NULL, None)

DIRECTIVE: Final = "$patch"
PLAIN_TYPES: Final = (str, int, bool)
_CONTAINERS: Final = (dict, list)
# Strings of YAML 1.2 that YAML 1.1 does not read as strings.
WORDS_QUOTED_AFTER_PATCH: Final = frozenset(
    (
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "n",
        "N",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
    )
)
SCALAR_KEY: Final = ("",)  # the keys of a list of scalars: the element itself

Keys: TypeAlias = Sequence[str]


def merge(
    base: Body,
    patch: Body,
    schemas: Schema,
    writer: NodeWriter | None = None,
    *,
    has_schema_comments: bool = False,
) -> "Value | _Absent":
    """Return `base` with `patch` merged into it, or `DELETED`; the mapping is empty if the patch removes every field.

    The schema is that of the base's type; if there is none, that of the patch's type. The caller restores the kind,
    the name and the namespace, which a patch can't change. Scalars are written with `writer`, which the caller
    finishes. `has_schema_comments` means that a body has a `SchemaKey`.
    Source: kyaml v0.21.2 yaml/merge2/merge2.go, Merge; kustomize api v0.21.2 resource/resource.go, ApplySmPatch.
    """
    if patch.get(DIRECTIVE) == "replace":
        # kyaml replaces the tree but continues with the old node, so nothing changes.
        return base
    try:
        walker = (_CommentedMerge if has_schema_comments else _Merge)(
            schemas, writer or NodeWriter()
        )
        result = walker.walk(base, _mutable_copy(patch), None)
    except RecursionError:
        raise LimitError(
            "the resource or its patch is nested too deeply to be merged (max_depth)"
        ) from None
    return DELETED if result in ABSENT_VALUES else result


class _Merge:
    """One walk through a base and a patch.

    A walk returns the merged value, or one of `ABSENT_VALUES`. `origin` is the patch's value and may be changed. If
    it is the same object as `dest`, the patch's value is merged with itself.
    """

    __slots__ = ("_schemas", "_writer")

    def __init__(self, schemas: Schema, writer: NodeWriter) -> None:
        self._schemas = schemas
        self._writer = writer

    def walk(self, dest: Any, origin: Any, schema: TypeSchema | None) -> Any:
        """Merge two values, as Walk in yaml/walk/walk.go does."""
        if schema is None:
            schema = self._type_of(dest, origin)
        first = dest if dest is not None and dest is not MISSING else origin
        if isinstance(first, dict):
            _check_type("mapping", dict, origin)
            return self._walk_map(dest, origin, schema)
        if isinstance(first, list):
            _check_type("list", list, origin)
            return self._walk_list(dest, origin, schema)
        if first is None or first is MISSING:
            return self._walk_map(dest, origin, schema)
        if origin.__class__ in _CONTAINERS:
            raise SourceError(f"expected a scalar, got {type_name(origin)}")
        return dest if origin is MISSING else origin

    def _type_of(self, *sources: Any) -> TypeSchema | None:
        """Return the schema of a mapping that has a kind and an apiVersion, at any depth.

        Source: walk.go, GetSchema.
        """
        for source in sources:
            if isinstance(source, dict) and "kind" in source and "apiVersion" in source:
                kind, version = _key_text(source["kind"]), _key_text(source["apiVersion"])
                schema = self._schemas.for_type(version, kind) if kind and version else None
                if schema is not None:
                    return schema
        return None

    def _needs_walk(self, key: str, value: Any, parent: TypeSchema | None) -> bool:
        """Return whether a field that only the base has contains something that the walk changes.

        This is a list with merge keys, a null written as an empty value, or a scalar that gets quotes. Most fields
        contain none of them. They need no walk, and may be nested to any depth.
        """
        todo = [(value, None if parent is None else parent.field(key))]
        while todo:
            node, schema = todo.pop()
            if isinstance(node, list):
                if schema is not None and schema.merges:
                    return True
                continue
            if schema is None:
                schema = self._type_of(node)
            for name, child in node.items():
                if child.__class__ is dict or child.__class__ is list:
                    todo.append((child, None if schema is None else schema.field(name)))
                elif child.__class__ is str:
                    if child in WORDS_QUOTED_AFTER_PATCH:
                        return True
                elif child.__class__ is ScalarNode:
                    if _is_quoted_after_patch(child):
                        return True
                elif child is None and isinstance(name, BlankKey):
                    return True
        return False

    def _walk_map(self, dest: Any, origin: Any, schema: TypeSchema | None) -> Any:
        """Merge two mappings, as VisitMap in yaml/merge2/merge2.go and walkMap in yaml/walk/map.go do."""
        if dest is None or dest is MISSING:
            if isinstance(origin, dict) and _take_map_directive(origin, strict=False) == "delete":
                return MISSING
            if origin is MISSING:
                return dest if dest is MISSING else KEPT_NULL
            return origin if origin is None else self._merge_with_itself(origin, schema)
        if origin is None:
            return MISSING
        if origin is MISSING:
            return self._walk_base_map(dest, schema)
        directive = _take_map_directive(origin, strict=True)
        if directive == "delete":
            return MISSING
        if directive == "replace" or dest is origin:
            return self._merge_with_itself(origin, schema)
        return self._merge_map(dest, origin, schema)

    def _merge_with_itself(
        self, origin: dict[str, Any], schema: TypeSchema | None
    ) -> dict[str, Any]:
        """Merge a mapping of the patch with itself, in place."""
        for key in list(origin):
            value = self._walk_field(key, origin[key], origin[key], schema)
            if value in ABSENT_VALUES:
                del origin[key]
            else:
                origin[key] = _as_new_entry(value)
        return origin

    def _walk_base_map(self, dest: dict[str, Any], schema: TypeSchema | None) -> dict[str, Any]:
        """Walk a mapping that the patch does not have."""
        changed: dict[str, Any] | None = None
        for key, old in dest.items():
            if old.__class__ is dict or old.__class__ is list:
                value = self._walk_field(key, old, MISSING, schema)
            else:
                value = MISSING if old is None and _is_blank(key, old) else self._put_back(old)
            if value is not old:
                changed = dict(dest) if changed is None else changed
                if value is MISSING:
                    del changed[key]
                else:
                    changed[key] = value
        return dest if changed is None else changed

    def _merge_map(
        self, dest: dict[str, Any], origin: dict[str, Any], schema: TypeSchema | None
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key, old in dest.items():
            value = old
            if key in origin:
                value = self._put_over(old, self._walk_field(key, old, origin[key], schema))
                if isinstance(value, str):
                    origin[key] = value  # an element can be visited twice: its scalars stay quoted
            elif old.__class__ in _CONTAINERS and self._needs_walk(key, old, schema):
                value = self._walk_field(key, old, MISSING, schema)
            elif old.__class__ is str:
                if old in WORDS_QUOTED_AFTER_PATCH:
                    value = ScalarNode(old, quoted=True)
            elif old.__class__ is ScalarNode:
                value = self._put_back(old)
            elif _is_blank(key, old):
                continue
            if value not in ABSENT_VALUES or key not in origin:
                merged[key] = value
        for key in sorted(origin):  # kyaml walks all fields in this order, and appends new ones
            if key not in dest:
                value = self._walk_field(key, MISSING, origin[key], schema)
                if value not in ABSENT_VALUES:
                    merged[key] = _as_new_entry(value)
        is_unchanged = len(merged) == len(dest) and all(
            key in dest and new is dest[key] for key, new in merged.items()
        )
        return dest if is_unchanged else merged

    def _put_over(self, old: Any, new: Any) -> Any:
        """Return a patch's value after it was put over the base's; a scalar keeps the base's quotes.

        Source: FieldSetter.
        """
        if new.__class__ in _CONTAINERS or new in ABSENT_VALUES:
            return new
        if new.__class__ is old.__class__ and new.__class__ in PLAIN_TYPES:
            if new == old:
                return old
            if new.__class__ is str and _is_word(new) and _is_word(old):
                return new
        return self._writer.write(old, scalar_text(new), tag_name(new), quoted=is_quoted(old))

    def _put_back(self, old: Any) -> Any:
        """Return a scalar of the base, which only the base has, after it was put over itself."""
        if old.__class__ is str and old in WORDS_QUOTED_AFTER_PATCH:
            return ScalarNode(old, quoted=True)
        if old.__class__ is ScalarNode and _is_quoted_after_patch(old):
            return self._writer.write(old, scalar_text(old), old.tag, quoted=True)
        return old

    def _walk_field(self, key: str, dest: Any, origin: Any, schema: TypeSchema | None) -> Any:
        try:
            return self.walk(dest, origin, None if schema is None else schema.field(key))
        except SourceError as error:
            raise error.within(field=(key,)) from None

    def _walk_list(self, dest: Any, origin: Any, schema: TypeSchema | None) -> Any:
        """Merge two lists.

        Source: yaml/merge2/merge2.go, VisitList; yaml/walk/associative_sequence.go, walkAssociativeSequence.
        """
        if schema is None or not schema.merges:
            return dest if origin is MISSING else origin
        if dest is None or dest is MISSING:
            dest = origin
        elif origin is None:
            return MISSING
        elif origin is not MISSING:
            directive = _take_list_directive(origin)
            if directive == "delete":
                return MISSING
            if directive == "replace":
                dest = origin
        keys = schema.merge_keys or SCALAR_KEY
        elements = schema.elements()
        result = self._merge_unique(dest, origin, keys, elements)
        if result is None:
            result = self._merge_lists(
                dest if dest is origin else list(dest), origin, keys, elements
            )
        is_unchanged = len(result) == len(dest) and all(map(is_, result, dest))
        return dest if is_unchanged else result

    def _merge_unique(
        self, dest: list[Any], origin: Any, keys: Keys, schema: TypeSchema | None
    ) -> list[Any] | None:
        """Return the result of `_merge_lists`, faster; None unless each element has its keys and all keys are distinct.

        An element with `$patch: replace` takes the place of the base's element, which then replaces it again, as in
        kyaml.
        """
        if origin is MISSING and keys is SCALAR_KEY:
            return dest if _has_distinct_scalars(dest) else None
        used_keys = keys if len(keys) == 1 else _used_keys(keys, dest, origin)
        old_elements = _by_keys(dest, used_keys)
        new_elements = (
            {}
            if origin is MISSING
            else old_elements
            if origin is dest
            else _by_keys(origin, used_keys)
        )
        if old_elements is None or new_elements is None:
            return None
        merged = {}
        for values, new in new_elements.items():
            old = old_elements.get(values, MISSING)
            value = self._walk_element(old, new, schema, values)
            if value in ABSENT_VALUES or value == {}:
                old_elements = {
                    key: element for key, element in old_elements.items() if key != values
                }
            else:
                merged[values] = old if value is new and old is not MISSING else value
        for values, old in old_elements.items():
            value = merged.get(values, MISSING)
            if value is MISSING:
                merged[values] = self._walk_element(old, MISSING, schema, values)
            elif len(used_keys) > 1:  # with several keys, the base's elements are moved to the end
                del merged[values]
                merged[values] = value
        return list(merged.values())

    def _merge_lists(
        self, dest: list[Any], origin: Any, keys: Keys, schema: TypeSchema | None
    ) -> list[Any]:
        """Merge two lists, and change `dest`.

        Source: yaml/walk/associative_sequence.go, setAssociativeSequenceElements.
        """
        key_values = _distinct_values([] if origin is MISSING else origin, dest, keys)
        if not key_values:
            return dest
        if len(keys) > 1:
            _unite_values(key_values)
        used = {
            key for values in key_values for key, value in zip(keys, values, strict=True) if value
        }
        valid_keys = [key for key in keys if key in used] or list(keys)
        merged: list[Any] = []
        for values in key_values:
            valid_values = [
                value for key, value in zip(keys, values, strict=True) if key in used or not used
            ]
            element = self._merge_elements(dest, origin, (keys, values), schema)
            if element in ABSENT_VALUES or element == {}:
                _set_element(dest, valid_keys, valid_values, MISSING)
            else:
                _set_element(merged, valid_keys, valid_values, element)
        return _append_elements(merged, dest, valid_keys)

    def _merge_elements(
        self, dest: list[Any], origin: Any, key_values: tuple[Keys, Keys], schema: TypeSchema | None
    ) -> Any:
        """Merge the elements of both lists that have these key values.

        A changed element of the base is put back into `dest`.
        """
        pairs = list(zip(*key_values, strict=True))
        pairs = [pair for pair in pairs if pair[1]] or pairs
        old_index = _find_index(dest, pairs)
        old = MISSING if old_index < 0 else dest[old_index]
        new_index = _find_index(origin, pairs) if origin is not MISSING else -1
        new = MISSING if new_index < 0 else origin[new_index]
        value = self._walk_element(old, new, schema, tuple(key_values[1]))
        if isinstance(value, dict) and value is not new and old_index >= 0:
            dest[old_index] = value
        return value

    def _walk_element(self, dest: Any, origin: Any, schema: TypeSchema | None, values: Keys) -> Any:
        try:
            return self.walk(dest, origin, schema)
        except SourceError as error:
            raise error.within(field=(f"[{','.join(values)}]",)) from None


class _CommentedMerge(_Merge):
    """A walk through bodies with schemas in comments."""

    __slots__ = ()

    def _needs_walk(self, key: str, value: Any, parent: TypeSchema | None) -> bool:  # noqa: ARG002 - as there
        return True

    def _walk_map(self, dest: Any, origin: Any, schema: TypeSchema | None) -> Any:
        from kmanifest.engines.kustomize.schema_comments import CommentedFields  # few files

        mappings = tuple(mapping for mapping in (dest, origin) if isinstance(mapping, dict))
        return super()._walk_map(dest, origin, CommentedFields(schema, mappings, self._schemas))

    def _merge_map(
        self, dest: dict[str, Any], origin: dict[str, Any], schema: TypeSchema | None
    ) -> dict[str, Any]:
        from kmanifest.engines.kustomize.schema_comments import merged_keys  # few files

        patch = dict(origin)
        return merged_keys(super()._merge_map(dest, origin, schema), dest, patch, self._schemas)

    def _merge_with_itself(
        self, origin: dict[str, Any], schema: TypeSchema | None
    ) -> dict[str, Any]:
        from kmanifest.engines.kustomize.schema_comments import walked_keys  # few files

        walked = walked_keys(super()._merge_with_itself(origin, schema), self._schemas)
        origin.clear()
        origin.update(walked)
        return origin  # the same object: lists test whether an element is that of the patch

    def _walk_base_map(self, dest: dict[str, Any], schema: TypeSchema | None) -> dict[str, Any]:
        from kmanifest.engines.kustomize.schema_comments import walked_keys  # few files

        return walked_keys(super()._walk_base_map(dest, schema), self._schemas)


def _mutable_copy(value: Any) -> Any:
    """Return a copy whose mappings and lists may be changed."""
    if isinstance(value, dict):
        return {key: _mutable_copy(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_mutable_copy(child) for child in value]
    return value


def _check_type(name: str, kind: type, origin: Any) -> None:
    if origin is not None and origin is not MISSING and not isinstance(origin, kind):
        raise SourceError(f"expected a {name}, got {type_name(origin)}")


def _key_text(value: Any) -> str:
    """Return the text that kyaml compares: empty for mappings, lists and null fields."""
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]  # just tested
    return "" if value is None or value.__class__ in _CONTAINERS else scalar_text(value)


def _element_text(value: Any) -> str:
    return "" if value.__class__ in _CONTAINERS else scalar_text(value)


def _take_map_directive(origin: dict[str, Any], *, strict: bool) -> str:
    """Remove the mapping's `$patch` and return it.

    Source: smpdirective.go.
    """
    if DIRECTIVE not in origin:
        return "merge"
    directive = _element_text(origin[DIRECTIVE])
    if directive in ("delete", "replace", "merge"):
        del origin[DIRECTIVE]
        return directive
    if strict:
        raise _unknown_directive(directive)
    return "merge"


def _take_list_directive(origin: list[Any]) -> str:
    """Return the `$patch` of the first element that has one, if the element has nothing else.

    Source: smpdirective.go.
    """
    element = next(
        (element for element in origin if isinstance(element, dict) and DIRECTIVE in element), {}
    )
    if len(element) != 1:
        return "merge"
    directive = _element_text(element[DIRECTIVE])
    if directive not in ("delete", "replace", "merge"):
        raise _unknown_directive(directive)
    _set_element(origin, [DIRECTIVE], [directive], MISSING)
    return directive


def _unknown_directive(directive: str) -> SourceError:
    return SourceError(f'expected delete, replace or merge, got "{directive}"').within(
        field=(DIRECTIVE,)
    )


def _has_distinct_scalars(elements: list[Any]) -> bool:
    element_texts = {_element_text(element) for element in elements if element is not None}
    return len(element_texts) == len(elements) and "" not in element_texts


def _used_keys(keys: Keys, dest: list[Any], origin: Any) -> list[str]:
    """Return the keys that any element has.

    Source: validateKeys.
    """
    elements = dest if origin is MISSING else [*dest, *origin]
    fields = [element for element in elements if isinstance(element, dict)]
    return [key for key in keys if any(_key_text(element.get(key)) for element in fields)]


def _by_keys(elements: list[Any], keys: Keys) -> dict[tuple[str, ...], Any] | None:
    """Return the elements by the text of their keys; None if an element lacks a key or shares its keys with another."""
    by_values: dict[tuple[str, ...], Any] = {}
    for element in elements:
        if not isinstance(element, dict):
            return None
        values = tuple(_key_text(element.get(key)) for key in keys)
        if "" in values or values in by_values:
            return None
        by_values[values] = element
    return by_values if keys else None


def _distinct_values(
    origin: Iterable[Any], dest: Iterable[Any], keys: Keys
) -> list[tuple[str, ...]]:
    """Return the key values of the elements, the patch's first.

    Source: elementValues.
    """
    distinct: dict[tuple[str, ...], None] = {}
    for source in (origin, dest):
        for element in source:
            if keys is SCALAR_KEY:
                distinct[_element_text(element),] = None
            else:
                fields = element if isinstance(element, dict) else {}
                distinct[tuple(_key_text(fields.get(key)) for key in keys)] = None
    return list(distinct)


def _unite_values(key_values: list[tuple[str, ...]]) -> None:
    """Fill in the empty values of an element from another one that has the same other values.

    Source: mergeValues, match.
    """
    for i in range(len(key_values)):
        one = key_values[i]
        for j in range(len(key_values)):
            united = _united(one, key_values[j])
            if united is not None:
                key_values[i] = key_values[j] = united


def _united(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    if not any(a == b for a, b in zip(one, other, strict=True)):
        return None
    if any(a != b and a and b for a, b in zip(one, other, strict=True)):
        return None
    return tuple(a or b for a, b in zip(one, other, strict=True))


def _find_index(elements: list[Any], pairs: Sequence[tuple[str, str]]) -> int:
    """Return the index of the first element with these values, -1 if there is none.

    Source: yaml/fns.go, ElementMatcher.
    """
    for index, element in enumerate(elements):
        if not pairs[0][0]:
            if _element_text(element) == pairs[0][1]:
                return index
        elif isinstance(element, dict) and all(
            key in element and _element_text(element[key]) == value for key, value in pairs
        ):
            return index
    return -1


def _set_element(elements: list[Any], keys: Keys, values: Keys, new: Any) -> None:
    """Replace elements that have these values by `new`, or append it; if `new` is `MISSING`, remove them.

    There may be fewer values than keys. Then a further key counts as found if the key before it was found. With no
    value at all, every element is removed.
    Source: yaml/fns.go, ElementSetter.
    """
    of_mappings = bool(keys[0] and values and values[0])
    kept: list[Any] = []
    is_found = False
    for element in elements:
        if element is None or element == {}:
            continue
        if of_mappings and not isinstance(element, dict):
            kept.append(element)
        elif not values:
            continue
        elif not all(_has(element, key, value) for key, value in zip(keys, values, strict=False)):
            kept.append(element)
        else:
            is_found = True
            if new is not MISSING:
                kept.append(new)
    elements[:] = kept
    if not is_found and new is not MISSING and new is not None:
        elements.append(new)


def _has(element: Any, key: str, value: str) -> bool:
    """Return whether an element has this value; an empty value only requires the field.

    Source: yaml/fns.go, FieldMatcher.
    """
    if not key:
        if isinstance(element, dict | list):
            raise SourceError(f"expected a scalar, got {type_name(element)}")
        return scalar_text(element) == value
    _check_type("mapping", dict, element)
    return key in element and (not value or _element_text(element[key]) == value)


def _append_elements(merged: list[Any], rest: list[Any], keys: Keys) -> list[Any]:
    """Return the merged elements, then those of the base that are not among them.

    Source: appendListNode.
    """
    for element in rest:
        if not keys[0]:
            _set_element(merged, SCALAR_KEY, [_element_text(element)], element)
            continue
        _check_type("mapping", dict, element)
        values = []
        for key in keys:
            if element is None or key not in element:
                merged.append(element)
            else:
                values.append(_element_text(element[key]))
        if len(keys) > 1:
            _set_element(merged, keys, values, MISSING)
        _set_element(merged, keys, values, element)
    return merged


def _is_blank(key: str, value: Any) -> bool:
    """Return whether the value is a null written as an empty value, which kyaml treats as an absent field."""
    return value is None and isinstance(key, BlankKey)


def _is_word(text: str) -> bool:
    """Return whether a string can be written without quotes; only strings that certainly can are found."""
    return text[:1].isalpha() and text not in WORDS_OF_OTHER_TYPES and text.isidentifier()


def _is_quoted_after_patch(node: ScalarNode) -> bool:
    """Return whether a node gets quotes when it is put back into its mapping."""
    return not node.quoted and is_string(node) and is_other_type_in_yaml_1_1(node)


def _as_new_entry(value: Any) -> Any:
    """Return a value after it was put into a mapping.

    Strings such as `yes` get quotes, whether they had any or not; no other string that can be plain needs them.
    """
    if value.__class__ is str and value in WORDS_QUOTED_AFTER_PATCH:
        return ScalarNode(value, quoted=True)
    return value
