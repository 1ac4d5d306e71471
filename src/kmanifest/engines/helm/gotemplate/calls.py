"""Functions as the executor calls them, and whether a value fits a parameter.

Source: Go 1.26 text/template/exec.go, evalCall, evalArg and validateType.
"""

from collections.abc import Callable, Mapping

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS, RAW
from kmanifest.engines.helm.gotemplate.errors import Failure
from kmanifest.engines.helm.gotemplate.gofmt import kind_name, type_name
from kmanifest.engines.helm.gotemplate.nodes import Node, last_node, node_text
from kmanifest.engines.helm.gotemplate.values import (
    NIL,
    Function,
    GoObject,
    Int32,
    Int64,
    StringMap,
    Strings,
    Uint8,
    Value,
)
from kmanifest.startup.typing import Any, Final

ANY: Final = "interface {}"

# What tells at once that a value has the type of a parameter: its class. A parameter of any type is told by None.
_CLASSES: Final[dict[str, Any]] = {
    ANY: None,
    "any": None,
    RAW: RAW,
    "string": str,
    "int": int,
    "bool": bool,
    "float64": float,
    "[]interface {}": list,
    "map[string]interface {}": dict,
    "int64": Int64,
    "int32": Int32,
    "uint8": Uint8,
    "[]string": Strings,
    "map[string]string": StringMap,
}
_INTS: Final = frozenset({"int", "int8", "int16", "int32", "int64"})
_UINTS: Final = frozenset({"uint", "uint8", "uint16", "uint32", "uint64", "uintptr"})
_FLOATS: Final = frozenset({"float32", "float64"})
_COMPLEXES: Final = frozenset({"complex64", "complex128"})


class Call:
    """A function by name, with the types that each number of arguments wants.

    `wants` maps the number to a tuple of classes, None for any type, RAW or another name of a type; it is filled as numbers
    come. `short` is what makes `or` (True) and `and` (False) stop.
    """

    __slots__ = (
        "_fixed",
        "_rest",
        "call",
        "gives",
        "impure",
        "name",
        "short",
        "slices",
        "special",
        "wants",
    )

    def __init__(self, name: str, function: Function, *, builtin: bool) -> None:
        self.name = name
        self.call: Callable[..., Value] = function.call
        self.gives = function.gives
        self.impure = function.impure
        self.short = {"or": True, "and": False}.get(name) if builtin else None
        self.slices = builtin and name == "slice"
        self.special = builtin and name == "call"
        takes = [_class_of(type_) for type_ in function.takes]
        variadic = bool(function.takes) and function.takes[-1].startswith("...")
        self._rest = takes.pop() if variadic else _NO_REST
        self._fixed = tuple(takes)
        self.wants: dict[int, tuple[Any, ...]] = {}

    def expect(self, count: int, written: int, node: Node) -> tuple[Any, ...]:
        """The types of `count` arguments, of which `written` stand after the name; Failure where that many are wrong."""
        fixed = len(self._fixed)
        if self._rest is not _NO_REST:
            if count < fixed:
                message = f"want at least {fixed} got {written}"
                raise Failure(f"wrong number of args for {self.name}: {message}", node)
        elif count != fixed:
            raise Failure(f"wrong number of args for {self.name}: want {fixed} got {count}", node)
        wants = self._fixed + (self._rest,) * (count - fixed)
        if count < _REMEMBERED:
            self.wants[count] = wants
        return wants


_NO_REST: Final = object()
_REMEMBERED: Final = 64


def _class_of(type_: str) -> Any:
    type_ = type_.removeprefix("...")
    return _CLASSES.get(type_, type_)


_NAMES: Final = {class_: name for name, class_ in _CLASSES.items() if class_ is not None}


def find_call(name: str, functions: Mapping[str, Function]) -> Call | None:
    """The function that templates call `name`: the caller's, or Go's own."""
    if name in functions:
        return Call(name, functions[name], builtin=False)
    return Call(name, BUILTINS[name], builtin=True) if name in BUILTINS else None


