"""A kustomization file: finding it, reading it, and what it says with the old spellings resolved.

Source: kustomize v5.8.2 api/types/kustomization.go, api/internal/target/kusttarget.go (LoadKustFile, Load).
"""

from collections.abc import Iterable, Mapping

from kmanifest import yaml
from kmanifest.engines.kustomize import decoding as shapes
from kmanifest.engines.kustomize.config import FIELD_SPECS
from kmanifest.engines.kustomize.decoding import (
    ANY,
    BOOL,
    INT,
    TEXT,
    TEXT_MAP,
    TEXTS,
    ListOf,
    Record,
)
from kmanifest.engines.kustomize.sorting import SORT_OPTIONS
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError, SourceError, near_names
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
API_VERSION: Final = "kustomize.config.k8s.io/v1beta1"
COMPONENT_API_VERSION: Final = "kustomize.config.k8s.io/v1alpha1"

_GVK: Final = Record({"group": TEXT, "version": TEXT, "kind": TEXT})
_NAMED: Final = Record({"name": TEXT, "namespace": TEXT}, _GVK)
SELECTOR: Final = Record({"labelSelector": TEXT, "annotationSelector": TEXT}, _NAMED)
_FIELD_OPTIONS: Final = Record({"delimiter": TEXT, "index": INT, "encoding": TEXT, "create": BOOL})
REPLACEMENT: Final = Record(
    {
        "path": TEXT,
        "source": Record({"fieldPath": TEXT, "options": _FIELD_OPTIONS}, _NAMED),
        "sourceValue": TEXT,
        "targets": ListOf(
            Record(
                {
                    "select": SELECTOR,
                    "reject": ListOf(SELECTOR),
                    "fieldPaths": TEXTS,
                    "options": _FIELD_OPTIONS,
                }
            )
        ),
    }
)
PATCH: Final = Record(
    {
        "path": TEXT,
        "patch": TEXT,
        "target": SELECTOR,
        "options": Record({"allowNameChange": BOOL, "allowKindChange": BOOL}),
    }
)
IMAGE: Final = Record(
    {"name": TEXT, "newName": TEXT, "tagSuffix": TEXT, "newTag": TEXT, "digest": TEXT}
)
GENERATOR_OPTIONS: Final = Record(
    {"labels": TEXT_MAP, "annotations": TEXT_MAP, "disableNameSuffixHash": BOOL, "immutable": BOOL}
)
CONFIG_MAP_ARGS: Final = Record(
    {
        "namespace": TEXT,
        "name": TEXT,
        "behavior": TEXT,
        "literals": TEXTS,
        "files": TEXTS,
        "envs": TEXTS,
        "env": TEXT,
        "options": GENERATOR_OPTIONS,
    }
)
SECRET_ARGS: Final = Record({"type": TEXT}, CONFIG_MAP_ARGS)
VAR: Final = Record(
    {
        "name": TEXT,
        "objref": Record({"apiVersion": TEXT}, _NAMED),
        "fieldref": Record({"fieldPath": TEXT}),
    }
)
_HELM_GLOBALS: Final = Record({"chartHome": TEXT, "configHome": TEXT})
_HELM_CHART: Final = Record(
    {
        "name": TEXT,
        "version": TEXT,
        "repo": TEXT,
        "releaseName": TEXT,
        "namespace": TEXT,
        "valuesFile": TEXT,
        "additionalValuesFiles": TEXTS,
        "valuesInline": shapes.MapOf(ANY),
        "valuesMerge": TEXT,
        "includeCRDs": BOOL,
        "skipHooks": BOOL,
        "skipTests": BOOL,
        "apiVersions": TEXTS,
        "kubeVersion": TEXT,
        "nameTemplate": TEXT,
        "debug": BOOL,
        "devel": BOOL,
    }
)
_HELM_CHART_ARGS: Final = Record(
    {
        "chartName": TEXT,
        "chartVersion": TEXT,
        "chartRepoUrl": TEXT,
        "chartHome": TEXT,
        "chartRepoName": TEXT,
        "helmBin": TEXT,
        "helmHome": TEXT,
        "values": TEXT,
        "valuesLocal": shapes.MapOf(ANY),
        "valuesMerge": TEXT,
        "releaseName": TEXT,
        "releaseNamespace": TEXT,
        "extraArgs": TEXTS,
    }
)

