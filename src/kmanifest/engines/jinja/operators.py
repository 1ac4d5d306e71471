"""Operators and methods of strings whose result can be far larger than their operands, with bounds."""

import operator
import re
from collections.abc import Callable, Mapping, Sized

from kmanifest.engines.jinja.budget import MAX_BITS, Budget
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Any, Final

_NUMBERS: Final = re.compile("[0-9]+")
_MAX_WIDTH_DIGITS: Final = 9
_MAX_NAME: Final = 40
_ENCODINGS: Final = frozenset(
    (
        "utf-8",
        "utf8",
        "ascii",
        "us-ascii",
        "latin-1",
        "latin1",
        "iso-8859-1",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
    )
)


def multiply(budget: Budget, left: Any, right: Any) -> Any:
    """Return `left * right`."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    elif isinstance(right, int):
        _check_repeated(budget, left, right)
    elif isinstance(left, int):
        _check_repeated(budget, right, left)
    return left * right


def _check_repeated(budget: Budget, value: Any, count: int) -> None:
    if isinstance(value, str | bytes):
        budget.text(len(value) * max(count, 0))
    elif isinstance(value, list | tuple):
        budget.items(len(value) * max(count, 0))


def power(budget: Budget, left: Any, right: Any) -> Any:
    """Return `left ** right`."""
    del budget
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))
    return left**right


def check_integer(value: Any) -> Any:
    """Return a value, unless it is too large an integer."""
    if isinstance(value, int):
        _check_bits(value.bit_length())
    return value


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"an integer of more than {MAX_BITS} bits")


def add(budget: Budget, left: Any, right: Any) -> Any:
    """Return `left + right`."""
    if left.__class__ is int:
        return check_integer(left + right)
    if isinstance(left, str | bytes) and isinstance(right, str | bytes):
        budget.text(len(left) + len(right))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        budget.items(len(left) + len(right))
    return left + right


def modulo(budget: Budget, left: Any, right: Any) -> Any:
    """Return `left % right`, which formats if `left` is a string."""
    if left.__class__ is int:
        return left % right
    if isinstance(left, str | bytes):
        text = left if isinstance(left, str) else left.decode("latin-1")
        check_format(budget, text, right if isinstance(right, tuple | Mapping) else (right,))
    return left % right


def check_format(budget: Budget, text: str, arguments: Any) -> None:
    """Raise LimitError if a format could print too many characters.

    Each argument can be printed as often as there are placeholders. Widths are in the text, or, for `%*d`, integers
    among the arguments.
    """
    values = list(arguments.values()) if isinstance(arguments, Mapping) else list(arguments)
    size = len(text) + sum(map(budget.whole, values)) * (
        text.count("%") if isinstance(arguments, Mapping) else 1
    )
    size += format_width(text)
    if "*" in text:
        size += sum(abs(value) for value in values if isinstance(value, int))
    budget.text(size)


def format_width(text: str) -> int:
    """Return the sum of all numbers in a format, which are at least its widths."""
    width = 0
    for digits in _NUMBERS.findall(text):
        if len(digits) > _MAX_WIDTH_DIGITS:
            raise LimitError(f"a width of more than {_MAX_WIDTH_DIGITS} digits")
        width += int(digits)
    return width


def binary_operators(budget: Budget) -> dict[str, Callable[[Any, Any], Any]]:
    """Return the operators of templates by their names. jinja2 has no `<<`."""
    return {
        "*": lambda left, right: multiply(budget, left, right),
        "**": lambda left, right: power(budget, left, right),
        "+": lambda left, right: add(budget, left, right),
        "%": lambda left, right: modulo(budget, left, right),
        "-": lambda left, right: check_integer(left - right),
        "/": operator.truediv,
        "//": operator.floordiv,
    }


# --- methods of strings ----------------------------------------------------------------------------------------------


def _check_width(budget: Budget, text: str, width: Any = 0, *_: Any) -> None:
    budget.text(max(len(text), width if isinstance(width, int) else 0))


def _check_tabs(budget: Budget, text: str, tabsize: Any = 8) -> None:
    budget.text(len(text) + text.count("\t") * max(tabsize if isinstance(tabsize, int) else 0, 0))


def check_replace(budget: Budget, text: str, old: Any = "", new: Any = "", count: Any = -1) -> None:
    """Raise LimitError if a replacement would create too many characters."""
    if isinstance(old, str) and isinstance(new, str):
        found = text.count(old)
        if isinstance(count, int) and count >= 0:
            found = min(found, count)
        budget.text(len(text) + found * max(len(new) - len(old), 0))


def _check_join(budget: Budget, text: str, parts: Any = ()) -> None:
    if isinstance(parts, list | tuple | dict | str):
        budget.text(
            sum(len(part) if isinstance(part, str) else 0 for part in parts)
            + len(text) * len(parts)
        )
    elif not isinstance(parts, Sized):
        raise TypeError("join() needs a list")


def _check_split(budget: Budget, text: str, separator: Any = None, *_: Any, **__: Any) -> None:
    if isinstance(separator, str) and separator:
        budget.items(text.count(separator) + 1)
    else:
        budget.items(len(text) // 2 + 1)


def _check_lines(budget: Budget, text: str, *_: Any, **__: Any) -> None:
    budget.items(len(text.splitlines()) + 1 if len(text) <= budget.limits.max_items else len(text))


def _check_encode(budget: Budget, text: Any, encoding: str = "utf-8", *_: Any, **__: Any) -> None:
    check_encoding(encoding)
    budget.text(4 * len(text))


def check_encoding(encoding: str) -> None:
    """Raise SourceError for an encoding whose time could grow with the square of the size."""
    if encoding.lower().replace("_", "-") not in _ENCODINGS:
        raise SourceError(
            f"no encoding of templates is called {encoding[:_MAX_NAME]!r}: utf-8, utf-16, utf-32, ascii, latin-1"
        )


def _check_copy(budget: Budget, text: str, *_: Any, **__: Any) -> None:
    budget.text(3 * len(text))


check_decode: Final = _check_encode
"""The check before `bytes.decode`."""

STRING_METHODS: Final[Mapping[str, Callable[..., None]]] = {
    "center": _check_width,
    "ljust": _check_width,
    "rjust": _check_width,
    "zfill": _check_width,
    "expandtabs": _check_tabs,
    "replace": check_replace,
    "join": _check_join,
    "split": _check_split,
    "rsplit": _check_split,
    "splitlines": _check_lines,
    "encode": _check_encode,
    **dict.fromkeys(
        (
            "capitalize", "casefold", "lower", "swapcase", "title", "upper",
            "removeprefix", "removesuffix", "strip", "lstrip", "rstrip", "partition", "rpartition",
        ),
        _check_copy,
    ),
}  # fmt: skip
"""The checks before methods of strings, by the names of the methods."""

SAFE_METHODS: Final[Mapping[type, frozenset[str]]] = {
    str: frozenset(STRING_METHODS)
    | {
        "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
        "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
        "rfind", "rindex", "startswith",
    },
    bytes: frozenset({"decode", "hex"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    set: frozenset({"copy", "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union"}),
    int: frozenset({"bit_length", "denominator", "imag", "numerator", "real", "conjugate"}),
    float: frozenset({"imag", "is_integer", "real", "conjugate", "hex"}),
    range: frozenset({"count", "index", "start", "step", "stop"}),
}  # fmt: skip
"""The attributes of data that templates may use, by exact type. Those of any other type are jinja2's business."""
