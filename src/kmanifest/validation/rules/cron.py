"""Schedules of cron and names of time zones.

Source: github.com/robfig/cron/v3 parser.go, ParseStandard; k8s.io/kubernetes v1.36.3 pkg/apis/batch/validation.
"""

from kmanifest.startup.typing import Final, Mapping, NamedTuple

_DIGITS: Final = "0123456789"
_MAX_LENGTH: Final = 1_000


class _Bounds(NamedTuple):
    low: int
    high: int
    names: Mapping[str, int]


_NO_NAMES: Final[Mapping[str, int]] = {}
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS: Final = {
    name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
}
_FIELDS: Final = (
    _Bounds(0, 59, _NO_NAMES),
    _Bounds(0, 23, _NO_NAMES),
    _Bounds(1, 31, _NO_NAMES),
    _Bounds(1, 12, _MONTHS),
    _Bounds(0, 6, _DAYS),
)
_DESCRIPTORS: Final = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_EVERY: Final = "@every "


class _CronError(Exception):
    """A fault of a schedule, which is its message."""


def schedule_fault(schedule: str) -> str | None:
    """Return what is wrong with a schedule, or None. A time zone before it is allowed here."""
    try:
        _check_schedule(schedule)
    except _CronError as error:
        return str(error)
    return None


def _check_schedule(schedule: str) -> None:
    if not schedule:
        raise _CronError("empty spec string")
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        zone, blank, rest = schedule.partition(" ")
        name = zone.partition("=")[2]
        if not blank or not is_time_zone(name):
            raise _CronError(f"provided bad location {name}: unknown time zone {name}")
        schedule = rest.strip()
    if schedule.startswith("@"):
        _check_descriptor(schedule)
        return
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        raise _CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    for field, bounds in zip(fields, _FIELDS, strict=True):
        for expression in filter(None, field.split(",")):
            _check_range(expression, bounds)


def _check_descriptor(descriptor: str) -> None:
    if descriptor in _DESCRIPTORS:
        return
    if not descriptor.startswith(_EVERY):
        raise _CronError(f"unrecognized descriptor: {descriptor}")
    if not _is_duration(descriptor.removeprefix(_EVERY)):
        raise _CronError(f"failed to parse duration {descriptor}")


def _check_range(expression: str, bounds: _Bounds) -> None:
    span, *steps = expression.split("/")
    low, *highs = span.split("-")
    if low in {"*", "?"}:
        start, end = bounds.low, bounds.high
    else:
        if len(highs) > 1:
            raise _CronError(f"too many hyphens: {expression}")
        start = _number(low, bounds.names)
        end = _number(highs[0], bounds.names) if highs else start
    if len(steps) > 1:
        raise _CronError(f"too many slashes: {expression}")
    step = 1
    if steps:
        step = _number(steps[0], _NO_NAMES)
        # `3/5` means from 3 to the end.
        end = end if highs else bounds.high
    if start < bounds.low:
        raise _CronError(f"beginning of range ({start}) below minimum ({bounds.low}): {expression}")
    if end > bounds.high:
        raise _CronError(f"end of range ({end}) above maximum ({bounds.high}): {expression}")
    if start > end:
        raise _CronError(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if step == 0:
        raise _CronError(f"step of range should be a positive number: {expression}")


def _number(text: str, names: Mapping[str, int]) -> int:
    named = names.get(text.lower())
    if named is not None:
        return named
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not digits or digits.strip(_DIGITS) or len(digits) > 18:
        raise _CronError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    if text.startswith("-") and int(digits):
        raise _CronError(f"negative number ({int(text)}) not allowed: {text}")
    return int(digits)


def _is_duration(text: str) -> bool:
    """Return whether Go's time.ParseDuration takes a string."""
    if len(text) > _MAX_LENGTH:
        return False
    text = text[1:] if text[:1] in {"+", "-"} else text
    if text == "0":
        return True
    if not text:
        return False
    while text:
        rest = text.lstrip(_DIGITS)
        whole = text[: len(text) - len(rest)]
        part = ""
        if rest.startswith("."):
            after = rest[1:].lstrip(_DIGITS)
            part = rest[1 : len(rest) - len(after)]
            rest = after
        if not whole and not part:
            return False
        unit = rest[: len(rest) - len(rest.lstrip("nsuµμmh"))]
        if unit not in {"ns", "us", "µs", "μs", "ms", "s", "m", "h"}:
            return False
        text = rest[len(unit) :]
    return True


def is_time_zone(name: str) -> bool:
    """Return whether Go's time.LoadLocation knows a name. An empty one is UTC.

    Where the machine has no data of time zones, all names of a right form are known.
    """
    if name in {"", "UTC", "Local"}:
        return True
    if ".." in name or name[0] in "/\\" or "\\" in name or len(name) > _MAX_LENGTH:
        return False
    return _has_zone(name) or not _has_zone("Europe/London")


def _has_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
