"""Durations in values of flags."""

_UNITS = {"ms": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}


def parse_duration(text: str) -> float:
    """The seconds in a duration as Go writes it, such as `1m30s`, or in a plain number. Raises ValueError for others."""
    seconds, number = 0.0, ""
    rest = text
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        number, rest = rest[:digits], rest[digits:]
        unit = next((unit for unit in _UNITS if rest.startswith(unit)), "")
        if not unit and (rest or seconds):
            raise ValueError(text)
        seconds += float(number) * _UNITS.get(unit, 1.0)
        rest = rest[len(unit) :]
    return seconds
