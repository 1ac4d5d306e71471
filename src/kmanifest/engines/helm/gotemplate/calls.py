"""Functions as the executor calls them, and the check that a value fits a parameter.

Source: Go 1.26 text/template/exec.go, evalCall, evalArg and validateType.
"""

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS, REFLECT_VALUE
from kmanifest.engines.helm.gotemplate.errors import NodeError
from kmanifest.engines.helm.gotemplate.gofmt import type_name
from kmanifest.engines.helm.gotemplate.nodes import Node, last_node, node_text
from kmanifest.engines.helm.gotemplate.values import (
    NIL,
    Function,
    GoMap,
    GoObject,
    Int32,
    Int64,
    StringMap,
    Strings,
    Uint8,
    Value,
)
from kmanifest.model.deadline import timed
from kmanifest.startup.typing import Any, Callable, Final, Mapping

ANY: Final = "interface {}"

# The class that a value of a parameter's type has, so that one comparison decides. None stands for any type.
_CLASS_BY_NAME: Final[dict[str, Any]] = {
    ANY: None,
    "any": None,
    REFLECT_VALUE: REFLECT_VALUE,
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
_NAMED_INTS: Final = frozenset(("time.Duration", "time.Month"))
_INTS: Final = frozenset({"int", "int8", "int16", "int32", "int64"})
_UINTS: Final = frozenset({"uint", "uint8", "uint16", "uint32", "uint64", "uintptr"})
_FLOATS: Final = frozenset({"float32", "float64"})
_COMPLEXES: Final = frozenset({"complex64", "complex128"})


class Call:
    """A function with its name and the types of its parameters for each number of arguments.

    `types_by_count` maps a number of arguments to a tuple of types. A type is a class, None for any
    type, REFLECT_VALUE, or the name of another Go type. The mapping is filled on demand.
    `stop_value` is the truth value that ends the evaluation of `or` (True) and `and` (False).
    `is_plain`: the executor only calls it. `is_suspending`: `call` may return a request.
    """

    __slots__ = (
        "_fixed_types",
        "_variadic_type",
        "call",
        "impure",
        "is_call",
        "is_plain",
        "is_slice",
        "is_suspending",
        "name",
        "result_type",
        "stop_value",
        "types_by_count",
    )

    def __init__(self, name: str, function: Function, *, builtin: bool) -> None:
        self.name = name
        self.call: Callable[..., Value] = timed(function.call)
        self.result_type = function.result_type
        self.impure = function.impure
        self.stop_value = {"or": True, "and": False}.get(name) if builtin else None
        self.is_slice = builtin and name == "slice"
        self.is_call = builtin and name == "call"
        is_special = self.is_call or self.is_slice or function.impure
        self.is_plain = not is_special and self.stop_value is None
        self.is_suspending = function.suspending
        types = [_class_of(type_) for type_ in function.parameter_types]
        is_variadic = bool(function.parameter_types) and function.parameter_types[-1].startswith(
            "..."
        )
        self._variadic_type = types.pop() if is_variadic else _NOT_VARIADIC
        self._fixed_types = tuple(types)
        self.types_by_count: dict[int, tuple[Any, ...]] = {}

    def types_for_count(self, count: int, written_count: int, node: Node) -> tuple[Any, ...]:
        """Return the types of `count` arguments.

        Raises NodeError if the number is wrong. `written_count` of the arguments are written after
        the name.
        """
        fixed = len(self._fixed_types)
        if self._variadic_type is not _NOT_VARIADIC:
            if count < fixed:
                message = f"want at least {fixed} got {written_count}"
                raise NodeError(f"wrong number of args for {self.name}: {message}", node)
        elif count != fixed:
            raise NodeError(f"wrong number of args for {self.name}: want {fixed} got {count}", node)
        types = self._fixed_types + (self._variadic_type,) * (count - fixed)
        if count < _MAX_CACHED_COUNT:
            self.types_by_count[count] = types
        return types


_NOT_VARIADIC: Final = object()
_MAX_CACHED_COUNT: Final = 64


def _class_of(type_: str) -> Any:
    type_ = type_.removeprefix("...")
    return _CLASS_BY_NAME.get(type_, type_)


_NAME_BY_CLASS: Final = {
    class_: name for name, class_ in _CLASS_BY_NAME.items() if class_ is not None
}


def find_call(name: str, functions: Mapping[str, Function]) -> Call | None:
    """Return the function that templates call `name`: the caller's, or Go's built-in one."""
    if name in functions:
        return Call(name, functions[name], builtin=False)
    return Call(name, BUILTINS[name], builtin=True) if name in BUILTINS else None


def evaluate_argument(
    value: Value, expected: Any, node: Node, stop_indexes: dict[int, int]
) -> Value:
    """Return the value of the argument `node` as a parameter of type `expected`.

    Raises NodeError where Go rejects it.
    """
    if expected is None or expected is REFLECT_VALUE:
        return None if value is NIL and expected is None else value
    type_ = expected if expected.__class__ is str else _NAME_BY_CLASS[expected]
    code = node[0]
    if code in (nodes.CONSTANT, nodes.OVERFLOW):
        return _constant_value(node, type_)
    if code == nodes.NIL:
        if _can_be_nil(type_):
            return _zero_value(type_)
        raise NodeError(f"cannot assign nil to {type_}", node)
    return validate_type(value, expected, last_node(node, stop_indexes))


def validate_type(value: Value, expected: Any, node: Node) -> Value:
    """Return `value` as a parameter of type `expected`.

    Raises NodeError at `node` if it has another type.
    """
    if expected is None:
        return None if value is NIL else value
    if expected is REFLECT_VALUE:
        return value
    type_ = expected if expected.__class__ is str else _NAME_BY_CLASS[expected]
    if value is None:
        if _can_be_nil(type_):
            return _zero_value(type_)
        raise NodeError(f"invalid value; expected {type_}", node)
    actual = ANY if value is NIL else type_name(value)
    if isinstance(value, GoMap) and value.underlying_type == type_:
        return value.entries
    if actual == type_ or _implements(value, type_):
        return value
    raise NodeError(f"wrong type for value; expected {type_}; got {actual}", node)


def _implements(value: Value, type_: str) -> bool:
    """Return whether a value has the methods of an interface type."""
    is_object = isinstance(value, GoObject) and not isinstance(value, list)
    return is_object and type_ in ("error", "fmt.Stringer") and value.text() is not None


def _can_be_nil(type_: str) -> bool:
    return (
        type_[:1] in "[*"
        or type_.startswith(("map[", "func(", "interface "))
        or type_ in ("error", "fmt.Stringer", "io.Writer")
    )


def _zero_value(type_: str) -> Value:
    if type_.startswith("[]"):
        return Strings() if type_ == "[]string" else [] if type_ != "[]uint8" else b""
    if type_.startswith("map["):
        return StringMap() if type_ == "map[string]string" else {}
    return None


def _constant_value(node: Node, type_: str) -> Value:
    """Return a constant as a value of the parameter's type."""
    value, number = node[2], node[4]
    if type_ == "bool":
        if value.__class__ is bool:
            return value
        kind = "bool"
    elif type_ == "string":
        if value.__class__ is str:
            return value
        kind = "string"
    elif type_ in _INTS or type_ in _NAMED_INTS:
        if number and number[0] is not None:
            return _int_of_type(number[0], type_)
        kind = "integer"
    elif type_ in _UINTS:
        if number and number[1] is not None:
            return _int_of_type(number[1], type_)
        kind = "unsigned integer"
    elif type_ in _FLOATS:
        if number and number[2] is not None:
            return number[2]
        kind = "float"
    elif type_ in _COMPLEXES:
        if number and number[3] is not None:
            return number[3]
        kind = "complex"
    else:
        raise NodeError(f"can't handle {node_text(node)} for arg of type {type_}", node)
    raise NodeError(f"expected {kind}; found {node_text(node)}", node)


def _int_of_type(value: int, type_: str) -> int:
    """Return an integer truncated to the bits of its type, as reflect's SetInt does."""
    bits = _BITS_BY_TYPE.get(type_, 64)
    value &= (1 << bits) - 1
    if type_ in _INTS and value >> (bits - 1):
        value -= 1 << bits
    result: int = _CLASS_BY_NAME.get(type_, int)(value)
    return result


_BITS_BY_TYPE: Final = {"int8": 8, "int16": 16, "int32": 32, "uint8": 8, "uint16": 16, "uint32": 32}
