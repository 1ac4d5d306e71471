"""Read TOML 1.1 as BurntSushi's decoder does, with its errors.

Integers are int64, times are `time.Time`, and an array of tables has a type of its own. BurntSushi's lexer and parser
alternate, so the first error in the text is reported. Here both are one class.

Source: github.com/BurntSushi/toml v1.6.0 lex.go, parse.go and error.go.
"""

import re

from kmanifest.engines.helm.formats.toml_writer import TomlError
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import GoError, Int64, Value
from kmanifest.engines.helm.sprig.gotypes import Tables
from kmanifest.engines.helm.sprig.strconv import parse_float, parse_int
from kmanifest.engines.helm.sprig.time_reader import parse_time
from kmanifest.engines.helm.sprig.times import UTC, Time, Zone
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final, NoReturn, Sequence

_BLANKS: Final = re.compile("[ \t]*")
_BARE: Final = re.compile("[A-Za-z0-9_-]*")
_LETTERS: Final = re.compile(r"[^\W\d_]*")
_COMMENT: Final = re.compile("[^\0-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_BASIC: Final = re.compile('[^"\\\\\0-\x08\x0a-\x1f\x7f\ud800-\udfff]*')
_LITERAL: Final = re.compile("[^'\0-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_CONTROL: Final = re.compile("[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_DATE: Final = re.compile(r"[-0-9:TtZz .+]*")
_FLOAT: Final = re.compile("[0-9_.+eE-]*")
_DIGITS: Final = re.compile("[0-9]*")
_DECIMAL: Final = re.compile("[0-9_]*")
_BASES: Final = {
    "b": (re.compile("[01_]*"), "01", "a binary"),
    "o": (re.compile("[0-7_]*"), "01234567", "an octal"),
    "x": (re.compile("[0-9a-fA-F_]*"), "0123456789abcdefABCDEF", "a hexadecimal"),
}  # fmt: skip
_ESCAPES: Final = {
    "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\",
}  # fmt: skip
_HEX: Final = {"x": (2, "two"), "u": (4, "four"), "U": (8, "eight")}
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_LINE_END: Final = re.compile(r"\\\\|\\[ \t\r]*\n[ \t\r\n]*")
_SPECIAL: Final = frozenset(("nan", "+nan", "-nan", "inf", "+inf", "-inf"))
_MAX_DEPTH: Final = 100
_DEFINED: Final = "has already been defined"
_NOT_A_TABLE: Final = "was already created as a hash"
_TIMES: Final = (
    ("2006-01-02T15:04:05.999999999Z07:00", UTC),
    ("2006-01-02T15:04:05.999999999", Zone("datetime-local")),
    ("2006-01-02", Zone("date-local")),
    ("15:04:05.999999999", Zone("time-local")),
    ("2006-01-02T15:04Z07:00", UTC),
    ("2006-01-02T15:04", Zone("datetime-local")),
    ("15:04", Zone("time-local")),
)  # fmt: skip
Key = tuple[str, ...]


class _Path:
    """The path of a key, as a node of a tree: `parent` has one part less.

    `table` is the table at the path, once it was looked up; None if it has to be looked up again. A table is looked up from
    the one of its parent, so a dotted key of many parts takes linear time. `is_implicit` means that a longer key created the
    table. `is_array` means that the value is an array.
    """

    __slots__ = ("children", "is_array", "is_implicit", "name", "parent", "table")

    def __init__(self, name: str = "", parent: "_Path | None" = None) -> None:
        self.name = name
        self.parent = parent
        self.children: dict[str, _Path] = {}
        self.table: dict[str, Any] | None = None
        self.is_implicit = False
        self.is_array = False

    def child(self, name: str) -> "_Path":
        path = self.children.get(name)
        if path is None:
            path = self.children[name] = _Path(name, self)
        return path

    def key(self) -> Key:
        """Return the parts of the path."""
        parts: list[str] = []
        path = self
        while path.parent is not None:
            parts.append(path.name)
            path = path.parent
        return tuple(reversed(parts))

    def forget_tables(self) -> None:
        """Forget the tables at this path and below it. The time was spent before, when they were looked up."""
        pending = [self]
        while pending:
            path = pending.pop()
            path.table = None
            pending.extend(child for child in path.children.values() if child.table is not None)


def decode(text: str) -> dict[str, Value]:
    """Return the table of a text. Raises TomlError with BurntSushi's message, which contains the line."""
    return _Parser(text.removeprefix("\ufeff")).parse()


class _Parser:
    """Reads a text from its start, and records how each key was created."""

    __slots__ = (
        "_at",
        "_context",
        "_depth",
        "_key",
        "_key_line",
        "_line_position",
        "_root",
        "_text",
        "_top",
    )

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._root: dict[str, Any] = {}
        self._context = self._top = _Path()
        self._top.table = self._root
        self._key = ""
        self._key_line = 1
        self._depth = 0
        self._line_position = (0, 1)  # a position, and its line

    def parse(self) -> dict[str, Value]:
        if "\0" in self._text[:6]:
            raise TomlError(
                "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8"
            )
        while True:
            check_time()
            char = self._skip_all()
            if not char:
                return self._root
            if char == "[":
                self._at += 1
                self._read_table_name()
            else:
                self._read_pair()
            self._end_item()

    # --- characters and errors

    def _peek(self) -> str:
        """Return the next character, empty at the end. Raises TomlError for characters that TOML never allows."""
        char = self._text[self._at : self._at + 1]
        if char and _CONTROL.match(char) is not None and char != "\n":
            if char == "\r" and self._text[self._at + 1 : self._at + 2] == "\n":
                return char
            if "\ud800" <= char <= "\udfff":
                self._fail(f"invalid UTF-8 byte: 0x{ord(char) - 0xDC00:02x}")
            self._fail(f"TOML files cannot contain control characters: '0x{ord(char):02x}'")
        return char

    def _line(self) -> int:
        position, line = self._line_position
        line += self._text.count("\n", position, self._at)
        self._line_position = (self._at, line)
        return line

    def _fail(self, message: str, *, line: int | None = None) -> NoReturn:
        """Raise the error for a line, by default the current one.

        At the end of a text that ends with a line break, it is the line before.
        """
        if line is None:
            line = self._line()
            if self._at >= len(self._text) and self._text.endswith("\n"):
                line -= 1
        context = self._context.key()
        name = _dotted((*context, self._key) if self._key else context)
        last = f" (last key {quoted(name)})" if name else ""
        raise TomlError(f"toml: line {line}{last}: {message}")

    def _unexpected(
        self, before: str, char: str, after: str = " instead", *, counts: bool = False
    ) -> NoReturn:
        """Raise the error for a character. With `counts`, a line break counts as read and its line is the next."""
        line = self._line() + 1 if counts and char == "\n" else None
        self._fail(f"{before} {_quote_char(char)}{after}", line=line)

    def _skip_blanks(self) -> str:
        self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
        return self._peek()

    def _skip_all(self) -> str:
        """Skip spaces, line breaks and comments, and return the next character."""
        while True:
            check_time()
            char = self._skip_blanks()
            if char == "#":
                self._comment()
            elif char in ("\n", "\r") and char:
                self._at += 1
            else:
                return char

    def _comment(self) -> None:
        self._at = _COMMENT.match(self._text, self._at).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
        self._peek()

    def _end_item(self) -> None:
        """Check what follows a table name or a top-level value."""
        char = self._skip_blanks()
        if char == "#":
            self._comment()
        elif char and char not in "\r\n":
            self._unexpected(
                "expected a top-level item to end with a newline, comment, or EOF, but got", char
            )

    # --- keys

    def _read_table_name(self) -> None:
        is_array = self._peek() == "["
        self._at += is_array
        parts: list[str] = []
        while True:
            char = self._skip_blanks()
            if char in ("]", ""):
                message = "unexpected end of table name (table names cannot be empty)"
                self._fail(message, line=self._line())
            if char == ".":
                self._fail("unexpected table separator (table names cannot be empty)")
            check_time()
            parts.append(self._read_name(char))
            if len(parts) == 1:
                self._key_line = self._line()
            char = self._skip_blanks()
            if char not in (".", "]") or not char:
                self._unexpected(
                    "expected '.' or ']' to end table name, but got", char, counts=True
                )
            self._at += 1
            if char == "]":
                break
        if is_array:
            char = self._peek()
            if char != "]":
                before = "expected end of table array name delimiter ']', but got"
                self._unexpected(before, char, counts=True)
            self._at += 1
        self._add_context(self._top, parts, is_array=is_array)

    def _read_name(self, char: str) -> str:
        if char == '"':
            self._at += 1
            return self._read_basic_string()
        if char == "'":
            self._at += 1
            return self._read_literal_string()
        match = _BARE.match(self._text, self._at)
        self._at = match.end()  # type: ignore[union-attr]  # the pattern also matches an empty string
        return match.group()  # type: ignore[union-attr]  # as above

    def _read_dotted_key(self) -> Key:
        """Return a dotted key, up to its `=`."""
        char = self._skip_blanks()
        if char in ("=", ""):
            self._fail("unexpected '=': key name appears blank", line=self._line())
        if char == ".":
            self._fail("unexpected '.': keys cannot start with a '.'")
        parts: list[str] = []
        while True:
            check_time()
            parts.append(self._read_name(char))
            if len(parts) == 1:
                self._key_line = self._line()
            char = self._skip_blanks()
            if char == "=":
                self._at += 1
                return tuple(parts)
            if not char:
                self._fail("unexpected EOF; expected key separator '='")
            if char != ".":
                self._unexpected("expected '.' or '=', but got", char)
            self._at += 1
            char = self._skip_blanks()
            if char in ("=", ".", ""):
                self._fail(f"unexpected '{char or '='}'", line=self._line())

    def _read_pair(self, target: dict[str, Any] | None = None) -> None:
        """Read a key and its value into the current table, and in an inline table also into `target`."""
        outer = self._context
        key = self._read_dotted_key()
        self._key = key[-1]
        for part in key[:-1]:
            self._context.child(part).is_implicit = True
            self._add_context(self._context, (part,), is_array=False)
        self._key = key[-1]
        value, is_array = self._read_value(in_array=False)
        self._set_value(key[-1], value)
        if is_array:
            self._context.child(key[-1]).is_array = True
        if target is not None:
            for part in key[:-1]:
                target = target.setdefault(part, {})
                if not isinstance(target, dict):
                    self._fail(
                        f"{quoted(_dotted(self._context.key()))} is not a table",
                        line=self._key_line,
                    )
            target[key[-1]] = value
        self._context = outer
        if target is None:  # in an inline table, errors name the previous key
            self._key = ""

    # --- the tables

    def _add_context(self, start: _Path, key: Sequence[str], *, is_array: bool) -> None:
        """Make the table at a key below `start`, with its parents, and make it the current table.

        Source: parse.go, addContext.
        """
        table = self._table_at(start, _NOT_A_TABLE)
        parent = start
        for part in checked(key[:-1]):
            parent = parent.child(part)
            if part not in table:
                parent.is_implicit = True
                table[part] = {}
            current = table[part]
            if isinstance(current, Tables):
                table = current[-1]
            elif isinstance(current, dict):
                table = current
            else:
                message = f"Key '{_dotted(parent.key())}' {_NOT_A_TABLE}."
                self._fail(message, line=self._key_line)
            parent.table = table
        self._context = parent
        name = key[-1]
        path = parent.child(name)
        if is_array:
            current = table.setdefault(name, Tables())
            if not isinstance(current, Tables):
                self._fail(
                    f"Key '{_dotted(path.key())}' was already created and cannot be used as an array.",
                    line=self._key_line,
                )
            current.append({})
            path.forget_tables()
        else:
            self._set_value(name, {})
        self._context = path

    def _table_at(self, path: _Path, problem: str) -> dict[str, Any]:
        """Return the table at a path, the last one if it is an array of tables.

        Raises TomlError with `problem` if a value replaced the table.
        """
        missing: list[_Path] = []
        while path.table is None:
            missing.append(path)
            path = path.parent or self._top
        table: Any = path.table
        for path in reversed(missing):
            current = table[path.name]
            table = current[-1] if isinstance(current, Tables) else current
            if not isinstance(table, dict):
                self._fail(f"Key '{_dotted(path.key())}' {problem}.", line=self._key_line)
            path.table = table
        found: dict[str, Any] = table
        return found

    def _set_value(self, name: str, value: Any) -> None:
        """Set a value in the current table.

        Source: parse.go, setValue.
        """
        table = self._table_at(self._context, _DEFINED)
        path = self._context.child(name)
        if name not in table:
            table[name] = value
            return
        if not path.is_implicit:
            self._fail(f"Key '{_dotted(path.key())}' {_DEFINED}.", line=self._key_line)
        path.is_implicit = False
        if path.is_array:
            table[name] = value
            path.forget_tables()

    # --- values

    def _read_value(self, *, in_array: bool) -> tuple[Any, bool]:
        """Return a value, and whether it is an array."""
        char = self._skip_blanks()
        if char == "[":
            self._at += 1
            return self._read_array(), True
        if char == "{":
            self._at += 1
            return self._read_inline_table(in_array=in_array), False
        return self._read_leaf(char), False

    def _read_leaf(self, char: str) -> Any:
        if char in ('"', "'") and char:
            return self._read_string(char)
        if "0" <= char <= "9":
            return self._read_number_or_date(char)
        if char in ("+", "-") and char:
            return self._read_signed()
        if char == ".":
            self._fail("floats must start with a digit, not '.'")
        word = self._text[self._at : self._at + 3]
        if word in _SPECIAL:
            self._at += 3
            return float(word)
        if char.isalpha():
            return self._read_boolean()
        if not char:
            self._fail("unexpected EOF; expected value")
        return self._unexpected("expected value but found", char)

    def _read_boolean(self) -> bool:
        match = _LETTERS.match(self._text, self._at)
        word = match.group() if match is not None else ""
        self._at += len(word)
        if word not in ("true", "false"):
            self._fail(f"expected value but found {quoted(word)} instead")
        return word == "true"

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise LimitError(f"TOML deeper than {_MAX_DEPTH} levels")

    def _read_array(self) -> list[Any]:
        self._descend()
        self._context.child(self._key).is_array = True
        items: list[Any] = []
        while True:
            check_time()
            char = self._skip_all()
            if char == ",":
                self._fail("unexpected comma")
            if char == "]":
                break
            items.append(self._read_value(in_array=True)[0])
            char = self._skip_all()
            if char not in (",", "]") or not char:
                found = f"'{char}'" if char else "end of file"
                self._fail(f"expected a comma (',') or array terminator (']'), but got {found}")
            if char == "]":
                break
            self._at += 1
        self._at += 1
        self._depth -= 1
        return items

    def _read_inline_table(self, *, in_array: bool) -> dict[str, Any]:
        self._descend()
        outer, outer_key = self._context, self._key
        self._context.child(self._key).is_implicit = True
        key, self._key = self._key, ""
        self._add_context(outer, (key,), is_array=in_array)
        inner = self._context
        table: dict[str, Any] = {}
        while True:
            check_time()
            char = self._skip_all()
            if char == ",":
                self._fail("unexpected comma")
            if char == "}":
                break
            self._read_pair(table)
            self._context = inner
            char = self._skip_all()
            if char not in (",", "}") or not char:
                found = f"'{char}'" if char else "end of file"
                self._fail(
                    f"expected a comma or an inline table terminator '}}', but got {found} instead"
                )
            if char == "}":
                break
            self._at += 1
        self._at += 1
        self._depth -= 1
        self._context, self._key = outer, outer_key
        return table

    # --- strings

    def _read_string(self, quote: str) -> str:
        if self._text.startswith(quote * 3, self._at):
            self._at += 3
            return self._read_long_string(quote)
        self._at += 1
        return self._read_basic_string() if quote == '"' else self._read_literal_string()

    def _read_literal_string(self) -> str:
        start = self._at
        self._at = _LITERAL.match(self._text, start).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
        self._check_end("'")
        self._at += 1
        return self._text[start : self._at - 1]

    def _check_end(self, quote: str) -> None:
        char = self._peek()
        if not char:
            self._fail(f"unexpected EOF; expected {_quote_name(quote)}")
        if char in "\r\n":
            self._fail("strings cannot contain newlines")

    def _read_basic_string(self) -> str:
        start = self._at
        while True:
            self._at = _BASIC.match(self._text, self._at).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
            self._check_end('"')
            if self._text[self._at] == '"':
                break
            self._check_escape(start)
        self._at += 1
        return self._unescaped(self._text[start : self._at - 1])

    def _check_escape(self, start: int) -> None:
        """Skip a backslash and the characters that it escapes."""
        check_time()
        self._at += 1
        char = self._peek()
        if char in _HEX:
            size, name = _HEX[char]
            for _ in range(size):
                self._at += 1
                if self._peek() not in set("0123456789abcdefABCDEF"):
                    found = quoted(self._text[start : self._at + 1])
                    self._fail(
                        f"expected {name} hexadecimal digits after '\\{char}', but got {found} instead"
                    )
        elif char not in _ESCAPES and char not in (" ", "\t"):
            self._fail(f"invalid escape in string '\\{char or chr(0)}'")
        self._at += 1

    def _read_long_string(self, quote: str) -> str:
        """Read a string in triple quotes. It may end with up to two more quotes."""
        start = self._at
        pattern = _BASIC if quote == '"' else _LITERAL
        while True:
            check_time()
            self._at = pattern.match(self._text, self._at).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
            char = self._peek()
            if not char:
                self._fail(f"unexpected EOF; expected {_quote_name(quote * 3)}")
            if char == quote:
                size = self._count_quotes(quote)
                if size > 5:
                    self._fail(f"unexpected {_quote_name(quote * 6)}")
                self._at += size
                if size > 2:
                    return self._finish_long(self._text[start : self._at - 3], quote)
            elif char == "\\" and quote == '"':
                if self._text[self._at + 1 : self._at + 2] in ("\n", "\r"):
                    self._at += 2
                else:
                    self._check_escape(start)
            else:
                self._at += 1

    def _count_quotes(self, quote: str) -> int:
        end = self._at
        while self._text.startswith(quote, end):
            end += 1
        return end - self._at

    def _finish_long(self, body: str, quote: str) -> str:
        body = body.removeprefix("\n") if body.startswith("\n") else body.removeprefix("\r\n")
        if quote == "'":
            return body
        return self._unescaped(
            _LINE_END.sub(lambda match: match.group() if match.group() == "\\\\" else "", body)
        )

    def _unescaped(self, body: str) -> str:
        return _ESCAPE.sub(self._unescape, body) if "\\" in body else body

    def _unescape(self, match: "re.Match[str]") -> str:
        check_time()
        digits = match[1] or match[2] or match[3]
        if digits is None:
            if match[4] in " \t":
                self._fail(f"invalid escape: '\\{match[4]}'")
            return _ESCAPES[match[4]]
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            self._fail(f"Escaped character '\\u{digits}' is not valid UTF-8.")
        return chr(code)

    # --- numbers and times

    def _take(self, pattern: "re.Pattern[str]", start: int) -> str:
        """Return the text from `start` to the end of the pattern's match at the current position."""
        self._at = pattern.match(self._text, self._at).end()  # type: ignore[union-attr]  # the pattern also matches an empty string
        self._peek()
        return self._text[start : self._at]

    def _read_number_or_date(self, first: str) -> Any:
        start = self._at
        self._at += 1
        char = self._peek()
        if first == "0" and char in _BASES:
            return self._read_based_integer(start, char)
        if first != "0" or char.isdigit():
            self._take(_DIGITS, start)
            char = self._peek()
            if char in ("-", ":"):
                return self._parse_datetime(self._take(_DATE, start).strip())
        return self._read_decimal(start)

    def _read_based_integer(self, start: int, base: str) -> Int64:
        pattern, digits, name = _BASES[base]
        self._at += 1
        char = self._peek()
        if char not in set(digits):
            self._fail(f"not {name} number: '{self._text[start : self._at]}{char or chr(0)}'")
        return self._parse_integer(self._take(pattern, start))

    def _read_decimal(self, start: int) -> Any:
        """Read the rest of an integer, or of a float if a point or an exponent follows."""
        text = (
            self._take(_DECIMAL, start)
            if self._peek() in ("_", *"0123456789")
            else self._text[start : self._at]
        )
        if self._peek() in (".", "e", "E"):
            return self._parse_float(self._take(_FLOAT, start))
        return self._parse_integer(text)

    def _read_signed(self) -> Any:
        start = self._at
        self._at += 1
        char = self._peek()
        if char in ("i", "n"):
            word = self._text[start : start + 4]
            if word not in _SPECIAL:
                self._fail(f"invalid float: '{self._text[start : self._at + 1]}'")
            self._at = start + 4
            return float(word)
        if char == ".":
            self._fail("floats must start with a digit, not '.'")
        following = self._text[self._at + 1 : self._at + 2]
        if char == "0" and following in ("b", "o", "x"):
            self._fail(
                f"cannot use sign with non-decimal numbers: '{self._text[start : self._at + 1]}{following}'"
            )
        if not "0" <= char <= "9":
            self._unexpected("expected a digit but got", char, "", counts=True)
        return self._read_decimal(start)

    def _parse_integer(self, text: str) -> Int64:
        if not _has_valid_underscores(text):
            self._fail(f"Invalid integer {quoted(text)}: underscores must be surrounded by digits")
        if _has_leading_zero(text):
            self._fail(f"Invalid integer {quoted(text)}: cannot have leading zeroes")
        number, error = parse_int(text, 0)
        if error:
            self._fail(f"{text} is out of range for int64")
        return Int64(number)

    def _parse_float(self, text: str) -> float:
        parts = [part for part in re.split("[.eE]", text) if part]
        # The sign of an exponent is part of the last element. No underscore may follow it.
        if not all(map(_has_valid_underscores, parts)):
            self._fail(f"Invalid float {quoted(text)}: underscores must be surrounded by digits")
        if parts and _has_leading_zero(parts[0]):
            self._fail(f"Invalid float {quoted(text)}: cannot have leading zeroes")
        if re.search(r"\.(?![0-9])", text) is not None:
            self._fail(f"Invalid float {quoted(text)}: '.' must be followed by one or more digits")
        number = parse_float(text.replace("_", ""))
        if number is not None:
            return number
        if re.fullmatch(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?", text.replace("_", "")) is not None:
            self._fail(f"{text} is out of range for float64")
        return self._fail(f"Invalid float value: {quoted(text)}")

    def _parse_datetime(self, text: str) -> Time:
        text = text.replace("z", "Z").replace("t", "T").replace(" ", "T")
        for layout, zone in _TIMES:
            try:
                time = parse_time(layout, text, zone)
            except GoError:
                continue
            if _lacks_leading_zero(text, layout):
                break
            return time
        return self._fail(f"invalid datetime: {quoted(text)}")


def _dotted(key: Key) -> str:
    from kmanifest.engines.helm.formats.toml_writer import dotted  # for errors only

    return dotted(key)


def _quote_char(char: str) -> str:
    from kmanifest.engines.helm.gotemplate.quoting import quoted_char  # for errors only

    return quoted_char(ord(char) if char else 0)


def _quote_name(quotes: str) -> str:
    return f"'{quotes}'" if quotes[0] == '"' else f'"{quotes}"'


def _has_valid_underscores(text: str) -> bool:
    """Return whether each underscore is between digits.

    Source: parse.go, numUnderscoresOK.
    """
    if text in _SPECIAL:
        return True
    is_after_digit = False
    for char in checked(text):
        if char == "_" and not is_after_digit:
            return False
        is_after_digit = char in "0123456789abcdefABCDEF"
    return is_after_digit


def _has_leading_zero(text: str) -> bool:
    if len(text) > 1 and text[0] == "0" and text[1] not in "box":
        return True
    return len(text) > 2 and text[0] in "+-" and text[1] == "0"


def _lacks_leading_zero(text: str, layout: str) -> bool:
    """Return whether a number has fewer digits than the layout, which Go's time parser accepts."""
    for index, char in enumerate(layout):
        if char in ".Z":
            return False
        if not char.isdigit() and text[index : index + 1] != char:
            return True
    return False
