"""The functions of `std` that print other formats, over plain values.

Source: go-jsonnet v0.22.0 builtins.go.
"""

from collections.abc import Sequence

from kmanifest.engines.jsonnet.printing import print_number, print_scalar, print_string, type_name
from kmanifest.startup.typing import Any, Final

_INDENT: Final = "  "
_MAX_EXACT: Final = 2**53  # below it, whole numbers are exact, so all digits are the shortest ones
_KEY_PUNCTUATION: Final = str.maketrans("", "", "-_")


class ManifestError(Exception):
    """A value can't be printed or a text can't be parsed. The message is that of go-jsonnet."""


def shortest_number(number: float) -> str:
    """Return a number in the fewest digits that read back as the same, without an exponent."""
    number = float(number)
    if number == number // 1 and abs(number) < _MAX_EXACT:
        return f"{number:.0f}"
    from decimal import Decimal  # few numbers have decimals or are as large

    return format(Decimal(repr(number)), "f")


def manifest_yaml_doc(value: Any, indent_lists: Any, quote_keys: Any) -> str:
    """Return what `std.manifestYamlDoc` prints."""
    for flag in (indent_lists, quote_keys):
        if not isinstance(flag, bool):
            raise ManifestError(f"Unexpected type {type_name(flag)}, expected boolean")
    out: list[str] = []
    _write_yaml(out, value, "", _INDENT if indent_lists else "", quote_keys=quote_keys)
    return "".join(out)


def _write_yaml(
    out: list[str], value: Any, indent: str, list_indent: str, *, quote_keys: bool
) -> None:
    if isinstance(value, list) and value:
        _write_yaml_list(out, value, indent, list_indent, quote_keys=quote_keys)
    elif isinstance(value, dict) and value:
        _write_yaml_object(out, value, indent, list_indent, quote_keys=quote_keys)
    elif isinstance(value, list | dict):
        out.append("[]" if isinstance(value, list) else "{}")
    elif isinstance(value, str):
        out.append(_yaml_string(value, indent))
    elif value is not ...:  # go-jsonnet prints nothing for a function
        out.append(
            print_scalar(value) if isinstance(value, bool | None) else shortest_number(value)
        )


def _yaml_string(text: str, indent: str) -> str:
    if not text.endswith("\n"):
        return print_string(text)
    lines = text.removesuffix("\n").split("\n")
    return "|" + "".join(f"\n{indent}{_INDENT}{line}" for line in lines)


def _write_yaml_list(
    out: list[str], items: Sequence[Any], indent: str, list_indent: str, *, quote_keys: bool
) -> None:
    for index, item in enumerate(items):
        if index:
            out.append(f"\n{indent}")
        is_list = isinstance(item, list) and bool(item)
        out.append(f"-\n{indent}{_INDENT}" if is_list else "- ")
        inner = indent + _INDENT if isinstance(item, list | dict) else indent
        _write_yaml(out, item, inner, list_indent, quote_keys=quote_keys)


def _write_yaml_object(
    out: list[str], value: dict[str, Any], indent: str, list_indent: str, *, quote_keys: bool
) -> None:
    for index, key in enumerate(sorted(value)):
        if index:
            out.append(f"\n{indent}")
        item = value[key]
        is_bare = not quote_keys and _is_bare_yaml_key(key)
        out.append(f"{key if is_bare else print_string(key)}:")
        inner = indent
        if isinstance(item, list) and item:
            inner = indent + list_indent
            out.append(f"\n{inner}")
        elif isinstance(item, dict) and item:
            inner = indent + _INDENT
            out.append(f"\n{inner}")
        else:
            out.append(" ")
        _write_yaml(out, item, inner, list_indent, quote_keys=quote_keys)


def _is_bare_yaml_key(key: str) -> bool:
    from kmanifest.engines.jsonnet.yaml_keys import (
        is_bare_yaml_key,  # most programs quote all keys
    )

    return is_bare_yaml_key(key)


