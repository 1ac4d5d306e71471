"""Arithmetic.

Source: sprig v3.3.0 numeric.go and functions.go.
"""

from collections.abc import Callable
from math import inf, isinf, isnan, nan

from kmanifest.engines.helm.gotemplate.gofmt import text as go_text
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Int64, Value
from kmanifest.engines.helm.sprig.casts import to_float64, to_int64
from kmanifest.engines.helm.sprig.gotypes import Ints, check_items, wrap64
from kmanifest.engines.helm.sprig.strconv import parse_int
from kmanifest.model.limits import Limits

_ANY = "interface {}"


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Their lists are at most as long as `limits` allows.
    """

    def until_step(start: int, stop: int, step: int) -> Ints:
        steps = range(start, stop, step) if step and (step < 0) == (stop < start) else ()
        check_items(_step_count(steps), limits)
        return Ints(steps)

    def sequence(*bounds: int) -> str:
        return (
            " ".join(map(str, until_step(*_sequence_range(*bounds)))) if 0 < len(bounds) < 4 else ""
        )

    return {
        "add": Function(_add, ("...interface {}",), "int64"),
        "add1": Function(lambda value: _add(value, 1), (_ANY,), "int64"),
        "add1f": Function(lambda value: _combine_decimals("+", value, 1), (_ANY,), "float64"),
        "addf": Function(
            lambda *values: _combine_decimals("+", 0.0, *values), ("...interface {}",), "float64"
        ),
        "atoi": Function(lambda text: parse_int(text).value, ("string",), "int"),
        "biggest": Function(_max, (_ANY, "...interface {}"), "int64"),
        "ceil": Function(lambda value: _ceil(to_float64(value)), (_ANY,), "float64"),
        "div": Function(_div, (_ANY, _ANY), "int64"),
        "divf": Function(
            lambda *values: _combine_decimals("/", *values), (_ANY, "...interface {}"), "float64"
        ),
        "float64": Function(to_float64, (_ANY,), "float64"),
        "floor": Function(lambda value: _floor(to_float64(value)), (_ANY,), "float64"),
        "int": Function(to_int64, (_ANY,), "int"),
        "int64": Function(lambda value: Int64(to_int64(value)), (_ANY,), "int64"),
        "max": Function(_max, (_ANY, "...interface {}"), "int64"),
        "maxf": Function(_maxf, (_ANY, "...interface {}"), "float64"),
        "min": Function(_min, (_ANY, "...interface {}"), "int64"),
        "minf": Function(_minf, (_ANY, "...interface {}"), "float64"),
        "mod": Function(_mod, (_ANY, _ANY), "int64"),
        "mul": Function(_mul, (_ANY, "...interface {}"), "int64"),
        "mulf": Function(
            lambda *values: _combine_decimals("*", *values), (_ANY, "...interface {}"), "float64"
        ),
        "round": Function(_round, (_ANY, "int", "...float64"), "float64"),
        "seq": Function(sequence, ("...int",), "string"),
        "sub": Function(_sub, (_ANY, _ANY), "int64"),
        "subf": Function(
            lambda *values: _combine_decimals("-", *values), (_ANY, "...interface {}"), "float64"
        ),
        "toDecimal": Function(_octal_to_decimal, (_ANY,), "int64"),
        "until": Function(
            lambda count: until_step(0, count, -1 if count < 0 else 1), ("int",), "[]int"
        ),
        "untilStep": Function(until_step, ("int", "int", "int"), "[]int"),
    }


def _step_count(steps: range | tuple[()]) -> int:
    """Return the number of steps.

    `len` raises an error for numbers beyond 64 bits.
    """
    if not isinstance(steps, range):
        return 0
    return max(0, -((steps.start - steps.stop) // steps.step))


def _sequence_range(*bounds: int) -> tuple[int, int, int]:
    """Return start, end and step of `seq`, which counts down if the end is below the start."""
    start = bounds[0] if len(bounds) > 1 else 1
    end = bounds[-1]
    direction = -1 if end < start else 1
    step = bounds[1] if len(bounds) == 3 else direction
    if len(bounds) == 3 and direction < 0 < step:
        return 0, 0, 1
    return start, wrap64(end + direction), step


def _add(*values: Value) -> Int64:
    return Int64(wrap64(sum(map(to_int64, values))))


def _sub(left: Value, right: Value) -> Int64:
    return Int64(wrap64(to_int64(left) - to_int64(right)))


def _mul(*values: Value) -> Int64:
    product = 1
    for value in values:
        product = wrap64(product * to_int64(value))
    return Int64(product)


def _div(left: Value, right: Value) -> Int64:
    return Int64(wrap64(_quotient(to_int64(left), to_int64(right))))


def _mod(left: Value, right: Value) -> Int64:
    number, divisor = to_int64(left), to_int64(right)
    return Int64(number - divisor * _quotient(number, divisor))


def _quotient(number: int, divisor: int) -> int:
    """Return the quotient without its fraction, where Python would round down."""
    if not divisor:
        raise GoError("runtime error: integer divide by zero")
    quotient = abs(number) // abs(divisor)
    return quotient if (number < 0) == (divisor < 0) else -quotient


def _max(*values: Value) -> Int64:
    return Int64(max(map(to_int64, values)))


def _min(*values: Value) -> Int64:
    return Int64(min(map(to_int64, values)))


def _octal_to_decimal(value: Value) -> Int64:
    parsed = parse_int(go_text(value), 8)
    return Int64(0 if parsed.error else parsed.value)


# --- floats --------------------------------------------------------------------------------------------------------


def _negative(number: float) -> bool:
    return number < 0 or (number == 0 and str(number)[0] == "-")


def _maxf(*values: Value) -> float:
    return _extreme(values, inf, lambda old, new: new > old or (new == old == 0 and _negative(old)))


def _minf(*values: Value) -> float:
    return _extreme(
        values, -inf, lambda old, new: new < old or (new == old == 0 and not _negative(old))
    )


def _extreme(
    values: tuple[Value, ...], infinity: float, is_better: Callable[[float, float], bool]
) -> float:
    """Return Go's math.Max or math.Min of several numbers.

    The infinity has precedence over NaN, and NaN over all other numbers.
    """
    result, *others = map(to_float64, values)
    for number in others:
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
    """Return the number rounded up if its remaining fraction is at least `round_on`.

    For a negative number the fraction is negative, so it is rounded down for a positive `round_on`.
    """
    power = _power_of_ten(places)
    digit = power * to_float64(value)
    fraction = nan if isinf(digit) or isnan(digit) else digit - _truncated(digit)
    rounded = _ceil(digit) if fraction >= (round_on[0] if round_on else 0.5) else _floor(digit)
    return _quotient_of_floats(rounded, power)


def _truncated(number: float) -> float:
    return _ceil(number) if number < 0 else _floor(number)


def _quotient_of_floats(number: float, divisor: float) -> float:
    if divisor:
        return number / divisor
    return nan if not number or isnan(number) else -inf if number < 0 else inf


def _power_of_ten(exponent: int) -> float:
    """Return 10 to a power by squaring, as Go's math.Pow does, so that the last digits are Go's.

    Source: Go 1.26 src/math/pow.go.
    """
    if exponent in (0, 1):
        return 10.0 if exponent else 1.0
    mantissa, power = 1.0, 0
    square, square_power = 0.625, 4
    remaining = abs(exponent)
    while remaining:
        if not -(1 << 12) <= square_power <= 1 << 12:
            power += square_power
            break
        if remaining & 1:
            mantissa *= square
            power += square_power
        square *= square
        square_power <<= 1
        if square < 0.5:
            square += square
            square_power -= 1
        remaining >>= 1
    if exponent < 0:
        mantissa, power = 1 / mantissa, -power
    return _scaled(mantissa, power)


def _scaled(mantissa: float, power: int) -> float:
    from math import ldexp

    try:
        return ldexp(mantissa, power)
    except OverflowError:
        return inf


# --- decimals ------------------------------------------------------------------------------------------------------

_DIVISION_DIGITS = 16
"""Digits after the decimal point of a quotient; decimal v1.4.0 decimal.go, DivisionPrecision."""

_Decimal = tuple[int, int]
"""An integer and the power of ten that it is multiplied by."""


def _combine_decimals(operation: str, first: Value, *others: Value) -> float:
    """Return the result of an operation on the numbers in decimal arithmetic.

    Each number has the shortest digits that identify it.

    Source: sprig v3.3.0 numeric.go, execDecimalOp; github.com/shopspring/decimal v1.4.0 decimal.go.
    """
    result = _to_decimal(to_float64(first))
    for other in others:
        result = _OPERATIONS[operation](result, _to_decimal(to_float64(other)))
    return _from_decimal(*result)


def _to_decimal(number: float) -> _Decimal:
    if isnan(number) or isinf(number):
        raise GoError(f"Cannot create a Decimal from {go_text(number)}")
    mantissa, _, power = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    return int(whole + fraction), int(power or 0) - len(fraction)


def _from_decimal(number: int, power: int) -> float:
    try:
        return number / 10**-power if power < 0 else float(number * 10**power)
    except OverflowError:
        return -inf if number < 0 else inf


def _sum(left: _Decimal, right: _Decimal) -> _Decimal:
    power = min(left[1], right[1])
    return left[0] * 10 ** (left[1] - power) + right[0] * 10 ** (right[1] - power), power


def _difference(left: _Decimal, right: _Decimal) -> _Decimal:
    return _sum(left, (-right[0], right[1]))


def _product(left: _Decimal, right: _Decimal) -> _Decimal:
    return left[0] * right[0], left[1] + right[1]


def _quotient_of_decimals(left: _Decimal, right: _Decimal) -> _Decimal:
    """Return the quotient with sixteen digits after the decimal point.

    A half is rounded away from zero.
    """
    if not right[0]:
        raise GoError("decimal division by 0")
    shift = left[1] - right[1] + _DIVISION_DIGITS
    number, divisor = abs(left[0]), abs(right[0])
    if shift < 0:
        divisor *= 10**-shift
    else:
        number *= 10**shift
    quotient = (2 * number + divisor) // (2 * divisor)
    negative = (left[0] < 0) != (right[0] < 0)
    return -quotient if negative else quotient, -_DIVISION_DIGITS


_OPERATIONS = {"+": _sum, "-": _difference, "*": _product, "/": _quotient_of_decimals}
