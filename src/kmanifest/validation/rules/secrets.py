"""Secrets and ConfigMaps.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateSecret and ValidateConfigMap.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import Faults, mapping_of, text_of

_MAX_SIZE: Final = 1024 * 1024
_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
_REDACTED: Final = "<secret contents redacted>"
_DOCKER_KEYS: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}


def check_secret(place: Place, report: Report) -> None:
    """Check the keys of a Secret, its size, and the keys that its type needs."""
    faults = Faults(place, report)
    data, strings = mapping_of(place.value, "data"), mapping_of(place.value, "stringData")
    for key in (*data, *(key for key in strings if key not in data)):
        field = "data" if key in data else "stringData"
        faults.invalid((field, key), key, *syntax.config_key(key))
    size = sum(syntax.length(value or "") for value in strings.values())
    size += sum(_decoded_size(value) for key, value in data.items() if key not in strings)
    if size > _MAX_SIZE:
        faults.too_long(("data",), _MAX_SIZE)
    _check_type(faults, place.value, data, strings)


def _decoded_size(value: Any) -> int:
    """Return how many bytes base64 decodes to. The walk has checked that it decodes."""
    if not isinstance(value, str):
        return len(value or ())
    digits = value.replace("\n", "").replace("\r", "")
    return len(digits) * 3 // 4 - digits[-2:].count("=")


def _check_type(
    faults: Faults, secret: Mapping[str, Any], data: Mapping[str, Any], strings: Mapping[str, Any]
) -> None:
    type_ = text_of(secret, "type")
    keys = {*data, *strings}
    docker_key = _DOCKER_KEYS.get(type_)
    if docker_key is not None:
        if docker_key not in keys:
            faults.required(("data", docker_key))
        else:
            _check_docker_config(faults, docker_key, data, strings)
    elif type_ == "kubernetes.io/service-account-token":
        annotations = mapping_of(mapping_of(secret, "metadata"), "annotations")
        if not annotations.get(_ACCOUNT_NAME):
            faults.required(("metadata", "annotations", _ACCOUNT_NAME))
    elif type_ == "kubernetes.io/basic-auth":
        if not keys & {"username", "password"}:
            faults.required(("data", "username"))
            faults.required(("data", "password"))
    elif type_ == "kubernetes.io/ssh-auth":
        key = "ssh-privatekey"
        if not (strings[key] if key in strings else data.get(key)):
            faults.required(("data", key))
    elif type_ == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in keys:
                faults.required(("data", key))


def _check_docker_config(
    faults: Faults, key: str, data: Mapping[str, Any], strings: Mapping[str, Any]
) -> None:
    given = strings[key] or "" if key in strings else None
    text = _decode(data[key]).decode("utf-8", "replace") if given is None else given
    problem = _find_json_fault(text)
    if problem:
        faults.invalid(("data", key), _REDACTED, problem)


def _decode(value: Any) -> bytes:
    """Return the bytes of base64, or of a list of numbers, which Go takes as well."""
    if isinstance(value, list):
        return bytes(int(item or 0) for item in value)
    from base64 import b64decode

    return b64decode(value or "")


def _find_json_fault(text: str) -> str | None:
    """Return why a string is not the JSON of an object, or None. The message has nothing of the string."""
    import json

    if not text:
        return "unexpected end of JSON input"
    # NaN and Infinity, which Python takes.
    constants: list[str] = []
    try:
        value = json.loads(text, parse_constant=constants.append)
    except ValueError:
        return "it is not valid JSON"
    except RecursionError:
        return None
    if constants:
        return "it is not valid JSON"
    if value is None or isinstance(value, dict):
        return None
    return "it is JSON, but not an object"


def check_config_map(place: Place, report: Report) -> None:
    """Check the keys of a ConfigMap, and its size."""
    faults = Faults(place, report)
    data, binary = mapping_of(place.value, "data"), mapping_of(place.value, "binaryData")
    for key in data:
        faults.invalid(("data", key), key, *syntax.config_key(key))
        if key in binary:
            faults.invalid(("data", key), key, "duplicate of key present in binaryData")
    for key in binary:
        faults.invalid(("binaryData", key), key, *syntax.config_key(key))
    size = sum(syntax.length(value or "") for value in data.values())
    size += sum(map(_decoded_size, binary.values()))
    if size > _MAX_SIZE:
        faults.too_long((), _MAX_SIZE)


RULES: Final[Rules] = {"Secret": (check_secret,), "ConfigMap": (check_config_map,)}
"""The rules for Secrets and ConfigMaps by type."""
