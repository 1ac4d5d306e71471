"""Turn the fields of a kustomization into steps: plug-ins with their configs, in kustomize's fixed order.

A field becomes the config that a user could also write as a separate object with `apiVersion: builtin`. With
`buildMetadata`, each step has the origin path with which its objects are annotated.
Source: kustomize v5.8.2 api/internal/target/kusttarget_configplugin.go.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize import config as configs
from kmanifest.engines.kustomize.annotations import ORIGIN, with_origin_annotation
from kmanifest.engines.kustomize.config import Specs, TransformerConfig
from kmanifest.engines.kustomize.kustomization import Kustomization
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.engines.kustomize.origins import OriginPath
from kmanifest.model.annotations import is_function
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    Location,
    MissingError,
    PluginError,
    SourceError,
    near_names,
)
from kmanifest.model.resource import Origin, Resource
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import BuiltinPlugin, Plugin, Role
from kmanifest.pipeline.steps import Step
from kmanifest.startup.typing import Any, Final, Iterator, Mapping, Sequence

PlannedStep = tuple[Step, OriginPath | None]
PluginConfig = tuple[Resource, FieldPath]

_CHART_GENERATOR: Final = "builtin/HelmChartInflationGenerator"
_METADATA_LABELS: Final = ("metadata/labels", "", "", "", True)


def _load(_: Context, config: Resource) -> list[Resource]:
    return [config]


LOAD: Final = BuiltinPlugin("generator", "load", _load)
"""The cause that a trace shows for objects that were read from a file."""


class Planner:
    """Makes the steps of one kustomization."""

    def __init__(
        self, ctx: Context, kustomization: Kustomization, origin_path: OriginPath | None
    ) -> None:
        self._ctx = ctx
        self._kustomization = kustomization
        self._origin = Origin(kustomization.file)
        self._origin_path = origin_path

    def step(
        self, role: Role, kind: str, body: Mapping[str, Any], field: FieldPath, wrapped_in: str = ""
    ) -> PlannedStep:
        """Return the step of a built-in plug-in whose config is at `field` of the kustomization."""
        plugin = self._ctx.registry.find(role, f"builtin/{kind}")
        config = Resource({"apiVersion": "builtin", "kind": kind, **body}, self._origin)
        return Step(plugin, config, field, wrapped_in), self._configured(kind)

    def _configured(self, kind: str) -> OriginPath | None:
        if self._origin_path is None:
            return None
        file = self._kustomization.file.rpartition("/")[2]
        return self._origin_path.for_config(file, "builtin", kind)


def generators(
    ctx: Context,
    kustomization: Kustomization,
    plugin_configs: Sequence[PluginConfig],
    origin_path: OriginPath | None,
    namespace: str,
) -> Iterator[PlannedStep]:
    """Yield the steps that generate objects: ConfigMaps, Secrets, charts, then `generators`.

    `namespace` is used for charts that set none.
    """
    planner = Planner(ctx, kustomization, origin_path)
    for name, kind in (
        ("configMapGenerator", "ConfigMapGenerator"),
        ("secretGenerator", "SecretGenerator"),
    ):
        for index, args in enumerate(kustomization.get(name)):
            options = _merge_options(
                args.get("options"), kustomization.get("generatorOptions", None)
            )
            body = args if options is None else {**args, "options": options}
            yield planner.step("generator", kind, body, (name, index))
    helm_globals = kustomization.get("helmGlobals", None) or {}
    for index, chart in enumerate(kustomization.get("helmCharts")):
        body = {**helm_globals, **chart}
        body["namespace"] = chart.get("namespace") or namespace
        field = kustomization.source_field("helmCharts", index)
        yield planner.step("generator", "HelmChartInflationGenerator", body, field)
    yield from configured_steps(ctx, "generators", plugin_configs)


def transformers(
    ctx: Context,
    kustomization: Kustomization,
    config: TransformerConfig,
    plugin_configs: Sequence[PluginConfig],
    origin_path: OriginPath | None,
) -> Iterator[PlannedStep]:
    """Yield the steps that change objects, in kustomize's order and not the file's, then `transformers`."""
    planner = Planner(ctx, kustomization, origin_path)
    if paths := kustomization.get("patchesStrategicMerge"):
        body = {"paths": paths}
        yield planner.step(
            "transformer",
            "PatchStrategicMergeTransformer",
            body,
            ("patchesStrategicMerge",),
            "paths",
        )
    for index, entry in enumerate(kustomization.get("patches")):
        yield planner.step("transformer", "PatchTransformer", entry, ("patches", index))
    yield from _name_steps(planner, kustomization, config)
    yield from _label_steps(planner, kustomization, config)
    if annotations := kustomization.get("commonAnnotations"):
        body = {"annotations": annotations, "fieldSpecs": config.specs("commonAnnotations")}
        yield planner.step(
            "transformer", "AnnotationsTransformer", body, ("commonAnnotations",), "annotations"
        )
    for index, entry in enumerate(kustomization.get("patchesJson6902")):
        body = {
            "target": entry.get("target"),
            "path": entry.get("path"),
            "jsonOp": entry.get("patch"),
        }
        yield planner.step(
            "transformer", "PatchJson6902Transformer", body, ("patchesJson6902", index)
        )
    for index, entry in enumerate(kustomization.get("replicas")):
        body = {"replica": entry, "fieldSpecs": config.specs("replicas")}
        yield planner.step(
            "transformer", "ReplicaCountTransformer", body, ("replicas", index), "replica"
        )
    for index, entry in enumerate(kustomization.get("images")):
        body = {"imageTag": entry, "fieldSpecs": config.specs("images")}
        field = kustomization.source_field("images", index)
        yield planner.step("transformer", "ImageTagTransformer", body, field, "imageTag")
    if replacements := kustomization.get("replacements"):
        body = {"replacements": replacements}
        yield planner.step(
            "transformer", "ReplacementTransformer", body, ("replacements",), "replacements"
        )
    yield from configured_steps(ctx, "transformers", plugin_configs)


def _name_steps(
    planner: Planner, kustomization: Kustomization, config: TransformerConfig
) -> Iterator[PlannedStep]:
    if namespace := kustomization.text("namespace"):
        body: dict[str, Any] = {
            "metadata": {"namespace": namespace},
            "fieldSpecs": config.specs("namespace"),
        }
        yield planner.step("transformer", "NamespaceTransformer", body, ("namespace",))
    if prefix := kustomization.text("namePrefix"):
        body = {"prefix": prefix, "fieldSpecs": config.specs("namePrefix")}
        yield planner.step("transformer", "PrefixTransformer", body, ("namePrefix",))
    if suffix := kustomization.text("nameSuffix"):
        body = {"suffix": suffix, "fieldSpecs": config.specs("nameSuffix")}
        yield planner.step("transformer", "SuffixTransformer", body, ("nameSuffix",))


def _label_steps(
    planner: Planner, kustomization: Kustomization, config: TransformerConfig
) -> Iterator[PlannedStep]:
    labels, common = kustomization.get("labels"), kustomization.get("commonLabels", {})
    for index, entry in enumerate(labels):
        try:
            specs = _label_specs(entry, config)
        except SourceError as error:
            raise error.within(file=kustomization.file, field=("labels", index)) from error
        body = {"labels": entry.get("pairs", {}), "fieldSpecs": specs}
        yield planner.step("transformer", "LabelTransformer", body, ("labels", index))
    if labels or common:
        body = {"labels": common, "fieldSpecs": config.specs("commonLabels")}
        yield planner.step("transformer", "LabelTransformer", body, ("commonLabels",), "labels")


def _label_specs(entry: Mapping[str, Any], config: TransformerConfig) -> Specs:
    specs = configs.merge_specs(configs.to_specs(entry.get("fields", ())), config.specs("labels"))
    if entry.get("includeSelectors"):
        return configs.merge_specs(specs, config.specs("commonLabels"))
    if entry.get("includeTemplates"):
        specs = configs.merge_specs(specs, config.specs("templateLabels"))
    if entry.get("includeVolumeClaimTemplates"):
        specs = configs.merge_specs(specs, config.specs("volumeClaimTemplateLabels"))
    return configs.merge_specs(specs, [_METADATA_LABELS])


def _merge_options(
    local_options: Mapping[str, Any] | None, global_options: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return the options of one generator merged with `generatorOptions`.

    Labels and annotations of the generator win. A switch that is on in `generatorOptions` stays on.
    Source: kustomize v5.8.2 api/types/generatoroptions.go, MergeGlobalOptionsIntoLocal.
    """
    if global_options is None:
        return local_options
    local_options = local_options or {}
    merged: dict[str, Any] = {}
    for name in ("labels", "annotations"):
        if local_options.get(name) or global_options.get(name):
            merged[name] = {**global_options.get(name, {}), **local_options.get(name, {})}
    for name in ("disableNameSuffixHash", "immutable"):
        merged[name] = local_options.get(name, False) or global_options.get(name, False)
    return merged


