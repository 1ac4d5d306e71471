"""Sprig's numeric template functions, with Go's integer, float and decimal arithmetic.

Integers have 64 bits and wrap around on overflow. `add1f`, `addf`, `subf`, `mulf` and `divf` use decimal arithmetic:
their arguments are converted from floats to decimals, and the result is converted back.

Source: sprig v3.3.0 numeric.go and functions.go.
"""

from math import copysign, inf, isinf, isnan, nan

from kmanifest.engines.helm.gotemplate.gofmt import text as go_text
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Int64, Value
from kmanifest.engines.helm.sprig.casts import to_float64, to_int64
from kmanifest.engines.helm.sprig.gotypes import Ints, check_items, wrap64
from kmanifest.engines.helm.sprig.strconv import parse_int
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Callable, NamedTuple

_ANY = "interface {}"


def functions(limits: Limits) -> Functions:
    """Return the functions by name. A list longer than `limits` allows is a LimitError."""

    def until_step(start: int, stop: int, step: int) -> Ints:
        if step == 0 or (step < 0) != (stop < start):
            return Ints()  # as in sprig, a step in the wrong direction is no error
        steps = range(start, stop, step)
        check_items(_step_count(steps), limits)
        return Ints(steps)

    def sequence(*bounds: int) -> str:
        if len(bounds) not in (1, 2, 3):
            return ""  # as in sprig, also for more than three bounds
        return " ".join(map(str, checked(until_step(*_sequence_range(*bounds)))))

    return {
        "add": Function(_int_sum, ("...interface {}",), "int64"),
        "add1": Function(lambda value: _int_sum(value, 1), (_ANY,), "int64"),
        "add1f": Function(lambda value: _combine_decimals("+", value, 1), (_ANY,), "float64"),
        "addf": Function(
            lambda *values: _combine_decimals("+", 0.0, *values), ("...interface {}",), "float64"
        ),
        # As in sprig, an error is ignored: invalid text is 0, a number out of range is the nearest one in range.
        "atoi": Function(lambda text: parse_int(text).value, ("string",), "int"),
        "biggest": Function(_int_max, (_ANY, "...interface {}"), "int64"),
        "ceil": Function(lambda value: _ceil(to_float64(value)), (_ANY,), "float64"),
        "div": Function(_int_division, (_ANY, _ANY), "int64"),
        "divf": Function(
            lambda *values: _combine_decimals("/", *values), (_ANY, "...interface {}"), "float64"
        ),
        "float64": Function(to_float64, (_ANY,), "float64"),
        "floor": Function(lambda value: _floor(to_float64(value)), (_ANY,), "float64"),
        "int": Function(to_int64, (_ANY,), "int"),
        "int64": Function(lambda value: Int64(to_int64(value)), (_ANY,), "int64"),
        "max": Function(_int_max, (_ANY, "...interface {}"), "int64"),
        "maxf": Function(_float_max, (_ANY, "...interface {}"), "float64"),
        "min": Function(_int_min, (_ANY, "...interface {}"), "int64"),
        "minf": Function(_float_min, (_ANY, "...interface {}"), "float64"),
        "mod": Function(_int_remainder, (_ANY, _ANY), "int64"),
        "mul": Function(_int_product, (_ANY, "...interface {}"), "int64"),
        "mulf": Function(
            lambda *values: _combine_decimals("*", *values), (_ANY, "...interface {}"), "float64"
        ),
        "round": Function(_round, (_ANY, "int", "...float64"), "float64"),
        "seq": Function(sequence, ("...int",), "string"),
        "sub": Function(_int_difference, (_ANY, _ANY), "int64"),
        "subf": Function(
            lambda *values: _combine_decimals("-", *values), (_ANY, "...interface {}"), "float64"
        ),
        "toDecimal": Function(_parse_octal, (_ANY,), "int64"),
        "until": Function(
            lambda count: until_step(0, count, -1 if count < 0 else 1), ("int",), "[]int"
        ),
        "untilStep": Function(until_step, ("int", "int", "int"), "[]int"),
    }


