"""The verbs of Go's format strings, with their flags, widths and precisions.

A `Printer` holds the flags of one directive. Widths count characters, as Go counts runes: a byte
that is not UTF-8 counts as one.

Source: Go 1.26 fmt/print.go and fmt/format.go.
"""

from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.gotypes import NIL_TEXT, kind_name, sorted_items, type_name
from kmanifest.engines.helm.gotemplate.quoting import (
    can_backquote,
    quoted,
    quoted_ascii,
    quoted_char,
)
from kmanifest.engines.helm.gotemplate.values import NIL, GoObject, Uint8, Value, is_nil
from kmanifest.model.deadline import checked
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Final, Sequence

_MAX_NUMBER: Final = 1_000_000
"""The largest width or precision that Go accepts."""


def string_limit_error() -> LimitError:
    """Return the error for a string that is too long."""
    maximum = DEFAULT_LIMITS.max_string
    return LimitError(f"a formatted string is longer than {maximum} characters (max_string)")


class Printer:
    """A printer of values, with the flags of one directive.

    It collects its output in `parts`.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.reordered = False
        self._size_left = DEFAULT_LIMITS.max_string
        self._erroring = False
        self.clear_flags()

    def clear_flags(self) -> None:
        """Clear all flags."""
        self.sharp = self.plus = self.minus = self.space = self.zero = False
        self.plus_v = self.sharp_v = False
        self.width: int | None = None
        self.precision: int | None = None

    def format_value(self, value: Value, verb: str) -> str:
        """Return one value formatted by `verb`."""
        self.print_argument(value, verb)
        return "".join(self.parts)

    def _write(self, part: str) -> None:
        # A part counts for more than its length: a list that contains one list many times has many short parts.
        self._size_left -= len(part) + 16
        if self._size_left < 0:
            raise string_limit_error()
        self.parts.append(part)

    def _pad(self, part: str, *, with_zeros: bool = False) -> None:
        missing = (self.width or 0) - len(part)
        if missing <= 0:
            self._write(part)
        elif self.minus:
            self._write(part + " " * missing)
        else:
            self._write(("0" if with_zeros else " ") * missing + part)

    def print_directive(
        self, format_string: str, position: int, values: Sequence[Value], number: int
    ) -> tuple[int, int]:
        """Print the directive at `position`, after its `%`.

        Return the position after it and the number of the next value.
        """
        self.clear_flags()
        end = len(format_string)
        while position < end and format_string[position] in "#0+- ":
            self._flag(format_string[position])
            position += 1
        reader = _DirectiveReader(format_string, position, number, values)
        self._read_width(reader)
        self._read_precision(reader)
        if not reader.after_index:
            reader.read_index()
        self.reordered = self.reordered or reader.reordered
        if reader.position >= end:
            self._write("%!(NOVERB)")
            return end, reader.number
        verb = format_string[reader.position]
        self._verb(verb, reader)
        return reader.position + 1, reader.number

    def _flag(self, char: str) -> None:
        if char == "#":
            self.sharp = True
        elif char == "0":
            self.zero = True
        elif char == "+":
            self.plus = True
        elif char == "-":
            self.minus = True
        else:
            self.space = True

    def _read_width(self, reader: "_DirectiveReader") -> None:
        reader.read_index()
        if not reader.is_at("*"):
            self.width = reader.read_digits()
            if reader.after_index and self.width is not None:
                reader.has_valid_index = False
            return
        self.width = reader.read_star()
        if self.width is None:
            self._write("%!(BADWIDTH)")
        elif self.width < 0:
            self.width = -self.width
            self.minus = True
            self.zero = False  # no zeros to the right

    def _read_precision(self, reader: "_DirectiveReader") -> None:
        format_string = reader.format_string
        if reader.position + 1 >= len(format_string) or format_string[reader.position] != ".":
            return
        reader.position += 1
        if reader.after_index:
            reader.has_valid_index = False
        reader.read_index()
        if not reader.is_at("*"):
            self.precision = reader.read_digits() or 0
            return
        self.precision = reader.read_star()
        if self.precision is None or self.precision < 0:
            self.precision = None
            self._write("%!(BADPREC)")

    def _verb(self, verb: str, reader: "_DirectiveReader") -> None:
        verb_text = "\ufffd" if "\udc80" <= verb <= "\udcff" else verb
        if verb == "%":
            self._write("%")
        elif not reader.has_valid_index:
            self._write(f"%!{verb_text}(BADINDEX)")
        elif reader.number >= len(reader.values):
            self._write(f"%!{verb_text}(MISSING)")
        else:
            self.print_argument(reader.values[reader.number], verb_text)
            reader.number += 1

    def print_extra(self, values: Sequence[Value]) -> None:
        """Print Go's note about values that no directive used."""
        self.clear_flags()
        self._write("%!(EXTRA ")
        for index, value in enumerate(checked(values)):
            if index:
                self._write(", ")
            if value is None:
                self._write(NIL_TEXT)
            else:
                self._write(f"{type_name(value)}=")
                self.print_argument(value, "v")
        self._write(")")

    def print_argument(self, value: Value, verb: str) -> None:
        """Print one value by this verb and the current flags."""
        if verb in "vw":
            self.sharp_v, self.sharp = self.sharp, False
            self.plus_v, self.plus = self.plus, False
        self._print_argument(value, verb)

    def _print_argument(self, value: Value, verb: str) -> None:
        if value is None or value is NIL:
            if verb in "Tv":
                self._pad(NIL_TEXT, with_zeros=self._pads_with_zeros())
            else:
                self._bad_verb(verb, None, has_value=False)
        elif verb == "T":
            self._string(type_name(value), "s")
        elif verb == "p":
            self._pointer(value, verb)
        else:
            self._value(value, verb, 0)

    def _pads_with_zeros(self) -> bool:
        return self.zero and not self.minus

    def _bad_verb(self, verb: str, value: Value, *, has_value: bool = True) -> None:
        self._write(f"%!{verb}(")
        if has_value:
            erroring, self._erroring = self._erroring, True
            self._write(f"{type_name(value)}=")
            self._value(value, "v", 0)
            self._erroring = erroring
        else:
            self._write(NIL_TEXT)
        self._write(")")

    def _pointer(self, value: Value, verb: str) -> None:
        if kind_name(value) not in ("map", "slice", "ptr", "func"):
            self._bad_verb(verb, value)
            return
        # An address. Any number is right, as Go's differs between runs.
        self._integer(0xC000000000 + id(value) % (1 << 32), "x", prefix=not self.sharp)

    def _value(self, value: Value, verb: str, depth: int) -> None:
        kind = value.__class__
        if kind is str:
            self._string(value, verb)
        elif kind is bool:
            if verb in "tv":
                self._pad("true" if value else "false", with_zeros=self._pads_with_zeros())
            else:
                self._bad_verb(verb, value)
        elif value is None or value is NIL:
            self._write("interface {}(nil)" if self.sharp_v else NIL_TEXT)
        elif verb == "w" and depth == 0 and kind is not bytes:
            self._bad_verb(verb, value)
        elif isinstance(value, int):
            self._int_verb(value, verb)
        elif isinstance(value, float):
            self._float_verb(value, verb)
        elif isinstance(value, complex):
            self._complex_verb(value, verb)
        elif isinstance(value, str):
            self._string(value, verb)
        else:
            self._compound(value, verb, depth)

    def _compound(self, value: Value, verb: str, depth: int) -> None:
        if isinstance(value, bytes):
            self._bytes(value, verb, depth)
        elif isinstance(value, dict):
            self._map(value, type_name(value), verb, depth)
        elif isinstance(value, list):
            self._list(value, verb, depth)
        elif isinstance(value, GoObject):
            self._object(value, verb, depth)
        else:
            self._write(f"?{type_name(value)}?")

    def _map(self, value: dict[str, Value], name: str, verb: str, depth: int) -> None:
        if self.sharp_v and is_nil(value):
            self._write(f"{name}(nil)")
            return
        self._write(name + "{" if self.sharp_v else "map[")
        separator = ", " if self.sharp_v else " "
        for index, (key, element) in enumerate(checked(sorted_items(value))):
            if index:
                self._write(separator)
            self._value(key, verb, depth + 1)
            self._write(":")
            self._value(element, verb, depth + 1)
        self._write("}" if self.sharp_v else "]")

    def _list(self, value: list[Value], verb: str, depth: int) -> None:
        if self.sharp_v and is_nil(value):
            self._write(f"{type_name(value)}(nil)")
            return
        self._write(type_name(value) + "{" if self.sharp_v else "[")
        separator = ", " if self.sharp_v else " "
        for index, element in enumerate(checked(value)):
            if index:
                self._write(separator)
            self._value(element, verb, depth + 1)
        self._write("}" if self.sharp_v else "]")

    def _object(self, value: GoObject, verb: str, depth: int) -> None:
        string = (
            value.text() if verb in "vsxXq" and not self.sharp_v and not self._erroring else None
        )
        if string is None and self.sharp_v and (syntax := value.go_syntax()) is not None:
            self._pad(syntax)
        elif string is not None:
            self._string(string, verb)
        elif value.kind == "map":
            self._map(dict(value.fields()), value.go_type, verb, depth)
        elif value.kind == "ptr" and depth:
            self._embedded_pointer(value, verb)
        else:
            self._struct(value, verb, depth)

    def _embedded_pointer(self, value: GoObject, verb: str) -> None:
        """Print a pointer in another value. Source: print.go, fmtPointer."""
        address = 0xC000000000 + id(value) % (1 << 32)
        if verb == "v":
            if self.sharp_v:
                self._write(f"({value.go_type})(")
            self._integer(address, "x", prefix=not self.sharp)
            if self.sharp_v:
                self._write(")")
        elif verb in "bodxX":
            self._integer(address, verb)
        else:
            self._bad_verb(verb, value)

    def _struct(self, value: GoObject, verb: str, depth: int) -> None:
        name = value.go_type
        if value.kind == "ptr":
            self._write("&")
            name = name.removeprefix("*")
        self._write(name + "{" if self.sharp_v else "{")
        for index, (field, element) in enumerate(value.printed_fields().items()):
            if index:
                self._write(", " if self.sharp_v else " ")
            if self.sharp_v or self.plus_v:
                self._write(f"{field}:")
            self._value(element, verb, depth + 1)
        self._write("}")

    def _string(self, value: str, verb: str) -> None:
        if verb in "xX":
            self._hex(value.encode("utf-8", "surrogateescape"), verb)
        elif verb in "vsq":
            if self.precision is not None:
                value = value[: self.precision]
            if verb == "q" or (verb == "v" and self.sharp_v):
                value = self._quoted(value)
            self._pad(value, with_zeros=self._pads_with_zeros())
        else:
            self._bad_verb(verb, value)

    def _quoted(self, value: str) -> str:
        if self.sharp and can_backquote(value):
            return f"`{value}`"
        return quoted_ascii(value) if self.plus else quoted(value)

    def _hex(self, data: bytes, verb: str) -> None:
        if self.precision is not None:
            data = data[: self.precision]
        prefix = f"0{verb}" if self.sharp else ""
        digits = data.hex() if verb == "x" else data.hex().upper()
        if not data:
            digits = ""
        elif self.space:
            pairs = (digits[index : index + 2] for index in checked(range(0, len(digits), 2)))
            digits = " ".join(prefix + pair for pair in pairs)
        else:
            digits = prefix + digits
        self._pad(digits, with_zeros=self._pads_with_zeros())

    def _bytes(self, value: bytes, verb: str, depth: int) -> None:
        if verb in "sq":
            self._string(value.decode("utf-8", "surrogateescape"), verb)
        elif verb in "xX":
            self._hex(value, verb)
        elif verb in "vd" and not self._has_flags():
            # Charts print whole tables with files in them, which are millions of numbers.
            self._write(f"[{' '.join([_BYTES[byte] for byte in checked(value)])}]")
        else:
            name = "[]uint8{" if depth or verb not in "vd" else "[]byte{"
            self._write(name if self.sharp_v else "[")
            for index, byte in enumerate(checked(value)):
                if index:
                    self._write(", " if self.sharp_v else " ")
                self._value(Uint8(byte), verb, 1)
            self._write("}" if self.sharp_v else "]")

    def _has_flags(self) -> bool:
        flags = (
            self.sharp,
            self.plus,
            self.minus,
            self.space,
            self.zero,
            self.plus_v,
            self.sharp_v,
        )
        return any(flags) or self.width is not None or self.precision is not None

    def _int_verb(self, value: int, verb: str) -> None:
        method = None if value.__class__ is int else getattr(value, "text", None)
        if method is not None and verb in "vsxXq" and not self.sharp_v and not self._erroring:
            # Types such as time.Month have a `String()` method.
            self._string(method(), verb)
        else:
            self._plain_int(value, verb)

    def _plain_int(self, value: int, verb: str) -> None:
        if verb == "v" and self.sharp_v and type_name(value).startswith("uint"):
            self._integer(int(value), "x", prefix=True)
        elif verb in "vdboOxX":
            self._integer(int(value), verb)
        elif verb == "c":
            self._pad(_char(value), with_zeros=self._pads_with_zeros())
        elif verb == "q":
            self._pad(
                quoted_char(int(value), ascii_only=self.plus), with_zeros=self._pads_with_zeros()
            )
        elif verb == "U":
            self._unicode(int(value))
        else:
            self._bad_verb(verb, value)

    def _integer(self, value: int, verb: str, *, prefix: bool | None = None) -> None:
        if self.precision == 0 and value == 0:
            self._write(" " * (self.width or 0))
            return
        digits = f"{abs(value):{_BASES[verb]}}"
        signed = value < 0 or self.plus or self.space
        if self.precision is not None:
            digits = digits.rjust(self.precision, "0")
        elif self._pads_with_zeros() and self.width is not None:
            digits = digits.rjust(self.width - signed, "0")
        if self.sharp if prefix is None else prefix:
            digits = _prefixed(digits, verb)
        if verb == "O":
            digits = f"0o{digits}"
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        self._pad(sign + digits)

    def _unicode(self, value: int) -> None:
        from kmanifest.engines.helm.gotemplate.printable import is_printable  # a large table

        code = value & 0xFFFFFFFFFFFFFFFF
        digits = f"{code:X}".rjust(max(self.precision or 0, 4), "0")
        suffix = ""
        if self.sharp and code <= 0x10FFFF and is_printable(chr(code)):
            suffix = f" '{chr(code)}'"
        self._pad(f"U+{digits}{suffix}")

    def _float_verb(self, value: float, verb: str) -> None:
        if verb == "v":
            self._float(value, "g", -1)
        elif verb in "bgGxX":
            self._float(value, verb, -1)
        elif verb in "feE":
            self._float(value, verb, 6)
        elif verb == "F":
            self._float(value, "f", 6)
        else:
            self._bad_verb(verb, value)

    def _complex_verb(self, value: complex, verb: str) -> None:
        if verb not in "vbgGxXfFeE":
            self._bad_verb(verb, value)
            return
        self._write("(")
        self._float_verb(value.real, verb)
        plus, self.plus = self.plus, True
        self._float_verb(value.imag, verb)
        self.plus = plus
        self._write("i)")

    def _float(self, value: float, verb: str, precision: int) -> None:
        if self.precision is not None:
            precision = self.precision
        digits = float_text(value, verb, precision)
        if digits[0] not in "+-":
            digits = f"+{digits}"
        if self.space and digits[0] == "+" and not self.plus:
            digits = " " + digits[1:]
        if digits[1] in "IN":
            omits_sign = digits[1] == "N" and not self.space and not self.plus
            self._pad(digits[1:] if omits_sign else digits)
            return
        if self.sharp and verb != "b":
            digits = _with_decimal_point(digits, verb, precision)
        if not self.plus and digits[0] == "+":
            self._pad(digits[1:], with_zeros=self._pads_with_zeros())
        elif self._pads_with_zeros() and (self.width or 0) > len(digits):
            self._write(digits[0] + digits[1:].rjust((self.width or 0) - 1, "0"))
        else:
            self._pad(digits, with_zeros=self._pads_with_zeros())