def configured_steps(
    ctx: Context, name: str, plugin_configs: Sequence[PluginConfig]
) -> Iterator[PlannedStep]:
    """Yield the steps of plug-ins that are configured by separate objects."""
    for config, field in plugin_configs:
        plugin = _plugin_for(ctx, name, config, field)
        yield Step(plugin, config, field), _origin_path_of(config)


def _plugin_for(ctx: Context, name: str, config: Resource, field: FieldPath) -> Plugin:
    kind, is_builtin = config.kind, config.api_version == "builtin"
    roles: tuple[Role, ...] = (
        ("generator",) if name == "generators" else ("transformer", "validator")
    )
    if not is_builtin and is_function(config):
        return _external_plugin(ctx, roles[0], "krm/Function", config, field)
    if plugin := ctx.registry.for_config(roles, config):
        return plugin
    if not is_builtin:
        return _external_plugin(ctx, roles[0], "krm/Program", config, field)
    names = (name.split("/") for name in ctx.registry.names(roles[0]))
    near = near_names(
        kind, (builtin_kind for group, *_, builtin_kind in names if group == "builtin")
    )
    error = MissingError(f"no built-in {roles[0]} is called {kind}", near=near)
    raise _at_kind(error, config, field)


def refuse_charts_unless_enabled(ctx: Context, step: Step) -> None:
    """Raise PluginError if the step renders a chart and `KustomizeOptions.enable_helm` is off."""
    if step.plugin.name != _CHART_GENERATOR or ctx.engine_options(KustomizeOptions).enable_helm:
        return
    origin = step.config.origin
    location = Location(origin.file, field=step.field, document=origin.document)
    raise PluginError("charts are rendered only with --enable-helm", location=location)


