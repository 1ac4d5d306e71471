"""Go's layouts for times, which show how a certain time is written: their parts, and times formatted by them.

Source: Go 1.26 src/time/format.go: nextStdChunk and appendFormat.
"""

import re

from kmanifest.engines.helm.sprig.calendar import DAYS, MONTHS, Civil, weekday, year_day
from kmanifest.model.deadline import checked
from kmanifest.startup.typing import Callable, Final

CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|[-Z]070000|[-Z]07:00:00|[-Z]0700|[-Z]07:00|[-Z]07|[.,](?:0+|9+)(?![0-9])"
)
"""A pattern that matches the next part of a layout that represents a part of a time."""

OFFSETS: Final = frozenset(
    f"{sign}{form}" for sign in "-Z" for form in ("070000", "07:00:00", "0700", "07:00", "07")
)
"""The parts of layouts that represent the offset of a zone."""


def format_time(civil: Civil, nanosecond: int, zone: tuple[str, int], layout: str) -> str:
    """Return a time formatted by a layout.

    `zone` is the name of its zone and the offset in seconds.
    """
    parts = []
    name, offset = zone
    position = 0
    for match in checked(CHUNK.finditer(layout)):
        parts.append(layout[position : match.start()])
        position = match.end()
        chunk = match.group()
        if chunk in OFFSETS:
            parts.append(_offset_text(chunk, offset))
        elif chunk[0] in ".,":
            parts.append(_fraction_text(chunk, nanosecond))
        elif chunk == "MST":
            parts.append(name or _offset_text("-0700", offset))
        else:
            parts.append(_FORMATS[chunk](civil))
    return "".join([*parts, layout[position:]])


def _zero_padded(number: int, width: int) -> str:
    return f"-{-number:0{width}}" if number < 0 else f"{number:0{width}}"


_FORMATS: Final[dict[str, Callable[[Civil], str]]] = {
    "January": lambda civil: MONTHS[civil.month - 1],
    "Jan": lambda civil: MONTHS[civil.month - 1][:3],
    "1": lambda civil: str(civil.month),
    "01": lambda civil: f"{civil.month:02}",
    "Monday": lambda civil: DAYS[weekday(civil)],
    "Mon": lambda civil: DAYS[weekday(civil)][:3],
    "2": lambda civil: str(civil.day),
    "_2": lambda civil: f"{civil.day:2}",
    "02": lambda civil: f"{civil.day:02}",
    "__2": lambda civil: f"{year_day(civil):3}",
    "002": lambda civil: f"{year_day(civil):03}",
    "15": lambda civil: f"{civil.hour:02}",
    "3": lambda civil: str(civil.hour % 12 or 12),
    "03": lambda civil: f"{civil.hour % 12 or 12:02}",
    "4": lambda civil: str(civil.minute),
    "04": lambda civil: f"{civil.minute:02}",
    "5": lambda civil: str(civil.second),
    "05": lambda civil: f"{civil.second:02}",
    "2006": lambda civil: _zero_padded(civil.year, 4),
    "06": lambda civil: f"{abs(civil.year) % 100:02}",
    "PM": lambda civil: "PM" if civil.hour >= 12 else "AM",
    "pm": lambda civil: "pm" if civil.hour >= 12 else "am",
}


def _offset_text(chunk: str, offset: int) -> str:
    if chunk[0] == "Z" and not offset:
        return "Z"
    # Go's division truncates, so an offset of less than a minute west of Greenwich has a plus sign.
    minutes = abs(offset) // 60
    sign = "-" if offset < 0 and minutes else "+"
    colon = ":" if ":" in chunk else ""
    text = f"{sign}{minutes // 60:02}"
    if len(chunk) > 3:
        text += f"{colon}{minutes % 60:02}"
    if len(chunk) in (7, 9):
        seconds = abs(offset) % 60 if sign == "-" or offset >= 0 else -(abs(offset) % 60)
        text += f"{colon}{_zero_padded(seconds, 2)}"
    return text


def _fraction_text(chunk: str, nanosecond: int) -> str:
    digits = f"{nanosecond:09}"[: len(chunk) - 1]
    if chunk[1] == "0":
        return chunk[0] + digits.ljust(len(chunk) - 1, "0")[: max(9, len(digits))]
    digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""
