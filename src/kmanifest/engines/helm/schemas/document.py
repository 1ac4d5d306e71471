"""Load the JSON of a schema, and keep numbers as written, because errors show them so."""

import json

from kmanifest.model.errors import SourceError
from kmanifest.model.values import FloatText, IntText
from kmanifest.startup.typing import Any

_SPACE = " \t\r\n"


def load_schema(data: bytes) -> Any:
    """Return the value of a JSON text. Raises SourceError with the message of Go's decoder."""
    text = data.decode("utf-8", "replace")
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise SourceError("EOF")
    decoder = json.JSONDecoder(
        parse_int=_parse_integer, parse_float=_parse_float, parse_constant=_refuse_constant
    )
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        raise SourceError("exceeded max depth") from None
    except json.JSONDecodeError as error:
        raise SourceError(_go_json_message(error, text)[0]) from None
    except ValueError as error:
        raise SourceError(str(error)) from None
    if text[end:].strip(_SPACE):
        raise SourceError("invalid character after top-level value")
    return value


def _parse_integer(text: str) -> int:
    if len(text) > 4000:
        raise ValueError("a number has too many digits")
    value = int(text)
    return value if str(value) == text else IntText(value, text)


def _parse_float(text: str) -> FloatText:
    return FloatText(float(text), text)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(
        f"invalid character '{constant.lstrip('-')[0]}' looking for beginning of value"
    )


def find_json_problem(text: str) -> str:
    """Return the error in the first JSON value of a text, with its offset; empty if there is none."""
    try:
        json.JSONDecoder().raw_decode(text, len(text) - len(text.lstrip()))
    except json.JSONDecodeError as error:
        problem, at = _go_json_message(error, text)
        return f"json: offset {len(text[:at].encode('utf-8', 'replace'))}: {problem}"
    except (ValueError, RecursionError):
        pass
    return ""


def _go_json_message(error: json.JSONDecodeError, text: str) -> tuple[str, int]:
    """Return the message of Go's scanner for an error of Python's parser, and the number of characters that it read.

    Source: encoding/json scanner.go.
    """
    at = error.pos
    while at < len(text) and text[at] in _SPACE:
        at += 1
    if at >= len(text) or error.msg.startswith("Unterminated"):
        return "unexpected EOF", len(text)
    context = "looking for beginning of value"
    if error.msg.startswith("Expecting property name"):
        context = "looking for beginning of object key string"
    elif error.msg.startswith("Expecting ':'"):
        context = "after object key"
    elif error.msg.startswith("Expecting ','"):
        opening = max(text.rfind("{", 0, at), text.rfind("[", 0, at))
        context = (
            "after array element"
            if text[opening : opening + 1] == "["
            else "after object key:value pair"
        )
    elif error.msg.startswith("Invalid control"):
        context = "in string literal"
    elif error.msg.startswith("Invalid \\escape"):
        context = "in string escape code"
        at += 1
    char = text[at : at + 1]
    char_text = f"\\x{ord(char):02x}" if char < " " else "\\'" if char == "'" else char
    return f"invalid character '{char_text}' {context}", at + 1
