"""The functions of Masterminds' sprig v3.3.0, as templates of helm have them.

`functions` gives them all. Nothing here knows of Kubernetes, and nothing reaches the machine: chance, the clock and the
environment are passed in. What is dear to import is imported by the function that needs it.
"""

from collections.abc import Callable, Mapping

from kmanifest.gotemplate.values import Function, Functions
from kmanifest.limits import DEFAULT_LIMITS, Limits
from kmanifest.sprig import (
    data,
    dates,
    defaults,
    dicts,
    encodings,
    lists,
    numbers,
    paths,
    regexes,
    strings,
)
from kmanifest.sprig.secrets import Random
from kmanifest.sprig.secrets import functions as secret_functions

__all__ = ["Random", "functions"]


def functions(
    *,
    random: Random,
    clock: Callable[[], int],
    env: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Functions:
    """Every function by its name, but for `env`, `expandenv` and `fail`, which helm takes away or makes itself.

    `random` draws (`random.SystemRandom()`, or a seeded one for the same output each time), `clock` gives nanoseconds
    since 1970 (`time.time_ns`), `TZ` in `env` is the local zone, which is UTC without. `getHostByName` asks nobody.
    """
    return {
        **data.functions(limits),
        **dates.functions(clock, env or {}),
        **defaults.functions(),
        **dicts.functions(limits),
        **encodings.functions(),
        **lists.functions(limits),
        **numbers.functions(limits),
        **paths.functions(),
        **regexes.functions(limits),
        **secret_functions(random, clock, limits),
        **strings.functions(limits),
        "getHostByName": Function(lambda _: "", ("string",), "string"),
        "semver": Function(_parse_version, ("string",), "*semver.Version"),
        "semverCompare": Function(_compare_version, ("string", "string"), "bool"),
        "urlJoin": Function(_join_url, ("map[string]interface {}",), "string"),
        "urlParse": Function(_parse_url, ("string",), "map[string]interface {}"),
    }


def _parse_version(text: str) -> object:
    from kmanifest.sprig.semver import parse

    return parse(text)


def _compare_version(constraint: str, version: str) -> bool:
    from kmanifest.sprig.semver import compare

    return compare(constraint, version)


def _parse_url(text: str) -> dict[str, object]:
    from kmanifest.sprig.urls import parse_to_dict

    return parse_to_dict(text)


def _join_url(parts: dict[str, object]) -> str:
    from kmanifest.sprig.urls import join_dict

    return join_dict(parts)
