"""What a render takes of its caller, where that has none of its own: the functions, with chance and the clock, and the bounds."""

from collections.abc import Callable, Mapping

from kmanifest.engines.helm import gotemplate
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.gotemplate.execute import Bounds
from kmanifest.engines.helm.gotemplate.values import Functions
from kmanifest.engines.helm.templates.engine import TEMPLATES_CACHE_KEY
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kmanifest.engines.helm.render import Release
    from kmanifest.engines.helm.sprig.randomness import Random


_MODULES: Final = ("actions", "lexer", "nodes", "numbers", "parser", "quoting")
PLAIN_DATA_KINDS: Final = {
    TEMPLATES_CACHE_KEY: [f"{gotemplate.__path__[0]}/{name}.py" for name in _MODULES]
}
"""The kinds of what a render keeps that are plain data, as `DiskCache` takes them."""


def make_random(seed: str | None, release: "Release", chart: str) -> "Random | None":
    """The chance of one release of a chart, which shares no password with another of the same seed; None without a seed."""
    if seed is None:
        return None
    from kmanifest.engines.helm.templates.reproducible import (
        seeded_random,  # few renders have a seed
    )

    return seeded_random(seed, release.namespace, release.name, chart)


def make_clock(now: int | None) -> Callable[[], int] | None:
    """A clock that stands still; None without a time."""
    return None if now is None else lambda: now


def make_functions(
    random: "Random | None" = None,
    clock: Callable[[], int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    env: Mapping[str, str] | None = None,
    dialect: Dialect,
) -> Functions:
    """The functions of helm's templates; `TZ` in `env` is the local zone of those about dates."""
    from kmanifest.io.system import SystemRandom, system_clock

    return dialect.functions(
        random=random or SystemRandom(), clock=clock or system_clock, env=env, limits=limits
    )


def make_bounds(limits: Limits) -> Bounds:
    """The bounds of the templates of one render."""
    bounds = Bounds(max_output=limits.max_output, max_string=limits.max_string)
    if not limits.deadline:
        return bounds
    from kmanifest.io.system import monotonic_seconds

    return bounds._replace(deadline=monotonic_seconds() + limits.deadline, clock=monotonic_seconds)


def nesting_error() -> LimitError:
    """The error where Python's stack has ended."""
    return LimitError("the input is nested more deeply than this thread's stack allows (max_depth)")
