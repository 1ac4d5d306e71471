"""Defaults, choices, and the types of values.

Source: sprig v3.3.0 defaults.go and reflect.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import kind_name, type_name
from kmanifest.engines.helm.gotemplate.values import Function, Functions, Value
from kmanifest.engines.helm.sprig.casts import is_empty
from kmanifest.engines.helm.sprig.gotypes import deep_equal
from kmanifest.model.deadline import checked

_ANY = "interface {}"


def functions() -> Functions:
    """Return the functions."""
    return {
        "all": Function(
            lambda *values: not any(map(is_empty, checked(values))), ("...interface {}",), "bool"
        ),
        "any": Function(
            lambda *values: not all(map(is_empty, checked(values))), ("...interface {}",), "bool"
        ),
        "coalesce": Function(_coalesce, ("...interface {}",), _ANY),
        "deepEqual": Function(deep_equal, (_ANY, _ANY), "bool"),
        "default": Function(_default, (_ANY, "...interface {}"), _ANY),
        "empty": Function(is_empty, (_ANY,), "bool"),
        "kindIs": Function(lambda name, value: name == _kind(value), ("string", _ANY), "bool"),
        "kindOf": Function(_kind, (_ANY,), "string"),
        "ternary": Function(
            lambda yes, no, condition: yes if condition else no, (_ANY, _ANY, "bool"), _ANY
        ),
        "typeIs": Function(lambda name, value: name == type_name(value), ("string", _ANY), "bool"),
        "typeIsLike": Function(
            lambda name, value: type_name(value) in (name, f"*{name}"), ("string", _ANY), "bool"
        ),
        "typeOf": Function(type_name, (_ANY,), "string"),
    }


def _default(default: Value, *given: Value) -> Value:
    return default if not given or is_empty(given[0]) else given[0]


def _coalesce(*values: Value) -> Value:
    return next((value for value in checked(values) if not is_empty(value)), None)


def _kind(value: Value) -> str:
    return "invalid" if value is None else kind_name(value)
