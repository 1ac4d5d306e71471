"""The compiled backend: the same functions as `python`, several times as fast.

It is in the distribution `kmanifest-native`. The signatures, values, bytes and errors are those of `python`,
which documents them. `tests/property/backends.py` compares the two. The extension imports nothing of
kmanifest: this module passes it the types of the objects that it creates.
"""

from sys import maxsize

from kmanifest.backend import load_extension
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, Location, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.values import (
    FloatText,
    FlowBlankKey,
    IntText,
    TimeText,
    Value,
    null_key,
    quoted_node,
)
from kmanifest.startup.typing import Any, Final, Sequence

__all__ = ["Dumper", "ScalarCache", "dump", "find_position", "load_documents", "load_values"]

_EXTENSION: Final = load_extension()

ScalarCache = _EXTENSION.ScalarCache

_BACKEND: Final = _EXTENSION.YamlBackend(
    int_text=IntText,
    float_text=FloatText,
    time_text=TimeText,
    null_key=null_key,
    quoted_node=quoted_node,
    flow_blank_key=FlowBlankKey,
    source_error=SourceError,
    limit_error=LimitError,
    location=Location,
    check_time=check_time,
)


def load_documents(
    data: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scalar_cache: Any = None,
    allow_other_keys: bool = False,
    keep_quotes: bool = False,
) -> list[Value]:
    """As `python.load_documents`."""
    if allow_other_keys:  # in few builds
        from kmanifest.yaml import load

        return load.load_documents(
            data, limits=limits, allow_other_keys=allow_other_keys, keep_quotes=keep_quotes
        )
    documents: list[Value] = _BACKEND.load_documents(data, limits, scalar_cache, keep_quotes)
    return documents


def load_values(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Value:
    """As `python.load_values`."""
    value: Value = _BACKEND.load_values(data, limits)
    return value


def find_position(data: bytes, field: Sequence[str | int], *, document: int = 0) -> tuple[int, int]:
    """As `python.find_position`."""
    position: tuple[int, int] = _BACKEND.find_position(data, field, document)
    return position


class Dumper:
    """As `python.Dumper`, but without a cache."""

    __slots__ = ("_limit",)

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = max(0, min(limits.max_output, maxsize))

    def dump(self, value: Value) -> str:
        """As `python.Dumper.dump`."""
        text: str = _BACKEND.dump(value, self._limit)
        return text


def dump(value: Value) -> str:
    """As `python.dump`."""
    return Dumper().dump(value)
