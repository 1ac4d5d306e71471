"""The functions of helm's templates: sprig's, and those that read and write YAML, JSON and TOML.

Those that run templates or end a render (`include`, `tpl`, `required`, `fail`, `lookup`) are the engine's, as they are bound to
a render. Source: helm v3.22.0 pkg/engine/funcs.go, funcMap.
"""

from collections.abc import Callable, Mapping

from kmanifest.engines.helm import sprig
from kmanifest.engines.helm.formats import serialization as text
from kmanifest.engines.helm.gotemplate.functions import MergedFunctions
from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Final

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
    """Every function that needs no render, by its name; the arguments are those of `sprig.functions`."""
    for_one_text = text.for_one_text(limits)
    own = {
        "fromJson": Function(text.from_json, _TEXT, _MAP),
        "fromJsonArray": Function(text.from_json_array, _TEXT, _LIST),
        "fromToml": Function(text.from_toml, _TEXT, _MAP),
        "fromYaml": Function(lambda source: text.from_yaml(source, limits), _TEXT, _MAP),
        "fromYamlArray": Function(
            lambda source: text.from_yaml_array(source, limits), _TEXT, _LIST
        ),
        "toJson": Function(lambda value: text.to_json(value, limits), _ANY, "string"),
        "toToml": Function(lambda value: text.to_toml(value, limits), _ANY, "string"),
        "toYaml": Function(lambda value: text.to_yaml(value, for_one_text), _ANY, "string"),
        "toYamlPretty": Function(lambda value: text.to_yaml_pretty(value, limits), _ANY, "string"),
    }
    return MergedFunctions(own, sprig.functions(random=random, clock=clock, env=env, limits=limits))
