"""Base64, base32 and checksums.

An error in an encoded text is reported with its position, as sprig does.

Source: sprig v3.3.0 strings.go and crypto.go; Go 1.26 src/encoding/base64/base64.go and
base32/base32.go.
"""

from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.engines.helm.sprig.gotypes import from_bytes, to_bytes
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.hashlib import digest
from kmanifest.startup.typing import Final

_ALPHABET64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_ALPHABET32: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAD: Final = 0x3D
_LINE_BREAKS: Final = b"\r\n"


def functions() -> Functions:
    """Return the functions."""
    table = {
        "adler32sum": _adler32,
        "b32dec": _from_base32,
        "b32enc": _to_base32,
        "b64dec": _from_base64,
        "b64enc": _to_base64,
        "sha1sum": lambda text: digest("sha1", to_bytes(text)).hex(),
        "sha256sum": lambda text: digest("sha256", to_bytes(text)).hex(),
        "sha512sum": lambda text: digest("sha512", to_bytes(text)).hex(),
    }
    return {name: Function(call, ("string",), "string") for name, call in table.items()}


def _adler32(text: str) -> str:
    from zlib import adler32

    return str(adler32(to_bytes(text)))


def _to_base64(text: str) -> str:
    from binascii import b2a_base64

    return b2a_base64(to_bytes(text), newline=False).decode()


def _from_base64(text: str) -> str:
    decoded = decode64(to_bytes(text))
    return corrupt_input_message(64, decoded) if isinstance(decoded, int) else from_bytes(decoded)


def corrupt_input_message(base: int, position: int) -> str:
    """Return the message of Go's CorruptInputError."""
    return f"illegal base{base} data at input byte {position}"


def decode64(data: bytes) -> bytes | int:
    """Return the bytes of a base64 text, or the position of the first error.

    Line breaks do not count.
    """
    from binascii import a2b_base64

    error_position = _base64_error_position(data)
    if error_position is not None:
        return error_position
    return a2b_base64(data)


def _base64_error_position(data: bytes) -> int | None:
    """Return the position of the first error in a base64 text; None if it is valid.

    Source: base64.go, decodeQuantum.
    """
    compact = data.translate(None, _LINE_BREAKS)
    body = compact.rstrip(b"=")
    padding = len(compact) - len(body)
    if len(compact) % 4 == 0 and padding < 3 and not body.translate(None, bytes(_ALPHABET64)):
        return None
    digits = 0
    for position, byte in enumerate(checked(data)):
        if byte in _ALPHABET64:
            digits += 1
        elif byte not in _LINE_BREAKS:
            return position if byte != _PAD else _padding_error_position(data, position, digits % 4)
    # If the text ends too early, Go computes the position from the digits of the last group.
    return len(data) - digits % 4


def _padding_error_position(data: bytes, position: int, digits: int) -> int | None:
    """Return the position of an error in the padding that starts at `position`; None if it is valid.

    `digits` is the number of digits of the last group.
    """
    if digits < 2:
        return position
    position = _skip_line_breaks(data, position + 1)
    if digits == 2:
        if position == len(data):
            return position
        if data[position] != _PAD:
            return position - 1
        position = _skip_line_breaks(data, position + 1)
    return position if position < len(data) else None


def _skip_line_breaks(data: bytes, position: int) -> int:
    while position < len(data) and data[position] in _LINE_BREAKS:
        check_time()
        position += 1
    return position


def _to_base32(text: str) -> str:
    from base64 import b32encode

    return b32encode(to_bytes(text)).decode()


def _from_base32(text: str) -> str:
    data = to_bytes(text).translate(None, _LINE_BREAKS)
    decoded = bytearray()
    for start in checked(range(0, len(data), 8)):
        digits, is_last, error_position = _read_group32(data, start)
        if error_position is not None:
            return corrupt_input_message(32, error_position)
        size = len(digits) * 5 // 8
        number = 0
        for digit in digits:
            number = number << 5 | digit
        decoded += (number >> (len(digits) * 5 - size * 8)).to_bytes(size, "big")
        if is_last:
            break
    return from_bytes(bytes(decoded))


def _read_group32(data: bytes, start: int) -> tuple[list[int], bool, int | None]:
    """Return the digits of a group of eight, whether padding ended it, and the position of an error.

    Source: base32.go, decode.
    """
    digits: list[int] = []
    for position in range(start, start + 8):
        count = len(digits)
        if position == len(data):
            return digits, False, len(data) - count
        left = len(data) - position - 1
        if data[position] == _PAD and count >= 2 and left < 8:
            return digits, True, _padding32_error_position(data, position, count)
        digit = _ALPHABET32.find(data[position])
        if digit < 0:
            return digits, False, position
        digits.append(digit)
    return digits, False, None


def _padding32_error_position(data: bytes, position: int, count: int) -> int | None:
    rest = data[position + 1 :]
    if len(rest) + count < 7:
        return len(data)
    for index in range(7 - count):
        if len(rest) > index and rest[index] != _PAD:
            return len(data) - len(rest) + index - 1
    return position if count in (1, 3, 6) else None
