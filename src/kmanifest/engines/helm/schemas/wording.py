"""How errors of the validator show names, numbers and paths.

Source: santhosh-tekuri/jsonschema v6.0.3 kind/kind.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import float_text
from kmanifest.engines.helm.gotemplate.gofmt import quoted as go_quoted
from kmanifest.model.values import FloatText, IntText
from kmanifest.startup.typing import Any, Final, Iterable

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def quote(text: str) -> str:
    """Return the text in single quotes."""
    return "'" + go_quoted(text)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def join_quoted(names: Iterable[str]) -> str:
    """Return names in single quotes, separated by commas."""
    return ", ".join(map(quote, names))


def format_scalar(value: Any) -> str:
    """Return a scalar of a schema as text. Numbers are shown as written."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, IntText | FloatText):
        return value.text
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_number(float(value)) if isinstance(value, float) else str(value)


def format_count(value: int) -> str:
    """Return an integer with separators between thousands, as Go's printer for English does."""
    return f"{value:,}"


def format_number(value: float) -> str:
    """Return a number in the same style. From a million on and below 0.0001 it is shown as a power of ten."""
    text = float_text(float(value), "g", -1)
    mantissa, exponent, power = text.partition("e")
    if exponent:
        return f"{mantissa}\N{MULTIPLICATION SIGN}10{power.lstrip('+').translate(_SUPERSCRIPT)}"
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-") != "0" else text


def pointer(path: Iterable[str]) -> str:
    """Return a path as a JSON pointer."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


class Fault:
    """One error and its causes. A fault with `is_reference` and one cause is not shown itself."""

    __slots__ = ("causes", "is_group", "is_reference", "path", "text")

    def __init__(
        self,
        text: str,
        path: tuple[str, ...],
        causes: "list[Fault] | None" = None,
        *,
        is_group: bool = False,
        is_reference: bool = False,
    ) -> None:
        self.text = text
        self.path = path
        self.causes = causes or []
        self.is_group = is_group
        self.is_reference = is_reference

    def lines(self, indent: int = 0) -> list[str]:
        """Return the lines that describe the fault."""
        lines: list[str] = []
        if not (self.is_reference and len(self.causes) == 1):
            lines.append(f"{'  ' * indent}- at {quote(pointer(self.path))}: {self.text}")
            indent += 1
        for cause in self.causes:
            lines += cause.lines(indent)
        return lines


def format_fault(fault: Fault) -> str:
    """Return the message for a whole value."""
    causes = fault.causes if fault.is_group else [fault]
    return "\n".join(line for cause in causes for line in cause.lines())
