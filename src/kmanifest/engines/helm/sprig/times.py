"""Go's time.Time: seconds since 1970, of any year, in a zone.

Source: Go 1.26 src/time/time.go and zoneinfo.go.
"""

from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.values import Function, GoError, GoObject, Int64
from kmanifest.engines.helm.sprig.calendar import (
    DAYS,
    MONTHS,
    Civil,
    date_of_days,
    days_since_epoch,
    weekday,
    year_day,
)
from kmanifest.engines.helm.sprig.durations import SECOND, Duration, saturate
from kmanifest.startup.typing import Any, Final, Mapping

_DAY: Final = 86_400
_ZERO_SECONDS: Final = -62_135_596_800
_STRING_LAYOUT: Final = "2006-01-02 15:04:05.999999999 -0700 MST"
RFC3339_NANO: Final = "2006-01-02T15:04:05.999999999Z07:00"


class Month(int):
    """A `time.Month`."""

    __slots__ = ()
    go_type = "time.Month"

    def text(self) -> str:
        """Return the result of `String()`."""
        return MONTHS[self - 1]


class Weekday(int):
    """A `time.Weekday`."""

    __slots__ = ()
    go_type = "time.Weekday"

    def text(self) -> str:
        """Return the result of `String()`."""
        return DAYS[self]


class Zone:
    """A time zone: UTC, a fixed offset, or a zone of the time zone database. `is_local`: it is Go's `Local`."""

    __slots__ = ("_database", "is_local", "name", "offset")

    def __init__(
        self, name: str, offset: int = 0, database: Any = None, *, is_local: bool = False
    ) -> None:
        self.name = name
        self.offset = offset
        self.is_local = is_local
        self._database = database

    def as_local(self) -> "Zone":
        """Return the zone as Go's `Local`, which is never the location UTC, even with its name and offset."""
        return Zone(self.name, self.offset, self._database, is_local=True)

    def is_same(self, other: "Zone") -> bool:
        """Return whether Go has one pointer for both zones.

        It keeps one for each whole hour without a name. Source: zoneinfo.go, FixedZone.
        """
        if self is other:
            return True
        are_fixed = self._database is None and other._database is None
        is_kept = self.offset % 3_600 == 0 and -12 <= self.offset // 3_600 <= 14
        are_unnamed = not self.name and not other.name
        return are_fixed and are_unnamed and is_kept and self.offset == other.offset

    def name_and_offset_at(self, seconds: int) -> tuple[str, int]:
        """Return the zone's name and its offset in seconds at a time."""
        if self._database is None:
            return self.name, self.offset
        from datetime import UTC, datetime, timedelta

        # The database's rules have no end, but Python's datetime has.
        bounded = max(_ZERO_SECONDS + 2 * _DAY, min(seconds, 253_402_300_799 - 2 * _DAY))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=bounded)
        moment_in_zone = moment.astimezone(self._database)
        offset = moment_in_zone.utcoffset() or timedelta()
        return moment_in_zone.tzname() or "", offset.days * _DAY + offset.seconds

    def offset_of(self, name: str, seconds: int) -> int | None:
        """Return the offset that has this name; None if the zone has no such name around that time."""
        for shift in (0, 182 * _DAY):
            zone_name, offset = self.name_and_offset_at(
                seconds - self.name_and_offset_at(seconds)[1] + shift
            )
            if zone_name == name:
                return offset
        return None


UTC: Final = Zone("UTC")


def load_zone(name: str, local: Zone) -> Zone:
    """Return the zone with this name: `local` for `Local`, UTC for an unknown name."""
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return local
    from zoneinfo import ZoneInfo

    try:
        return Zone(name, 0, ZoneInfo(name))
    except (OSError, ValueError, LookupError):
        return UTC


def from_civil(civil: Civil, nanosecond: int, zone: Zone) -> "Time":
    """Return the time at which the clocks of a zone show `civil`."""
    seconds = days_since_epoch(civil.year, civil.month, civil.day) * _DAY
    seconds += civil.hour * 3_600 + civil.minute * 60 + civil.second
    offset = zone.name_and_offset_at(seconds)[1]
    return Time(seconds - zone.name_and_offset_at(seconds - offset)[1], nanosecond, zone)


