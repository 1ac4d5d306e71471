"""Parse numbers as Go's strconv does.

Parsing a text of a million digits takes no longer than reading it.

Source: Go 1.26 src/strconv: atoi.go, atof.go and internal/strconv.
"""

from math import inf, nan

from kmanifest.engines.helm.sprig.gotypes import INT64_MAX, INT64_MIN
from kmanifest.startup.typing import Final, NamedTuple

_DIGITS: Final = {2: "01", 8: "01234567", 10: "0123456789", 16: "0123456789abcdefABCDEF"}
_PREFIXES: Final = {"x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2}
_UNDERSCORES: Final = "_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_DECIMAL: Final = r"[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?"
_HEXADECIMAL: Final = (
    r"([+-]?)0[xX](_?[0-9a-fA-F][0-9a-fA-F_]*)?(?:\.([0-9a-fA-F][0-9a-fA-F_]*)?)?[pP]([+-]?[0-9]+)"
)
_SPECIAL_VALUES: Final = {"inf": inf, "infinity": inf, "nan": nan}
_MAX_DIGITS: Final = 800
"""The digits of a float that may matter.

Of further digits, only whether one is not zero matters.
"""


class ParsedInteger(NamedTuple):
    """The result of strconv: the number, and the error `syntax` or `range`; "" if there is none."""

    value: int
    error: str = ""


def parse_int(text: str, base: int = 10) -> ParsedInteger:
    """Return the result of strconv.ParseInt for 64 bits.

    A number out of range becomes the nearest one in range.
    """
    sign = -1 if text[:1] == "-" else 1
    body = text[1:] if text[:1] in ("+", "-") else text
    if not base:
        base, body = _split_prefix(body)
    if not body or body.strip(_DIGITS[base]):
        return ParsedInteger(0, "syntax")
    body = body.lstrip("0") or "0"
    number = int(body, base) if len(body) <= 64 else 1 << 64
    number *= sign
    if number > INT64_MAX:
        return ParsedInteger(INT64_MAX, "range")
    return ParsedInteger(INT64_MIN, "range") if number < INT64_MIN else ParsedInteger(number)


def _split_prefix(body: str) -> tuple[int, str]:
    """Return the base of a Go literal's prefix, and its digits; no digits if an underscore is misplaced."""
    base, digits, has_prefix = 10, body, False
    if body[:1] == "0":
        if len(body) > 2 and body[1] in _PREFIXES:
            base, digits, has_prefix = _PREFIXES[body[1]], body[2:], True
        else:
            base, digits, has_prefix = 8, body[1:] or "0", True
    if "_" not in digits:
        return base, digits
    import re  # few numbers have underscores

    has_valid_underscores = (
        re.fullmatch(_UNDERSCORES, digits if has_prefix else "0" + digits) is not None
    )
    return base, digits.replace("_", "") if has_valid_underscores and (
        has_prefix or digits[0] != "_"
    ) else ""


def parse_float(text: str) -> float | None:
    """Return the result of strconv.ParseFloat for 64 bits; None for an error, such as a number out of range."""
    if not text.isascii():
        return None
    if text.replace(".", "", 1).isdecimal() and len(text) <= _MAX_DIGITS:
        number = float(text)
        return number if number - number == 0 else None
    import re  # for signs, exponents and special values

    if re.fullmatch(_DECIMAL, text) is not None:
        number = float(_shorten_decimal(text.replace("_", "")))
        return number if number - number == 0 else None
    special = _SPECIAL_VALUES.get(text.lstrip("+-").lower())
    if special is not None:
        if text[:1] in ("+", "-") and (text[1:2] in ("+", "-") or special != special):  # noqa: PLR0124 - NaN
            return None
        return -special if text[0] == "-" else special
    return _parse_hexadecimal(text)


def _shorten_decimal(text: str) -> str:
    """Return a decimal number without the digits that can't matter.

    Parsing them takes more than linear time.
    """
    if len(text) <= _MAX_DIGITS:
        return text
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    power = parse_int(exponent or "0").value + len(whole)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    power -= len(digits) - len(stripped)
    kept_digits = stripped[:_MAX_DIGITS]
    if stripped[_MAX_DIGITS:].strip("0"):
        kept_digits += "1"
    sign = "-" if text[0] == "-" else ""
    return f"{sign}0.{kept_digits or '0'}e{max(min(power, 10_000), -10_000)}"


def _parse_hexadecimal(text: str) -> float | None:
    import re

    match = re.fullmatch(_HEXADECIMAL, text)
    if match is None or (match[2] is None and match[3] is None):
        return None
    for part in (match[2], match[3]):
        if part and (part[-1] == "_" or "__" in part):
            return None
    whole, fraction = ((match[2] or "").replace("_", ""), (match[3] or "").replace("_", ""))
    exponent = parse_int(match[4]).value
    try:
        return float.fromhex(f"{match[1]}0x{whole or '0'}.{fraction or '0'}p{exponent}")
    except OverflowError:
        return None