def _step_count(steps: range) -> int:
    """Return the number of items of a range. `len` raises an error for a number beyond 64 bits."""
    return max(0, -((steps.start - steps.stop) // steps.step))


def _sequence_range(*bounds: int) -> tuple[int, int, int]:
    """Return start, stop and step of `seq`, whose end is included.

    One bound is the end, two are start and end, three are start, step and end.
    """
    start = bounds[0] if len(bounds) > 1 else 1
    end = bounds[-1]
    direction = -1 if end < start else 1
    step = bounds[1] if len(bounds) == 3 else direction
    if direction < 0 < step:
        # As in sprig: `seq 5 1 4` is empty. The stop, one below the end, would make it an ascending range otherwise.
        return 0, 0, 1
    return start, wrap64(end + direction), step


# --- integers ------------------------------------------------------------------------------------------------------


def _int_sum(*values: Value) -> Int64:
    return Int64(wrap64(sum(map(to_int64, checked(values)))))


def _int_difference(left: Value, right: Value) -> Int64:
    return Int64(wrap64(to_int64(left) - to_int64(right)))


def _int_product(*values: Value) -> Int64:
    product = 1
    for value in checked(values):
        product = wrap64(product * to_int64(value))
    return Int64(product)


def _int_division(left: Value, right: Value) -> Int64:
    return Int64(wrap64(_int_quotient(to_int64(left), to_int64(right))))


def _int_remainder(left: Value, right: Value) -> Int64:
    """Return the remainder, which in Go has the sign of the dividend."""
    number, divisor = to_int64(left), to_int64(right)
    return Int64(number - divisor * _int_quotient(number, divisor))


def _int_quotient(number: int, divisor: int) -> int:
    """Return the quotient rounded toward zero as in Go, where `//` rounds down."""
    if not divisor:
        raise GoError("runtime error: integer divide by zero")
    quotient = abs(number) // abs(divisor)
    return quotient if (number < 0) == (divisor < 0) else -quotient


def _int_max(*values: Value) -> Int64:
    return Int64(max(map(to_int64, checked(values))))


def _int_min(*values: Value) -> Int64:
    return Int64(min(map(to_int64, checked(values))))


def _parse_octal(value: Value) -> Int64:
    """Implement `toDecimal`, which returns the number that octal digits stand for. As in sprig, invalid text is 0."""
    parsed = parse_int(go_text(value), 8)
    return Int64(0 if parsed.error else parsed.value)


# --- floats --------------------------------------------------------------------------------------------------------


def _float_max(*values: Value) -> float:
    # As in Go, -0 is less than 0.
    return _extreme(
        values, inf, lambda old, new: new > old or (new == old == 0 and _has_minus_sign(old))
    )


def _float_min(*values: Value) -> float:
    return _extreme(
        values, -inf, lambda old, new: new < old or (new == old == 0 and not _has_minus_sign(old))
    )


def _has_minus_sign(number: float) -> bool:
    return copysign(1.0, number) < 0


def _extreme(
    values: tuple[Value, ...], infinity: float, is_better: Callable[[float, float], bool]
) -> float:
    """Return Go's math.Max or math.Min of several numbers.

    The infinity has precedence over NaN, and NaN over all other numbers.
    """
    result, *others = map(to_float64, checked(values))
    for number in checked(others):
        if infinity in (result, number):
            result = infinity
        elif isnan(result) or isnan(number):
            result = nan
        elif is_better(result, number):
            result = number
    return result


def _floor(number: float) -> float:
    if isnan(number) or isinf(number) or number == 0:
        return number
    return float(number // 1)


def _ceil(number: float) -> float:
    return -_floor(-number)


def _round(value: Value, places: int, *round_on: float) -> float:
    """Return the number with the given number of digits after the decimal point: rounded up if the rest is at least `round_on`, else down.

    As in sprig, the rest of a negative number is negative. So it is rounded down unless `round_on` is negative.
    """
    factor = _power_of_ten(places)
    scaled = factor * to_float64(value)
    rest = nan if isinf(scaled) or isnan(scaled) else scaled - _truncated(scaled)
    threshold = round_on[0] if round_on else 0.5
    rounded = _ceil(scaled) if rest >= threshold else _floor(scaled)
    return _float_quotient(rounded, factor)


def _truncated(number: float) -> float:
    return _ceil(number) if number < 0 else _floor(number)


def _float_quotient(number: float, divisor: float) -> float:
    """Return the quotient as in Go, where a division by zero is an infinity or NaN."""
    if divisor:
        return number / divisor
    return nan if not number or isnan(number) else -inf if number < 0 else inf


def _power_of_ten(exponent: int) -> float:
    """Return 10 to a power by squaring, as Go's math.Pow does, so that the last digits are Go's.

    A number is `mantissa` times 2 to the power of `binary_exponent`.

    Source: Go 1.26 src/math/pow.go.
    """
    if exponent in (0, 1):
        return 10.0 if exponent else 1.0
    mantissa, binary_exponent = 1.0, 0
    square, square_exponent = 0.625, 4  # 0.625 * 2**4 is 10
    remaining = abs(exponent)
    while remaining:
        check_time()
        if not -(1 << 12) <= square_exponent <= 1 << 12:
            # As in Go: this far beyond the range of floats the result is 0 or an infinity.
            binary_exponent += square_exponent
            break
        if remaining & 1:
            mantissa *= square
            binary_exponent += square_exponent
        square *= square
        square_exponent <<= 1
        if square < 0.5:
            square += square
            square_exponent -= 1
        remaining >>= 1
    if exponent < 0:
        mantissa, binary_exponent = 1 / mantissa, -binary_exponent
    return _times_power_of_two(mantissa, binary_exponent)


def _times_power_of_two(mantissa: float, binary_exponent: int) -> float:
    from math import ldexp

    try:
        return ldexp(mantissa, binary_exponent)
    except OverflowError:
        return inf


# --- decimals ------------------------------------------------------------------------------------------------------

_DIVISION_DIGITS = 16
"""Digits after the decimal point of a quotient; decimal v1.4.0 decimal.go, DivisionPrecision."""


class _Decimal(NamedTuple):
    """A decimal fraction: `digits` times 10 to the power of `exponent`."""

    digits: int
    exponent: int


def _combine_decimals(operation: str, first: Value, *others: Value) -> float:
    """Return the result of an operation on the numbers in decimal arithmetic.

    Each number has the shortest digits that identify it. Raises GoError for an infinity, NaN, and a division by 0.

    Source: sprig v3.3.0 numeric.go, execDecimalOp; github.com/shopspring/decimal v1.4.0 decimal.go.
    """
    result = _decimal_from_float(to_float64(first))
    for other in checked(others):
        result = _OPERATIONS[operation](result, _decimal_from_float(to_float64(other)))
    return _float_from_decimal(result)


def _decimal_from_float(number: float) -> _Decimal:
    if isnan(number) or isinf(number):
        raise GoError(f"Cannot create a Decimal from {go_text(number)}")
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    return _Decimal(int(whole + fraction), int(exponent or 0) - len(fraction))


def _float_from_decimal(decimal: _Decimal) -> float:
    """Return the nearest float. As in Go, a number beyond the range of floats is an infinity."""
    digits, exponent = decimal
    try:
        return digits / 10**-exponent if exponent < 0 else float(digits * 10**exponent)
    except OverflowError:
        return -inf if digits < 0 else inf


def _decimal_sum(left: _Decimal, right: _Decimal) -> _Decimal:
    exponent = min(left.exponent, right.exponent)
    left_digits = left.digits * 10 ** (left.exponent - exponent)
    right_digits = right.digits * 10 ** (right.exponent - exponent)
    return _Decimal(left_digits + right_digits, exponent)


def _decimal_difference(left: _Decimal, right: _Decimal) -> _Decimal:
    return _decimal_sum(left, _Decimal(-right.digits, right.exponent))


def _decimal_product(left: _Decimal, right: _Decimal) -> _Decimal:
    return _Decimal(left.digits * right.digits, left.exponent + right.exponent)


def _decimal_quotient(left: _Decimal, right: _Decimal) -> _Decimal:
    """Return the quotient with sixteen digits after the decimal point.

    A half is rounded away from zero. Raises GoError for a division by 0.
    """
    if not right.digits:
        raise GoError("decimal division by 0")
    shift = left.exponent - right.exponent + _DIVISION_DIGITS
    number, divisor = abs(left.digits), abs(right.digits)
    if shift < 0:
        divisor *= 10**-shift
    else:
        number *= 10**shift
    quotient = (2 * number + divisor) // (2 * divisor)
    is_negative = (left.digits < 0) != (right.digits < 0)
    return _Decimal(-quotient if is_negative else quotient, -_DIVISION_DIGITS)


_OPERATIONS = {
    "+": _decimal_sum,
    "-": _decimal_difference,
    "*": _decimal_product,
    "/": _decimal_quotient,
}
