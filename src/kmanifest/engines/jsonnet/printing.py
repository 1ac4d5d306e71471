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


def type_of_json(content: bytes) -> str:
    """Return Jsonnet's name of the type of a value in JSON."""
    names = {
        b"n": "null",
        b"t": "boolean",
        b"f": "boolean",
        b'"': "string",
        b"[": "array",
        b"{": "object",
    }
    return names.get(content[:1], "number")


def as_string(content: bytes) -> str:
    """Return the string of a result in JSON. Raises NotPrintableError for any other value."""
    import json  # most results are printed by the process that evaluates

    found = type_of_json(content)
    if found != "string":
        raise NotPrintableError(f"expected string result, got: {found}")
    string: str = json.loads(content.decode("utf-8", "surrogatepass"))
    return string


def print_files(content: bytes, newline: bytes, *, is_string: bool) -> dict[str, bytes]:
    """Return the content of each file that `jsonnet -m` writes for a result of `print_json`, with or without a line feed.

    Raises NotPrintableError for a value of another type.
    """
    found = type_of_json(content)
    if found != "object":
        raise NotPrintableError(
            f"multi mode: top-level object was a {found}, "
            "should be an object whose keys are filenames and values hold the JSON for that file."
        )
    files: dict[str, bytes] = {}
    for name, item in _split_fields(content):
        if is_string and not item.startswith(b'"'):
            raise NotPrintableError(
                f"multi mode: top-level object's key {name} has a value of type {type_of_json(item)}, should be a string"
            )
        raw = as_string(item).encode("utf-8", "surrogateescape") if is_string else item
        files[name] = raw + newline
    return files


def _split_fields(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names of an object's fields, and their values as `print_json` prints them alone.

    The content is that of `print_json`. A string in it contains no line feed, so the layout shows where a field begins.
    """
    indent = f"\n{_INDENT}".encode()
    start, end = b"{" + indent + b'"', b"\n}"
    if not content.startswith(start):
        return
    for field in content[len(start) : content.rindex(end)].split(b"," + indent + b'"'):
        colon = _end_of_string(field)
        name = field[:colon]
        yield (
            as_string(b'"' + name + b'"')
            if b"\\" in name
            else name.decode("utf-8", "surrogatepass"),
            field[colon + len(b'": ') :].replace(indent, b"\n"),
        )


def _end_of_string(content: bytes) -> int:
    """Return the index of the quote that ends a string. The quote at its start is not in the content."""
    end = content.index(b'"')
    while (end - len(content[:end].rstrip(b"\\"))) % 2:
        end = content.index(b'"', end + 1)
    return end
