"""What a YAML document is made of once it is loaded, and the narrowing of one value to one shape.

Bodies are plain `dict`, `list`, `str`, `int`, `float`, `bool` and `None`. A scalar whose source text is not what
its value prints as keeps that text (`0x1F`, `1.50`, `2001-01-01`), because kustomize's replacements copy text.
"""

from collections.abc import Mapping, Sequence

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Self, TypeAlias

Value: TypeAlias = "Mapping[str, Value] | Sequence[Value] | str | int | float | bool | None"
Body: TypeAlias = Mapping[str, Any]


class IntText(int):
    """An integer that was written otherwise than it prints: `IntText(31, "0x1F")`."""

    text: str

    def __new__(cls, value: int, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]  # int's own takes one; pickle needs both
        return int(self), self.text


class FloatText(float):
    """A floating-point number that was written otherwise than it prints: `FloatText(1.5, "1.50")`."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # as for IntText
        return float(self), self.text


class TimeText(str):
    """An unquoted date, whose value is the RFC 3339 text that kustomize prints and whose `text` is what was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: str, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # as for IntText
        return str(self), self.text


class BlankKey(str):
    """The key of a null that was written as nothing (`key:`), equal to the plain key in every way.

    kustomize keeps the text of a null: one that was written as `null` survives a strategic merge patch, one that was
    written as nothing does not. The key carries it, because None can't, and because keys outlive copies of a mapping.
    """

    __slots__ = ()


class SharedText(str):
    """A string that several fields of one resource hold as one: it is the object that counts, not its text.

    A transformer of kustomize that makes the same label in several places puts one and the same node there; what later
    changes that node in one place has changed it in all. See `kustomize.shared`.
    """

    __slots__ = ()


def is_string(value: Any) -> bool:
    """True for a string, which an unquoted date is not."""
    return isinstance(value, str) and not isinstance(value, TimeText)


def type_name(value: Any) -> str:
    """The YAML word for the type of `value`, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for python_type, name in (
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (Mapping, "mapping"),
        (Sequence, "list"),
    ):
        if isinstance(value, python_type):
            return name
    return type(value).__name__


def as_mapping(value: Any, field: Sequence[str | int] = ()) -> Body:
    """`value`, which must be a mapping."""
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping, got {type_name(value)}").within(field=field)
    return value


def as_list(value: Any, field: Sequence[str | int] = ()) -> Sequence[Any]:
    """`value`, which must be a list."""
    if not isinstance(value, list | tuple):
        raise SourceError(f"expected a list, got {type_name(value)}").within(field=field)
    return value


def as_string(value: Any, field: Sequence[str | int] = ()) -> str:
    """`value`, which must be a string."""
    if not isinstance(value, str):
        raise SourceError(f"expected a string, got {type_name(value)}").within(field=field)
    return value


def scalar_text(value: Any) -> str:
    """The text of a scalar as it was written, or as it would be where that was not kept."""
    if isinstance(value, IntText | FloatText | TimeText):
        return value.text
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
