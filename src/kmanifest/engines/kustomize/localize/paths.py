"""Which fields name files: of a kustomization, and of the configs of built-in plug-ins; and putting other paths there.

Source: kustomize v5.8.2 api/internal/localizer/localizer.go, localizeNativeFields; builtinplugins.go;
api/filters/fieldspec/fieldspec.go.
"""

from collections.abc import Callable, Mapping, Sequence

from kmanifest.engines.kustomize.scalar_nodes import retype
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.resource import Resource, split_api_version
from kmanifest.model.values import scalar_text, type_name
from kmanifest.startup.typing import Any, Final, Literal, NamedTuple

Kind = Literal["file", "source", "patch", "plugin", "chart_home"]
Part = tuple[tuple[str, ...], Kind]

_SELF: Final[tuple[str, ...]] = ()
_PATH: Final[tuple[Part, ...]] = ((("path",), "file"),)
_FILE: Final[tuple[Part, ...]] = ((_SELF, "file"),)
_PLUGIN: Final[tuple[Part, ...]] = ((_SELF, "plugin"),)
_SOURCES: Final[tuple[Part, ...]] = (
    (("env",), "file"),
    (("envs",), "file"),
    (("files",), "source"),
)
_VALUES: Final[tuple[Part, ...]] = (
    (("valuesFile",), "file"),
    (("additionalValuesFiles",), "file"),
)

FIELDS: Final[Mapping[str, tuple[Part, ...]]] = {
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
"""The fields of a kustomization that name files, in the order in which these are copied."""

HELM: Final = "HelmChartInflationGenerator"
_CONFIGS: Final[Mapping[str, tuple[Part, ...]]] = {
    "ConfigMapGenerator": _SOURCES,
    "SecretGenerator": _SOURCES,
    HELM: _VALUES,
    "PatchTransformer": _PATH,
    "PatchJson6902Transformer": _PATH,
    "ReplacementTransformer": ((("replacements", "path"), "file"),),
    "PatchStrategicMergeTransformer": ((("paths",), "patch"),),
}

Change = Callable[[str], str]


class Changes(NamedTuple):
    """What takes the place of each kind of path."""

    file: Change
    source: Change
    patch: Change
    plugin: Change
    chart_home: Change


def change_field(name: str, value: Any, changes: Changes) -> Any:
    """The value of a field of a kustomization with other paths; an error tells the field below it."""
    return _change(value, FIELDS[name], changes, keeps_type=False)


def change_config(config: Resource, changes: Changes) -> Resource:
    """The config of a plug-in with other paths; itself where the plug-in is not built in."""
    _, version = split_api_version(config.api_version)
    if version != "builtin":
        return config
    body = _change(config.body, _CONFIGS.get(config.kind, ()), changes, keeps_type=True)
    if config.kind == HELM and config.api_version == "builtin":
        if body.get("chartHome") is None:
            changes.chart_home("")
        else:
            body = _change(body, ((("chartHome",), "chart_home"),), changes, keeps_type=True)
    return config.with_body(body)


def _change(value: Any, parts: Sequence[Part], changes: Changes, *, keeps_type: bool) -> Any:
    """`value`, or each item of it, with every part changed; one item after the other."""
    if isinstance(value, list):
        return _each(value, lambda item: _change(item, parts, changes, keeps_type=keeps_type))
    for steps, kind in parts:
        change: Change = getattr(changes, kind)
        value = _at(value, steps, _retyping(change) if keeps_type else change)
    return value


def _retyping(change: Change) -> Callable[[Any], Any]:
    return lambda value: retype(value, change(scalar_text(value)))


def _at(value: Any, steps: tuple[str, ...], change: Callable[[Any], Any]) -> Any:
    """`value` with what is at `steps` changed, or each item of it; lists on the way are gone through."""
    if isinstance(value, list):
        return _each(value, lambda item: _at(item, steps, change))
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
        return {**value, step: _at(value[step], rest, change)}
    except KmanifestError as error:
        raise within_field(error, step) from error


def _each(items: Sequence[Any], call: Callable[[Any], Any]) -> list[Any]:
    result = []
    for index, item in enumerate(items):
        try:
            result.append(call(item))
        except KmanifestError as error:
            raise within_field(error, index) from error
    return result


def within_field(error: KmanifestError, *steps: str | int) -> KmanifestError:
    """The error at a field, unless it is placed in a file already."""
    return error if error.location.file else error.within(field=steps)
