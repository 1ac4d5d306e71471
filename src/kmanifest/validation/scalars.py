"""Scalars as Go decodes them: numbers, base64, times and quantities. Each function returns the server's message, or None."""

import re

from kmanifest.startup.typing import Any, Final
from kmanifest.validation.rules.quantities import parse_quantity

_QUANTITY: Final = re.compile(r"[+-]?(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_SUFFIXES: Final = frozenset(
    ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
)
_EXPONENT: Final = re.compile(r"[eE][-+]?[0-9]+")
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)([.,]\d+)?(?:Z|[-+](\d\d):(\d\d))", re.ASCII
)
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

QUANTITY_FORMAT: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def json_type(value: Any) -> str:
    """Return the JSON type of a value as Go's decoder names it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "null" if value is None else "array" if isinstance(value, list | tuple) else "object"


def as_integer(value: Any) -> int | None:
    """Return the integer that Go decodes a number to, or None. `80.0` and `8e1` are integers as well."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return None


def number_text(value: Any) -> str:
    """Return a number as JSON prints it."""
    integer = as_integer(value)
    return str(integer) if integer is not None else repr(float(value))


def find_base64_fault(text: str) -> str | None:
    """Source: Go encoding/base64, Encoding.decodeQuantum, with standard padding. Line breaks are skipped."""
    if len(text) % 4 == 0 and not text.translate(_KEEP_OTHERS):
        return None
    position, count = 0, 0
    for position, char in enumerate(text):
        if char in "\r\n":
            continue
        if char in _BASE64:
            count += 1
            continue
        if char != "=":
            return _base64_fault(position)
        return _find_padding_fault(text, position, count % 4)
    if count % 4:
        return _base64_fault(len(text) - count % 4)
    return None


_KEEP_OTHERS: Final = str.maketrans("", "", "".join(_BASE64))


def _find_padding_fault(text: str, position: int, digits: int) -> str | None:
    if digits < 2:
        return _base64_fault(position)
    rest = position + 1
    while rest < len(text) and text[rest] in "\r\n":
        rest += 1
    if digits == 2:
        if rest == len(text):
            return _base64_fault(len(text))
        if text[rest] != "=":
            return _base64_fault(rest)
        rest += 1
    while rest < len(text) and text[rest] in "\r\n":
        rest += 1
    return None if rest == len(text) else _base64_fault(rest)


def _base64_fault(position: int) -> str:
    return f"illegal base64 data at input byte {position}"


def find_time_fault(text: str, *, micro: bool = False) -> str | None:
    """Source: Go time.Parse with the layout RFC3339; k8s.io/apimachinery pkg/apis/meta/v1/micro_time.go."""
    match = _TIME.fullmatch(text)
    if match is not None:
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        days = _MONTH_DAYS[month - 1] if 1 <= month <= 12 else 0
        if month == 2 and not (year % 4 == 0 and (year % 100 or year % 400 == 0)):
            days = 28
        fraction = match[7]
        if (
            1 <= day <= days
            and hour < 24
            and minute < 60
            and second < 60
            and (not micro or (fraction is not None and len(fraction) == 7))
        ):
            return None
    layout = "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
    return f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "{layout}"'


def find_quantity_fault(value: Any) -> str | None:
    """Source: k8s.io/apimachinery pkg/api/resource/quantity.go, UnmarshalJSON and ParseQuantity; suffix.go."""
    if isinstance(value, bool | list | tuple | dict):
        return QUANTITY_FORMAT
    if parse_quantity(value) is not None:
        return None
    text = value.strip() if isinstance(value, str) else number_text(value)
    match = _QUANTITY.fullmatch(text)
    if match is None or not text:
        return QUANTITY_FORMAT
    suffix = match[3]
    if suffix in _SUFFIXES or _EXPONENT.fullmatch(suffix):
        return "unable to parse numeric part of quantity"
    return "unable to parse quantity's suffix"
