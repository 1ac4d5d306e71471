"""Values as text, exactly as go-jsonnet v0.22.0 prints them: JSON, and streams of JSON documents.

A value consists of None, bool, int, float, str, list and dict. Source: go-jsonnet interpreter.go, serializeJSON; util.go,
unparseNumber and unparseString.
"""

from collections.abc import Iterator

from kmanifest.startup.typing import Any, Final

_INDENT: Final = "   "
_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\b"): "\\b",
    ord("\f"): "\\f",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


class NotPrintableError(Exception):
    """A value has the wrong type for the output. The message is go-jsonnet's."""


def print_number(number: float) -> str:
    """Return a number in full digits if it is whole, otherwise with 17 significant digits."""
    if number == number // 1:
        return f"{number:.0f}"
    return f"{number:.17g}"


def print_string(text: str) -> str:
    """Return a string in double quotes, with go-jsonnet's escapes."""
    return f'"{text.translate(_ESCAPES)}"'


def print_scalar(value: Any) -> str:
    """Return null, a bool, a number or a string as JSON."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return print_string(value)
    return print_number(value)


def print_json(value: Any) -> str:
    """Return a value as JSON over several lines, without a line feed at the end."""
    return print_json_ex(value, _INDENT, empty_list="[ ]", empty_object="{ }")


def print_json_ex(
    value: Any,
    indent: str,
    newline: str = "\n",
    separator: str = ": ",
    *,
    empty_list: str = "",
    empty_object: str = "",
) -> str:
    """Return a value as JSON with the given layout. Keys are sorted by code point.

    Without `empty_list` and `empty_object`, an empty list is printed as `std.manifestJsonEx` does.
    """
    empty_list = empty_list or f"[{newline}{newline}" + "]"
    empty_object = empty_object or "{" + f"{newline}{newline}" + "}"
    out: list[str] = []

    def write(value: Any, current: str) -> None:
        inner = current + indent
        if isinstance(value, dict):
            if not value:
                out.append(
                    empty_object
                    if empty_object == "{ }"
                    else _with_indent(empty_object, newline, current)
                )
                return
            out.append("{")
            comma = newline
            for key in sorted(value):
                out.append(f"{comma}{inner}{print_string(key)}{separator}")
                write(value[key], inner)
                comma = f",{newline}"
            out.append(f"{newline}{current}}}")
        elif isinstance(value, list):
            if not value:
                out.append(
                    empty_list
                    if empty_list == "[ ]"
                    else _with_indent(empty_list, newline, current)
                )
                return
            out.append("[")
            comma = newline
            for item in value:
                out.append(f"{comma}{inner}")
                write(item, inner)
                comma = f",{newline}"
            out.append(f"{newline}{current}]")
        else:
            out.append(print_scalar(value))

    write(value, "")
    return "".join(out)


def _with_indent(empty: str, newline: str, current: str) -> str:
    return f"{empty[0]}{newline}{newline}{current}{empty[-1]}"


def print_stream(value: Any) -> str:
    """Return a list as `jsonnet -y` prints it. Raises NotPrintableError for any other value."""
    if not isinstance(value, list):
        raise NotPrintableError(
            f"stream mode: top-level object was a {type_name(value)}, "
            "should be an array whose elements hold the JSON for each document in the stream."
        )
    documents = "".join(f"---\n{print_json(item)}\n" for item in value)
    return f"{documents}...\n" if value else ""


def type_name(value: Any) -> str:
    """Return Jsonnet's name of a value's type."""
    if value is None:
        return "null"
    if value is ...:
        return "function"
    names: dict[type, str] = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return names[value.__class__]


def type_of_json(text: str) -> str:
    """Return Jsonnet's name of the type of a value in JSON."""
    names = {
        "n": "null",
        "t": "boolean",
        "f": "boolean",
        '"': "string",
        "[": "array",
        "{": "object",
    }
    return names.get(text[:1], "number")


def as_string(text: str) -> str:
    """Return the string of a result in JSON. Raises NotPrintableError for any other value."""
    import json  # most results are printed by the process that evaluates

    found = type_of_json(text)
    if found != "string":
        raise NotPrintableError(f"expected string result, got: {found}")
    string: str = json.loads(text)
    return string


def print_files(text: str, newline: str, *, is_string: bool) -> dict[str, str]:
    """Return the content of each file that `jsonnet -m` writes for a result of `print_json`.

    Raises NotPrintableError for a value of another type.
    """
    found = type_of_json(text)
    if found != "object":
        raise NotPrintableError(
            f"multi mode: top-level object was a {found}, "
            "should be an object whose keys are filenames and values hold the JSON for that file."
        )
    files: dict[str, str] = {}
    for name, item in _split_fields(text):
        if is_string and not item.startswith('"'):
            raise NotPrintableError(
                f"multi mode: top-level object's key {name} has a value of type {type_of_json(item)}, should be a string"
            )
        files[name] = (as_string(item) if is_string else item) + newline
    return files


def _split_fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names of an object's fields, and their values as `print_json` prints them alone.

    The text is that of `print_json`. A string in it contains no line feed, so the layout shows where a field begins.
    """
    start, end = f'{{\n{_INDENT}"', "\n}"
    if not text.startswith(start):
        return
    for field in text[len(start) : -len(end)].split(f',\n{_INDENT}"'):
        colon = _end_of_string(field)
        yield (
            as_string(f'"{field[:colon]}"'),
            field[colon + len('": ') :].replace(f"\n{_INDENT}", "\n"),
        )


def _end_of_string(text: str) -> int:
    """Return the index of the quote that ends a string. The quote at its start is not in the text."""
    end = text.index('"')
    while (end - len(text[:end].rstrip("\\"))) % 2:
        end = text.index('"', end + 1)
    return end
