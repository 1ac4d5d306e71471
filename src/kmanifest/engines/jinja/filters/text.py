"""Filters on strings, paths, URLs, numbers and dates."""

import math
import ntpath
import posixpath
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, unquote_plus, urlsplit

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.operators import format_width
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final

_TRUE: Final = ("yes", "on", "1", "true")
_URL_PARTS: Final = (
    "fragment", "hostname", "netloc", "password", "path", "port", "query", "scheme", "username",
)  # fmt: skip
_UNITS: Final = ("Y", "Z", "E", "P", "T", "G", "M", "K")
_UNIT_NAMES: Final = ("yotta", "zetta", "exa", "peta", "tera", "giga", "mega", "kilo")
_COMMENTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "plain": ("# ", "", ""),
    "erlang": ("% ", "", ""),
    "c": ("// ", "", ""),
    "cblock": (" * ", "/*", " */"),
    "xml": (" - ", "<!--", "-->"),
}
"""The decoration of each line, the first line and the last line of a comment, by its style."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DATE: Final = 1_000
_DIRECTIVE: Final = 30  # characters of a part of a date, such as the name of a month
_UUID_NAMESPACE: Final = "361E6D51-FAEC-444A-9079-341386DA8E2E"


def to_bool(value: Any) -> bool:
    """Return whether a value is true, or a text for true: yes, on, true or 1."""
    if isinstance(value, str):
        return value.lower() in _TRUE
    return value is True or (isinstance(value, int | float) and value == 1)


def to_bool_or_none(value: Any) -> bool | None:
    """Return `to_bool`, but None for None, as Kapitan does."""
    return None if value is None else to_bool(value)


def ternary(value: Any, true_val: Any, false_val: Any, none_val: Any = None) -> Any:
    """Return one of two or three values: for a true, a false and perhaps for no value."""
    if value is None and none_val is not None:
        return none_val
    return true_val if bool(value) else false_val


def quote(value: Any) -> str:
    """Return a text as one argument of a shell."""
    from shlex import quote as shell_quote  # for few templates

    return shell_quote("" if value is None else str(value))


def split(value: str, *arguments: Any) -> list[str]:
    """Return the parts of a text."""
    return value.split(*arguments)


def comment(
    text: Any,
    style: str = "plain",
    *,
    decoration: str | None = None,
    beginning: str | None = None,
    end: str | None = None,
    prefix: str | None = None,
    postfix: str | None = None,
    newline: str = "\n",
    prefix_count: int = 1,
    postfix_count: int = 1,
) -> str:
    """Return a text as a comment."""
    if style not in _COMMENTS:
        raise ValueError(f"no style of comments is called {style}: {', '.join(_COMMENTS)}")
    default = _COMMENTS[style]
    decoration, beginning, end = (
        known if given is None else given
        for given, known in zip((decoration, beginning, end), default, strict=True)
    )
    margin = decoration.rstrip()
    lines = [
        beginning,
        *[margin if prefix is None else prefix] * min(prefix_count, 100),
        *(f"{decoration}{line}".rstrip(" ") for line in str(text).split("\n")),
        *[margin if postfix is None else postfix] * min(postfix_count, 100),
        end,
    ]
    first, last = 0 if beginning else 1, len(lines) if end else -1
    return newline.join(lines[first:last])


def to_uuid(value: Any, namespace: str = _UUID_NAMESPACE) -> str:
    """Return the UUID of a text (version 5)."""
    from uuid import UUID, uuid5  # for few templates

    return str(uuid5(UUID(namespace), str(value)))


def slugify(value: str, separator: str = "-") -> str:
    """Return a text as a name of lower-case ASCII letters, digits and separators. Accents are removed."""
    from unicodedata import normalize  # for few templates

    text = normalize("NFKD", str(value)[:10_000]).encode("ascii", "ignore").decode().lower()
    parts = "".join(char if char.isalnum() else " " for char in text.replace("'", "")).split()
    return separator.join(parts)


def type_debug(value: Any) -> str:
    """Return the name of the type of a value."""
    return type(value).__name__


# --- paths and URLs ----------------------------------------------------------------------------------------------------


def path_join(value: Any) -> str:
    """Return one path of several parts."""
    if isinstance(value, str):
        return value
    joined: str = posixpath.join(*value)
    return joined


def relpath(path: str, start: str) -> str:
    """Return a path relative to another one. Both count from the same directory."""
    return posixpath.relpath(posixpath.join("/", path), posixpath.join("/", start))


def urlsplit_filter(value: str, query: str = "") -> Any:
    """Return the parts of a URL, or the one that `query` names."""
    parts = urlsplit(value)
    if not query:
        return {name: _url_part(parts, name) for name in _URL_PARTS}
    if query not in _URL_PARTS:
        raise ValueError(f"a URL has no part {query}: {', '.join(_URL_PARTS)}")
    return _url_part(parts, query)


def _url_part(parts: SplitResult, name: str) -> Any:
    return getattr(parts, name)


# --- numbers -----------------------------------------------------------------------------------------------------------


def log(value: float, base: float = math.e) -> float:
    """Return a logarithm."""
    return math.log10(value) if base == 10 else math.log(value, base)


def power(value: float, exponent: float) -> float:
    """Return a power, as a float."""
    return math.pow(value, exponent)


def root(value: float, base: float = 2) -> float:
    """Return a root."""
    return math.sqrt(value) if base == 2 else math.pow(value, 1.0 / float(base))


def human_readable(size: float, isbits: bool = False, unit: str | None = None) -> str:
    """Return a number of bytes or bits with a unit."""
    base = "bits" if isbits else "Bytes"
    suffix = "b" if isbits else "B"
    for index, letter in enumerate(_UNITS):
        limit = 1024 ** (len(_UNITS) - index)
        if (unit is None and size >= limit) or (unit is not None and unit.upper() == letter):
            return f"{size / limit:.2f} {letter}{suffix}"
    return f"{size:.2f} {base}"


def human_to_bytes(value: Any, default_unit: str | None = None, isbits: bool = False) -> int:
    """Return the number of bytes or bits of a text such as `10 MB`."""
    text = str(value).strip()
    digits = len(text) - len(text.lstrip("0123456789."))
    unit = text[digits:].strip() or default_unit or ""
    try:
        number = float(text[:digits])
    except ValueError:
        raise ValueError(f"not a size: {value}") from None
    letter = unit[:1].upper()
    if not unit or (len(unit) == 1 and letter == "B"):
        return round(number)
    ends = ("", "b", "bit", "bits") if isbits else ("", "B", "byte", "bytes", "Byte", "Bytes")
    if letter == "B" and unit.lower() in ("b", "bit", "bits", "byte", "bytes"):
        return round(number)
    names = [f"{name}{'bit' if isbits else 'byte'}" for name in _UNIT_NAMES]
    if unit.lower().removesuffix("s") in names:
        letter, unit = _UNITS[names.index(unit.lower().removesuffix("s"))], ""
    if letter not in _UNITS or unit[1:] not in ends:
        raise ValueError(f"not a unit of {'bits' if isbits else 'bytes'}: {unit}")
    factor: int = 1024 ** (len(_UNITS) - _UNITS.index(letter))
    return round(number * factor)


# --- dates -------------------------------------------------------------------------------------------------------------


def to_datetime(value: str, format: str = "%Y-%m-%d %H:%M:%S") -> datetime:  # noqa: A002 - the name in Ansible
    """Return the time in a text. It has no time zone."""
    if len(format) > _MAX_DATE or len(value) > _MAX_DATE:
        raise LimitError(f"a date or its format of more than {_MAX_DATE} characters")
    return datetime.strptime(value, format)  # noqa: DTZ007 - as in Ansible and Kapitan


def make_strftime(budget: Budget, now: int | None) -> Callable[..., str]:
    """Return the filter `strftime`. `now` is the time of the build in nanoseconds, if it has one."""

    def strftime(text: str, second: Any = None, utc: bool = True) -> str:
        """Return a time, in seconds since 1970, in a format. It is that of UTC, also without `utc`."""
        del utc
        if second is None:
            if now is None:
                raise ValueError("strftime needs a time: an argument, or --now")
            second = now // 1_000_000_000
        budget.text(len(text) + format_width(text) + _DIRECTIVE * text.count("%"))
        return (_EPOCH + timedelta(seconds=float(second))).strftime(text)

    return strftime


# --- tests -------------------------------------------------------------------------------------------------------------

_COMPARISONS: Final[Mapping[str, Callable[[int], bool]]] = {
    **dict.fromkeys(("==", "=", "eq"), lambda sign: sign == 0),
    **dict.fromkeys(("!=", "<>", "ne"), lambda sign: sign != 0),
    **dict.fromkeys(("<", "lt"), lambda sign: sign < 0),
    **dict.fromkeys(("<=", "le"), lambda sign: sign <= 0),
    **dict.fromkeys((">", "gt"), lambda sign: sign > 0),
    **dict.fromkeys((">=", "ge"), lambda sign: sign >= 0),
}


def is_version(value: Any, version: Any, operator: str = "eq", version_type: str = "loose") -> bool:
    """Whether a version compares to another one in the way of the operator."""
    if operator not in _COMPARISONS:
        raise ValueError(f"no comparison of versions is called {operator}")
    if version_type not in ("loose", "strict", "semver", "semantic", "pep440"):
        raise ValueError(f"no type of versions is called {version_type}")
    left, right = _version_key(str(value), version_type), _version_key(str(version), version_type)
    return _COMPARISONS[operator]((left > right) - (left < right))


def _version_key(text: str, version_type: str) -> Any:
    if version_type in ("semver", "semantic"):
        core, _, build = text.partition("+")
        core, _, pre = core.removeprefix("v").partition("-")
        return [int(part) for part in core.split(".")], not pre, _parts(pre), build and ""
    return _parts(text)


def _parts(text: str) -> list[tuple[int, int, str]]:
    """Return runs of digits as numbers and runs of letters as strings; numbers come first."""
    parts: list[tuple[int, int, str]] = []
    run = ""
    for char in [*text, "."]:
        kind = 1 if char.isdecimal() else 2 if char.isalpha() else 0
        known = 0 if not run else 1 if run[0].isdecimal() else 2
        if run and kind != known:
            parts.append((0, int(run), "") if known == 1 else (1, 0, run))
            run = ""
        if kind:
            run += char
    return parts


def is_truthy(value: Any, convert_bool: bool = False) -> bool:
    """Whether a value is true; with `convert_bool`, strings such as `no` are false."""
    if convert_bool and isinstance(value, str):
        return value.lower() in (*_TRUE, "t", "y")
    return bool(value)


def text_filters(budget: Budget, dialect: str, now: int | None) -> dict[str, Callable[..., Any]]:
    """Return the filters by name."""

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(value: Any, *arguments: Any, **options: Any) -> Any:
            budget.text(2 * budget.whole(value))
            return function(value, *arguments, **options)

        return call

    def counted_comment(value: Any, *arguments: Any, **options: Any) -> str:
        text = budget.to_text(value)
        added = sum(len(each) for each in options.values() if isinstance(each, str))
        budget.text(2 * len(text) + (text.count("\n") + 200) * added)
        return comment(text, *arguments, **options)

    def counted_split(value: str, *arguments: Any) -> list[str]:
        budget.items(len(value) // 2 + 1 if not arguments else value.count(arguments[0]) + 1)
        return split(value, *arguments)

    return {
        "basename": counted(posixpath.basename),
        "bool": to_bool_or_none if dialect == "kapitan" else to_bool,
        "comment": counted_comment,
        "commonpath": counted(posixpath.commonpath),
        "dirname": counted(posixpath.dirname),
        "human_readable": human_readable,
        "human_to_bytes": counted(human_to_bytes),
        "log": log,
        "normpath": counted(posixpath.normpath),
        "path_join": counted(path_join),
        "pow": power,
        "quote": counted(quote),
        "relpath": counted(relpath),
        "root": root,
        "split": counted_split,
        "splitext": counted(posixpath.splitext),
        "strftime": make_strftime(budget, now),
        "ternary": ternary,
        "to_datetime": to_datetime,
        "to_uuid": counted(to_uuid),
        "type_debug": type_debug,
        "urldecode": counted(unquote_plus),
        "urlsplit": counted(urlsplit_filter),
        "win_basename": counted(ntpath.basename),
        "win_dirname": counted(ntpath.dirname),
        "win_splitdrive": counted(ntpath.splitdrive),
    }


def text_tests(budget: Budget) -> dict[str, Callable[..., Any]]:
    """Return the tests by name."""

    def version(value: Any, version: Any, *arguments: Any, **options: Any) -> bool:
        return is_version(budget.to_text(value), budget.to_text(version), *arguments, **options)

    return {
        "falsy": lambda value, convert_bool=False: not is_truthy(value, convert_bool),
        "nan": lambda value: isinstance(value, float) and math.isnan(value),
        "truthy": is_truthy,
        "version": version,
        "version_compare": version,
    }
