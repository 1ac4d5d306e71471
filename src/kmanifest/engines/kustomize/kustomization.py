"""Find and read a kustomization file, and move its deprecated fields to the current ones.

Source: kustomize v5.8.2 api/types/kustomization.go, api/internal/target/kusttarget.go (LoadKustFile, Load).
"""

from kmanifest import yaml
from kmanifest.engines.kustomize import decoding
from kmanifest.engines.kustomize.config import FIELD_SPECS
from kmanifest.engines.kustomize.decoding import (
    ANY,
    BOOL,
    INT,
    STRING,
    STRING_MAP,
    STRINGS,
    ListShape,
    RecordShape,
)
from kmanifest.engines.kustomize.sorting import SORT_OPTIONS
from kmanifest.io import tree as trees
from kmanifest.io.local_tree import OutsideError
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    MissingError,
    SourceError,
    near_names,
)
from kmanifest.model.findings import DEPRECATED
from kmanifest.model.resource import Resource
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Hashable, Iterable, Mapping, NamedTuple

_ENGINE: Final = "kustomize"
"""The name of this engine, with which the option `engine` chooses a kustomization."""

FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
API_VERSION: Final = "kustomize.config.k8s.io/v1beta1"
COMPONENT_API_VERSION: Final = "kustomize.config.k8s.io/v1alpha1"

_GVK: Final = RecordShape({"group": STRING, "version": STRING, "kind": STRING})
_NAMED: Final = RecordShape({"name": STRING, "namespace": STRING}, _GVK)
SELECTOR: Final = RecordShape({"labelSelector": STRING, "annotationSelector": STRING}, _NAMED)
_FIELD_OPTIONS: Final = RecordShape(
    {"delimiter": STRING, "index": INT, "encoding": STRING, "create": BOOL}
)
REPLACEMENT: Final = RecordShape(
    {
        "path": STRING,
        "source": RecordShape({"fieldPath": STRING, "options": _FIELD_OPTIONS}, _NAMED),
        "sourceValue": STRING,
        "targets": ListShape(
            RecordShape(
                {
                    "select": SELECTOR,
                    "reject": ListShape(SELECTOR),
                    "fieldPaths": STRINGS,
                    "options": _FIELD_OPTIONS,
                }
            )
        ),
    }
)
PATCH: Final = RecordShape(
    {
        "path": STRING,
        "patch": STRING,
        "target": SELECTOR,
        "options": RecordShape({"allowNameChange": BOOL, "allowKindChange": BOOL}),
    }
)
IMAGE: Final = RecordShape(
    {"name": STRING, "newName": STRING, "tagSuffix": STRING, "newTag": STRING, "digest": STRING}
)
GENERATOR_OPTIONS: Final = RecordShape(
    {
        "labels": STRING_MAP,
        "annotations": STRING_MAP,
        "disableNameSuffixHash": BOOL,
        "immutable": BOOL,
    }
)
CONFIG_MAP_ARGS: Final = RecordShape(
    {
        "namespace": STRING,
        "name": STRING,
        "behavior": STRING,
        "literals": STRINGS,
        "files": STRINGS,
        "envs": STRINGS,
        "env": STRING,
        "options": GENERATOR_OPTIONS,
    }
)
SECRET_ARGS: Final = RecordShape({"type": STRING}, CONFIG_MAP_ARGS)
VAR: Final = RecordShape(
    {
        "name": STRING,
        "objref": RecordShape({"apiVersion": STRING}, _NAMED),
        "fieldref": RecordShape({"fieldPath": STRING}),
    }
)
_HELM_GLOBALS: Final = RecordShape({"chartHome": STRING, "configHome": STRING})
_HELM_CHART: Final = RecordShape(
    {
        "name": STRING,
        "version": STRING,
        "repo": STRING,
        "releaseName": STRING,
        "namespace": STRING,
        "valuesFile": STRING,
        "additionalValuesFiles": STRINGS,
        "valuesInline": decoding.MapShape(ANY),
        "valuesMerge": STRING,
        "includeCRDs": BOOL,
        "skipHooks": BOOL,
        "skipTests": BOOL,
        "apiVersions": STRINGS,
        "kubeVersion": STRING,
        "nameTemplate": STRING,
        "debug": BOOL,
        "devel": BOOL,
    }
)
_HELM_CHART_ARGS: Final = RecordShape(
    {
        "chartName": STRING,
        "chartVersion": STRING,
        "chartRepoUrl": STRING,
        "chartHome": STRING,
        "chartRepoName": STRING,
        "helmBin": STRING,
        "helmHome": STRING,
        "values": STRING,
        "valuesLocal": decoding.MapShape(ANY),
        "valuesMerge": STRING,
        "releaseName": STRING,
        "releaseNamespace": STRING,
        "extraArgs": STRINGS,
    }
)

