"""Go's fmt: the texts of values, and formats with verbs.

`text` is the short way to `%v` that nearly every value takes; everything else is printed by a `Printer` (`verbs.py`).

Source: Go 1.26 fmt/print.go.
"""

from collections.abc import Sequence

from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.gotypes import NIL_TEXT, kind_name, sorted_items, type_name
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.values import NIL, GoObject, Value
from kmanifest.model.limits import DEFAULT_LIMITS

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
    """What `%v` prints of `value`."""
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
    from kmanifest.engines.helm.gotemplate.printf import (
        Printer,  # few charts print what is no plain value
    )

    return Printer().printed(value, "v")


def sprint(values: Sequence[Value], *, printed: bool = False) -> str:
    """What fmt.Sprint gives: a space between two values of which neither is a string.

    With `printed` an object gives the text that an action prints of it.
    """
    pieces: list[str] = []
    before = True
    for value in values:
        is_text = isinstance(value, str)
        if not is_text and not before:
            pieces.append(" ")
        before = is_text
        shown = value.printed() if printed and isinstance(value, GoObject) else None
        pieces.append(text(value) if shown is None else shown)
    return _joined(pieces)


def sprintln(values: Sequence[Value]) -> str:
    """What fmt.Sprintln gives: spaces between all values and a newline after them."""
    return _joined([" ".join(map(text, values)), "\n"])


def _joined(pieces: list[str]) -> str:
    if sum(map(len, pieces)) > DEFAULT_LIMITS.max_string:
        from kmanifest.engines.helm.gotemplate.printf import too_large  # as above

        raise too_large()
    return "".join(pieces)


def sprintf(form: str, values: Sequence[Value]) -> str:
    """What fmt.Sprintf gives, with Go's remarks for what does not fit; LimitError where it is beyond all bounds."""
    first, *others = form.split("%")
    if len(others) != len(values):
        return _printed(form, values)
    pieces = [first]
    for part, value in zip(others, values, strict=True):
        kind, verb = value.__class__, part[:1]
        if kind is str and verb in ("s", "v"):
            pieces.append(value)
        elif (kind is int and verb in ("d", "v")) or (verb == "v" and kind in (float, bool)):
            pieces.append(text(value))
        else:
            return _printed(form, values)
        pieces.append(part[1:])
    return _joined(pieces)


def _printed(form: str, values: Sequence[Value]) -> str:
    """The same for any directives and values."""
    from kmanifest.engines.helm.gotemplate.printf import Printer  # as above

    printer = Printer()
    pieces = printer.pieces
    position = 0
    number = 0
    while (found := form.find("%", position)) >= 0:
        if found > position:
            pieces.append(form[position:found])
        position, number = printer.directive(form, found + 1, values, number)
    pieces.append(form[position:])
    if number < len(values) and not printer.reordered:
        printer.leftover(values[number:])
    return _joined(pieces)
