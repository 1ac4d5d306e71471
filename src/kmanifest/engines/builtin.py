"""The built-in plug-ins: one list of records, and the registries that start with it.

Nothing else names all engines. A record's function imports its engine when it is called, so a small build loads only
what it uses.
"""

from kmanifest.pipeline.registry import BuiltinPlugin, Plugin, Registry, Role
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Final, Iterable

_KUSTOMIZE: Final = "kmanifest.engines.kustomize"
_HELM: Final = "kmanifest.engines.helm"
_JSONNET: Final = "kmanifest.engines.jsonnet"
_TRANSFORMERS: Final = "kmanifest.engines.kustomize.transformers"


def _builtin(role: Role, kind: str, module: str, function: str) -> Plugin:
    return BuiltinPlugin(role, f"builtin/{kind}", lazy_function(module, function))


_ENVIRONMENT: Final = "kmanifest.engines.environment"
_FLUX: Final = "kmanifest.engines.flux"
_JINJA: Final = "kmanifest.engines.jinja"
_KRM: Final = "kmanifest.engines.krm"
_API_VERSION: Final = "kmanifest.dev/v1alpha1"

PLUGINS: Final = (
    BuiltinPlugin(
        "renderer",
        "kustomize",
        lazy_function(f"{_KUSTOMIZE}.render", "render"),
        ("kustomization.yaml", "kustomization.yml", "Kustomization"),
    ),
    BuiltinPlugin(
        "renderer", "helm", lazy_function(f"{_HELM}.renderer", "render"), ("Chart.yaml",)
    ),
    BuiltinPlugin(
        "renderer",
        "jsonnet",
        lazy_function(f"{_JSONNET}.render", "render"),
        ("main.jsonnet", "*.jsonnet"),
    ),
    BuiltinPlugin(
        "renderer", "jinja", lazy_function(f"{_JINJA}.renderer", "render"), ("*.j2", "*/*.j2")
    ),
    BuiltinPlugin(
        "renderer", "flux", lazy_function(f"{_FLUX}.renderer", "render"), ("*.yaml", "*.yml")
    ),
    BuiltinPlugin(
        "renderer",
        "environment",
        lazy_function(f"{_ENVIRONMENT}.renderer", "render"),
        ("kmanifest.yaml",),
    ),
    BuiltinPlugin(
        "kustomization-reader",
        "environment",
        lazy_function(f"{_ENVIRONMENT}.kustomization", "read"),
        ("kmanifest.yaml",),
    ),
    _builtin("generator", "ConfigMapGenerator", f"{_KUSTOMIZE}.generators", "config_map"),
    _builtin("generator", "SecretGenerator", f"{_KUSTOMIZE}.generators", "secret"),
    _builtin("generator", "HelmChartInflationGenerator", f"{_HELM}.inflation", "generate"),
    _builtin("generator", "IAMPolicyGenerator", f"{_KUSTOMIZE}.generators", "iam_policy"),
    _builtin("transformer", "AnnotationsTransformer", f"{_TRANSFORMERS}.metadata", "annotate"),
    _builtin("transformer", "HashTransformer", f"{_TRANSFORMERS}.names", "add_hash"),
    _builtin("transformer", "ImageTagTransformer", f"{_TRANSFORMERS}.images", "set_images"),
    _builtin("transformer", "LabelTransformer", f"{_TRANSFORMERS}.metadata", "label"),
    _builtin("transformer", "NamespaceTransformer", f"{_TRANSFORMERS}.namespace", "set_namespace"),
    _builtin(
        "transformer", "PatchJson6902Transformer", f"{_TRANSFORMERS}.patches", "patch_json6902"
    ),
    _builtin(
        "transformer",
        "PatchStrategicMergeTransformer",
        f"{_TRANSFORMERS}.patches",
        "patch_strategic",
    ),
    _builtin("transformer", "PatchTransformer", f"{_TRANSFORMERS}.patches", "patch"),
    _builtin("transformer", "PrefixTransformer", f"{_TRANSFORMERS}.names", "add_prefix"),
    _builtin("transformer", "SuffixTransformer", f"{_TRANSFORMERS}.names", "add_suffix"),
    _builtin(
        "transformer", "PrefixSuffixTransformer", f"{_TRANSFORMERS}.names", "add_prefix_and_suffix"
    ),
    _builtin("transformer", "ReplacementTransformer", f"{_KUSTOMIZE}.replacements", "replace"),
    _builtin("transformer", "ReplicaCountTransformer", f"{_TRANSFORMERS}.replicas", "set_replicas"),
    _builtin("transformer", "ValueAddTransformer", f"{_TRANSFORMERS}.values", "add_value"),
    BuiltinPlugin(
        "transformer",
        f"{_API_VERSION}/ImageTransformer",
        lazy_function(f"{_TRANSFORMERS}.extensions", "set_images_anywhere"),
    ),
    BuiltinPlugin(
        "transformer",
        f"{_API_VERSION}/DropTransformer",
        lazy_function(f"{_TRANSFORMERS}.extensions", "drop"),
    ),
    BuiltinPlugin(
        "generator",
        f"{_API_VERSION}/ResourcesGenerator",
        lazy_function(f"{_KUSTOMIZE}.file_patterns", "generate"),
    ),
    BuiltinPlugin(
        "generator",
        f"{_API_VERSION}/ChartGenerator",
        lazy_function(f"{_HELM}.generator", "generate"),
    ),
    BuiltinPlugin(
        "generator",
        f"{_API_VERSION}/JsonnetGenerator",
        lazy_function(f"{_JSONNET}.generator", "generate"),
    ),
    BuiltinPlugin(
        "generator",
        f"{_API_VERSION}/JinjaGenerator",
        lazy_function(f"{_JINJA}.generator", "generate"),
    ),
    BuiltinPlugin(
        "values-reader",
        "jsonnet",
        lazy_function(f"{_JSONNET}.values_reader", "evaluate_file"),
        ("*.jsonnet", "*.libsonnet"),
    ),
    BuiltinPlugin("generator", "krm/Function", lazy_function(f"{_KRM}.function", "generate")),
    BuiltinPlugin("transformer", "krm/Function", lazy_function(f"{_KRM}.function", "transform")),
    BuiltinPlugin("generator", "krm/Program", lazy_function(f"{_KRM}.exec_plugin", "generate")),
    BuiltinPlugin("transformer", "krm/Program", lazy_function(f"{_KRM}.exec_plugin", "transform")),
)


def default_registry() -> Registry:
    """Return a registry of the built-in plug-ins.

    >>> from kmanifest import default_registry
    >>> default_registry().find("transformer", "builtin/PrefixTransformer").role
    'transformer'
    """
    return Registry(PLUGINS)


def installed_registry(plugins: Iterable[Plugin] = PLUGINS) -> Registry:
    """Return a registry of these plug-ins and those of installed distributions.

    The distributions are searched when a plug-in is not found among the others.

    >>> from kmanifest import build, installed_registry
    >>> build(tree={"kustomization.yaml": "{resources: [], namePrefix: p-}"}, registry=installed_registry()).text()
    ''
    """
    return Registry(plugins, more=_load_installed)


def _load_installed() -> Iterable[Plugin]:
    from kmanifest.pipeline.entrypoints import (
        load_plugins,  # most builds need built-in plug-ins only
    )

    return load_plugins()
