"""Go's values as Python values, and the functions that templates call.

A `nil` is None, a `bool` a bool, a `float64` a float, an `int` an int, a `[]interface{}` a list, a
`map[string]interface{}` a dict. A `string` is a str in which bytes that are not UTF-8 are
surrogates (`surrogateescape`); code that counts or cuts bytes encodes it first. Any other type is a
subclass of one of these with the type's name. So the exact types, which nearly every value has, are
recognized by one comparison. Everything else that a template may use is a `GoObject`.
"""

from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Sequence

Value = Any


class Int64(int):
    """An `int64`: the type of `--set` and of most sprig functions.

    Helm reads other numbers as `float64`, which templates print differently.

    >>> from kmanifest.helm import Int64, render_chart
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "templates/a.yaml": "sizes: {{ .Values.a }}, {{ .Values.b }}"}
    >>> render_chart("", tree=files, values={"a": 2_000_000, "b": Int64(2_000_000)}).text().splitlines()[-1]
    'sizes: 2e+06, 2000000'
    """

    __slots__ = ()
    go_type = "int64"


class Int32(int):
    """An `int32`, also called rune."""

    __slots__ = ()
    go_type = "int32"


class Uint8(int):
    """A `uint8`, also called byte: the type of `index` for a string."""

    __slots__ = ()
    go_type = "uint8"


class Strings(list[Value]):
    """A `[]string`."""

    __slots__ = ()
    go_type = "[]string"


class StringMap(dict[str, Value]):
    """A `map[string]string`."""

    __slots__ = ()
    go_type = "map[string]string"


class GoObject:
    """A value with named fields and methods.

    Templates can't reach its Python attributes. `go_type` is the output of `%T`
    (`*chart.Metadata`), `kind` that of `kindOf` (`ptr`, `struct`, `map`, `slice`, ...). A method is
    a `Function`; it is called with the template's arguments. `text` is the output of `%v`.
    `comparable`: whether Go compares two such structs.
    """

    __slots__ = ()
    go_type: str = "struct {}"
    kind: str = "struct"
    comparable: bool = True

    def fields(self) -> Mapping[str, Value]:
        """Return the exported fields in their order."""
        return {}

    def printed_fields(self) -> Mapping[str, Value]:
        """Return the fields as `%v` prints them.

        They include those of an embedded struct within it, and those that no template can name.
        """
        return self.fields()

    def methods(self) -> "Mapping[str, Function]":
        """Return the exported methods."""
        return {}

    def text(self) -> str | None:
        """Return the result of `String()`; None if there is no such method, so that the fields are printed."""
        return None

    def action_text(self) -> str | None:
        """Return the output of `{{ }}`, which may differ from `text`.

        Go finds the methods of the value's address there, and `%v` does not.
        """
        return self.text()

    def go_syntax(self) -> str | None:
        """Return the result of `GoString()`, which `%#v` prints; None if there is no such method."""
        return None

    def passed(self) -> "GoObject":
        """Return the object as a function receives it.

        A struct is copied then, so the methods of its address are not found any more.
        """
        return self

    def equals(self, other: "GoObject") -> bool:
        """Return the result of `==` for another object of the same kind."""
        if self.kind == "ptr":
            return self is other
        return self.go_type == other.go_type and self.fields() == other.fields()

    def all_fields(self) -> Mapping[str, Value]:
        """Return the fields that reflect.DeepEqual compares, unexported ones included."""
        return self.fields()

    def deep_copy(self) -> "GoObject":
        """Return a copy by copystructure, which leaves out unexported fields."""
        return self

    def __bool__(self) -> bool:
        """Return whether `if` treats it as true: a struct and a pointer always, a container if it is not empty."""
        return self.kind not in ("map", "slice") or bool(self.fields())


class Pointee(GoObject):
    """The struct that a pointer points to."""

    __slots__ = ("_pointer", "go_type")

    def __init__(self, pointer: GoObject) -> None:
        self._pointer = pointer
        self.go_type = pointer.go_type.removeprefix("*")

    def fields(self) -> Mapping[str, Value]:
        return self._pointer.fields()

    def printed_fields(self) -> Mapping[str, Value]:
        return self._pointer.printed_fields()

    def text(self) -> str | None:
        return self._pointer.text()


def is_nil(value: Value) -> bool:
    """Return whether a list or map is nil."""
    return getattr(value, "is_nil", False)


def indirect(value: Value) -> Value:
    """Return what a pointer points to, and any other value itself."""
    is_pointer = isinstance(value, GoObject) and value.kind == "ptr"
    return Pointee(value) if is_pointer else value


class GoMap(GoObject):
    """A map of a named type, such as `.Values`.

    A named type has methods, and Go's type assertions distinguish it from its underlying type. Like a Go
    map, it is a reference: several maps, of this and the underlying type, may have the same
    `entries`. `underlying_type` is the type that it can be assigned to without a conversion.
    """

    # The executor reads `.Values` thousands of times in a render. A slot with the dictionary's own
    # method is as fast as a subclass of dict, a method in Python takes three times as long.
    __slots__ = ("__getitem__", "entries")
    kind = "map"
    underlying_type: str = "map[string]interface {}"
    __getitem__: Callable[[str], Value]

    def __init__(self, entries: dict[str, Value] | None = None) -> None:
        self.entries: dict[str, Value] = {} if entries is None else entries
        self.__getitem__ = self.entries.__getitem__

    def __bool__(self) -> bool:
        return len(self.entries) > 0

    def fields(self) -> Mapping[str, Value]:
        """Return the entries."""
        return self.entries


class GoError(Exception):
    """The error that a function returns.

    The executor adds the location of the call.
    """


class Function(NamedTuple):
    """A function that templates may call: its implementation and the Go types of its parameters.

    `parameter_types` are names of Go types: `string`, `int`, `int64`, `float64`, `bool`, `interface
    {}`, `[]interface {}`, `map[string]interface {}`, `[]string`, ...; the last may begin with
    `...`. The executor checks the number and types of arguments as Go does, with Go's messages, and
    converts only what Go converts. `result_type` is the Go type of the result. Each call of an
    `impure` function is reported with its location. `call` of a `suspending` function may
    return a request to execute a template (`gotemplate.suspending`).
    """

    call: Callable[..., Value]
    parameter_types: Sequence[str] = ("...interface {}",)
    result_type: str = "interface {}"
    impure: bool = False
    suspending: bool = False


Functions = Mapping[str, Function]


class _Nil:
    """The type of NIL."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NIL"


NIL: Final = _Nil()
"""An interface that holds nothing, where the executor must distinguish it from no value, which is None.

A container returns it for a nil element. Only Go's built-in functions receive it, and no container
holds it.
"""
