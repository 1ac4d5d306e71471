"""JSON in templates. helm has functions of its own for some of these names. Source: sprig v3.3.0 defaults.go."""

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Value
from kmanifest.model.limits import Limits

_ANY = "interface {}"


def functions(limits: Limits) -> Functions:
    """The functions, which make no text beyond `limits`."""

    def must_write(value: Value, *, html: bool = True, indent: str = "") -> str:
        from kmanifest.engines.helm.sprig.json_writer import encode

        return encode(value, limits, html=html, indent=indent)

    def write(value: Value, *, indent: str = "") -> str:
        try:
            return must_write(value, indent=indent)
        except GoError:
            return ""

    raw = Function(lambda value: must_write(value, html=False), (_ANY,), "string")
    return {
        "fromJson": Function(_read, ("string",), _ANY),
        "mustFromJson": Function(_must_read, ("string",), _ANY),
        "mustToJson": Function(must_write, (_ANY,), "string"),
        "mustToPrettyJson": Function(
            lambda value: must_write(value, indent="  "), (_ANY,), "string"
        ),
        "mustToRawJson": raw,
        "toJson": Function(write, (_ANY,), "string"),
        "toPrettyJson": Function(lambda value: write(value, indent="  "), (_ANY,), "string"),
        "toRawJson": raw,
    }


def _must_read(text: str) -> Value:
    from kmanifest.engines.helm.sprig.json_reader import decode

    read = decode(text)
    if read.error:
        raise GoError(read.error)
    return read.value


def _read(text: str) -> Value:
    from kmanifest.engines.helm.sprig.json_reader import decode

    try:
        return decode(text).value
    except GoError:
        return None