def accept(value: Value, want: Any, node: Node, stopped: dict[int, int]) -> Value:
    """`value`, which an argument gave, as a parameter of type `want`; Failure where Go refuses."""
    if want is None or want is RAW:
        return None if value is NIL and want is None else value
    type_ = want if want.__class__ is str else _NAMES[want]
    code = node[0]
    if code in (nodes.CONSTANT, nodes.OVERFLOW):
        return _constant(node, type_)
    if code == nodes.NIL:
        if _can_be_nil(type_):
            return _zero(type_)
        raise Failure(f"cannot assign nil to {type_}", node)
    return assign(value, want, last_node(node, stopped))


def assign(value: Value, want: Any, node: Node) -> Value:
    """`value` as a parameter of type `want`; `node` is to blame where it is none."""
    if want is None:
        return None if value is NIL else value
    if want is RAW:
        return value
    type_ = want if want.__class__ is str else _NAMES[want]
    if value is None:
        if _can_be_nil(type_):
            return _zero(type_)
        raise Failure(f"invalid value; expected {type_}", node)
    got = ANY if value is NIL else type_name(value)
    if got == type_ or _assignable(value, type_):
        return value
    raise Failure(f"wrong type for value; expected {type_}; got {got}", node)


def _assignable(value: Value, type_: str) -> bool:
    """Whether a value of a named type fits the type that it is made of."""
    if isinstance(value, GoObject) and not isinstance(value, (dict, list)):
        return type_ in ("error", "fmt.Stringer") and value.text() is not None
    name = type_name(value)
    if name[:1] == "[" or name[:4] == "map[":
        return False
    if kind_name(value) == "map":
        return type_ == "map[string]interface {}" and value.__class__ is not StringMap
    return type_ == "[]interface {}" and kind_name(value) == "slice"


def _can_be_nil(type_: str) -> bool:
    return (
        type_[:1] in "[*"
        or type_.startswith(("map[", "func(", "interface "))
        or type_
        in (
            "error",
            "fmt.Stringer",
        )
    )


def _zero(type_: str) -> Value:
    if type_.startswith("[]"):
        return Strings() if type_ == "[]string" else [] if type_ != "[]uint8" else b""
    if type_.startswith("map["):
        return StringMap() if type_ == "map[string]string" else {}
    return None


def _constant(node: Node, type_: str) -> Value:
    """A constant as a value of the type that a parameter has."""
    value, number = node[2], node[4]
    if type_ == "bool":
        if value.__class__ is bool:
            return value
        word = "bool"
    elif type_ == "string":
        if value.__class__ is str:
            return value
        word = "string"
    elif type_ in _INTS:
        if number and number[0] is not None:
            return _typed_int(number[0], type_)
        word = "integer"
    elif type_ in _UINTS:
        if number and number[1] is not None:
            return _typed_int(number[1], type_)
        word = "unsigned integer"
    elif type_ in _FLOATS:
        if number and number[2] is not None:
            return number[2]
        word = "float"
    elif type_ in _COMPLEXES:
        if number and number[3] is not None:
            return number[3]
        word = "complex"
    else:
        raise Failure(f"can't handle {node_text(node)} for arg of type {type_}", node)
    raise Failure(f"expected {word}; found {node_text(node)}", node)


def _typed_int(value: int, type_: str) -> int:
    """An integer cut to the bits of its type, as reflect's SetInt does."""
    bits = _BITS.get(type_, 64)
    value &= (1 << bits) - 1
    if type_ in _INTS and value >> (bits - 1):
        value -= 1 << bits
    made: int = _CLASSES.get(type_, int)(value)
    return made


_BITS: Final = {"int8": 8, "int16": 16, "int32": 32, "uint8": 8, "uint16": 16, "uint32": 32}