KUSTOMIZATION: Final = Record(
    {
        "apiVersion": TEXT,
        "kind": TEXT,
        "metadata": Record(
            {"name": TEXT, "namespace": TEXT, "labels": TEXT_MAP, "annotations": TEXT_MAP}
        ),
        "openapi": TEXT_MAP,
        "namePrefix": TEXT,
        "nameSuffix": TEXT,
        "namespace": TEXT,
        "commonLabels": TEXT_MAP,
        "labels": ListOf(
            Record(
                {
                    "pairs": TEXT_MAP,
                    "includeSelectors": BOOL,
                    "includeTemplates": BOOL,
                    "includeVolumeClaimTemplates": BOOL,
                    "fields": FIELD_SPECS,
                }
            )
        ),
        "commonAnnotations": TEXT_MAP,
        "patchesStrategicMerge": TEXTS,
        "patchesJson6902": ListOf(PATCH),
        "patches": ListOf(PATCH),
        "images": ListOf(IMAGE),
        "imageTags": ListOf(IMAGE),
        "replacements": ListOf(REPLACEMENT),
        "replicas": ListOf(Record({"name": TEXT, "count": INT})),
        "vars": ListOf(VAR),
        "sortOptions": SORT_OPTIONS,
        "resources": TEXTS,
        "components": TEXTS,
        "crds": TEXTS,
        "bases": TEXTS,
        "configMapGenerator": ListOf(CONFIG_MAP_ARGS),
        "secretGenerator": ListOf(SECRET_ARGS),
        "helmGlobals": _HELM_GLOBALS,
        "helmCharts": ListOf(_HELM_CHART),
        "helmChartInflationGenerator": ListOf(_HELM_CHART_ARGS),
        "generatorOptions": GENERATOR_OPTIONS,
        "configurations": TEXTS,
        "generators": TEXTS,
        "transformers": TEXTS,
        "validators": TEXTS,
        "buildMetadata": TEXTS,
    }
)

_EDIT_FIX: Final = "Run 'kustomize edit fix' to update your Kustomization automatically."
# field -> what to use instead, in the order of the reference's messages
_DEPRECATED: Final = (
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
)


_FOLLOWING: Final = {
    "resources": "bases",
    "images": "imageTags",
    "helmCharts": "helmChartInflationGenerator",
}


class Kustomization(NamedTuple):
    """What one kustomization file says.

    `fields` holds the fields under their proper names, each fitted to its shape, without those that are absent or
    null; old spellings are moved to where they belong now. `written` says under which name an element of a
    merged list stands in the file, so that an error can name it.
    """

    file: str
    directory: str
    kind: str
    fields: Mapping[str, Any]
    written: Mapping[str, int]

    def get(self, name: str, default: Any = ()) -> Any:
        """The field, or `default` where the file does not have it."""
        return self.fields.get(name, default)

    def text(self, name: str) -> str:
        """The field that is a string, empty where the file does not have it."""
        return self.fields.get(name, "")  # type: ignore[no-any-return]  # its shape says so

    def path_of(self, name: str, index: int) -> tuple[str | int, ...]:
        """Where element `index` of a list stands in the file: what is deprecated follows the new lists."""
        old = _FOLLOWING.get(name)
        own = self.written.get(name, index + 1)
        return (old, index - own) if old and index >= own else (name, index)


def load_kustomization(ctx: Context, directory: str) -> Kustomization:
    """The kustomization in `directory`.

    MissingError where there is none, SourceError (with the field) where there is more than one or it does not fit.
    Warnings about deprecated fields go to `ctx.on_finding`.
    """
    file, fields = read_fields(ctx, directory)
    try:
        if fields is None:
            raise SourceError("the kustomization is empty")
        _warn_deprecated(ctx, fields, file)
        return _settle(fields, file, directory)
    except KmanifestError as error:
        raise error.within(file=file) from error


def read_fields(ctx: Context, directory: str) -> tuple[str, dict[str, Any] | None]:
    """The path of the kustomization file in `directory`, and its fields as they are written; None where it is empty.

    Errors as of `load_kustomization`.
    """
    file = _find_file(ctx, directory)
    try:
        content = ctx.read_resolved(ctx.tree.resolve(file))
        document = yaml.load_values(content, limits=ctx.options.limits)
        if document is None:
            return file, None
        return file, shapes.fit(document, KUSTOMIZATION, shapes.KUSTOMIZATION)
    except KmanifestError as error:
        raise error.within(file=file) from error


