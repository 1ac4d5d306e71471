"""What makes a render repeatable: chance out of a seed, and the time at which a clock stands still."""

import re

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.randomness import RandomSource
from kmanifest.engines.helm.sprig.seeded import SeededRandom
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_RFC_3339: Final = "2006-01-02T15:04:05Z07:00"
_SECOND: Final = 1_000_000_000


def seeded_random(seed: str, *names: str) -> RandomSource:
    """Chance that is the same wherever the texts are, for one render: passwords, keys, certificates and salts come of it.

    `names` keep apart what has the same seed, as two releases have. The seed is as secret as what is made of it.
    """
    return SeededRandom(seed, *names)


def load_time(text: str) -> int:
    """Nanoseconds since 1970 of a time by RFC 3339 (`2026-01-31T12:00:00Z`) or in seconds since 1970; SourceError for others."""
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
