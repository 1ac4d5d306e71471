"""Parse times by Go's layouts.

Source: Go 1.26 src/time/format.go: parse.
"""

import re

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.calendar import DAYS, MONTHS, Civil, days_since_epoch
from kmanifest.engines.helm.sprig.durations import quote
from kmanifest.engines.helm.sprig.layouts import CHUNK, OFFSETS
from kmanifest.engines.helm.sprig.times import UTC, Time, Zone, from_civil
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Callable, Final

_MAX_SIZE: Final = 1_000
"""The maximum length of a time and its layout together. The reader cuts off what it has read."""


class _MismatchError(Exception):
    """A part of the text does not match the layout."""


class _RangeError(Exception):
    """A part of the text is out of range.

    The message names it.
    """


def parse_time(layout: str, text: str, local: Zone) -> Time:
    """Return the time of a text in this layout, in `local` if it has no zone.

    Raises GoError with Go's message.
    """
    if len(layout) + len(text) > _MAX_SIZE:
        raise LimitError(f"a time or layout of more than {_MAX_SIZE} characters")
    reader = _Reader(text)
    position = 0
    while True:
        check_time()
        match = CHUNK.search(layout, position)
        prefix = layout[position : match.start()] if match is not None else layout[position:]
        if not reader.skip(prefix):
            raise _mismatch_error(text, layout, prefix, reader.rest)
        if match is None:
            break
        position = match.end()
        rest_before = reader.rest
        try:
            reader.take(match.group(), CHUNK.search(layout, position))
        except _RangeError as error:
            raise GoError(f"parsing time {quote(text)}: {error} out of range") from error
        except _MismatchError as error:
            raise _mismatch_error(text, layout, match.group(), rest_before) from error
    if reader.rest:
        raise GoError(f"parsing time {quote(text)}: extra text: {quote(reader.rest)}")
    try:
        return reader.time(local)
    except _RangeError as error:
        raise GoError(f"parsing time {quote(text)}: {error}") from error


def _mismatch_error(text: str, layout: str, expected: str, actual: str) -> GoError:
    return GoError(
        f"parsing time {quote(text)} as {quote(layout)}: cannot parse {quote(actual)} as {quote(expected)}"
    )