KUSTOMIZATION: Final = RecordShape(
    {
        "apiVersion": STRING,
        "kind": STRING,
        "metadata": RecordShape(
            {"name": STRING, "namespace": STRING, "labels": STRING_MAP, "annotations": STRING_MAP}
        ),
        "openapi": STRING_MAP,
        "namePrefix": STRING,
        "nameSuffix": STRING,
        "namespace": STRING,
        "commonLabels": STRING_MAP,
        "labels": ListShape(
            RecordShape(
                {
                    "pairs": STRING_MAP,
                    "includeSelectors": BOOL,
                    "includeTemplates": BOOL,
                    "includeVolumeClaimTemplates": BOOL,
                    "fields": FIELD_SPECS,
                }
            )
        ),
        "commonAnnotations": STRING_MAP,
        "patchesStrategicMerge": STRINGS,
        "patchesJson6902": ListShape(PATCH),
        "patches": ListShape(PATCH),
        "images": ListShape(IMAGE),
        "imageTags": ListShape(IMAGE),
        "replacements": ListShape(REPLACEMENT),
        "replicas": ListShape(RecordShape({"name": STRING, "count": INT})),
        "vars": ListShape(VAR),
        "sortOptions": SORT_OPTIONS,
        "resources": STRINGS,
        "components": STRINGS,
        "crds": STRINGS,
        "bases": STRINGS,
        "configMapGenerator": ListShape(CONFIG_MAP_ARGS),
        "secretGenerator": ListShape(SECRET_ARGS),
        "helmGlobals": _HELM_GLOBALS,
        "helmCharts": ListShape(_HELM_CHART),
        "helmChartInflationGenerator": ListShape(_HELM_CHART_ARGS),
        "generatorOptions": GENERATOR_OPTIONS,
        "configurations": STRINGS,
        "generators": STRINGS,
        "transformers": STRINGS,
        "validators": STRINGS,
        "buildMetadata": STRINGS,
    }
)

_EDIT_FIX: Final = "Run 'kustomize edit fix' to update your Kustomization automatically."
# field, the field to use instead, a note; in the order of kustomize's messages
_DEPRECATED: Final = (
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
)


# Fields to which the entries of a deprecated field are appended.
_APPENDED_FIELDS: Final = {
    "resources": "bases",
    "images": "imageTags",
    "helmCharts": "helmChartInflationGenerator",
}


class Kustomization(NamedTuple):
    """The content of one kustomization file.

    `fields` has the fields under their proper names, each decoded to its shape, without absent fields and nulls.
    Deprecated fields are merged into the current ones. `entry_counts` is the number of entries that such a field had
    under its current name. An error uses it to name the field in the file. `values` is an object that the replacements
    of this kustomization read, and that its parent does not get. `entry_field` is the field of the file that contains
    an inner kustomization, whose only resource is this entry. `engines` are the options of engines for what it names;
    None leaves them as they are.
    """

    file: str
    directory: str
    kind: str
    fields: Mapping[str, Any]
    entry_counts: Mapping[str, int]
    values: Resource | None = None
    entry_field: FieldPath = ()
    engines: tuple[Hashable, ...] | None = None

    def get(self, name: str, default: Any = ()) -> Any:
        """Return the field, or `default` if the file does not have it."""
        return self.fields.get(name, default)

    def text(self, name: str) -> str:
        """Return a string field; empty if the file does not have it."""
        return self.fields.get(name, "")  # type: ignore[no-any-return]  # a string by its shape

    def source_field(self, name: str, index: int) -> tuple[str | int, ...]:
        """Return the field in the file for element `index` of a list.

        Entries of a deprecated field come after those of the current one.
        """
        if self.entry_field:
            return self.entry_field
        old = _APPENDED_FIELDS.get(name)
        count = self.entry_counts.get(name, index + 1)
        return (old, index - count) if old and index >= count else (name, index)


def load_kustomization(ctx: Context, directory: str) -> Kustomization:
    """Load the kustomization in `directory`, or what a kustomization-reader reads there.

    Warnings about deprecated fields go to `ctx.on_finding`.
    Raises MissingError if there is none. Raises SourceError with the field if there are several and the option `engine`
    chooses none of them, or if the file is invalid.
    """
    readers = ctx.registry.claiming("kustomization-reader", ctx.tree, directory)
    engine = ctx.options.engine
    if readers and (engine == readers[0].name or not _names_in(ctx, directory)):
        kustomization: Kustomization = readers[0].call(ctx, directory)
        return kustomization
    file, fields = read_fields(ctx, directory)
    if readers and engine != _ENGINE:
        names = f"{file.rpartition('/')[2]} and {readers[0].claims[0]}"
        engines = f"{_ENGINE} or {readers[0].name}"
        raise SourceError(
            f"found {names}: only one of them may be here, unless --engine chooses {engines}"
        ).within(file=directory or ".")
    try:
        return make_kustomization(ctx, fields, file, directory)
    except KmanifestError as error:
        raise error.within(file=file) from error


def make_kustomization(
    ctx: Context, fields: dict[str, Any] | None, file: str, directory: str
) -> Kustomization:
    """Return the kustomization with these decoded fields. Warns about deprecated ones; raises SourceError."""
    if fields is None:
        raise SourceError("the kustomization is empty")
    _warn_deprecated(ctx, fields, file)
    return _normalize(fields, file, directory)


