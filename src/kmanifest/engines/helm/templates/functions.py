"""The functions of Helm's templates: those of sprig, and those that read and write YAML, JSON and TOML.

`include`, `tpl`, `required`, `fail` and `lookup` belong to a render and are defined in the engine.

Source: helm v3.22.0 pkg/engine/funcs.go, funcMap.
"""

from kmanifest.engines.helm import sprig
from kmanifest.engines.helm.formats import serialization
from kmanifest.engines.helm.gotemplate.functions import MergedFunctions
from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Final, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource

_ANY: Final = ("interface {}",)
_TEXT: Final = ("string",)
_MAP: Final = "map[string]interface {}"
_LIST: Final = "[]interface {}"


def functions(
    *,
    random: "RandomSource",
    clock: Callable[[], int],
    env: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Functions:
    """Return all functions that do not need a render, by name. The arguments are those of `sprig.functions`."""
    single_string_limits = serialization.single_string_limits(limits)
    helm_functions = {
        "fromJson": Function(serialization.from_json, _TEXT, _MAP),
        "fromJsonArray": Function(serialization.from_json_array, _TEXT, _LIST),
        "fromToml": Function(serialization.from_toml, _TEXT, _MAP),
        "fromYaml": Function(lambda source: serialization.from_yaml(source, limits), _TEXT, _MAP),
        "fromYamlArray": Function(
            lambda source: serialization.from_yaml_array(source, limits), _TEXT, _LIST
        ),
        "toJson": Function(lambda value: serialization.to_json(value, limits), _ANY, "string"),
        "toToml": Function(lambda value: serialization.to_toml(value, limits), _ANY, "string"),
        "toYaml": Function(
            lambda value: serialization.to_yaml(value, single_string_limits), _ANY, "string"
        ),
        "toYamlPretty": Function(
            lambda value: serialization.to_yaml_pretty(value, limits), _ANY, "string"
        ),
    }
    return MergedFunctions(
        helm_functions, sprig.functions(random=random, clock=clock, env=env, limits=limits)
    )
