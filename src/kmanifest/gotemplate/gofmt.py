"""Go's fmt: the texts of values, and formats with verbs.

`text` is the short way to `%v` that nearly every value takes; everything else is printed by a `Printer` (`verbs.py`).

Source: Go 1.26 fmt/print.go.
"""

from collections.abc import Sequence

from kmanifest.gotemplate.floats import float_text
from kmanifest.gotemplate.gotypes import NIL_TEXT, kind_name, sorted_items, type_name
from kmanifest.gotemplate.quoting import quoted
from kmanifest.gotemplate.values import NIL, GoObject, Value
from kmanifest.gotemplate.verbs import Printer, too_large
from kmanifest.limits import DEFAULT_LIMITS

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
        raise too_large()
    return "".join(pieces)


def sprintf(form: str, values: Sequence[Value]) -> str:
    """What fmt.Sprintf gives, with Go's remarks for what does not fit; LimitError where it is beyond all bounds."""
    printer = Printer()
    pieces = printer.pieces
    position = 0
    number = 0
    count = len(values)
    while (found := form.find("%", position)) >= 0:
        if found > position:
            pieces.append(form[position:found])
        letter = form[found + 1 : found + 2]
        if letter in ("s", "v", "d") and number < count:
            value = values[number]
            kind = value.__class__
            if kind is str and letter != "d":
                pieces.append(value)
            elif kind is int and letter != "s":
                pieces.append(f"{value:d}")
            else:
                printer.clear()
                printer.argument(value, letter)
            number += 1
            position = found + 2
            continue
        position, number = printer.directive(form, found + 1, values, number)
    pieces.append(form[position:])
    if number < count and not printer.reordered:
        printer.leftover(values[number:])
    return _joined(pieces)
