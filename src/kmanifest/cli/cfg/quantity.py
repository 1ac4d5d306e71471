"""Quantities as Kubernetes writes them: `500m`, `1Gi`, `1e3`.

Source: kustomize cmd/config v0.21.2 internal/commands/internal/k8sgen/pkg/api/resource/quantity.go, suffix.go.
"""

import re
from fractions import Fraction

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_FORM: Final = r"([-+]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)"
_EXPONENT: Final = "[eE]([-+]?[0-9]{1,3})"
_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_MOST_BINARY: Final = 2**63 - 1
_MOST_DIGITS: Final = 1_000
_NANO: Final = 10**9
_LEAST_EXPONENT: Final = -9
_LARGE: Final = 50


def parse_quantity(text: str) -> Fraction:
    """The number that `text` means, up to the next billionth away from zero; SourceError where it means none."""
    match = re.fullmatch(_FORM, text)
    if not text or match is None or len(text) > _MOST_DIGITS:
        raise SourceError(f"{text[:40]!r} is not a quantity")
    sign, whole, rest, suffix = match.groups(default="")
    base, exponent = _suffix(text, suffix)
    # Without a digit it is zero, but where the reference has to count with more than 64 bits.
    if not (whole or rest) and (exponent < _LEAST_EXPONENT or (base == 2 and exponent >= _LARGE)):
        raise SourceError(f"{text!r} is not a quantity: it has no digit")
    number = Fraction(int(whole + rest or "0"), 10 ** len(rest)) * Fraction(base) ** exponent
    number = Fraction(-(-number.numerator * _NANO // number.denominator), _NANO)
    if base == 2:
        number = min(number, Fraction(_MOST_BINARY))
    return -number if sign == "-" else number


def _suffix(text: str, suffix: str) -> tuple[int, int]:
    """The base and the exponent that a suffix stands for."""
    if suffix in _BINARY:
        return 2, _BINARY[suffix]
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix]
    exponent = re.fullmatch(_EXPONENT, suffix)
    if exponent is None:
        raise SourceError(f"{text!r} is not a quantity: its suffix {suffix!r} is not known")
    return 10, int(exponent.group(1))
