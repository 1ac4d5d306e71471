"""Verify Ed25519 signatures.

All inputs are public, so the code need not run in constant time. Source: RFC 8032, 5.1.
"""

from hashlib import sha512

from kmanifest.startup.typing import Final

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SQRT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]  # X, Y, Z and T, with x = X/Z, y = Y/Z, xy = T/Z


def is_valid_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the signature of the message was created with this public key's secret key."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public, commitment = _decode_point(key), _decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= _L:
        return False
    digest = sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _L
    left = _multiply(scalar, _BASE)
    right = _add_points(commitment, _multiply(challenge, public))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % _P == 0


def _add_points(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(factor: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add_points(result, point)
        point = _add_points(point, point)
        factor >>= 1
    return result


def _recover_x(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _decode_point(encoded: bytes) -> Point | None:
    """Return the point that is encoded in 32 bytes, or None if there is none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= _P:
        return None
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


_BASE_Y: Final = 4 * pow(5, -1, _P) % _P
_BASE: Final = (
    _recover_x(_BASE_Y, 0) or 0,
    _BASE_Y,
    1,
    (_recover_x(_BASE_Y, 0) or 0) * _BASE_Y % _P,
)
