"""Print a mapping as TOML: its scalars and lists first, then a section for each mapping, level by level."""

from collections.abc import Callable, Mapping

from kmanifest.startup.typing import Any


def dumps(value: Any, count: Callable[[int], None], *, is_spaced: bool = False) -> str:
    """Return a mapping as TOML. `count` receives the characters of each piece before it is created. With `is_spaced`, lists look as the package toml prints them: `[ 1, 2,]`."""
    if not isinstance(value, Mapping):
        raise TypeError("to_toml needs a mapping")
    text, sections = _own_lines(value, "", count, is_spaced=is_spaced)
    while sections:
        inner: dict[str, Any] = {}
        for name, section in sections.items():
            lines, children = _own_lines(section, f"{name}.", count, is_spaced=is_spaced)
            if lines or not children:
                separator = "\n" if text and not text.endswith("\n\n") else ""
                count(len(name) + len(lines) + 4)
                text += f"{separator}[{name}]\n{lines}"
            inner |= children
        sections = inner
    return text


def _own_lines(
    mapping: Mapping[str, Any], prefix: str, count: Callable[[int], None], *, is_spaced: bool
) -> tuple[str, dict[str, Any]]:
    """Return the lines of a mapping's scalars, lists and lists of mappings, and its mappings by their full names."""
    lines, tables, sections = "", "", {}
    for key, value in mapping.items():
        name = _key(key)
        if value is None:
            continue
        if isinstance(value, Mapping):
            count(len(prefix) + len(name))
            sections[prefix + name] = value
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for item in value:
                tables += _table(item, prefix + name, count, is_spaced=is_spaced)
        else:
            lines += f"{name} = {_value(value, is_spaced=is_spaced)}\n"
    return lines + tables, sections


def _table(
    item: Mapping[str, Any], name: str, count: Callable[[int], None], *, is_spaced: bool
) -> str:
    count(2 * len(name))
    lines, sections = _own_lines(item, f"{name}.", count, is_spaced=is_spaced)
    text = f"[[{name}]]\n{lines}\n"
    for section_name, section in sections.items():
        inner, more = _own_lines(section, f"{section_name}.", count, is_spaced=is_spaced)
        text += f"[{section_name}]\n{inner}\n"
        for more_name, value in more.items():
            text += f"[{more_name}]\n{_own_lines(value, f'{more_name}.', count, is_spaced=is_spaced)[0]}\n"
    return text


def _key(key: Any) -> str:
    text = str(key)
    is_bare = text and all(char.isascii() and (char.isalnum() or char in "-_") for char in text)
    return text if is_bare else _string(text)


def _value(value: Any, *, is_spaced: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        items = [_value(item, is_spaced=is_spaced) for item in value if item is not None]
        return (
            f"[{''.join(f' {item},' for item in items)}]" if is_spaced else f"[{', '.join(items)}]"
        )
    if isinstance(value, Mapping):
        fields = (
            f"{_key(key)} = {_value(item, is_spaced=is_spaced)}" for key, item in value.items()
        )
        return f"{{ {', '.join(fields)} }}" if value else "{}"
    return value.isoformat() if hasattr(value, "isoformat") else _string(str(value))


def _string(text: str) -> str:
    escapes = {
        "\\": "\\\\",
        '"': '\\"',
        "\b": "\\b",
        "\t": "\\t",
        "\n": "\\n",
        "\f": "\\f",
        "\r": "\\r",
    }
    chars = (
        escapes.get(char) or (f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char)
        for char in text
    )
    return f'"{"".join(chars)}"'
