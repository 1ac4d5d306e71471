"""The fields that contain paths, in a kustomization and in configs of built-in plug-ins, and their replacement.

Source: kustomize v5.8.2 api/internal/localizer/localizer.go, localizeNativeFields; builtinplugins.go;
api/filters/fieldspec/fieldspec.go.
"""

from kmanifest.engines.kustomize.scalar_nodes import retype
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.resource import Resource, split_api_version
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, Callable, Final, Literal, Mapping, NamedTuple, Sequence

PathKind = Literal["file", "source", "patch", "plugin", "chart_home"]
PathField = tuple[tuple[str, ...], PathKind]
"""The path of a field, relative to the value that contains it, and the kind of path in the field."""


_SELF: Final[tuple[str, ...]] = ()
_PATH: Final[tuple[PathField, ...]] = ((("path",), "file"),)
_FILE: Final[tuple[PathField, ...]] = ((_SELF, "file"),)
_PLUGIN: Final[tuple[PathField, ...]] = ((_SELF, "plugin"),)
_SOURCES: Final[tuple[PathField, ...]] = (
    (("env",), "file"),
    (("envs",), "file"),
    (("files",), "source"),
)
_VALUES: Final[tuple[PathField, ...]] = (
    (("valuesFile",), "file"),
    (("additionalValuesFiles",), "file"),
)

FIELDS: Final[Mapping[str, tuple[PathField, ...]]] = {
    "openapi": _PATH,
    "configurations": _FILE,
    "crds": _FILE,
    "configMapGenerator": _SOURCES,
    "secretGenerator": _SOURCES,
    "helmChartInflationGenerator": ((("values",), "file"), (("chartHome",), "chart_home")),
    "helmCharts": _VALUES,
    "helmGlobals": ((("chartHome",), "chart_home"),),
    "patches": _PATH,
    "patchesJson6902": _PATH,
    "patchesStrategicMerge": ((_SELF, "patch"),),
    "replacements": _PATH,
    "generators": _PLUGIN,
    "transformers": _PLUGIN,
    "validators": _PLUGIN,
}
"""The fields of a kustomization that contain paths, in the order in which the files are copied."""

HELM: Final = "HelmChartInflationGenerator"
_CONFIG_FIELDS: Final[Mapping[str, tuple[PathField, ...]]] = {
    "ConfigMapGenerator": _SOURCES,
    "SecretGenerator": _SOURCES,
    HELM: _VALUES,
    "PatchTransformer": _PATH,
    "PatchJson6902Transformer": _PATH,
    "ReplacementTransformer": ((("replacements", "path"), "file"),),
    "PatchStrategicMergeTransformer": ((("paths",), "patch"),),
}

PathChange = Callable[[str], str]


class PathChanges(NamedTuple):
    """The functions that return a new path or entry for an old one, one for each kind of path."""

    file: PathChange
    source: PathChange
    patch: PathChange
    plugin: PathChange
    chart_home: PathChange


def change_field(name: str, value: Any, changes: PathChanges) -> Any:
    """Return the value of a kustomization's field with new paths. An error has the path of the field below it."""
    return _change(value, FIELDS[name], changes, keeps_type=False)


def change_config(config: Resource, changes: PathChanges) -> Resource:
    """Return the config of a built-in plug-in with new paths. Other configs are returned unchanged."""
    _, version = split_api_version(config.api_version)
    if version != "builtin":
        return config
    body = _change(config.body, _CONFIG_FIELDS.get(config.kind, ()), changes, keeps_type=True)
    if config.kind == HELM and config.api_version == "builtin":
        if body.get("chartHome") is None:
            changes.chart_home("")
        else:
            body = _change(body, ((("chartHome",), "chart_home"),), changes, keeps_type=True)
    return config.with_body(body)


def _change(
    value: Any, fields: Sequence[PathField], changes: PathChanges, *, keeps_type: bool
) -> Any:
    """Return `value`, or each of its items, with all `fields` changed. A list is changed item by item."""
    if isinstance(value, list):
        return _change_each(
            value, lambda item: _change(item, fields, changes, keeps_type=keeps_type)
        )
    for steps, kind in fields:
        change: PathChange = getattr(changes, kind)
        value = _change_at(value, steps, _keeping_type(change) if keeps_type else change)
    return value


def _keeping_type(change: PathChange) -> Callable[[Any], Any]:
    return lambda value: retype(value, change(scalar_text(value)))


def _change_at(value: Any, steps: tuple[str, ...], change: Callable[[Any], Any]) -> Any:
    """Return `value` with the field at `steps` changed. In lists on the way, each item is changed."""
    if isinstance(value, list):
        return _change_each(value, lambda item: _change_at(item, steps, change))
    if not steps:
        if isinstance(value, Mapping):
            raise SourceError("expected a path, got mapping")
        return change(value)
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping or a list, got {type_name(value)}")
    step, rest = steps[0], steps[1:]
    if value.get(step) is None:
        return value
    try:
        return {**value, step: _change_at(value[step], rest, change)}
    except KmanifestError as error:
        raise within_field(error, step) from error


def _change_each(items: Sequence[Any], call: Callable[[Any], Any]) -> list[Any]:
    result = []
    for index, item in enumerate(items):
        try:
            result.append(call(item))
        except KmanifestError as error:
            raise within_field(error, index) from error
    return result


def within_field(error: KmanifestError, *steps: str | int) -> KmanifestError:
    """Return a copy of the error with a field in its location, unless the location already has a file."""
    return error.copy() if error.location.file else error.within(field=steps)
