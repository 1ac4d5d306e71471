"""Go's time.Duration: a number of nanoseconds in 64 bits, and its string form.

Source: Go 1.26 src/time: time.go and format.go, ParseDuration.
"""

import re

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.gotypes import INT64_MAX, INT64_MIN
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
_UNITS: Final = {
    "ns": 1, "us": 1_000, "\xb5s": 1_000, "\u03bcs": 1_000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR,
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^.0-9]*)")


class Duration(int):
    """A `time.Duration`."""

    __slots__ = ()
    go_type = "time.Duration"

    def text(self) -> str:
        """Return the result of `String()`."""
        return duration_text(self)


def duration_text(nanoseconds: int) -> str:
    """Return a duration in the form `1h2m3.5s`; below one second in a smaller unit.

    Source: time.go, Duration.format.
    """
    if not nanoseconds:
        return "0s"
    sign = "-" if nanoseconds < 0 else ""
    remaining = abs(nanoseconds)
    if remaining < SECOND:
        unit, size = (
            ("ns", 1)
            if remaining < 1_000
            else ("\xb5s", 1_000)
            if remaining < 1_000_000
            else ("ms", 1_000_000)
        )
        return f"{sign}{_with_fraction(remaining, size)}{unit}"
    minutes, rest = divmod(remaining, MINUTE)
    text = f"{_with_fraction(rest, SECOND)}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
    return sign + text


def _with_fraction(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}}".rstrip("0") if rest else str(whole)


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a string such as `-1.5h`.

    Raises GoError if it is invalid.
    """
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    if not body:
        raise _invalid_duration(text)
    total = position = 0
    while position < len(body):
        check_time()
        match = _PART.match(body, position)
        whole, point, fraction, unit = match.groups() if match is not None else ("", "", "", "")
        if not whole and not point:
            raise _invalid_duration(text)
        total += _part_nanoseconds(text, whole, fraction or "", unit)
        if total > 1 << 63:
            raise _invalid_duration(text)
        position = match.end() if match is not None else len(body)
    if text[0] == "-":
        return -total
    if total > INT64_MAX:
        raise _invalid_duration(text)
    return total


def _part_nanoseconds(text: str, whole: str, fraction: str, unit: str) -> int:
    number = _leading_integer(whole)
    if number is None or (not whole and not fraction):
        raise _invalid_duration(text)
    if not unit:
        raise GoError(f"time: missing unit in duration {quote(text)}")
    size = _UNITS.get(unit)
    if size is None:
        raise GoError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    if number > (1 << 63) // size:
        raise _invalid_duration(text)
    number *= size
    digits, scale = _leading_fraction(fraction)
    if digits:
        number += int(float(digits) * (float(size) / scale))
    if number > 1 << 63:
        raise _invalid_duration(text)
    return number


def _leading_integer(digits: str) -> int | None:
    digits = digits.lstrip("0")
    number = int(digits or "0") if len(digits) <= 19 else 1 << 64
    return None if number > 1 << 63 else number


def _leading_fraction(digits: str) -> tuple[int, float]:
    """Return the digits of a fraction that fit in 63 bits, and their divisor."""
    number, scale = 0, 1.0
    for digit in checked(digits):
        if number > INT64_MAX // 10 or number * 10 + int(digit) > 1 << 63:
            break
        number = number * 10 + int(digit)
        scale *= 10
    return number, scale


def _invalid_duration(text: str) -> GoError:
    return GoError(f"time: invalid duration {quote(text)}")


def quote(text: str) -> str:
    """Return a string as package time quotes it: each byte that is not printable ASCII as its number."""
    parts = []
    for byte in checked(text.encode("utf-8", "surrogateescape")):
        char = chr(byte)
        if byte >= 0x80 or byte < 0x20:
            parts.append(f"\\x{byte:02x}")
        else:
            parts.append("\\" + char if char in '"\\' else char)
    return '"' + "".join(parts) + '"'


def saturate(nanoseconds: int) -> int:
    """Return the difference of two times, limited to 64 bits."""
    return max(INT64_MIN, min(INT64_MAX, nanoseconds))
