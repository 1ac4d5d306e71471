"""Secret keys of OpenPGP, version 4, by RSA and Ed25519: found in a keyring, unlocked with their passphrase, and used to sign.

A key is locked by AES in OpenPGP's mode of feedback (CFB), under a hash of salt and passphrase, said again and again.
Source: RFC 9580, 3.7, 5.2 and 5.5.3; what a signature tells: github.com/ProtonMail/go-crypto v1.4.1 openpgp/clearsign/clearsign.go,
packet/signature.go.
"""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kmanifest.engines.helm.sources.openpgp import (
    ED25519,
    HASHES,
    SECRET_TAGS,
    Key,
    keyring_packets,
    public_part,
    read_integer,
    read_signature,
)
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

Passphrase = Callable[[], bytes]

_SHA512: Final = 10
_TEXT: Final = 0x01
_OPEN, _LOCKED, _LOCKED_WITH_SUM = 0, 254, 255
_SIMPLE, _SALTED, _REPEATED = 0, 1, 3
_ELSEWHERE: Final = (101, 102)  # gpg's marks for a key that is not in the keyring
_AES: Final = {7: 16, 8: 24, 9: 32}  # the size of the key by the number of the cipher
_BLOCK: Final = 16
_CHUNK: Final = 1 << 16


def read_secrets(keyring: bytes) -> dict[bytes, bytes]:
    """What is secret of the keys in a keyring, by what is public of them."""
    found: dict[bytes, bytes] = {}
    for tag, body in keyring_packets(keyring):
        if tag in SECRET_TAGS:
            public = public_part(body)
            secret = body[len(public) :]
            if secret[:1] == bytes([_OPEN]) or (len(secret) > 2 and secret[2] not in _ELSEWHERE):
                found[public] = secret
    return found


def sign(key: Key, secret: bytes, text: bytes, *, passphrase: Passphrase, now: int) -> bytes:
    """The packet with a signature of a text; SourceError where the secret can't be used.

    The `passphrase` is asked for where the secret is locked. `now` is in seconds.
    """
    facts = _fact(2 | 0x80, now.to_bytes(4, "big")) + _fact(16, key.fingerprint[-8:])
    facts += _fact(33, b"\x04" + key.fingerprint)
    head = bytes([4, _TEXT, key.algorithm, _SHA512]) + len(facts).to_bytes(2, "big") + facts
    digest = hashlib.sha512(text + head + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
    try:
        value = _value(key, _unlocked(secret, passphrase), digest)
    except (ArithmeticError, IndexError, ValueError) as error:
        raise SourceError("the secret key is damaged") from error
    body = head + b"\0\0" + digest[:2] + value
    # What a damaged key signs would tell the key to those who see it.
    if not read_signature(body).is_by(key, text):
        raise SourceError("the secret key is damaged")
    return b"\xc2\xff" + len(body).to_bytes(4, "big") + body


def _fact(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def _value(key: Key, numbers: bytes, digest: bytes) -> bytes:
    if key.numbers is not None:
        signed = _rsa(key.numbers, numbers).sign(
            digest, padding.PKCS1v15(), Prehashed(hashes.SHA512())
        )
        return _integer(signed)
    if key.algorithm == ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(numbers[:32]).sign(digest)
    seed = read_integer(numbers)[0].to_bytes(32, "big")
    signed = ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(digest)
    return _integer(signed[:32]) + _integer(signed[32:])


def _rsa(public: tuple[int, int], numbers: bytes) -> rsa.RSAPrivateKey:
    exponent, rest = read_integer(numbers)
    p, rest = read_integer(rest)
    q, _ = read_integer(rest)
    return rsa.RSAPrivateNumbers(
        p,
        q,
        exponent,
        rsa.rsa_crt_dmp1(exponent, p),
        rsa.rsa_crt_dmq1(exponent, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(public[1], public[0]),
    ).private_key()


def _integer(content: bytes) -> bytes:
    """A number as packets have it."""
    number = int.from_bytes(content, "big")
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


# --- locks ----------------------------------------------------------------------------------------------------------


def _unlocked(secret: bytes, passphrase: Passphrase) -> bytes:
    """The numbers of a secret; SourceError where the passphrase is not its own."""
    if secret[0] == _OPEN:
        return _checked(secret[1:-2], secret[-2:] == _sum(secret[1:-2]))
    if secret[0] not in (_LOCKED, _LOCKED_WITH_SUM):
        raise SourceError("the secret key is locked in a way that is not supported")
    size = _AES.get(secret[1])
    if size is None:
        raise SourceError(
            f"the secret key is locked by the cipher {secret[1]}, and only AES is supported"
        )
    key, rest = _stretched(secret[2:], passphrase, size)
    opened = _decrypted(key, rest[:_BLOCK], rest[_BLOCK:])
    if secret[0] == _LOCKED:
        numbers, told = opened[:-20], opened[-20:]
        return _checked(numbers, hashlib.sha1(numbers, usedforsecurity=False).digest() == told)
    return _checked(opened[:-2], opened[-2:] == _sum(opened[:-2]))


def _checked(numbers: bytes, is_whole: bool) -> bytes:  # noqa: FBT001 - of a private function
    if not is_whole:
        raise SourceError("openpgp: invalid data: private key checksum failure")
    return numbers


def _sum(content: bytes) -> bytes:
    return (sum(content) & 0xFFFF).to_bytes(2, "big")


def _stretched(described: bytes, passphrase: Passphrase, size: int) -> tuple[bytes, bytes]:
    """The key of `size` bytes that a passphrase gives in the way that is described, and what follows the description."""
    mode, name = described[0], HASHES.get(described[1], ("", ""))[0]
    if mode not in (_SIMPLE, _SALTED, _REPEATED) or not name:
        raise SourceError("the secret key is locked in a way that is not supported")
    salt = b"" if mode == _SIMPLE else described[2:10]
    rest = described[2 + len(salt) :]
    said = salt + passphrase()
    amount = len(said)
    if mode == _REPEATED:
        amount, rest = max(amount, (16 + (rest[0] & 15)) << ((rest[0] >> 4) + 6)), rest[1:]
    key = b""
    while len(key) < size:
        zeros = bytes(len(key) // hashlib.new(name).digest_size)
        key += _hash_again(name, zeros, said, amount)
    return key[:size], rest


def _hash_again(name: str, zeros: bytes, said: bytes, amount: int) -> bytes:
    """The hash of some zeros and of so many bytes of what is said again and again."""
    made = hashlib.new(name, zeros, usedforsecurity=False)
    many = said * (_CHUNK // max(len(said), 1) + 1)
    for _ in range(amount // len(many) if said else 0):
        made.update(many)
    made.update(many[: amount % len(many)] if said else b"")
    return made.digest()


def _decrypted(key: bytes, start: bytes, content: bytes) -> bytes:
    """What AES in CFB has encrypted: each block over the cipher of the block before it."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - see above
    blocks = (start + content)[: -(-len(content) // _BLOCK) * _BLOCK]
    stream = encryptor.update(blocks)[: len(content)]
    size = len(content)
    return (int.from_bytes(content, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
