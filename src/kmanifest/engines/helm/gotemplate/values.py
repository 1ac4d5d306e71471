"""Go's values as Python's, and the functions that templates call.

A `nil` is None, a `bool` a bool, a `float64` a float, a `string` a str in which bytes that are not UTF-8 are surrogates
(`surrogateescape`; what counts or cuts bytes encodes first), a `[]interface{}` a list, a `map[string]interface{}` a dict, and an
`int` a plain int. Any other type is a subclass of one of these that names it, so that the exact types, which nearly every
value has, are told by one comparison. Everything else that a template may touch is a `GoObject`.
"""

from collections.abc import Callable, Mapping, Sequence

from kmanifest.startup.typing import Any, Final, NamedTuple, Protocol

Value = Any


class Int64(int):
    """An `int64`: what `--set` and most of sprig's functions make."""

    __slots__ = ()
    go_type = "int64"


class Int32(int):
    """An `int32`, also called rune."""

    __slots__ = ()
    go_type = "int32"


class Uint8(int):
    """A `uint8`, also called byte: what `index` takes out of a string."""

    __slots__ = ()
    go_type = "uint8"


class Typed(Protocol):
    """A list or dict whose Go type is another than `[]interface{}` or `map[string]interface{}`."""

    go_type: str


class Strings(list[Value]):
    """A `[]string`."""

    __slots__ = ()
    go_type = "[]string"


class StringMap(dict[str, Value]):
    """A `map[string]string`."""

    __slots__ = ()
    go_type = "map[string]string"


class GoObject:
    """A value with named fields and methods, and nothing else that a template could reach: no attribute of Python's.

    `go_type` is what `%T` prints (`*chart.Metadata`), `kind` what `kindOf` does (`ptr`, `struct`, `map`, `slice`, ...). A
    method is a `Function`; it is called with the arguments of the template. `text` is what `%v` prints.
    """

    __slots__ = ()
    go_type: str = "struct {}"
    kind: str = "struct"

    def fields(self) -> Mapping[str, Value]:
        """The exported fields, in their order."""
        return {}

    def printed_fields(self) -> Mapping[str, Value]:
        """The fields as `%v` prints them: those of an embedded struct within it, and those that no template can name."""
        return self.fields()

    def methods(self) -> "Mapping[str, Function]":
        """The exported methods."""
        return {}

    def text(self) -> str | None:
        """What `String()` gives; None where there is no such method, so that the fields are printed."""
        return None

    def action_text(self) -> str | None:
        """What `{{ }}` prints, if that is not `text`: Go finds a method of the value's address there, and `%v` does not."""
        return self.text()

    def __bool__(self) -> bool:
        """Whether `if` takes it for true: a struct and a pointer always, a container unless it is empty."""
        return self.kind not in ("map", "slice") or bool(self.fields())


class GoError(Exception):
    """What a function returns as its error; the executor adds where it was called."""


class Function(NamedTuple):
    """A function that templates may call: what it is in Python, and the Go types of its parameters.

    `parameter_types` are Go's words: `string`, `int`, `int64`, `float64`, `bool`, `interface {}`, `[]interface {}`,
    `map[string]interface {}`, `[]string`, ...; the last may begin with `...`. The executor checks number and types as Go's
    does, with Go's texts, and converts nothing that Go does not. `result_type` is the Go type of the result. An `impure` one is
    reported with its place each time it is called.
    """

    call: Callable[..., Value]
    parameter_types: Sequence[str] = ("...interface {}",)
    result_type: str = "interface {}"
    impure: bool = False


Functions = Mapping[str, Function]


class _Nil:
    """The type of NIL."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NIL"


NIL: Final = _Nil()
"""An interface that holds nothing, where the executor must tell it from no value at all, which is None.

It is what a container gives for a nil element. No function sees it but Go's own, and no container holds it.
"""
