"""The JSON of a schema, with its numbers as they were written, since errors show them so."""

import json

from kmanifest.model.errors import SourceError
from kmanifest.model.values import FloatText, IntText
from kmanifest.startup.typing import Any

_SPACE = " \t\r\n"


def load_schema(data: bytes) -> Any:
    """The value of a JSON text; SourceError with the text of Go's decoder."""
    text = data.decode("utf-8", "replace")
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise SourceError("EOF")
    decoder = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        raise SourceError("exceeded max depth") from None
    except json.JSONDecodeError as error:
        raise SourceError(_problem(error, text)[0]) from None
    except ValueError as error:
        raise SourceError(str(error)) from None
    if text[end:].strip(_SPACE):
        raise SourceError("invalid character after top-level value")
    return value


def _integer(text: str) -> int:
    if len(text) > 4000:
        raise ValueError("a number has too many digits")
    value = int(text)
    return value if str(value) == text else IntText(value, text)


def _float(text: str) -> FloatText:
    return FloatText(float(text), text)


def _constant(word: str) -> Any:
    raise ValueError(f"invalid character '{word.lstrip('-')[0]}' looking for beginning of value")


def find_json_problem(text: str) -> str:
    """What is wrong with the first JSON value in a text, and where; empty where nothing is."""
    try:
        json.JSONDecoder().raw_decode(text, len(text) - len(text.lstrip()))
    except json.JSONDecodeError as error:
        problem, at = _problem(error, text)
        return f"json: offset {len(text[:at].encode('utf-8', 'replace'))}: {problem}"
    except (ValueError, RecursionError):
        pass
    return ""


def _problem(error: json.JSONDecodeError, text: str) -> tuple[str, int]:
    """What Go's scanner says where Python's parser has stopped, and how much it has read. Source: encoding/json scanner.go."""
    at = error.pos
    while at < len(text) and text[at] in _SPACE:
        at += 1
    if at >= len(text) or error.msg.startswith("Unterminated"):
        return "unexpected EOF", len(text)
    where = "looking for beginning of value"
    if error.msg.startswith("Expecting property name"):
        where = "looking for beginning of object key string"
    elif error.msg.startswith("Expecting ':'"):
        where = "after object key"
    elif error.msg.startswith("Expecting ','"):
        opened = max(text.rfind("{", 0, at), text.rfind("[", 0, at))
        where = (
            "after array element"
            if text[opened : opened + 1] == "["
            else "after object key:value pair"
        )
    elif error.msg.startswith("Invalid control"):
        where = "in string literal"
    elif error.msg.startswith("Invalid \\escape"):
        where = "in string escape code"
        at += 1
    char = text[at : at + 1]
    shown = f"\\x{ord(char):02x}" if char < " " else "\\'" if char == "'" else char
    return f"invalid character '{shown}' {where}", at + 1
