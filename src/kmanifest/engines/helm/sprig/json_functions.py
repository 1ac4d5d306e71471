"""JSON in templates.

Helm has functions of its own for some of these names.

Source: sprig v3.3.0 defaults.go.
"""

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Value
from kmanifest.model.limits import Limits

_ANY = "interface {}"


def functions(limits: Limits) -> Functions:
    """Return the functions.

    Their results are at most as long as `limits` allows.
    """

    def must_encode(value: Value, *, html: bool = True, indent: str = "") -> str:
        from kmanifest.engines.helm.sprig.json_writer import encode

        return encode(value, limits, html=html, indent=indent)

    def encode_or_empty(value: Value, *, indent: str = "") -> str:
        try:
            return must_encode(value, indent=indent)
        except GoError:
            return ""

    raw = Function(lambda value: must_encode(value, html=False), (_ANY,), "string")
    return {
        "fromJson": Function(_decode_or_nil, ("string",), _ANY),
        "mustFromJson": Function(_must_decode, ("string",), _ANY),
        "mustToJson": Function(must_encode, (_ANY,), "string"),
        "mustToPrettyJson": Function(
            lambda value: must_encode(value, indent="  "), (_ANY,), "string"
        ),
        "mustToRawJson": raw,
        "toJson": Function(encode_or_empty, (_ANY,), "string"),
        "toPrettyJson": Function(
            lambda value: encode_or_empty(value, indent="  "), (_ANY,), "string"
        ),
        "toRawJson": raw,
    }


def _must_decode(text: str) -> Value:
    from kmanifest.engines.helm.sprig.json_reader import decode

    result = decode(text)
    if result.error:
        raise GoError(result.error)
    return result.value


def _decode_or_nil(text: str) -> Value:
    from kmanifest.engines.helm.sprig.json_reader import decode

    try:
        return decode(text).value
    except GoError:
        return None
