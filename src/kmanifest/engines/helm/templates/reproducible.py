"""Reproducible renders: randomness from a seed, and a fixed time."""

import re

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.randomness import RandomSource
from kmanifest.engines.helm.sprig.seeded import SeededRandom
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_RFC_3339: Final = "2006-01-02T15:04:05Z07:00"
_SECOND: Final = 1_000_000_000


def seeded_random(seed: str, *names: str) -> RandomSource:
    """Return randomness that is determined by its arguments.

    It generates the passwords, keys, certificates and salts of one render. `names` distinguish uses of the same seed,
    such as two releases. The seed is as secret as the generated values.

    >>> from kmanifest.helm import render_chart, seeded_random
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "templates/a.yaml": "{password: {{ randAlpha 8 }}}"}
    >>> len({render_chart("", tree=files, random=seeded_random("from a vault")).text() for _ in range(3)})
    1
    """
    return SeededRandom(seed, *names)


def load_time(text: str) -> int:
    """Parse an RFC 3339 time (`2026-01-31T12:00:00Z`) or seconds since 1970, and return nanoseconds since 1970.

    Raises SourceError for any other text.
    """
    if re.fullmatch("-?[0-9]{1,12}", text):
        return int(text) * _SECOND
    from kmanifest.engines.helm.sprig.time_reader import parse_time
    from kmanifest.engines.helm.sprig.times import UTC

    try:
        return parse_time(_RFC_3339, text, UTC).nanoseconds()
    except GoError as error:
        raise SourceError(
            f"{text!r} is neither a time such as 2026-01-31T12:00:00Z nor seconds since 1970"
        ) from error
