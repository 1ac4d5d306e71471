"""How errors of the validator show names, numbers and places. Source: santhosh-tekuri/jsonschema v6.0.3 kind/kind.go."""

from collections.abc import Iterable

from kmanifest.engines.helm.gotemplate.gofmt import float_text
from kmanifest.engines.helm.gotemplate.gofmt import quoted as go_quoted
from kmanifest.model.values import FloatText, IntText
from kmanifest.startup.typing import Any, Final

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def quote(text: str) -> str:
    """A text in single quotes."""
    return "'" + go_quoted(text)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def join_quoted(names: Iterable[str]) -> str:
    """Texts in single quotes, with commas."""
    return ", ".join(map(quote, names))


def format_scalar(value: Any) -> str:
    """A scalar of a schema, numbers as they were written."""
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
    """A whole number with its thousands told apart, as Go's printer for English has it."""
    return f"{value:,}"


def format_number(value: float) -> str:
    """A number in the same manner: from a million on and below a ten-thousandth as a power of ten."""
    text = float_text(float(value), "g", -1)
    mantissa, exponent, power = text.partition("e")
    if exponent:
        return f"{mantissa}\N{MULTIPLICATION SIGN}10{power.lstrip('+').translate(_SUPERSCRIPT)}"
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-") != "0" else text


def pointer(path: Iterable[str]) -> str:
    """A path as a JSON pointer."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


class Fault:
    """One thing that is wrong, and what it comes of. A `reference` with one cause is not shown itself."""

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
        """The lines that tell of it."""
        lines: list[str] = []
        if not (self.is_reference and len(self.causes) == 1):
            lines.append(f"{'  ' * indent}- at {quote(pointer(self.path))}: {self.text}")
            indent += 1
        for cause in self.causes:
            lines += cause.lines(indent)
        return lines


def format_fault(fault: Fault) -> str:
    """What is told of a whole value."""
    causes = fault.causes if fault.is_group else [fault]
    return "\n".join(line for cause in causes for line in cause.lines())
