"""Convert any value to a number or a string, as sprig does with its arguments.

Source: github.com/spf13/cast v1.7.0 caste.go, ToInt64E and ToFloat64E; sprig v3.3.0 strings.go,
strval and strslice.
"""

from kmanifest.engines.helm.gotemplate.gofmt import text as go_text
from kmanifest.engines.helm.gotemplate.values import Int32, Int64, Strings, Uint8, Value
from kmanifest.engines.helm.sprig.gotypes import INT64_MAX, INT64_MIN, Uint64, from_bytes, wrap64
from kmanifest.engines.helm.sprig.strconv import parse_float, parse_int
from kmanifest.model.deadline import checked
from kmanifest.startup.typing import Final

_INTEGERS: Final = frozenset((int, Int64, Int32, Uint8, Uint64))


def to_int64(value: Value) -> int:
    """Return an integer of 64 bits, 0 for a value that can't be converted.

    A float is truncated. A string may be octal or hexadecimal.
    """
    kind = value.__class__
    if kind is int or kind is Int64:
        return int(value)
    if kind is float:
        return truncate(value)
    if kind is str:
        return _parse_integer(value)
    if kind is bool:
        return int(value)
    return wrap64(int(value)) if kind in _INTEGERS else 0


def truncate(number: float) -> int:
    """Return a float as an int64, as Go converts it on amd64: the minimum if it is out of range."""
    if number != number or not INT64_MIN <= number <= INT64_MAX or number == float(INT64_MAX):  # noqa: PLR0124 - NaN
        return INT64_MIN
    return int(number)


def _parse_integer(text: str) -> int:
    parsed = parse_int(_without_zero_decimals(text), 0)
    return 0 if parsed.error else parsed.value


def _without_zero_decimals(text: str) -> str:
    stripped = text.rstrip("0")
    return stripped[:-1] if stripped != text and stripped[-1:] == "." else text


def to_float64(value: Value) -> float:
    """Return a float, 0 for a value that can't be converted."""
    kind = value.__class__
    if kind is float:
        return value  # type: ignore[no-any-return]  # a float by the check above
    if kind is str:
        number = parse_float(value)
        return 0.0 if number is None else number
    return float(value) if kind is bool or kind in _INTEGERS else 0.0


def to_string(value: Value) -> str:
    """Return the result of `toString`."""
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]  # a str by the check above
    return from_bytes(value) if value.__class__ is bytes else go_text(value)


def to_strings(value: Value) -> list[str]:
    """Return the result of `toStrings`: the items that are not nil, or the value alone.

    A `[]string` is returned itself.
    """
    if isinstance(value, Strings):
        return value
    if isinstance(value, list):
        return Strings(to_string(item) for item in checked(value) if item is not None)
    if isinstance(value, bytes):
        return Strings(map(str, value))
    return Strings() if value is None else Strings((to_string(value),))


def is_empty(value: Value) -> bool:
    """Return the result of `empty`: true for no value, false, zero, and an empty string, list or map.

    A struct is never empty.

    Source: sprig v3.3.0 defaults.go, empty.
    """
    return not value
