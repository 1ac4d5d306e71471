"""The template functions that Helm 4 has and Helm 3 has not.

Source: helm v4.3.1 pkg/engine/funcs.go.
"""

from kmanifest.engines.helm.formats import serialization
from kmanifest.engines.helm.gotemplate.functions import MergedFunctions
from kmanifest.engines.helm.gotemplate.gofmt import quoted, type_name
from kmanifest.engines.helm.gotemplate.gofmt import text as format_value
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Int64, Value
from kmanifest.engines.helm.sprig.durations import HOUR, MINUTE, SECOND, Duration, parse_duration
from kmanifest.engines.helm.sprig.gotypes import INT64_MAX, INT64_MIN, SPACES, Uint64
from kmanifest.engines.helm.sprig.strconv import parse_float
from kmanifest.engines.helm.templates import functions as functions3
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Final, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource

_ANY: Final = ("interface {}",)
_TWO: Final = ("interface {}", "interface {}")
_MAX_SECONDS: Final = INT64_MAX // SECOND


def functions(
    *,
    random: "RandomSource",
    clock: Callable[[], int],
    env: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Functions:
    """Return all functions that do not need a render, by name. The arguments are those of `sprig.functions`."""
    functions4 = {
        "durationDays": _duration_in(lambda value: _float_units(value, HOUR) / 24.0, "float64"),
        "durationHours": _duration_in(lambda value: _float_units(value, HOUR), "float64"),
        "durationMicroseconds": _duration_in(lambda value: _whole_units(value, 1_000), "int64"),
        "durationMilliseconds": _duration_in(lambda value: _whole_units(value, 1_000_000), "int64"),
        "durationMinutes": _duration_in(lambda value: _float_units(value, MINUTE), "float64"),
        "durationNanoseconds": _duration_in(Int64, "int64"),
        "durationRoundTo": Function(_round_to, _TWO, "time.Duration"),
        "durationSeconds": _duration_in(lambda value: _float_units(value, SECOND), "float64"),
        "durationTruncateTo": Function(_truncate_to, _TWO, "time.Duration"),
        "durationWeeks": _duration_in(
            lambda value: _float_units(value, HOUR) / 24.0 / 7.0, "float64"
        ),
        "mustToDuration": Function(_duration, _ANY, "time.Duration"),
        "mustToToml": Function(lambda value: _must_to_toml(value, limits), _ANY, "string"),
        "mustToYaml": Function(lambda value: _must_to_yaml(value, limits), _ANY, "string"),
    }
    return MergedFunctions(
        functions4, functions3.functions(random=random, clock=clock, env=env, limits=limits)
    )


def _duration_in(unit: Callable[[int], Any], result_type: str) -> Function:
    """Return a function that converts a duration to a unit. It returns 0 for other values."""

    def call(value: Value) -> Any:
        try:
            return unit(_duration(value))
        except GoError:
            return unit(0)

    return Function(call, _ANY, result_type)


def _float_units(nanoseconds: int, unit: int) -> float:
    quotient = _truncated_quotient(nanoseconds, unit)
    return float(quotient) + float(nanoseconds - quotient * unit) / float(unit)


def _whole_units(nanoseconds: int, unit: int) -> Int64:
    return Int64(_truncated_quotient(nanoseconds, unit))


def _truncated_quotient(number: int, unit: int) -> int:
    """Return a quotient without its fraction, as Go's division does."""
    return number // unit if number >= 0 else -(-number // unit)


def _round_to(value: Value, multiple: Value) -> Duration:
    """Round a duration to a multiple of another.

    Source: Go 1.26 time/time.go, Duration.Round.
    """
    nanoseconds, unit = _duration_and_multiple(value, multiple)
    if unit <= 0:
        return Duration(nanoseconds)
    size = abs(nanoseconds)
    rest = size % unit
    size = size - rest if rest + rest < unit else size + unit - rest
    return Duration(max(INT64_MIN, min(INT64_MAX, size if nanoseconds >= 0 else -size)))


def _truncate_to(value: Value, multiple: Value) -> Duration:
    nanoseconds, unit = _duration_and_multiple(value, multiple)
    return Duration(nanoseconds if unit <= 0 else _truncated_quotient(nanoseconds, unit) * unit)


def _duration_and_multiple(value: Value, multiple: Value) -> tuple[int, int]:
    """Return two durations in nanoseconds. An invalid first one makes both 0, an invalid second one is 0."""
    try:
        nanoseconds = _duration(value)
    except GoError:
        return 0, 0
    try:
        return nanoseconds, _duration(multiple)
    except GoError:
        return nanoseconds, 0


def _duration(value: Value) -> Duration:
    """Return a duration: itself, a number of seconds, or the parsed text. Raises GoError for other values.

    Source: asDuration.
    """
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return _duration_from_string(value)
    if value is None:
        raise GoError("invalid duration")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GoError(f"unsupported duration type {type_name(value)}")
    return (
        _duration_from_float(value) if isinstance(value, float) else _duration_from_seconds(value)
    )


def _duration_from_string(source: str) -> Duration:
    stripped = source.strip(SPACES)
    if not stripped:
        raise GoError("empty duration")
    try:
        return Duration(parse_duration(stripped))
    except GoError:
        seconds = parse_float(stripped)
    if seconds is None:
        raise GoError(f"could not parse duration {quoted(source)}")
    return _duration_from_float(seconds)


def _duration_from_seconds(seconds: int) -> Duration:
    minimum = 0 if isinstance(seconds, Uint64) else -_MAX_SECONDS
    if not minimum <= seconds <= _MAX_SECONDS:
        raise GoError(f"duration seconds overflow: {int(seconds)}")
    return Duration(seconds * SECOND)


def _duration_from_float(seconds: float) -> Duration:
    if not seconds - seconds == 0:  # infinite or NaN
        raise GoError(f"invalid duration seconds: {format_value(seconds)}")
    if abs(seconds) > float(INT64_MAX) / float(SECOND):
        raise GoError(f"duration seconds overflow: {format_value(seconds)}")
    return Duration(max(INT64_MIN, min(INT64_MAX, int(seconds * float(SECOND)))))


def _must_to_yaml(value: Value, limits: Limits) -> str:
    """Return the result of `toYaml`. Raises GoError if it is empty, which means that the value can't be written."""
    text = serialization.to_yaml(value, serialization.single_string_limits(limits))
    if text:
        return text
    from kmanifest.engines.helm.sprig.json_writer import encode

    try:
        encode(value, limits)
    except GoError as error:
        raise GoError(f"error marshaling into JSON: {error}") from error
    raise GoError("error marshaling into JSON")


def _must_to_toml(value: Value, limits: Limits) -> str:
    from kmanifest.engines.helm.formats.toml_writer import TomlError, encode

    try:
        return encode(value, limits)
    except TomlError as error:
        raise GoError(str(error)) from error
