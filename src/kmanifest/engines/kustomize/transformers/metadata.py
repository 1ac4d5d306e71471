"""Labels and annotations.

Source: kustomize v5.8.2 api/internal/builtins/LabelTransformer.go, AnnotationsTransformer.go.
"""

from kmanifest.engines.kustomize.config import FieldTable, Specs
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, STRING_MAP, RecordShape, decode
from kmanifest.engines.kustomize.scalar_nodes import (
    STRING_TAG,
    NodeWriter,
    is_quoted,
    new_entry,
    tag_name,
)
from kmanifest.engines.kustomize.scalars import plain_key
from kmanifest.engines.kustomize.transformers.fields import specs_of, update_all
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import FieldUpdate
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import ScalarNode, is_string, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, Sequence

_LABELS: Final = RecordShape({"labels": STRING_MAP})
_ANNOTATIONS: Final = RecordShape({"annotations": STRING_MAP})
_EMPTY: Final[dict[str, str]] = {}
_METADATA_STEPS: Final = len(("metadata", "labels"))

METADATA_LABELS: Final[Specs] = (("metadata/labels", "", "", "", True),)


def label(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in LabelTransformer: put `labels` into the fields of `fieldSpecs`."""
    labels = decode(config.body, _LABELS, PLUGIN_CONFIG).get("labels", {})
    return _put_entries(resources, labels, specs_of(config.body))


def annotate(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the built-in AnnotationsTransformer: put `annotations` into the fields of `fieldSpecs`."""
    annotations = decode(config.body, _ANNOTATIONS, PLUGIN_CONFIG).get("annotations", {})
    return _put_entries(resources, annotations, specs_of(config.body))


def _put_entries(resources: ResourceMap, entries: Mapping[str, str], specs: Specs) -> ResourceMap:
    if not entries:
        return resources
    for key in entries:
        plain_key(key, "key")
    table = FieldTable(specs)
    new_entries = [_NewEntry.of(key, text) for key, text in entries.items()]
    writer = NodeWriter()
    updates = {
        is_shared: FieldUpdate(_NewEntries(new_entries, is_shared=is_shared).put_into, _EMPTY)
        for is_shared in (False, True)
    }

    def put(resource: Resource) -> Resource:
        fields = table.fields_for(*resource.id[:3])
        # Only a field below a list can be several fields of one resource.
        is_shared = len(fields) > 1 or len(fields[0].steps) > _METADATA_STEPS if fields else False
        try:
            return update_all(resource, fields, updates[is_shared], writer)
        except _KeyExistsError:
            entry_writer = _EntryWriter(new_entries, writer, is_shared=is_shared)
        return update_all(resource, fields, FieldUpdate(entry_writer.put_into, _EMPTY), writer)

    return resources.map(put)


class _NewEntry(NamedTuple):
    """An entry, and the node of its value where the key is new: whether it is quoted, and the value that stands for it."""

    key: str
    text: str
    quoted: bool
    value: Any

    @classmethod
    def of(cls, key: str, text: str) -> "_NewEntry":
        """Return the entry with this key and text."""
        value = new_entry(text)
        return cls(key, text, is_quoted(value), value)


class _KeyExistsError(Exception):
    """A mapping has the key of one of the entries."""


class _NewEntries:
    """Puts entries into mappings that have none of their keys. Resources have the same nodes, which nothing changes."""

    __slots__ = ("_nodes",)

    def __init__(self, entries: Sequence[_NewEntry], *, is_shared: bool) -> None:
        self._nodes = _make_nodes(entries, is_shared=is_shared)

    def put_into(self, old: Any) -> Any:
        """Return a mapping with the entries. Raises _KeyExistsError if it has one of their keys."""
        if old.__class__ is not dict:
            return _require_mapping(old)
        if self._nodes.keys().isdisjoint(old):
            return {**old, **self._nodes}
        raise _KeyExistsError


class _EntryWriter:
    """Puts entries into the mappings of one resource, which can have their keys.

    For each entry kustomize has one node. A mapping without the key gets that very node. In a mapping with the key,
    the node is copied over the existing one. It takes the quotes of that one first, also in the mappings that already
    have it.
    Source: kustomize v5.8.2 api/filters/filtersutil/setters.go, SetEntry; kyaml v0.21.2 yaml/fns.go, FieldSetter.
    """

    __slots__ = ("_entries", "_is_shared", "_lost_quotes", "_nodes", "_writer")

    def __init__(
        self, entries: Sequence[_NewEntry], writer: NodeWriter, *, is_shared: bool
    ) -> None:
        self._entries = entries
        self._writer = writer
        self._is_shared = is_shared
        self._nodes = _make_nodes(entries, is_shared=is_shared)
        self._lost_quotes = False

    def put_into(self, old: Any) -> Any:
        """Return a mapping with the entries; the mapping itself if it has them."""
        if old.__class__ is not dict:
            return _require_mapping(old)
        nodes = self._nodes
        if self._lost_quotes or not nodes.keys().isdisjoint(old):
            return self._put_over(old, nodes)
        return {**old, **nodes}

    def _put_over(self, old: Mapping[str, Any], nodes: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = {}
        for key, text, quoted, _ in self._entries:
            if key not in old:
                if self._is_shared:
                    nodes[key].quoted = nodes[key].quoted or quoted
                changed[key] = nodes[key]
                continue
            new = self._written_over(old[key], text, nodes[key])
            if new is not old[key]:
                changed[key] = new
        return {**old, **changed} if changed else old

    def _written_over(self, old: Any, text: str, node: Any) -> Any:
        quoted = is_quoted(old)
        if self._is_shared:
            node.quoted = quoted
            self._lost_quotes = True
        if old == text and is_string(old) and tag_name(old) == STRING_TAG:
            return old
        return self._writer.write(old, text, STRING_TAG, quoted=quoted)


def _make_nodes(entries: Sequence[_NewEntry], *, is_shared: bool) -> dict[str, Any]:
    """Return the nodes of entries by key. A value that no other field can have needs no node of its own."""
    return {
        key: ScalarNode(text, quoted=quoted) if is_shared else value
        for key, text, quoted, value in entries
    }


def _require_mapping(old: Any) -> None:
    """Raise SourceError unless `old` is null, which stays."""
    if old is not None:
        raise SourceError(f"expected a mapping, got {type_name(old)}")