def manifest_toml_ex(value: Any, indent: Any) -> str:
    """Return what `std.manifestTomlEx` prints."""
    if not isinstance(indent, str):
        raise ManifestError(f"Unexpected type {type_name(indent)}, expected string")
    if not isinstance(value, dict):
        raise ManifestError(f"TOML body must be an object. Got {type_name(value)}")
    return _toml_table(value, indent, (), (), "")


def _toml_table(
    value: dict[str, Any],
    indent: str,
    path: tuple[str, ...],
    indexed: tuple[str, ...],
    current: str,
) -> str:
    lines: list[str] = []
    sections = [""]
    for key in sorted(value):
        item, inner, inner_indexed = value[key], (*path, key), (*indexed, key)
        if isinstance(item, dict):
            sections.append(_toml_section(item, indent, inner, inner_indexed, current, "[", "]"))
        elif isinstance(item, list) and item and all(isinstance(each, dict) for each in item):
            tables = [
                _toml_section(
                    each, indent, inner, (*inner_indexed, str(index)), current, "[[", "]]"
                )
                for index, each in enumerate(item)
            ]
            sections.append("\n\n".join(tables))
        else:
            text = f"{_toml_key(key)} = {_toml_value(item, indent, inner_indexed, '')}"
            lines += text.split("\n")
    start = current if lines else ""
    return start + f"\n{current}".join(lines) + "\n\n".join(sections)


def _toml_section(
    value: dict[str, Any],
    indent: str,
    path: tuple[str, ...],
    indexed: tuple[str, ...],
    current: str,
    opening: str,
    closing: str,
) -> str:
    title = f"{current}{opening}{'.'.join(map(_toml_key, path))}{closing}"
    table = _toml_table(value, indent, path, indexed, current + indent)
    return f"{title}\n{table}" if value else title + table


def _toml_key(key: str) -> str:
    if not key:
        return "''"
    rest = key.translate(_KEY_PUNCTUATION)
    is_bare = key.isascii() and (not rest or rest.isalnum())
    return key if is_bare else print_string(key)


def _toml_value(value: Any, indent: str, indexed: tuple[str, ...], inline: str) -> str:
    """Return a value. `inline` is not empty inside another value."""
    if value is None or value is ...:
        what = '"null"' if value is None else "function"
        raise ManifestError(f"Tried to manifest {what} at [{' '.join(indexed)}]")
    if isinstance(value, dict):
        fields = [
            f"{_toml_key(key)} = {_toml_value(value[key], indent, (*indexed, key), 'inline')}"
            for key in sorted(value)
        ]
        return f"{{ {', '.join(fields)} }}"
    if not isinstance(value, list):
        return print_scalar(value)
    if not value:
        return "[]"
    separator, start = (" ", "") if inline else ("\n", indent)
    items = [
        start + _toml_value(item, indent, (*indexed, str(index)), "inline")
        for index, item in enumerate(value)
    ]
    return f"[{separator}{f',{separator}'.join(items)}{separator}]"


def manifest_python(value: Any) -> str:
    """Return what `std.manifestPython` prints."""
    if isinstance(value, dict):
        fields = [f"{print_string(key)}: {manifest_python(value[key])}" for key in sorted(value)]
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(manifest_python, value))}]"
    if value is None or isinstance(value, bool):
        return str(value)
    if value is ...:
        raise ManifestError("cannot manifest function")
    return print_scalar(value)


def to_string(value: Any) -> str:
    """Return what `std.toString` prints."""
    if isinstance(value, str):
        return value
    out: list[str] = []
    _write_compact(out, value)
    return "".join(out)


def _write_compact(out: list[str], value: Any) -> None:
    if isinstance(value, dict):
        out.append("{")
        separator = ""
        for key in sorted(value):
            out.append(f"{separator}{print_string(key)}: ")
            _write_compact(out, value[key])
            separator = ", "
        out.append("}" if value else " }")
    elif isinstance(value, list):
        out.append("[")
        for index, item in enumerate(value):
            if index:
                out.append(", ")
            _write_compact(out, item)
        out.append("]" if value else " ]")
    elif value is ...:
        raise ManifestError("couldn't manifest function as JSON")
    else:
        out.append(print_number(value) if isinstance(value, float) else print_scalar(value))
