"""The string formats that older drafts assert, with the validator's message for a string that does not match.

A `uri` is checked less strictly here: it must have a scheme.

Source: santhosh-tekuri/jsonschema v6.0.3 format.go.
"""

import re

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.startup.typing import Any, Callable, Final

_LOCAL: Final = re.compile(r"[a-zA-Z0-9.!#$%&'*+\-/=?^_`{|}~]*")


def find_format_fault(name: str, value: Any) -> str:
    """Return the error in the value; empty if there is none, for non-strings, and for unknown formats."""
    check = _FORMATS.get(name)
    return check(value) if check is not None and isinstance(value, str) else ""


def _regex(text: str) -> str:
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.sprig.regexes import compile_pattern

    try:
        compile_pattern(text)
    except GoError as error:
        return str(error)
    return ""


def _ipv4(text: str) -> str:
    groups = text.split(".")
    if len(groups) != 4:
        return "expected four decimals"
    for group in groups:
        if len(group) > 1 and group[0] == "0":
            return "leading zeros"
        if re.fullmatch("[-+]?[0-9]+", group) is None:
            return f"strconv.Atoi: parsing {quoted(group)}: invalid syntax"
        if not 0 <= int(group[:20]) <= 255:
            return "decimal must be between 0 and 255"
    return ""


def _ipv6(text: str) -> str:
    from ipaddress import AddressValueError, IPv6Address

    if ":" not in text:
        return "missing colon"
    if "%" in text:
        return "zone id is not a part of ipv6 address"
    try:
        IPv6Address(text)
    except AddressValueError:
        return f"ParseAddr({quoted(text)}): unable to parse IP"
    return ""


def _hostname(text: str) -> str:
    text = text.removesuffix(".")
    if len(text.encode()) > 253:
        return "more than 253 characters long"
    for label in text.split("."):
        if not 1 <= len(label.encode()) <= 63:
            return "label must be 1 to 63 characters long"
        if label.startswith("-"):
            return "label starts with hyphen"
        if label.endswith("-"):
            return "label ends with hyphen"
        for char in label:
            if not (char.isascii() and (char.isalnum() or char == "-")):
                return f"invalid character {_quote_char(char)}"
    return ""


def _email(text: str) -> str:
    if len(text.encode()) > 254:
        return "more than 255 characters long"
    local, at, domain = text.rpartition("@")
    if not at:
        return "missing @"
    if len(local.encode()) > 64:
        return "local part more than 64 characters long"
    problem = _local_part(local)
    if problem:
        return problem
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        if inner.startswith("IPv6:"):
            problem = _ipv6(inner.removeprefix("IPv6:"))
            return f"invalid ipv6 address: {problem}" if problem else ""
        problem = _ipv4(inner)
        return f"invalid ipv4 address: {problem}" if problem else ""
    problem = _hostname(domain)
    return f"invalid domain: {problem}" if problem else ""


def _local_part(local: str) -> str:
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        is_wrong = "\\" in local[1:-1] or '"' in local[1:-1]
        return "backslash and quote are not allowed within quoted local part" if is_wrong else ""
    if local.startswith("."):
        return "starts with dot"
    if local.endswith("."):
        return "ends with dot"
    if ".." in local:
        return "consecutive dots"
    match = _LOCAL.match(local)
    end = match.end() if match else 0
    return f"invalid character {_quote_char(local[end])}" if end < len(local) else ""


def _date(text: str) -> str:
    from datetime import date

    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    if match is None:
        return f"parsing time {quoted(text)} as {quoted('2006-01-02')}: cannot parse {quoted(text)} as {quoted('2006')}"
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        return f"parsing time {quoted(text)}: month out of range"
    try:
        date(year or 4, month, day)
    except ValueError:
        return f"parsing time {quoted(text)}: day out of range"
    return ""


def _time(text: str) -> str:
    if len(text) < 9:
        return "less than 9 characters long"
    if text[2] != ":" or text[5] != ":":
        return "missing colon in correct place"
    match = re.match(r"([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if match is None:
        return "invalid hour/min/sec"
    hour, minute, second = map(int, match.groups())
    if hour > 23 or minute > 59 or second > 60:
        return "hour/min/sec out of range"
    rest = text[8:]
    if rest.startswith("."):
        digits = re.match(r"[0-9]*", rest[1:])
        if digits is None or not digits.end():
            return "no digits in second fraction"
        rest = rest[1 + digits.end() :]
    minutes = 0
    if rest not in ("z", "Z"):
        problem, minutes = _offset(rest)
        if problem:
            return problem
    utc = (hour * 60 + minute - minutes) % 1440
    return "invalid leap second" if second >= 60 and utc != 1439 else ""


def _offset(text: str) -> tuple[str, int]:
    if len(text) != 6:
        return "offset must be 6 characters long", 0
    if text[0] not in "+-":
        return "offset must begin with plus/minus", 0
    if text[3] != ":":
        return "missing colon in offset in correct place", 0
    if not (text[1:3].isdecimal() and text[4:6].isdecimal()):
        return "invalid hour/min in offset", 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        return "hour/min in offset out of range", 0
    return "", (hours * 60 + minutes) * (1 if text[0] == "+" else -1)


def _date_time(text: str) -> str:
    if len(text) < 20:
        return "less than 20 characters long"
    if text[10] not in "tT":
        return "11th character must be t or T"
    if problem := _date(text[:10]):
        return f"invalid date element: {problem}"
    problem = _time(text[11:])
    return f"invalid time element: {problem}" if problem else ""


def _uri(text: str) -> str:
    return "" if re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]*:", text) else "relative url"


def _uri_reference(text: str) -> str:
    return "contains \\" if "\\" in text else ""


def _uuid(text: str) -> str:
    groups, sizes = text.split("-"), (8, 4, 4, 4, 12)
    if len(groups) != len(sizes):
        return f"must have {len(sizes)} elements"
    for index, (group, size) in enumerate(zip(groups, sizes, strict=True), 1):
        if len(group) != size:
            return f"element {index} must be {size} characters long"
        for char in group:
            if char not in "0123456789abcdefABCDEF":
                return f"non-hex character {_quote_char(char)}"
    return ""


def _json_pointer(text: str) -> str:
    if not text:
        return ""
    if not text.startswith("/"):
        return "not starting with /"
    return "~ must be followed by 0 or 1" if re.search("~(?![01])", text) else ""


def _quote_char(char: str) -> str:
    return "'" + ("\\'" if char == "'" else '"' if char == '"' else quoted(char)[1:-1]) + "'"


_FORMATS: Final[dict[str, Callable[[str], str]]] = {
    "date": _date,
    "date-time": _date_time,
    "email": _email,
    "hostname": _hostname,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "iri": _uri,
    "iri-reference": _uri_reference,
    "json-pointer": _json_pointer,
    "regex": _regex,
    "time": _time,
    "uri": _uri,
    "uri-reference": _uri_reference,
    "uuid": _uuid,
}
