"""Parse Kubernetes quantities: `500m`, `1Gi`, `1e3`.

Source: kustomize cmd/config v0.21.2 internal/commands/internal/k8sgen/pkg/api/resource/quantity.go, suffix.go.
"""

import re
from fractions import Fraction

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_QUANTITY: Final = r"([-+]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)"
_EXPONENT: Final = "[eE]([-+]?[0-9]{1,3})"
_DECIMAL_EXPONENTS: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY_EXPONENTS: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_MAX_BINARY: Final = 2**63 - 1
_MAX_LENGTH: Final = 1_000
_NANO: Final = 10**9
_MIN_EXPONENT: Final = -9
_LARGE_BINARY_EXPONENT: Final = 50


def parse_quantity(text: str) -> Fraction:
    """Parse a quantity, rounded away from zero to a billionth. Raises SourceError if it is invalid."""
    match = re.fullmatch(_QUANTITY, text)
    if not text or match is None or len(text) > _MAX_LENGTH:
        raise SourceError(f"{text[:40]!r} is not a quantity")
    sign, whole, rest, suffix = match.groups(default="")
    base, exponent = _parse_suffix(text, suffix)
    # Without a digit it is zero, except where kustomize has to calculate with more than 64 bits.
    if not (whole or rest) and (
        exponent < _MIN_EXPONENT or (base == 2 and exponent >= _LARGE_BINARY_EXPONENT)
    ):
        raise SourceError(f"{text!r} is not a quantity: it has no digit")
    number = Fraction(int(whole + rest or "0"), 10 ** len(rest)) * Fraction(base) ** exponent
    number = Fraction(-(-number.numerator * _NANO // number.denominator), _NANO)
    if base == 2:
        number = min(number, Fraction(_MAX_BINARY))
    return -number if sign == "-" else number


def _parse_suffix(text: str, suffix: str) -> tuple[int, int]:
    """The base and the exponent of a suffix."""
    if suffix in _BINARY_EXPONENTS:
        return 2, _BINARY_EXPONENTS[suffix]
    if suffix in _DECIMAL_EXPONENTS:
        return 10, _DECIMAL_EXPONENTS[suffix]
    exponent = re.fullmatch(_EXPONENT, suffix)
    if exponent is None:
        raise SourceError(f"{text!r} is not a quantity: unknown suffix {suffix!r}")
    return 10, int(exponent.group(1))
