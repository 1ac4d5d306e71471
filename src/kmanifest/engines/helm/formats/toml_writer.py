"""Write Go values as TOML, byte for byte as BurntSushi's encoder does.

Values come before tables. Each level of tables is indented by two more columns.

Source: github.com/BurntSushi/toml v1.6.0 encode.go and meta.go, Key.
"""

import re
from functools import partial

from kmanifest.engines.helm.gotemplate.gofmt import float_text, kind_name, type_name
from kmanifest.engines.helm.gotemplate.values import GoError, GoMap, GoObject, Value, is_nil
from kmanifest.engines.helm.sprig.durations import Duration
from kmanifest.engines.helm.sprig.gotypes import check_text
from kmanifest.engines.helm.sprig.json_writer import sorted_keys
from kmanifest.model.deadline import checked, in_slices
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final, Mapping

_BARE: Final = re.compile("[A-Za-z0-9_-]+")
_ESCAPED: Final = re.compile('["\\\\\x00-\x1f\x7f]')
_SHORT: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_NO_TOP: Final = "toml: top-level values must be Go maps or structs"
_NIL_ITEM: Final = "toml: cannot encode array with nil element"
_TIME_FORMAT: Final = "2006-01-02T15:04:05.999999999Z07:00"
_MAX_DEPTH: Final = 100
"""Each level takes several frames of Python's stack. No table of a chart is a tenth as deep."""

Key = tuple[str, ...]


class TomlError(Exception):
    """A value that can't be written, or an invalid text, with BurntSushi's message."""


def encode(value: Value, limits: Limits) -> str:
    """Return the document of a value. A value that is not a table is written alone. Raises TomlError or LimitError."""
    if value is None:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    return _Writer(limits).write(value)


