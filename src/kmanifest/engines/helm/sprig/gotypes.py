"""The Go types that only sprig's functions return, and Go strings: bytes, some of which may not be UTF-8."""

from kmanifest.engines.helm.gotemplate.gotypes import type_name
from kmanifest.engines.helm.gotemplate.values import (
    GoError,
    GoMap,
    GoObject,
    StringMap,
    Strings,
    Uint8,
    Value,
    is_nil,
)
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Iterable

INT64_MAX: Final = (1 << 63) - 1
INT64_MIN: Final = -1 << 63
UINT64_MAX: Final = (1 << 64) - 1

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The characters for which unicode.IsSpace is true.

`str.isspace` is true for four more control characters.
"""

NIL_POINTER: Final = "runtime error: invalid memory address or nil pointer dereference"


class Uint64(int):
    """A `uint64`: the type of the numbers of a version."""

    __slots__ = ()
    go_type = "uint64"


class Ints(list[Value]):
    """A `[]int`: the result of `until`."""

    __slots__ = ()
    go_type = "[]int"


class Lists(list[Value]):
    """A `[][]interface {}`: the result of `chunk`."""

    __slots__ = ()
    go_type = "[][]interface {}"


class Tables(list[Value]):
    """A `[]map[string]interface {}`: the result of `fromToml` for an array of tables."""

    __slots__ = ()
    go_type = "[]map[string]interface {}"


class NilList(list[Value]):
    """A nil `[]interface {}`: empty, and `null` in JSON."""

    __slots__ = ()
    go_type = "[]interface {}"
    is_nil = True


class NilStrings(Strings):
    """A nil `[]string`."""

    __slots__ = ()
    is_nil = True


class NilMap(dict[str, Value]):
    """A nil `map[string]interface {}`."""

    __slots__ = ()
    go_type = "map[string]interface {}"
    is_nil = True


class NilStringMap(StringMap):
    """A nil `map[string]string`."""

    __slots__ = ()
    is_nil = True


def to_bytes(text: str) -> bytes:
    """Return the bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """Return the Go string with these bytes."""
    return data.decode("utf-8", "surrogateescape")


def to_valid_utf8(text: str) -> str:
    """Return `text` with a replacement character for each byte that is not UTF-8, as Go's range over a string does."""
    if text.isascii() or text.isprintable():
        return text
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in checked(text))


def wrap64(number: int) -> int:
    """Return an integer as it is after an overflow of 64 bits."""
    if INT64_MIN <= number <= INT64_MAX:
        return number
    return ((number + (1 << 63)) & UINT64_MAX) - (1 << 63)


def check_text(size: int, limits: Limits) -> None:
    """Raise LimitError if a string of `size` characters is too long."""
    if size > limits.max_string:
        raise LimitError(f"a string of more than {limits.max_string} characters (limit max_string)")


def check_items(count: int, limits: Limits) -> None:
    """Raise LimitError if a list of `count` items is too long."""
    if count > limits.max_items:
        raise LimitError(f"a list of more than {limits.max_items} items (limit max_items)")


def as_items(value: Value, message: str) -> list[Value]:
    """Return the items of a slice.

    Raises GoError with `message` and the kind of any other value.
    """
    if value.__class__ is list or isinstance(value, list):
        return value  # type: ignore[no-any-return]  # a list by the check above
    if isinstance(value, bytes):
        return list(map(Uint8, value))
    if value is None:
        raise GoError(NIL_POINTER)
    from kmanifest.engines.helm.gotemplate.gofmt import kind_name

    raise GoError(f"{message} {kind_name(value)}")


def deep_equal(left: Value, right: Value) -> bool:
    """Return the result of reflect.DeepEqual, computed with a stack instead of recursion.

    Two values that contain themselves are equal where they were compared before.

    Source: Go 1.26 src/reflect/deepequal.go, deepValueEqual.
    """
    stack: list[tuple[Any, Any]] = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while stack:
        check_time()
        left, right = stack.pop()
        kind = left.__class__
        if kind is not right.__class__ and not _have_same_map_type(left, right):
            return False
        if kind is str or kind is int or kind is bool or left is None:
            if left != right:
                return False
            continue
        if isinstance(left, GoMap):
            if left.go_type != right.go_type:
                return False
            left, right = left.entries, right.entries
        if not isinstance(left, list | dict):
            if not _leaves_equal(left, right):
                return False
            continue
        if left is right or (id(left), id(right)) in seen:
            continue
        seen.add((id(left), id(right)))
        if len(left) != len(right) or is_nil(left) != is_nil(right):
            return False
        if isinstance(left, list):
            stack.extend(zip(left, right, strict=True))
        elif TYPE_CHECKING or isinstance(left, dict):
            for key, value in left.items():
                if key not in right:
                    return False
                stack.append((value, right[key]))
    return True


def _have_same_map_type(left: Any, right: Any) -> bool:
    """Return whether both are maps of one Go type.

    One type can have several classes.
    """
    are_maps = isinstance(left, dict) and isinstance(right, dict)
    return are_maps and type_name(left) == type_name(right)


def _leaves_equal(left: Any, right: Any) -> bool:
    if isinstance(left, GoObject):
        return left is right or (
            left.go_type == right.go_type
            and deep_equal(dict(left.all_fields()), dict(right.all_fields()))
        )
    return bool(left == right)


def join_limited(parts: Iterable[str], separator: str, limits: Limits) -> str:
    """Return the parts joined with the separator.

    Raises LimitError if the result is too long.
    """
    strings = list(parts)
    check_text(sum(map(len, strings)) + len(separator) * max(len(strings) - 1, 0), limits)
    return separator.join(strings)