_BASES: Final = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_BYTES: Final = tuple(map(str, range(256)))


def _prefixed(digits: str, verb: str) -> str:
    if verb == "b":
        return f"0b{digits}"
    if verb in "oO":
        return digits if digits[0] == "0" else f"0{digits}"
    return f"0{verb}{digits}" if verb in "xX" else digits


def _char(code: int) -> str:
    return chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _with_decimal_point(digits_text: str, verb: str, precision: int) -> str:
    """Return a float with a decimal point and with the zeros that some forms drop: the flag `#`."""
    digits = (6 if precision == -1 else precision) if verb in "gGx" else 0
    letters = "pP" if verb in "xX" else "eEpP"
    cut = next(
        (index for index, char in enumerate(digits_text) if char in letters), len(digits_text)
    )
    number, tail = digits_text[:cut], digits_text[cut:]
    # Digits count from the first one that is not zero.
    digits -= len(number[1:].replace(".", "").lstrip("0"))
    if "." not in number:
        if number[1:] == "0":
            digits -= 1
        number += "."
    return number + "0" * max(digits, 0) + tail


class _DirectiveReader:
    """A reader of the numbers of a directive: an index in brackets, digits, or a star."""

    def __init__(
        self, format_string: str, position: int, number: int, values: Sequence[Value]
    ) -> None:
        self.format_string = format_string
        self.position = position
        self.number = number
        self.values = values
        self.after_index = False
        self.reordered = False
        self.has_valid_index = True

    def is_at(self, char: str) -> bool:
        return self.format_string.startswith(char, self.position)

    def read_index(self) -> None:
        """Read an index like `[2]` if there is one: the number of the next value."""
        self.after_index = False
        if not self.is_at("["):
            return
        self.reordered = True
        end = self.format_string.find("]", self.position)
        if end < 0 or len(self.format_string) - self.position < 3:
            self.has_valid_index = False
            self.position += 1
            return
        inner = self.format_string[self.position + 1 : end]
        self.position = end + 1
        is_number = inner.isdecimal() and inner.isascii() and _is_readable(inner)
        if is_number and 0 < int(inner) <= len(self.values):
            self.number = int(inner) - 1
            self.after_index = True
        else:
            self.has_valid_index = False
            self.after_index = bool(is_number)

    def read_digits(self) -> int | None:
        """Read digits.

        As in Go, a number that is too large consumes the rest of the format string.
        """
        start = self.position
        end = start
        while end < len(self.format_string) and "0" <= self.format_string[end] <= "9":
            end += 1
        if end == start:
            return None
        if not _is_readable(self.format_string[start:end]):
            self.position = len(self.format_string)
            return None
        self.position = end
        return int(self.format_string[start:end])

    def read_star(self) -> int | None:
        """Read a star and its value; None if the value is not an integer or is too large."""
        self.position += 1
        self.after_index = False
        if self.number >= len(self.values):
            return None
        value = self.values[self.number]
        self.number += 1
        if value.__class__ is bool or not isinstance(value, int) or abs(value) > _MAX_NUMBER:
            return None
        return int(value)


def _is_readable(digits: str) -> bool:
    """Return whether Go reads all of these digits.

    It stops when the digits before the next one exceed the maximum.
    """
    significant = digits.lstrip("0")
    return len(significant) <= 8 and int(significant[:-1] or "0") <= _MAX_NUMBER
