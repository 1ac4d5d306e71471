"""The fields that the built-in transformers change: the defaults, and the additions of `configurations`, merged.

A spec is a tuple (path, group, version, kind, create), so that the table of defaults is a constant.
Source: kustomize v5.8.2 api/internal/plugins/builtinconfig/transformerconfig.go.
"""

from _operator import is_

from kmanifest import yaml
from kmanifest.engines.kustomize import decoding, defaults
from kmanifest.engines.kustomize.defaults import Reference, Spec
from kmanifest.engines.kustomize.sorting import LEGACY_RANK
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import split_path
from kmanifest.model.limits import Limits
from kmanifest.model.resource import Resource
from kmanifest.startup.typing import Any, Final, Iterable, Mapping, NamedTuple, Sequence

Specs = tuple[Spec, ...]
TypeKey = tuple[str, str, str]

FIELD_SPEC: Final = decoding.RecordShape(
    {
        "group": decoding.STRING,
        "version": decoding.STRING,
        "kind": decoding.STRING,
        "path": decoding.STRING,
        "create": decoding.BOOL,
    }
)
FIELD_SPECS: Final = decoding.ListShape(FIELD_SPEC)
_REFERENCE: Final = decoding.RecordShape(
    {
        "group": decoding.STRING,
        "version": decoding.STRING,
        "kind": decoding.STRING,
        "fieldSpecs": FIELD_SPECS,
    }
)


class TransformerConfig(NamedTuple):
    """The fields that each built-in transformer changes: the specs of each table, and the name references.

    The tables have the names of the fields in a `configurations` file.
    """

    tables: Mapping[str, Specs]
    references: tuple[Reference, ...] = ()

    def specs(self, table: str) -> Specs:
        """Return the specs of a table, which may be empty."""
        return self.tables.get(table, ())


TABLES: Final = (
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "volumeClaimTemplateLabels",
    "commonAnnotations",
    "varReference",
    "images",
    "replicas",
)
EMPTY: Final = TransformerConfig({})
DEFAULT: Final = TransformerConfig(
    {
        "namePrefix": defaults.NAME_PREFIX,
        "nameSuffix": defaults.NAME_SUFFIX,
        "namespace": defaults.NAMESPACE,
        "commonLabels": defaults.COMMON_LABELS,
        "templateLabels": defaults.TEMPLATE_LABELS,
        "volumeClaimTemplateLabels": defaults.VOLUME_CLAIM_TEMPLATE_LABELS,
        "commonAnnotations": defaults.COMMON_ANNOTATIONS,
        "varReference": defaults.VAR_REFERENCE,
        "images": defaults.IMAGES,
        "replicas": defaults.REPLICAS,
    },
    defaults.NAME_REFERENCE,
)


def load_config(content: bytes, limits: Limits) -> TransformerConfig:
    """Return the config in one file of `configurations`.

    Raises SourceError if the file contains anything else.
    """
    tables = dict.fromkeys(TABLES, FIELD_SPECS)
    shape = decoding.RecordShape({**tables, "nameReference": decoding.ListShape(_REFERENCE)})
    document = yaml.load_values(content, limits=limits)
    decoded = decoding.decode({} if document is None else document, shape, decoding.CONFIGURATION)
    references = tuple(
        (*_gvk(row), sort_by_type(to_specs(row.get("fieldSpecs", ()))))
        for row in decoded.pop("nameReference", ())
    )
    specs = {name: sort_by_type(to_specs(rows)) for name, rows in decoded.items()}
    return TransformerConfig(specs, tuple(sorted(references, key=_reference_order)))


def to_specs(rows: Iterable[Mapping[str, Any]]) -> Specs:
    """Return decoded field specs as tuples."""
    return tuple((row.get("path", ""), *_gvk(row), row.get("create", False)) for row in rows)


def merge_configs(config: TransformerConfig, more: TransformerConfig) -> TransformerConfig:
    """Return `config` with the additions of `more`, each table sorted by type; `config` itself if nothing is new.

    Merging into an empty config is not a copy. Specs are merged in the order of their types, narrow ones first. A
    wide spec for the same path then counts as existing and is dropped. So a `configurations` file can override a
    default for all types.
    """
    if more is config or not any(more):
        return config
    if more is DEFAULT and not any(config):
        return more
    tables = dict(config.tables)
    for name, specs in more.tables.items():
        existing = config.specs(name)
        merged = merge_specs(existing, specs)
        # Tables are sorted when they are made, and the defaults are sorted, too.
        tables[name] = existing if merged is existing else sort_by_type(merged)
    references = _merge_references(config.references, more.references)
    if references is config.references and tables == config.tables:
        return config
    return TransformerConfig(tables, references)


