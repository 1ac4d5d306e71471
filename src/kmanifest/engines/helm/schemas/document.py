"""Load the JSON of a schema, and keep numbers as written, because errors show them so."""

import json

from kmanifest.engines.helm.sprig.gotypes import to_bytes, to_valid_utf8
from kmanifest.engines.helm.sprig.json_reader import END_MESSAGE, find_syntax_error
from kmanifest.model.errors import SourceError
from kmanifest.model.values import FloatText, IntText
from kmanifest.startup.typing import Any

_SPACE = " \t\r\n"


def load_schema(data: bytes) -> Any:
    """Return the value of a JSON text. Raises SourceError with the message of Go's decoder."""
    text = data.decode("utf-8", "surrogateescape")
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise SourceError("EOF")
    decoder = json.JSONDecoder(
        parse_int=_parse_integer, parse_float=_parse_float, parse_constant=_refuse_constant
    )
    try:
        value, end = decoder.raw_decode(to_valid_utf8(text), start)
        if text[end:].strip(_SPACE):
            raise ValueError("invalid character after top-level value")
    except RecursionError:
        raise SourceError("exceeded max depth") from None
    except ValueError as error:
        syntax_error = find_syntax_error(text)
        message = str(error) if syntax_error is None else _streaming_message(syntax_error[0])
        raise SourceError(message) from None
    return value


def _parse_integer(text: str) -> int:
    if len(text) > 4000:
        raise ValueError("a number has too many digits")
    value = int(text)
    return value if str(value) == text else IntText(value, text)


def _parse_float(text: str) -> FloatText:
    return FloatText(float(text), text)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"JSON has no {constant}")


def find_json_problem(text: str) -> str:
    """Return the error in the first JSON value of a text, with its offset; empty if there is none."""
    error = find_syntax_error(text)
    if error is None:
        return ""
    message, length = error
    return f"json: offset {len(to_bytes(text[:length]))}: {_streaming_message(message)}"


def _streaming_message(message: str) -> str:
    """Return the message of Go's streaming decoder, which has another one for the end of the text."""
    return "unexpected EOF" if message == END_MESSAGE else message
