"""Go's mathematical functions, whose last digits differ from those of C and Rust.

Source: Go 1.26 math/sin.go, tan.go, trig_reduce.go, atan.go, asin.go, log.go, pow.go, exp_amd64.s, hypot_amd64.s. The constants and the
order of operations decide the last digit, so they are those of Go.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from kmanifest.startup.typing import Final

_PI4 = (7.85398125648498535156e-1, 3.77489470793079817668e-8, 2.69515142907905952645e-15)
_SIN = (
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
)
_COS = (
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
)
_TAN_P = (-1.30936939181383777646e4, 1.15351664838587416140e6, -1.79565251976484877988e7)
_TAN_Q = (
    1.0,
    1.36812963470692954678e4,
    -1.32089234440210967447e6,
    2.50083801823357915839e7,
    -5.38695755929454629881e7,
)
_ATAN_P = (
    -8.750608600031904122785e-01,
    -1.615753718733365076637e01,
    -7.500855792314704667340e01,
    -1.228866684490136173410e02,
    -6.485021904942025371773e01,
)
_ATAN_Q = (
    1.0,
    2.485846490142306297962e01,
    1.650270098316988542046e02,
    4.328810604912902668951e02,
    4.853903996359136964868e02,
    1.945506571482613964425e02,
)
_EXP = (2.4801587301587301587e-5, 1.9841269841269841270e-4, 1.3888888888888888889e-3, 8.3333333333333333333e-3, 4.1666666666666666667e-2, 1.6666666666666666667e-1, 0.5, 1.0)  # fmt: skip
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_REDUCE_THRESHOLD: Final = 1 << 29
_MASK: Final = (1 << 64) - 1
_FOUR_OVER_PI: Final = (
    0x0000000000000001,
    0x45F306DC9C882A53,
    0xF84EAFA3EA69BB81,
    0xB6C52B3278872083,
    0xFCA2C757BD778AC3,
    0x6E48DC74849BA5C0,
    0x0C925DD413A32439,
    0xFC3BD63962534E7D,
    0xD1046BEA5D768909,
    0xD338E04D68BEFC82,
    0x7323AC7306A673E9,
    0x3908BF177BF25076,
    0x3FF12FFFBC0B301F,
    0xDE5E2316B414DA3E,
    0xDA6CFD9E4F96136E,
    0x9E8C7ECD3CBFD45A,
    0xEA4F758FD7CBE2F6,
    0x7A0E73EF14A525D4,
    0xD7F6BF623F1ABA10,
    0xAC06608DF8F6D757,
)
_TAN_3_PI_8 = 2.41421356237309504880
_MORE_BITS = 6.123233995736765886130e-17
_OVERFLOW = 7.09782712893384e02
_LOG2_E = 1.4426950408889634073599246810018920
_LN2_UPPER = 0.69314718055966295651160180568695068359375
_LN2_LOWER = 0.28235290563031577122588448175013436025525412068e-12


def _polynomial(x: float, coefficients: Sequence[float]) -> float:
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def _reduce(x: float) -> tuple[int, float]:
    """Return the octant and the rest of a positive angle."""
    if x >= _REDUCE_THRESHOLD:
        return _reduce_big(x)
    octant = int(x * (4 / math.pi))
    octant += octant & 1
    return octant, ((x - octant * _PI4[0]) - octant * _PI4[1]) - octant * _PI4[2]


def _reduce_big(x: float) -> tuple[int, float]:
    """Return the octant and the rest of a big angle, from a product of 64-bit digits of 4 / pi."""
    fraction, exponent = math.frexp(x)
    mantissa, exponent = int(math.ldexp(fraction, 53)), exponent - 53
    digit, shift = divmod(exponent + 61, 64)
    window = 0
    for word in _FOUR_OVER_PI[digit : digit + 4]:
        window = window << 64 | word
    z0, z1, z2 = ((window >> (192 - 64 * index - shift)) & _MASK for index in range(3))
    low = (z1 * mantissa & _MASK) + (z2 * mantissa >> 64)
    high = ((z0 * mantissa) + (z1 * mantissa >> 64) + (low >> 64)) & _MASK
    low &= _MASK
    octant = high >> 61
    high = (high << 3 | low >> 61) & _MASK
    leading = 64 - high.bit_length()
    high = (high << (leading + 1) | low >> (64 - (leading + 1))) & _MASK
    high >>= 12
    rest = math.ldexp((1 << 52) | high, -(leading + 1) - 52)
    if octant & 1:
        octant = (octant + 1) & 7
        rest -= 1
    return octant, rest * (math.pi / 4)


def _sine(z: float) -> float:
    zz = z * z
    return z + z * zz * _polynomial(zz, _SIN)


def _cosine(z: float) -> float:
    zz = z * z
    return 1.0 - 0.5 * zz + zz * zz * _polynomial(zz, _COS)


def sin(x: float) -> float:
    """Return the sine."""
    if x == 0:
        return math.sin(x)
    octant, z = _reduce(abs(x))
    octant &= 7
    y = _cosine(z) if octant % 4 in (1, 2) else _sine(z)
    return -y if (x < 0) != (octant > 3) else y


def cos(x: float) -> float:
    """Return the cosine."""
    octant, z = _reduce(abs(x))
    octant &= 7
    is_negative = octant > 3
    octant %= 4
    y = _sine(z) if octant in (1, 2) else _cosine(z)
    return -y if is_negative != (octant > 1) else y


def tan(x: float) -> float:
    """Return the tangent."""
    if x == 0:
        return math.tan(x)
    octant, z = _reduce(abs(x))
    zz = z * z
    y = z
    if zz > 1e-14:
        y = z + z * (zz * _polynomial(zz, _TAN_P) / _polynomial(zz, _TAN_Q))
    if octant & 2:
        y = -1 / y
    return -y if x < 0 else y


def _small_atan(x: float) -> float:
    z = x * x
    z = z * _polynomial(z, _ATAN_P) / _polynomial(z, _ATAN_Q)
    return x * z + x


def _positive_atan(x: float) -> float:
    if x <= 0.66:
        return _small_atan(x)
    if x > _TAN_3_PI_8:
        return math.pi / 2 - _small_atan(1 / x) + _MORE_BITS
    return math.pi / 4 + _small_atan((x - 1) / (x + 1)) + 0.5 * _MORE_BITS


def atan(x: float) -> float:
    """Return the arctangent."""
    if x == 0:
        return x
    return _positive_atan(x) if x > 0 else -_positive_atan(-x)


def asin(x: float) -> float:
    """Return the arcsine, which is not a number outside [-1, 1]."""
    if x == 0:
        return x
    size = abs(x)
    if size > 1:
        return math.nan
    rest = math.sqrt(1 - size * size)
    is_steep = size > 0.7
    angle = math.pi / 2 - _positive_atan(rest / size) if is_steep else _positive_atan(size / rest)
    return -angle if x < 0 else angle


def acos(x: float) -> float:
    """Return the arccosine, which is not a number outside [-1, 1]."""
    return math.pi / 2 - asin(x)


def atan2(y: float, x: float) -> float:
    """Return the angle of a point."""
    if x == 0 or y == 0:
        return math.atan2(y, x)
    angle = atan(y / x)
    if x > 0:
        return angle
    return angle + math.pi if angle <= 0 else angle - math.pi


def hypot(x: float, y: float) -> float:
    """Return the length of a vector."""
    high, low = max(abs(x), abs(y)), min(abs(x), abs(y))
    if high == 0:
        return 0.0
    low /= high
    return math.sqrt(low * low + 1.0) * high


def log(x: float) -> float:
    """Return the natural logarithm, which is not a number for a negative one."""
    if x < 0:
        return math.nan
    if x == 0:
        return -math.inf
    fraction, exponent = math.frexp(x)
    if fraction < math.sqrt(2) / 2:
        fraction *= 2
        exponent -= 1
    f, k = fraction - 1, float(exponent)
    s = f / (2 + f)
    s2 = s * s
    s4 = s2 * s2
    first = s2 * (_LOG[0] + s4 * (_LOG[2] + s4 * (_LOG[4] + s4 * _LOG[6])))
    second = s4 * (_LOG[1] + s4 * (_LOG[3] + s4 * _LOG[5]))
    half = 0.5 * f * f
    return k * _LN2_HIGH - ((half - (s * (half + (first + second)) + k * _LN2_LOW)) - f)


def _multiply_add(x: float, y: float, z: float) -> float:
    """Return x * y + z, rounded once."""
    from fractions import Fraction  # only `exp` needs it

    return float(Fraction(x) * Fraction(y) + Fraction(z))


def exp(x: float) -> float:
    """Return the exponential."""
    if x > _OVERFLOW:
        return math.inf
    exponent = round(x * _LOG2_E)
    x = _multiply_add(-_LN2_UPPER, exponent, x)
    x = _multiply_add(-_LN2_LOWER, exponent, x)
    x *= 0.0625
    series = _EXP[0]
    for coefficient in _EXP[1:]:
        series = _multiply_add(series, x, coefficient)
    x *= series
    for _ in range(3):
        x *= x + 2.0
    x = _multiply_add(x + 2.0, x, 1.0)
    return math.ldexp(x, exponent)


def pow(x: float, y: float) -> float:  # noqa: A001 - Go's name
    """Return a power, which is not a number for a fractional power of a negative number."""
    if y == 0 or x == 1:
        return 1.0
    if y == 1:
        return x
    if x == 0:
        if y > 0:
            return x if abs(y) % 2 == 1 else 0.0
        return math.inf
    if abs(y) == 0.5 and x > 0:
        return math.sqrt(x) if y > 0 else 1 / math.sqrt(x)
    fraction, whole = math.modf(abs(y))
    if fraction and x < 0:
        return math.nan
    if whole >= 1 << 63:
        if x == -1:
            return 1.0
        return 0.0 if (abs(x) < 1) == (y > 0) else math.inf
    return _general_power(x, y, whole, fraction)


def _general_power(x: float, y: float, whole: float, fraction: float) -> float:
    result, exponent = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction -= 1
            whole += 1
        result = exp(fraction * log(x))
    base, base_exponent = math.frexp(x)
    bits = int(whole)
    while bits:
        if not -(1 << 12) <= base_exponent <= 1 << 12:
            exponent += base_exponent
            break
        if bits & 1:
            result *= base
            exponent += base_exponent
        base *= base
        base_exponent <<= 1
        if base < 0.5:
            base += base
            base_exponent -= 1
        bits >>= 1
    if y < 0:
        result, exponent = 1 / result, -exponent
    try:
        return math.ldexp(result, exponent)
    except OverflowError:
        return math.copysign(math.inf, result)


def round_half_away(x: float) -> float:
    """Return the nearest whole number; of two, the one farther from zero."""
    whole = float(math.trunc(x)) if x else x
    if abs(x - whole) >= 0.5:
        whole += math.copysign(1.0, x)
    return math.copysign(whole, x)


class NotANumberError(Exception):
    """The result of a function is no number, or has no end. The message is go-jsonnet's."""


_FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan, "log": log, "exp": exp,
    "atan2": atan2, "hypot": hypot, "pow": pow, "round": round_half_away, "trunc": lambda x: float(int(x)),
}  # fmt: skip


def checked(name: str, *arguments: float) -> float:
    """Return the result of a function. Raises NotANumberError if it is not finite."""
    result = _FUNCTIONS[name](*arguments)
    if math.isnan(result):
        raise NotANumberError("Not a number")
    if math.isinf(result):
        raise NotANumberError("Overflow")
    return result