def merge_specs(specs: Specs, more: Sequence[Spec]) -> Specs:
    """Return `specs` and the new ones of `more`; `specs` itself if nothing is new.

    A spec of `more` is not new if one with the same path is for the same type or a narrower one.
    Raises SourceError if two such specs differ in `create`.
    Source: kustomize v5.8.2 api/types/fieldspec.go, FsSlice.MergeOne.
    """
    by_path: dict[str, list[Spec]] = {spec[0]: [] for spec in more}
    for old in specs:
        if old[0] in by_path:
            by_path[old[0]].append(old)
    added = []
    for new in more:
        path, _, _, kind, create = new
        existing = _first_narrower(new, by_path[path])
        if existing is None:
            by_path[path].append(new)
            added.append(new)
        elif existing[4] != create:
            type_text = f" of {kind}" if kind else ""
            raise SourceError(
                f"conflicting fieldspecs: {path}{type_text} is given with and without 'create'"
            )
    return (*specs, *added) if added else specs


def _first_narrower(wide: Spec, specs: Iterable[Spec]) -> Spec | None:
    for spec in specs:
        if selects(wide, spec[1], spec[2], spec[3]):
            return spec
    return None


def selects(spec: Sequence[Any], group: str, version: str, kind: str) -> bool:
    """Return whether a spec is for objects of this type; an empty part of the spec matches anything."""
    _, spec_group, spec_version, spec_kind, _ = spec
    return (
        (not spec_kind or spec_kind == kind)
        and (not spec_group or spec_group == group)
        and (not spec_version or spec_version == version)
    )


def types_in(config: TransformerConfig) -> tuple[TypeKey, ...]:
    """Return the types for which a config has field specs or name references, each once."""
    specs = [spec for table in config.tables.values() for spec in table]
    specs += [spec for reference in config.references for spec in reference[3]]
    rows = [reference[:3] for reference in config.references] + [spec[1:4] for spec in specs]
    return tuple(row for row in dict.fromkeys(rows) if any(row))


def types_without_resources(
    types: Iterable[TypeKey], resources: Iterable[Resource]
) -> tuple[TypeKey, ...]:
    """Return those types that no resource has; an empty part of a type matches anything."""
    resource_types = {resource.id[:3] for resource in resources}
    return tuple(
        type_key
        for type_key in types
        if not any(selects(("", *type_key, False), *gvk) for gvk in resource_types)
    )


class Field(NamedTuple):
    """A field of one type: the steps of its path, and whether it is created if missing."""

    steps: tuple[str, ...]
    create: bool


class FieldTable:
    """Field specs by type, for one step.

    The fields of each type are computed once.
    """

    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._fields: dict[tuple[str, str, str], tuple[Field, ...]] = {}

    def fields_for(self, group: str, version: str, kind: str) -> tuple[Field, ...]:
        """Return the fields of objects of this type, in the order of the specs."""
        key = (group, version, kind)
        fields = self._fields.get(key)
        if fields is None:
            fields = self._fields[key] = tuple(
                Field(tuple(split_path(spec[0], "/")), spec[4])
                for spec in self._specs
                if selects(spec, *key)
            )
        return fields


def sort_by_type(specs: Specs) -> Specs:
    """Return the specs sorted by type.

    Source: kustomize v5.8.2 kyaml/resid/gvk.go, IsLessThan.
    """
    return tuple(sorted(specs, key=lambda spec: _type_order(spec[1], spec[2], spec[3])))


def _type_order(group: str, version: str, kind: str) -> tuple[int, str]:
    return LEGACY_RANK.get(kind, 0), f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"


def _reference_order(reference: Reference) -> tuple[int, str]:
    return _type_order(*reference[:3])


def _merge_references(
    references: tuple[Reference, ...], more: Iterable[Reference]
) -> tuple[Reference, ...]:
    merged = {reference[:3]: reference for reference in references}
    for new in more:
        gvk = new[:3]
        old = merged.get(gvk)
        if old is None:
            merged[gvk] = new
            continue
        specs = merge_specs(old[3], new[3])
        if specs is not old[3]:
            merged[gvk] = (*gvk, specs)
    changed = tuple(merged.values())
    if len(changed) == len(references) and all(map(is_, changed, references)):
        return references
    return tuple(sorted(changed, key=_reference_order))


def _gvk(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row.get("group", ""), row.get("version", ""), row.get("kind", "")