class _Writer:
    __slots__ = ("_depth", "_limits", "_out", "_size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._out: list[str] = []
        self._size = 0
        self._depth = 0

    def write(self, value: Value) -> str:
        self._encode((), value)
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._size += len(text)
        check_text(self._size, self._limits)
        self._out.append(text)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise LimitError(f"a value deeper than {_MAX_DEPTH} levels in TOML")

    def _new_line(self) -> None:
        if self._out:
            self._put("\n")

    def _encode(self, key: Key, value: Value) -> None:
        if value is None or (is_nil(value) and not isinstance(value, list)):
            return
        if isinstance(value, list) and _is_table_list(value):
            self._write_tables(key, value)
        elif _is_table(value):
            self._write_table(key, value)
        else:
            self._write_entry(key, value, inline=False)

    def _write_tables(self, key: Key, value: list[Value]) -> None:
        if not key:
            raise TomlError(_NO_TOP)
        for item in checked(value):
            if is_nil(item):
                continue
            self._new_line()
            self._put(f"{_indent(key)}[[{dotted(key)}]]")
            self._new_line()
            self._write_fields(key, item, inline=False)

    def _write_table(self, key: Key, value: Value) -> None:
        if len(key) == 1:
            self._new_line()
        if key:
            self._put(f"{_indent(key)}[{dotted(key)}]")
            self._new_line()
        self._write_fields(key, value, inline=False)

    def _write_fields(self, key: Key, value: Value, *, inline: bool) -> None:
        """Write the values of a table, then its tables. An inline table is written on one line."""
        self._enter()
        fields = _fields_of(value)
        tables = [
            name for name in fields if _is_table(fields[name]) or _is_table_list(fields[name])
        ]
        table_names = set(tables)
        values = [name for name in fields if name not in table_names]
        if not inline:
            for name in checked((*values, *tables)):
                if not is_nil(fields[name]) and fields[name] is not None:
                    self._encode((*key, name), fields[name])
        else:
            self._write_inline(fields, values, tables, _field_indexes(value))
        self._depth -= 1

    def _write_inline(
        self,
        fields: Mapping[str, Value],
        values: list[str],
        tables: list[str],
        indexes: Mapping[str, int] | None,
    ) -> None:
        """Write the fields on one line.

        No comma follows the last entry of a map. In a struct none follows the field whose index in the Go type is the
        number of written fields less one, which need not be the last one. `indexes` are None for a map.
        """
        self._put("{")
        for names, is_followed in ((values, bool(tables)), (tables, False)):
            for index, name in enumerate(checked(names)):
                if fields[name] is None or is_nil(fields[name]):
                    continue
                self._write_entry((name,), fields[name], inline=True)
                if indexes is not None:
                    is_last = indexes[name] == len(fields) - 1
                else:
                    is_last = not is_followed and index == len(names) - 1
                if not is_last:
                    self._put(", ")
        self._put("}")

    def _write_entry(self, key: Key, value: Value, *, inline: bool) -> None:
        if not key:
            self._write_element(value)
            return
        self._put(f"{_indent(key)}{_key_part(key[-1])} = ")
        self._write_element(value)
        if not inline:
            self._new_line()

    def _write_element(self, value: Value) -> None:
        """Write a value in a list or after a key."""
        if isinstance(value, str):
            self._put('"' + _escaped(value) + '"')
        elif value is True or value is False:
            self._put("true" if value else "false")
        elif isinstance(value, int):
            text = f'"{value.text()}"' if isinstance(value, Duration) else int.__repr__(value)
            self._put(text)
        elif isinstance(value, float):
            self._put(_float_text(value))
        elif isinstance(value, list | bytes):
            self._write_list(list(value))
        elif _is_table(value):
            self._write_fields((), value, inline=True)
        elif isinstance(value, GoObject):
            text = value.text() or ""
            is_time = type_name(value) == "time.Time"
            self._put(_time_text(value) if is_time else '"' + _escaped(text) + '"')
        else:
            raise TomlError(f"unexpected type: {kind_name(value)}")

    def _write_list(self, value: list[Value]) -> None:
        self._enter()
        self._put("[")
        for index, item in enumerate(checked(value)):
            if index:
                self._put(", ")
            if item is None:
                raise TomlError(_NIL_ITEM)
            self._write_element(item)
        self._put("]")
        self._depth -= 1


def _time_text(value: Any) -> str:
    return str(value.format(_TIME_FORMAT))


def _is_table(value: Value) -> bool:
    if isinstance(value, dict | GoMap):
        return True
    if not isinstance(value, GoObject) or isinstance(value, list):
        return False
    # An object that marshals itself to a JSON string also marshals itself to text in TOML.
    json_method = getattr(value, "json", None)
    return value.kind in ("struct", "ptr") and (
        json_method is None or isinstance(json_method(), Mapping)
    )


def _is_table_list(value: Value, depth: int = 0) -> bool:
    """Return whether a list contains only tables. Raises TomlError for a nil item at any depth.

    An empty list is not a list of tables.
    """
    if not isinstance(value, list) or not value:
        return False
    if depth > _MAX_DEPTH:
        raise LimitError(f"a list deeper than {_MAX_DEPTH} levels in TOML")
    holds_tables = True
    for item in checked(value):
        if item is None or is_nil(item):
            raise TomlError(_NIL_ITEM)
        holds_tables = holds_tables and _is_table(item)
        _is_table_list(item, depth + 1)
    return holds_tables


def _fields_of(value: Any) -> Mapping[str, Value]:
    """Return the fields of a table by name. Those of a map are sorted by name."""
    if isinstance(value, GoMap):
        value = value.entries
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TomlError("toml: cannot encode a map with non-string key type")
        return {key: value[key] for key in sorted_keys(value)}
    # The fields of an embedded struct are fields of the struct around it.
    fields: Mapping[str, Value] = getattr(value, "promoted_fields", value.fields)()
    return fields


def _field_indexes(value: Any) -> Mapping[str, int] | None:
    """Return the index of each field in the Go type of a struct; None for a map."""
    if isinstance(value, dict | GoMap):
        return None
    indexes: dict[str, int] = {}
    for index, (name, field) in enumerate(value.printed_fields().items()):
        is_embedded = name not in _fields_of(value)
        indexes.update(
            dict.fromkeys(
                field.fields() if is_embedded and isinstance(field, GoObject) else (name,), index
            )
        )
    return indexes


def _indent(key: Key) -> str:
    return "  " * (len(key) - 1)


def dotted(key: Key) -> str:
    """Return a dotted key. Parts are quoted if needed."""
    return ".".join(map(_key_part, key))


def _key_part(name: str) -> str:
    return name if _BARE.fullmatch(name) is not None else '"' + _escaped(name) + '"'


def _escaped(text: str) -> str:
    return in_slices(partial(_ESCAPED.sub, _escape), text)


def _escape(match: "re.Match[str]") -> str:
    char = match.group()
    return _SHORT.get(char) or f"\\u{ord(char):04x}"


def _float_text(value: float) -> str:
    text = float_text(value, "g", -1)
    if text[-1] in "fN":
        return {"+Inf": "inf", "-Inf": "-inf"}.get(text, "nan")
    return text if "e" in text or "." in text else text + ".0"
