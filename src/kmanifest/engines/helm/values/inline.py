"""Merge `valuesInline` of a kustomization with a values file, as kustomize does before it runs helm.

kustomize reads the values file as it reads manifests, by YAML 1.2: `no` and `on` are strings, and a date is a time. It
merges nodes, and then prints the result as JSON. So helm gets strings where it would read booleans itself.

1. Mappings are merged key by key. `base` is the mapping that is changed, `patch` the one that wins.
2. Any other value of the patch replaces the base's value, which must be of the same kind or null.
3. A null of the patch removes the key. Of the base's own nulls those that were written as nothing are removed.
4. A mapping of the patch can have a `$patch` directive.
5. A field whose value is an alias is removed, because the merge does not know this kind of node. So is `<<: *name`.

Lists with merge keys are not merged, also where a mapping of the values is an object that Kubernetes knows.
Source: kustomize v5.8.2 api/internal/builtins/HelmChartInflationGenerator.go, replaceValuesInline; kyaml v0.21.2
yaml/merge2/merge2.go and smpdirective.go, yaml/walk/walk.go and map.go.
"""

from kmanifest import yaml
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import Limits
from kmanifest.model.values import null_text, scalar_text
from kmanifest.startup.typing import Any, Final, Mapping

_DIRECTIVE: Final = "$patch"
_DIRECTIVES: Final = ("delete", "replace", "merge")
_LARGEST_EXACT_INTEGER: Final = 1 << 53  # of a float64


class _Missing:
    """The type of `_MISSING`: there is no value, which is not the same as null."""

    __slots__ = ()


class Alias:
    """The value of a field that is written as `*name`."""

    __slots__ = ()


_MISSING: Final = _Missing()


def merge_inline_values(
    content: bytes, inline: Mapping[str, Any], mode: str, limits: Limits
) -> Mapping[str, Any]:
    """Return the values in `content`, a values file, merged with `inline`.

    With the mode `override`, `inline` wins; with `merge`, the file wins; with `replace`, the file is ignored.
    Raises SourceError if a value has another kind than the one that it is merged with.
    """
    inline = _as_floats(inline)
    if mode == "replace":
        return inline
    written = _read(content, limits)
    result = _merge(written, inline, ()) if mode == "override" else _merge(inline, written, ())
    return result if isinstance(result, Mapping) else {}


def _read(content: bytes, limits: Limits) -> Any:
    if b"*" in content:
        return _read_with_aliases(content, limits)
    documents = yaml.load_documents(content, limits=limits)
    written = next((document for document in documents if document is not None), None)
    lines = content.splitlines()
    if written is None and all(line.strip()[:1] in (b"", b"#") for line in lines):
        raise SourceError("could not parse the values file: it is empty")
    return written


def _read_with_aliases(content: bytes, limits: Limits) -> Any:
    """Return the first document, with an Alias for each alias that the merge meets."""
    from kmanifest.yaml.readers import ResourceReader  # few values files have an alias

    class Reader(ResourceReader):
        def _resolve_alias(self, event: Any) -> Any:
            value = super()._resolve_alias(event)
            return Alias() if self._is_merged() else value

        def _add_merge_value(self, container: Any, value: Any, event: Any) -> None:
            if value.__class__ is not Alias:
                super()._add_merge_value(container, value, event)

        def _is_merged(self) -> bool:
            """Return whether all open containers are mappings; what is in lists is not merged."""
            return all(container.node.__class__ is dict for container in self._stack)

    return Reader(limits).first_document(content)


def _as_floats(value: Any) -> Any:
    """Return a value of a kustomization as Go holds it, where every number is a float64."""
    if isinstance(value, Mapping):
        return {key: _as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_floats(item) for item in value]
    if isinstance(value, int) and not -_LARGEST_EXACT_INTEGER < value < _LARGEST_EXACT_INTEGER:
        return int(float(value))
    return value


def _merge(base: Any, patch: Any, field: tuple[str, ...]) -> Any:
    """Return the merged value; `_MISSING` if there is none. A null in the result is one that stays."""
    first = patch if base is None or base is _MISSING else base
    if first is None or first is _MISSING or isinstance(first, Mapping):
        _check_kinds(base, patch, field)
        return _merge_mappings(base, patch, field)
    if first.__class__ is Alias:
        return _MISSING
    _check_kinds(base, patch, field)
    value = base if patch is _MISSING else patch
    return _MISSING if value is None else value


def _check_kinds(base: Any, patch: Any, field: tuple[str, ...]) -> None:
    kinds = [_kind(value) for value in (base, patch) if value is not None and value is not _MISSING]
    if len(kinds) == 2 and kinds[0] != kinds[1]:
        message = f"could not merge values: wrong node kind: expected {kinds[0]} but got {kinds[1]}"
        raise SourceError(message).within(field=field)


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "MappingNode"
    if value.__class__ is Alias:
        return "AliasNode"
    return "SequenceNode" if isinstance(value, list) else "ScalarNode"


def _merge_mappings(base: Any, patch: Any, field: tuple[str, ...]) -> Any:
    if base is None or base is _MISSING:
        if patch is None or patch is _MISSING or _directive(patch, field) == "delete":
            return _MISSING
        return _merge_fields(patch, patch, field)
    if patch is None:
        return _MISSING
    if patch is _MISSING:
        return _merge_fields(base, {}, field)
    directive = _directive(patch, field)
    if directive == "delete":
        return _MISSING
    return _merge_fields(patch if directive == "replace" else base, patch, field)


def _merge_fields(
    base: Mapping[str, Any], patch: Mapping[str, Any], field: tuple[str, ...]
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    nulls = {key: null_text(key) for key, value in base.items() if value is None}
    for key in {**base, **patch}:
        if key == _DIRECTIVE and key in patch and patch[key] in _DIRECTIVES:
            continue
        old, new = base.get(key, _MISSING), patch.get(key, _MISSING)
        if old is None and new is _MISSING and nulls[key]:
            merged[key] = None
            continue
        value = _merge(old, new, (*field, key))
        if value is not _MISSING:
            merged[key] = value
    return merged


def _directive(patch: Mapping[str, Any], field: tuple[str, ...]) -> str:
    if _DIRECTIVE not in patch:
        return "merge"
    value = patch[_DIRECTIVE]
    text = "" if isinstance(value, Mapping | list) or value is None else scalar_text(value)
    if text not in _DIRECTIVES:
        raise SourceError(f"unknown patch strategy '{text}'").within(field=(*field, _DIRECTIVE))
    return text
