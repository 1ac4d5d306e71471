"""Dates and the current time.

Source: sprig v3.3.0 date.go.
"""

from kmanifest.engines.helm.gotemplate.values import (
    Function,
    Functions,
    GoError,
    Int32,
    Int64,
    Value,
)
from kmanifest.engines.helm.sprig.strconv import parse_int
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.times import Time, Zone

_ANY = "interface {}"
_DAY = 24 * 3_600
_UNITS = (
    (365 * _DAY, "y"), (30 * _DAY, "mo"), (_DAY, "d"), (3_600, "h"), (60, "m"), (1, "s"),
)  # fmt: skip


def functions(clock: Callable[[], int], env: Mapping[str, str]) -> Functions:
    """Return the functions.

    `clock` returns nanoseconds since 1970; `TZ` in `env` is the local time zone.
    """
    local_zones: list[Zone] = []

    def local() -> "Zone":
        from kmanifest.engines.helm.sprig.times import UTC, load_zone

        if not local_zones:
            local_zones.append(load_zone(env.get("TZ", ""), UTC).as_local())
        return local_zones[0]

    def now() -> "Time":
        from kmanifest.engines.helm.sprig.durations import SECOND
        from kmanifest.engines.helm.sprig.times import Time

        return Time(*divmod(clock(), SECOND), local(), " m=+0.000000001")

    def to_time(value: Value, *, also_int32: bool = True) -> "Time":
        """Return a time as it is, an integer as seconds since 1970, and the current time for any other value."""
        from kmanifest.engines.helm.sprig.times import Time

        if isinstance(value, Time):
            return value
        kind = value.__class__
        if kind is int or kind is Int64 or (also_int32 and kind is Int32):
            return Time(int(value), 0, local())
        return now()

    def date_in_zone(layout: str, value: Value, zone: str) -> str:
        from kmanifest.engines.helm.sprig.times import load_zone

        return to_time(value).in_zone(load_zone(zone, local())).format(layout)

    def ago(value: Value) -> str:
        from kmanifest.engines.helm.sprig.durations import SECOND, duration_text, saturate

        elapsed = saturate(clock() - to_time(value, also_int32=False).nanoseconds())
        half = abs(elapsed) + SECOND // 2
        rounded = half - half % SECOND
        return duration_text(-rounded if elapsed < 0 else rounded)

    def duration_round(value: Value) -> str:
        return _round_to_unit(_to_duration(value, clock))

    def must_to_date(layout: str, text: str) -> "Time":
        from kmanifest.engines.helm.sprig.time_reader import parse_time

        return parse_time(layout, text, local())

    def to_date(layout: str, text: str) -> "Time":
        from kmanifest.engines.helm.sprig.times import Time

        try:
            return must_to_date(layout, text)
        except GoError:
            return Time()

    in_zone = Function(date_in_zone, ("string", _ANY, "string"), "string", impure=True)
    modify = Function(_modify, ("string", "time.Time"), "time.Time")
    must_modify = Function(_must_modify, ("string", "time.Time"), "time.Time")
    return {
        "ago": Function(ago, (_ANY,), "string", impure=True),
        "date": Function(
            lambda layout, value: date_in_zone(layout, value, "Local"), ("string", _ANY), "string", impure=True
        ),
        "dateInZone": in_zone,
        "dateModify": modify,
        "date_in_zone": in_zone,
        "date_modify": modify,
        "duration": Function(_duration, (_ANY,), "string"),
        "durationRound": Function(duration_round, (_ANY,), "string", impure=True),
        "htmlDate": Function(
            lambda value: date_in_zone("2006-01-02", value, "Local"), (_ANY,), "string", impure=True
        ),
        "htmlDateInZone": Function(
            lambda value, zone: date_in_zone("2006-01-02", value, zone), (_ANY, "string"), "string", impure=True
        ),
        "mustDateModify": must_modify,
        "mustToDate": Function(must_to_date, ("string", "string"), "time.Time"),
        "must_date_modify": must_modify,
        "now": Function(now, (), "time.Time", impure=True),
        "toDate": Function(to_date, ("string", "string"), "time.Time"),
        "unixEpoch": Function(lambda time: str(time.seconds), ("time.Time",), "string"),
    }  # fmt: skip


def _must_modify(text: str, time: "Time") -> "Time":
    from kmanifest.engines.helm.sprig.durations import parse_duration

    return time.add(parse_duration(text))


def _modify(text: str, time: "Time") -> "Time":
    try:
        return _must_modify(text, time)
    except GoError:
        return time


def _duration(value: Value) -> str:
    from kmanifest.engines.helm.sprig.durations import SECOND, duration_text
    from kmanifest.engines.helm.sprig.gotypes import wrap64

    if value.__class__ is str:
        seconds = parse_int(value).value
    else:
        seconds = int(value) if value.__class__ is Int64 else 0
    return duration_text(wrap64(seconds * SECOND))


def _to_duration(value: Value, clock: Callable[[], int]) -> int:
    from kmanifest.engines.helm.sprig.durations import parse_duration, saturate
    from kmanifest.engines.helm.sprig.times import Time

    if value.__class__ is str:
        try:
            return parse_duration(value)
        except GoError:
            return 0
    if isinstance(value, Time):
        return saturate(clock() - value.nanoseconds())
    return int(value) if value.__class__ is Int64 else 0


def _round_to_unit(nanoseconds: int) -> str:
    """Return the number of the largest unit of which the duration has more than one, without the sign."""
    size = abs(nanoseconds)
    for seconds, name in _UNITS:
        unit = seconds * 1_000_000_000
        if size > unit:
            return f"{size // unit}{name}"
    return "0s"
