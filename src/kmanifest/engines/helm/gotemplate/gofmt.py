"""Go's fmt: values as strings, and formatting with verbs.

`text` is the fast path for `%v` that nearly every value takes. A `Printer` (`printf.py`) formats
everything else.

Source: Go 1.26 fmt/print.go.
"""

from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.gotypes import NIL_TEXT, kind_name, sorted_items, type_name
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.values import NIL, Value, indirect
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Sequence

__all__ = [
    "float_text",
    "kind_name",
    "quoted",
    "sorted_items",
    "sprint",
    "sprintf",
    "sprintln",
    "text",
    "type_name",
]


def text(value: Value) -> str:
    """Return `value` as `%v` prints it."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return f"{value:d}"
    if kind is float:
        return float_text(value)
    if value is None or value is NIL:
        return NIL_TEXT
    # Imported here because few charts print compound values.
    from kmanifest.engines.helm.gotemplate.printf import Printer

    return Printer().format_value(value, "v")


def sprint(values: Sequence[Value], *, as_action: bool = False) -> str:
    """Return the result of fmt.Sprint: a space separates two values if neither is a string.

    With `as_action` what a pointer points to is printed, as an action does.
    """
    parts: list[str] = []
    previous_is_string = True
    for value in checked(values):
        is_string = isinstance(value, str)
        if not is_string and not previous_is_string:
            parts.append(" ")
        previous_is_string = is_string
        parts.append(text(indirect(value) if as_action else value))
    return _join(parts)


def sprintln(values: Sequence[Value]) -> str:
    """Return the result of fmt.Sprintln: spaces between all values and a newline after the last."""
    return _join([" ".join(map(text, checked(values))), "\n"])


def _join(parts: list[str]) -> str:
    if sum(map(len, parts)) > DEFAULT_LIMITS.max_string:
        # Imported here for the same reason.
        from kmanifest.engines.helm.gotemplate.printf import string_limit_error

        raise string_limit_error()
    return "".join(parts)


def sprintf(format_string: str, values: Sequence[Value]) -> str:
    """Return the result of fmt.Sprintf, with Go's notes about arguments that do not match.

    Raises LimitError if the string is too long.
    """
    first, *others = format_string.split("%")
    if len(others) != len(values):
        return _format_with_printer(format_string, values)
    parts = [first]
    for directive, value in checked(zip(others, values, strict=True)):
        kind, verb = value.__class__, directive[:1]
        if kind is str and verb in ("s", "v"):
            parts.append(value)
        elif (kind is int and verb in ("d", "v")) or (verb == "v" and kind in (float, bool)):
            parts.append(text(value))
        else:
            return _format_with_printer(format_string, values)
        parts.append(directive[1:])
    return _join(parts)


def _format_with_printer(format_string: str, values: Sequence[Value]) -> str:
    """Return the result of fmt.Sprintf for any directives and values."""
    # Imported here for the same reason.
    from kmanifest.engines.helm.gotemplate.printf import Printer

    printer = Printer()
    parts = printer.parts
    position = 0
    number = 0
    while (percent := format_string.find("%", position)) >= 0:
        check_time()
        if percent > position:
            parts.append(format_string[position:percent])
        position, number = printer.print_directive(format_string, percent + 1, values, number)
    parts.append(format_string[position:])
    if number < len(values) and not printer.reordered:
        printer.print_extra(values[number:])
    return _join(parts)
