"""The values of a loaded YAML document, and functions that check the type of a value.

Bodies are plain `dict`, `list`, `str`, `int`, `float`, `bool` and `None`. A scalar keeps its source text if that
differs from the printed value (`0x1F`, `1.50`, `2001-01-01`). The reason is that kustomize's replacements copy the
source text.
"""

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Mapping, Self, Sequence, TypeAlias

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


class FlowBlankKey(BlankKey):
    """The key of a null that was written as nothing inside braces (`{key: }`).

    It is a null for every step of kustomize, but it is printed as an empty string, because that is how go-yaml prints
    an empty scalar inside braces.
    """

    __slots__ = ()


class NullKey(str):
    """The key of a null that was written with another text than `null`, which is kept: `~`, `Null` or `NULL`."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, key: str, text: str) -> Self:
        self = super().__new__(cls, key)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str's own takes one; pickle needs both
        return str(self), self.text


class SchemaKey(str):
    """The key of a field with a schema in a comment: `of_key` in one of the key itself, `of_value` in one of the value.

    A schema is the JSON object that the comment holds.
    """

    __slots__ = ("of_key", "of_value")
    of_key: Body | None
    of_value: Body | None

    def __new__(cls, key: str, of_key: Body | None, of_value: Body | None) -> Self:
        self = super().__new__(cls, key)
        self.of_key = of_key
        self.of_value = of_value
        return self

    def __getnewargs__(self) -> tuple[str, Body | None, Body | None]:  # type: ignore[override]  # as for NullKey
        return str(self), self.of_key, self.of_value


class OtherKey(str):
    """The text of a key that is not a string, such as `8080:`.

    A strategic merge patch may have one, because kustomize compares keys as strings. Nothing with such a key can be
    printed.
    """

    __slots__ = ()


def null_key(key: str, text: str, flow: bool = False) -> str:  # noqa: FBT001, FBT002 - called by compiled code
    """The key of a null that was written as `text`; `flow` means inside braces."""
    if not text:
        return FlowBlankKey(key) if flow else BlankKey(key)
    return key if text == "null" else NullKey(key, text)


def null_text(key: Any) -> str:
    """The text of the null that a mapping has under `key`."""
    if key.__class__ is str:
        return "null"
    return "" if isinstance(key, BlankKey) else key.text if isinstance(key, NullKey) else "null"


def printed_value(key: Any, value: Any) -> Any:
    """Return the value of an entry as it is printed: a null that was written as nothing inside braces is an empty string."""
    return "" if value is None and key.__class__ is FlowBlankKey else value


class ScalarNode(str):
    """A scalar of a YAML document, with what a value does not hold: its tag, whether it is quoted, and which node it is.

    Its characters are the text of the node. `tag` is a short name such as `int`, and empty for a node without a tag,
    whose type its text decides when it is printed. Two fields that hold the same object share one node, so identity
    counts. Steps of kustomize make such nodes where a plain value would not do: see `kustomize.scalar_nodes`.
    """

    __slots__ = ("quoted", "tag")
    tag: str
    quoted: bool

    def __new__(cls, text: str, tag: str = "str", *, quoted: bool = False) -> Self:
        self = super().__new__(cls, text)
        self.tag = tag
        self.quoted = quoted
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, bool]]:
        return (str(self), self.tag), {"quoted": self.quoted}


def quoted_node(value: Any) -> Any:
    """The ScalarNode of a quoted string. A value with a tag can be of another type, and has no quotes then."""
    return ScalarNode(value, quoted=True) if value.__class__ is str else value


def is_string(value: Any) -> bool:
    """Whether a value is a string. An unquoted date is not, and a node without a tag is.

    Source: kyaml v0.21.2 yaml/types.go, IsYNodeString.
    """
    if value.__class__ is ScalarNode:
        return value.tag in ("", "str")
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
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]  # just tested
    if isinstance(value, IntText | FloatText | TimeText):
        return value.text
    if isinstance(value, str):
        return str.__str__(value) if value.__class__ is ScalarNode else value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
