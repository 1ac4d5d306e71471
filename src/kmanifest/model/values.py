"""The values of a loaded YAML document, and functions that check the type of a value.

Bodies are plain `dict`, `list`, `str`, `int`, `float`, `bool` and `None`. A scalar keeps its source text if that
differs from the printed value (`0x1F`, `1.50`, `2001-01-01`). The reason is that kustomize's replacements copy the
source text.
"""

from collections.abc import Mapping, Sequence

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Self, TypeAlias

Value: TypeAlias = "Mapping[str, Value] | Sequence[Value] | str | int | float | bool | None"
Body: TypeAlias = Mapping[str, Any]


class IntText(int):
    """An integer whose source text differs from its printed form: `IntText(31, "0x1F")`."""

    text: str

    def __new__(cls, value: int, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]  # that of int has one item; pickle needs both
        return int(self), self.text


class FloatText(float):
    """A floating-point number whose source text differs from its printed form: `FloatText(1.5, "1.50")`."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # as for IntText
        return float(self), self.text


class TimeText(str):
    """An unquoted date. Its value is the RFC 3339 form that kustomize prints, its `text` the source text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: str, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # as for IntText
        return str(self), self.text


class BlankKey(str):
    """The key of a null with empty source text (`key:`). It is equal to the plain key in every way.

    kustomize keeps the source text of a null. A null written as `null` survives a strategic merge patch, an empty one
    does not. The key object records this, because None can't, and because copies of a mapping keep their key objects.
    """

    __slots__ = ()


class SharedText(str):
    """A string that several fields of one resource share. Its identity counts, not its content.

    When a transformer of kustomize sets the same label in several fields, all of them share one YAML node. A later
    change of the node in one field changes it in all. See `engines.kustomize.yaml_aliases`.
    """

    __slots__ = ()


def is_string(value: Any) -> bool:
    """Whether a value is a string. An unquoted date is not."""
    return isinstance(value, str) and not isinstance(value, TimeText)


def type_name(value: Any) -> str:
    """Return the YAML name of the value's type, for messages."""
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
    """Return the value as a mapping. Raises SourceError if it is not one."""
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping, got {type_name(value)}").within(field=field)
    return value


def as_list(value: Any, field: Sequence[str | int] = ()) -> Sequence[Any]:
    """Return the value as a list. Raises SourceError if it is not one."""
    if not isinstance(value, list | tuple):
        raise SourceError(f"expected a list, got {type_name(value)}").within(field=field)
    return value


def as_string(value: Any, field: Sequence[str | int] = ()) -> str:
    """Return the value as a string. Raises SourceError if it is not one."""
    if not isinstance(value, str):
        raise SourceError(f"expected a string, got {type_name(value)}").within(field=field)
    return value


def scalar_text(value: Any) -> str:
    """Return the source text of a scalar, or its printed form if the two do not differ."""
    if isinstance(value, IntText | FloatText | TimeText):
        return value.text
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
