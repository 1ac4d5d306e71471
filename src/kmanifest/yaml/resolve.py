"""The meaning of scalars without quotes, by the rules of go-yaml. They differ from those of Python's YAML libraries.

A scalar is examined only if its first character can begin something other than a string. Then come a table of
words, dates, integers in Go's notation, and floats. The two versions of go-yaml differ. Resource files are
read with v3: `yes` is a string, `0o17` an integer, and a date becomes RFC 3339 text. Kustomization files are
read with v2: `yes` is true, `0o17` an integer too, and a date keeps its text.
"""

from kmanifest.model.errors import SourceError
from kmanifest.model.values import FloatText, IntText, TimeText
from kmanifest.startup.typing import Callable, Final, Mapping, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1
UINT64_MAX: Final = (1 << 64) - 1

_WORDS: Final[Mapping[str, Scalar]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_WORDS_V2: Final[Mapping[str, Scalar]] = {
    **_WORDS,
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
WORDS_OF_OTHER_TYPES: Final = frozenset(_WORDS_V2)
"""Words that YAML 1.1 does not read as strings when they have no quotes; YAML 1.2 reads some of them as strings."""
NOT_FINITE: Final[Mapping[str, str]] = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), "NaN"),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), "+Inf"),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), "-Inf"),
}

MAYBE_OTHER: Final = frozenset("+-0123456789yYnNtTfFoO~.")
"""The first characters of scalars that may not be strings (the hints of go-yaml's resolve.go)."""

_INTEGER_CHARACTERS: Final = "0123456789abcdefABCDEFxXoO_+-"
_FLOAT_CHARACTERS: Final = "0123456789.eE_+-"

# The patterns are strings, and `re` is imported where one is used: it takes 4 ms, and few builds need a pattern.
_INTEGER: Final = r"[-+]?(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))"
_SIGNED_INTEGER: Final = r"0(?:b([-+][01]+)|o([-+][0-7]+))"
_FLOAT: Final = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_POINT_FLOAT: Final = r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?"
_TIME: Final = (
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(Z|[-+]\d\d:\d\d))| (\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?)?"
)
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_integer(text: str, *, v2: bool = False) -> int | None:
    """The integer of at most 64 bits that `text` is in go-yaml, or None.

    Source: go-yaml resolve.go, resolve, and Go's strconv.ParseInt with base 0.
    """
    if text.isdigit() and text.isascii() and (text[0] != "0" or text == "0"):
        return value if len(text) <= 20 and (value := int(text)) <= UINT64_MAX else None
    if text.strip(_INTEGER_CHARACTERS):
        return None
    import re

    plain = text.replace("_", "")
    match = re.fullmatch(_INTEGER, plain)
    if match is None:
        match = re.fullmatch(_SIGNED_INTEGER, plain)
        if match is None:
            return None
        binary, octal = match.groups()
        if octal and v2:
            return None
        value = int(binary, 2) if binary else int(octal, 8)
        return value if INT64_MIN <= value <= INT64_MAX else None
    hexadecimal, binary, octal, decimal = match.groups()
    # int() of many digits takes more than linear time.
    if len((decimal or octal or hexadecimal or binary).lstrip("0")) > 64:
        return None
    value = (
        int(decimal)
        if decimal
        else int(octal, 8)
        if octal
        else int(hexadecimal, 16)
        if hexadecimal
        else int(binary, 2)
    )
    if plain[0] == "-":
        return -value if value <= -INT64_MIN else None
    if value > INT64_MAX and plain[0] == "+":
        return None
    return value if value <= UINT64_MAX else None


def parse_float(text: str) -> float | None:
    """The finite float that `text` is in go-yaml. None if it is not a float or too large."""
    if text.strip(_FLOAT_CHARACTERS) or text.count(".") > 1:
        return None
    if not text.replace(".", "").isdigit() and not _is_float(text):
        return None
    value = float(text.replace("_", ""))
    return value if abs(value) <= 1.7976931348623157e308 else None


def _is_float(text: str) -> bool:
    import re

    if text[:1] == ".":
        return re.fullmatch(_POINT_FLOAT, text) is not None
    return re.fullmatch(_FLOAT, text.replace("_", "")) is not None


def parse_time(text: str) -> str | None:
    """The RFC 3339 text of a date or time as kustomize prints it. None if `text` is not a date or time.

    Source: go-yaml v3 resolve.go, parseTimestamp; Go's time.Parse and Time.MarshalJSON.
    """
    if text[4:5] != "-":
        return None
    import re

    match = re.fullmatch(_TIME, text, re.ASCII)
    if match is None:
        return None
    year, month, day, *rest = match.groups()
    hour, minute, second = (int(part or 0) for part in (rest[0:3] if rest[0] else rest[5:8]))
    if not 1 <= int(month) <= 12 or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= int(day) <= _days_in_month(int(year), int(month)):
        return None
    zone = rest[4] or "Z"
    if zone != "Z" and (int(zone[1:3]) > 24 or int(zone[4:6]) > 60):
        return None
    fraction = ((rest[3] or rest[8] or "")[:9]).rstrip("0")
    return (
        f"{year}-{int(month):02}-{int(day):02}T{hour:02}:{minute:02}:{second:02}"
        f"{'.' + fraction if fraction else ''}{_zone_text(zone)}"
    )


