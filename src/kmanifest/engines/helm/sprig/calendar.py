"""The Gregorian calendar without time zones: dates of any year, and days since 1970.

Source: Go 1.26 src/time/time.go.
"""

from kmanifest.startup.typing import Final, NamedTuple

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class Civil(NamedTuple):
    """A date and a time of day."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date.

    Months beyond 12 count into the next years.
    """
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    shifted = year - (month <= 2)
    era, day_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (
        era * 146_097
        + day_of_era * 365
        + day_of_era // 4
        - day_of_era // 100
        + day_of_year
        - 719_468
    )


def date_of_days(days: int) -> tuple[int, int, int]:
    """Return year, month and day for a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (month <= 2), month, day


def weekday(civil: Civil) -> int:
    """Return the day of the week, 0 for Sunday."""
    return (days_since_epoch(civil.year, civil.month, civil.day) + 4) % 7


def year_day(civil: Civil) -> int:
    """Return the day of the year, counted from 1."""
    first = days_since_epoch(civil.year, 1, 1)
    return days_since_epoch(civil.year, civil.month, civil.day) - first + 1