def _find_file(ctx: Context, directory: str) -> str:
    found = [name for name in FILE_NAMES if ctx.tree.kind(trees.join(directory, name)) == "file"]
    if not found:
        inside = ctx._replace(directory=directory)
        found = [name for name in FILE_NAMES if _leads_to_file(inside, name)]
    if len(found) == 1:
        return trees.join(directory, found[0])
    if found:
        raise SourceError(f"found multiple kustomization files: {', '.join(found)}").within(
            file=directory or "."
        )
    near = near_names(FILE_NAMES[0], ctx.tree.list(directory))
    message = f"no kustomization file here: none of {', '.join(FILE_NAMES)}"
    raise MissingError(message, near=near).within(file=directory or ".")


def _leads_to_file(ctx: Context, name: str) -> bool:
    """Whether `name` is a link to a file that a file of this directory may load."""
    try:
        return ctx.tree.kind(ctx.locate(name)) == "file"
    except KmanifestError:
        return False


def _warn_deprecated(ctx: Context, fields: Mapping[str, Any], file: str) -> None:
    for name, instead, note in _DEPRECATED:
        if name in fields:
            message = f"# Warning: '{name}' is deprecated. Please use '{instead}' instead. {note}{_EDIT_FIX}"
            ctx.warn(message, file=file, field=(name,))


def _settle(fields: dict[str, Any], file: str, directory: str) -> Kustomization:
    kind = fields.pop("kind", "") or "Kustomization"
    api_version = fields.pop("apiVersion", "")
    written = {name: len(fields.get(name, ())) for name in _FOLLOWING}
    _append(fields, "resources", fields.pop("bases", ()))
    _append(fields, "images", fields.pop("imageTags", ()))
    for name in ("configMapGenerator", "secretGenerator"):
        if name in fields:
            fields[name] = [_single_env(args) for args in fields[name]]
    _settle_charts(fields)
    if not any(
        value not in ("", [], {}) or name in _COUNTS_EVEN_IF_EMPTY for name, value in fields.items()
    ):
        raise SourceError("the kustomization is empty")
    _check_type(kind, api_version)
    return Kustomization(file, directory, kind, fields, written)


# Go tells an empty list or pointer that is written from one that is not there, but an empty string it can't.
_COUNTS_EVEN_IF_EMPTY: Final = frozenset(
    name for name, shape in KUSTOMIZATION.fields.items() if shape != TEXT
)


def _append(fields: dict[str, Any], name: str, more: Iterable[Any]) -> None:
    if more:
        fields[name] = [*fields.get(name, ()), *more]


# The names of a chart's fields under the deprecated helmChartInflationGenerator. Source: api/types/helmchartargs.go.
_CHART_FIELDS: Final = {
    "chartName": "name",
    "chartVersion": "version",
    "chartRepoUrl": "repo",
    "values": "valuesFile",
    "valuesLocal": "valuesInline",
    "valuesMerge": "valuesMerge",
    "releaseName": "releaseName",
}


def _settle_charts(fields: dict[str, Any]) -> None:
    """Put what stands under the deprecated field under `helmCharts` and, where they are not there, `helmGlobals`."""
    old = fields.pop("helmChartInflationGenerator", ())
    charts = [
        {new: chart[name] for name, new in _CHART_FIELDS.items() if name in chart} for chart in old
    ]
    _append(fields, "helmCharts", charts)
    homes: dict[str, Any] = {}
    for chart in old:
        for name, new in (("helmHome", "configHome"), ("chartHome", "chartHome")):
            if chart.get(name):
                homes[new] = chart[name]
    if homes:
        fields.setdefault("helmGlobals", homes)


def _single_env(args: dict[str, Any]) -> dict[str, Any]:
    if not args.get("env"):
        return args
    rest = {key: value for key, value in args.items() if key != "env"}
    return rest | {"envs": [*args.get("envs", ()), args["env"]]}


def _check_type(kind: str, api_version: str) -> None:
    if kind not in ("Kustomization", "Component"):
        message = f"kind should be Kustomization or Component, got {kind!r}"
        raise SourceError(message, near=near_names(kind, ("Kustomization", "Component"))).within(
            field=("kind",)
        )
    wanted = COMPONENT_API_VERSION if kind == "Component" else API_VERSION
    if api_version not in ("", wanted):
        raise SourceError(f"apiVersion for {kind} should be {wanted}").within(field=("apiVersion",))