def _days_in_month(year: int, month: int) -> int:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _MONTH_DAYS[month - 1] + leap


def _zone_text(zone: str) -> str:
    """The time zone as Go prints it: `+00:00` becomes `Z`, and 60 minutes become an hour."""
    minutes = 0 if zone == "Z" else int(zone[1:3]) * 60 + int(zone[4:6])
    if minutes == 0:
        return "Z"
    if minutes >= 24 * 60:
        raise SourceError("the time zone of a date is out of range (-23:59 to +23:59)")
    return f"{zone[0]}{minutes // 60:02}:{minutes % 60:02}"


def resolve_v3(text: str) -> Scalar:
    """The value of an unquoted `text` without a tag in a resource file.

    Source: go.yaml.in/yaml/v3 resolve.go, resolve.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in MAYBE_OTHER:
        return text
    number = _number(text, v2=False)
    if number is not None:
        return number
    if text[0].isdigit():
        time = parse_time(text)
        if time is not None:
            return TimeText(time, text)
    return text


def resolve_v2(text: str) -> Scalar:
    """The value of an unquoted `text` without a tag in a kustomization file.

    Source: go.yaml.in/yaml/v2 resolve.go, resolve, and decode.go, scalar (dates stay text).
    """
    if text in _WORDS_V2:
        return _WORDS_V2[text]
    if text[0] not in MAYBE_OTHER:
        return text
    number = _number(text, v2=True)
    if number is None:
        return text
    return int(number) if isinstance(number, int) else float(number)


def is_plain_string(text: str) -> bool:
    """Whether go-yaml v2 reads `text` as a string when it has no quotes."""
    if text in _WORDS_V2:
        return False
    if text[0] not in MAYBE_OTHER:
        return True
    if (
        text in NOT_FINITE
        or parse_integer(text, v2=True) is not None
        or parse_float(text) is not None
    ):
        return False
    return not (text[0].isdigit() and _is_time(text))


def _is_time(text: str) -> bool:
    try:
        return parse_time(text) is not None
    except SourceError:  # a time whose zone can't be printed is still a time
        return True


def _number(text: str, *, v2: bool) -> int | float | None:
    if text[0] not in "+-.0123456789":
        return None
    if text in NOT_FINITE:
        raise SourceError(f"{NOT_FINITE[text]} can't be written as JSON: put it in quotes")
    integer = parse_integer(text, v2=v2)
    if integer is not None:
        return integer if str(integer) == text else IntText(integer, text)
    value = parse_float(text)
    if value is None:
        return None
    # A float that is printed with the same text needs no FloatText. Whole numbers are printed as integers,
    # and from 10^6 on with an exponent.
    if repr(value) == text and abs(value) < 1e6 and value % 1 and "e" not in text:
        return value
    return FloatText(value, text)


# --- tags -------------------------------------------------------------------------------------------------------

_TAG: Final = "tag:yaml.org,2002:"
_KNOWN_TAGS: Final = frozenset(("str", "bool", "int", "float", "null", "timestamp"))


def resolve_tagged(tag: str, text: str, resolve: Callable[[str], Scalar]) -> Scalar:
    """The value of a scalar with an explicit tag. With a tag that go-yaml does not know it is a string.

    Source: go-yaml resolve.go, resolve (the deferred check), and decode.go, scalar (`!!binary`).
    """
    short = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    if short == "binary":
        return _decode_binary(text)
    if short == "str" or short not in _KNOWN_TAGS:
        return text
    value = _resolve_hinted(short, text, resolve)
    actual = tag_of(value)
    if short == "float" and actual == "int" and INT64_MIN <= value <= INT64_MAX:  # type: ignore[operator]  # an int
        return _as_float(value, text, v2=resolve is resolve_v2)
    if actual != short and not (
        short == "timestamp" and resolve is resolve_v2 and _is_v2_time(text)
    ):
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise SourceError(f"!!{actual} `{shown}` is not a !!{short}")
    return value


def _resolve_hinted(short: str, text: str, resolve: Callable[[str], Scalar]) -> Scalar:
    """The value of `text` without its tag `short`, as the starting point for the tag."""
    value = resolve(text)
    # A date is a date only without a tag or with `!!timestamp`: `!!int 2001-01-01` must be an integer.
    return text if isinstance(value, TimeText) and short != "timestamp" else value


def _is_v2_time(text: str) -> bool:
    return bool(text) and text[0].isdigit() and _is_time(text)


def _as_float(value: Scalar, text: str, *, v2: bool) -> float:
    number = float(value)  # type: ignore[arg-type]  # the caller has checked that it is an int
    return number if v2 else FloatText(number, text)


def tag_of(value: Scalar) -> str:
    """The tag of a value without its prefix."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, TimeText):
        return "timestamp"
    return "str" if isinstance(value, str) else "int" if isinstance(value, int) else "float"


def _decode_binary(text: str) -> str:
    from base64 import b64decode  # PyYAML has imported it already, and only `!!binary` needs it

    compact = text.replace("\n", "").replace("\r", "")
    try:
        # All values pass through JSON before they are printed, and JSON replaces bytes that are not UTF-8.
        return b64decode(compact.encode("ascii"), validate=True).decode("utf-8", "replace")
    except ValueError as error:
        raise SourceError("!!binary value is not base64") from error