class Time(GoObject):
    """A `time.Time`.

    `monotonic` is the suffix that the text of `now` has.
    """

    __slots__ = ("monotonic", "nanosecond", "seconds", "zone")
    go_type = "time.Time"
    kind = "struct"

    def __init__(
        self,
        seconds: int = _ZERO_SECONDS,
        nanosecond: int = 0,
        zone: Zone = UTC,
        monotonic: str = "",
    ) -> None:
        self.seconds = seconds
        self.nanosecond = nanosecond
        self.zone = zone
        self.monotonic = monotonic

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Time)
            and self.nanoseconds() == other.nanoseconds()
            and self.zone_name_and_offset() == other.zone_name_and_offset()
        )

    def __hash__(self) -> int:
        return hash(self.nanoseconds())

    def equals(self, other: GoObject) -> bool:
        """Return the result of `==`, which compares the pointers to the zones."""
        return self == other and isinstance(other, Time) and self.zone.is_same(other.zone)

    def go_syntax(self) -> str:
        """Return the result of `GoString()`. Source: format.go, GoString."""
        civil, zone = self.civil(), self.zone
        location = f"time.Location({quoted(zone.name)})"
        if zone is UTC:
            location = "time.UTC"
        elif zone.is_local:
            location = "time.Local"
        numbers = (civil.day, civil.hour, civil.minute, civil.second, self.nanosecond)
        date = f"{civil.year}, time.{MONTHS[civil.month - 1]}, {', '.join(map(str, numbers))}"
        return f"time.Date({date}, {location})"

    def all_fields(self) -> Mapping[str, Any]:
        zone = self.zone
        return {
            "wall": self.nanosecond,
            "ext": self.seconds,
            "monotonic": self.monotonic,
            "zone": (*self.zone_name_and_offset(), zone.name, zone is UTC),
        }

    def nanoseconds(self) -> int:
        """Return the nanoseconds since 1970."""
        return self.seconds * SECOND + self.nanosecond

    def zone_name_and_offset(self) -> tuple[str, int]:
        """Return the name and the offset of the zone at this time."""
        return self.zone.name_and_offset_at(self.seconds)

    def civil(self) -> Civil:
        """Return the date and time of day in the zone."""
        days, rest = divmod(self.seconds + self.zone_name_and_offset()[1], _DAY)
        return Civil(*date_of_days(days), rest // 3_600, rest // 60 % 60, rest % 60)

    def add(self, nanoseconds: int) -> "Time":
        """Return the time this many nanoseconds later."""
        seconds, rest = divmod(self.nanoseconds() + nanoseconds, SECOND)
        return Time(seconds, rest, self.zone, self.monotonic)

    def in_zone(self, zone: Zone) -> "Time":
        """Return the same time in another zone."""
        return Time(self.seconds, self.nanosecond, zone)

    def format(self, layout: str) -> str:
        # Imported here because few times are formatted.
        from kmanifest.engines.helm.sprig.layouts import format_time

        return format_time(self.civil(), self.nanosecond, self.zone_name_and_offset(), layout)

    def text(self) -> str:
        return self.format(_STRING_LAYOUT) + self.monotonic

    def json(self) -> str:
        """Return the result of `MarshalJSON`."""
        if not 0 <= self.civil().year <= 9_999:
            raise GoError(
                "json: error calling MarshalJSON for type time.Time: "
                "Time.MarshalJSON: year outside of range [0,9999]"
            )
        return self.format(RFC3339_NANO)

    def methods(self) -> Mapping[str, Function]:
        time_type = ("time.Time",)
        civil = self.civil()
        return {
            "Add": Function(self.add, ("time.Duration",), "time.Time"),
            "AddDate": Function(self._add_date, ("int", "int", "int"), "time.Time"),
            "After": Function(
                lambda other_time: self._nanoseconds_since(other_time) > 0, time_type, "bool"
            ),
            "Before": Function(
                lambda other_time: self._nanoseconds_since(other_time) < 0, time_type, "bool"
            ),
            "Compare": Function(
                lambda other_time: (
                    (self._nanoseconds_since(other_time) > 0)
                    - (self._nanoseconds_since(other_time) < 0)
                ),
                time_type,
                "int",
            ),
            "Day": Function(lambda: civil.day, (), "int"),
            "Equal": Function(
                lambda other_time: self._nanoseconds_since(other_time) == 0, time_type, "bool"
            ),
            "Format": Function(self.format, ("string",), "string"),
            "Hour": Function(lambda: civil.hour, (), "int"),
            "IsZero": Function(lambda: self.nanoseconds() == _ZERO_SECONDS * SECOND, (), "bool"),
            "Minute": Function(lambda: civil.minute, (), "int"),
            "Month": Function(lambda: Month(civil.month), (), "time.Month"),
            "Nanosecond": Function(lambda: self.nanosecond, (), "int"),
            "Second": Function(lambda: civil.second, (), "int"),
            "String": Function(self.text, (), "string"),
            "Sub": Function(
                lambda other_time: Duration(saturate(self._nanoseconds_since(other_time))),
                time_type,
                "time.Duration",
            ),
            "UTC": Function(lambda: self.in_zone(UTC), (), "time.Time"),
            "Unix": Function(lambda: Int64(self.seconds), (), "int64"),
            "UnixMicro": Function(lambda: Int64(self.nanoseconds() // 1_000), (), "int64"),
            "UnixMilli": Function(lambda: Int64(self.nanoseconds() // 1_000_000), (), "int64"),
            "UnixNano": Function(lambda: Int64(self.nanoseconds()), (), "int64"),
            "Weekday": Function(lambda: Weekday(weekday(civil)), (), "time.Weekday"),
            "Year": Function(lambda: civil.year, (), "int"),
            "YearDay": Function(lambda: year_day(civil), (), "int"),
        }

    def _nanoseconds_since(self, other: "Time") -> int:
        return self.nanoseconds() - other.nanoseconds()

    def _add_date(self, years: int, months: int, days: int) -> "Time":
        civil = self.civil()
        changed = civil._replace(
            year=civil.year + years, month=civil.month + months, day=civil.day + days
        )
        return from_civil(changed, self.nanosecond, self.zone)