class _Reader:
    """The unread rest of a text, and the parts of the time read so far."""

    __slots__ = (
        "_day",
        "_hour",
        "_is_afternoon",
        "_minute",
        "_month",
        "_nanosecond",
        "_offset",
        "_second",
        "_year",
        "_year_day",
        "_zone",
        "_zone_name",
        "rest",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self.rest = text
        self._year = self._hour = self._minute = self._second = self._nanosecond = 0
        self._month = self._day = self._year_day = -1
        self._is_afternoon: bool | None = None
        self._zone: Zone | None = None
        self._zone_name = ""
        self._offset: int | None = None

    def skip(self, prefix: str) -> bool:
        """Read the characters between two parts and return whether they match.

        Spaces match any number of spaces.
        """
        position = 0
        while position < len(prefix):
            check_time()
            if prefix[position] == " ":
                if self.rest and self.rest[0] != " ":
                    return False
                while prefix[position : position + 1] == " ":
                    position += 1
                self.rest = self.rest.lstrip(" ")
            elif self.rest[:1] != prefix[position]:
                return False
            else:
                self.rest = self.rest[1:]
                position += 1
        return True

    def take(self, chunk: str, following: "re.Match[str] | None") -> None:
        """Read the part of a time that a part of the layout represents."""
        if chunk in OFFSETS:
            self._take_offset(chunk)
        elif chunk[0] in ".,":
            self._take_fraction(chunk)
        elif chunk in ("05", "5"):
            self._second = self._take_number_in_range("second", 0, 59, fixed=chunk == "05")
            self._take_optional_fraction(following)
        else:
            _TAKE_BY_CHUNK[chunk](self, chunk)

    def _take_characters(self, size: int) -> str:
        if len(self.rest) < size:
            raise _MismatchError
        part, self.rest = self.rest[:size], self.rest[size:]
        return part

    def _take_number(self, digits: int, *, fixed: bool) -> int:
        match = re.match(f"[0-9]{{{digits if fixed else 1},{digits}}}", self.rest)
        if match is None:
            raise _MismatchError
        self.rest = self.rest[match.end() :]
        return int(match.group())

    def _take_number_in_range(self, name: str, minimum: int, maximum: int, *, fixed: bool) -> int:
        number = self._take_number(2, fixed=fixed)
        if not minimum <= number <= maximum:
            raise _RangeError(name)
        return number

    def _take_name(self, names: tuple[str, ...], size: int | None) -> int:
        for index, name in enumerate(names):
            short = name[:size]
            if self.rest[: len(short)].lower() == short.lower():
                self.rest = self.rest[len(short) :]
                return index
        raise _MismatchError

    def take_short_year(self, _: str) -> None:
        part = self._take_characters(2)
        if re.fullmatch(r"[+-]?[0-9]+", part) is None:
            raise _MismatchError
        year = int(part)
        self._year = year + (1900 if year >= 69 else 2000)

    def take_year(self, _: str) -> None:
        if not self.rest[:1].isdigit():
            raise _MismatchError
        part = self._take_characters(4)
        if not (part.isascii() and part.isdigit()):
            raise _MismatchError
        self._year = int(part)

    def take_month(self, chunk: str) -> None:
        if chunk in ("01", "1"):
            self._month = self._take_number_in_range("month", 1, 12, fixed=chunk == "01")
        else:
            self._month = self._take_name(MONTHS, 3 if chunk == "Jan" else None) + 1

    def take_weekday(self, chunk: str) -> None:
        self._take_name(DAYS, 3 if chunk == "Mon" else None)

    def take_day(self, chunk: str) -> None:
        if chunk == "_2":
            self.rest = self.rest.removeprefix(" ")
        self._day = self._take_number(2, fixed=chunk == "02")

    def take_year_day(self, chunk: str) -> None:
        if chunk == "__2":
            self.rest = self.rest.removeprefix(" ").removeprefix(" ")
        self._year_day = self._take_number(3, fixed=chunk == "002")

    def take_hour(self, chunk: str) -> None:
        self._hour = self._take_number_in_range(
            "hour", 0, 23 if chunk == "15" else 12, fixed=chunk == "03"
        )

    def take_minute(self, chunk: str) -> None:
        self._minute = self._take_number_in_range("minute", 0, 59, fixed=chunk == "04")

    def take_am_pm(self, chunk: str) -> None:
        part = self._take_characters(2)
        if part not in (("PM", "AM") if chunk == "PM" else ("pm", "am")):
            raise _MismatchError
        self._is_afternoon = part in ("PM", "pm")

    def take_zone_name(self, _: str) -> None:
        if self.rest.startswith("UTC"):
            self._zone = UTC
            self.rest = self.rest[3:]
            return
        size = _zone_size(self.rest)
        if not size:
            raise _MismatchError
        self._zone_name = self._take_characters(size)

    def _take_offset(self, chunk: str) -> None:
        if chunk[0] == "Z" and self.rest[:1] == "Z":
            self._zone = UTC
            self.rest = self.rest[1:]
            return
        part = self._take_characters(len(chunk))
        if ":" in chunk and [part[position] for position in range(3, len(part), 3)] != [":"] * (
            len(part) // 3 - 1
        ):
            raise _MismatchError
        digits = part[1:].replace(":", "") if ":" in chunk else part[1:]
        numbers: list[int] = []
        for position in range(0, len(digits), 2):
            if re.fullmatch("[0-9]{2}", digits[position : position + 2]) is None:
                break
            numbers.append(int(digits[position : position + 2]))
        # Go checks the numbers before a missing digit first, and the sign last.
        for name, number, maximum in zip(
            ("hour", "minute", "second"), numbers, (24, 60, 60), strict=False
        ):
            if number > maximum:
                raise _RangeError(f"time zone offset {name}")
        if len(numbers) * 2 != len(digits):
            raise _MismatchError
        numbers += [0, 0]
        if part[0] not in "+-":
            raise _MismatchError
        offset = (numbers[0] * 60 + numbers[1]) * 60 + numbers[2]
        self._offset = -offset if part[0] == "-" else offset

    def _take_fraction(self, chunk: str) -> None:
        if chunk[1] == "0":
            self._set_nanoseconds(self._take_characters(len(chunk)))
            return
        match = re.match("[.,][0-9]+", self.rest)
        if match is not None:
            self._set_nanoseconds(self._take_characters(match.end()))

    def _take_optional_fraction(self, following: "re.Match[str] | None") -> None:
        """Read a fraction after the seconds that the layout does not have."""
        if following is not None and following.group()[0] in ".,":
            return
        match = re.match("[.,][0-9]+", self.rest)
        if match is not None:
            self._set_nanoseconds(self._take_characters(match.end()))

    def _set_nanoseconds(self, part: str) -> None:
        if re.fullmatch("[.,][0-9]+", part) is None:
            raise _MismatchError
        self._nanosecond = int(part[1:10].ljust(9, "0"))

    def time(self, local: Zone) -> Time:
        """Return the time of all parts that were read."""
        if self._is_afternoon and self._hour < 12:
            self._hour += 12
        elif self._is_afternoon is False and self._hour == 12:
            self._hour = 0
        month, day = self._month_and_day()
        civil = Civil(self._year, month, day, self._hour, self._minute, self._second)
        if self._zone is not None:
            return from_civil(civil, self._nanosecond, self._zone)
        # Go represents a missing offset as -1, which is also the offset -00:00:01.
        if self._offset not in (None, -1):
            return self._time_at_offset(
                from_civil(civil, self._nanosecond, UTC), self._offset or 0, local
            )
        if self._zone_name:
            return self._time_in_named_zone(from_civil(civil, self._nanosecond, UTC), local)
        return from_civil(civil, self._nanosecond, local)

    def _time_at_offset(self, time: Time, offset: int, local: Zone) -> Time:
        seconds = time.seconds - offset
        name, local_offset = local.name_and_offset_at(seconds)
        if local_offset == offset and self._zone_name in ("", name):
            return Time(seconds, time.nanosecond, local)
        return Time(seconds, time.nanosecond, Zone(self._zone_name, offset))

    def _time_in_named_zone(self, time: Time, local: Zone) -> Time:
        local_offset = local.offset_of(self._zone_name, time.seconds)
        if local_offset is not None:
            return Time(time.seconds - local_offset, time.nanosecond, local)
        name = self._zone_name
        hours = int(name[3:]) if len(name) > 3 and name.startswith("GMT") else 0
        return Time(time.seconds - hours * 3_600, time.nanosecond, Zone(name, hours * 3_600))

    def _month_and_day(self) -> tuple[int, int]:
        month, day = self._month, self._day
        if self._year_day >= 0:
            month, day = self._month_and_day_of_year_day()
        month, day = (1 if month < 0 else month), (1 if day < 0 else day)
        if not 1 <= day <= _days_in(self._year, month):
            raise _RangeError("day out of range")
        return month, day

    def _month_and_day_of_year_day(self) -> tuple[int, int]:
        day_of_year = self._year_day
        if (
            not 1
            <= day_of_year
            <= days_since_epoch(self._year + 1, 1, 1) - days_since_epoch(self._year, 1, 1)
        ):
            raise _RangeError("day-of-year out of range")
        month = 1
        while day_of_year > _days_in(self._year, month):
            day_of_year -= _days_in(self._year, month)
            month += 1
        if self._month not in (-1, month):
            raise _RangeError("day-of-year does not match month")
        if self._day not in (-1, day_of_year):
            raise _RangeError("day-of-year does not match day")
        return month, day_of_year


def _days_in(year: int, month: int) -> int:
    return days_since_epoch(year, month + 1, 1) - days_since_epoch(year, month, 1)


def _zone_size(text: str) -> int:
    """Return the length of the zone name at the start; 0 if there is none.

    Source: format.go, parseTimeZone.
    """
    if len(text) < 3:
        return 0
    if text.startswith(("ChST", "MeST")):
        return 4
    if text.startswith("GMT"):
        return 3 + _signed_size(text[3:])
    if text[0] in "+-":
        return _signed_size(text)
    match = re.match("[A-Z]{0,6}", text)
    size = match.end() if match is not None else 0
    if size == 5:
        return 5 if text[4] == "T" else 0
    if size == 4:
        return 4 if text[3] == "T" or text.startswith("WITA") else 0
    return 3 if size == 3 else 0


def _signed_size(text: str) -> int:
    match = re.match("[+-]([0-9]+)", text)
    if match is None or len(match[1].lstrip("0")) > 2 or int(match[1]) > 23:
        return 0
    return match.end()


_TAKE_BY_CHUNK: Final[dict[str, Callable[[_Reader, str], None]]] = {
    **dict.fromkeys(("January", "Jan", "01", "1"), _Reader.take_month),
    **dict.fromkeys(("Monday", "Mon"), _Reader.take_weekday),
    **dict.fromkeys(("2", "_2", "02"), _Reader.take_day),
    **dict.fromkeys(("__2", "002"), _Reader.take_year_day),
    **dict.fromkeys(("15", "3", "03"), _Reader.take_hour),
    **dict.fromkeys(("4", "04"), _Reader.take_minute),
    **dict.fromkeys(("PM", "pm"), _Reader.take_am_pm),
    "2006": _Reader.take_year,
    "06": _Reader.take_short_year,
    "MST": _Reader.take_zone_name,
}