def _external_plugin(
    ctx: Context, role: Role, registered_name: str, config: Resource, field: FieldPath
) -> Plugin:
    """Return the plug-in that runs an executable.

    It is named after its config, so that a trace shows which one caused a change.
    """
    name = f"{config.api_version}/{config.kind}"
    if not ctx.options.enable_plugins:
        # The part before the parenthesis is kustomize's message.
        flags = "--enable-alpha-plugins"
        flags += " and --enable-exec" if registered_name == "krm/Function" else ""
        message = (
            f"external plugins disabled; unable to load external plugin {name} (enabled by {flags})"
        )
        near = ctx.registry.near_kinds(config.kind)
        raise _at_kind(PluginError(message, near=near), config, field)
    return ctx.registry.find(role, registered_name)._replace(name=name)


def _at_kind(error: KmanifestError, config: Resource, field: FieldPath) -> KmanifestError:
    located = error.within(field=(*field, "kind"))
    return located.within(file=config.origin.file, document=config.origin.document)


def _origin_path_of(config: Resource) -> OriginPath | None:
    text = config.annotations.get(ORIGIN)
    if text is None:
        return None
    annotation = yaml.load_values(text.encode())
    origin = annotation if isinstance(annotation, Mapping) else {}
    path, repo, ref = (str(origin.get(name, "")) for name in ("path", "repo", "ref"))
    config_id = (config.api_version, config.kind, config.name, config.namespace)
    return OriginPath("", repo, ref, path, *config_id)


def with_generator_origin(resource: Resource, origin_path: OriginPath) -> Resource:
    """Return a generated object with the origin of its generator's config, unless it already has an origin."""
    if ORIGIN in resource.annotations:
        return resource
    return with_origin_annotation(resource, origin_path.text())
