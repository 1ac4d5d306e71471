"""The content hash that kustomize appends to the name of a generated object, and JSON as Go prints it, for the hash."""

from kmanifest.model.deadline import checked
from kmanifest.model.errors import SourceError
from kmanifest.model.values import IntText, scalar_text
from kmanifest.startup.hashlib import digest
from kmanifest.startup.typing import Any, Final, Mapping

_LENGTH: Final = 10
_LETTERS: Final = str.maketrans("013ae", "ghkmt")
_MAP_FIELDS: Final = {"ConfigMap": "binaryData", "Secret": "stringData"}

_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in (*range(32), *map(ord, "<>&\u2028\u2029"))},
    **{ord(char): f"\\{name}" for char, name in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)},
}


def name_hash(body: Mapping[str, Any]) -> str:
    """Return the ten-character suffix that kustomize gives to an object with this content, whatever its name.

    The hash covers `data` and `binaryData` of a ConfigMap; `type`, `data` and `stringData` of a Secret; and the whole
    body of any other object. For those others kustomize also hashes the position of nodes in their file, which is not
    possible here.
    Source: kustomize v5.8.2 api/hasher/hasher.go, Hash and encode.
    """
    kind = body.get("kind")
    if kind not in _MAP_FIELDS:
        return encode(json_text(body, as_float=True))
    content = {"kind": kind, "name": "", "data": _content(body, "data")}
    if kind == "Secret":
        content["type"] = _content(body, "type")
    second_field = _MAP_FIELDS[kind]
    if isinstance(body.get(second_field), Mapping | list):
        content[second_field] = _content(body, second_field)
    return encode(json_text(content, as_float=True))


def encode(text: str) -> str:
    """Return the first ten digits of the SHA-256 of `text`, with some digits replaced so that they can't form words.

    Source: kustomize v5.8.2 api/hasher/hasher.go, encode.
    """
    return digest("sha256", text.encode("utf-8", "replace")).hex()[:_LENGTH].translate(_LETTERS)


def _content(body: Mapping[str, Any], field: str) -> Any:
    """Return a field as the hash sees it: the text of a scalar, an empty string if absent, null for a list."""
    value = body.get(field)
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return None
    return "" if value is None else scalar_text(value)


def json_text(value: Any, *, as_float: bool = False, indent: int = 0) -> str:
    """Return `value` as Go's encoding/json prints it: keys sorted by their bytes; `<`, `>` and `&` escaped.

    `as_float` prints every number as a float, because Go reads JSON numbers as floats. `indent` is the number of
    spaces for each level; 0 prints one line.
    Raises SourceError for a number that JSON does not have.
    """
    parts: list[str] = []
    _write(value, parts, "\n" if indent else "", " " * indent, as_float=as_float)
    return "".join(parts)


def _write(value: Any, parts: list[str], line_break: str, indent: str, *, as_float: bool) -> None:
    if isinstance(value, Mapping) and value:
        opener = "{"
        for key in checked(sorted(value, key=_key_bytes)):
            parts.append(
                f"{opener}{line_break}{line_break and indent}{_quote(key)}:{' ' if line_break else ''}"
            )
            _write(value[key], parts, line_break and line_break + indent, indent, as_float=as_float)
            opener = ","
        parts.append(line_break + "}")
    elif isinstance(value, list | tuple) and value:
        opener = "["
        for item in checked(value):
            parts.append(f"{opener}{line_break}{line_break and indent}")
            _write(item, parts, line_break and line_break + indent, indent, as_float=as_float)
            opener = ","
        parts.append(line_break + "]")
    else:
        parts.append(_scalar(value, as_float=as_float))


def _key_bytes(key: str) -> bytes:
    return key.encode("utf-8", "replace")


def _scalar(value: Any, *, as_float: bool) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if isinstance(value, int) and not as_float:
        return int.__repr__(value) if isinstance(value, IntText) else str(value)
    return float_text(float(value))


def _quote(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def float_text(value: float) -> str:
    """Return a float as encoding/json prints it: with an exponent below 10^-6 and from 10^21 on.

    Source: Go's encoding/json encode.go, floatEncoder.
    """
    if value - value != 0:
        raise SourceError(f"{value} can't be written as JSON")
    size = abs(value)
    if size and not 1e-6 <= size < 1e21:
        mantissa, _, exponent = float.__repr__(value).partition("e")
        return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}"
    return plain_float(value)


def plain_float(value: float) -> str:
    """Return the shortest digits that yield the same finite float, without an exponent.

    Source: Go's strconv.FormatFloat with the format 'f' and precision -1.
    """
    mantissa, _, exponent = float.__repr__(value).partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    shift = int(exponent)
    if shift >= 0:
        return sign + whole + fraction.rstrip("0" if fraction == "0" else "").ljust(shift, "0")
    return f"{sign}0.{'0' * (-shift - 1)}{whole}{fraction if fraction != '0' else ''}"
