"""The numbers of a template: the Go types that a number's text fits, and its value in each.

Source: Go 1.26 text/template/parse/node.go, newNumber; strconv/atoi.go and atof.go.
"""

import re

from kmanifest.engines.helm.gotemplate.quoting import char_code, quoted
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.startup.typing import Final

Number = tuple[int | None, int | None, float | None, complex | None]
"""The number as int64, uint64, float64 and complex128; None for a type that can't hold it."""

_INT: Final = (
    r"[+-]?(?:0[xX](_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|0[bB](_?[01]+(?:_[01]+)*)"
    r"|0[oO](_?[0-7]+(?:_[0-7]+)*)|0(_?[0-7]+(?:_[0-7]+)*)|(0|[1-9][0-9]*(?:_[0-9]+)*))\Z"
)
_BASES: Final = (0, 16, 2, 8, 8, 10)
_FLOAT: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z"
_HEX_FLOAT: Final = (
    r"([+-]?)0[xX](_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?(\.(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?)?"
    r"[pP]([+-]?[0-9]+(?:_[0-9]+)*)\Z"
)
_UNDERSCORED: Final = r"(?<=[0-9])_(?=[0-9])"
_COMPLEX: Final = r"([+-]?+(?:0x[0-9a-f_.]*+(?>(?:p[+-]?+[0-9_]*+)?)|[0-9_.]++(?>(?:e[+-]?+[0-9_]*+)?))|[+-](?=[+-]))([+-].*)i\Z"
_INT_MIN: Final = -(1 << 63)
_INT_MAX: Final = (1 << 63) - 1
_UINT_MAX: Final = (1 << 64) - 1


def read_number(text: str) -> Number:
    """Return the number with this text.

    Raises GoError with Go's message if it is invalid.
    """
    if text[0] == "'":
        code = char_code(text)
        return code, code, float(code), None
    if text[-1] == "i":
        number = _imaginary(text)
        if number is not None:
            return number
    return _real(text)


def _imaginary(text: str) -> Number | None:
    parts = re.match(_COMPLEX, text, re.IGNORECASE)
    if parts and len(parts[2]) == 1:
        raise GoError("syntax error scanning complex number")
    real = _complex_part(parts[1]) if parts else 0.0
    imaginary = _complex_part(parts[2]) if parts else read_float(text[:-1])
    if imaginary is None:
        return None
    if imaginary != 0:
        return None, None, None, complex(real, imaginary)
    integer = int(real) if real.is_integer() else None
    return (
        integer if integer is not None and _INT_MIN <= integer <= _INT_MAX else None,
        integer if integer is not None and 0 <= integer <= _UINT_MAX else None,
        real,
        complex(real, imaginary),
    )


def _complex_part(text: str) -> float:
    """Return one part of a complex number."""
    value = read_float(text)
    if value is None:
        plain = re.sub(_UNDERSCORED, "", text)
        reason = "value out of range" if re.match(_FLOAT, plain) else "invalid syntax"
        raise GoError(f"strconv.ParseFloat: parsing {quoted(text)}: {reason}")
    return value


def _real(text: str) -> Number:
    integer = read_int(text)
    if integer is not None and _INT_MIN <= integer <= _UINT_MAX:
        # An unsigned number has no sign. Go makes an exception for zero.
        unsigned = integer if integer == 0 or text[0] not in "+-" else None
        if integer > _INT_MAX:
            return (
                (None, unsigned, float(integer), None)
                if unsigned is not None
                else _raise_overflow(text)
            )
        return integer, unsigned, float(integer), None
    value = read_float(text)
    if value is None:
        raise GoError(f"illegal number syntax: {quoted(text)}")
    if not any(char in ".eEpP" for char in text):
        return _raise_overflow(text)
    integer = int(value) if value.is_integer() else None
    return (
        integer if integer is not None and _INT_MIN <= integer <= _INT_MAX else None,
        integer if integer is not None and 0 <= integer <= _UINT_MAX else None,
        value,
        None,
    )


def _raise_overflow(text: str) -> Number:
    raise GoError(f"integer overflow: {quoted(text)}")


def read_int(text: str) -> int | None:
    """Return the result of strconv.ParseInt with base 0, for an integer of any size.

    It accepts prefixes, octal digits after a zero, and underscores.
    """
    if text.isascii() and text.isdecimal() and (text[0] != "0" or text == "0"):
        return _decimal(text)
    match = re.match(_INT, text)
    if match is None or match.lastindex is None:
        return None
    digits, base = match[match.lastindex].replace("_", ""), _BASES[match.lastindex]
    value = _decimal(digits) if base == 10 else int(digits, base)
    return -value if text[0] == "-" else value


def _decimal(digits: str) -> int:
    # Python rejects numbers of thousands of digits. Any number beyond 64 bits gives the same error in Go.
    return int(digits) if len(digits) < 1_000 else 1 << 1_000


def read_float(text: str) -> float | None:
    """Return the result of strconv.ParseFloat for decimal digits or a hexadecimal float; None if it is out of range."""
    plain = re.sub(_UNDERSCORED, "", text) if "_" in text else text
    if re.match(_FLOAT, plain):
        value = float(plain)
        return None if value in (float("inf"), float("-inf")) else value
    match = re.match(_HEX_FLOAT, text)
    if match is None or not (match[2] or (match[3] or ".") != "."):
        return None
    sign, whole, fraction, exponent = match.groups()
    digits = f"{sign}0x{whole or '0'}{fraction or ''}p{exponent}".replace("_", "")
    try:
        return float.fromhex(digits)
    except (OverflowError, ValueError):
        return None
