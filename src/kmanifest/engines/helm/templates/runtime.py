"""The inputs of a render that callers can leave out: functions with randomness and clock, and execution limits."""

from kmanifest.engines.helm import gotemplate
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.gotemplate.execute import ExecutionLimits
from kmanifest.engines.helm.gotemplate.values import Functions
from kmanifest.engines.helm.templates.engine import TEMPLATES_CACHE_KEY
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Final, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.helm.render import Release
    from kmanifest.engines.helm.sprig.randomness import RandomSource


_MODULES: Final = ("actions", "lexer", "nodes", "numbers", "parser", "quoting")
PLAIN_DATA_KINDS: Final = {
    TEMPLATES_CACHE_KEY: [f"{gotemplate.__path__[0]}/{name}.py" for name in _MODULES]
}
"""The kinds of cache entries that are plain data, with the modules that define their form, as `DiskCache` takes them."""


def make_random(seed: str | None, release: "Release", chart: str) -> "RandomSource | None":
    """Return the randomness for one release of a chart, or None without a seed.

    Releases with the same seed get different passwords.
    """
    if seed is None:
        return None
    from kmanifest.engines.helm.templates.reproducible import (
        seeded_random,  # few renders have a seed
    )

    return seeded_random(seed, release.namespace, release.name, chart)


def make_clock(now: int | None) -> Callable[[], int] | None:
    """Return a clock that always returns `now`, or None without a time."""
    return None if now is None else lambda: now


def make_functions(
    random: "RandomSource | None" = None,
    clock: Callable[[], int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    env: Mapping[str, str] | None = None,
    dialect: Dialect,
) -> Functions:
    """Return the functions of Helm's templates. `TZ` in `env` is the local time zone of the date functions."""
    from kmanifest.io.system import SystemRandom, system_clock

    return dialect.make_functions(
        random=random or SystemRandom(), clock=clock or system_clock, env=env, limits=limits
    )


def make_bounds(limits: Limits) -> ExecutionLimits:
    """Return the limits for executing the templates of one render."""
    return ExecutionLimits(max_output=limits.max_output, max_string=limits.max_string)


def nesting_error() -> LimitError:
    """Return the error for an exhausted Python stack."""
    return LimitError("the input is nested more deeply than this thread's stack allows (max_depth)")
