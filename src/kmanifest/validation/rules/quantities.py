"""Kubernetes quantities, such as `500m`, `1Gi` and `1e3`, as whole numbers of billionths.

Source: k8s.io/apimachinery v0.36.3 pkg/api/resource/quantity.go, ParseQuantity, and suffix.go.
"""

from kmanifest.startup.typing import Any, Final

NANO: Final = 10**9
_MILLI: Final = 10**6
_DECIMAL: Final = {
    "n": 1, "u": 10**3, "m": 10**6, "": NANO, "k": 10**12, "M": 10**15, "G": 10**18, "T": 10**21, "P": 10**24,
    "E": 10**27,
}  # fmt: skip
_BINARY: Final = {
    "Ki": NANO << 10, "Mi": NANO << 20, "Gi": NANO << 30, "Ti": NANO << 40, "Pi": NANO << 50, "Ei": NANO << 60,
}  # fmt: skip
_UNITS: Final = _DECIMAL | _BINARY
_MILLI_UNITS: Final = {
    suffix: unit // _MILLI
    for suffix, unit in _UNITS.items()
    if unit % _MILLI == 0 and unit < NANO << 50
}
_DIGITS: Final = "0123456789"
_SUFFIX: Final = "eEinumkKMGTP"
_MAX_BINARY: Final = (2**63 - 1) * NANO
_MAX_LENGTH: Final = 1_000
_MAX_DIGITS: Final = 30
_MAX_EXPONENT: Final = 400


def parse_quantity(value: Any) -> int | None:
    """Return a quantity in billionths, rounded away from zero, or None if it is not a quantity. Null is zero."""
    if type(value) is str:
        digits = value.rstrip(_SUFFIX)
        # The usual quantity: digits and a unit.
        unit = _UNITS.get(value[len(digits) :])
        if unit and digits.isdecimal() and len(digits) < _MAX_DIGITS and digits.isascii():
            amount: int = int(digits) * unit
            if amount <= _MAX_BINARY:
                return amount
    return _parse_text(_text_of(value))


def milli_value(value: Any) -> int:
    """Return a quantity of resources in thousandths, rounded up as the server's default does.

    Source: pkg/apis/core/v1/defaults.go, SetDefaults_ResourceList.
    """
    if type(value) is str:
        digits = value.rstrip(_SUFFIX)
        # The usual quantity of resources: digits and a unit of at least a thousandth.
        unit = _MILLI_UNITS.get(value[len(digits) :])
        if unit and digits.isdecimal() and len(digits) < _MAX_DIGITS and digits.isascii():
            return int(digits) * unit
    return -(-(parse_quantity(value) or 0) // _MILLI)


def _text_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "0" if value is None else str(value).strip()


def _parse_text(text: str) -> int | None:
    if not text or len(text) > _MAX_LENGTH or not text.isascii():
        return None
    unsigned = text[1:] if text[0] in "+-" else text
    whole, rest, suffix = _split(unsigned)
    scale = _scale(suffix)
    if scale is None:
        return None
    numerator, denominator = scale
    # Without a digit it is zero, except where the server has to calculate with more than 64 bits.
    is_large = suffix in _BINARY and numerator >= _BINARY["Pi"]
    if not (whole or rest) and (is_large or denominator > NANO):
        return None
    amount = int(whole + rest or "0") * numerator
    billionths: int = -(-amount * NANO // (denominator * 10 ** len(rest)))
    if suffix in _BINARY:
        billionths = min(billionths, _MAX_BINARY)
    return -billionths if text[0] == "-" else billionths


def _split(text: str) -> tuple[str, str, str]:
    """Split a quantity without sign into the digits before the point, those after it, and the suffix."""
    remaining = text.lstrip(_DIGITS)
    whole = text[: len(text) - len(remaining)]
    if not remaining.startswith("."):
        return whole, "", remaining
    suffix = remaining[1:].lstrip(_DIGITS)
    return whole, remaining[1 : len(remaining) - len(suffix)], suffix


def _scale(suffix: str) -> tuple[int, int] | None:
    """Return numerator and denominator of what a suffix multiplies with."""
    unit = _UNITS.get(suffix)
    if unit is not None:
        return unit, NANO
    if suffix[:1] not in {"e", "E"}:
        return None
    sign = -1 if suffix[1:2] == "-" else 1
    digits = suffix[2:] if suffix[1:2] in {"+", "-"} else suffix[1:]
    if not digits or digits.strip(_DIGITS):
        return None
    # No amount of resources needs a larger exponent, and a larger one would need much memory.
    exponent = min(int(digits[:9]), _MAX_EXPONENT)
    return (10**exponent, 1) if sign > 0 else (1, 10**exponent)


def quantity_text(value: Any) -> str:
    """Return a quantity as the server prints it: `600m` for 0.6. Source: CanonicalizeBytes."""
    billionths = parse_quantity(value)
    if billionths is None:
        return _text_of(value)
    text = _text_of(value)
    if text.rstrip("i") != text:
        return _binary_text(billionths)
    return _decimal_text(billionths)


def _binary_text(billionths: int) -> str:
    units = -(-billionths // NANO)
    if not -1024 < units < 1024:
        for suffix, unit in reversed(_BINARY.items()):
            if units * NANO % unit == 0:
                return f"{units * NANO // unit}{suffix}"
    return _decimal_text(billionths)


def _decimal_text(billionths: int) -> str:
    if billionths == 0:
        return "0"
    for suffix, unit in reversed(_DECIMAL.items()):
        if billionths % unit == 0:
            return f"{billionths // unit}{suffix}"
    return str(billionths)
