"""Format a float64 as Go's strconv.FormatFloat does.

Source: Go 1.26 internal/strconv/ftoa.go.
"""

from math import frexp, isinf, isnan

from kmanifest.startup.typing import Final

_MANTISSA_BITS: Final = 52


def float_text(value: float, verb: str = "g", precision: int = -1) -> str:
    """Return `value` in the form `verb`, one of `e E f g G x X b`.

    A precision of -1 uses the fewest digits that identify the value.
    """
    if verb == "g" and precision < 0 and -1e6 < value < 1e6 and value.is_integer() and value:
        return f"{value:.0f}"
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb in "xX":
        return _hex_text(value, verb, precision)
    if verb == "b":
        return _binary_text(value)
    if precision >= 0:
        if verb in "gG" and precision == 0:
            precision = 1
        return f"%.{precision}{verb}" % value
    return _shortest(value, verb)


def _shortest(value: float, verb: str) -> str:
    sign, digits, point = shortest_digits(value)
    exponent = point - 1
    if verb in "gG":
        if -4 <= exponent < 6:
            return sign + _positional(digits, point)
        return sign + _scientific(digits, exponent, "e" if verb == "g" else "E")
    if verb == "f":
        return sign + _positional(digits, point)
    return sign + _scientific(digits, exponent, verb)


def shortest_digits(value: float) -> tuple[str, str, int]:
    """Return the sign, the fewest digits that identify `value`, and the position of the decimal point.

    For 0.05 the digits are `5` and the position is -1.
    """
    text = repr(value)
    sign = "-" if text[0] == "-" else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return (sign, digits, point) if digits else (sign, "0", 1)


def _positional(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits if digits != "0" else "0"
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _scientific(digits: str, exponent: int, letter: str) -> str:
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}{letter}{exponent:+03d}"


def _parts(value: float) -> tuple[str, int, int]:
    """Return the sign, the mantissa as an integer, and the exponent of two, as in the bits of a float64."""
    sign = "-" if str(value)[0] == "-" else ""
    if value == 0:
        return sign, 0, -1074
    mantissa, exponent = frexp(abs(value))
    exponent -= 53
    if exponent < -1074:  # a subnormal number has fewer bits
        return sign, int(mantissa * 2.0 ** (53 + exponent + 1074)), -1074
    return sign, int(mantissa * 2.0**53), exponent


def _binary_text(value: float) -> str:
    sign, mantissa, exponent = _parts(value)
    return f"{sign}{mantissa}p{exponent:+d}"


def _hex_text(value: float, verb: str, precision: int) -> str:
    sign, mantissa, exponent = _parts(value)
    power = exponent + _MANTISSA_BITS if mantissa else 0
    mantissa <<= 8
    while mantissa and not mantissa >> 60:
        mantissa <<= 1
        power -= 1
    if 0 <= precision < 15:
        shift = 60 - 4 * precision
        kept, rest = mantissa >> shift, mantissa & ((1 << shift) - 1)
        half = 1 << (shift - 1)
        if rest > half or (rest == half and kept & 1):
            kept += 1
        mantissa = kept << shift
        if mantissa >> 61:
            mantissa >>= 1
            power += 1
    digits = f"{mantissa & ((1 << 60) - 1):015x}"
    digits = digits.rstrip("0") if precision < 0 else digits[:precision].ljust(precision, "0")
    text = f"{sign}0x{mantissa >> 60}{'.' if digits else ''}{digits}p{power:+03d}"
    return text.upper() if verb == "X" else text