def decode_fields(document: Any) -> dict[str, Any]:
    """Return the fields of a document. Raises SourceError for unknown fields and wrong types."""
    fields: dict[str, Any] = decoding.decode(document, KUSTOMIZATION, decoding.KUSTOMIZATION)
    return fields


def read_fields(ctx: Context, directory: str) -> tuple[str, dict[str, Any] | None]:
    """Return the path of the kustomization file in `directory`, and its fields as written; None if it is empty.

    Raises the errors of `load_kustomization`.
    """
    file = _find_file(ctx, directory)
    try:
        content = ctx.read_resolved(ctx.tree.resolve(file))
        document = yaml.load_values(content, limits=ctx.options.limits)
        if document is None:
            return file, None
        return file, decode_fields(document)
    except KmanifestError as error:
        raise error.within(file=file) from error


def _names_in(ctx: Context, directory: str) -> list[str]:
    return [name for name in FILE_NAMES if ctx.tree.kind(trees.join(directory, name)) == "file"]


def _find_file(ctx: Context, directory: str) -> str:
    names = _names_in(ctx, directory)
    if not names:
        directory_ctx = ctx._replace(directory=directory)
        names = [name for name in FILE_NAMES if _links_to_file(directory_ctx, name)]
    if len(names) == 1:
        return trees.join(directory, names[0])
    if names:
        raise SourceError(f"found multiple kustomization files: {', '.join(names)}").within(
            file=directory or "."
        )
    near = near_names(FILE_NAMES[0], ctx.tree.list(directory))
    message = f"no kustomization file here: none of {', '.join(FILE_NAMES)}"
    raise MissingError(message, near=near).within(file=directory or ".")


def _links_to_file(ctx: Context, name: str) -> bool:
    """Return whether `name` is a link to a file that files of this directory may load."""
    try:
        return ctx.tree.kind(ctx.locate(name)) == "file"
    except OutsideError:
        raise
    except KmanifestError:
        return False


def _warn_deprecated(ctx: Context, fields: Mapping[str, Any], file: str) -> None:
    for name, instead, note in _DEPRECATED:
        if name in fields:
            message = f"# Warning: '{name}' is deprecated. Please use '{instead}' instead. {note}{_EDIT_FIX}"
            ctx.warn(message, file=file, field=(name,), code=DEPRECATED)


def _normalize(fields: dict[str, Any], file: str, directory: str) -> Kustomization:
    kind = fields.pop("kind", "") or "Kustomization"
    api_version = fields.pop("apiVersion", "")
    entry_counts = {name: len(fields.get(name, ())) for name in _APPENDED_FIELDS}
    _append(fields, "resources", fields.pop("bases", ()))
    _append(fields, "images", fields.pop("imageTags", ()))
    for name in ("configMapGenerator", "secretGenerator"):
        if name in fields:
            fields[name] = [_with_env_in_envs(args) for args in fields[name]]
    _merge_deprecated_charts(fields)
    if not any(
        value not in ("", [], {}) or name in _COUNTS_EVEN_IF_EMPTY for name, value in fields.items()
    ):
        raise SourceError("the kustomization is empty")
    _check_type(kind, api_version)
    return Kustomization(file, directory, kind, fields, entry_counts)


# Go can distinguish an empty list or pointer from an absent one, but not an empty string.
_COUNTS_EVEN_IF_EMPTY: Final = frozenset(
    name for name, shape in KUSTOMIZATION.fields.items() if shape != STRING
)


def _append(fields: dict[str, Any], name: str, more: Iterable[Any]) -> None:
    if more:
        fields[name] = [*fields.get(name, ()), *more]


# A chart's fields in the deprecated helmChartInflationGenerator, with their current names.
# Source: api/types/helmchartargs.go.
_CHART_FIELDS: Final = {
    "chartName": "name",
    "chartVersion": "version",
    "chartRepoUrl": "repo",
    "values": "valuesFile",
    "valuesLocal": "valuesInline",
    "valuesMerge": "valuesMerge",
    "releaseName": "releaseName",
}


def _merge_deprecated_charts(fields: dict[str, Any]) -> None:
    """Move the deprecated chart field to `helmCharts`, and to `helmGlobals` if that is not set."""
    old = fields.pop("helmChartInflationGenerator", ())
    charts = [
        {new: chart[name] for name, new in _CHART_FIELDS.items() if name in chart} for chart in old
    ]
    _append(fields, "helmCharts", charts)
    helm_globals: dict[str, Any] = {}
    for chart in old:
        for name, new in (("helmHome", "configHome"), ("chartHome", "chartHome")):
            if chart.get(name):
                helm_globals[new] = chart[name]
    if helm_globals:
        fields.setdefault("helmGlobals", helm_globals)


def _with_env_in_envs(args: dict[str, Any]) -> dict[str, Any]:
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
    expected = COMPONENT_API_VERSION if kind == "Component" else API_VERSION
    if api_version not in ("", expected):
        raise SourceError(f"apiVersion for {kind} should be {expected}").within(
            field=("apiVersion",)
        )
